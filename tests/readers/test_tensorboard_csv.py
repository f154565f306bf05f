from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcompare as rlc
from rlcompare.readers.base import Chunk
from rlcompare.readers.tensorboard_csv import READER, claim, read
from tests.readers.files import GOLDEN, claimed_run, folder_of, golden_logs, log_file, one_table, read_grown, written

CASE = GOLDEN / "tensorboard_csv" / "downloads"
EXPECTED: dict[str, list[list[Any]]] = json.loads((CASE / "expected.json").read_text())
NAME = "run-CartPole-v1__ppo__3__1700000000-tag-losses_value_loss.csv"
LOG = (CASE / NAME).read_bytes()
HEADER = b"Wall time,Step,Value\r\n"


def read_bytes(folder: Path, data: bytes) -> Chunk:
    return read(written(folder / "run-a-tag-loss.csv", data), None)


def rows(chunks: Chunk | list[Chunk]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in one_table(chunks).select("step", "wall_time", "Value").iter_rows()]


# --- what TensorBoard's EventAccumulator says


@pytest.mark.parametrize("name", EXPECTED)
def test_golden(name: str) -> None:
    chunk = read(log_file(CASE / name), None)
    assert repr(rows(chunk)) == repr([tuple(row) for row in EXPECTED[name]])
    assert (chunk.issues, chunk.pending, chunk.offset) == ((), None, (CASE / name).stat().st_size)


def test_open_runs_lists_the_runs(tmp_path: Path) -> None:
    runs = rlc.open_runs(golden_logs("tensorboard_csv/downloads", tmp_path), cache=tmp_path / "cache")
    assert runs.ids == ("CartPole-v1__ppo__3__1700000000", "other_seed_4")
    table = runs.table()
    assert table.select("name", "source", "last_step", "seed", "started").rows() == [
        ("CartPole-v1__ppo__3__1700000000", "tensorboard_csv", 192, "3", 1_700_000_000.25),
        ("other_seed_4", "tensorboard_csv", 192, "4", 1_700_000_000.25),
    ]
    assert sorted(runs.metrics().select("run", "metric", "n").iter_rows()) == [
        ("CartPole-v1__ppo__3__1700000000", "charts_episodic_return", 4),
        ("CartPole-v1__ppo__3__1700000000", "losses_value_loss", 4),
        ("other_seed_4", "charts_episodic_return", 4),
        ("other_seed_4", "losses_value_loss", 4),
    ]
    (name,) = (name for name in EXPECTED if name.startswith("other") and "return" in name)
    curve = runs.curves("charts_episodic_return").filter(run="other_seed_4")
    assert curve.select("step", "wall_time", "value").rows() == [tuple(row) for row in EXPECTED[name]]


# --- which file, which run, which key


@pytest.mark.parametrize(
    ("name", "run", "key"),
    [
        ("a/run-ppo_1-tag-loss.csv", "a/ppo_1", "loss"),
        ("a/ppo_1-tag-loss.csv", "a/ppo_1", "loss"),
        ("run-.-tag-rollout_ep_rew_mean.csv", ".", "rollout_ep_rew_mean"),
        ("run-a-tag-b-tag-c.csv", "a-tag-b", "c"),
        ("run-a-tag-step.csv", "a", "step (logged)"),
        ("run-a-tag-loss (1).csv", "a", "loss (1)"),
        ("run-a-loss.csv", None, None),
        ("-tag-loss.csv", None, None),
        ("run-a-tag-loss.txt", None, None),
    ],
)
def test_claim(tmp_path: Path, name: str, run: str | None, key: str | None) -> None:
    file = log_file(written(tmp_path / name, HEADER).path, tmp_path)
    found = claim(file, folder_of(file))
    assert (None if found is None else (str(found.run), found.rename)) == (None if run is None else (run, key))


@pytest.mark.parametrize("head", [b"", b"Wall time,Step", b"wall time,step,value\n", b"Step,Value\n", b"\0\0\0\n"])
def test_another_header_is_left_to_others(tmp_path: Path, head: bytes) -> None:
    assert claimed_run(READER, written(tmp_path / "run-a-tag-loss.csv", head)) is None


def test_line_ends_of_both_kinds(tmp_path: Path) -> None:
    for data in (HEADER + b"1700000000.5,3,0.25\r\n", b"Wall time,Step,Value\n1700000000.5,3,0.25\n"):
        assert claimed_run(READER, written(tmp_path / "run-a-tag-loss.csv", data)) == "a"
        assert rows(read_bytes(tmp_path, data)) == [(3, 1_700_000_000.5, 0.25)]


# --- pieces of a file, as a download that goes on


@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, len(LOG)), max_size=4))
def test_reads_in_between_change_nothing(cuts: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    chunks = read_grown(READER, tmp_path_factory.mktemp("log") / NAME, LOG, cuts)
    assert repr(rows(chunks)) == repr([tuple(row) for row in EXPECTED[NAME]])


@pytest.mark.parametrize("cut", range(len(LOG)))
def test_a_prefix_gives_a_prefix(cut: int, tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, LOG[:cut])
    n = max(0, LOG[:cut].count(b"\n") - 1)
    assert repr(rows(chunk) if chunk.tables else []) == repr([tuple(row) for row in EXPECTED[NAME][:n]])
    assert chunk.issues == ()


# --- bad input


def test_empty_file(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, b"")
    assert (chunk.tables, chunk.issues, chunk.pending, chunk.offset) == ((), (), None, 0)


def test_only_a_header(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, HEADER)
    assert (chunk.tables, chunk.issues, chunk.pending) == ((), (), None)


def test_rows_that_are_none_cost_themselves(tmp_path: Path) -> None:
    data = HEADER + b"1700000001,1,0.5\n1700000002,x,1\n1700000003\n,4,2\nnan,5,3\n1700000006,6,nan\n"
    chunk = read_bytes(tmp_path, data)
    assert repr(rows(chunk)) == "[(1, 1700000001.0, 0.5), (4, None, 2.0), (5, None, 3.0), (6, 1700000006.0, nan)]"
    assert len(chunk.issues) == 3


def test_binary_rubbish_under_the_header(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, HEADER + bytes(range(256)) * 40 + b"\n")
    assert chunk.tables == ()
    assert chunk.issues


def test_utf16_is_refused_with_a_reason(tmp_path: Path) -> None:
    data = LOG.decode().encode("utf-16")
    assert claimed_run(READER, written(tmp_path / NAME, data)) is not None
    assert "UTF-16" in read_bytes(tmp_path, data).issues[0].message


def test_ten_megabytes_on_one_line(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, HEADER + b"1700000001,1,0.5\n" + b"7" * 10_000_000)
    assert rows(chunk) == [(1, 1_700_000_001.0, 0.5)]
    assert chunk.pending is not None


@given(data=st.binary(max_size=100))
def test_no_bytes_raise(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    for content in (data, HEADER + data):
        read_bytes(tmp_path_factory.mktemp("log"), content)
