"""What a selection of runs answers."""

from __future__ import annotations

import os
import time
from pathlib import Path

import polars as pl
import pytest

import rlcompare as rlc
from rlcompare import schema
from rlcompare.errors import UnknownMetricError, UnknownRunError
from tests.logs import SHARED_DATA, needs_shared_data, rewards, write_verl


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    write_verl(tmp_path / "ppo-seed1.jsonl", [{"critic/score/mean": s / 10, "actor/lr": 1e-6} for s in range(100)])
    write_verl(tmp_path / "ppo-seed2.jsonl", [{"critic/score/mean": 0.5, "critic/rewards/mean": 0.25}])
    write_verl(tmp_path / "grpo.jsonl", [{"response_length/mean": 200.0}])
    return tmp_path


def test_the_frames_are_the_schema_s(logs: Path) -> None:
    runs = rlc.open_runs(logs)
    assert {k: v for k, v in runs.table().schema.items() if k in schema.RUNS} == schema.RUNS
    assert runs.curves("reward").schema == schema.CURVE
    assert runs.metrics().schema == schema.METRICS
    assert runs.config().schema == schema.CONFIG
    assert runs.issues().schema == schema.ISSUES
    assert runs.samples().schema == schema.SAMPLES


def test_the_table_says_where_each_run_stands(logs: Path) -> None:
    row = rlc.open_runs(logs).table().row(by_predicate=pl.col("run") == "ppo-seed1.jsonl", named=True)
    sparkline = row.pop("sparkline")
    now = time.time()
    assert now - 60 < row.pop("updated") <= now
    assert row == {
        "run": "ppo-seed1.jsonl",
        "name": "ppo-seed1",
        "framework": "verl",
        "source": "verl_jsonl",
        "started": None,
        "last_step": 100,
        "step_unit": "step",
        "n_records": 100,
        "status": "running",
        "seed": "1",
        "reward_key": "critic/score/mean",
        "last_reward": pytest.approx(9.9),
        "best_reward": pytest.approx(9.9),
    }
    assert len(sparkline) == 40
    assert sparkline[0] == pytest.approx(0.1)
    assert sparkline[-1] == pytest.approx(9.85)


def test_a_run_that_fell_silent_is_stopped_not_running(logs: Path) -> None:
    os.utime(logs / "grpo.jsonl", (1.7e9, 1.7e9))
    table = rlc.open_runs(logs).table()
    assert dict(table.select("run", "status").iter_rows())["grpo.jsonl"] == "stopped"


def test_a_canonical_name_shows_its_source_key(logs: Path) -> None:
    runs = rlc.open_runs(logs)
    assert runs.sources("reward").rows() == [
        ("ppo-seed1.jsonl", "critic/score/mean", "verl_jsonl", "step"),
        ("ppo-seed2.jsonl", "critic/score/mean", "verl_jsonl", "step"),
    ]
    assert rewards(runs)["ppo-seed2.jsonl"] == [(1, 0.5)]
    assert rewards(runs, "critic/rewards/mean")["ppo-seed2.jsonl"] == [(1, 0.25)]
    names = runs.metric_names()
    assert names.filter("canonical")["metric"].to_list() == ["reward", "response_length", "learning_rate"]
    assert names.row(by_predicate=pl.col("metric") == "reward") == ("reward", True, 2)


def test_several_metrics_come_one_after_another(logs: Path) -> None:
    curves = rlc.open_runs(logs).select(["ppo-seed2.jsonl", "grpo.jsonl"]).curves(["reward", "response_length"])
    assert curves.select("run", "metric", "step", "value").rows() == [
        ("ppo-seed2.jsonl", "reward", 1, 0.5),
        ("grpo.jsonl", "response_length", 1, 200.0),
    ]


def test_runs_are_chosen_by_id_or_pattern_in_the_order_asked(logs: Path) -> None:
    runs = rlc.open_runs(logs)
    assert runs.select("ppo-*").ids == ("ppo-seed1.jsonl", "ppo-seed2.jsonl")
    assert runs.select(["ppo-seed2.jsonl", "*"]).ids == ("ppo-seed2.jsonl", "grpo.jsonl", "ppo-seed1.jsonl")
    with pytest.raises(UnknownRunError, match=r"got 'ppo-seed3.jsonl'.*did you mean ppo-seed"):
        runs.select("ppo-seed3.jsonl")


def test_an_id_that_looks_like_a_pattern_is_an_id(tmp_path: Path) -> None:
    for name in ("a[1].jsonl", "a1.jsonl"):
        write_verl(tmp_path / name, [{"reward": 1.0}])
    assert rlc.open_runs(tmp_path).select("a[1].jsonl").ids == ("a[1].jsonl",)


def test_an_unknown_metric_names_its_neighbours(logs: Path) -> None:
    with pytest.raises(UnknownMetricError, match=r"got 'rewrd'.*did you mean reward"):
        rlc.open_runs(logs).curves("rewrd")


def test_a_run_without_the_metric_has_no_rows(logs: Path) -> None:
    assert rewards(rlc.open_runs(logs))["grpo.jsonl"] == []


def test_a_restart_in_one_file_is_one_history(tmp_path: Path) -> None:
    log = write_verl(tmp_path / "a.jsonl", [{"reward": float(i)} for i in range(1, 6)])
    write_verl(log, [{"reward": 10.0 * i} for i in range(3, 8)], mode="a", first_step=3)
    runs = rlc.open_runs(tmp_path)
    assert rewards(runs)["a.jsonl"] == [(1, 1.0), (2, 2.0), *((i, 10.0 * i) for i in range(3, 8))]
    row = runs.table().row(0, named=True)
    assert (row["last_step"], row["last_reward"], row["best_reward"]) == (7, 70.0, 70.0)


def test_what_a_restart_replaced_is_not_the_best(tmp_path: Path) -> None:
    log = write_verl(tmp_path / "a.jsonl", [{"reward": value} for value in (1.0, 2.0, 99.0)])
    write_verl(log, [{"reward": value} for value in (2.5, 3.0, 2.0)], mode="a", first_step=2)
    row = rlc.open_runs(tmp_path).table().row(0, named=True)
    assert (row["last_reward"], row["best_reward"], row["sparkline"]) == (2.0, 3.0, [1.0, 2.5, 3.0, 2.0])


def test_a_console_log_without_a_step_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "server.log").write_text("starting\nstopping\n")
    (tmp_path / "train.log").write_text("starting\nstep:1 - critic/score/mean:0.5\n")
    assert rewards(rlc.open_runs(tmp_path)) == {"train.log": [(1, 0.5)]}


def test_a_console_log_that_cannot_be_read_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_text("step:1 - critic/score/mean:0.5\n", encoding="utf-16")
    runs = rlc.open_runs(tmp_path)
    assert len(runs) == 0
    (issue,) = runs.issues().rows(named=True)
    assert (issue["file"], issue["severity"]) == ("train.log", "error")
    assert "the file is UTF-16" in issue["message"]


def test_only_config_that_differs_is_set_side_by_side(tmp_path: Path) -> None:
    for seed in (1, 2):
        write_verl(tmp_path / f"s{seed}" / "metrics.jsonl", [{"reward": 1.0}])
        (tmp_path / f"s{seed}" / "progress.csv").write_text("step,reward\n1,1\n")
        (tmp_path / f"s{seed}" / "config.json").write_text(f'{{"lr": 0.1, "optim": {{"seed": {seed}}}}}')
    runs = rlc.open_runs(tmp_path).select(["s1", "s2"])
    differences = runs.config_differences()
    assert differences.rows() == [("s1", "1"), ("s2", "2")]
    assert differences.columns == ["run", "optim.seed"]


def test_no_run_at_all(tmp_path: Path) -> None:
    runs = rlc.open_runs(tmp_path)
    assert len(runs) == 0
    assert runs.table().is_empty()
    assert runs.config_differences().columns == ["run"]
    with pytest.raises(UnknownMetricError):
        runs.curves("reward")


@needs_shared_data
def test_the_public_logs_are_listed_once_each() -> None:
    runs = rlc.open_runs(SHARED_DATA)
    table = runs.table()
    assert table["run"].is_unique().all()
    verl = table.filter(pl.col("run").str.contains("Unakar"))
    assert verl.select("framework", "last_step", "step_unit").rows() == [("verl", 60, "step")]
    steps = runs.select(verl["run"].to_list()).curves("reward")["step"]
    assert steps.unique().sort().to_list() == list(range(61))
    trl = table.filter(pl.col("run").str.contains("UnslothGRPO"))
    assert trl.select("framework", "n_records").rows() == [("TRL", 250)]
    zoo = table.filter(pl.col("run").str.contains("sb3-zoo"))
    assert zoo.height == 32
    assert zoo["seed"].null_count() == 0
    for run, seed in zoo.select("run", "seed").iter_rows():
        args = next((SHARED_DATA / run).glob("*/args.yml")).read_text()
        assert f"- - seed\n    - {seed}\n" in args
