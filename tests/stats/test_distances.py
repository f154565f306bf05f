"""Distances of two distributions and their p values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rlcompare.stats.distances import PERMUTATIONS, distance


def clusters(n_clusters: int, size: int) -> np.ndarray:
    return np.repeat(np.arange(n_clusters), size)


def test_distances_are_scipys() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal(400), rng.standard_normal(300) + 0.3
    found = distance(one, clusters(40, 10), other, clusters(30, 10))
    assert found.ks == pytest.approx(stats.ks_2samp(one, other).statistic, abs=1e-12)
    assert found.wasserstein == pytest.approx(stats.wasserstein_distance(one, other), abs=1e-12)
    assert found.n_clusters == 70
    shares = [np.mean(sample <= found.ks_at) for sample in (one, other)]
    assert abs(shares[0] - shares[1]) == pytest.approx(found.ks)


def test_what_is_apart_is_told() -> None:
    rng = np.random.default_rng(1)
    found = distance(rng.standard_normal(500), clusters(50, 10), rng.standard_normal(500) + 1, clusters(50, 10))
    assert found.ks_p == found.wasserstein_p == pytest.approx(1 / (PERMUTATIONS + 1))


def test_the_same_is_not_apart() -> None:
    one = np.random.default_rng(2).standard_normal(200)
    found = distance(one, clusters(20, 10), one, clusters(20, 10))
    assert (found.ks, found.wasserstein, found.ks_p, found.wasserstein_p) == (0, 0, 1, 1)


def test_p_values_are_uniform_where_only_clusters_differ() -> None:
    rng = np.random.default_rng(3)
    p = []
    for _ in range(150):
        samples = [(rng.standard_normal(20)[:, None] + 0.3 * rng.standard_normal((20, 25))).ravel() for _ in range(2)]
        found = distance(samples[0], clusters(20, 25), samples[1], clusters(20, 25))
        p.append((found.ks_p, found.wasserstein_p))
    for column in np.array(p).T:
        assert np.mean(column <= 0.05) < 0.1
        assert stats.kstest(column, "uniform").pvalue > 0.001


def test_a_value_each_and_equal_values_have_a_distance() -> None:
    found = distance(np.array([1.0]), clusters(1, 1), np.array([3.0]), clusters(1, 1))
    assert (found.ks, found.wasserstein, found.ks_p) == (1, 2, 1)
    assert distance(np.ones(4), clusters(2, 2), np.ones(4), clusters(2, 2)).wasserstein == 0
