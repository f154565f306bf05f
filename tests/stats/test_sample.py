"""Estimates at each place: by hand, and as SciPy and NumPy have them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from rlcompare.stats import Sample, iqm_weights, mean_weights, median_weights, quantile_weights

HOLED = np.array([[1.0, 2.0, np.nan, np.nan], [3.0, np.nan, 5.0, np.nan], [8.0, 4.0, np.nan, np.nan]])


def test_what_does_not_count_changes_n_and_nothing_else() -> None:
    sample = Sample(HOLED)
    assert sample.n.tolist() == [3, 2, 1, 0]
    assert sample.mean[:3].tolist() == [4.0, 3.0, 5.0]
    assert sample.variance[:2].tolist() == [(9 + 1 + 16) / 2, 2.0]
    assert sample.estimate(median_weights)[:3].tolist() == [3.0, 3.0, 5.0]
    assert math.isnan(sample.mean[3])
    assert np.isnan(sample.variance[2:]).all()
    assert math.isnan(sample.estimate(median_weights)[3])


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 8, 13])
def test_centres_are_those_of_scipy(n: int) -> None:
    values = np.random.default_rng(n).normal(size=(n, 50))
    sample = Sample(values)
    np.testing.assert_allclose(sample.estimate(iqm_weights), stats.trim_mean(values, 0.25, axis=0), rtol=1e-12)
    np.testing.assert_allclose(sample.estimate(mean_weights), values.mean(axis=0), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(sample.estimate(median_weights), np.median(values, axis=0), rtol=1e-12)
    np.testing.assert_allclose(sample.mean, values.mean(axis=0), rtol=1e-12, atol=1e-15)


def test_the_interquartile_mean_by_hand() -> None:
    assert Sample(np.array([[0.0], [1.0], [2.0], [100.0]])).estimate(iqm_weights).tolist() == [1.5]
    assert iqm_weights(3).tolist() == [1 / 3] * 3


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 10])
@pytest.mark.parametrize("q", [0.0, 0.05, 0.25, 0.5, 0.95, 1.0])
def test_quantiles_are_those_of_numpy(n: int, q: float) -> None:
    values = np.random.default_rng(n).normal(size=n)
    assert np.sort(values) @ quantile_weights(q, n) == pytest.approx(np.quantile(values, q), rel=1e-12)


def test_no_places() -> None:
    sample = Sample(np.empty((3, 0)))
    assert (sample.n.shape, sample.mean.shape, sample.estimate(iqm_weights).shape) == ((0,), (0,), (0,))
