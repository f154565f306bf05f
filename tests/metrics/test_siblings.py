"""What is logged beside a mean, and which samples it is the mean of."""

from __future__ import annotations

import pytest

from rlcompare.metrics import SampledAs, Siblings, sampled_as, siblings_of, split_of


@pytest.mark.parametrize(
    ("key", "low", "high"),
    [
        ("critic/score/mean", "critic/score/min", "critic/score/max"),
        ("response_length/mean", "response_length/min", "response_length/max"),
        ("completions/mean_length", "completions/min_length", "completions/max_length"),
        ("train/completions/mean_length", "train/completions/min_length", "train/completions/max_length"),
        ("env_runners/episode_return_mean", "env_runners/episode_return_min", "env_runners/episode_return_max"),
        ("ray/tune/episode_reward_mean", "ray/tune/episode_reward_min", "ray/tune/episode_reward_max"),
        ("AverageEpRet", "MinEpRet", "MaxEpRet"),
        ("Reward / Total reward (mean)", "Reward / Total reward (min)", "Reward / Total reward (max)"),
        ("reward/reward", "reward/reward_min", "reward/reward_max"),
        ("generate/avg_num_tokens", "generate/min_num_tokens", "generate/max_num_tokens"),
        ("ppo_actor/task_reward/avg", "ppo_actor/task_reward/min", "ppo_actor/task_reward/max"),
    ],
)
def test_minimum_and_maximum_stand_beside_the_mean(key: str, low: str, high: str) -> None:
    keys = {key, low, high, "actor/entropy"}
    assert siblings_of(key, keys) == Siblings(low=low, high=high)
    assert siblings_of(key, {key, low}) is None, "both, or none"


@pytest.mark.parametrize(
    ("key", "spread"),
    [
        ("reward", "reward_std"),
        ("rewards/accuracy/mean", "rewards/accuracy/std"),
        ("eval/mean_reward", "eval/std_reward"),
        ("AverageEpRet", "StdEpRet"),
    ],
)
def test_a_standard_deviation_answers_where_there_are_no_extremes(key: str, spread: str) -> None:
    assert siblings_of(key, {key, spread}) == Siblings(spread=spread)


def test_extremes_come_before_a_deviation() -> None:
    keys = {"x/mean", "x/std", "x/min", "x/max"}
    assert siblings_of("x/mean", keys) == Siblings(low="x/min", high="x/max")


@pytest.mark.parametrize(
    ("key", "keys"),
    [
        ("response_length/mean", {"prompt_length/min", "prompt_length/max"}),
        ("meaning/score", {"mining/score", "maxing/score", "stding/score"}),
        ("loss", {"losses_min", "losses_max"}),
        ("actor/entropy", set()),
    ],
)
def test_what_only_looks_alike_is_no_sibling(key: str, keys: set[str]) -> None:
    assert siblings_of(key, {key, *keys}) is None


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("critic/score/mean", SampledAs("reward", "train")),
        ("r", SampledAs("reward", "train")),
        ("rollout/ep_len_mean", SampledAs("length", "train", "env step")),
        ("response_length/mean", SampledAs("length", "train", "token")),
        ("samples/response_characters/mean", SampledAs("length", "train", "character")),
        ("samples/validation/response_characters/mean", SampledAs("length", "validation", "character")),
        ("samples/validation/reward/mean", SampledAs("reward", "validation")),
        ("eval/mean_reward", SampledAs("reward", "validation")),
        ("eval/mean_ep_length", SampledAs("length", "validation", "env step")),
        ("evaluation/env_runners/episode_return_mean", SampledAs("reward", "validation")),
        ("critic/rewards/mean", None),
        ("samples/validation/correct_share", None),
        ("actor/entropy", None),
    ],
)
def test_which_samples_a_metric_is_the_mean_of(key: str, expected: SampledAs | None) -> None:
    assert sampled_as(key) == expected
    if expected is not None:
        assert split_of(key) == expected.split
