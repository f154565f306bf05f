"""Coefficients against SciPy, and intervals against what is true."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import signal, stats

from rlcompare.stats.correlation import KINDS, Kind, autocorrelation, coefficient, correlate, effective_pairs
from rlcompare.stats.sample import Floats

SCIPY = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}

#: Few different values, so that there are ties.
TIED = arrays.arrays(
    np.float64, st.tuples(st.just(2), st.integers(4, 60)), elements=st.integers(-5, 5).map(lambda n: n / 4)
)


def autoregressive(phi: float, n: int, rng: np.random.Generator, rho: float = 0.0) -> Floats:
    """Two AR(1) series of one φ whose innovations correlate at ``rho``, as do they."""
    noise = rng.standard_normal((2, n + 300))
    noise[1] = rho * noise[0] + math.sqrt(1 - rho**2) * noise[1]
    return np.asarray(signal.lfilter([1], [1, -phi], noise)[:, 300:])


@pytest.mark.parametrize("kind", KINDS)
@given(series=TIED)
def test_coefficients_are_scipys(kind: Kind, series: Floats) -> None:
    x, y = series
    if (x == x[0]).all() or (y == y[0]).all():
        return
    assert coefficient(x, y, kind) == pytest.approx(SCIPY[kind](x, y).statistic, abs=1e-12)


@pytest.mark.parametrize("scale", [1e-300, 1e-9, 1e9, 1e300])
@pytest.mark.parametrize("offset", [0.0, 1.0])
def test_neither_scale_nor_offset_counts(scale: float, offset: float) -> None:
    x, y = autoregressive(0.5, 200, np.random.default_rng(1), rho=0.4)
    expected = stats.pearsonr(x, y).statistic
    assert coefficient((x + offset) * scale, y) == pytest.approx(expected, abs=1e-12)


def test_autocorrelation_is_the_sum_of_products() -> None:
    (x, _) = autoregressive(0.7, 50, np.random.default_rng(2))
    centered = x - x.mean()
    expected = [centered[: 50 - lag] @ centered[lag:] / (centered @ centered) for lag in range(50)]
    assert autocorrelation(x).tolist() == pytest.approx(expected, abs=1e-12)


def test_effective_pairs_of_an_autoregression() -> None:
    rng = np.random.default_rng(3)
    for phi in (0.0, 0.5, 0.9):
        found = np.median([effective_pairs(*autoregressive(phi, 5_000, rng)) for _ in range(40)])
        assert found == pytest.approx(5_000 * (1 - phi**2) / (1 + phi**2), rel=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_series_that_does_not_change_has_no_coefficient(kind: Kind) -> None:
    x, y = np.arange(10.0), np.full(10, 0.1)
    found = correlate(x, y, kind)
    assert (math.isnan(found.value), math.isnan(found.lower), found.n) == (True, True, 10)
    assert found.reason == "the second metric does not change"
    assert correlate(y, x, kind).reason == "the first metric does not change"
    assert not found.excludes_zero


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_too_few_pairs_have_none(n: int) -> None:
    x = np.arange(float(n))
    assert correlate(x, x).reason == ("the first metric does not change" if n == 1 else f"only {n} steps have both")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_the_same_correlates_fully(kind: Kind) -> None:
    x = np.random.default_rng(4).standard_normal(30)
    same, opposite = correlate(x, 3 * x + 2, kind), correlate(x, -x, kind)
    assert same.value == pytest.approx(1, abs=1e-12)
    assert opposite.value == pytest.approx(-1, abs=1e-12)
    assert same.lower > 0.99
    assert opposite.upper < -0.99


@given(seed=st.integers(0, 2**32 - 1), phi=st.floats(0, 0.95), n=st.integers(4, 80))
def test_an_interval_holds_its_coefficient_and_grows_with_the_level(seed: int, phi: float, n: int) -> None:
    x, y = autoregressive(phi, n, np.random.default_rng(seed))
    narrow, wide = correlate(x, y, level=0.8), correlate(x, y, level=0.99)
    assert -1 <= wide.lower <= narrow.lower <= narrow.value <= narrow.upper <= wide.upper <= 1
    assert 2 <= narrow.n_effective <= n


def test_two_trends_look_alike_and_their_differences_do_not() -> None:
    rng = np.random.default_rng(5)
    time = np.linspace(0, 1, 400)
    x, y = (np.tanh(3 * time) + 0.02 * rng.standard_normal(400) for _ in range(2))
    levels, differences = correlate(x, y), correlate(np.diff(x), np.diff(y))
    assert levels.value > 0.9
    assert levels.n_effective < 20
    assert not differences.excludes_zero
    assert differences.n_effective > 100


@pytest.mark.slow
@pytest.mark.parametrize("phi", [0.0, 0.5])
@pytest.mark.parametrize("n", [500, 2_000])
@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_intervals_of_autocorrelated_series_hold_the_truth(phi: float, n: int, rho: float) -> None:
    rng = np.random.default_rng(6)
    repeats = 4_000
    held = 0
    for _ in range(repeats):
        found = correlate(*autoregressive(phi, n, rng, rho))
        held += found.lower <= rho <= found.upper
    assert held / repeats == pytest.approx(0.95, abs=0.02)
