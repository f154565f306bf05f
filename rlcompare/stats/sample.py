"""The values of several runs at the same places, and what is estimated from them at each place.

Mean, median, interquartile mean and quantiles are all sums of the ordered values with fixed weights (L-estimators), so
that one function computes them, and one bootstrap serves them all.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: How much each of n ascending values counts in an estimate.
Weights = Callable[[int], Floats]


class Sample:
    """Values of several runs side by side. Never changed in place.

    Parameters
    ----------
    values : ndarray of float64, shape (n_runs, n_places)
        Finite, or NaN where a run does not count.

    Attributes
    ----------
    n : ndarray of int64, shape (n_places,)
        Runs that count at each place.
    """

    def __init__(self, values: Floats) -> None:
        self.values = values
        # Only a NaN makes a sum of finite values and NaN a NaN: one pass without a mask where all runs are there.
        self._absent = np.isnan(values) if np.isnan(values.sum(axis=0)).any() else None
        n_runs, n_places = values.shape
        self.n = np.full(n_places, n_runs, np.int64)
        if self._absent is not None:
            self.n -= self._absent.sum(axis=0)
        # Kept by hand: functools.cached_property holds one lock for all instances up to Python 3.11.
        self._mean: Floats | None = None
        self._variance: Floats | None = None
        self._ordered: Floats | None = None

    @property
    def mean(self) -> Floats:
        """Mean at each place, NaN where no run counts."""
        if self._mean is None:
            self._mean = self._total(self.values) / np.where(self.n > 0, self.n, np.nan)
        return self._mean

    @property
    def ordered(self) -> Floats:
        """The values of each place in ascending order, NaN last."""
        if self._ordered is None:
            self._ordered = np.sort(self.values, axis=0)
        return self._ordered

    @property
    def variance(self) -> Floats:
        """Variance at each place with n − 1 in the denominator, NaN where fewer than two runs count."""
        if self._variance is None:
            deviations = self.values - self.mean
            np.square(deviations, out=deviations)
            self._variance = self._total(deviations) / np.where(self.n > 1, self.n - 1, np.nan)
        return self._variance

    def estimate(self, weights: Weights) -> Floats:
        """Sum of the ordered values with fixed weights at each place, NaN where no run counts.

        Parameters
        ----------
        weights : callable (n) -> ndarray, shape (n,)
            Such as :func:`median_weights`.
        """
        estimates = np.full(len(self.n), np.nan)
        for n in np.flatnonzero(np.bincount(self.n)).tolist():
            if n:
                at = self.n == n if self._absent is not None else slice(None)
                rows = enumerate(weights(n).tolist())
                estimates[at] = sum(weight * self.ordered[row, at] for row, weight in rows if weight)
        return estimates

    def _total(self, numbers: Floats) -> Floats:
        present = numbers if self._absent is None else np.where(self._absent, 0.0, numbers)
        total: Floats = present.sum(axis=0)
        return total


def mean_weights(n: int) -> Floats:
    """Weights of the mean: all the same."""
    return np.full(n, 1 / n)


def median_weights(n: int) -> Floats:
    """Weights of the median: the middle value, or the two middle ones."""
    return quantile_weights(0.5, n)


def iqm_weights(n: int) -> Floats:
    """Weights of the interquartile mean: the mean of what remains without the lowest and the highest quarter.

    A quarter is rounded down to whole runs, as in ``scipy.stats.trim_mean(values, 0.25)``: of fewer than four runs it
    is the mean of all.

    References
    ----------
    Agarwal et al. 2021, arXiv:2108.13264.
    """
    cut = n // 4
    weights = np.zeros(n)
    weights[cut : n - cut] = 1 / (n - 2 * cut)
    return weights


def quantile_weights(q: float, n: int) -> Floats:
    """Weights of the quantile `q` in [0, 1] with linear interpolation between ordered values, as NumPy's default."""
    place = q * (n - 1)
    below = math.floor(place)
    weights = np.zeros(n)
    weights[below] = 1 - (place - below)
    if below + 1 < n:
        weights[below + 1] = place - below
    return weights
