"""Which column of the samples holds the single values that a metric is the mean of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rlcompare.metrics.canonical import canonical_of

Split = Literal["train", "validation"]

#: Canonical names, and the column whose mean they are; a length also has a unit (``schema.LENGTH_UNIT``).
_COLUMNS: dict[str | None, tuple[Literal["reward", "length"], str]] = {
    "reward": ("reward", ""),
    "response_length": ("length", "token"),
    "episode_length": ("length", "env step"),
}

#: Keys whose values were not drawn to train on, and what the same is called of training.
_VALIDATION = {"eval/mean_reward": "rollout/ep_rew_mean", "eval/mean_ep_length": "rollout/ep_len_mean"}
_VALIDATION_PREFIXES = {"evaluation/": "", "samples/validation/": "samples/"}

#: verl's reward after the KL penalty, where samples have the task's own.
_PENALIZED = "critic/rewards/mean"

#: Characters stand in where a log has texts and no token counts; no canonical name means them.
_CHARACTERS = "samples/response_characters/mean"


@dataclass(frozen=True)
class SampledAs:
    """Where the single values of a metric stand among the samples.

    Parameters
    ----------
    column : {"reward", "length"}
        Of ``schema.SAMPLES``.
    split : {"train", "validation"}
    length_unit : str
        What a length counts; empty for a reward.
    """

    column: Literal["reward", "length"]
    split: Split
    length_unit: str = ""


def split_of(key: str) -> Split:
    """Tell whether a source key is about samples that were drawn to evaluate."""
    return "validation" if _trained(key) != key else "train"


def sampled_as(key: str) -> SampledAs | None:
    """Find the column of the samples that a source key is the mean of.

    Parameters
    ----------
    key : str

    Returns
    -------
    SampledAs or None
        None for a metric that is no mean of samples.
    """
    alike = _trained(key)
    if alike == _CHARACTERS:
        return SampledAs("length", split_of(key), "character")
    if canonical_of(alike) not in _COLUMNS or alike == _PENALIZED:
        return None
    column, unit = _COLUMNS[canonical_of(alike)]
    return SampledAs(column, split_of(key), unit)


def _trained(key: str) -> str:
    """Spell a key of validation as the same of training is spelled; a key of training as it is."""
    for prefix, plain in _VALIDATION_PREFIXES.items():
        if key.startswith(prefix):
            return plain + key.removeprefix(prefix)
    return _VALIDATION.get(key, key)
