"""What a change on disk costs, and what survives it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import rlcompare as rlc
from rlcompare.errors import RLCompareError
from rlcompare.readers import Chunk, LogFile, Resume
from rlcompare.store import ingest as ingesting
from rlcompare.store.cache import MANIFEST
from rlcompare.store.ingest import PARTS_KEPT
from tests.logs import rewards, write_verl


class Spy:
    """Counts how a reader is called, and lets it do its work."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, reader: str) -> None:
        self.offsets: list[int] = []
        real = ingesting.BY_NAME[reader]

        def read(file: LogFile, resume: Resume | None) -> Chunk:
            self.offsets.append(resume.offset if resume else 0)
            return real.read(file, resume)

        monkeypatch.setitem(ingesting.BY_NAME, reader, replace(real, read=read))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Spy:
    return Spy(monkeypatch, "verl_jsonl")


def test_what_is_unchanged_is_not_read_again(tmp_path: Path, reads: Spy) -> None:
    write_verl(tmp_path / "a.jsonl", [{"reward": 1.0}, {"reward": 2.0}])
    first = rlc.open_runs(tmp_path)
    second = rlc.open_runs(tmp_path)
    assert reads.offsets == [0]
    assert rewards(first) == rewards(second) == {"a.jsonl": [(1, 1.0), (2, 2.0)]}
    assert first.fingerprint == second.fingerprint


def test_an_appended_file_costs_its_new_bytes(tmp_path: Path, reads: Spy) -> None:
    log = write_verl(tmp_path / "a.jsonl", [{"reward": 1.0}, {"reward": 2.0}])
    before = rlc.open_runs(tmp_path)
    size = log.stat().st_size
    write_verl(log, [{"reward": 3.0, "late": 9.0}], mode="a", first_step=3)
    after = rlc.open_runs(tmp_path)
    assert reads.offsets == [0, size]
    assert rewards(after) == {"a.jsonl": [(1, 1.0), (2, 2.0), (3, 3.0)]}
    assert rewards(after, "late") == {"a.jsonl": [(3, 9.0)]}
    assert before.fingerprint != after.fingerprint
    assert rewards(before) == {"a.jsonl": [(1, 1.0), (2, 2.0)]}, "what was opened is frozen"


def test_a_half_written_line_is_held_back_and_noted(tmp_path: Path) -> None:
    log = write_verl(tmp_path / "a.jsonl", [{"reward": 1.0}])
    with log.open("a") as stream:
        stream.write('{"step": 2, "data": {"rew')
    half = rlc.open_runs(tmp_path)
    assert rewards(half) == {"a.jsonl": [(1, 1.0)]}
    assert half.issues()["severity"].to_list() == ["note"]
    with log.open("a") as stream:
        stream.write('ard": 2.0}}\n')
    whole = rlc.open_runs(tmp_path)
    assert rewards(whole) == {"a.jsonl": [(1, 1.0), (2, 2.0)]}
    assert whole.issues().is_empty()


@pytest.mark.parametrize("same_length", [True, False])
def test_a_replaced_file_is_read_anew(tmp_path: Path, reads: Spy, same_length: bool) -> None:
    log = write_verl(tmp_path / "a.jsonl", [{"reward": 1.0}, {"reward": 2.0}])
    rlc.open_runs(tmp_path)
    text = log.read_text().replace("1.0", "7.0" if same_length else "7.125")
    log.write_text(text + text.splitlines(keepends=True)[-1].replace('"step": 2', '"step": 3'))
    assert rewards(rlc.open_runs(tmp_path))["a.jsonl"][0] == (1, 7.0 if same_length else 7.125)
    assert reads.offsets == [0, 0]


def test_a_truncated_file_is_read_anew(tmp_path: Path, reads: Spy) -> None:
    log = write_verl(tmp_path / "a.jsonl", [{"reward": 1.0}, {"reward": 2.0}])
    rlc.open_runs(tmp_path)
    write_verl(log, [{"reward": 5.0}])
    assert rewards(rlc.open_runs(tmp_path)) == {"a.jsonl": [(1, 5.0)]}
    assert reads.offsets == [0, 0]


def test_many_small_appends_do_not_leave_many_parts(tmp_path: Path, own_cache: Path) -> None:
    log = write_verl(tmp_path / "a.jsonl", [{"reward": 0.0}])
    rlc.open_runs(tmp_path)
    for step in range(2, 2 * PARTS_KEPT + 6):
        write_verl(log, [{"reward": float(step)}], mode="a", first_step=step)
        runs = rlc.open_runs(tmp_path)
    assert rewards(runs)["a.jsonl"] == [(1, 0.0), *((s, float(s)) for s in range(2, 2 * PARTS_KEPT + 6))]
    assert len(list(own_cache.rglob("*.parquet"))) <= PARTS_KEPT


def test_rewriting_parts_keeps_the_rows_of_a_metric_in_order(tmp_path: Path) -> None:
    # Parts with and without the validation's key alternate; out of order, the reward's steps would look like a restart.
    log = write_verl(tmp_path / "a.jsonl", [{"reward": 1.0}])
    for step in range(2, 3 * PARTS_KEPT):
        row = {"reward": float(step)} | ({"val-core/x/acc/mean@1": 0.5} if step % 5 == 0 else {})
        write_verl(log, [row], mode="a", first_step=step)
        assert rewards(rlc.open_runs(tmp_path))["a.jsonl"] == [(s, float(s)) for s in range(1, step + 1)]


def test_a_long_log_is_not_rewritten_for_a_few_new_rows(tmp_path: Path, own_cache: Path) -> None:
    log = write_verl(tmp_path / "a.jsonl", [{"reward": float(s)} for s in range(1, 1_001)])
    rlc.open_runs(tmp_path)
    (first,) = own_cache.rglob("*.parquet")
    for step in range(1_001, 1_001 + 3 * PARTS_KEPT):
        write_verl(log, [{"reward": float(step)}], mode="a", first_step=step)
        runs = rlc.open_runs(tmp_path)
    assert first.exists()
    assert rewards(runs)["a.jsonl"] == [(s, float(s)) for s in range(1, 1_001 + 3 * PARTS_KEPT)]
    assert len(list(own_cache.rglob("*.parquet"))) <= PARTS_KEPT


def test_a_run_that_is_gone_is_not_listed(tmp_path: Path) -> None:
    log = write_verl(tmp_path / "a.jsonl", [{"reward": 1.0}])
    write_verl(tmp_path / "b.jsonl", [{"reward": 1.0}])
    rlc.open_runs(tmp_path)
    log.unlink()
    assert rlc.open_runs(tmp_path).ids == ("b.jsonl",)


def test_a_file_that_vanishes_while_read_is_an_issue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = write_verl(tmp_path / "a.jsonl", [{"reward": 1.0}])
    real = ingesting.BY_NAME["verl_jsonl"]

    def vanish(file: LogFile, resume: Resume | None) -> Chunk:
        log.unlink(missing_ok=True)
        return real.read(file, resume)

    monkeypatch.setitem(ingesting.BY_NAME, "verl_jsonl", replace(real, read=vanish))
    issues = rlc.open_runs(tmp_path).issues()
    assert issues["severity"].to_list() == ["error"]
    assert "No such file" in issues["message"][0]


def test_a_reader_that_fails_costs_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_verl(tmp_path / "bad.jsonl", [{"reward": 1.0}])
    write_verl(tmp_path / "good.jsonl", [{"reward": 1.0}])
    real = ingesting.BY_NAME["verl_jsonl"]

    def fail(file: LogFile, resume: Resume | None) -> Chunk:
        if file.name == "bad.jsonl":
            raise ZeroDivisionError("planted")
        return real.read(file, resume)

    monkeypatch.setitem(ingesting.BY_NAME, "verl_jsonl", replace(real, read=fail))
    runs = rlc.open_runs(tmp_path)
    assert rewards(runs) == {"bad.jsonl": [], "good.jsonl": [(1, 1.0)]}
    assert "ZeroDivisionError: planted" in runs.issues()["message"][0]


def _damage_record(cache: Path) -> None:
    for path in cache.rglob(MANIFEST):
        path.write_bytes(path.read_bytes()[:-20])


def _damage_parts(cache: Path) -> None:
    for path in cache.rglob("*.parquet"):
        path.write_bytes(b"rubbish" * 10)


def _delete_parts(cache: Path) -> None:
    for path in cache.rglob("*.parquet"):
        path.unlink()


def _make_older(cache: Path) -> None:
    for path in cache.rglob(MANIFEST):
        path.write_text(json.dumps({**json.loads(path.read_text()), "version": 0}))


@pytest.mark.parametrize("damage", [_damage_record, _damage_parts, _delete_parts, _make_older])
def test_a_damaged_or_older_cache_is_rebuilt_silently(tmp_path: Path, own_cache: Path, damage) -> None:
    write_verl(tmp_path / "a.jsonl", [{"reward": 1.0}, {"reward": 2.0}])
    open_before = rlc.open_runs(tmp_path)
    damage(own_cache)
    assert rewards(open_before) == {"a.jsonl": [(1, 1.0), (2, 2.0)]}
    damage(own_cache)
    assert rewards(rlc.open_runs(tmp_path)) == {"a.jsonl": [(1, 1.0), (2, 2.0)]}


def test_logs_are_read_and_never_written(tmp_path: Path) -> None:
    write_verl(tmp_path / "a.jsonl", [{"reward": 1.0}])
    before = sorted((entry.name, entry.stat().st_mtime_ns) for entry in os.scandir(tmp_path))
    folder = tmp_path.stat().st_mtime_ns
    rlc.open_runs(tmp_path).curves("reward")
    assert sorted((entry.name, entry.stat().st_mtime_ns) for entry in os.scandir(tmp_path)) == before
    assert tmp_path.stat().st_mtime_ns == folder


def test_a_cache_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    write_verl(tmp_path / "logs" / "a.jsonl", [{"reward": 1.0}])
    (tmp_path / "taken").touch()
    with pytest.raises(RLCompareError, match=r"writable cache.*Hint: set RLCOMPARE_CACHE"):
        rlc.open_runs(tmp_path / "logs", cache=tmp_path / "taken")


def test_nan_and_infinity_survive_the_cache(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("step,reward,other\n1,nan,1\n2,inf,\n3,,1\n4,-inf,nan\n")
    values = rlc.open_runs(tmp_path).curves("reward")
    again = rlc.open_runs(tmp_path).curves("reward")
    assert values.select("step", pl.col("value").cast(pl.String)).rows() == [(1, "NaN"), (2, "inf"), (4, "-inf")]
    assert values.equals(again, null_equal=True)
