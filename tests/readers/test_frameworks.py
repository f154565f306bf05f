"""Event files of many frameworks, end to end: whose they are, what a step counts and which key a name stands for."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcompare as rlc
from rlcompare.metrics import BY_NAME
from rlcompare.readers.tensorboard import READER
from tests.readers import tfevents_writer as w
from tests.readers.files import GOLDEN, log_file, read_grown, written

NAME = "events.out.tfevents.1700000000.host.1.0"


@dataclass(frozen=True)
class Case:
    """What is expected of one golden folder, which holds one run."""

    name: str
    run: str
    framework: str
    step_unit: str
    names: dict[str, str]
    other_axes: dict[str, str] = field(default_factory=dict)
    seed: str | None = None


CASES = [
    Case(
        "areal",
        "gsm8k/trial0",
        "AReaL",
        "step",
        {
            "reward": "rollout/reward",
            "validation_score": "eval-rollout/reward",
            "kl": "ppo_actor/update/approx_kl/avg",
            "entropy": "ppo_actor/update/entropy/avg",
            "loss": "ppo_actor/update/actor_loss/avg",
            "learning_rate": "ppo_actor/update/lr",
            "clip_fraction": "ppo_actor/update/clip_ratio/avg",
            "grad_norm": "ppo_actor/update/grad_norm",
            "truncated_share": "ppo_actor/no_eos_ratios/avg",
            "step_time": "timeperf/train_step",
        },
    ),
    Case(
        "cleanrl",
        "CartPole-v1__ppo__7__1700000000",
        "CleanRL",
        "env step",
        {
            "reward": "charts/episodic_return",
            "episode_length": "charts/episodic_length",
            "validation_score": "eval/episodic_return",
            "kl": "losses/approx_kl",
            "entropy": "losses/entropy",
            "loss": "losses/policy_loss",
            "learning_rate": "charts/learning_rate",
            "clip_fraction": "losses/clipfrac",
            "throughput": "charts/SPS",
        },
        {"eval/episodic_return": "episode"},
        seed="7",
    ),
    Case(
        "d3rlpy",
        "runs/CQL_20260101",
        "d3rlpy",
        "epoch",
        {"reward": "metrics/environment", "loss": "metrics/actor_loss"},
        seed="2",
    ),
    Case(
        "lightning",
        "agent/version_0",
        "Lightning",
        "step",
        {"reward": "train/reward", "loss": "train/loss"},
        seed="11",
    ),
    Case(
        "nemo_rl",
        "exp_001/tensorboard",
        "NeMo-RL",
        "step",
        {
            "reward": "train/reward",
            "response_length": "train/mean_gen_tokens_per_sample",
            "validation_score": "validation/accuracy",
            "kl": "train/kl_penalty",
            "entropy": "train/approx_entropy",
            "loss": "train/loss",
            "learning_rate": "train/lr",
            "grad_norm": "train/grad_norm",
            "truncated_share": "train/truncation_rate",
            "throughput": "performance/tokens_per_sec",
            "step_time": "timing/train/total_step_time",
        },
        seed="42",
    ),
    Case(
        "openrlhf",
        "ppo_math",
        "OpenRLHF",
        "step",
        {
            "reward": "train/rollout/reward_mean",
            "response_length": "train/rollout/response_length_mean",
            "validation_score": "eval/eval_aime_pass1",
            "kl": "train/kl",
            "entropy": "train/entropy_loss",
            "loss": "train/policy_loss",
            "learning_rate": "train/actor_lr",
            "clip_fraction": "train/ppo_clip_ratio",
            "grad_norm": "train/actor_grad_norm",
            "truncated_share": "train/rollout/truncated_rate",
            "step_time": "train/timing/step_total",
        },
    ),
    Case(
        "roll",
        "frozen_lake",
        "ROLL",
        "step",
        {
            "reward": "critic/score/mean",
            "response_length": "tokens/response_length/mean",
            "validation_score": "val/score/mean",
            "kl": "actor/kl_loss",
            "entropy": "critic/entropy/mean",
            "loss": "actor/pg_loss",
            "learning_rate": "actor/lr",
            "clip_fraction": "actor/ppo_ratio_clipfrac",
            "grad_norm": "actor_train/grad_norm",
            "step_time": "time/step_total",
            "samples": "system/samples",
        },
        seed="42",
    ),
    Case(
        "rsl_rl",
        "anymal",
        "rsl_rl",
        "iteration",
        {
            "reward": "Train/mean_reward",
            "episode_length": "Train/mean_episode_length",
            "entropy": "Loss/entropy",
            "loss": "Loss/surrogate",
            "learning_rate": "Loss/learning_rate",
            "throughput": "Perf/total_fps",
        },
        {"Train/mean_reward/time": "second", "Train/mean_episode_length/time": "second"},
    ),
    Case(
        "sample_factory",
        "doom",
        "Sample Factory",
        "env step",
        {
            "reward": "reward/reward",
            "episode_length": "len/len",
            "kl": "train/kl_divergence",
            "entropy": "train/entropy",
            "loss": "train/policy_loss",
            "learning_rate": "train/lr",
            "clip_fraction": "train/fraction_clipped",
            "grad_norm": "train/grad_norm",
            "throughput": "perf/_fps",
        },
        seed="5",
    ),
    Case(
        "skrl",
        "ant",
        "skrl",
        "timestep",
        {
            "reward": "Reward / Total reward (mean)",
            "episode_length": "Episode / Total timesteps (mean)",
            "loss": "Loss / Policy loss",
            "learning_rate": "Learning / Learning rate",
        },
    ),
    Case(
        "skyrl",
        "tensorboard_log",
        "SkyRL",
        "step",
        {
            "reward": "reward/avg_raw_reward",
            "response_length": "generate/avg_num_tokens",
            "validation_score": "eval/all/avg_score",
            "kl": "policy/policy_kl",
            "entropy": "policy/policy_entropy",
            "loss": "policy/policy_loss",
            "learning_rate": "policy/policy_lr",
            "clip_fraction": "policy/loss_metrics/clip_ratio",
            "grad_norm": "policy/grad_norm",
            "step_time": "timing/step",
        },
    ),
    Case(
        "slime",
        "tensorboard_log/math/run1",
        "slime",
        "step",
        {
            "reward": "rollout/raw_reward",
            "response_length": "rollout/response_len/mean",
            "validation_score": "eval/aime",
            "kl": "train/kl_loss",
            "entropy": "train/entropy_loss",
            "loss": "train/pg_loss",
            "learning_rate": "train/lr-pg_0",
            "clip_fraction": "train/pg_clipfrac",
            "grad_norm": "train/grad_norm",
            "truncated_share": "rollout/truncated_ratio",
            "throughput": "perf/actor_train_tok_per_s",
            "step_time": "perf/step_time",
        },
        {
            f"train/{key}": "gradient step"
            for key in (
                "loss",
                "pg_loss",
                "entropy_loss",
                "pg_clipfrac",
                "ppo_kl",
                "kl_loss",
                "grad_norm",
                "lr-pg_0",
            )
        },
    ),
    Case(
        "stable_baselines3",
        "PPO_1",
        "Stable-Baselines3",
        "env step",
        {
            "reward": "rollout/ep_rew_mean",
            "episode_length": "rollout/ep_len_mean",
            "validation_score": "eval/mean_reward",
            "kl": "train/approx_kl",
            "loss": "train/policy_gradient_loss",
            "learning_rate": "train/learning_rate",
            "clip_fraction": "train/clip_fraction",
            "throughput": "time/fps",
        },
    ),
    Case(
        "tianshou",
        "ppo",
        "Tianshou",
        "env step",
        {
            "reward": "training/returns_stat/mean",
            "episode_length": "training/lens_stat/mean",
            "validation_score": "test/returns_stat/mean",
            "entropy": "update/ent_loss/mean",
            "loss": "update/actor_loss/mean",
        },
        {
            "info/best_reward": "epoch",
            "info/epoch": "epoch",
            "update/update_step": "gradient step",
            **{
                f"update/{loss}/{statistic}": "gradient step"
                for loss in ("loss", "actor_loss", "ent_loss")
                for statistic in ("mean", "std", "max", "min")
            },
        },
    ),
]


def test_every_golden_folder_is_a_case() -> None:
    assert sorted(case.name for case in CASES) == sorted(path.name for path in (GOLDEN / "frameworks").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_frameworks_run(case: Case, tmp_path: Path) -> None:
    folder = GOLDEN / "frameworks" / case.name
    runs = rlc.open_runs(folder / "log", cache=tmp_path)
    assert runs.issues().is_empty()
    (record,) = runs.records
    assert (record.id, record.framework, record.step_unit) == (case.run, case.framework, case.step_unit)
    assert record.seed == case.seed
    found = {name: row["key"][0] for name in BY_NAME if not (row := runs.sources(name)).is_empty()}
    assert found == case.names
    units = {key: metric.step_unit for key, metric in record.metrics.items() if metric.step_unit != case.step_unit}
    assert units == case.other_axes
    canonical = dict(runs.metrics().select("metric", "canonical").rows())
    for name, key in case.names.items():
        assert canonical[key] == name
    points = {tag: curve for path, tag, curve in json.loads((folder / "expected.json").read_text())}
    for name, key in case.names.items():
        curve = runs.curves(name).select("step", "value").rows()
        assert [list(point) for point in curve] == points[key], key


@pytest.mark.parametrize("case", ["roll", "openrlhf", "lightning"])
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_a_growing_file_is_told_as_the_whole_one(
    tmp_path_factory: pytest.TempPathFactory, case: str, data: st.DataObject
) -> None:
    """ROLL logs verl's keys besides its own, so that half a step may look like verl's."""
    path = min((GOLDEN / "frameworks" / case / "log").rglob(NAME), key=lambda path: len(path.parts))
    content = path.read_bytes()
    cuts = data.draw(st.lists(st.integers(0, len(content)), max_size=4))
    chunks = read_grown(READER, tmp_path_factory.mktemp("log") / NAME, content, cuts)
    whole = READER.read(log_file(path), None)
    assert (chunks[-1].framework, chunks[-1].step_unit) == (whole.framework, whole.step_unit)
    assert whole.framework


def test_seconds_lie_on_no_axis_of_iterations(tmp_path: Path) -> None:
    """rsl_rl logs the reward a second time with the seconds of training as the step."""
    runs = rlc.open_runs(GOLDEN / "frameworks" / "rsl_rl" / "log", cache=tmp_path)
    assert runs.records[0].last_step == 2
    assert runs.sources("Train/mean_reward").rows() == [("anymal", "Train/mean_reward", "tensorboard", "iteration")]
    assert runs.sources("Train/mean_reward/time")["step_unit"].to_list() == ["second"]
    assert runs.curves("Train/mean_reward/time")["step"].to_list() == [25, 51, 76]


def test_final_results_do_not_enter_the_curves_of_the_same_name(tmp_path: Path) -> None:
    """torch writes the second argument of ``add_hparams`` at step 0, which looks like a restart."""
    written(tmp_path / "run" / NAME, w.log_of(w.loop(["reward"], range(5))))
    final = w.log_of([w.Logged("reward", 0, 99.0, 7.0)])
    settings = w.frame(w.event(0, 99.0, w.text("_hparams_/session_start_info", "")))
    written(tmp_path / "run" / "1700000000.5" / NAME, settings + final)
    runs = rlc.open_runs(tmp_path, cache=tmp_path / "cache")
    assert list(runs.ids) == ["run"]
    assert runs.curves("reward")["value"].to_list() == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert runs.curves("hparams/reward")["value"].to_list() == [7.0]


def test_a_policy_among_several_is_a_run(tmp_path: Path) -> None:
    """Sample Factory writes each policy's curves into a folder of its own."""
    data = w.log_of(w.loop(["reward/reward"], range(5)))
    for folder in ("one/.summary/0", "two/.summary/0", "two/.summary/1"):
        written(tmp_path / folder / NAME, data)
    written(tmp_path / ".hidden" / "0" / NAME, data)
    runs = rlc.open_runs(tmp_path, cache=tmp_path / "cache")
    assert list(runs.ids) == ["one", "two/.summary/0", "two/.summary/1"]


def test_a_folder_named_like_the_one_above_is_a_run(tmp_path: Path) -> None:
    """Unless ``add_hparams`` made it, as d3rlpy has it."""
    data = w.log_of(w.loop(["reward"], range(5)))
    written(tmp_path / "ppo" / NAME, data)
    written(tmp_path / "ppo" / "ppo" / NAME, data)
    assert list(rlc.open_runs(tmp_path, cache=tmp_path / "cache").ids) == ["ppo", "ppo/ppo"]
