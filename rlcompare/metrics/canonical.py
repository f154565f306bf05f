"""The canonical metrics, and the key that one of them stands for in a run.

The run's own framework is asked first, so that its order of preference holds; then whatever any framework logs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from rlcompare.metrics.framework import Framework
from rlcompare.metrics.frameworks import EVERYONE, FRAMEWORK_OF, guess_framework

#: What users type, and what axes say.
_TITLES: dict[str, str] = {
    "reward": "Reward",
    "response_length": "Response length",
    "episode_length": "Episode length",
    "validation_score": "Validation score",
    "kl": "KL divergence",
    "entropy": "Entropy",
    "loss": "Policy loss",
    "learning_rate": "Learning rate",
    "clip_fraction": "Clip fraction",
    "grad_norm": "Gradient norm",
    "truncated_share": "Truncated share",
    "throughput": "Throughput",
    "step_time": "Time per step",
    # Counts since the start of the training, to draw other metrics over. What a step alone counted is in `PER_STEP`.
    "episodes": "Episodes",
    "tokens": "Tokens seen",
    "samples": "Samples seen",
}


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
        Source keys of all frameworks that mean it; of one framework's, the best first.
    patterns : tuple of str
        Regular expressions for keys that hold a data set's or an agent's name; asked after ``keys``.
    """

    name: str
    title: str
    keys: tuple[str, ...]
    patterns: tuple[str, ...] = ()


def _canonical(name: str) -> Canonical:
    keys = dict.fromkeys(key for framework in EVERYONE for key in framework.spelled(framework.keys.get(name, ())))
    patterns = dict.fromkeys(pattern for framework in EVERYONE for pattern in framework.patterns.get(name, ()))
    return Canonical(name, _TITLES[name], tuple(keys), tuple(patterns))


CANONICAL: tuple[Canonical, ...] = tuple(map(_canonical, _TITLES))

BY_NAME: dict[str, Canonical] = {canonical.name: canonical for canonical in CANONICAL}

#: Keys that count what one step alone saw, best first, by the canonical count that their sum over the steps is.
PER_STEP: dict[str, tuple[str, ...]] = {
    name: keys
    for name in _TITLES
    if (keys := tuple(key for framework in EVERYONE for key in framework.per_step.get(name, ())))
}


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
    if name in BY_NAME:
        own = FRAMEWORK_OF.get(guess_framework(keys))
        for exact, patterns in _offers(name, own):
            found = next((key for key in exact if key in keys), None) or _first_fit(patterns, keys)
            if found is not None:
                return found
    return name if name in keys else None


def _offers(name: str, own: Framework | None) -> Iterator[tuple[tuple[str, ...], tuple[re.Pattern[str], ...]]]:
    """List the keys and the patterns to look for: a framework's own, then everyone's."""
    if own is not None:
        yield own.spelled(own.keys.get(name, ())), _compiled(own.patterns.get(name, ()))
        yield (), _compiled(own.only_here.get(name, ()))
    foreign = own.not_here if own is not None else ()
    yield tuple(key for key in BY_NAME[name].keys if key not in foreign), _compiled(BY_NAME[name].patterns)


@cache
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(map(re.compile, patterns))


def _first_fit(patterns: tuple[re.Pattern[str], ...], keys: Collection[str]) -> str | None:
    for pattern in patterns:
        fits = [key for key in keys if pattern.fullmatch(key)]
        if fits:
            return min(fits)
    return None


@cache
def canonical_of(key: str, framework: str = "") -> str | None:
    """Name the canonical metric that a source key means, or None; of several, the one that it means before others.

    ``eval/mean_reward`` is a validation score, and answers for ``reward`` only in a run that has no other.

    Parameters
    ----------
    key : str
    framework : str
        Who logged it, where that is known: some keys mean something else in another framework.
    """
    own = FRAMEWORK_OF.get(framework)
    if own is not None:
        name = _meanings(framework).get(key) or _fitting(key, own.patterns) or _fitting(key, own.only_here)
        if name is not None or key in own.not_here:
            return name
    return _meanings("").get(key) or _fitting(key, {each.name: each.patterns for each in CANONICAL})


@cache
def _meanings(framework: str) -> dict[str, str]:
    """Give the canonical name of every listed key of one framework, or of all: where a key is asked for soonest."""
    found = [
        (place, order, key, name)
        for each in ([FRAMEWORK_OF[framework]] if framework else EVERYONE)
        for order, name in enumerate(_TITLES)
        for place, plain in enumerate(each.keys.get(name, ()))
        for key in each.spelled((plain,))
    ]
    # Of several entries for one key a dictionary keeps the last.
    return {key: name for _, _, key, name in sorted(found, reverse=True)}


def _fitting(key: str, patterns: Mapping[str, tuple[str, ...]]) -> str | None:
    fits = (name for name in _TITLES if _first_fit(_compiled(patterns.get(name, ())), (key,)))
    return next(fits, None)


def title_of(name: str) -> str:
    """Axis title of a metric: the canonical one's words, else the key as logged."""
    return BY_NAME[name].title if name in BY_NAME else name
