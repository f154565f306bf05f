"""Correlation of length and reward within steps, and within prompts, of sampled responses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from rlcompare.stats.correlation import FEWEST
from rlcompare.stats.sample import Floats


@dataclass(frozen=True, eq=False)
class WithinCorrelation:
    """Pearson's coefficient of the samples of each stretch of a training.

    Parameters
    ----------
    value, lower, upper : ndarray, shape (n_stretches,)
        NaN where there are too few samples, or where one quantity does not change.
    n : ndarray of int, shape (n_stretches,)
        Samples that count.
    """

    value: Floats
    lower: Floats
    upper: Floats
    n: NDArray[np.int64]


def within_correlation(
    stretch: NDArray[np.intp],
    x: Floats,
    y: Floats,
    group: NDArray[np.intp] | None = None,
    level: float = 0.95,
) -> WithinCorrelation:
    """Correlate two quantities of samples within each stretch; with groups, within the groups of it.

    Parameters
    ----------
    stretch : ndarray of int, shape (n,)
        Number of the stretch of each sample, from 0.
    x, y : ndarray, shape (n,)
        Finite.
    group : ndarray of int, shape (n,), optional
        Number of the group (a prompt within a stretch) of each sample, from 0. Each group's mean is taken off both
        quantities, so that hard prompts with long answers do not count; a group of one sample tells nothing.
    level : float in (0, 1)

    Returns
    -------
    WithinCorrelation
        Stretches 0 to the largest. Samples are independent but for their group's mean, so the interval is Fisher's
        with one degree of freedom less a group.
    """
    n_stretches = int(stretch.max()) + 1 if len(stretch) else 0
    cells, n_cells = (stretch, n_stretches) if group is None else (group, int(group.max()) + 1 if len(group) else 0)
    size = np.bincount(cells, minlength=n_cells)
    if group is not None:
        alone = size[cells] < 2
        stretch, cells, x, y = stretch[~alone], cells[~alone], x[~alone], y[~alone]
    x, y = _less_means(cells, x, n_cells), _less_means(cells, y, n_cells)
    sums = [np.bincount(stretch, product, n_stretches) for product in (x * y, x * x, y * y)]
    n = np.bincount(stretch, minlength=n_stretches)
    cells_within = np.bincount(stretch[np.unique(cells, return_index=True)[1]], minlength=n_stretches)
    degrees = n - cells_within + 1
    with np.errstate(divide="ignore", invalid="ignore"):
        value = sums[0] / np.sqrt(sums[1] * sums[2])
    value = np.where((degrees < FEWEST) | (sums[1] == 0) | (sums[2] == 0), np.nan, np.clip(value, -1, 1))
    half = special.ndtri((1 + level) / 2) / np.sqrt(np.maximum(degrees - 3, 0.5))
    perfect = math.nextafter(1.0, 0.0)
    center = np.arctanh(np.clip(value, -perfect, perfect))
    return WithinCorrelation(value, np.tanh(center - half), np.tanh(center + half), n)


def _less_means(cells: NDArray[np.intp], values: Floats, n_cells: int) -> Floats:
    size = np.maximum(np.bincount(cells, minlength=n_cells), 1)
    less = values - (np.bincount(cells, values, n_cells) / size)[cells]
    # Where all values of a cell are equal, what rounding leaves is no difference.
    low, high = np.full(n_cells, np.inf), np.full(n_cells, -np.inf)
    np.minimum.at(low, cells, values)
    np.maximum.at(high, cells, values)
    return np.asarray(np.where((low == high)[cells], 0.0, less), np.float64)
