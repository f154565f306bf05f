"""The frame around each record: checksums, and finding the next record after damage."""

from __future__ import annotations

import io
import random
import struct

import numpy as np
import pytest

from rlcompare.readers.tfevents import framing
from rlcompare.readers.tfevents.framing import find_record, frame_bytes, header_of, mask, payload_is_sound, unmask
from tests.readers import tfevents_writer as w


def test_known_checksums() -> None:
    # RFC 3720, B.4: CRC-32C of 32 zero bytes; the mask is that of TensorFlow's crc32c.h.
    assert framing.crc32c(bytes(32)) == 0x8A9136AA
    assert mask(0) == 0xA282EAD8


def test_unmask_undoes_mask() -> None:
    crcs = np.array([0, 1, 0xFFFFFFFF, 0x8A9136AA, 0x12345678], np.uint32)
    masked = np.array([mask(int(crc)) for crc in crcs], np.uint32)
    assert unmask(masked).tolist() == crcs.tolist()


def test_headers() -> None:
    for length in (0, 1, 60, 2**31):
        header = header_of(length)
        assert frame_bytes(*struct.unpack("<QI", header)) == length + 16
    assert w.frame(b"abc").startswith(header_of(3))


def test_zero_bytes_are_no_empty_record() -> None:
    assert frame_bytes(0, 0) == 0
    assert find_record(io.BytesIO(bytes(10_000)), 0) is None


def test_payload_is_sound() -> None:
    frame = bytearray(w.frame(b"some payload"))
    assert payload_is_sound(bytes(frame))
    for place in range(12, len(frame)):
        frame[place] ^= 1
        assert not payload_is_sound(bytes(frame))
        frame[place] ^= 1


@pytest.mark.parametrize("gap", [0, 1, 7, 12, 100, framing._SEARCH_BYTES - 5, framing._SEARCH_BYTES + 3])
@pytest.mark.parametrize("junk", ["zeros", "random"])
def test_find_record_after_any_gap(gap: int, junk: str) -> None:
    lost = bytes(gap) if junk == "zeros" else random.Random(gap).randbytes(gap)
    data = b"start" + lost + w.frame(b"first") + w.frame(b"second")
    assert find_record(io.BytesIO(data), 5) == 5 + gap
    assert find_record(io.BytesIO(data), 5 + gap + 1) == 5 + gap + len(w.frame(b"first"))


def test_find_record_wants_the_whole_record_and_both_checksums() -> None:
    good = w.frame(b"good one")
    damaged = bytearray(w.frame(b"damaged"))
    damaged[14] ^= 1
    assert find_record(io.BytesIO(bytes(damaged) + good), 0) == len(damaged)
    assert find_record(io.BytesIO(good[:-1]), 0) is None
    assert find_record(io.BytesIO(b""), 0) is None
