"""How far two samples' distributions are apart, and whether chance alone would do that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlcompare.stats.sample import Floats

PERMUTATIONS = 2_000

#: Places at which permuted distribution functions are compared.
_GRID = 512


@dataclass(frozen=True)
class Distance:
    """Distances of two distributions.

    Parameters
    ----------
    ks, ks_p : float
        Largest difference of the two distribution functions (Kolmogorov–Smirnov), in [0, 1], and its p value.
    ks_at : float
        The value at which they differ most.
    wasserstein, wasserstein_p : float
        Area between them, in the unit of the values, and its p value.
    n_clusters : int
        Clusters that were permuted, of both samples together.
    """

    ks: float
    ks_p: float
    ks_at: float
    wasserstein: float
    wasserstein_p: float
    n_clusters: int


def distance(
    one: Floats, one_cluster: NDArray[np.intp], other: Floats, other_cluster: NDArray[np.intp], seed: int = 0
) -> Distance:
    """Measure how far apart two samples are, with p values of a permutation test.

    Values of one cluster, such as those of a step, resemble each other for reasons of their own. So whole clusters are
    dealt out anew between the two samples, not single values.

    Parameters
    ----------
    one, other : ndarray, shape (n,), (m,)
        Finite, at least one each.
    one_cluster, other_cluster : ndarray of int, shape (n,), (m,)
        Number of each value's cluster within its sample, from 0. For each 16 kB are needed: thousands are too many.
    seed : int
        Of the permutations.

    Returns
    -------
    Distance
        A p value is ``(1 + as extreme) / (1 + permutations)``, so at least 1 in 2,001.

    References
    ----------
    Phipson and Smyth 2010, doi:10.2202/1544-6115.1585.
    """
    both = np.sort(np.concatenate((one, other)))
    grid = np.unique(both[np.linspace(0, len(both) - 1, _GRID).astype(np.intp)])
    counted = np.concatenate((_below(one, one_cluster, grid), _below(other, other_cluster, grid)))
    size = np.concatenate((np.bincount(one_cluster), np.bincount(other_cluster))).astype(np.float64)
    counted, size = counted[size > 0], size[size > 0]
    n_first = len(np.unique(one_cluster))
    rng = np.random.default_rng(seed)
    chosen = np.zeros((PERMUTATIONS + 1, len(size)))
    chosen[0, :n_first] = 1
    for row in chosen[1:]:
        row[rng.permutation(len(size))[:n_first]] = 1
    firsts, all_counted, n_first_values = chosen @ counted, counted.sum(axis=0), chosen @ size
    apart = np.abs(firsts / n_first_values[:, None] - (all_counted - firsts) / (size.sum() - n_first_values)[:, None])
    largest, area = apart.max(axis=1), apart[:, :-1] @ np.diff(grid)
    shares = [np.searchsorted(np.sort(sample), both, side="right") / len(sample) for sample in (one, other)]
    gap = np.abs(shares[0] - shares[1])
    place = int(gap.argmax())
    return Distance(
        ks=float(gap[place]),
        ks_p=_p_value(largest),
        ks_at=float(both[place]),
        wasserstein=float(gap[:-1] @ np.diff(both)),
        wasserstein_p=_p_value(area),
        n_clusters=len(size),
    )


def _below(values: Floats, cluster: NDArray[np.intp], grid: Floats) -> Floats:
    """Count the values of each cluster at or below each place of the grid."""
    at = np.searchsorted(grid, values)
    n_clusters = int(cluster.max()) + 1
    counts = np.bincount(cluster * len(grid) + at, minlength=n_clusters * len(grid))
    return np.cumsum(counts.reshape(n_clusters, len(grid)), axis=1).astype(np.float64)


def _p_value(statistic: Floats) -> float:
    """Share of the permutations that are as extreme as the first, which is the data."""
    # What is equal but for rounding is as extreme.
    return float(np.mean(statistic >= statistic[0] * (1 - 1e-12)))
