"""Correlation along a training and at a lag."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.stats.lags import cross_correlation, rolling_correlation
from tests.stats.test_correlation import autoregressive


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(6, 60), window=st.integers(4, 20))
def test_each_window_is_numpys_coefficient(seed: int, n: int, window: int) -> None:
    window = min(window, n)
    x, y = autoregressive(0.6, n, np.random.default_rng(seed), rho=0.3)
    found = rolling_correlation(x, y, window, most=1_000)
    assert found.first.tolist() == list(range(n - window + 1))
    assert found.last.tolist() == list(range(window - 1, n))
    expected = [np.corrcoef(x[i : i + window], y[i : i + window])[0, 1] for i in range(n - window + 1)]
    assert found.value.tolist() == pytest.approx(expected, abs=1e-12)


def test_a_long_training_is_computed_at_as_many_windows_as_asked_for() -> None:
    x, y = autoregressive(0.6, 10_000, np.random.default_rng(0), rho=0.3)
    found, every = (rolling_correlation(x, y, 100, most) for most in (50, 10**6))
    assert len(found.value) == 50
    assert (found.first[0], found.last[-1]) == (0, 9_999)
    assert found.value.tolist() == every.value[found.first].tolist()


def test_a_window_in_which_nothing_changes_has_none() -> None:
    x = np.concatenate((np.full(10, 0.1), np.arange(10.0)))
    found = rolling_correlation(x, np.sin(np.arange(20.0)), 5, most=100)
    assert np.isnan(found.value).tolist() == [True] * 6 + [False] * 10


def test_the_null_band_holds_independent_series() -> None:
    rng = np.random.default_rng(1)
    inside = []
    for _ in range(200):
        found = rolling_correlation(*autoregressive(0.5, 2_000, rng), 200, most=20)
        inside.append(np.abs(found.value) <= found.null)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("lag", [-7, 0, 7])
def test_a_built_in_lag_is_found(lag: int) -> None:
    rng = np.random.default_rng(2)
    (leader, noise) = autoregressive(0.3, 520, rng)
    x, y = leader[10:510], leader[10 - lag : 510 - lag] + 0.5 * noise[10:510]
    found = cross_correlation(x, y, most=20)
    assert found.lag.tolist() == list(range(-20, 21))
    best = int(np.argmax(found.value))
    assert found.lag[best] == lag
    assert found.value[best] > found.null


def test_each_lag_is_numpys_coefficient_of_what_meets() -> None:
    x, y = autoregressive(0.5, 40, np.random.default_rng(3), rho=0.5)
    crossed = cross_correlation(x, y, 5)
    found = dict(zip(crossed.lag.tolist(), crossed.value.tolist(), strict=True))
    for lag in range(6):
        assert found[lag] == pytest.approx(np.corrcoef(x[: 40 - lag], y[lag:])[0, 1], abs=1e-12)
        assert found[-lag] == pytest.approx(np.corrcoef(x[lag:], y[: 40 - lag])[0, 1], abs=1e-12)


def test_lags_leave_four_values_to_meet() -> None:
    x, y = autoregressive(0.5, 6, np.random.default_rng(4))
    assert cross_correlation(x, y, most=100).lag.tolist() == [-2, -1, 0, 1, 2]
