"""How values are spread: quantiles by stretch of a training, distribution functions, histograms and tails.

Quantiles are those of Hyndman and Fan's type 7 (linear between order statistics, NumPy's default), doi:10.2307/2684934.
Values must be finite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlcompare.stats.sample import Floats

#: Points of a distribution function that are kept; a step of it is never misplaced by more than half a thousandth.
CURVE_POINTS = 1_000

#: Bins of a histogram at most.
MOST_BINS = 200

#: Whole numbers of a larger range are counted like others: there a half is no longer kept beside them.
_WHOLE = 2**40


#: Values that differ by less, as a part of themselves or at all, are one bin: no number lies between its edges.
_ALIKE, _SMALLEST = 1e-12, 1e-300


@dataclass(frozen=True, eq=False)
class Fan:
    """Quantiles of the values of each stretch.

    Parameters
    ----------
    values : ndarray, shape (n_quantiles, n_stretches)
        NaN where a stretch has no value.
    mean : ndarray, shape (n_stretches,)
    n : ndarray of int, shape (n_stretches,)
    """

    values: Floats
    mean: Floats
    n: NDArray[np.int64]


def fan(stretch: NDArray[np.intp], values: Floats, quantiles: Sequence[float], n_stretches: int) -> Fan:
    """Compute quantiles of the values of each stretch.

    Parameters
    ----------
    stretch : ndarray of int, shape (n,)
        Number of each value's stretch, from 0, ascending: samples lie in the order of their steps.
    values : ndarray, shape (n,)
    quantiles : sequence of float in [0, 1]
    n_stretches : int

    Returns
    -------
    Fan
    """
    n = np.bincount(stretch, minlength=n_stretches)
    ends = np.cumsum(n)
    found = np.full((len(quantiles), n_stretches), np.nan)
    mean = np.full(n_stretches, np.nan)
    for number in np.flatnonzero(n):
        part = np.sort(values[ends[number] - n[number] : ends[number]])
        found[:, number] = of_sorted(part, quantiles)
        mean[number] = part.mean()
    return Fan(found, mean, n)


def of_sorted(values: Floats, quantiles: Sequence[float]) -> Floats:
    """Quantiles of at least one value in ascending order."""
    place = np.asarray(quantiles, np.float64) * (len(values) - 1)
    below = np.floor(place).astype(np.intp)
    above = np.minimum(below + 1, len(values) - 1)
    share = place - below
    low, high = values[below], values[above]
    # From the nearer end, as NumPy does, so that equal neighbours give themselves.
    return np.asarray(np.where(share < 0.5, low + (high - low) * share, high - (high - low) * (1 - share)))


@dataclass(frozen=True, eq=False)
class Distribution:
    """An empirical distribution function: ``share`` of the values are at most ``value``. Both ascend."""

    value: Floats
    share: Floats
    n: int


def distribution(values: Floats, points: int = CURVE_POINTS) -> Distribution:
    """Compute the distribution function of values, at every value or at as many as asked for.

    Parameters
    ----------
    values : ndarray, shape (n,)
    points : int
        Kept at most; smallest and largest value are among them, and equal values are one.
    """
    ordered = np.sort(values)
    last = np.flatnonzero(np.diff(ordered, append=np.inf) > 0)
    if len(last) > points:
        wanted = np.linspace(0, len(ordered) - 1, points)
        # Each place is moved to the last of its equal values, where the share is true.
        last = np.unique(last[np.searchsorted(last, wanted)])
        first = np.flatnonzero(np.diff(ordered, prepend=-np.inf) > 0)[:1]
        smallest = np.searchsorted(ordered, ordered[first], side="right") - 1
        last = np.union1d(smallest, last)
    return Distribution(ordered[last], (last + 1) / max(len(ordered), 1), len(ordered))


def histogram_edges(samples: Sequence[Floats], most: int = MOST_BINS, fewest: int = 1) -> Floats:
    """Edges of equally wide bins that fit all samples: of Freedman and Diaconis' widths for them the narrowest.

    Bins of whole numbers are whole numbers wide and begin between two of them: of bins that hold now one, now two
    numbers, every other would look twice as full.

    Parameters
    ----------
    samples : sequence of ndarray
        Finite.
    most, fewest : int
        Bins at most and, but for whole numbers of a narrower range, at least.

    Returns
    -------
    ndarray, shape (n_bins + 1,)

    References
    ----------
    Freedman and Diaconis 1981, doi:10.1007/BF01025868.
    """
    ordered = [np.sort(sample) for sample in samples if len(sample)]
    if not ordered:
        return np.array([0.0, 1.0])
    low, high = min(float(values[0]) for values in ordered), max(float(values[-1]) for values in ordered)
    size = max(abs(low), abs(high))
    if high - low <= max(_ALIKE * size, _SMALLEST):
        around = max(0.5, 1e-6 * size)
        return np.array([low - around, high + around])
    spreads = [np.diff(of_sorted(values, (0.25, 0.75))).item() / len(values) ** (1 / 3) for values in ordered]
    narrow = 2 * min((spread for spread in spreads if spread > 0), default=0.0)
    # Where most values are equal there is no such width: as many bins as Sturges' rule.
    wanted = (high - low) / narrow if narrow > 0 else np.log2(max(map(len, ordered))) + 1
    bins = most if wanted >= most else max(fewest, int(np.ceil(wanted)))
    if high - low < _WHOLE and all((values == np.floor(values)).all() for values in ordered):
        n_numbers = int(high - low) + 1
        width = 1 if n_numbers <= most / 2 else -(-n_numbers // bins)
        return low - 0.5 + width * np.arange(-(-n_numbers // width) + 1, dtype=np.float64)
    return np.linspace(low, high, bins + 1)


def counts_by_stretch(stretch: NDArray[np.intp], values: Floats, edges: Floats, n_stretches: int) -> NDArray[np.int64]:
    """Count the values of each stretch in each bin; a value at the last edge belongs to the last bin.

    Parameters
    ----------
    stretch : ndarray of int, shape (n,)
    values : ndarray, shape (n,)
        Those outside of the edges are not counted.
    edges : ndarray, shape (n_bins + 1,), equally wide bins
    n_stretches : int

    Returns
    -------
    ndarray, shape (n_stretches, n_bins)
    """
    n_bins = len(edges) - 1
    place = (values - edges[0]) * (n_bins / (edges[-1] - edges[0]))
    at = np.floor(place).astype(np.intp)
    # Rounding may put a value that is an edge on its wrong side.
    at = np.clip(at, 0, n_bins - 1)
    at -= values < edges[at]
    at += (at + 1 < n_bins) & (values >= edges[np.minimum(at + 1, n_bins)])
    inside = (values >= edges[0]) & (values <= edges[-1])
    cell = stretch[inside] * n_bins + at[inside]
    return np.bincount(cell, minlength=n_stretches * n_bins).reshape(n_stretches, n_bins)


def tail_mean(values: Floats, share: float) -> float:
    """Mean of the worst values: the lowest ``share`` of them (expected shortfall, CVaR).

    The value at the border counts for the part of it that belongs to the share.

    Parameters
    ----------
    values : ndarray, shape (n,), at least one
    share : float in (0, 1]

    References
    ----------
    Rockafellar and Uryasev 2002, doi:10.1016/S0378-4266(02)00271-6.
    """
    wanted = share * len(values)
    whole = min(int(wanted), len(values) - 1)
    lowest = np.partition(values, whole)[: whole + 1]
    lowest.sort()
    return float((lowest[:whole].sum() + (wanted - whole) * lowest[whole]) / wanted)
