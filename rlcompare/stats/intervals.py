"""Intervals at each place over the runs of a sample, or for its difference to a second, independent sample.

Where a second sample has one run, its spread is unknown: it is taken as fixed. Bounds are NaN where a sample has no
run and, for those that rest on a variance, where the first has fewer than two.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy import special

from rlcompare.stats.sample import Floats, Sample, quantile_weights

#: Lower and upper bound, each of shape (n_places,), in the unit of the values.
Interval = tuple[Floats, Floats]

#: Differences between two samples held in memory at a time: 32 MB, and as much again to sort them.
_DIFFERENCES = 4_000_000
#: Degrees of freedom at which quantiles of Student's t are tabulated.
_DEGREES = 4_096


def min_max(sample: Sample, baseline: Sample | None = None) -> Interval:
    """Smallest to largest value; of a difference, smallest to largest between any two runs."""
    lower, upper = _extremes(sample)
    if baseline is None:
        return lower, upper
    smallest, largest = _extremes(baseline)
    return lower - largest, upper - smallest


def standard_deviation(sample: Sample, baseline: Sample | None = None) -> Interval:
    """Mean ± one standard deviation (n − 1); of a difference, ± the root of the sum of both variances."""
    variance = sample.variance
    if baseline is not None:
        variance = variance + _variance_or_none(baseline)
    return _around(_center(sample, baseline), np.sqrt(variance))


def standard_error(sample: Sample, baseline: Sample | None = None) -> Interval:
    """Mean ± one standard error; of a difference, ± the root of the sum of both squared errors."""
    squared = _squared_error(sample, sample.variance)
    if baseline is not None:
        squared += _squared_error(baseline, _variance_or_none(baseline))
    return _around(_center(sample, baseline), np.sqrt(squared))


def student_t_interval(sample: Sample, level: float, baseline: Sample | None = None) -> Interval:
    """Student's t interval of the mean; of a difference, Welch's.

    Parameters
    ----------
    sample : Sample
    level : float in (0, 1)
        How often the interval holds the mean, for normal values.
    baseline : Sample, optional
        Its mean is subtracted; its variance may be another.

    Returns
    -------
    Interval

    References
    ----------
    Welch 1947, doi:10.1093/biomet/34.1-2.28; degrees of freedom after Satterthwaite 1946, doi:10.2307/3002019.
    """
    own = _squared_error(sample, sample.variance)
    if baseline is None:
        # A quantile for each possible n: thousands of places share a few.
        quantiles = _t_quantile(np.maximum(np.arange(len(sample.values) + 1) - 1.0, 1), level)
        return _around(sample.mean, quantiles[sample.n] * np.sqrt(own))
    other = _squared_error(baseline, _variance_or_none(baseline))
    total = own + other
    # Where both variances are 0 any degrees of freedom give the same interval, of width 0.
    share = np.divide(own, total, out=np.ones_like(total), where=total > 0)
    inverse_degrees = share**2 / np.maximum(sample.n - 1, 1) + (1 - share) ** 2 / np.maximum(baseline.n - 1, 1)
    most = max(len(sample.values) + len(baseline.values) - 2, 1)
    # From a table fixed by the number of runs, to seven digits: one by one they take ten times as long as all else.
    table = np.linspace(1 / most, 1, _DEGREES)
    quantiles = np.interp(inverse_degrees, table, _t_quantile(1 / table, level))
    return _around(_center(sample, baseline), quantiles * np.sqrt(total))


def quantile_range(sample: Sample, low: float, high: float, baseline: Sample | None = None) -> Interval:
    """Quantile `low` to quantile `high` of the runs; of a difference, of the differences between any two runs."""
    weights = [partial(quantile_weights, q) for q in (low, high)]
    if baseline is None:
        lower, upper = (sample.estimate(each) for each in weights)
        return lower, upper
    n_pairs = len(sample.values) * len(baseline.values)
    n_places = len(sample.n)
    lower, upper = np.empty(n_places), np.empty(n_places)
    width = max(1, _DIFFERENCES // n_pairs)
    for start in range(0, n_places, width):
        at = slice(start, start + width)
        differences = sample.values[:, None, at] - baseline.values[None, :, at]
        pairs = Sample(differences.reshape(n_pairs, -1))
        lower[at], upper[at] = (pairs.estimate(each) for each in weights)
    return lower, upper


def _extremes(sample: Sample) -> Interval:
    return np.fmin.reduce(sample.values, axis=0), np.fmax.reduce(sample.values, axis=0)


def _center(sample: Sample, baseline: Sample | None) -> Floats:
    return sample.mean if baseline is None else sample.mean - baseline.mean


def _around(center: Floats, half: Floats) -> Interval:
    return center - half, center + half


def _t_quantile(degrees: Floats, level: float) -> Floats:
    return np.asarray(special.stdtrit(degrees, (1 + level) / 2), np.float64)


def _squared_error(sample: Sample, variance: Floats) -> Floats:
    """Squared standard error of the mean."""
    return variance / np.maximum(sample.n, 1)


def _variance_or_none(baseline: Sample) -> Floats:
    """Variance, and 0 where there is one run, which is taken as fixed."""
    return np.where(baseline.n == 1, 0.0, baseline.variance)
