from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlcompare.readers.leveldb_log import BLOCK_BYTES, HEAD_BYTES, scan
from tests.readers.leveldb_writer import framed

HEADER = b":SWL\xd6\xe1\x02"


def records_of(data: bytes, base: int = len(HEADER)) -> list[bytes]:
    return [record for _, record in scan(data[base:], base).records]


def test_whole_records_and_records_in_pieces() -> None:
    given_records = [b"first", b"", b"x" * 70_000, b"y" * (BLOCK_BYTES - HEAD_BYTES), b"last"]
    data = framed(given_records, HEADER)
    found = scan(data[7:], 7)
    assert [record for _, record in found.records] == given_records
    assert [at for at, _ in found.records][:3] == [7, 19, 26]
    assert (found.offset, found.problems, found.pending) == (len(data), [], None)


@pytest.mark.parametrize("left", range(1, 16))
def test_the_end_of_a_block(left: int) -> None:
    """Where fewer than seven bytes are left, zeros fill them; with just seven, an empty first piece stands there."""
    size = BLOCK_BYTES - len(HEADER) - HEAD_BYTES - left
    data = framed([b"a" * size, b"second", b"third"], HEADER)
    assert records_of(data) == [b"a" * size, b"second", b"third"]


@settings(deadline=None)
@given(
    sizes=st.lists(st.sampled_from([0, 1, 100, 20_000, 32_747, 32_754, 32_761, 70_000]), max_size=8),
    cuts=st.lists(st.floats(0, 1), max_size=4),
)
def test_reading_in_pieces_is_reading_whole(sizes: list[int], cuts: list[float]) -> None:
    records = [bytes([number]) * size for number, size in enumerate(sizes)]
    data = framed(records, HEADER)
    found: list[bytes] = []
    offset = len(HEADER)
    for cut in [*sorted(int(share * len(data)) for share in cuts), len(data)]:
        part = scan(data[offset : max(cut, offset)], offset)
        assert offset <= part.offset <= max(cut, offset)
        assert part.problems == []
        assert (part.pending is not None) == (part.offset < cut)
        found += [record for _, record in part.records]
        offset = part.offset
    assert found == records
    assert offset == len(data)


def test_half_a_record_is_pending() -> None:
    data = framed([b"whole", b"half"], HEADER)
    found = scan(data[7:-1], 7)
    assert [record for _, record in found.records] == [b"whole"]
    assert found.offset == 7 + HEAD_BYTES + 5
    assert found.pending is not None
    assert (found.pending.at, found.pending.severity) == (found.offset, "note")
    assert "10 bytes so far" in found.pending.message


def test_a_damaged_record_costs_itself() -> None:
    data = bytearray(framed([b"one", b"two", b"three"], HEADER))
    data[7 + HEAD_BYTES + 3 + HEAD_BYTES] ^= 1
    found = scan(bytes(data[7:]), 7)
    assert [record for _, record in found.records] == [b"one", b"three"]
    assert [(problem.at, problem.message) for problem in found.problems] == [
        (17, "Expected a record with a right checksum; 10 bytes are left out.")
    ]


def test_a_damaged_length_costs_the_rest_of_its_block() -> None:
    records = [b"%05d" % number for number in range(6000)]
    data = bytearray(framed(records, HEADER))
    data[7 + 100 * 12 + 4] ^= 0xFF
    found = scan(bytes(data[7:]), 7)
    texts = [record for _, record in found.records]
    assert texts[:100] == records[:100]
    assert texts[100:] == records[-len(texts[100:]) :]
    assert len(records) - len(texts) <= BLOCK_BYTES // 12 + 2
    assert found.problems[0].at == 7 + 100 * 12
    assert (found.offset, found.pending) == (len(data), None)


def test_damage_in_the_block_being_written_waits() -> None:
    data = framed([b"one"], HEADER) + bytes(50)
    found = scan(data[7:], 7)
    assert [record for _, record in found.records] == [b"one"]
    assert found.offset == len(data) - 50
    assert found.pending is not None
    assert (found.pending.at, found.pending.severity) == (found.offset, "warning")


def test_a_record_whose_rest_never_came() -> None:
    whole = framed([b"x" * 40_000], HEADER)
    data = whole[:BLOCK_BYTES] + framed([b"next"])
    found = scan(data[7:], 7)
    assert [record for _, record in found.records] == [b"next"]
    assert [problem.message for problem in found.problems] == [
        "Expected the rest of a record, another one begins; it is left out."
    ]


@given(data=st.binary(max_size=300), base=st.sampled_from([7, BLOCK_BYTES - 10, BLOCK_BYTES]))
def test_no_bytes_raise(data: bytes, base: int) -> None:
    found = scan(data, base)
    assert base <= found.offset <= base + len(data)
