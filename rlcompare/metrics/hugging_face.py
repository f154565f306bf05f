"""Hugging Face's Trainer and what is built on it: Transformers 5.23, TRL 1.16 and before, ms-swift 4.6."""

from __future__ import annotations

from rlcompare.metrics.framework import Framework

_TRL_KEYS = {
    # Of PPO, RLOO and online DPO: `objective/rlhf_reward` is the score after the KL penalty, so it comes last.
    "reward": ("reward", "objective/scores", "objective/rlhf_reward"),
    "response_length": ("completions/mean_length", "completion_length"),
    "kl": ("kl", "objective/kl"),
    # `objective/entropy` is summed over a response: not this.
    "entropy": ("entropy", "entropy/mean", "policy/entropy_avg"),
    "loss": ("loss/policy_avg", "policy_loss", "loss"),
    "learning_rate": ("learning_rate", "lr"),
    "clip_fraction": ("clip_ratio/region_mean", "policy/clipfrac_avg", "clip_ratio"),
    "grad_norm": ("grad_norm",),
    "truncated_share": ("completions/clipped_ratio",),
    "step_time": ("step_time",),
    # Of PPO and RLOO: an episode is one sampled response.
    "episodes": ("episode",),
    # `eval_num_tokens` is the same count at the rows of the evaluations only: not this.
    "tokens": ("num_tokens", "num_input_tokens_seen"),
}

_MS_SWIFT = Framework(
    name="ms-swift",
    step_unit="step",
    signs=("train_speed(s/it)", "train_speed(iter/s)", "memory(GiB)"),
    keys=_TRL_KEYS,
    prefixes=("train/",),
)

#: Unsloth patches TRL's trainers, and has no signs of its own.
_TRL = Framework(
    name="TRL",
    step_unit="step",
    signs=(
        "completions/mean_length",
        "completion_length",
        "frac_reward_zero_std",
        "rewards/margins",
        "objective/rlhf_reward",
        "mean_token_accuracy",
    ),
    keys=_TRL_KEYS,
    prefixes=("train/",),
)

_TRANSFORMERS = Framework(
    name="Transformers",
    step_unit="step",
    signs=("train/global_step", "train/train_runtime"),
    keys={
        "loss": ("loss",),
        "learning_rate": ("learning_rate",),
        "grad_norm": ("grad_norm",),
        "tokens": ("num_input_tokens_seen",),
    },
    prefixes=("train/",),
)

HUGGING_FACE: tuple[Framework, ...] = (_MS_SWIFT, _TRL, _TRANSFORMERS)
