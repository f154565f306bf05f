from __future__ import annotations

import json
import math
import random
import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import rlcompare as rlc
from rlcompare.readers import sqlite
from rlcompare.readers.base import Chunk
from rlcompare.readers.mlflow import READER, read
from tests.readers.databases import MLFLOW, START, claims, database, execute, insert, mlflow_run, read_run, run_file
from tests.readers.files import GOLDEN, log_file, written

VERSIONS = ("v1", "v3")
LARGEST = 1.7976931348623157e308


def values(chunk: Chunk) -> dict[str, list[list[Any]]]:
    """[step, value] of each metric, sorted as the client sorts."""
    found: dict[str, list[list[Any]]] = {}
    for table in chunk.tables:
        for key in table.columns[2:]:
            rows = table.select("step", key).filter(pl.col(key).is_not_null()).rows()
            found.setdefault(key, []).extend([step, str(value)] for step, value in rows)
    return {key: sorted(rows, key=repr) for key, rows in found.items()}


def expected_values(run: dict[str, Any]) -> dict[str, list[list[Any]]]:
    """The client reads infinities back as the largest float, which is how they are stored."""
    inf = {str(LARGEST): "inf", str(-LARGEST): "-inf"}
    rows = {key: [[step, inf.get(v, v)] for _, step, v in metric] for key, metric in run["metrics"].items()}
    return {key: sorted(metric, key=repr) for key, metric in rows.items()}


def golden(version: str) -> tuple[Path, dict[str, Any]]:
    folder = GOLDEN / "mlflow" / version
    return folder / "mlflow.db", json.loads((folder / "expected.json").read_text())


# --- what MLflow's client says


@pytest.mark.parametrize("version", VERSIONS)
def test_every_run_that_is_not_deleted_is_claimed(version: str) -> None:
    path, expected = golden(version)
    found = claims(READER, path, path.parent.parent)
    assert {run: claim.name for run, claim in found.items()} == {
        run: f"grid/world/{told['name']}" for run, told in expected.items()
    }
    assert {str(claim.run) for claim in found.values()} == {f"{version}/mlflow.db/{run}" for run in expected}


@pytest.mark.parametrize("version", VERSIONS)
def test_golden(version: str) -> None:
    path, expected = golden(version)
    for run, told in expected.items():
        chunk = read_run(READER, path, run)
        if told["name"] == "no steps":
            assert values(chunk) == {
                "loss": [[0, "4.0"], [1, "3.0"], [2, "2.0"], [3, "1.0"]],
                "best": [[0, "1.0"]],
            }
            (issue,) = chunk.issues
            assert (issue.severity, issue.place) == ("note", "table metrics")
        else:
            assert values(chunk) == expected_values(told)
            assert chunk.issues == ()
        assert chunk.finished == (told["status"] == "FINISHED")
        assert told["params"].items() <= chunk.config.items()
        assert chunk.config["mlflow.runName"] == told["name"]


@pytest.mark.parametrize("version", VERSIONS)
def test_golden_rows(version: str) -> None:
    """What is logged at one step stands in one row, at the time of its first value; the machine's metrics apart."""
    path, expected = golden(version)
    run = next(run for run, told in expected.items() if told["name"] == "ppo-1")
    training, machine = read_run(READER, path, run).tables
    assert training.to_dict(as_series=False) == {
        "step": [1, 2, 3, 4, 5],
        "wall_time": [1_700_000_000.0 + step for step in range(1, 6)],
        "eval_reward": [None, 20.0, None, 40.0, None],
        "reward": [1.5, 3.0, 4.5, 6.0, 7.5],
        "train/loss": [1.0, 1 / 2, 1 / 3, 1 / 4, 1 / 5],
    }
    assert machine.to_dict(as_series=False) == {
        "step": [0, 1, 2, 3, 4],
        "wall_time": [1_700_000_000.007 + step for step in range(1, 6)],
        "system/cpu_utilization_percentage": [51.0, 52.0, 53.0, 54.0, 55.0],
    }


def test_tags_of_the_user_and_few_of_mlflow() -> None:
    path, expected = golden("v3")
    by_name = {told["name"]: read_run(READER, path, run).config for run, told in expected.items()}
    assert by_name["ppo-1"] == {
        "lr": "0.0003",
        "env/id": "CartPole-v1",
        "seed": "7",
        "layers": "[64, 64]",
        "mlflow.runName": "ppo-1",
        "tags.team": "rl",
    }
    assert "mlflow.parentRunId" in by_name["odd values"]


def test_a_run_of_hugging_face_through_the_whole_project(tmp_path: Path) -> None:
    shutil.copy(GOLDEN / "five" / "mlflow.db", tmp_path / "logs.db")
    runs = rlc.open_runs(tmp_path, cache=tmp_path / "cache")
    (row,) = runs.table().rows(named=True)
    assert row["run"].startswith("logs.db/")
    told = {key: row[key] for key in ("name", "framework", "source", "last_step", "step_unit", "status", "seed")}
    assert told == {
        "name": "five/five-formats",
        "framework": "TRL",
        "source": "mlflow",
        "last_step": 12,
        "step_unit": "step",
        "status": "finished",
        "seed": "3",
    }
    state = json.loads((GOLDEN / "five" / "trainer_state" / "trainer_state.json").read_text())
    logged = [(row["step"], row["reward"]) for row in state["log_history"] if "reward" in row]
    assert runs.curves("reward").select("step", "value").rows() == logged
    config = dict(runs.config().select("key", "value").rows())
    assert (config["learning_rate"], config["max_steps"]) == ("0.01", "12")


# --- runs of one database


def test_a_change_to_one_run_does_not_have_the_others_read(tmp_path: Path) -> None:
    path = database(tmp_path / "mlflow.db", MLFLOW)
    for run in ("a", "b"):
        mlflow_run(path, run, rows=[("loss", 1.0, 1)], status="RUNNING")
    before = {run: claim.version for run, claim in claims(READER, path).items()}
    changes = [
        ("INSERT INTO metrics VALUES ('loss', 1.0, 5, 'a', 2, 0)", ()),
        ("INSERT INTO metrics VALUES ('loss', 1.0, 4, 'a', 1, 0)", ()),
        ("INSERT INTO params VALUES ('lr', '1', 'a')", ()),
        ("INSERT INTO tags VALUES ('mine', '1', 'a')", ()),
        ("UPDATE tags SET value = '2' WHERE run_uuid = 'a'", ()),
        ("UPDATE runs SET status = 'FINISHED' WHERE run_uuid = 'a'", ()),
    ]
    for statement, told in changes:
        execute(path, statement, *told)
        now = {run: claim.version for run, claim in claims(READER, path).items()}
        assert now["b"] == before["b"], statement
        assert now["a"] != before["a"], statement
        before = now


def test_only_the_changed_run_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = database(tmp_path / "logs" / "mlflow.db", MLFLOW)
    for run in ("a", "b"):
        mlflow_run(path, run, rows=[("loss", 1.0, 1)])
    rlc.open_runs(path.parent, cache=tmp_path / "cache")
    asked: list[str] = []
    pages = sqlite.pages

    def counted(connection: sqlite3.Connection, table: str, columns: str, of_run: str, run: str, dtype: Any) -> Any:
        asked.append(run)
        return pages(connection, table, columns, of_run, run, dtype)

    monkeypatch.setattr(sqlite, "pages", counted)
    insert(path, "metrics", [("loss", 2.0, START, "b", 2, 0)])
    runs = rlc.open_runs(path.parent, cache=tmp_path / "cache")
    assert asked == ["b"]
    assert dict(runs.table().select("run", "last_step").rows()) == {"mlflow.db/a": 1, "mlflow.db/b": 2}


def test_deleted_runs_and_experiments_are_left_out(tmp_path: Path) -> None:
    path = database(tmp_path / "mlflow.db", MLFLOW)
    for run in ("a", "b", "c"):
        mlflow_run(path, run)
    insert(path, "experiments", [(1, "old", "deleted")])
    execute(path, "UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid = 'a'")
    execute(path, "UPDATE runs SET experiment_id = 1 WHERE run_uuid = 'b'")
    assert list(claims(READER, path)) == ["c"]


def test_a_run_without_a_value_is_listed(tmp_path: Path) -> None:
    path = mlflow_run(database(tmp_path / "logs" / "a.sqlite3", MLFLOW))
    runs = rlc.open_runs(path.parent, cache=tmp_path / "cache")
    assert runs.table().select("run", "name", "last_step", "updated").rows() == [
        ("a.sqlite3/a", "Default/run a", None, START / 1000)
    ]


def test_names_that_are_not_plain(tmp_path: Path) -> None:
    path = database(tmp_path / "logs" / "my db%.sqlite", MLFLOW)
    mlflow_run(path, "../x", rows=[("<script> ü 猫", 1.0, 1), ("a b/c", 2.0, 1), ("step", 3.0, 1)])
    execute(path, "UPDATE runs SET name = '/../<b>run</b>'")
    runs = rlc.open_runs(path.parent, cache=tmp_path / "cache")
    assert runs.table().select("run", "name").rows() == [("my db%.sqlite/..%2Fx", "Default/<b>run</b>")]
    assert set(runs.metrics()["metric"]) == {"<script> ü 猫", "a b/c", "step (metric)"}


# --- values


def test_what_is_not_finite(tmp_path: Path) -> None:
    path = mlflow_run(database(tmp_path / "mlflow.db", MLFLOW))
    rows = [("x", 0.0, 1, 1), ("x", LARGEST, 2, 0), ("x", -LARGEST, 3, 0), ("x", 0.0, 4, 0), ("x", 1e308, 5, 0)]
    insert(path, "metrics", [(key, value, START, "a", step, nan) for key, value, step, nan in rows])
    (table,) = read_run(READER, path).tables
    found = table["x"].to_list()
    assert math.isnan(found[0])
    assert found[1:] == [math.inf, -math.inf, 0.0, 1e308]


def test_several_values_of_one_step_are_all_kept(tmp_path: Path) -> None:
    path = mlflow_run(database(tmp_path / "mlflow.db", MLFLOW), rows=[("x", 1.0, 5), ("x", 2.0, 5), ("y", 3.0, 5)])
    (table,) = read_run(READER, path).tables
    assert table.select("step", "x", "y").rows() == [(5, 1.0, 3.0), (5, 2.0, None)]


def test_a_run_that_went_back_keeps_the_order_of_logging(tmp_path: Path) -> None:
    rows = [("x", 1.0, 1), ("x", 2.0, 2), ("x", 3.0, 1), ("x", 4.0, 2)]
    (table,) = read_run(READER, mlflow_run(database(tmp_path / "mlflow.db", MLFLOW), rows=rows)).tables
    assert table.select("step", "x").rows() == [(1, 1.0), (2, 2.0), (1, 3.0), (2, 4.0)]


def test_metrics_of_other_steps_are_in_other_tables(tmp_path: Path) -> None:
    rows = [(key, float(n), n) for n in range(2000) for key in ("train", "loss")]
    rows += [(f"eval/{k}", 1.0, step) for step in (10_000, 20_000) for k in range(4)]
    tables = read_run(READER, mlflow_run(database(tmp_path / "mlflow.db", MLFLOW), rows=rows)).tables
    assert {tuple(table.columns[2:]): table.height for table in tables} == {
        ("loss", "train"): 2000,
        ("eval/0", "eval/1", "eval/2", "eval/3"): 2,
    }


def test_steps_that_were_not_given_are_counted_for_each_metric(tmp_path: Path) -> None:
    rows = [("a", 1.0, 0), ("b", 2.0, 0), ("a", 3.0, 0), ("system/cpu", 9.0, 7), ("a", 4.0, 0), ("b", 5.0, 0)]
    chunk = read_run(READER, mlflow_run(database(tmp_path / "mlflow.db", MLFLOW), rows=rows))
    assert values(chunk) == {
        "a": [[0, "1.0"], [1, "3.0"], [2, "4.0"]],
        "b": [[0, "2.0"], [1, "5.0"]],
        "system/cpu": [[7, "9.0"]],
    }
    assert [issue.severity for issue in chunk.issues] == ["note"]


def test_one_value_a_metric_stands_at_the_step_it_was_given(tmp_path: Path) -> None:
    chunk = read_run(READER, mlflow_run(database(tmp_path / "mlflow.db", MLFLOW), rows=[("a", 1.0, 0), ("b", 2.0, 0)]))
    assert (values(chunk), chunk.issues) == ({"a": [[0, "1.0"]], "b": [[0, "2.0"]]}, ())


def test_steps_that_a_float_does_not_hold(tmp_path: Path) -> None:
    rows = [("x", 1.0, 2**53 + 1), ("x", 2.0, -5), ("x", 3.0, 2**63 - 1)]
    (table,) = read_run(READER, mlflow_run(database(tmp_path / "mlflow.db", MLFLOW), rows=rows)).tables
    assert table["step"].to_list() == [2**53 + 1, -5, 2**63 - 1]


@pytest.mark.parametrize("timestamp", [0, -1, 1_700_000_000, 2**62])
def test_a_time_that_is_none_in_milliseconds_is_left_out(tmp_path: Path, timestamp: int) -> None:
    path = mlflow_run(database(tmp_path / "mlflow.db", MLFLOW))
    insert(path, "metrics", [("x", 1.0, timestamp, "a", 1, 0)])
    (table,) = read_run(READER, path).tables
    assert table.rows() == [(1, None, 1.0)]
    assert claims(READER, path)["a"].version is not None


def test_any_order_of_logging_gives_what_a_plain_query_gives(tmp_path: Path) -> None:
    rng = random.Random(0)
    path = database(tmp_path / "mlflow.db", MLFLOW)
    insert(path, "runs", [(run, run, "RUNNING", START, None, "active", 0) for run in "ab"])
    rows = [
        (rng.choice("xyz"), rng.random(), START + rng.randrange(50), rng.choice("ab"), rng.randrange(6), 0)
        for _ in range(800)
    ]
    insert(path, "metrics", rows)
    for run in "ab":
        expected: dict[str, list[list[Any]]] = {}
        for key, value, _, of, step, _ in rows:
            if of == run:
                expected.setdefault(key, []).append([step, str(value)])
        found: dict[str, list[list[Any]]] = {}
        for table in read_run(READER, path, run).tables:
            for key in table.columns[2:]:
                kept = table.select("step", key).drop_nulls().rows()
                found.setdefault(key, []).extend([step, str(value)] for step, value in kept)
        assert found == expected


# --- bad input


def test_rows_that_hold_no_numbers_are_left_out(tmp_path: Path) -> None:
    path = mlflow_run(database(tmp_path / "mlflow.db", MLFLOW), rows=[("x", 1.5, 1)])
    odd: list[tuple[Any, ...]] = [
        ("x", "text", START, "a", 2, 0),
        ("x", b"blob", START, "a", 3, 0),
        ("x", 1.0, START, "a", "text", 0),
        ("x", 1.0, START, "a", 2.5, 0),
        ("x", 1.0, "text", "a", 4, 0),
        (b"\xff", 1.0, START, "a", 5, 0),
    ]
    insert(path, "metrics", odd)
    chunk = read_run(READER, path)
    assert values(chunk) == {"x": [[1, "1.5"]]}
    (issue,) = chunk.issues
    assert (issue.place, issue.severity) == ("table metrics", "warning")
    assert "6 rows" in issue.message


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    path = mlflow_run(database(tmp_path / "mlflow.db", MLFLOW))
    execute(path, "INSERT INTO params VALUES (CAST(x'6cff72' AS TEXT), CAST(x'ff' AS TEXT), 'a')")
    execute(path, "INSERT INTO metrics VALUES (CAST(x'6dff' AS TEXT), 1.0, 1, 'a', 1, 0)")
    chunk = read_run(READER, path)
    assert chunk.config == {"l\ufffdr": "\ufffd"}
    assert [len(table.columns) for table in chunk.tables] == [3]


@pytest.mark.parametrize("table", ["experiments", "runs", "metrics", "params", "tags"])
def test_a_database_without_one_of_the_tables_is_anothers(tmp_path: Path, table: str) -> None:
    path = mlflow_run(database(tmp_path / "mlflow.db", MLFLOW))
    execute(path, f"DROP TABLE {table}")
    assert claims(READER, path) == {}


def test_a_database_with_other_columns_is_anothers(tmp_path: Path) -> None:
    path = database(tmp_path / "mlflow.db", MLFLOW)
    execute(path, "ALTER TABLE metrics RENAME COLUMN key TO name")
    assert claims(READER, path) == {}


def test_views_of_the_right_names_are_not_taken(tmp_path: Path) -> None:
    path = database(tmp_path / "mlflow.db", MLFLOW)
    execute(path, "DROP TABLE metrics")
    execute(
        path,
        "CREATE VIEW metrics AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        " SELECT 'x' key, 1.0 value, 1 timestamp, 'a' run_uuid, i step, 0 is_nan FROM n",
    )
    assert claims(READER, path) == {}


def test_the_oldest_tables_know_no_step(tmp_path: Path) -> None:
    schema = MLFLOW.replace("step BIGINT DEFAULT '0' NOT NULL, is_nan BOOLEAN DEFAULT '0' NOT NULL,", "").replace(
        "(key, timestamp, step, run_uuid, value, is_nan)", "(key, timestamp, run_uuid, value)"
    )
    path = mlflow_run(database(tmp_path / "mlflow.db", schema))
    insert(path, "metrics", [("x", value, START + value, "a") for value in (5, 6)])
    assert values(read_run(READER, path)) == {"x": [[0, "5.0"], [1, "6.0"]]}


@pytest.mark.parametrize("data", [b"", b"\0" * 100, b"no database at all", bytes(range(256)) * 50])
def test_rubbish_under_mlflows_name_is_told(tmp_path: Path, data: bytes) -> None:
    path = written(tmp_path / "mlflow.db", data).path
    found = claims(READER, path)
    if not data:
        assert found == {}
        return
    assert [claim.tentative for claim in found.values()] == [True]
    (issue,) = read(log_file(path), None).issues
    assert (issue.severity, issue.path) == ("error", "mlflow.db")
    assert "Expected MLflow's SQLite database" in issue.message
    assert claims(READER, written(tmp_path / "other.db", data).path) == {}


def test_rubbish_is_an_issue_of_the_log_folder(tmp_path: Path) -> None:
    written(tmp_path / "logs" / "mlflow.db", b"no database at all")
    runs = rlc.open_runs(tmp_path / "logs", cache=tmp_path / "cache")
    assert len(runs.ids) == 0
    assert "SQLite says" in runs.issues()["message"][0]


def test_a_database_cut_anywhere(tmp_path: Path) -> None:
    """Whatever is left of it gives issues or values that were logged."""
    path, expected = golden("v3")
    data = path.read_bytes()
    logged = {run: expected_values(told) for run, told in expected.items() if told["name"] != "no steps"}
    for n, cut in enumerate(range(0, len(data), 1500)):
        copy = written(tmp_path / f"{n}" / "mlflow.db", data[:cut]).path
        claims(READER, copy)
        for run, right in logged.items():
            try:
                chunk = read_run(READER, copy, run)
            except OSError:
                continue
            assert chunk.issues or values(chunk) == right


def test_a_database_with_damaged_pages(tmp_path: Path) -> None:
    rng = random.Random(1)
    path, expected = golden("v1")
    data = path.read_bytes()
    for n in range(60):
        broken = bytearray(data)
        for _ in range(rng.choice((1, 30, 1000))):
            broken[rng.randrange(16, len(data))] = rng.randrange(256)
        copy = written(tmp_path / f"{n}" / "mlflow.db", bytes(broken)).path
        claims(READER, copy)
        for run in expected:
            try:
                chunk = read_run(READER, copy, run)
            except OSError:
                continue
            assert all(table.schema["step"] == pl.Int64 for table in chunk.tables)


def test_a_run_that_is_gone_by_the_time_it_is_read(tmp_path: Path) -> None:
    path = mlflow_run(database(tmp_path / "mlflow.db", MLFLOW))
    chunk = read_run(READER, path, "gone")
    assert (chunk.tables, chunk.config, chunk.issues, chunk.finished) == ((), {}, (), False)


def test_a_locked_database_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.02)
    path = mlflow_run(database(tmp_path / "logs" / "mlflow.db", MLFLOW), rows=[("x", 1.0, 1)])
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        runs = rlc.open_runs(path.parent, cache=tmp_path / "cache")
        assert "locked" in runs.issues()["message"][0]
    runs = rlc.open_runs(path.parent, cache=tmp_path / "cache")
    assert runs.ids == ("mlflow.db/a",)
    assert runs.issues().height == 0


def test_a_packed_database_is_declined(tmp_path: Path) -> None:
    path = mlflow_run(database(tmp_path / "mlflow.db", MLFLOW))
    file = log_file(path)
    assert READER.claim(replace(file, path=tmp_path / "mlflow.db.gz"), folder_of_nothing()) is None
    assert READER.claim(replace(file, earlier=(path,)), folder_of_nothing()) is None


def folder_of_nothing() -> Any:
    """The reader looks at no folder."""
    return None


# --- many rows


def test_a_million_rows(tmp_path: Path) -> None:
    path = mlflow_run(database(tmp_path / "mlflow.db", MLFLOW.replace("CREATE INDEX", "-- "), journal="off"))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(
            "INSERT INTO metrics WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999999)"
            " SELECT 'metric ' || (i % 20), i * 0.5, ? + i / 20, 'a', i / 20, 0 FROM n",
            (START,),
        )
    began = time.monotonic()
    (table,) = read(run_file(path), None).tables
    assert time.monotonic() - began < 20
    assert table.shape == (50_000, 22)
    assert table["step"].to_list() == list(range(50_000))
    for k in (0, 7, 19):
        assert table[f"metric {k}"].to_list() == [(20 * n + k) * 0.5 for n in range(50_000)]
