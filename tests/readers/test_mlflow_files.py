from __future__ import annotations

import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcompare as rlc
from rlcompare.readers.base import Chunk, Claim
from rlcompare.readers.mlflow_files import read
from rlcompare.store.discovery import discover
from tests.readers.files import GOLDEN, log_file, one_table, written

VERSIONS = ("v1", "v3")
RUN = "0123456789abcdef0123456789abcdef"


def store(root: Path, *, run: str = RUN, meta: str = "", experiment: str = "name: grid\n") -> Path:
    """The folder of a run as MLflow lays it out."""
    folder = root / "mlruns" / "1" / run
    for name in ("metrics", "params", "tags", "artifacts"):
        (folder / name).mkdir(parents=True)
    (folder / "meta.yaml").write_text(meta or f"run_id: {run}\nrun_name: ppo\nlifecycle_stage: active\nstatus: 3\n")
    (folder.parent / "meta.yaml").write_text(experiment)
    return folder


def log(folder: Path, key: str, lines: str | bytes) -> Path:
    path = folder / "metrics" / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lines if isinstance(lines, bytes) else lines.encode())
    return path


def rows(chunk: Chunk) -> list[tuple[Any, ...]]:
    return one_table(chunk).rows()


def read_lines(tmp_path: Path, lines: str | bytes, key: str = "loss") -> Chunk:
    folder = tmp_path / "mlruns" / "1" / RUN
    return read(log_file(log(folder if folder.exists() else store(tmp_path), key, lines), tmp_path), None)


# --- what MLflow's client says


def golden(version: str) -> tuple[Path, dict[str, Any]]:
    folder = GOLDEN / "mlflow_files" / version
    return folder, json.loads((folder / "expected.json").read_text())


@pytest.mark.parametrize("version", VERSIONS)
def test_golden_runs(version: str) -> None:
    folder, expected = golden(version)
    found = {run.place.name: run for run in discover([folder]).runs}
    assert {run: one.name for run, one in found.items()} == {
        run: f"mlruns/grid/world/{told['name']}" for run, told in expected.items()
    }
    for run, told in expected.items():
        metrics = {str(source.file.relative).split("/metrics/")[-1] for source in found[run].sources}
        assert metrics == {*told["metrics"], f"mlruns/{found[run].place.parent.name}/{run}/meta.yaml"}


@pytest.mark.parametrize("version", VERSIONS)
def test_golden_values(version: str) -> None:
    folder, expected = golden(version)
    for run, told in expected.items():
        (place,) = folder.glob(f"mlruns/*/{run}")
        for key, metric in told["metrics"].items():
            chunk = read(log_file(place / "metrics" / key, folder), None)
            (table,) = chunk.tables
            assert table.columns == ["step", "wall_time", key]
            assert table["wall_time"].to_list() == [time / 1000 for time, _, _ in metric]
            assert list(map(str, table[key])) == [value for _, _, value in metric]
            steps = [step for _, step, _ in metric]
            if (told["name"], key) == ("no steps", "loss"):
                assert table["step"].to_list() == [0, 1, 2, 3]
                assert [issue.severity for issue in chunk.issues] == ["note"]
            elif key == "on_data":
                # The line has the step; MLflow's client reads it as 0 where a data set's name follows.
                assert (table["step"].to_list(), steps) == ([3], [0])
            else:
                assert (table["step"].to_list(), chunk.issues) == (steps, ())


@pytest.mark.parametrize("version", VERSIONS)
def test_golden_settings(version: str) -> None:
    folder, expected = golden(version)
    for run, told in expected.items():
        (place,) = folder.glob(f"mlruns/*/{run}")
        chunk = read(log_file(place / "meta.yaml", folder), None)
        assert told["params"].items() <= chunk.config.items()
        assert chunk.config["mlflow.runName"] == told["name"]
        assert "mlflow.user" not in chunk.config
        assert chunk.config.get("tags.team") == ("rl" if told["name"] == "ppo-1" else None)
        assert chunk.finished == (told["status"] == "FINISHED")
        assert (chunk.tables, chunk.issues) == ((), ())


def test_through_the_whole_project(tmp_path: Path) -> None:
    folder, _ = golden("v3")
    shutil.copytree(folder / "mlruns", tmp_path / "mlruns")
    runs = rlc.open_runs(tmp_path, cache=tmp_path / "cache")
    table = {row["name"]: row for row in runs.table().rows(named=True)}
    assert set(table) == {f"mlruns/grid/world/{name}" for name in ("ppo-1", "odd values", "no steps")}
    row = table["mlruns/grid/world/ppo-1"]
    told = (row["source"], row["last_step"], row["status"], row["seed"], row["started"])
    assert told == ("mlflow_files", 5, "finished", "7", 1_700_000_001.0)
    (run,) = runs.select([row["run"]]).ids
    chosen = runs.select([run])
    assert chosen.curves("reward").select("step", "value").rows() == [(n, 1.5 * n) for n in range(1, 6)]
    assert set(chosen.metrics()["metric"]) == {
        *("reward", "train/loss", "eval_reward"),
        "system/cpu_utilization_percentage",
    }
    assert dict(chosen.config().select("key", "value").rows())["env/id"] == "CartPole-v1"


# --- which files are whose


def test_nothing_but_metrics_and_settings_is_a_log(tmp_path: Path) -> None:
    folder = store(tmp_path)
    log(folder, "loss", "1700000000000 0.5 1\n")
    for place in ("artifacts/progress.csv", "artifacts/model/run.jsonl", "params/config.csv", "tags/a.jsonl"):
        path = folder / place
        path.parent.mkdir(exist_ok=True)
        path.write_text("step,loss\n1,0.5\n" if path.suffix == ".csv" else '{"step": 1, "loss": 0.5}\n')
    (run,) = discover([tmp_path]).runs
    names = [str(source.file.relative.relative_to(f"mlruns/1/{RUN}")) for source in run.sources]
    assert names == ["meta.yaml", "metrics/loss"]


def test_artifacts_of_a_run_in_a_database_are_no_logs(tmp_path: Path) -> None:
    """Such a run's folder has no ``meta.yaml``."""
    table = "step,loss\n1,0.5\n"
    for place in (f"mlruns/1/{RUN}/artifacts/a.csv", f"mlruns/1/models/m-{RUN}/artifacts/b.csv"):
        written(tmp_path / place, table.encode())
    assert discover([tmp_path]).runs == ()
    written(tmp_path / "artifacts" / "c.csv", table.encode())
    assert [run.id for run in discover([tmp_path]).runs] == ["artifacts/c.csv"]


def test_a_run_made_up_within_the_artifacts_of_another(tmp_path: Path) -> None:
    folder = store(tmp_path)
    inner = store(folder / "artifacts")
    log(inner, "loss", "1700000000000 0.5 1\n")
    (run,) = discover([tmp_path]).runs
    assert run.id == f"mlruns/1/{RUN}"
    assert [source.file.name for source in run.sources] == ["meta.yaml"]


def test_deleted_runs_and_logged_models_are_left_out(tmp_path: Path) -> None:
    deleted = store(tmp_path / "a", meta=f"run_id: {RUN}\nlifecycle_stage: deleted\n")
    log(deleted, "loss", "1700000000000 0.5 1\n")
    model = store(tmp_path / "b", meta="model_id: m-1\nlifecycle_stage: active\n")
    log(model, "loss", f"1700000000000 0.5 1 {RUN}\n")
    assert discover([tmp_path]).runs == ()


@pytest.mark.parametrize(("below", "name"), [("", "mlruns/grid/ppo"), ("mlruns", "grid/ppo"), ("mlruns/1", "grid/ppo")])
def test_names_from_wherever_one_looks(tmp_path: Path, below: str, name: str) -> None:
    log(store(tmp_path), "loss", "1700000000000 0.5 1\n")
    (run,) = discover([tmp_path / below]).runs
    assert run.name == name


def test_a_run_by_itself(tmp_path: Path) -> None:
    folder = store(tmp_path)
    log(folder, "loss", "1700000000000 0.5 1\n")
    runs = rlc.open_runs(folder, cache=tmp_path / "cache")
    assert runs.table().select("run", "name").rows() == [(RUN, "grid/ppo")]
    assert runs.metrics()["metric"].to_list() == ["loss"]


def test_older_runs_have_their_name_in_a_tag(tmp_path: Path) -> None:
    folder = store(tmp_path, meta=f"run_uuid: {RUN}\nname: ''\nstatus: 1\n", experiment="[not a mapping")
    (folder / "tags" / "mlflow.runName").write_text("old/../name")
    (run,) = discover([tmp_path]).runs
    assert run.name == "mlruns/1/old/name"


@pytest.mark.parametrize("meta", [b"", b"\xff\xfe\x00", b"{" * 200, b"a: b: c", b"run_id: [1, 2", b"- 1\n"])
def test_metrics_beside_a_damaged_meta_are_read(tmp_path: Path, meta: bytes) -> None:
    folder = store(tmp_path)
    (folder / "meta.yaml").write_bytes(meta)
    log(folder, "loss", "1700000000000 0.5 1\n")
    runs = rlc.open_runs(tmp_path, cache=tmp_path / "cache")
    assert runs.metrics()["metric"].to_list() == ["loss"]
    assert runs.table()["status"].to_list() != ["finished"]


def test_settings_that_come_later_are_read(tmp_path: Path) -> None:
    folder = store(tmp_path / "logs", meta=f"run_id: {RUN}\nstatus: 1\n")
    log(folder, "loss", "1700000000000 0.5 1\n")
    runs = rlc.open_runs(tmp_path / "logs", cache=tmp_path / "cache")
    assert runs.config().height == 0
    (folder / "params" / "seed").write_text("11")
    os.utime(folder / "params", ns=(10**18, 10**18))
    runs = rlc.open_runs(tmp_path / "logs", cache=tmp_path / "cache")
    assert runs.table()["seed"].to_list() == ["11"]


def test_keys_are_paths_whatever_they_hold(tmp_path: Path) -> None:
    folder = store(tmp_path)
    keys = ["metrics/metrics/x", "a b/c:d", "{}", "step", "ü 猫", "params", "meta.yaml", "loss.csv", "train.log.1"]
    for n, key in enumerate(keys):
        log(folder, key, f"1700000000000 {n}.5 1\n")
    log(folder, os.fsdecode(b"caf\xe9"), "1700000000000 9.5 1\n")
    runs = rlc.open_runs(tmp_path, cache=tmp_path / "cache")
    found = {row["metric"]: row["last"] for row in runs.metrics().rows(named=True)}
    names = ["metrics/metrics/x", "a b/c:d", "{}", "step (logged)", "ü 猫", "params", "meta.yaml", "loss.csv"]
    assert found == {name: n + 0.5 for n, name in enumerate(names)} | {"train.log": 8.5, "caf\\xe9": 9.5}


# --- lines


def test_the_oldest_lines_have_no_step(tmp_path: Path) -> None:
    chunk = read_lines(tmp_path, "1700000000000 0.5\n1700000001000 0.25\n")
    assert rows(chunk) == [(0, 1_700_000_000.0, 0.5), (1, 1_700_000_001.0, 0.25)]


def test_a_data_set_behind_the_step(tmp_path: Path) -> None:
    chunk = read_lines(tmp_path, "1700000000000 0.5 7 half c0ffee\n1700000000000 0.5 8 two words c0ffee\n")
    assert [row[0] for row in rows(chunk)] == [7, 8]


def test_several_records_of_one_step_are_kept(tmp_path: Path) -> None:
    assert [row[::2] for row in rows(read_lines(tmp_path, "1 1.0 5\n2 2.0 5\n3 3.0 4\n"))] == [
        (5, 1.0),
        (5, 2.0),
        (4, 3.0),
    ]


def test_what_is_not_finite(tmp_path: Path) -> None:
    found = [row[2] for row in rows(read_lines(tmp_path, "1 nan 1\n1 inf 2\n1 -inf 3\n1 1e400 4\n"))]
    assert math.isnan(found[0])
    assert found[1:] == [math.inf, -math.inf, math.inf]


def test_times_that_are_none_in_milliseconds(tmp_path: Path) -> None:
    assert [row[1] for row in rows(read_lines(tmp_path, "0 1.0 1\n1700000000 1.0 2\n1700000000000 1.0 3\n"))] == [
        None,
        None,
        1_700_000_000.0,
    ]


@pytest.mark.parametrize(
    "line",
    [
        "rubbish",
        "1 2",
        "x 1.0 1",
        "1 x 1",
        "1 1.0 x",
        "1 1.0 1.5",
        f"1 1.0 {2**63}",
        f"{10**30} 1.0 1",
        "\ufffd\0\0",
        "1",
    ],
)
def test_a_bad_line_costs_that_line(tmp_path: Path, line: str) -> None:
    chunk = read_lines(tmp_path, f"1 0.5 1\n{line}\n\n1 0.25 3\n")
    if line == "1 2":
        assert [row[0] for row in rows(chunk)] == [1, 0, 3]
        return
    assert [row[::2] for row in rows(chunk)] == [(1, 0.5), (3, 0.25)]
    (issue,) = chunk.issues
    assert issue.place == "line 2"
    assert "Expected `time value step`" in issue.message


def test_lines_of_windows(tmp_path: Path) -> None:
    assert [row[::2] for row in rows(read_lines(tmp_path, "1 0.5 1\r\n1 0.25 2\r\n"))] == [(1, 0.5), (2, 0.25)]


def test_empty_file(tmp_path: Path) -> None:
    chunk = read_lines(tmp_path, "")
    assert (chunk.tables, chunk.issues, chunk.pending) == ((), (), None)


@pytest.mark.parametrize("data", [bytes(range(256)) * 20, b"\0" * 5000 + b"\n", "1 0.5 1\n".encode("utf-16")])
def test_rubbish_gives_issues(tmp_path: Path, data: bytes) -> None:
    chunk = read_lines(tmp_path, data)
    assert chunk.tables == ()
    assert chunk.issues or chunk.pending


def test_a_huge_line(tmp_path: Path) -> None:
    chunk = read_lines(tmp_path, "1 0.5 1\n" + "9" * 3_000_000 + "\n1 0.25 2\n")
    assert [row[::2] for row in rows(chunk)] == [(1, 0.5), (2, 0.25)]
    assert len(chunk.issues[0].message) < 200


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_prefix_of_the_file_gives_a_prefix_of_the_rows(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    number = st.floats(width=32)
    logged = data.draw(st.lists(st.tuples(number, st.integers(1, 2**62)), max_size=12))
    lines = "".join(f"{1_700_000_000_000 + n} {value} {step}\n" for n, (value, step) in enumerate(logged))
    lines += data.draw(st.sampled_from(["", "rubbish\n", "1 2 3 4 5 6\n"]))
    tmp_path = tmp_path_factory.mktemp("files")
    whole = rows(read_lines(tmp_path, lines))
    assert [(step, str(value)) for step, _, value in whole[: len(logged)]] == [(s, str(v)) for v, s in logged]
    cut = data.draw(st.integers(0, len(lines)))
    chunk = read_lines(tmp_path, lines[:cut])
    n = lines[:cut].count("\n")
    assert str(rows(chunk)) == str(whole[: min(n, len(whole))])
    assert (chunk.pending is not None) == bool(lines[:cut].rpartition("\n")[2].strip())


def test_a_million_lines(tmp_path: Path) -> None:
    lines = "".join(f"{1_700_000_000_000 + n} {n / 2} {n}\n" for n in range(1_000_000))
    (table,) = read_lines(tmp_path, lines).tables
    assert table.height == 1_000_000
    assert table["loss"].sum() == 1_000_000 * 999_999 / 4


def test_settings_that_are_odd(tmp_path: Path) -> None:
    folder = store(tmp_path)
    (folder / "params" / "long").write_text("x" * 100_000)
    (folder / "params" / "bytes").write_bytes(b"\xff")
    (folder / "params" / "link").symlink_to("/etc/hostname")
    (folder / "params" / "empty").write_text("")
    config = read(log_file(folder / "meta.yaml", tmp_path), None).config
    assert config == {"long": "x" * 65_536, "bytes": "\ufffd", "empty": ""}


def test_a_run_that_is_gone(tmp_path: Path) -> None:
    folder = store(tmp_path)
    file = log_file(log(folder, "loss", "1 0.5 1\n"), tmp_path)
    shutil.rmtree(folder)
    with pytest.raises(OSError, match="No such file"):
        read(file, None)


def test_the_claim_names_no_file_of_its_own() -> None:
    """All metrics of a run are one stream: none is taken for another spelling of another."""
    folder, expected = golden("v3")
    for found in discover([folder]).runs:
        assert {source.rename for source in found.sources} == {Claim(found.sources[0].file.relative).rename}
    assert expected
