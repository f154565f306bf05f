"""One training, logged by TRL to five formats at once, is the same curve from all five."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import rlcompare as rlc

FIVE = Path(__file__).parent / "golden" / "five"
STATE = json.loads((FIVE / "trainer_state" / "trainer_state.json").read_text())

#: What the trainer logged of each key, but for the summary at its end.
LOGGED: dict[str, list[tuple[int, float]]] = {}
for row in STATE["log_history"][:-1]:
    for name, logged in row.items():
        if name not in ("step", "epoch"):
            LOGGED.setdefault(name, []).append((row["step"], logged))

FORMATS = ["mlflow", "tensorboard", "trackio", "trainer_state", "wandb"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> rlc.Runs:
    return rlc.open_runs(FIVE, cache=tmp_path_factory.mktemp("cache"))


def spelled(key: str) -> set[str]:
    """The ways in which Hugging Face's callbacks write a key."""
    return {key, f"train/{key}", f"eval/{key.removeprefix('eval_')}" if key.startswith("eval_") else key}


def test_the_training_logged_what_the_formats_are_compared_by() -> None:
    assert LOGGED["reward"][0][0] == 1
    assert [step for step, _ in LOGGED["eval_reward"]] == [4, 8, 12]
    assert len(LOGGED) == 46


def test_each_format_is_a_run(runs: rlc.Runs) -> None:
    table = runs.table()
    assert sorted(table["source"]) == FORMATS
    assert table["framework"].to_list() == ["TRL"] * 5
    assert table["step_unit"].to_list() == ["step"] * 5
    assert table["last_step"].to_list() == [12] * 5


@pytest.mark.parametrize("key", LOGGED)
def test_the_same_curve_from_all_five(runs: rlc.Runs, key: str) -> None:
    keys = {run: (set(frame["metric"]) & spelled(key)) for (run,), frame in runs.metrics().group_by("run")}
    assert all(len(found) == 1 for found in keys.values()), keys
    for record in runs.records:
        (name,) = keys[record.id]
        curve = runs.select(record.id).curves(name)
        single = "tensorboard" in {source.reader for source in record.sources}
        expected = [(step, float(np.float32(value)) if single else value) for step, value in LOGGED[key]]
        assert curve.select("step", "value").rows() == expected, record.id


@pytest.mark.parametrize("canonical", ["reward", "response_length", "entropy", "loss", "learning_rate", "grad_norm"])
def test_the_canonical_names_find_it_in_all_five(runs: rlc.Runs, canonical: str) -> None:
    curves = runs.curve_set(canonical)
    assert len(curves.names) == 5
    assert np.diff(curves.starts).tolist() == [12] * 5
