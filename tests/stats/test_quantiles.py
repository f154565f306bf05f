"""Quantiles, distribution functions, histograms and tails against NumPy and definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rlcompare.stats.quantiles import (
    MOST_BINS,
    counts_by_stretch,
    distribution,
    fan,
    histogram_edges,
    of_sorted,
    tail_mean,
)
from rlcompare.stats.sample import Floats

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
TIED = arrays.arrays(np.float64, st.integers(1, 80), elements=st.integers(-9, 9).map(lambda n: n / 4))


@given(values=TIED)
def test_quantiles_are_numpys(values: Floats) -> None:
    expected = np.quantile(values, QUANTILES)
    assert of_sorted(np.sort(values), QUANTILES).tolist() == pytest.approx(expected.tolist(), abs=1e-12)


@given(values=TIED, seed=st.integers(0, 100))
def test_a_fan_is_numpys_in_each_stretch(values: Floats, seed: int) -> None:
    stretch = np.sort(np.random.default_rng(seed).integers(0, 6, len(values)))
    found = fan(stretch, values, QUANTILES, 7)
    for number in range(7):
        part = values[stretch == number]
        assert found.n[number] == len(part)
        if len(part):
            assert found.values[:, number].tolist() == pytest.approx(np.quantile(part, QUANTILES).tolist(), abs=1e-12)
            assert found.mean[number] == pytest.approx(part.mean(), abs=1e-12)
        else:
            assert np.isnan(found.values[:, number]).all()


@given(values=TIED)
def test_a_distribution_function_is_the_share_at_most(values: Floats) -> None:
    found = distribution(values)
    assert found.value.tolist() == np.unique(values).tolist()
    assert found.share.tolist() == pytest.approx([(values <= v).mean() for v in np.unique(values)])


@given(values=TIED, points=st.integers(2, 20))
def test_a_thinned_distribution_function_is_true_where_it_is(values: Floats, points: int) -> None:
    found = distribution(values, points)
    assert found.share.tolist() == pytest.approx([(values <= v).mean() for v in found.value])
    assert (found.value[0], found.value[-1], found.share[-1]) == (values.min(), values.max(), 1.0)
    assert len(found.value) <= points + 1


def test_a_thinned_distribution_function_is_close_between() -> None:
    values = np.random.default_rng(0).lognormal(size=100_000)
    found = distribution(values)
    every = distribution(values, 10**6)
    between = found.share[np.searchsorted(found.value, every.value, side="right") - 1]
    assert np.abs(between - every.share).max() < 1.1e-3


@pytest.mark.parametrize(
    ("samples", "edges"),
    [
        ([np.array([1.0, 2, 2, 4])], [0.5, 1.5, 2.5, 3.5, 4.5]),
        ([np.full(5, 0.3)], [-0.2, 0.8]),
        ([], [0.0, 1.0]),
        ([np.array([0.5]), np.array([2.5])], None),
    ],
)
def test_edges(samples: list[Floats], edges: list[float] | None) -> None:
    found = histogram_edges(samples)
    if edges is not None:
        assert found.tolist() == pytest.approx(edges)
    else:
        assert (found[0], found[-1]) == (0.5, 2.5)


@given(
    values=arrays.arrays(np.float64, st.integers(2, 200), elements=st.integers(0, 4_000).map(float)),
    most=st.integers(5, 80),
    fewest=st.integers(1, 5),
)
def test_bins_of_whole_numbers_hold_equally_many(values: Floats, most: int, fewest: int) -> None:
    edges = histogram_edges([values], most, fewest)
    widths = np.diff(edges)
    assert (widths == widths[0]).all()
    assert widths[0] == round(widths[0])
    assert (edges % 1 == 0.5).all()
    assert len(widths) <= most
    assert edges[0] < values.min() <= values.max() < edges[-1]
    assert edges[-1] - values.max() <= widths[0]


@pytest.mark.parametrize(
    "values", [[1e17] * 3, [1e17, 1e17 + 16], [0.0, 5e-324], [-1e-310, 1e-310], [3.0, 3.0 + 1e-15]]
)
def test_values_that_hardly_differ_are_one_bin(values: list[float]) -> None:
    edges = histogram_edges([np.array(values)])
    assert len(edges) == 2
    assert edges[0] < min(values) <= max(values) < edges[1]
    assert counts_by_stretch(np.zeros(len(values), np.intp), np.array(values), edges, 1).tolist() == [[len(values)]]


def test_bins_are_as_narrow_as_the_narrowest_sample_needs() -> None:
    rng = np.random.default_rng(0)
    narrow, wide = rng.normal(0, 0.1, 1_000), rng.normal(5, 3, 1_000)
    both, alone = histogram_edges([narrow, wide]), histogram_edges([narrow])
    assert both[1] - both[0] == pytest.approx(alone[1] - alone[0], rel=0.05) or len(both) == MOST_BINS + 1
    constant = np.full(500, 5.0)
    assert len(histogram_edges([wide, constant])) == len(histogram_edges([wide])), "equal values have no width"
    assert len(histogram_edges([wide], fewest=60)) == 61


@given(values=arrays.arrays(np.float64, st.integers(1, 200), elements=st.floats(-1e6, 1e6)))
def test_edges_hold_every_value(values: Floats) -> None:
    edges = histogram_edges([values])
    assert 2 <= len(edges) <= MOST_BINS + 1
    assert (np.diff(edges) > 0).all()
    assert counts_by_stretch(np.zeros(len(values), np.intp), values, edges, 1).sum() == len(values)


@given(
    values=arrays.arrays(np.float64, st.integers(1, 80), elements=st.integers(-20, 20).map(lambda n: n / 10)),
    bins=st.integers(1, 12),
)
def test_counts_are_numpys(values: Floats, bins: int) -> None:
    edges = np.linspace(-1, 1, bins + 1)
    found = counts_by_stretch(np.zeros(len(values), np.intp), values, edges, 2)
    assert found[0].tolist() == np.histogram(values, edges)[0].tolist()
    assert found[1].tolist() == [0] * bins


def test_the_tail_is_the_mean_of_the_worst() -> None:
    values = np.random.default_rng(1).permutation(np.arange(100.0))
    assert tail_mean(values, 0.05) == pytest.approx(np.mean([0, 1, 2, 3, 4]))
    assert tail_mean(values, 0.025) == pytest.approx((0 + 1 + 0.5 * 2) / 2.5)
    assert tail_mean(values, 1) == pytest.approx(values.mean())
    assert tail_mean(np.array([7.0]), 0.05) == 7.0
