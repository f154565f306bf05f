from __future__ import annotations

import json
import math
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import rlcompare as rlc
from rlcompare.readers import mlflow
from rlcompare.readers.base import Chunk
from rlcompare.readers.trackio import READER, read
from tests.readers.databases import MLFLOW, TRACKIO, claims, database, execute, insert, read_run, trackio_run
from tests.readers.files import GOLDEN, log_file, one_table, written

VERSIONS = ("v0_23", "v0_43")
NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def golden(version: str) -> tuple[Path, dict[str, Any]]:
    folder = GOLDEN / "trackio" / version
    return folder / "gridworld.db", json.loads((folder / "expected.json").read_text())


def numbers(row: dict[str, Any], prefix: str = "") -> dict[str, float]:
    """What a record holds of metrics."""
    found: dict[str, float] = {}
    for key, value in row.items():
        if isinstance(value, dict) and "_type" not in value:
            found |= numbers(value, f"{prefix}{key}/")
        elif isinstance(value, str) and value in NOT_FINITE:
            found[prefix + key] = NOT_FINITE[value]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[prefix + key] = float(value)
    return found


def records(table: pl.DataFrame) -> list[tuple[int, float, dict[str, float]]]:
    return [
        (step, time, {key: value for key, value in zip(table.columns[2:], values, strict=True) if value is not None})
        for step, time, *values in table.rows()
    ]


def ordered(rows: list[tuple[int, float, dict[str, float]]]) -> str:
    """For comparing with NaN equal to NaN."""
    return repr([(step, time, sorted(values.items())) for step, time, values in rows])


def seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def values(tmp_path: Path, *rows: tuple[int, str | bytes]) -> Chunk:
    return read_run(READER, trackio_run(database(tmp_path / "p.db", TRACKIO), rows=rows))


# --- what Trackio's own storage says


@pytest.mark.parametrize("version", VERSIONS)
def test_golden(version: str) -> None:
    path, expected = golden(version)
    found = claims(READER, path, path.parent.parent)
    assert {claim.name for claim in found.values()} == {f"gridworld/{name}" for name in expected}
    if version == "v0_23":
        assert {str(claim.run) for claim in found.values()} == {
            "v0_23/gridworld.db/ppo-1",
            "v0_23/gridworld.db/team a%2Fppo-2",
        }
    for run, claim in found.items():
        told = expected[claim.name.removeprefix("gridworld/")]
        chunk = read_run(READER, path, run)
        training, *machine = chunk.tables
        logs = [
            (row.pop("step"), seconds(row.pop("timestamp")), numbers(row))
            for row in [dict(row) for row in told["logs"]]
        ]
        assert ordered(records(training)) == ordered(logs)
        looks = [(n, seconds(row["timestamp"]), numbers(row)) for n, row in enumerate(told["system"])]
        assert [record for table in machine for record in records(table)] == looks
        (issue,) = chunk.issues
        assert (issue.severity, issue.place) == ("note", "table metrics")
        assert "'flag', 'list', 'note'" in issue.message


def test_golden_config() -> None:
    path, _ = golden("v0_43")
    configs = {claim.name: read_run(READER, path, run).config for run, claim in claims(READER, path).items()}
    assert configs == {
        "gridworld/ppo-1": {"lr": 3e-4, "seed": 7},
        "gridworld/team a/ppo-2": {"lr": 3e-4, "seed": 7, "env.id": "CartPole-v1", "env.layers": "[64, 64]"},
    }


def test_a_run_of_hugging_face_through_the_whole_project(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "five" / "trackio", tmp_path / "trackio")
    runs = rlc.open_runs(tmp_path, cache=tmp_path / "cache")
    (row,) = runs.table().rows(named=True)
    told = {key: row[key] for key in ("name", "framework", "source", "step_unit", "seed")}
    assert told == {
        "name": "trackio/five/five-formats",
        "framework": "TRL",
        "source": "trackio",
        "step_unit": "step",
        "seed": "3",
    }
    state = json.loads((GOLDEN / "five" / "trainer_state" / "trainer_state.json").read_text())
    logged = [row["reward"] for row in state["log_history"] if "reward" in row]
    curve = runs.curves("train/reward")
    assert curve["value"].to_list() == logged
    assert dict(runs.config().select("key", "value").rows())["learning_rate"] == "0.01"


# --- runs of one database


def test_a_change_to_one_run_does_not_have_the_others_read(tmp_path: Path) -> None:
    path = database(tmp_path / "p.db", TRACKIO)
    for run in ("a", "b"):
        trackio_run(path, run, rows=[(1, '{"x": 1}')])
    before = {run: claim.version for run, claim in claims(READER, path).items()}
    time = "2026-01-01T00:00:00+00:00"
    for table, row in (
        ("metrics", (None, "a", time, "run a", 2, "{}")),
        ("configs", (None, "a", "run a", "{}", time)),
    ):
        insert(path, table, [row])
        now = {run: claim.version for run, claim in claims(READER, path).items()}
        assert now["b"] == before["b"]
        assert now["a"] != before["a"]
        before = now
    execute(path, "INSERT OR REPLACE INTO configs VALUES (NULL, 'a', 'run a', '{\"lr\": 1}', ?)", time)
    assert claims(READER, path)["a"].version != before["a"]


def test_runs_of_one_name_are_told_apart_by_their_id(tmp_path: Path) -> None:
    path = trackio_run(trackio_run(database(tmp_path / "p.db", TRACKIO), "a", rows=[(1, "{}")]), "b", rows=[(1, "{}")])
    execute(path, "UPDATE metrics SET run_name = 'ppo'")
    assert {run: claim.name for run, claim in claims(READER, path).items()} == {"a": "p/ppo", "b": "p/ppo"}


def test_a_run_of_which_only_the_config_is_there_yet(tmp_path: Path) -> None:
    path = database(tmp_path / "logs" / "p.db", TRACKIO)
    insert(path, "configs", [(None, "a", "ppo", '{"seed": 4}', "2026-01-01T00:00:00+00:00")])
    runs = rlc.open_runs(path.parent, cache=tmp_path / "cache")
    assert runs.table().select("run", "name", "seed", "n_records").rows() == [("p.db/a", "p/ppo", "4", 0)]


# --- records


def test_several_records_of_one_step_are_all_kept(tmp_path: Path) -> None:
    (table,) = values(tmp_path, (1, '{"x": 1}'), (1, '{"x": 2, "y": 3}'), (0, '{"y": 4}')).tables
    assert table.select("step", "x", "y").rows() == [(1, 1.0, None), (1, 2.0, 3.0), (0, None, 4.0)]


def test_parts_of_steps_that_are_logged_apart_are_tables_apart(tmp_path: Path) -> None:
    """As Trainers log profiles; one table would be mostly nulls."""
    rows = [(step, json.dumps({f"part {k}": step + k})) for step in range(500) for k in range(5)]
    tables = values(tmp_path, *rows).tables
    assert [table.shape for table in tables] == [(500, 3)] * 5
    assert {table.columns[2]: table[table.columns[2]].to_list() for table in tables} == {
        f"part {k}": [float(step + k) for step in range(500)] for k in range(5)
    }


def test_media_are_left_out_and_nested_numbers_are_not(tmp_path: Path) -> None:
    image = '{"_type": "trackio.image", "file_path": "a.png", "width": 3}'
    (table,) = values(tmp_path, (1, f'{{"image": {image}, "x": 1, "nested": {{"a": 2, "b": {{"c": 3}}}}}}')).tables
    assert table.columns[2:] == ["x", "nested/a", "nested/b/c"]


def test_keys_that_are_called_as_the_index(tmp_path: Path) -> None:
    (table,) = values(tmp_path, (1, '{"step": 5, "wall_time": 6, "timestamp": 7, "": 8}')).tables
    assert table.rows() == [(1, seconds("2026-01-01T00:00:00+00:00"), 5.0, 6.0, 7.0, 8.0)]
    assert table.columns == ["step", "wall_time", "step (logged)", "wall_time (logged)", "timestamp", "(no name)"]


def test_a_time_without_a_zone_is_utc_and_a_bad_one_is_told(tmp_path: Path) -> None:
    path = trackio_run(database(tmp_path / "p.db", TRACKIO), rows=[(n, '{"x": 1}') for n in (1, 2)])
    execute(path, "UPDATE metrics SET timestamp = '2026-01-01T00:00:00' WHERE step = 1")
    execute(path, "UPDATE metrics SET timestamp = 'soon' WHERE step = 2")
    chunk = read_run(READER, path)
    assert one_table(chunk)["wall_time"].to_list() == [seconds("2026-01-01T00:00:00+00:00"), None]
    assert "Expected times" in chunk.issues[0].message


# --- bad input


@pytest.mark.parametrize(
    "record", ["", "rubbish", "[1]", "null", '{"x": 1', b"\xff\xfe", "{" * 3000, '{"x": 1} {"x": ', 5, 2.5]
)
def test_a_bad_record_costs_that_record(tmp_path: Path, record: Any) -> None:
    chunk = values(tmp_path, (1, '{"x": 1}'), (2, record), (3, '{"x": 3}'))
    found = one_table(chunk).select("step", "x").rows()
    assert [row for row in found if row[0] != 2] == [(1, 1.0), (3, 3.0)]
    if record != "":
        assert chunk.issues[0].place == "table metrics, record 2"


def test_a_record_over_several_lines(tmp_path: Path) -> None:
    assert one_table(values(tmp_path, (1, '{\n "x": 1\n}'), (2, '{"x": 2}')))["x"].to_list() == [1.0, 2.0]


def test_a_key_that_stands_twice(tmp_path: Path) -> None:
    chunk = values(tmp_path, (1, '{"x": 1, "x": 2}'))
    assert one_table(chunk)["x"].to_list() == [2.0]
    assert "stands twice" in chunk.issues[0].message


@pytest.mark.parametrize("step", ["text", 1.5, b"x"])
def test_a_step_that_is_none(tmp_path: Path, step: Any) -> None:
    chunk = values(tmp_path, (step, '{"x": 1}'), (2, '{"x": 2}'))
    assert one_table(chunk).select("step", "x").rows() == [(2, 2.0)]
    assert "whole number" in chunk.issues[0].message


def test_a_huge_record(tmp_path: Path) -> None:
    record = json.dumps({f"metric {n}": n for n in range(5_000)} | {"text": "x" * 2_000_000})
    (table,) = values(tmp_path, (1, record)).tables
    assert table.width == 5_002


@pytest.mark.parametrize("config", ["rubbish", "[1]", b"\xff", "", "{" * 3000])
def test_a_bad_config(tmp_path: Path, config: str | bytes) -> None:
    path = trackio_run(database(tmp_path / "p.db", TRACKIO), rows=[(1, '{"x": 1}')])
    insert(path, "configs", [(None, "a", "run a", config, "")])
    chunk = read_run(READER, path)
    assert one_table(chunk)["x"].to_list() == [1.0]
    assert [issue.place for issue in chunk.issues] == ["table configs"]


@pytest.mark.parametrize("table", ["metrics", "configs"])
def test_a_database_without_one_of_the_tables_is_anothers(tmp_path: Path, table: str) -> None:
    path = database(tmp_path / "p.db", TRACKIO)
    execute(path, f"DROP TABLE {table}")
    assert claims(READER, path) == {}


def test_the_two_trackers_take_only_their_own(tmp_path: Path) -> None:
    theirs, ours = (
        database(tmp_path / "m.db", MLFLOW),
        trackio_run(database(tmp_path / "t.db", TRACKIO), rows=[(1, "{}")]),
    )
    assert claims(READER, theirs) == {}
    assert claims(mlflow.READER, ours) == {}
    assert list(claims(READER, ours)) == ["a"]


def test_a_database_cut_anywhere(tmp_path: Path) -> None:
    path, _ = golden("v0_43")
    data = path.read_bytes()
    runs = list(claims(READER, path))
    whole = {run: ordered(records(one_table(read_run(READER, path, run)))) for run in runs}
    for n, cut in enumerate(range(0, len(data), 700)):
        copy = written(tmp_path / f"{n}" / "p.db", data[:cut]).path
        claims(READER, copy)
        for run in runs:
            try:
                chunk = read_run(READER, copy, run)
            except OSError:
                continue
            assert any(issue.severity == "error" for issue in chunk.issues) or (
                ordered(records(one_table(chunk))) == whole[run]
            )


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    path, _ = golden("v0_43")
    data = path.read_bytes()
    copy = written(tmp_path / "logs" / "p.db", data[: len(data) // 2]).path
    (claim,) = claims(READER, copy).values()
    assert claim.tentative
    runs = rlc.open_runs(copy.parent, cache=tmp_path / "cache")
    assert len(runs.ids) == 0
    assert "Trackio's SQLite database" in runs.issues()["message"][0]


def test_a_live_run_is_followed(tmp_path: Path) -> None:
    """A writer that stays open in WAL mode, as Trackio's does: each look sees what it has committed."""
    path = trackio_run(database(tmp_path / "logs" / "p.db", TRACKIO, journal="wal"), rows=[(1, '{"x": 1}')])
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0.1)) as writer:
        for step in range(2, 6):
            writer.execute(
                "INSERT INTO metrics VALUES (NULL, 'a', '2026-01-01T00:00:00+00:00', 'run a', ?, ?)",
                (step, f'{{"x": {step}}}'),
            )
            runs = rlc.open_runs(path.parent, cache=tmp_path / "cache")
            assert runs.curves("x")["step"].to_list() == list(range(1, step + 1))


def test_a_hundred_thousand_records(tmp_path: Path) -> None:
    path = trackio_run(
        database(tmp_path / "p.db", TRACKIO),
        rows=((n, f'{{"a":{n},"b":{n / 2},"c":0.25}}') for n in range(100_000)),
    )
    (table,) = read_run(READER, path).tables
    assert table.height == 100_000
    assert table["b"].sum() == 100_000 * 99_999 / 4
    assert read(log_file(path), None).tables == ()
