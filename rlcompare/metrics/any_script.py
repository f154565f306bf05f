"""Keys whose meaning is plain whoever writes them."""

from __future__ import annotations

from rlcompare.metrics.framework import Framework

#: What scripts of their own write, whose framework no key gives away.
ANY_SCRIPT = Framework(
    name="",
    keys={
        "reward": ("reward", "episode_reward", "episode_return"),
        "response_length": ("response_length", "completion_length"),
        "episode_length": ("episode_length",),
        "validation_score": ("validation/accuracy", "eval/reward", "eval_reward"),
        # To the reference policy where it is logged, else between old and new policy.
        "kl": ("kl", "kl_loss", "ppo_kl"),
        "entropy": ("entropy",),
        "loss": ("policy_loss", "pg_loss", "loss", "actor_loss"),
        "learning_rate": ("learning_rate", "lr"),
        "clip_fraction": ("clip_ratio", "pg_clipfrac"),
        "grad_norm": ("grad_norm",),
        "throughput": ("train_samples_per_second", "samples_per_second"),
        "step_time": ("step_time",),
        "episodes": ("episodes", "episode"),
        "tokens": ("num_tokens", "num_input_tokens_seen"),
    },
    patterns={
        "validation_score": (
            r"val-core/.+/(acc|reward)/(mean|best|maj)@\d+.*",
            r"val/test_score/.+",
            r"val-aux/.+/(acc|reward|score)/mean@\d+",
            r"eval[/_].+_pass@?1",
            r"eval[/_](?!.*std).*(accuracy|reward|score)",
        ),
    },
    prefixes=("train/",),
)

#: What we make of logged samples (``rlcompare/store/samples.py``): patterns, so that whatever was logged comes before.
OUR_MEANS = Framework(
    name="",
    patterns={
        "reward": (r"samples/reward/mean",),
        "response_length": (r"samples/response_length/mean",),
        "validation_score": (r"samples/validation/correct_share", r"samples/validation/reward/mean"),
    },
)
