"""Correlation along a training, and at a lag: when two metrics move together, and which of them leads."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import special

from rlcompare.stats.correlation import effective_pairs
from rlcompare.stats.sample import Floats

#: Window values held in memory at a time: 32 MB, and three times as much to compute with.
_AT_ONCE = 4_000_000


@dataclass(frozen=True, eq=False)
class RollingCorrelation:
    """Pearson's coefficient within a window that moves along a training.

    Parameters
    ----------
    first, last : ndarray of int, shape (n_windows,)
        Numbers of each window's first and last value.
    value : ndarray, shape (n_windows,)
        NaN where a series does not change within the window.
    null : float
        Independent series with the same autocorrelation stay within ±null in ``level`` of all windows.
    """

    first: NDArray[np.intp]
    last: NDArray[np.intp]
    value: Floats
    null: float


@dataclass(frozen=True, eq=False)
class CrossCorrelation:
    """Pearson's coefficient of one series with the other some values later.

    Parameters
    ----------
    lag : ndarray of int, shape (2 n_lags + 1,)
        In values. At a positive lag the first series comes before the second: it leads.
    value : ndarray, shape (2 n_lags + 1,)
        NaN where a series does not change within the values that meet.
    null : float
        Independent series with the same autocorrelation stay within ±null in ``level`` of all lags.
    """

    lag: NDArray[np.intp]
    value: Floats
    null: float


def rolling_correlation(x: Floats, y: Floats, window: int, most: int, level: float = 0.95) -> RollingCorrelation:
    """Correlate two series within windows of equal length.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Finite, in the order of their steps.
    window : int
        Values in a window; at least 4, at most n.
    most : int
        Windows computed at most: evenly spread, the first and the last among them.
    level : float in (0, 1)

    Returns
    -------
    RollingCorrelation
    """
    n_windows = len(x) - window + 1
    first = np.unique(np.linspace(0, n_windows - 1, min(most, n_windows)).round().astype(np.intp))
    value = np.empty(len(first))
    width = max(1, _AT_ONCE // window)
    windows = [sliding_window_view(series, window) for series in (x, y)]
    for start in range(0, len(first), width):
        at = first[start : start + width]
        value[start : start + width] = _by_row(windows[0][at], windows[1][at])
    share = _share(x, y)
    return RollingCorrelation(first, first + window - 1, value, _null(window * share, level))


def cross_correlation(x: Floats, y: Floats, most: int, level: float = 0.95) -> CrossCorrelation:
    """Correlate ``x[t]`` with ``y[t + lag]`` for each lag, over the values that meet.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Finite, evenly spaced, in the order of their steps.
    most : int
        Largest lag either way, in values; at least 4 values must meet.
    level : float in (0, 1)

    Returns
    -------
    CrossCorrelation
    """
    n = len(x)
    most = max(0, min(most, n - 4))
    lags = np.arange(-most, most + 1)
    value = np.array([_by_row(*_meeting(x, y, int(lag)))[0] for lag in lags])
    # At the largest lag the fewest values meet.
    return CrossCorrelation(lags, value, _null((n - most) * _share(x, y), level))


def _meeting(x: Floats, y: Floats, lag: int) -> tuple[Floats, Floats]:
    if lag < 0:
        y, x = _meeting(y, x, -lag)
        return x, y
    return x[None, : len(x) - lag], y[None, lag:]


def _by_row(x: Floats, y: Floats) -> Floats:
    """Pearson's coefficient of each row, NaN where a row does not change."""
    constant = (x == x[:, :1]).all(axis=1) | (y == y[:, :1]).all(axis=1)
    x, y = _centered(x), _centered(y)
    products = np.einsum("ij,ij->i", x, y)
    squares = np.einsum("ij,ij->i", x, x) * np.einsum("ij,ij->i", y, y)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = products / np.sqrt(squares)
    return np.where(constant, np.nan, np.clip(value, -1, 1))


def _centered(x: Floats) -> Floats:
    largest = np.abs(x).max(axis=1, keepdims=True)
    x = x / np.where(largest > 0, largest, 1)
    x = x - x.mean(axis=1, keepdims=True)
    # The mean of values that hardly differ is rounded by as much as they differ: once more.
    x -= x.mean(axis=1, keepdims=True)
    spread = np.abs(x).max(axis=1, keepdims=True)
    return np.asarray(x / np.where(spread > 0, spread, 1), np.float64)


def _share(x: Floats, y: Floats) -> float:
    """Effective values a value; 1 where one series does not change."""
    if (x == x[0]).all() or (y == y[0]).all():
        return 1.0
    return effective_pairs(x, y) / len(x)


def _null(n_effective: float, level: float) -> float:
    """Bound of the coefficient of independent series: Fisher's, as in :func:`rlcompare.stats.correlation.correlate`."""
    quantile = float(special.stdtrit(max(n_effective - 2, 1.0), (1 + level) / 2))
    return math.tanh(quantile / math.sqrt(max(n_effective - 3, 0.5)))
