"""Gaussian smoothing of one curve, exact and without slowing down where points are dense.

Every weight is ``exp(-((x_j - x_i) / sigma) ** 2 / 2)``, cut at a reach of about four standard deviations, and divided
by the sum of the weights that fell on points, so that the ends are not drawn to zero.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from rlcompare.curves import Floats
from rlcompare.transforms.moving import even_spacing

CUT = 4.0

#: Neighbours on either side beyond which expanding costs less than a product for each.
MANY = 2000
#: Pairs that cost as much as one point and one stretch of the expansion, where distances are uneven.
PAIRS_A_POINT, PAIRS_A_STRETCH = 100, 50_000

#: Over which the weights are expanded at once, in standard deviations: ``t`` stays within 1/2 and ``u`` within 9/2.
STRETCH = 1.0
#: Of the expansion: the next is below 1e-13.
TERMS = 22


def smooth_gaussian(values: Floats, sigma: float) -> Floats:
    """Mean weighted by a Gaussian over points.

    Parameters
    ----------
    values : ndarray, shape (n_values,)
    sigma : float, standard deviation in points
    """
    return _over_points(values, sigma, math.floor(CUT * sigma + 0.5))


def gaussian_within(values: Floats, x: Floats, sigma: float) -> Floats:
    """Mean weighted by a Gaussian over the x axis.

    Neighbours are weighted pair by pair, at some 13 ns a pair, or, where that costs more, by an expansion at some 1 µs
    a point and 0.5 ms for each standard deviation of x. At an even density that is at most some 7 µs a point.

    Parameters
    ----------
    values : ndarray, shape (n_values,)
    x : ndarray, shape (n_values,), never falling
    sigma : float, standard deviation in the unit of `x`
    """
    if spacing := even_spacing(x):
        return _over_points(values, sigma / spacing, math.floor(CUT * sigma / spacing))
    reach = CUT * sigma
    n_pairs = int((np.searchsorted(x, x + reach, side="right") - np.arange(len(x))).sum())
    n_stretches = len(_stretches(x, sigma)) - 1
    if n_pairs <= PAIRS_A_POINT * len(x) + PAIRS_A_STRETCH * n_stretches:
        return _pair_by_pair(values, x, sigma, reach)
    return _expanded(values, x, sigma, reach)


def _over_points(values: Floats, sigma: float, reach: int) -> Floats:
    reach = min(reach, len(values) - 1)
    if reach > MANY:
        return _expanded(values, np.arange(len(values), dtype=np.float64), sigma, reach)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    one_side = np.cumsum(kernel[reach:])
    before = one_side[np.minimum(np.arange(len(values)), reach)]
    smoothed: Floats = correlate1d(values, kernel, mode="constant") / (before + before[::-1] - 1)
    return smoothed


def _pair_by_pair(values: Floats, x: Floats, sigma: float, reach: float) -> Floats:
    """Weigh each value with its next neighbour, then with the one after it, until none is within reach."""
    sums, weights = values.copy(), np.ones_like(values)
    left, offset = np.arange(len(values)), 1
    while True:
        left = left[: np.searchsorted(left, len(values) - offset)]
        right = left + offset
        distance = x[right] - x[left]
        near = distance <= reach
        if not near.any():
            return sums / weights
        if not near.all():
            left, right, distance = left[near], right[near], distance[near]
        weight = np.exp(-0.5 * (distance / sigma) ** 2)
        sums[right] += weight * values[left]
        sums[left] += weight * values[right]
        weights[right] += weight
        weights[left] += weight
        offset += 1


def _stretches(x: Floats, sigma: float) -> list[int]:
    """Row numbers at which a stretch begins, and where the last one ends."""
    number = np.floor((x - x[0]) / (STRETCH * sigma))
    return [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(x)]


def _expanded(values: Floats, x: Floats, sigma: float, reach: float) -> Floats:
    """Sum ``exp(-u² / 2) * exp(-t² / 2) * sum_k (t * u) ** k / k!`` for the rows of a stretch at once.

    Here ``u`` and ``t`` are the places of a value and of a row, from the middle of the stretch in standard deviations.
    The sums over values run outwards from the stretch, so that those of each row end where its window does. The factor
    of ``t²`` is common to values and weights.

    References
    ----------
    Greengard & Strain 1991, "The fast Gauss transform", doi:10.1137/0912004.
    """
    smoothed = np.empty_like(values)
    starts = np.searchsorted(x, x - reach, side="left")
    stops = np.searchsorted(x, x + reach, side="right")
    for begin, end in pairwise(_stretches(x, sigma)):
        middle = (x[begin] + x[end - 1]) / 2
        t = (x[begin:end] - middle) / sigma
        after = slice(begin, int(stops[end - 1]))
        sums = _expanded_sums(values[after], (x[after] - middle) / sigma, t, stops[begin:end] - begin)
        if starts[begin] < begin:
            before = slice(int(starts[begin]), begin)
            outwards = values[before][::-1], (x[before][::-1] - middle) / sigma
            sums += _expanded_sums(*outwards, t, begin - starts[begin:end])
        smoothed[begin:end] = sums[0] / sums[1]
    return smoothed


def _expanded_sums(values: Floats, u: Floats, t: Floats, counts: NDArray[np.intp]) -> Floats:
    """Sum weighted values (first row) and weights (second) over the first of the values, as many as each row counts."""
    common = counts.min()
    terms = np.exp(-0.5 * u**2) * np.stack((values, np.ones_like(values)))
    up_to = np.empty((2, len(u) - common + 1))
    power = np.ones_like(t)
    sums = np.zeros((2, len(t)))
    for k in range(TERMS):
        up_to[:, 0] = terms[:, :common].sum(axis=1)
        up_to[:, 1:] = up_to[:, :1] + np.cumsum(terms[:, common:], axis=1)
        sums += power * up_to[:, counts - common]
        terms *= u / (k + 1)
        power *= t
    return sums
