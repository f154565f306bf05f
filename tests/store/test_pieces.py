"""Stored values in memory: never stale, never more than the limit."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import rlcompare as rlc
from rlcompare.store import pieces
from rlcompare.store.pieces import read_pieces
from rlcompare.store.record import Slice
from tests.logs import rewards, write_verl


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> pieces._Kept:
    kept = pieces._Kept()
    monkeypatch.setattr(pieces, "_KEPT", kept)
    return kept


def store(folder: Path, name: str, values: list[float | None]) -> tuple[str, Slice]:
    n = len(values)
    columns = {"step": range(n), "wall_time": [None, *map(float, range(1, n))], "reward": values}
    table = pl.DataFrame(columns, schema={"step": pl.Int64, "wall_time": pl.Float64, "reward": pl.Float64})
    table.write_parquet(folder / name)
    return str(folder), Slice(name, "reward", "", 0)


def values_of(wanted: list[tuple[str, Slice]]) -> list[list[float]]:
    return [points.value.tolist() for points in read_pieces(wanted)]


def test_pieces_come_in_the_order_asked_for_without_what_was_not_logged(tmp_path: Path) -> None:
    wanted = [store(tmp_path, "b", [1.0, None, 3.0]), store(tmp_path, "a", [None]), store(tmp_path, "c", [4.0])]
    assert values_of(wanted) == [[1.0, 3.0], [], [4.0]]
    first, *_ = read_pieces(wanted)
    assert (first.step.tolist(), str(first.wall_time.tolist())) == ([0, 2], "[nan, 2.0]")
    assert values_of([wanted[2], wanted[0]]) == [[4.0], [1.0, 3.0]]


def test_a_piece_that_is_kept_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [store(tmp_path, "a", [1.0]), store(tmp_path, "b", [2.0])]
    values_of(wanted[:1])
    read: list[str] = []
    real = pieces._read
    monkeypatch.setattr(pieces, "_read", lambda keys: read.extend(key[0] for key in keys) or real(keys))
    assert values_of(wanted) == [[1.0], [2.0]]
    assert read == [str(tmp_path / "b")]


def test_a_cache_made_again_under_the_same_names_is_read_again(tmp_path: Path) -> None:
    wanted = [store(tmp_path, "a", [1.0])]
    assert values_of(wanted) == [[1.0]]
    (tmp_path / "a").unlink()
    store(tmp_path, "a", [1.0, 2.0])
    assert values_of(wanted) == [[1.0, 2.0]]


def test_what_was_asked_for_last_is_kept_within_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing_kept: pieces._Kept
) -> None:
    wanted = [store(tmp_path, name, [1.0] * 10) for name in "abc"]
    one = 10 * 3 * 8 + pieces._OVERHEAD
    monkeypatch.setattr(pieces, "KEPT_BYTES", 2 * one)
    values_of(wanted)
    assert not nothing_kept._pieces
    for name in (0, 1, 0, 2):
        values_of([wanted[name]])
    assert [Path(key[0]).name for key in nothing_kept._pieces] == ["a", "c"]
    assert nothing_kept._bytes == 2 * one


def test_a_growing_run_is_read_as_it_is(tmp_path: Path) -> None:
    log = write_verl(tmp_path / "a.jsonl", [{"reward": 0.0}])
    for step in range(1, 60):
        write_verl(log, [{"reward": float(step)}], mode="a", first_step=step + 1)
        runs = rlc.open_runs(tmp_path)
        assert rewards(runs)["a.jsonl"] == [(at + 1, float(at)) for at in range(step + 1)]
    assert runs.table()["best_reward"].to_list() == [59.0]
