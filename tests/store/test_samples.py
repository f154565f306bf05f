"""Stored samples, and the metrics that are made of them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import polars as pl
import pytest

import rlcompare as rlc
from rlcompare.metrics import framework_of
from rlcompare.store.ingest import PARTS_KEPT
from rlcompare.store.samples import means_per_step
from tests.logs import write_rollouts, write_verl


def values(runs: rlc.Runs, metric: str) -> list[tuple[int, float]]:
    return runs.curves(metric).select("step", "value").rows()


def test_means_per_step_and_split(tmp_path: Path) -> None:
    write_rollouts(tmp_path / "run" / "rollouts" / "2.jsonl", [1.0, 0.0, 0.5], acc=True)
    write_rollouts(tmp_path / "run" / "rollouts" / "10.jsonl", [1.0], acc=0, response_length=7)
    write_rollouts(tmp_path / "run" / "val" / "2.jsonl", [0.25, 0.75])
    runs = rlc.open_runs(tmp_path)
    assert runs.ids == ("run",)
    assert values(runs, "samples/reward/mean") == [(2, 0.5), (10, 1.0)]
    assert values(runs, "samples/response_characters/mean") == [(2, 1.0)]
    assert values(runs, "samples/response_length/mean") == [(10, 7.0)]
    assert values(runs, "samples/correct_share") == [(2, 1.0), (10, 0.0)]
    assert values(runs, "samples/validation/reward/mean") == [(2, 0.5)]
    assert values(runs, "samples/validation/response_characters/mean") == [(2, 0.5)]
    assert "samples/validation/correct_share" not in runs.metrics()["metric"].to_list()
    assert values(runs, "reward") == [(2, 0.5), (10, 1.0)]
    assert values(runs, "response_length") == [(10, 7.0)]
    assert values(runs, "validation_score") == [(2, 0.5)]
    (row,) = runs.table().rows(named=True)
    assert (row["n_records"], row["last_step"], row["step_unit"], row["last_reward"]) == (2, 10, "step", 1.0)


def test_a_step_s_mean_is_of_all_its_samples_however_late(tmp_path: Path) -> None:
    path = write_rollouts(tmp_path / "run" / "rollouts" / "1.jsonl", [1.0])
    assert values(rlc.open_runs(tmp_path), "reward") == [(1, 1.0)]
    write_rollouts(path, [0.0, 0.0, 0.0], mode="a")
    assert values(rlc.open_runs(tmp_path), "reward") == [(1, 0.25)]


def test_a_reward_of_nan_is_not_hidden(tmp_path: Path) -> None:
    write_rollouts(tmp_path / "run" / "rollouts" / "1.jsonl", [1.0, math.nan])
    write_rollouts(tmp_path / "run" / "rollouts" / "2.jsonl", [1.0, math.inf])
    found = dict(values(rlc.open_runs(tmp_path), "reward"))
    assert math.isnan(found[1])
    assert found[2] == math.inf


def test_a_metric_of_the_trainer_s_own_comes_first(tmp_path: Path) -> None:
    write_verl(tmp_path / "run" / "log.jsonl", [{"critic/rewards/mean": 0.125}])
    write_rollouts(tmp_path / "run" / "rollouts" / "1.jsonl", [1.0])
    runs = rlc.open_runs(tmp_path)
    assert values(runs, "reward") == [(1, 0.125)]
    assert values(runs, "samples/reward/mean") == [(1, 1.0)]
    assert runs.table()["n_records"].to_list() == [1]


def test_episodes_of_environments_have_no_means(tmp_path: Path) -> None:
    (tmp_path / "0.monitor.csv").write_text('#{"t_start": 1.0, "env_id": "CartPole-v1"}\nr,l,t\n1.0,5,0.1\n')
    runs = rlc.open_runs(tmp_path)
    assert runs.samples().height == 1
    assert not runs.metrics()["metric"].str.starts_with("samples/").any()


def test_a_run_without_samples_has_none() -> None:
    assert means_per_step("", []) is None


def test_many_small_appends_do_not_leave_many_files(tmp_path: Path, own_cache: Path) -> None:
    path = tmp_path / "run" / "rollouts" / "1.jsonl"
    for number in range(2 * PARTS_KEPT + 3):
        write_rollouts(path, [float(number)], mode="a")
        runs = rlc.open_runs(tmp_path)
    assert runs.samples()["reward"].to_list() == [float(n) for n in range(2 * PARTS_KEPT + 3)]
    assert runs.samples()["place"].is_sorted()
    assert len(list(own_cache.rglob("*.parquet"))) <= PARTS_KEPT + 1


@pytest.mark.parametrize(
    ("named", "framework"),
    [
        ([], ""),
        (["", ""], ""),
        (["TRL", "ms-swift"], "ms-swift"),
        (["Transformers", "", "TRL"], "TRL"),
        (["verl", "TRL"], "verl"),
    ],
)
def test_the_framework_of_a_run(named: list[str], framework: str) -> None:
    assert framework_of(named) == framework


def test_wall_times_of_samples_are_the_last(tmp_path: Path) -> None:
    record = {"rewards": {"a": {"score": 1.0}}, "agent": {}, "num_output_tokens": 3}
    path = tmp_path / "rollouts" / "step_4" / "train" / "all" / "traces.jsonl"
    path.parent.mkdir(parents=True)
    lines = [{"traces": [{**record, "timing": {"agent": {"end": 1.7e9 + at}}}]} for at in (5, 9, 0.5)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    curve = rlc.open_runs(tmp_path).curves("reward")
    assert curve.select("step", "wall_time", "value").rows() == [(4, 1.7e9 + 9, 1.0)]
    assert curve.schema["wall_time"] == pl.Float64
