from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import rlcompare as rlc
from rlcompare.readers.base import Chunk, Resume
from rlcompare.readers.spinningup import READER, read
from tests.readers.files import GOLDEN, claimed_run, golden_logs, log_file, one_table, read_grown, written

PPO = GOLDEN / "spinningup" / "ppo"
LOG = (PPO / "progress.txt").read_bytes()
HEADER = b"Epoch\tAverageEpRet\tTotalEnvInteracts\tTime\n"


def read_bytes(folder: Path, data: bytes) -> Chunk:
    return read(written(folder / "progress.txt", data), None)


def rows(chunk: Chunk, *names: str) -> list[tuple[Any, ...]]:
    return one_table(chunk).select(names).rows()


def test_golden() -> None:
    chunk = read(log_file(PPO / "progress.txt"), None)
    expected = [json.loads(line) for line in (PPO / "expected.json").read_text().splitlines()]
    found = [{"TotalEnvInteracts": float(row.pop("step"))} | row for row in one_table(chunk).iter_rows(named=True)]
    assert json.dumps(found, sort_keys=True) == json.dumps(expected, sort_keys=True)
    assert (chunk.step_unit, chunk.framework, chunk.issues, chunk.pending) == ("env step", "Spinning Up", (), None)
    assert claimed_run(READER, log_file(PPO / "progress.txt", PPO.parent)) == "ppo"


def test_golden_run(tmp_path: Path) -> None:
    runs = rlc.open_runs(golden_logs("spinningup", tmp_path), cache=tmp_path / "cache")
    row = runs.table().row(0, named=True)
    told = ("run", "framework", "source", "step_unit", "last_step", "seed", "started")
    assert tuple(row[name] for name in told) == ("ppo", "Spinning Up", "spinningup", "env step", 16000, "10", None)
    config = dict(runs.config().select("key", "value").rows())
    assert (config["exp_name"], config["ac_kwargs.hidden_sizes"]) == ("ppo", "[64]")
    reward = runs.curves("reward")
    assert reward["step"].to_list() == [4000, 8000, 12000, 16000]
    assert reward["value"].to_list() == [21.334911, 16.450449, 23.472921, 20.837475]
    assert reward["wall_time"].null_count() == 4


@pytest.mark.parametrize(
    ("name", "data", "run"),
    [
        ("a/progress.txt", HEADER, "a"),
        ("a/progress.txt", HEADER.rstrip(), None),
        ("a/progress.txt", b"", None),
        ("a/progress.txt", b"Epoch\tEpRet\n0\t1\n", None),
        ("a/progress.txt", b"step:1 - TotalEnvInteracts:3\n", None),
        ("a/progress.txt", b"\0TotalEnvInteracts\n", None),
        ("a/progress_2.txt", HEADER, None),
    ],
)
def test_claim(tmp_path: Path, name: str, data: bytes, run: str | None) -> None:
    written(tmp_path / name, data)
    assert claimed_run(READER, log_file(tmp_path / name, tmp_path)) == run


def test_a_training_that_was_stopped_in_its_first_epoch_is_no_run_yet(tmp_path: Path) -> None:
    written(tmp_path / "ppo_s0" / "progress.txt", b"")
    written(tmp_path / "ppo_s1" / "progress.txt", LOG)
    runs = rlc.open_runs(tmp_path, cache=tmp_path / "cache")
    assert runs.ids == ("ppo_s1",)
    assert runs.table()["seed"].to_list() == ["1"]
    assert runs.issues().height == 0


def test_a_restart_truncates_the_file(tmp_path: Path) -> None:
    written(tmp_path / "logs" / "a" / "progress.txt", LOG)
    assert rlc.open_runs(tmp_path / "logs", cache=tmp_path).table()["n_records"].to_list() == [4]
    written(tmp_path / "logs" / "a" / "progress.txt", HEADER + b"0\t7.5\t1000\t2\n")
    again = rlc.open_runs(tmp_path / "logs", cache=tmp_path).curves("reward")
    assert again.select("step", "value").rows() == [(1000, 7.5)]


@settings(deadline=None, max_examples=50)
@given(cuts=st.lists(st.integers(0, len(LOG)), max_size=4))
def test_a_read_resumed_anywhere_gives_the_same(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    path = tmp_path_factory.getbasetemp() / "grown" / "progress.txt"
    chunks = read_grown(READER, path, LOG, cuts)
    assert_frame_equal(one_table(chunks), one_table(read(log_file(path), None)))
    assert all(chunk.issues == () for chunk in chunks)


def test_every_prefix_gives_a_prefix(tmp_path: Path) -> None:
    whole = one_table(read(log_file(PPO / "progress.txt"), None))
    for cut in range(len(LOG)):
        chunk = read_bytes(tmp_path, LOG[:cut])
        n = max(LOG.count(b"\n", 0, cut) - 1, 0)
        assert one_table(chunk).height == n
        if n:
            assert_frame_equal(one_table(chunk), whole.head(n).select(one_table(chunk).columns))


# --- bad input


def test_empty_file(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, b"")
    assert (chunk.tables, chunk.issues, chunk.pending, chunk.offset) == ((), (), None, 0)


def test_half_a_last_line_is_pending(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, HEADER + b"0\t1.5\t1000\t2\n1\t2.5\t20")
    assert rows(chunk, "step", "AverageEpRet") == [(1000, 1.5)]
    assert chunk.pending is not None
    assert (chunk.pending.place, chunk.pending.severity) == ("line 3", "note")


@pytest.mark.parametrize("row", ["1\t2.5", "1\t2\t3\t4\t5", "a\tb\tc\td", "1\t2\tx\t3", "1\t2\t1.5\t3", "\0"])
def test_a_bad_row_costs_that_row(tmp_path: Path, row: str) -> None:
    chunk = read_bytes(tmp_path, HEADER + row.encode() + b"\n2\t3.5\t3000\t4\n")
    assert rows(chunk, "step", "AverageEpRet") == [(3000, 3.5)]
    assert "line 2" in {issue.place for issue in chunk.issues}


def test_not_finite_and_not_logged(tmp_path: Path) -> None:
    data = HEADER + b"0\tnan\t1\t1\n1\tinf\t2\t2\n2\t\t3\t3\n"
    values = one_table(read_bytes(tmp_path, data))["AverageEpRet"].to_list()
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, None]


def test_a_diagnostic_that_is_text_is_named_once(tmp_path: Path) -> None:
    data = b"TotalEnvInteracts\tNote\n1\ta\n2\tb\n"
    first, second = read_grown(READER, tmp_path / "progress.txt", data, [data.index(b"2\tb")])
    assert [issue.message for issue in first.issues] == ["Not numbers, so not shown as metrics: 'Note'."]
    assert second.issues == ()


def test_the_same_column_twice(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, b"TotalEnvInteracts\tTime\tTime\n1\t2\t3\n")
    assert rows(chunk, "step", "Time", "Time (2)") == [(1, 2.0, 3.0)]


@pytest.mark.parametrize("data", [bytes(range(256)) * 40 + b"\n", b"\xff\xfeT\0o\0t\0", HEADER + b"\xff\xff\n"])
def test_rubbish_is_told(tmp_path: Path, data: bytes) -> None:
    chunk = read_bytes(tmp_path, data)
    assert chunk.tables == ()
    assert chunk.issues


def test_ten_megabytes_on_one_line(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, LOG + b"7" * 10_000_000)
    assert one_table(chunk).height == 4
    assert chunk.pending is not None


def test_a_resumed_read_needs_no_header(tmp_path: Path) -> None:
    file = written(tmp_path / "progress.txt", LOG)
    first = read(file, None)
    assert read(file, Resume(first.offset, first.state)).tables == ()
