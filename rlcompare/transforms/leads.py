"""Two metrics of one run along its training: how closely they move together when, and which of them leads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlcompare.curves import Floats
from rlcompare.stats.correlation import FEWEST
from rlcompare.stats.lags import cross_correlation, rolling_correlation
from rlcompare.transforms.pairs import Pair

LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Rolling:
    """Coefficients within a window that moves along a training.

    Parameters
    ----------
    name : str
        Of the curve.
    first, last : ndarray of int64, shape (n_windows,)
        Each window's first and last step.
    value : ndarray, shape (n_windows,)
        NaN where a metric does not change within the window.
    null : float
        Independent series with the same autocorrelation stay within ±null in 95 % of all windows.
    """

    name: str
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    value: Floats
    null: float


@dataclass(frozen=True, eq=False)
class Lead:
    """Coefficients of one metric with the other some records later, and which lag stands out.

    Parameters
    ----------
    name : str
        Of the curve.
    lag : ndarray of int, shape (n_lags,)
        In records that have both. At a positive lag the first metric comes before the second: it leads.
    value : ndarray, shape (n_lags,)
    null : float
        Of independent series with the same autocorrelation the largest of all these coefficients stays within ±null in
        95 % of cases. Of a bound for one lag alone, one lag in twenty would stand out by chance.
    peak : int or None
        The lag whose coefficient is farthest from 0; None where it is within ±null.
    spacing : tuple of int
        Smallest, median and largest number of steps from one record to the next.
    """

    name: str
    lag: NDArray[np.intp]
    value: Floats
    null: float
    peak: int | None
    spacing: tuple[int, int, int]

    @property
    def is_even(self) -> bool:
        """Whether all records are the same number of steps apart, so that a lag is a number of steps."""
        return self.spacing[0] == self.spacing[2]


def _series(pair: Pair, *, on_differences: bool) -> tuple[Floats, Floats, NDArray[np.int64]]:
    if on_differences:
        return np.diff(pair.x), np.diff(pair.y), pair.step[1:]
    return pair.x, pair.y, pair.step


def roll_pair(pair: Pair, window: int, *, on_differences: bool, most: int) -> Rolling | None:
    """Correlate two metrics of a run within a moving window.

    Parameters
    ----------
    pair : Pair
    window : int
        In records that have both, at least ``FEWEST``.
    on_differences : bool
        Of the changes from record to record, not of the values.
    most : int
        Windows at most.

    Returns
    -------
    Rolling or None
        None where the run has fewer records than the window.
    """
    x, y, step = _series(pair, on_differences=on_differences)
    if len(x) < window:
        return None
    found = rolling_correlation(x, y, window, most, LEVEL)
    return Rolling(pair.name, step[found.first], step[found.last], found.value, found.null)


def lead_of_pair(pair: Pair, most: int, *, on_differences: bool) -> Lead | None:
    """Correlate one metric of a run with the other before and after, and tell which leads.

    Parameters
    ----------
    pair : Pair
    most : int
        Largest lag either way, in records; a quarter of the run at most.
    on_differences : bool
        Of the changes from record to record, not of the values.

    Returns
    -------
    Lead or None
        None of fewer than ``2 * FEWEST`` records, or where one metric does not change.
    """
    x, y, _ = _series(pair, on_differences=on_differences)
    if len(x) < 2 * FEWEST or (x == x[0]).all() or (y == y[0]).all():
        return None
    most = min(most, len(x) // 4)
    found = cross_correlation(x, y, most, 1 - (1 - LEVEL) / (2 * most + 1))
    best = int(np.nanargmax(np.abs(found.value)))
    peak = int(found.lag[best]) if abs(found.value[best]) > found.null else None
    apart = np.diff(pair.step)
    spacing = (int(apart.min()), int(np.median(apart)), int(apart.max()))
    return Lead(pair.name, found.lag, found.value, found.null, peak, spacing)
