"""The command line, as a shell user meets it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from rlcompare import schema
from rlcompare.cli import main
from tests.logs import write_verl
from tests.readers.tfevents_writer import Logged, log_of


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    write_verl(tmp_path / "a.jsonl", [{"critic/score/mean": float(s)} for s in range(1, 101)])
    write_verl(tmp_path / "b.jsonl", [{"critic/score/mean": 2.0, "odd": 1.0}])
    return tmp_path


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_runs_lists_each_run_in_three_forms(logs: Path) -> None:
    table = call("runs", logs)
    assert table.exit_code == 0
    assert [line.split()[0] for line in table.stdout.splitlines()] == ["run", "a.jsonl", "b.jsonl"]
    assert "verl" in table.stdout.splitlines()[1]
    frame = pl.read_csv(io.BytesIO(call("runs", logs, "--format", "csv").stdout_bytes))
    assert frame.select("run", "last_step", "n_records").rows() == [("a.jsonl", 100, 100), ("b.jsonl", 1, 1)]
    rows = json.loads(call("runs", logs, "--format", "json").stdout)
    assert [(row["run"], row["best_reward"]) for row in rows] == [("a.jsonl", 100.0), ("b.jsonl", 2.0)]


def test_metrics_names_the_source_key_and_the_canonical(logs: Path) -> None:
    rows = json.loads(call("metrics", logs, "--format", "json").stdout)
    assert [(row["run"], row["metric"], row["canonical"], row["n"]) for row in rows] == [
        ("a.jsonl", "critic/score/mean", "reward", 100),
        ("b.jsonl", "critic/score/mean", "reward", 1),
        ("b.jsonl", "odd", None, 1),
    ]


def test_curves_come_as_csv_in_run_then_file_order(logs: Path) -> None:
    done = call("curves", logs, "--metric", "reward")
    assert done.stdout.splitlines()[0] == "run,metric,step,wall_time,value"
    frame = pl.read_csv(io.BytesIO(done.stdout_bytes))
    assert frame.select("run", "step").rows() == [*(("a.jsonl", s) for s in range(1, 101)), ("b.jsonl", 1)]
    assert frame["value"].sum() == 5052.0


def test_curves_are_smoothed_before_they_are_thinned(logs: Path) -> None:
    done = call("curves", logs, "--metric", "reward", "--run", "a*", "--smooth", "mean:2", "--points", "33")
    values = dict(pl.read_csv(io.BytesIO(done.stdout_bytes)).select("step", "value").iter_rows())
    assert 3 <= len(values) <= 33
    assert values[1] == 1.0
    assert values[100] == 99.5, "the mean of the last two of all points"


def test_curves_write_parquet_to_a_file(logs: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.parquet"
    assert call("curves", logs, "--metric", "reward", "--format", "parquet", "-o", target).exit_code == 0
    assert pl.read_parquet(target).schema == schema.CURVE


def test_curves_show_restarts_as_asked(tmp_path: Path) -> None:
    log = write_verl(tmp_path / "a.jsonl", [{"reward": 1.0}, {"reward": 2.0}, {"reward": 3.0}])
    write_verl(log, [{"reward": 20.0}, {"reward": 30.0}], mode="a", first_step=2)

    def rows(*arguments: object) -> list[tuple[object, ...]]:
        done = call("curves", tmp_path, "--metric", "reward", *arguments)
        return pl.read_csv(io.BytesIO(done.stdout_bytes)).select("run", "step", "value").rows()

    assert rows() == [("a.jsonl", 1, 1.0), ("a.jsonl", 2, 20.0), ("a.jsonl", 3, 30.0)]
    every = [(1, 1.0), (2, 2.0), (3, 3.0), (2, 20.0), (3, 30.0)]
    assert rows("--restarts", "all", "--points", "11") == [("a.jsonl", *row) for row in every]
    assert rows("--restarts", "segments", "--smooth", "mean:2:axis") == [
        ("a.jsonl · history 1", 1, 1.0),
        ("a.jsonl · history 1", 2, 1.5),
        ("a.jsonl · history 1", 3, 2.5),
        ("a.jsonl · history 2", 2, 20.0),
        ("a.jsonl · history 2", 3, 25.0),
    ]


@pytest.mark.parametrize(
    ("workers", "expected"),
    [("mean", [3.0]), ("sum", [6.0]), ("min", [1.0]), ("max", [5.0]), ("each", [1.0, 5.0])],
)
def test_curves_put_workers_together_as_asked(tmp_path: Path, workers: str, expected: list[float]) -> None:
    for worker, value in enumerate((1.0, 5.0)):
        log = log_of([Logged("reward", 1, 100.0 + worker, value), Logged("loss", 2, 110.0 + worker, 0.0)])
        (tmp_path / f"events.out.tfevents.170000000{worker}.host.1.0").write_bytes(log)
    done = call("curves", tmp_path, "--metric", "reward", "--workers", workers)
    assert pl.read_csv(io.BytesIO(done.stdout_bytes))["value"].to_list() == expected


def test_a_formula_over_two_units_of_steps_has_no_curve(tmp_path: Path) -> None:
    (tmp_path / "0.monitor.csv").write_text('#{"t_start": 1.0, "env_id": "CartPole-v1"}\nr,l,t\n15.0,15,0.02\n')
    log = log_of([Logged("kl", 15, 1.02, 0.5)])
    (tmp_path / "events.out.tfevents.1700000000.host.1.0").write_bytes(log)
    done = call("curves", tmp_path, "--metric", "reward", "--metric", "kl", "--metric", "reward - kl")
    frame = pl.read_csv(io.BytesIO(done.stdout_bytes))
    assert frame.select("metric", "step", "value").rows() == [("reward", 15, 15.0), ("kl", 15, 0.5)]
    assert done.stderr.startswith("rlcompare: reward - kl: left out, as they count its metrics' steps in different")


def test_json_stays_json_when_a_value_is_not_a_number(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("step,reward\n1,nan\n2,inf\n3,0.5\n")
    rows = json.loads(
        call("curves", tmp_path, "--metric", "reward", "--format", "json").stdout,
        parse_constant=lambda token: pytest.fail(f"bare {token}"),
    )
    assert [row["value"] for row in rows] == ["nan", "inf", 0.5]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["runs", "nowhere"], 1, "Expected a folder of logs at 'nowhere'"),
        (["curves", "LOGS", "--metric", "rewrd"], 1, "did you mean reward"),
        (["curves", "LOGS", "--metric", "reward", "--run", "zzz"], 1, "got 'zzz'"),
        (["curves", "LOGS", "--metric", "reward", "--smooth", "ema:2"], 1, "got 2"),
        (["curves", "LOGS"], 2, "Missing option '--metric'"),
        (["runs"], 2, "Missing argument 'DIR...'"),
        (["curves", "LOGS", "--metric", "reward", "--points", "0"], 2, "0 is not in the range"),
        (["curves", "LOGS", "--metric", "reward", "--points", "10"], 2, "10 is not in the range"),
        (["curves", "LOGS", "--metric", "reward", "--restarts", "first"], 2, "'first' is not one of 'later'"),
    ],
)
def test_errors_go_to_standard_error_with_a_status(logs: Path, arguments: list[str], status: int, message: str) -> None:
    done = call(*(logs if argument == "LOGS" else argument for argument in arguments))
    assert (done.exit_code, done.stdout) == (status, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_issues_are_told_beside_the_result(logs: Path) -> None:
    with (logs / "b.jsonl").open("a") as stream:
        stream.write("rubbish\n")
    done = call("ingest", logs)
    assert done.stdout == "2 runs, 101 records ready.\n"
    assert "b.jsonl line 2" in done.stderr


def test_a_run_s_name_cannot_command_the_terminal(tmp_path: Path) -> None:
    write_verl(tmp_path / "a\x1b[31m\nb.jsonl", [{"reward": 1.0}])
    done = call("runs", tmp_path)
    assert "\x1b" not in done.stdout
    assert len(done.stdout.splitlines()) == 2


def test_a_closed_pipe_is_no_traceback(logs: Path) -> None:
    command = f'"{sys.executable}" -m rlcompare.cli curves "{logs}" --metric reward | head -n 1'
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stdout == "run,metric,step,wall_time,value\n"
    assert "Traceback" not in done.stderr


def test_a_formula_is_a_metric_of_its_own(logs: Path) -> None:
    done = call("curves", logs, "--metric", "reward - odd / 2", "--metric", "odd")
    frame = pl.read_csv(io.BytesIO(done.stdout_bytes))
    assert frame.select("run", "metric", "step", "value").rows() == [
        ("b.jsonl", "reward - odd / 2", 1, 1.5),
        ("b.jsonl", "odd", 1, 1.0),
    ]
    wrong = call("curves", logs, "--metric", "reward - (odd")
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert "Expected `)`" in wrong.stderr
