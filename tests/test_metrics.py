"""Which source key stands behind a canonical name."""

from __future__ import annotations

import pytest

from rlcompare.metrics import (
    BY_NAME,
    CANONICAL,
    FRAMEWORKS,
    PER_STEP,
    Framework,
    canonical_of,
    guess_framework,
    other_axis_of,
    resolve,
    spellings,
    step_unit_of,
    title_of,
)


@pytest.mark.parametrize(
    ("name", "keys", "expected"),
    [
        pytest.param("reward", ["critic/rewards/mean", "critic/score/mean"], "critic/score/mean", id="score before KL"),
        pytest.param("reward", ["eval/mean_reward", "r", "rollout/ep_rew_mean"], "rollout/ep_rew_mean", id="SB3"),
        pytest.param("reward", ["eval/mean_reward"], "eval/mean_reward", id="evaluations only"),
        pytest.param("reward", ["loss"], None, id="not logged"),
        pytest.param("response_length", ["seq_len", "prompt_length/mean"], None, id="the prompt is no response"),
        pytest.param("entropy", ["train/entropy_loss"], None, id="SB3 logs its negative"),
        pytest.param("clip_fraction", ["response_length/clip_ratio", "train/clip_range"], None, id="look-alikes"),
        pytest.param("validation_score", ["val/test_score/gsm8k"], "val/test_score/gsm8k", id="old verl"),
        pytest.param("validation_score", ["val-core/kk/acc/mean@8"], "val-core/kk/acc/mean@8", id="new verl"),
        pytest.param("validation_score", ["eval_loss", "eval_runtime", "eval/std_reward"], None, id="not scores"),
        pytest.param("my/own key", ["my/own key"], "my/own key", id="a source key answers for itself"),
        pytest.param("episodes", ["time/episodes", "rollout/ep_rew_mean"], "time/episodes", id="SB3 off-policy"),
        pytest.param("episodes", ["env_runners/num_episodes"], None, id="episodes of one iteration"),
        pytest.param("tokens", ["eval_num_tokens", "num_tokens"], "num_tokens", id="TRL"),
        pytest.param("tokens", ["perf/total_num_tokens"], None, id="verl counts one step, whatever it says"),
        pytest.param(
            "samples", ["progress/samples", "progress/total_samples"], "progress/total_samples", id="prime-rl"
        ),
        pytest.param("kl", ["actor/ppo_kl", "actor/kl_loss"], "actor/kl_loss", id="to the reference first"),
    ],
)
def test_resolve(name: str, keys: list[str], expected: str | None) -> None:
    assert resolve(name, keys) == expected


def test_every_listed_key_resolves_to_its_canonical_name() -> None:
    for canonical in CANONICAL:
        for key in canonical.keys:
            assert resolve(canonical.name, [key]) == key


def test_what_one_step_counts_is_no_count_since_the_start() -> None:
    for name, keys in PER_STEP.items():
        assert name in BY_NAME
        assert all(canonical_of(key) is None for key in keys)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("critic/score/mean", "reward"),
        ("eval/mean_reward", "validation_score"),
        ("eval/std_reward", None),
        ("eval_loss", None),
        ("val-core/math/reward/mean@4", "validation_score"),
        ("train/entropy_loss", None),
        ("completions/clipped_ratio", "truncated_share"),
    ],
)
def test_canonical_of(key: str, expected: str | None) -> None:
    assert canonical_of(key) == expected


@pytest.mark.parametrize(
    ("keys", "framework", "unit"),
    [
        (["critic/score/mean", "actor/lr"], "verl", "step"),
        (["train/completions/mean_length"], "TRL", "step"),
        (["ray/tune/episode_reward_mean"], "RLlib", "iteration"),
        (["time/fps", "rollout/ep_rew_mean"], "Stable-Baselines3", "env step"),
        (["charts/SPS"], "CleanRL", "env step"),
        (["reward"], "", ""),
    ],
)
def test_the_framework_shows_in_its_keys(keys: list[str], framework: str, unit: str) -> None:
    assert guess_framework(keys) == framework
    assert step_unit_of(framework) == unit


def test_spellings_of_one_metric_in_two_formats() -> None:
    assert spellings("train/loss") == ("loss",)
    assert spellings("eval/accuracy") == ("eval_accuracy",)
    assert spellings("ray/tune/info/learner/kl") == ("info/learner/kl",)
    assert spellings("rollout/ep_rew_mean") == ()


def test_titles() -> None:
    assert title_of("response_length") == "Response length"
    assert [title_of(name) for name in PER_STEP] == ["Episodes", "Tokens seen", "Samples seen"]
    assert title_of("actor/pg_loss") == "actor/pg_loss"


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda framework: framework.name)
def test_every_entry_is_one_of_a_framework_that_can_be_told(framework: Framework) -> None:
    assert framework.name
    assert framework.step_unit
    assert framework.signs
    for sign in framework.all_signs:
        assert guess_framework([sign, "reward", "loss", "step"]) == framework.name
    for table in (framework.keys, framework.patterns, framework.only_here, framework.per_step):
        assert table.keys() <= BY_NAME.keys()


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda framework: framework.name)
def test_a_frameworks_own_keys_come_first_and_in_its_own_order(framework: Framework) -> None:
    signs = {sign for each in FRAMEWORKS for sign in each.all_signs}
    for name, keys in framework.keys.items():
        others = [key for key in BY_NAME[name].keys if key not in signs and key not in framework.spelled(keys)]
        for place, key in enumerate(keys):
            sign = next(sign for sign in framework.signs if sign not in framework.spelled(keys[:place]))
            expected = next(own for own in framework.spelled(keys) if own in (key, sign))
            assert resolve(name, [*others, *reversed(keys[place:]), sign]) == expected


def test_no_two_frameworks_have_the_same_sign() -> None:
    signs = [sign for framework in FRAMEWORKS for sign in framework.all_signs]
    assert sorted(signs) == sorted(set(signs))


def test_one_key_can_mean_different_things() -> None:
    """Stable-Baselines3 logs the negative entropy under the key under which OpenRLHF and slime log the entropy."""
    assert resolve("entropy", ["train/entropy_loss", "rollout/ep_rew_mean"]) is None
    assert resolve("entropy", ["train/entropy_loss", "train/actor_lr"]) == "train/entropy_loss"
    assert resolve("entropy", ["train/entropy_loss", "rollout/raw_reward"]) == "train/entropy_loss"
    assert canonical_of("train/entropy_loss", "Stable-Baselines3") is None
    assert canonical_of("train/entropy_loss", "slime") == "entropy"
    # TRL's `train/episode` counts since the start, Tianshou's the episodes of one collection.
    assert resolve("episodes", ["train/episode", "objective/rlhf_reward"]) == "train/episode"
    assert resolve("episodes", ["train/episode", "train/env_step"]) is None
    assert canonical_of("train/episode", "Tianshou") is None
    # slime logs a data set's score under its bare name.
    slime = ["rollout/raw_reward", "eval/aime", "eval/aime-truncated_ratio", "eval/aime-pass@16", "eval/step"]
    assert resolve("validation_score", slime) == "eval/aime"
    assert resolve("validation_score", slime[1:]) is None


@pytest.mark.parametrize(
    ("framework", "key", "unit"),
    [
        ("slime", "rollout/raw_reward", ""),
        ("slime", "train/pg_loss", "gradient step"),
        ("rsl_rl", "Train/mean_reward", ""),
        ("rsl_rl", "Train/mean_reward/time", "second"),
        ("Tianshou", "test/returns_stat/mean", ""),
        ("Tianshou", "update/loss/mean", "gradient step"),
        ("CleanRL", "eval/episodic_return", "episode"),
        ("no framework", "loss", ""),
    ],
)
def test_some_keys_have_an_axis_of_their_own(framework: str, key: str, unit: str) -> None:
    assert other_axis_of(framework, key) == unit


#: Keys of one record each, as the frameworks' source has them, and what the canonical names stand for in them.
RECORDS: dict[str, dict[str, str]] = {
    "verl": {
        "reward": "critic/score/mean",
        "response_length": "response_length/mean",
        "kl": "actor/kl_loss",
        "entropy": "actor/entropy",
        "loss": "actor/pg_loss",
        "learning_rate": "actor/lr",
        "clip_fraction": "actor/pg_clipfrac",
        "grad_norm": "actor/grad_norm",
        "validation_score": "val-core/gsm8k/acc/mean@4",
        "truncated_share": "response_length/clip_ratio",
        "throughput": "perf/throughput",
        "step_time": "timing_s/step",
    },
    "open-instruct": {
        "reward": "scores",
        "response_length": "val/sequence_lengths",
        "kl": "objective/kl3_avg",
        "entropy": "policy/entropy_avg",
        "loss": "loss/policy_avg",
        "learning_rate": "lr",
        "clip_fraction": "policy/clipfrac_avg",
        "grad_norm": "optim/grad_norm",
        "validation_score": "eval/scores",
        "throughput": "learner_tokens_per_second_step",
        "step_time": "time/total",
        "episodes": "episode",
        "tokens": "val/num_total_tokens",
    },
    "prime-rl": {
        "reward": "train/agg/effective/agent/reward/mean",
        "response_length": "train/agg/effective/num_output_tokens/mean",
        "kl": "mismatch_kl/all/mean",
        "entropy": "entropy/all/mean",
        "loss": "loss/mean",
        "learning_rate": "optim/lr",
        "grad_norm": "optim/grad_norm",
        "validation_score": "eval/aime/effective/agent/avg@16",
        "truncated_share": "train/agg/effective/agent/is_truncated/mean",
        "step_time": "time/step",
        "tokens": "progress/total_tokens",
        "samples": "progress/total_rollouts",
    },
    "Tinker cookbook": {
        "reward": "env/all/reward/total",
        "response_length": "env/all/ac_tokens_per_turn",
        "kl": "kl_policy_base",
        "entropy": "optim/entropy",
        "learning_rate": "optim/lr",
        "validation_score": "test/env/all/reward/total",
        "step_time": "time/total",
    },
    "TRL": {
        "reward": "reward",
        "response_length": "completions/mean_length",
        "kl": "kl",
        "entropy": "entropy",
        "loss": "loss",
        "learning_rate": "learning_rate",
        "clip_fraction": "clip_ratio/region_mean",
        "grad_norm": "grad_norm",
        "validation_score": "eval_reward",
        "truncated_share": "completions/clipped_ratio",
        "step_time": "step_time",
        "tokens": "num_tokens",
    },
    "ms-swift": {
        "reward": "reward",
        "response_length": "completions/mean_length",
        "kl": "kl",
        "entropy": "entropy/mean",
        "loss": "loss",
        "clip_fraction": "clip_ratio/region_mean",
        "grad_norm": "grad_norm",
    },
    "RLlib": {
        "reward": "env_runners/episode_return_mean",
        "episode_length": "env_runners/episode_len_mean",
        "kl": "learners/default_policy/mean_kl_loss",
        "entropy": "learners/default_policy/entropy",
        "loss": "learners/default_policy/policy_loss",
        "learning_rate": "learners/default_policy/default_optimizer_learning_rate",
        "grad_norm": "learners/default_policy/gradients_default_optimizer_global_norm",
        "validation_score": "evaluation/env_runners/episode_return_mean",
        "step_time": "time_this_iter_s",
        "episodes": "env_runners/num_episodes_lifetime",
    },
    "Spinning Up": {
        "reward": "AverageEpRet",
        "episode_length": "EpLen",
        "kl": "KL",
        "entropy": "Entropy",
        "loss": "LossPi",
        "clip_fraction": "ClipFrac",
        "validation_score": "AverageTestEpRet",
    },
    "baselines": {
        "reward": "eprewmean",
        "episode_length": "eplenmean",
        "kl": "loss/approxkl",
        "entropy": "loss/policy_entropy",
        "loss": "loss/policy_loss",
        "clip_fraction": "loss/clipfrac",
        "throughput": "fps",
        "validation_score": "eval_eprewmean",
    },
    "Dopamine": {
        "reward": "Train/AverageReturns",
        "validation_score": "Eval/AverageReturns",
        "throughput": "Train/AverageStepsPerSecond",
    },
}

#: Further keys of the same records, which must not answer.
BESIDES: dict[str, tuple[str, ...]] = {
    "verl": (
        "critic/rewards/mean",
        "actor/ppo_kl",
        "response_length_non_aborted/mean",
        "prompt_length/mean",
        "prompt_length/clip_ratio",
        "perf/total_num_tokens",
        "training/global_step",
        "critic/vf_loss",
    ),
    "open-instruct": (
        "objective/verifiable_reward",
        "val/sequence_lengths_solved",
        "objective/kl1_avg",
        "loss/total_avg",
        "val/num_step_tokens",
        "training_step",
        "global_step",
    ),
    "prime-rl": ("train/agg/all/agent/reward/mean", "train/agg/effective/num_total_tokens/mean", "progress/tokens"),
    "Tinker cookbook": ("env/all/reward/format", "env/all/total_episodes", "optim/kl_sample_train_v1", "time/sampling"),
    "TRL": (
        "rewards/accuracy_reward/mean",
        "reward_std",
        "completions/mean_terminated_length",
        "clip_ratio/high_max",
        "frac_reward_zero_std",
        "eval_loss",
        "eval_num_tokens",
    ),
    "ms-swift": ("rewards/format/mean", "entropy/max", "completions/max_length", "memory(GiB)", "train_speed(s/it)"),
    "RLlib": ("env_runners/num_episodes", "learners/default_policy/vf_loss", "env_runners/episode_return_max"),
    "Spinning Up": ("MaxEpRet", "LossV", "TestEpLen", "TotalEnvInteracts", "Time"),
    "baselines": ("loss/value_loss", "misc/total_timesteps", "misc/nupdates", "eval_eplenmean"),
    "Dopamine": ("Train/NumEpisodes", "Eval/NumEpisodes"),
}


@pytest.mark.parametrize(
    ("framework", "prefix"),
    [*((framework, "") for framework in RECORDS), ("TRL", "train/"), ("ms-swift", "train/"), ("RLlib", "ray/tune/")],
)
def test_a_record_of_a_framework(framework: str, prefix: str) -> None:
    expected = RECORDS[framework]
    if prefix:
        # The rest is under other names there: Hugging Face's callback writes `eval/x`.
        expected = {name: prefix + key for name, key in expected.items() if name != "validation_score"}
    keys = [*(prefix + key for key in BESIDES[framework]), *expected.values()]
    assert guess_framework(keys) == framework
    assert {name: key for name in BY_NAME if (key := resolve(name, keys))} == expected
    for name, key in expected.items():
        assert canonical_of(key, framework) == name
