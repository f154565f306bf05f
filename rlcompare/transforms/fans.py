"""How values are spread along a training: quantiles of its stretches, or what was logged of their spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlcompare.stats import quantiles
from rlcompare.stats.sample import Floats
from rlcompare.transforms.stretches_of_steps import Steps, Stretches, Values, stretches_of

MEDIAN = 0.5
#: Stretches of a fan of what was logged: nothing is estimated from the values of one, so that they may be few.
MOST_LOGGED = 250

Quantiles = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Fan:
    """A line along a training and bands around it.

    Parameters
    ----------
    width : int
        Of a stretch, in steps.
    first, last : ndarray of int64, shape (n_stretches,)
        Steps of each stretch that have values.
    n : ndarray of int64, shape (n_stretches,)
        Values of each.
    center : ndarray, shape (n_stretches,)
    lower, upper : ndarray, shape (n_bands, n_stretches)
    """

    width: int
    first: Steps
    last: Steps
    n: NDArray[np.int64]
    center: Floats
    lower: Floats
    upper: Floats


def fan_of_values(runs: Sequence[Values], bands: Sequence[Quantiles]) -> Fan:
    """Draw the median of single values and bands between their quantiles; values of all runs count alike.

    Parameters
    ----------
    runs : sequence of Values
    bands : sequence of (lower, upper)
        In [0, 1].
    """
    stretches = stretches_of(runs)
    wanted = [MEDIAN, *(low for low, _ in bands), *(high for _, high in bands)]
    # Numbers of one byte are sorted in the time that they take to read.
    numbers = [stretches.number(run.step).astype(np.uint8) for run in runs]
    number = np.concatenate([np.empty(0, np.uint8), *numbers])
    values = np.concatenate([np.empty(0), *(run.value for run in runs)])
    if len(runs) > 1:
        order = np.argsort(number, kind="stable")
        number, values = number[order], values[order]
    found = quantiles.fan(number.astype(np.intp), values, wanted, len(stretches))
    first, last = _ends(runs, stretches)
    n = len(bands)
    return Fan(stretches.width, first, last, found.n, found.values[0], found.values[1 : n + 1], found.values[n + 1 :])


@dataclass(frozen=True, eq=False)
class Logged:
    """What was logged of one run's values at each step.

    Parameters
    ----------
    mean : Values
    low, high : Values
        Their minimum and maximum, at steps of their own; or a standard deviation below and above the mean.
    """

    mean: Values
    low: Values
    high: Values


def fan_of_logged(runs: Sequence[Logged], *, extremes: bool) -> Fan:
    """Draw the mean of what was logged as mean, and one band between what was logged of the spread.

    Parameters
    ----------
    runs : sequence of Logged
    extremes : bool
        The band reaches from the smallest minimum of a stretch to its largest maximum; else over the mean of what is
        at each step.
    """
    means = [run.mean for run in runs]
    stretches = stretches_of(means, most=MOST_LOGGED, fewest=1)
    first, last = _ends(means, stretches)
    mean, n = _means(means, stretches)
    lows, highs = [run.low for run in runs], [run.high for run in runs]
    if extremes:
        lower, upper = _extremes(lows, stretches, np.fmin), _extremes(highs, stretches, np.fmax)
    else:
        lower, upper = _means(lows, stretches)[0], _means(highs, stretches)[0]
    return Fan(stretches.width, first, last, n, mean, lower[None], upper[None])


def beside(mean: Values, spread: Values) -> Logged:
    """Place a standard deviation around a mean, at the steps that have both; of several at one step the first counts.

    Parameters
    ----------
    mean, spread : Values
    """
    _, at, others = np.intersect1d(mean.step, spread.step, return_indices=True)
    step, middle, apart = mean.step[at], mean.value[at], spread.value[others]
    return Logged(mean, Values(step, middle - apart), Values(step, middle + apart))


def _ends(runs: Sequence[Values], stretches: Stretches) -> tuple[Steps, Steps]:
    """Find the first and the last step of each stretch that has values."""
    first = np.full(len(stretches), np.iinfo(np.int64).max)
    last = np.full(len(stretches), np.iinfo(np.int64).min)
    for run in runs:
        begins = np.flatnonzero(np.diff(stretches.number(run.step), prepend=-1))
        if len(begins):
            number = stretches.number(run.step[begins])
            first[number] = np.minimum(first[number], run.step[begins])
            last[number] = np.maximum(last[number], run.step[np.append(begins[1:], len(run)) - 1])
    return first, last


def _means(runs: Sequence[Values], stretches: Stretches) -> tuple[Floats, NDArray[np.int64]]:
    total, n = np.zeros(len(stretches)), np.zeros(len(stretches), np.int64)
    for run in runs:
        number = stretches.number(run.step)
        inside = number >= 0
        total += np.bincount(number[inside], run.value[inside], len(stretches))
        n += np.bincount(number[inside], minlength=len(stretches))
    return np.divide(total, n, out=np.full(len(stretches), np.nan), where=n > 0), n


def _extremes(runs: Sequence[Values], stretches: Stretches, further: np.ufunc) -> Floats:
    found = np.full(len(stretches), np.nan)
    for run in runs:
        number = stretches.number(run.step)
        number, value = number[number >= 0], run.value[number >= 0]
        begins = np.flatnonzero(np.diff(number, prepend=-1))
        if len(begins):
            found[number[begins]] = further(found[number[begins]], further.reduceat(value, begins))
    return found


@dataclass(frozen=True, eq=False)
class HeatMap:
    """How many values of each stretch of a training lie in each bin.

    Parameters
    ----------
    stretches : Stretches
    first, last : ndarray of int64, shape (n_stretches,)
    edges : ndarray, shape (n_bins + 1,)
    n : ndarray of int64, shape (n_stretches, n_bins)
    """

    stretches: Stretches
    first: Steps
    last: Steps
    edges: Floats
    n: NDArray[np.int64]


#: Bins of values in a heat map.
MOST_ROWS, FEWEST_ROWS = 50, 25


def heat_map(runs: Sequence[Values]) -> HeatMap:
    """Count the values of each stretch of a training in bins that all of it shares.

    Parameters
    ----------
    runs : sequence of Values
    """
    stretches = stretches_of(runs)
    edges = quantiles.histogram_edges([run.value for run in runs], MOST_ROWS, FEWEST_ROWS)
    counted = [
        quantiles.counts_by_stretch(stretches.number(run.step), run.value, edges, len(stretches)) for run in runs
    ]
    first, last = _ends(runs, stretches)
    return HeatMap(stretches, first, last, edges, np.sum(counted, axis=0, dtype=np.int64))
