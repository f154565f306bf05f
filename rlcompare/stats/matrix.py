"""Correlations of many metrics with each other, over the steps that each pair shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from rlcompare.stats.correlation import FEWEST
from rlcompare.stats.sample import Floats


@dataclass(frozen=True, eq=False)
class CorrelationMatrix:
    """Coefficients of all pairs of columns.

    Parameters
    ----------
    value : ndarray, shape (m, m)
        NaN where fewer than ``FEWEST`` rows have both columns or one does not change in them.
    n : ndarray of int, shape (m, m)
        Rows that have both.
    """

    value: Floats
    n: NDArray[np.int64]


def correlation_matrix(columns: Floats, *, ranks: bool = False) -> CorrelationMatrix:
    """Correlate all pairs of columns, each over the rows that have both.

    Parameters
    ----------
    columns : ndarray, shape (n, m)
        Finite, or NaN where a metric has no value.
    ranks : bool
        Spearman's coefficient in place of Pearson's, with mean ranks for ties.

    Returns
    -------
    CorrelationMatrix
    """
    present = ~np.isnan(columns)
    if ranks:
        if not present.all():
            return _pair_by_pair(columns, present)
        columns = stats.rankdata(columns, axis=0)
    n = present.astype(np.float64).T @ present.astype(np.float64)
    # About their own means and within ±1, sums of squares stay as exact as those of two passes.
    filled = np.where(present, columns, 0.0)
    largest = np.abs(filled).max(axis=0, initial=0.0)
    filled /= np.where(largest > 0, largest, 1)
    filled -= np.where(present, filled.sum(axis=0) / np.maximum(present.sum(axis=0), 1), 0.0)
    filled = np.where(present, filled, 0.0)
    spread = np.abs(filled).max(axis=0, initial=0.0)
    filled /= np.where(spread > 0, spread, 1)
    mask = present.astype(np.float64)
    sums = filled.T @ mask
    squares = (filled**2).T @ mask
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = filled.T @ filled - sums * sums.T / n
        variance = squares - sums**2 / n
        value = covariance / np.sqrt(variance * variance.T)
    # What rounding leaves of the variance of equal values is no variance.
    flat = variance <= 1e-12 * np.maximum(squares, np.finfo(np.float64).tiny)
    value = np.where(flat | flat.T | (n < FEWEST), np.nan, np.clip(value, -1, 1))
    np.fill_diagonal(value, np.where(np.isnan(np.diagonal(value)), np.nan, 1.0))
    return CorrelationMatrix(value, n.round().astype(np.int64))


def _pair_by_pair(columns: Floats, present: NDArray[np.bool_]) -> CorrelationMatrix:
    """Rank each pair within the rows that it shares."""
    m = columns.shape[1]
    value, n = np.full((m, m), np.nan), np.zeros((m, m), np.int64)
    for i in range(m):
        for j in range(i, m):
            both = present[:, i] & present[:, j]
            part = correlation_matrix(stats.rankdata(columns[both][:, [i, j]], axis=0))
            value[i, j] = value[j, i] = part.value[0, 1]
            n[i, j] = n[j, i] = int(both.sum())
    return CorrelationMatrix(value, n)


def mean_matrix(matrices: list[CorrelationMatrix]) -> CorrelationMatrix:
    """Average the coefficients of several runs, each counting once; rows are added up.

    Runs are not pooled: what differs between them would look like what moves together within them. A run without a
    coefficient does not count.
    """
    value = np.stack([matrix.value for matrix in matrices])
    counted = (~np.isnan(value)).sum(axis=0)
    mean = np.nansum(value, axis=0) / np.where(counted > 0, counted, np.nan)
    return CorrelationMatrix(mean, np.stack([matrix.n for matrix in matrices]).sum(axis=0))


def clustered_order(value: Floats) -> list[int]:
    """Order columns so that those that move together, or against each other, stand side by side.

    Average linkage of ``1 - |r|``; a pair without a coefficient counts as unrelated.

    Parameters
    ----------
    value : ndarray, shape (m, m)
    """
    if len(value) < 3:
        return list(range(len(value)))
    distance = 1 - np.abs(np.nan_to_num(value))
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform((distance + distance.T) / 2, checks=False), method="average", optimal_ordering=True)
    return [int(leaf) for leaf in leaves_list(tree)]
