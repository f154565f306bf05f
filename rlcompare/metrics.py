"""Canonical metric names, and the keys that mean them in each framework.

A canonical name lets runs of different frameworks share an axis. It never replaces the source key: whoever asks for
``reward`` can always see which key answered. Keys that look alike but mean something else are named in comments, so
that nobody adds them in good faith.

The keys were read from each framework's own source (verl 0.4-0.9, TRL 1.16, OpenRLHF, slime, NeMo-RL, open-instruct,
SkyRL, AReaL, ROLL, prime-rl, Stable-Baselines3 2.9, CleanRL, RLlib 2.60, Spinning Up, Sample Factory, skrl, rsl_rl,
Dopamine, baselines).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Canonical:
    """One canonical metric.

    Parameters
    ----------
    name : str
        What users type.
    title : str
        What axes say.
    keys : tuple of str
        Source keys that mean it, best first: where a run has several, the first one answers.
    patterns : tuple of str
        Regular expressions for keys that hold a data set's or a reward function's name; asked after ``keys``.
    """

    name: str
    title: str
    keys: tuple[str, ...]
    patterns: tuple[str, ...] = ()


CANONICAL: tuple[Canonical, ...] = (
    Canonical(
        "reward",
        "Reward",
        (
            # verl: the task's own score. `critic/rewards/mean` is the same after the KL penalty, so it comes last.
            "critic/score/mean",
            "reward/mean",
            "reward",
            "train/reward",
            "rollout/ep_rew_mean",
            "env_runners/episode_return_mean",
            "episode_reward_mean",
            "ray/tune/env_runners/episode_return_mean",
            "ray/tune/episode_reward_mean",
            "charts/episodic_return",
            "AverageEpRet",
            "EpRewMean",
            "reward/reward",
            "Reward / Total reward (mean)",
            "Train/mean_reward",
            "Train/AverageReturns",
            "rollout/raw_reward",
            "train/rollout/reward_mean",
            "rollout/reward_mean",
            "rollout/reward",
            "train/return",
            "reward/avg_raw_reward",
            "ppo_actor/task_reward",
            "reward/all/mean",
            "train/reward/total",
            "env/all/reward/total",
            "objective/verifiable_reward",
            "objective/scores",
            "episode_reward",
            "episode_return",
            "environment",  # d3rlpy
            "r",  # Stable-Baselines3 monitor: one episode's return
            "eval/mean_reward",
            "critic/rewards/mean",
        ),
        (
            r"train/agg/effective/.+/reward/mean",  # prime-rl: by agent
            r"samples/reward/mean",  # of the samples that a run has logged
        ),
    ),
    Canonical(
        "response_length",
        "Response length",
        (
            "response_length/mean",
            "completions/mean_length",
            "train/completions/mean_length",
            "completion_length",
            "train/completion_length",
            "response_length",
            "train/response_length",
            "rollout/response_length_mean",
            "train/rollout/response_length_mean",
            "rollout/response_len/mean",
            "train/mean_gen_tokens_per_sample",
            "mean_gen_tokens_per_sample",
            "val/sequence_lengths",
            "generate/avg_num_tokens",
            "tokens/response_length/mean",
            "response_length_non_aborted/mean",
            "seq_len/all/mean",
            # AReaL's `seq_len` counts the prompt too: not a response length.
            "train/agg/effective/num_output_tokens/mean",  # prime-rl: all turns of an episode
            "samples/response_length/mean",
        ),
    ),
    Canonical(
        "episode_length",
        "Episode length",
        (
            "rollout/ep_len_mean",
            "env_runners/episode_len_mean",
            "episode_len_mean",
            "ray/tune/env_runners/episode_len_mean",
            "ray/tune/episode_len_mean",
            "charts/episodic_length",
            "EpLen",
            "EpLenMean",
            "len/len",
            "Episode / Total timesteps (mean)",
            "Train/mean_episode_length",
            "episode_length",
            "l",
            "eval/mean_ep_length",
        ),
    ),
    Canonical(
        "validation_score",
        "Validation score",
        (
            "validation/accuracy",
            "eval/reward",
            "eval_reward",
            "eval/mean_reward",
            "evaluation/env_runners/episode_return_mean",
            "evaluation/episode_reward_mean",
            "AverageTestEpRet",
            "test/env/all/reward/total",  # Tinker
        ),
        (
            r"val-core/.+/(acc|reward)/(mean|best|maj)@\d+.*",
            r"val/test_score/.+",
            r"val-aux/.+/(acc|reward|score)/mean@\d+",
            r"eval[/_].+_pass@?1",
            r"eval[/_](?!.*std).*(accuracy|reward|score)",
            r"eval/.+/effective/.+/(avg@\d+|reward/mean)",  # prime-rl
            r"samples/validation/correct_share",
            r"samples/validation/reward/mean",
        ),
    ),
    Canonical(
        "kl",
        "KL divergence",
        (
            # To the reference policy where it is logged, else between old and new policy.
            "kl",
            "train/kl",
            "actor/kl_loss",
            "train/kl_loss",
            "critic/kl",
            "objective/kl_avg",
            "objective/kl",
            "mismatch_kl/all/mean",
            "actor/ppo_kl",
            "train/ppo_kl",
            "ppo_kl",
            "train/approx_kl",
            "losses/approx_kl",
            "KL",
            "info/learner/default_policy/learner_stats/kl",
            "learners/default_policy/mean_kl_loss",
        ),
    ),
    Canonical(
        "entropy",
        "Entropy",
        (
            "entropy",
            "train/entropy",
            "actor/entropy",
            "actor/entropy_loss",
            "policy/entropy_avg",
            "losses/entropy",
            "Entropy",
            "info/learner/default_policy/learner_stats/entropy",
            "learners/default_policy/entropy",
            # Stable-Baselines3's `train/entropy_loss` is the *negative* entropy: not this.
        ),
    ),
    Canonical(
        "loss",
        "Policy loss",
        (
            "actor/pg_loss",
            "train/policy_gradient_loss",
            "train/policy_loss",
            "losses/policy_loss",
            "loss/policy_avg",
            "policy_loss",
            "train/pg_loss",
            "loss",
            "train/loss",
            "train/actor_loss",
            "LossPi",
            "info/learner/default_policy/learner_stats/policy_loss",
            "learners/default_policy/policy_loss",
            "info/learner/default_policy/learner_stats/total_loss",
            "learners/default_policy/total_loss",
        ),
    ),
    Canonical(
        "learning_rate",
        "Learning rate",
        (
            "actor/lr",
            "learning_rate",
            "train/learning_rate",
            "actor_lr",
            "train/lr-pg_0",
            "optim/lr",
            "train/lr",
            "lr",
            "charts/learning_rate",
            "info/learner/default_policy/learner_stats/cur_lr",
        ),
    ),
    Canonical(
        "clip_fraction",
        "Clip fraction",
        (
            "actor/pg_clipfrac",
            "clip_ratio/region_mean",
            "train/clip_ratio/region_mean",
            "clip_ratio",
            "train/clip_ratio",
            "policy/clipfrac_avg",
            "losses/clipfrac",
            "train/clip_fraction",
            "train/pg_clipfrac",
            "ClipFrac",
            # `response_length/clip_ratio` is the truncated share and SB3's `clip_range` a setting: not these.
        ),
    ),
    Canonical(
        "grad_norm",
        "Gradient norm",
        (
            "actor/grad_norm",
            "grad_norm",
            "train/grad_norm",
            "optim/grad_norm",
            "actor_grad_norm",
            "policy/grad_norm",
            "info/learner/default_policy/learner_stats/grad_gnorm",
            "learners/default_policy/gradients_default_optimizer_global_norm",
        ),
    ),
    Canonical(
        "truncated_share",
        "Truncated share",
        (
            "response_length/clip_ratio",
            "completions/clipped_ratio",
            "train/completions/clipped_ratio",
            "rollout/truncated_ratio",
        ),
    ),
    Canonical(
        "throughput",
        "Throughput",
        (
            "perf/throughput",
            "time/fps",
            "charts/SPS",
            "perf/actor_train_tok_per_s",
            "train_samples_per_second",
            "samples_per_second",
            "env_runners/num_env_steps_sampled_lifetime_throughput",
        ),
    ),
    Canonical(
        "step_time",
        "Time per step",
        ("timing_s/step", "perf/time_per_step", "step_time", "train/step_time", "time_this_iter_s", "timing/gen"),
    ),
    # Counts since the start of the training, to draw other metrics over. What a step alone counted is in `PER_STEP`.
    Canonical(
        "episodes",
        "Episodes",
        (
            "time/episodes",
            "env_runners/num_episodes_lifetime",
            "ray/tune/env_runners/num_episodes_lifetime",
            "episodes_total",
            "ray/tune/episodes_total",
            "EpisodesSoFar",
            "episodes",  # baselines, and counted by our reader of Stable-Baselines3's monitors
            # Of language models (TRL's PPO and RLOO, open-instruct) an episode is one sampled response.
            "episode",
            "train/episode",
        ),
    ),
    Canonical(
        "tokens",
        "Tokens seen",
        (
            "num_tokens",
            "train/num_tokens",
            "num_input_tokens_seen",
            "train/num_input_tokens_seen",
            "val/num_total_tokens",
            "progress/total_tokens",
            # TRL's `eval_num_tokens` is the same count at the rows of the evaluations only: not this.
        ),
    ),
    Canonical("samples", "Samples seen", ("progress/total_samples",)),
)

#: Keys that count what one step alone saw, best first, by the canonical count that their sum over the steps is.
PER_STEP: dict[str, tuple[str, ...]] = {
    "episodes": ("env_runners/num_episodes", "episodes_this_iter", "EpThisIter"),
    "tokens": ("perf/total_num_tokens", "progress/tokens", "val/num_step_tokens"),
    "samples": ("progress/samples",),
}

BY_NAME: dict[str, Canonical] = {canonical.name: canonical for canonical in CANONICAL}


@cache
def _rank(name: str) -> tuple[dict[str, int], tuple[re.Pattern[str], ...]]:
    canonical = BY_NAME[name]
    return {key: i for i, key in enumerate(canonical.keys)}, tuple(map(re.compile, canonical.patterns))


def resolve(name: str, keys: Collection[str]) -> str | None:
    """Find the key among ``keys`` that a metric name stands for in one run.

    Parameters
    ----------
    name : str
        A canonical name, or a source key: a key of that very spelling answers when no canonical name does.
    keys : collection of str
        The source keys of one run.

    Returns
    -------
    str or None
        ``None`` if the run has not logged it.
    """
    if name not in BY_NAME:
        return name if name in keys else None
    rank, patterns = _rank(name)
    known = [key for key in keys if key in rank]
    if known:
        return min(known, key=rank.__getitem__)
    for pattern in patterns:
        fits = sorted(key for key in keys if pattern.fullmatch(key))
        if fits:
            return fits[0]
    return name if name in keys else None


@cache
def canonical_of(key: str) -> str | None:
    """Name the canonical metric that a source key means, or None; of several, the one that it means before others.

    ``eval/mean_reward`` is a validation score, and answers for ``reward`` only in a run that has no other.
    """
    ranks = {name: _rank(name)[0] for name in BY_NAME}
    listed = [name for name in BY_NAME if key in ranks[name]]
    if listed:
        return min(listed, key=lambda name: ranks[name][key])
    return next((name for name in BY_NAME if any(p.fullmatch(key) for p in _rank(name)[1])), None)


def title_of(name: str) -> str:
    """Axis title of a metric: the canonical one's words, else the key as logged."""
    return BY_NAME[name].title if name in BY_NAME else name


#: A key that only one framework writes, and the framework's own spelling of its name. First match wins.
_SIGNS: tuple[tuple[str, str], ...] = (
    ("critic/score/mean", "verl"),
    ("critic/rewards/mean", "verl"),
    ("actor/pg_loss", "verl"),
    ("charts/episodic_return", "CleanRL"),
    ("charts/SPS", "CleanRL"),
    ("rollout/ep_rew_mean", "Stable-Baselines3"),
    ("time/total_timesteps", "Stable-Baselines3"),
    ("time/fps", "Stable-Baselines3"),
    ("completions/mean_length", "TRL"),
    ("train/completions/mean_length", "TRL"),
    ("completion_length", "TRL"),
    ("train/completion_length", "TRL"),
    ("frac_reward_zero_std", "TRL"),
    ("rewards/margins", "TRL"),
    ("train/global_step", "Transformers"),
    ("episode_reward_mean", "RLlib"),
    ("env_runners/episode_return_mean", "RLlib"),
    ("AverageEpRet", "Spinning Up"),
    ("TotalEnvInteracts", "Spinning Up"),
    ("Reward / Total reward (mean)", "skrl"),
    ("Train/mean_reward", "rsl_rl"),
    ("reward/reward", "Sample Factory"),
    ("rollout/raw_reward", "slime"),
    ("env/all/reward/total", "Tinker"),
    ("progress/batch", "Tinker"),
)

#: What one step of a framework counts.
_STEP_UNITS: dict[str, str] = {
    "verl": "step",
    "TRL": "step",
    "Transformers": "step",
    "slime": "step",
    "Tinker": "step",
    "CleanRL": "env step",
    "Stable-Baselines3": "env step",
    "Spinning Up": "env step",
    "Sample Factory": "env step",
    "skrl": "env step",
    "RLlib": "iteration",
    "rsl_rl": "iteration",
}


def guess_framework(keys: Iterable[str]) -> str:
    """Tell who trained from the metric keys, in the framework's own spelling; empty if no key gives it away."""
    plain = {key.removeprefix("ray/tune/") for key in keys}
    return next((framework for key, framework in _SIGNS if key in plain), "")


#: Frameworks that train with the trainers of those behind them, whose files a run of theirs holds as well.
_BUILT_ON = ("ms-swift", "TRL", "Transformers")


def framework_of(named: Iterable[str]) -> str:
    """Say who trained a run whose logs name these or none: the first, of those that build on others the top."""
    given = [name for name in named if name]
    top = [name for name in _BUILT_ON if name in given]
    return top[0] if top and given[0] in _BUILT_ON else next(iter(given), "")


def step_unit_of(framework: str) -> str:
    """Say what a framework's step counts: ``step`` (a policy update), ``env step`` or ``iteration``; else empty."""
    return _STEP_UNITS.get(framework, "")


def spellings(key: str) -> tuple[str, ...]:
    """List other spellings of the same metric in another format of the same run, the plainest first.

    Hugging Face's TensorBoard callback writes ``train/loss`` for ``loss`` and ``eval/x`` for ``eval_x``; Ray Tune's
    writes ``ray/tune/x`` for ``x``.
    """
    for prefix, plain in (("ray/tune/", ""), ("train/", ""), ("eval/", "eval_")):
        if key.startswith(prefix):
            return (plain + key.removeprefix(prefix),)
    return ()
