"""Frameworks that train language models by reinforcement, read from their own source in November 2026.

verl 0.9, OpenRLHF 0.11; ROLL, SkyRL, open-instruct, NeMo-RL, slime, AReaL, prime-rl and the Tinker cookbook as of May
to August 2026. Keys that look alike but mean something else are named in comments, so that nobody adds them by mistake.
"""

from __future__ import annotations

from rlcompare.metrics.framework import Framework

_ROLL = Framework(
    name="ROLL",
    step_unit="step",
    signs=(
        "tokens/response_length/mean",
        "token/response_length/mean",
        "actor/ppo_ratio_clipfrac",
        "actor_train/grad_norm",
        "system/batch_add_count",
    ),
    keys={
        "reward": ("critic/score/mean", "critic/rewards/mean"),
        "response_length": ("tokens/response_length/mean", "token/response_length/mean"),
        "validation_score": ("val_correct/all/mean", "val_score/all/mean", "val/score/mean"),
        "kl": ("actor/kl_loss", "critic/kl", "actor/approxkl"),
        "entropy": ("critic/entropy/mean", "token/entropy/mean"),
        "loss": ("actor/pg_loss", "actor/total_loss"),
        "learning_rate": ("actor/lr",),
        "clip_fraction": ("actor/ppo_ratio_clipfrac", "actor/clipfrac"),
        "grad_norm": ("actor_train/grad_norm",),
        "step_time": ("time/step_total",),
        "samples": ("system/samples",),
    },
)

_SKYRL = Framework(
    name="SkyRL",
    step_unit="step",
    signs=("reward/avg_raw_reward", "generate/avg_num_tokens", "policy/policy_entropy"),
    keys={
        "reward": ("reward/avg_raw_reward",),
        "response_length": ("generate/avg_num_tokens",),
        "validation_score": ("eval/all/avg_score",),
        "kl": ("policy/policy_kl", "loss/avg_kl"),
        "entropy": ("policy/policy_entropy",),
        "loss": ("policy/policy_loss", "policy/final_loss"),
        "learning_rate": ("policy/policy_lr",),
        "clip_fraction": ("policy/loss_metrics/clip_ratio", "policy/ppo_clip_ratio"),
        "grad_norm": ("policy/grad_norm",),
        "throughput": ("trainer/tokens_per_second_per_gpu",),
        "step_time": ("timing/step",),
    },
    patterns={"validation_score": (r"eval/[^/]+/avg_score",)},
)

#: Logic-RL and TinyZero are built on an old verl and have no signs of their own.
_VERL = Framework(
    name="verl",
    step_unit="step",
    signs=("critic/score/mean", "critic/rewards/mean", "actor/pg_loss"),
    keys={
        # The task's own score, which Logic-RL logs as `reward/mean` too. `critic/rewards/mean` is the same after the
        # KL penalty, so it comes last.
        "reward": ("critic/score/mean", "reward/mean", "critic/rewards/mean"),
        # The second leaves out aborted responses, which have no tokens.
        "response_length": ("response_length/mean", "response_length_non_aborted/mean"),
        "kl": ("actor/kl_loss", "actor/reward_kl_penalty", "critic/kl", "actor/ppo_kl"),
        # Before 0.4 the entropy itself was called `entropy_loss`; it is positive.
        "entropy": ("actor/entropy", "actor/entropy_loss"),
        "loss": ("actor/pg_loss",),
        "learning_rate": ("actor/lr",),
        # `response_length/clip_ratio` is the truncated share: not this.
        "clip_fraction": ("actor/pg_clipfrac",),
        "grad_norm": ("actor/grad_norm",),
        "truncated_share": ("response_length/clip_ratio", "response_length_non_aborted/clip_ratio"),
        "throughput": ("perf/throughput",),
        "step_time": ("timing_s/step", "perf/time_per_step", "timing/gen"),
    },
    per_step={"tokens": ("perf/total_num_tokens",)},
)

_OPENRLHF = Framework(
    name="OpenRLHF",
    step_unit="step",
    signs=(
        "train/actor_lr",
        "train/actor_grad_norm",
        "train/rollout/reward_mean",
        "train/rollout/response_length_mean",
        "train/gpt_loss",
        "train/reject_reward",
    ),
    keys={
        # Of all rollouts, then of those that were learned from; `return` is after the KL penalty.
        "reward": ("rollout/reward_mean", "reward", "return"),
        "response_length": ("rollout/response_length_mean", "response_length"),
        # Of a rollout to the reference policy; `ppo_kl` is between old and new policy.
        "kl": ("kl", "ppo_kl"),
        "loss": ("policy_loss", "gpt_loss", "loss"),
        "learning_rate": ("actor_lr", "lr"),
        "clip_fraction": ("ppo_clip_ratio",),
        "grad_norm": ("actor_grad_norm", "grad_norm"),
        "truncated_share": ("rollout/truncated_rate",),
        "step_time": ("timing/step_total",),
    },
    # The entropy itself, positive; `train/entropy_loss` of Stable-Baselines3 is its negative.
    only_here={"entropy": ("train/entropy_loss",)},
    prefixes=("train/",),
)

_OPEN_INSTRUCT = Framework(
    name="open-instruct",
    step_unit="step",
    signs=("val/sequence_lengths", "objective/verifiable_reward", "val/num_step_tokens"),
    keys={
        "reward": ("scores", "objective/scores", "objective/verifiable_reward"),
        "response_length": ("val/sequence_lengths",),
        "validation_score": ("eval/scores",),
        # Four estimators of the same; the third is the one that is never negative and has little variance.
        "kl": ("objective/kl3_avg", "objective/kl2_avg", "objective/kl1_avg", "objective/kl_avg"),
        "entropy": ("policy/entropy_avg",),
        "loss": ("loss/policy_avg",),
        "learning_rate": ("lr",),
        "clip_fraction": ("policy/clipfrac_avg",),
        "grad_norm": ("optim/grad_norm",),
        "throughput": ("learner_tokens_per_second_step",),
        "step_time": ("time/total",),
        # An episode is one sampled response.
        "episodes": ("episode",),
        "tokens": ("val/num_total_tokens",),
    },
    per_step={"tokens": ("val/num_step_tokens",)},
)

_NEMO_RL = Framework(
    name="NeMo-RL",
    step_unit="step",
    signs=("train/mean_gen_tokens_per_sample", "train/global_valid_toks", "train/token_mult_prob_error"),
    keys={
        "reward": ("reward",),
        # `mean_total_tokens_per_sample` counts the prompt and the environment's words too: not a response length.
        "response_length": ("mean_gen_tokens_per_sample",),
        "validation_score": ("validation/accuracy",),
        "kl": ("kl_penalty",),
        "entropy": ("approx_entropy",),
        "loss": ("loss",),
        "learning_rate": ("lr",),
        "grad_norm": ("grad_norm",),
        "truncated_share": ("truncation_rate",),
        "throughput": ("performance/tokens_per_sec",),
        "step_time": ("timing/train/total_step_time",),
    },
    prefixes=("train/",),
)

_SLIME = Framework(
    name="slime",
    step_unit="step",
    signs=("rollout/raw_reward", "rollout/response_len/mean", "train/lr-pg_0"),
    keys={
        # `rollout/rewards` is normalized within groups: near 0 whatever was learned.
        "reward": ("rollout/raw_reward",),
        "response_length": ("rollout/response_len/mean", "rollout/response_lengths"),
        "kl": ("train/kl_loss", "train/ppo_kl"),
        "loss": ("train/pg_loss", "train/loss"),
        "learning_rate": ("train/lr-pg_0",),
        "clip_fraction": ("train/pg_clipfrac",),
        "grad_norm": ("train/grad_norm",),
        "truncated_share": ("rollout/truncated_ratio",),
        "throughput": ("perf/actor_train_tok_per_s",),
        "step_time": ("perf/step_time",),
    },
    only_here={
        "entropy": ("train/entropy_loss",),
        "validation_score": (r"eval/(?!step$)[^/]+(?<!-truncated_ratio)(?<!-pass@\d)(?<!-pass@\d\d)",),
    },
    # A step is a batch of rollouts, as elsewhere; `train/` counts the optimizer's steps, one or more a batch.
    other_axes={"train/": "gradient step"},
)

_AREAL = Framework(
    name="AReaL",
    step_unit="step",
    signs=(
        "ppo_actor/task_reward/avg",
        "grpo_actor/task_reward/avg",
        "ppo_actor/update/actor_loss/avg",
        "grpo_actor/update/actor_loss/avg",
        "timeperf/train_step",
    ),
    keys={
        # The first is of every rollout, the second of those that were learned from.
        "reward": (
            "rollout/reward",
            "ppo_actor/task_reward/avg",
            "grpo_actor/task_reward/avg",
            "ppo_actor/task_reward",
        ),
        # `seq_len` counts the prompt too: not a response length.
        "validation_score": ("eval-rollout/reward",),
        "kl": ("ppo_actor/update/approx_kl/avg", "grpo_actor/update/approx_kl/avg"),
        "entropy": ("ppo_actor/update/entropy/avg", "grpo_actor/update/entropy/avg"),
        "loss": ("ppo_actor/update/actor_loss/avg", "grpo_actor/update/actor_loss/avg"),
        "learning_rate": ("ppo_actor/update/lr", "grpo_actor/update/lr"),
        "clip_fraction": ("ppo_actor/update/clip_ratio/avg", "grpo_actor/update/clip_ratio/avg"),
        "grad_norm": ("ppo_actor/update/grad_norm", "grpo_actor/update/grad_norm"),
        "truncated_share": ("ppo_actor/no_eos_ratios/avg", "grpo_actor/no_eos_ratios/avg"),
        "step_time": ("timeperf/train_step",),
    },
)

_PRIME_RL = Framework(
    name="prime-rl",
    step_unit="step",
    signs=(
        "mismatch_kl/all/mean",
        "entropy/all/mean",
        "reward/all/mean",
        "seq_len/all/mean",
        "progress/total_rollouts",
    ),
    keys={
        "reward": ("reward/all/mean",),
        # The second, of older versions, counts the prompt too; nothing nearer was logged.
        "response_length": ("train/agg/effective/num_output_tokens/mean", "seq_len/all/mean"),
        # Between the policies that trained and that sampled.
        "kl": ("mismatch_kl/all/mean",),
        "entropy": ("entropy/all/mean",),
        "loss": ("loss/mean",),
        "learning_rate": ("optim/lr",),
        "grad_norm": ("optim/grad_norm",),
        "throughput": ("perf/throughput",),
        "step_time": ("time/step",),
        "tokens": ("progress/total_tokens",),
        "samples": ("progress/total_samples", "progress/total_rollouts"),
    },
    # The cohort that was learned from; `all` holds failed rollouts as zeros.
    patterns={
        "reward": (r"train/agg/effective/[^/]+/reward/mean", r"train/agg/all/[^/]+/reward/mean"),
        "validation_score": (r"eval/[^/]+/effective/[^/]+/avg@\d+", r"eval/[^/]+/avg@\d+"),
        "truncated_share": (r"train/agg/effective/[^/]+/is_truncated/mean",),
    },
    per_step={"tokens": ("progress/tokens",), "samples": ("progress/samples", "progress/rollouts")},
)

_TINKER = Framework(
    name="Tinker cookbook",
    step_unit="step",
    signs=("env/all/reward/total", "optim/kl_sample_train_v1", "progress/done_frac"),
    keys={
        "reward": ("env/all/reward/total", "reward/total"),
        # A turn is one response.
        "response_length": ("env/all/ac_tokens_per_turn",),
        "validation_score": ("test/env/all/reward/total",),
        "kl": ("kl_policy_base", "optim/kl_sample_train_v2", "optim/kl_sample_train_v1"),
        "entropy": ("optim/entropy",),
        "learning_rate": ("optim/lr",),
        "step_time": ("time/total", "time/step"),
    },
    patterns={"validation_score": (r"test/(?!.*std).*(accuracy|correct|reward/total|score)",)},
    per_step={"episodes": ("env/all/total_episodes",)},
    prefixes=("train/",),
)

LANGUAGE: tuple[Framework, ...] = (
    _ROLL,
    _SKYRL,
    _VERL,
    _OPENRLHF,
    _OPEN_INSTRUCT,
    _NEMO_RL,
    _SLIME,
    _AREAL,
    _PRIME_RL,
    _TINKER,
)
