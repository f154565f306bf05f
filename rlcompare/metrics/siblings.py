"""What a trainer logged beside a mean: the smallest and largest value that it is the mean of, or their spread.

``critic/score/mean`` stands beside ``critic/score/max`` and ``critic/score/min`` (verl), ``completions/mean_length``
beside ``completions/min_length`` (TRL), ``env_runners/episode_return_mean`` beside ``…_min`` (RLlib), ``AverageEpRet``
beside ``MinEpRet`` (Spinning Up): the word for the mean is replaced where it stands, in its own spelling.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

#: The word for a mean, where it is one of several that a key is made of, and what stands for it in its siblings.
_MEAN = re.compile(r"(?<![a-z])(?:mean|avg|average)(?![a-z])|(?:Mean|Avg|Average)(?![a-z])")
_LOW, _HIGH, _SPREAD = ("min",), ("max",), ("std", "standard_deviation")

#: Sample Factory's ``reward/reward_min`` and TRL's ``reward_std`` stand beside a mean that does not call itself one.
_BEHIND = "{key}_{word}"


@dataclass(frozen=True)
class Siblings:
    """Keys that say of the same values what a mean does not.

    Parameters
    ----------
    low, high : str
        Their minimum and maximum; empty where not both were logged.
    spread : str
        Their standard deviation; empty where it was not logged, or there are minimum and maximum.
    """

    low: str = ""
    high: str = ""
    spread: str = ""


def siblings_of(key: str, keys: Collection[str]) -> Siblings | None:
    """Find what stands beside a metric.

    Parameters
    ----------
    key : str
        Of the metric, as the source spells it.
    keys : collection of str
        All keys of the run.

    Returns
    -------
    Siblings or None
        None where there is nothing.
    """
    spellings = [(key[: word.start()], word[0], key[word.end() :]) for word in reversed([*_MEAN.finditer(key)])]

    def found(words: tuple[str, ...]) -> list[str]:
        beside = [f"{before}{_cased(word, mean)}{after}" for before, mean, after in spellings for word in words]
        beside += [_BEHIND.format(key=key, word=word) for word in words]
        return [name for name in beside if name in keys]

    lows, highs, spreads = found(_LOW), found(_HIGH), found(_SPREAD)
    if lows and highs:
        return Siblings(low=lows[0], high=highs[0])
    return Siblings(spread=spreads[0]) if spreads else None


def _cased(word: str, like: str) -> str:
    return word.capitalize() if like[0].isupper() else word
