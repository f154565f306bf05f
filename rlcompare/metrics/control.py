"""Frameworks that train policies for environments, read from their own source in November 2026.

Stable-Baselines3 2.9, CleanRL as of April 2026, RLlib 2.60, Spinning Up, baselines, Sample Factory 2.1, skrl 2.1,
rsl_rl 5.5, Tianshou 0.5 to 2.0, Dopamine 4.1, d3rlpy 2.8, TorchRL 0.14, Lightning 2.6.
"""

from __future__ import annotations

from rlcompare.metrics.framework import Framework

_SB3 = Framework(
    name="Stable-Baselines3",
    step_unit="env step",
    signs=("rollout/ep_rew_mean", "time/total_timesteps", "time/fps"),
    keys={
        # `r` and `l` are of the monitor: one episode's return and length.
        "reward": ("rollout/ep_rew_mean", "r", "eval/mean_reward"),
        "episode_length": ("rollout/ep_len_mean", "l", "eval/mean_ep_length"),
        "validation_score": ("eval/mean_reward",),
        "kl": ("train/approx_kl",),
        # `train/entropy_loss` is the *negative* entropy: not an entropy.
        "loss": ("train/policy_gradient_loss", "train/policy_loss", "train/actor_loss", "train/loss"),
        "learning_rate": ("train/learning_rate",),
        # `train/clip_range` is a setting: not this.
        "clip_fraction": ("train/clip_fraction",),
        "throughput": ("time/fps",),
        # Our reader of the monitors counts them.
        "episodes": ("time/episodes", "episodes"),
    },
)

_CLEANRL = Framework(
    name="CleanRL",
    step_unit="env step",
    signs=("charts/episodic_return", "charts/SPS"),
    keys={
        "reward": ("charts/episodic_return", "charts/avg_episodic_return"),
        "episode_length": ("charts/episodic_length",),
        "validation_score": ("eval/episodic_return",),
        "kl": ("losses/approx_kl",),
        "entropy": ("losses/entropy",),
        "loss": ("losses/policy_loss", "losses/actor_loss"),
        "learning_rate": ("charts/learning_rate",),
        "clip_fraction": ("losses/clipfrac",),
        "throughput": ("charts/SPS",),
    },
    # The final evaluation numbers its episodes, where all else has the global step.
    other_axes={"eval/episodic_return": "episode"},
)

_LEARNER = "info/learner/default_policy/learner_stats"

_RLLIB = Framework(
    name="RLlib",
    step_unit="iteration",
    signs=(
        "env_runners/episode_return_mean",
        "episode_reward_mean",
        "env_runners/num_episodes_lifetime",
        "num_env_steps_sampled_lifetime",
    ),
    keys={
        "reward": ("env_runners/episode_return_mean", "episode_reward_mean"),
        "episode_length": ("env_runners/episode_len_mean", "episode_len_mean"),
        "validation_score": ("evaluation/env_runners/episode_return_mean", "evaluation/episode_reward_mean"),
        "kl": ("learners/default_policy/mean_kl_loss", f"{_LEARNER}/kl"),
        "entropy": ("learners/default_policy/entropy", f"{_LEARNER}/entropy"),
        "loss": (
            "learners/default_policy/policy_loss",
            f"{_LEARNER}/policy_loss",
            "learners/default_policy/total_loss",
            f"{_LEARNER}/total_loss",
        ),
        "learning_rate": ("learners/default_policy/default_optimizer_learning_rate", f"{_LEARNER}/cur_lr"),
        "grad_norm": (
            "learners/default_policy/gradients_default_optimizer_global_norm",
            f"{_LEARNER}/grad_gnorm",
        ),
        "throughput": ("env_runners/num_env_steps_sampled_lifetime_throughput",),
        "step_time": ("time_this_iter_s",),
        "episodes": ("env_runners/num_episodes_lifetime", "episodes_total"),
    },
    per_step={"episodes": ("env_runners/num_episodes", "episodes_this_iter")},
    prefixes=("ray/tune/",),
)

_SPINNING_UP = Framework(
    name="Spinning Up",
    step_unit="env step",
    signs=("AverageEpRet", "TotalEnvInteracts"),
    keys={
        "reward": ("AverageEpRet",),
        "episode_length": ("EpLen",),
        "validation_score": ("AverageTestEpRet",),
        "kl": ("KL",),
        "entropy": ("Entropy",),
        "loss": ("LossPi",),
        "clip_fraction": ("ClipFrac",),
    },
)

#: The first spelling is of its older algorithms (TRPO, PPO1), the second of PPO2 and its like.
_BASELINES = Framework(
    name="baselines",
    step_unit="iteration",
    signs=("EpRewMean", "eprewmean", "mean 100 episode reward"),
    keys={
        "reward": ("EpRewMean", "eprewmean", "mean 100 episode reward"),
        "episode_length": ("EpLenMean", "eplenmean"),
        "validation_score": ("eval_eprewmean",),
        "kl": ("loss/approxkl",),
        "entropy": ("loss/policy_entropy", "policy_entropy"),
        "loss": ("loss/policy_loss",),
        "clip_fraction": ("loss/clipfrac",),
        "throughput": ("fps",),
        "episodes": ("EpisodesSoFar", "episodes"),
    },
    per_step={"episodes": ("EpThisIter",)},
)

_SAMPLE_FACTORY = Framework(
    name="Sample Factory",
    step_unit="env step",
    signs=("reward/reward", "len/len", "perf/_sample_throughput"),
    keys={
        "reward": ("reward/reward",),
        "episode_length": ("len/len",),
        "kl": ("train/kl_divergence",),
        "entropy": ("train/entropy",),
        "loss": ("train/policy_loss",),
        "learning_rate": ("train/lr",),
        "clip_fraction": ("train/fraction_clipped",),
        "grad_norm": ("train/grad_norm",),
        "throughput": ("perf/_fps",),
    },
)

_SKRL = Framework(
    name="skrl",
    # A step of the trainer is one of each parallel environment: with 4096 of them it is 4096 environment steps.
    step_unit="timestep",
    signs=("Reward / Total reward (mean)", "Reward / Instantaneous reward (mean)"),
    keys={
        "reward": ("Reward / Total reward (mean)",),
        "episode_length": ("Episode / Total timesteps (mean)",),
        # `Loss / Entropy loss` is the negative entropy times its weight: not an entropy.
        "loss": ("Loss / Policy loss",),
        "learning_rate": ("Learning / Learning rate", "Learning / Policy learning rate"),
    },
)

_RSL_RL = Framework(
    name="rsl_rl",
    step_unit="iteration",
    signs=("Train/mean_reward", "Train/mean_episode_length"),
    keys={
        "reward": ("Train/mean_reward",),
        "episode_length": ("Train/mean_episode_length",),
        "entropy": ("Loss/entropy",),
        "loss": ("Loss/surrogate",),
        "learning_rate": ("Loss/learning_rate",),
        "throughput": ("Perf/total_fps",),
    },
    # Seconds of training stand where the iteration should.
    other_axes={"Train/mean_reward/time": "second", "Train/mean_episode_length/time": "second"},
)

_TIANSHOU = Framework(
    name="Tianshou",
    step_unit="env step",
    signs=(
        "training/returns_stat/mean",
        "test/returns_stat/mean",
        "train/returns_stat/mean",
        "training/env_step",
        "train/env_step",
        "test/env_step",
        "update/gradient_step",
        "update/update_step",
    ),
    keys={
        # 2.0, 1.x and 0.5 in turn.
        "reward": ("training/returns_stat/mean", "train/returns_stat/mean", "train/reward"),
        "episode_length": ("training/lens_stat/mean", "train/lens_stat/mean", "train/length"),
        "validation_score": ("test/returns_stat/mean", "test/reward"),
    },
    # Nested statistics are logged below the names of the algorithms' parts.
    patterns={
        "loss": (r"update/(actor_loss|clip_loss|loss/clip)(/mean)?", r"update/loss(/mean)?"),
        # The entropy itself, positive.
        "entropy": (r"update/(ent_loss|loss/ent)(/mean)?",),
    },
    # Of one collection alone.
    not_here=("train/episode",),
    other_axes={
        "update/": "gradient step",
        "info/": "epoch",
        "save/epoch": "epoch",
        "save/gradient_step": "gradient step",
    },
)

_DOPAMINE = Framework(
    name="Dopamine",
    step_unit="iteration",
    signs=("Train/AverageReturns", "Train/AverageStepsPerSecond", "Eval/AverageReturns"),
    keys={
        "reward": ("Train/AverageReturns",),
        "validation_score": ("Eval/AverageReturns",),
        "throughput": ("Train/AverageStepsPerSecond",),
    },
    per_step={"episodes": ("Train/NumEpisodes",)},
)

_D3RLPY = Framework(
    name="d3rlpy",
    step_unit="epoch",
    signs=("time_algorithm_update",),
    keys={
        # Returns of the greedy policy: nothing else is logged where training is offline.
        "reward": ("environment", "evaluation", "rollout_return"),
        "loss": ("actor_loss", "loss"),
    },
    prefixes=("metrics/",),
)

_TORCHRL = Framework(
    name="TorchRL",
    step_unit="env step",
    # `r_training` is the mean reward of one step: not a return.
    signs=("r_training", "loss_objective"),
    keys={
        "reward": ("train/reward", "train/episode_reward"),
        "validation_score": ("eval/reward",),
        "loss": ("loss_objective",),
    },
)

_LIGHTNING = Framework(
    name="Lightning",
    step_unit="step",
    signs=("hp_metric", "trainer/global_step"),
)

CONTROL: tuple[Framework, ...] = (
    _SB3,
    _CLEANRL,
    _RLLIB,
    _SPINNING_UP,
    _SAMPLE_FACTORY,
    _SKRL,
    _RSL_RL,
    _TIANSHOU,
    _DOPAMINE,
    _D3RLPY,
    _BASELINES,
    _TORCHRL,
    _LIGHTNING,
)
