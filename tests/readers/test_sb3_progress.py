from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from rlcompare.readers.base import Chunk, Reader, Resume
from rlcompare.readers.sb3_progress import CSV_READER, JSON_READER, STEP_KEY
from tests.readers.files import GOLDEN, claimed_run, log_file, one_table, read_grown, written

PPO = GOLDEN / "sb3_progress" / "ppo"
BOTH = pytest.mark.parametrize("reader", [CSV_READER, JSON_READER], ids=["csv", "json"])


def name_of(reader: Reader) -> str:
    return "progress.csv" if reader is CSV_READER else "progress.json"


def golden(reader: Reader) -> bytes:
    return (PPO / name_of(reader)).read_bytes()


def read_bytes(reader: Reader, folder: Path, data: bytes) -> Chunk:
    return reader.read(written(folder / name_of(reader), data), None)


def records(chunk: Chunk) -> list[dict[str, float]]:
    return [
        {key: value for key, value in row.items() if value is not None}
        for row in one_table(chunk).iter_rows(named=True)
    ]


def as_dumped(rows: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Rows with a step, without texts."""
    return [
        {"step": int(row[STEP_KEY])}
        | {key: value for key, value in row.items() if key != STEP_KEY and isinstance(value, float)}
        for row in rows
        if row.get(STEP_KEY) is not None
    ]


def same(found: list[dict[str, float]], expected: list[dict[str, float]]) -> bool:
    return repr([sorted(row.items()) for row in found]) == repr([sorted(row.items()) for row in expected])


# --- what the logger says


@BOTH
def test_golden(reader: Reader) -> None:
    chunk = reader.read(log_file(PPO / name_of(reader)), None)
    expected = json.loads((PPO / f"expected_{reader.name.removeprefix('sb3_')}.json").read_text())
    assert same(records(chunk), as_dumped(expected))
    assert [row["step"] for row in records(chunk)] == [64, 80, 128, 160, 192, 240, 256]
    assert (chunk.step_unit, chunk.framework, chunk.pending) == ("env step", "Stable-Baselines3", None)
    assert "wall_time" not in chunk.tables[0].columns
    assert chunk.tables[0]["time/time_elapsed"].drop_nulls().len() == 4


@BOTH
def test_a_dump_without_a_step_and_a_text_are_said(reader: Reader) -> None:
    chunk = reader.read(log_file(PPO / name_of(reader)), None)
    line = 3 if reader is CSV_READER else 2
    assert [(issue.place, issue.severity) for issue in chunk.issues] == [("", "note"), (f"line {line}", "warning")]
    assert "'custom/text'" in chunk.issues[0].message
    assert STEP_KEY in chunk.issues[1].message


@BOTH
def test_the_run_is_the_folder(reader: Reader, tmp_path: Path) -> None:
    for name in (name_of(reader), name_of(reader).replace(".", "_3.")):
        path = tmp_path / "a b" / name
        written(path, golden(reader))
        assert claimed_run(reader, log_file(path, tmp_path)) == "a b"


@BOTH
def test_other_progress_files_are_left_to_others(reader: Reader, tmp_path: Path) -> None:
    rllib = b"timesteps_total,episode_reward_mean\n10,0.5\n"
    for data in (rllib, b'{"timesteps_total": 10}\n', b"", bytes(range(256)), b"total_timesteps,r\n"):
        assert claimed_run(reader, written(tmp_path / name_of(reader), data)) is None
    assert claimed_run(reader, written(tmp_path / "other.csv", golden(reader))) is None


def test_a_header_longer_than_the_head_is_claimed(tmp_path: Path) -> None:
    columns = [f"train/metric_{n}" for n in range(6000)]
    data = ",".join([*columns, STEP_KEY]).encode()
    assert len(data) > 65_536
    assert claimed_run(CSV_READER, written(tmp_path / "progress.csv", data)) == "."


# --- growing files


@BOTH
def test_every_prefix_gives_a_prefix(reader: Reader, tmp_path: Path) -> None:
    data = golden(reader)
    whole = one_table(read_bytes(reader, tmp_path, data))
    for cut in [*range(0, len(data), 31), len(data) - 1]:
        first, rest = read_grown(reader, tmp_path / name_of(reader), data, [cut])
        assert first.offset == data.rfind(b"\n", 0, cut) + 1 or (reader is CSV_READER and first.offset == 0)
        assert_frame_equal(one_table([first, rest]), whole, check_column_order=False)


@BOTH
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_any_reads_in_between_change_nothing(
    reader: Reader, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    log = golden(reader)
    folder = tmp_path_factory.mktemp("log")
    cuts = data.draw(st.lists(st.integers(0, len(log)), max_size=5))
    chunks = read_grown(reader, folder / name_of(reader), log, cuts)
    whole = read_bytes(reader, folder, log)
    assert_frame_equal(one_table(chunks), one_table(whole), check_column_order=False)
    assert sorted(i.message for c in chunks for i in c.issues) == sorted(i.message for i in whole.issues)
    assert sorted(i.place for c in chunks for i in c.issues) == sorted(i.place for i in whole.issues)


# --- bad input

CSV = f"{STEP_KEY},rollout/ep_rew_mean,train/loss\n".encode()


@BOTH
def test_empty_file(reader: Reader, tmp_path: Path) -> None:
    chunk = read_bytes(reader, tmp_path, b"")
    assert (chunk.tables, chunk.issues, chunk.offset) == ((), (), 0)


def test_half_a_last_line_is_held_back(tmp_path: Path) -> None:
    chunk = read_bytes(CSV_READER, tmp_path, CSV + b"10,1.5,2\n20,2.")
    assert records(chunk) == [{"step": 10, "rollout/ep_rew_mean": 1.5, "train/loss": 2.0}]
    assert chunk.pending is not None
    assert (chunk.pending.place, chunk.pending.severity) == ("line 3", "note")
    chunk = read_bytes(JSON_READER, tmp_path, b'{"%s": 10, "a": 1}\n{"%s": 2' % ((STEP_KEY.encode(),) * 2))
    assert records(chunk) == [{"step": 10, "a": 1.0}]
    assert chunk.pending is not None
    assert chunk.pending.place == "line 2"


@BOTH
def test_binary_rubbish(reader: Reader, tmp_path: Path) -> None:
    chunk = read_bytes(reader, tmp_path, golden(reader) + bytes(range(256)) + b"\n")
    assert len(records(chunk)) == 7
    assert len(chunk.issues) > 2


@BOTH
def test_ten_megabytes_on_one_line(reader: Reader, tmp_path: Path) -> None:
    chunk = read_bytes(reader, tmp_path, golden(reader) + b"7" * 10_000_000)
    assert len(records(chunk)) == 7
    assert chunk.pending is not None
    assert "10,000,000 bytes" in chunk.pending.message


@BOTH
def test_wrong_encoding_is_refused_with_a_reason(reader: Reader, tmp_path: Path) -> None:
    file = written(tmp_path / name_of(reader), golden(reader).decode().encode("utf-16"))
    assert claimed_run(reader, file) == "."
    chunk = reader.read(file, None)
    assert chunk.tables == ()
    assert "UTF-16" in chunk.issues[0].message


@BOTH
def test_byte_order_mark(reader: Reader, tmp_path: Path) -> None:
    file = written(tmp_path / name_of(reader), b"\xef\xbb\xbf" + golden(reader))
    assert claimed_run(reader, file) == "."
    assert_frame_equal(one_table(reader.read(file, None)), one_table(read_bytes(reader, tmp_path, golden(reader))))


@BOTH
def test_crlf(reader: Reader, tmp_path: Path) -> None:
    whole = one_table(read_bytes(reader, tmp_path, golden(reader)))
    assert_frame_equal(one_table(read_bytes(reader, tmp_path, golden(reader).replace(b"\n", b"\r\n"))), whole)


def test_duplicate_header(tmp_path: Path) -> None:
    """A header that names a key twice, and one that stands twice."""
    chunk = read_bytes(CSV_READER, tmp_path, b"%s,a,a\n1,2,3\n" % STEP_KEY.encode())
    assert records(chunk) == [{"step": 1, "a": 2.0, "a (2)": 3.0}]
    assert [issue.place for issue in chunk.issues] == ["line 1"]
    chunk = read_bytes(CSV_READER, tmp_path, CSV + b"1,2,3\n" + CSV + b"4,5,6\n")
    assert [row["step"] for row in records(chunk)] == [1, 4]
    assert [(issue.place, issue.severity) for issue in chunk.issues] == [("line 3", "note")]


def test_nan_infinity_null_and_empty(tmp_path: Path) -> None:
    chunk = read_bytes(CSV_READER, tmp_path, CSV + b"1,nan,inf\n2,,-inf\n3,4,\n")
    assert same(
        records(chunk),
        [
            {"step": 1, "rollout/ep_rew_mean": math.nan, "train/loss": math.inf},
            {"step": 2, "train/loss": -math.inf},
            {"step": 3, "rollout/ep_rew_mean": 4.0},
        ],
    )
    rows = [{STEP_KEY: 1, "a": math.nan, "b": -math.inf, "c": None}, {STEP_KEY: 2}]
    chunk = read_bytes(JSON_READER, tmp_path, "".join(json.dumps(row) + "\n" for row in rows).encode())
    assert same(records(chunk), [{"step": 1, "a": math.nan, "b": -math.inf}, {"step": 2}])
    assert chunk.issues == ()


@BOTH
def test_ten_thousand_columns(reader: Reader, tmp_path: Path) -> None:
    keys = [STEP_KEY, *(f"m{n}" for n in range(10_000))]
    if reader is CSV_READER:
        lines = [",".join(keys), *(",".join(str(n + row) for n in range(10_001)) for row in (5, 6))]
    else:
        lines = [json.dumps({key: n + row for n, key in enumerate(keys)}) for row in (5, 6)]
    table = one_table(read_bytes(reader, tmp_path, ("\n".join(lines) + "\n").encode()))
    assert table.shape == (2, 10_001)
    assert table["m9999"].to_list() == [10_005.0, 10_006.0]


@BOTH
def test_a_file_that_shrinks_while_read(reader: Reader, tmp_path: Path) -> None:
    file = written(tmp_path / name_of(reader), golden(reader))
    whole = reader.read(file, None)
    file.path.write_bytes(golden(reader)[:200])
    assert len(records(reader.read(file, None))) <= 1
    later = reader.read(file, Resume(whole.offset, whole.state))
    assert (later.tables, later.issues) == ((), ())


def test_names_that_are_not_plain(tmp_path: Path) -> None:
    keys = ["<script>alert(1)</script>", "100 %: ü 猫", "a b", "step", "wall_time"]
    data = ",".join([STEP_KEY, *keys]) + "\n1,2,3,4,5,6\n"
    chunk = read_bytes(CSV_READER, tmp_path / "run <script> 50% ü: x", data.encode())
    table = one_table(chunk)
    assert table.columns == ["step", *keys[:3], "step (logged)", "wall_time (logged)"]
    assert table.row(0) == (1, 2.0, 3.0, 4.0, 5.0, 6.0)
    assert table.schema["step"] == pl.Int64


def test_steps_that_are_no_whole_numbers(tmp_path: Path) -> None:
    chunk = read_bytes(CSV_READER, tmp_path, CSV + b"1.0,2,3\n1.5,2,3\nnan,2,3\nx,2,3\n7,2,3\n")
    assert [row["step"] for row in records(chunk)] == [1, 7]
    assert [issue.place for issue in chunk.issues] == ["line 3", "line 4", "line 5"]


def test_only_rows_without_a_step(tmp_path: Path) -> None:
    chunk = read_bytes(CSV_READER, tmp_path, CSV + b",2,3\n,4,5\n")
    assert chunk.tables == ()
    assert [issue.place for issue in chunk.issues] == ["line 2", "line 3"]
