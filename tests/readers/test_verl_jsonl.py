from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlcompare.readers.base import Chunk
from rlcompare.readers.verl_jsonl import READER
from tests.readers.files import GOLDEN, claimed_run, log_file, one_table, read_grown, written

CASE = GOLDEN / "verl_jsonl" / "v0_9"
LOG = (CASE / "golden.jsonl").read_bytes()
ROWS = [json.loads(line) for line in (CASE / "expected.json").read_text().splitlines()]


def records(chunks: Chunk | list[Chunk]) -> list[dict[str, float]]:
    rows = one_table(chunks).iter_rows(named=True)
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


def read(folder: Path, data: bytes) -> Chunk:
    return READER.read(written(folder / "run.jsonl", data), None)


def test_golden() -> None:
    chunk = READER.read(log_file(CASE / "golden.jsonl"), None)
    assert records(chunk) == ROWS
    assert one_table(chunk)["step"].dtype.is_integer()
    assert (chunk.offset, chunk.step_unit, chunk.framework) == (len(LOG), "step", "verl")
    assert chunk.issues == ()
    assert chunk.pending is None


def test_what_was_not_finite_stays_null() -> None:
    table = one_table(READER.read(log_file(CASE / "golden.jsonl"), None))
    assert table.filter(table["actor/kl_loss"].is_null())["step"].to_list() == [2]
    assert table.filter(table["perf/mfu/actor"].is_null())["step"].to_list() == [3]


@settings(deadline=None)
@given(cut=st.integers(0, len(LOG)))
def test_any_prefix_gives_a_prefix_of_the_rows(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    chunk = read(tmp_path_factory.getbasetemp(), LOG[:cut])
    rows = records(chunk)
    assert rows == ROWS[: len(rows)]
    assert len(rows) in (LOG[:cut].count(b"\n"), LOG[: cut + 1].count(b"\n"))
    assert chunk.issues == ()
    assert (chunk.pending is not None) == (chunk.offset < cut)


@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, len(LOG)), max_size=4))
def test_a_read_resumed_anywhere_gives_the_same(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    chunks = read_grown(READER, tmp_path_factory.getbasetemp() / "grown.jsonl", LOG, cuts)
    assert records(chunks) == ROWS
    assert chunks[-1].state["line"] == 1 + LOG.count(b"\n")


@settings(deadline=None)
@given(
    data=st.lists(st.sampled_from([LOG, b'{"step":1', b'"data":{', b"}", b"\n", b"[1]", b"\xff", b"1"])).map(b"".join)
)
def test_no_bytes_raise(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    read(tmp_path_factory.getbasetemp(), data)


def test_keys_of_data_that_are_called_like_other_keys(tmp_path: Path) -> None:
    chunk = read(tmp_path, b'{"step":1,"time":5,"data":{"step":7,"time":6,"a":1}}\n')
    assert records(chunk) == [{"step": 1, "time": 5.0, "data/step": 7.0, "data/time": 6.0, "a": 1.0}]


def test_a_record_without_a_step_is_an_issue(tmp_path: Path) -> None:
    chunk = read(tmp_path, b'{"data":{"a":1}}\n{"step":2.5,"data":{"a":2}}\n{"step":3,"data":{"a":3}}\n')
    assert records(chunk) == [{"step": 3, "a": 3.0}]
    assert [(issue.place, issue.message) for issue in chunk.issues] == [
        ("line 1", "Expected a whole number as 'step', there is none; left out."),
        ("line 2", "Expected a whole number as 'step', there is none; left out."),
    ]


def test_what_is_no_number_is_named_once(tmp_path: Path) -> None:
    line = b'{"step":1,"data":{"a":1,"table":[1,2]}}\n'
    chunks = read_grown(READER, tmp_path / "run.jsonl", line * 2, [len(line)])
    assert [[issue.message for issue in chunk.issues] for chunk in chunks] == [
        ["Not numbers, so not shown as metrics: 'table'."],
        [],
    ]


def test_half_a_last_line_is_pending(tmp_path: Path) -> None:
    chunk = read(tmp_path, LOG[:-10])
    assert chunk.pending is not None
    assert chunk.pending.place == f"line {LOG.count(chr(10).encode())}"
    assert chunk.pending.severity == "note"


@pytest.mark.parametrize(
    ("name", "head", "run"),
    [
        ("exp.jsonl", b'{"step":0,"data":{"a":1}}\n', "exp.jsonl"),
        ("exp.jsonl", b'\xef\xbb\xbf{ "step" : 12 , "data" : {}}', "exp.jsonl"),
        ("exp.jsonl", b'{"step":0,"data":{"long":"' + b"x" * 100_000, "exp.jsonl"),
        ("exp.json", b'{"step":0,"data":{"a":1}}\n', None),
        ("exp.jsonl", b'{"step":0,"loss":1}\n', None),
        ("exp.jsonl", b'{"step":0,"data":[1]}\n', None),
        ("exp.jsonl", b"", None),
        ("exp.jsonl", b'{"step":0,"data":{\0', None),
    ],
)
def test_claims_by_the_first_line(tmp_path: Path, name: str, head: bytes, run: str | None) -> None:
    assert claimed_run(READER, written(tmp_path / name, head)) == run


def test_utf16_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path / "exp.jsonl", LOG.decode().encode("utf-16"))
    assert claimed_run(READER, file) == "exp.jsonl"
    chunk = READER.read(file, None)
    assert chunk.issues[0].severity == "error"
    assert chunk.tables == ()


def test_crlf_and_a_utf8_mark(tmp_path: Path) -> None:
    assert records(read(tmp_path, b"\xef\xbb\xbf" + LOG.replace(b"\n", b"\r\n"))) == ROWS
