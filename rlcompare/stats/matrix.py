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


@dataclass(frozen=True, eq=False)
class MeanMatrix:
    """Means over runs of the coefficients of all pairs of columns.

    Parameters
    ----------
    value : ndarray, shape (m, m)
        NaN where no run has a coefficient.
    n : ndarray of int, shape (m, m)
        Rows of the runs that count.
    n_runs : ndarray of int, shape (m, m)
        Runs that count.
    """

    value: Floats
    n: NDArray[np.int64]
    n_runs: NDArray[np.int64]


def correlation_matrix(columns: Floats, *, ranks: bool = False, differences: bool = False) -> CorrelationMatrix:
    """Correlate all pairs of columns, each over the rows that have both.

    Parameters
    ----------
    columns : ndarray, shape (n, m)
        Finite, or NaN where a metric has no value.
    ranks : bool
        Spearman's coefficient in place of Pearson's, with mean ranks for ties.
    differences : bool
        Correlate the changes from one row that has both to the next, not the values.

    Returns
    -------
    CorrelationMatrix
    """
    present = ~np.isnan(columns)
    if present.all() or not (ranks or differences):
        return _of_prepared(_prepared(columns, ranks=ranks, differences=differences))
    # Changes and ranks hang on which rows count, and so on the pair; columns with the same gaps share them.
    patterns, pattern = np.unique(present, axis=1, return_inverse=True)
    pattern = pattern.ravel()
    m = columns.shape[1]
    value, n = np.full((m, m), np.nan), np.zeros((m, m), np.int64)
    for first in range(patterns.shape[1]):
        for second in range(first, patterns.shape[1]):
            rows = patterns[:, first] & patterns[:, second]
            among = np.flatnonzero((pattern == first) | (pattern == second))
            part = _of_prepared(_prepared(columns[np.ix_(rows, among)], ranks=ranks, differences=differences))
            here = (pattern[among] == first)[:, None] & (pattern[among] == second)
            here |= here.T
            at = np.ix_(among, among)
            value[at], n[at] = np.where(here, part.value, value[at]), np.where(here, part.n, n[at])
    return CorrelationMatrix(value, n)


def _prepared(columns: Floats, *, ranks: bool, differences: bool) -> Floats:
    if differences:
        columns = np.diff(columns, axis=0)
    return stats.rankdata(columns, axis=0) if ranks and len(columns) else columns


def _of_prepared(columns: Floats) -> CorrelationMatrix:
    """Pearson's coefficients, each over the rows that have both columns."""
    present = ~np.isnan(columns)
    return _of_complete(columns) if present.all() else _of_gappy(columns, present)


def _of_complete(columns: Floats) -> CorrelationMatrix:
    """Pearson's coefficients of columns without gaps: a quarter of the passes over the data."""
    n, m = columns.shape
    n_rows = np.full((m, m), n, np.int64)
    if n < FEWEST:
        return CorrelationMatrix(np.full((m, m), np.nan), n_rows)
    # Each metric a row, whose values lie beside each other.
    rows = columns.T.copy()
    flat = rows.min(axis=1) == rows.max(axis=1)
    largest = np.maximum(rows.max(axis=1), -rows.min(axis=1))
    rows /= np.where(largest > 0, largest, 1)[:, None]
    # The mean of values that hardly differ is rounded by as much as they differ: twice.
    rows -= rows.mean(axis=1, keepdims=True)
    rows -= rows.mean(axis=1, keepdims=True)
    largest = np.maximum(rows.max(axis=1), -rows.min(axis=1))
    rows /= np.where(largest > 0, largest, 1)[:, None]
    # Not by matrix multiplication, whose threads wait for each other longer than they work while a page reads curves.
    products = np.einsum("ik,jk->ij", rows, rows)
    spread = np.sqrt(np.where(flat, 1, np.diagonal(products)))
    value = np.clip(products / spread / spread[:, None], -1, 1)
    value[flat] = value[:, flat] = np.nan
    np.fill_diagonal(value, np.where(flat, np.nan, 1.0))
    return CorrelationMatrix(value, n_rows)


def _of_gappy(columns: Floats, present: NDArray[np.bool_]) -> CorrelationMatrix:
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


def mean_matrix(matrices: list[CorrelationMatrix]) -> MeanMatrix:
    """Average the coefficients of several runs, each counting once; rows are added up.

    Runs are not pooled: what differs between them would look like what moves together within them. A run without a
    coefficient does not count.
    """
    value = np.stack([matrix.value for matrix in matrices])
    counted = ~np.isnan(value)
    n_runs = counted.sum(axis=0)
    mean = np.nansum(value, axis=0) / np.where(n_runs > 0, n_runs, np.nan)
    n = np.where(counted, np.stack([matrix.n for matrix in matrices]), 0).sum(axis=0)
    return MeanMatrix(mean, n, n_runs)


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
