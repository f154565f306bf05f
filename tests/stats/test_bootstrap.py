"""The bootstrap: every resample by hand, and SciPy's within the error of drawing."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from rlcompare.stats import Sample, bootstrap_interval, iqm_weights, mean_weights, median_weights
from rlcompare.stats.sample import Weights

ESTIMATES = {
    "mean": (mean_weights, np.mean),
    "median": (median_weights, np.median),
    "iqm": (iqm_weights, lambda values, axis: stats.trim_mean(values, 0.25, axis=axis)),
}


@pytest.mark.parametrize("name", ESTIMATES)
@pytest.mark.parametrize("n", [2, 3, 4, 5])
@pytest.mark.parametrize("level", [0.6, 0.95])
def test_few_runs_are_resampled_in_every_way(n: int, level: float, name: str) -> None:
    weights, estimate = ESTIMATES[name]
    values = np.random.default_rng(n).normal(size=n)
    everything = estimate(values[np.array(list(product(range(n), repeat=n)))], axis=1)
    tail = (1 - level) / 2
    expected = np.quantile(everything, [tail, 1 - tail], method="inverted_cdf")
    lower, upper = bootstrap_interval(Sample(values[:, None]), weights, level)
    assert (lower[0], upper[0]) == pytest.approx(tuple(expected))


def test_three_runs_by_hand() -> None:
    """Of 27 resamples one is 0, 0, 0 and three are 0, 0, 3: 1/27 is more than 2.5 %, only 4/27 more than 10 %."""
    sample = Sample(np.array([[0.0], [3.0], [9.0]]))
    assert np.ravel(bootstrap_interval(sample, mean_weights, 0.95)).tolist() == [0.0, 9.0]
    assert np.ravel(bootstrap_interval(sample, mean_weights, 0.8)) == pytest.approx([1.0, 7.0])


@pytest.mark.parametrize(("n", "m"), [(6, None), (12, None), (3, 4), (12, 9)])
@pytest.mark.parametrize("name", ESTIMATES)
def test_agrees_with_scipy(n: int, m: int | None, name: str) -> None:
    weights, estimate = ESTIMATES[name]
    rng = np.random.default_rng(1)
    ours, theirs = rng.normal(5, 2, size=n), rng.normal(1, 3, size=m or 0)

    def difference(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
        return estimate(a, axis=axis) - estimate(b, axis=axis)

    data, statistic = ((ours,), estimate) if m is None else ((ours, theirs), difference)
    scipys = stats.bootstrap(data, statistic, n_resamples=40_000, method="percentile", rng=np.random.default_rng(2))
    baseline = None if m is None else Sample(theirs[:, None])
    lower, upper = bootstrap_interval(Sample(ours[:, None]), weights, 0.95, baseline)
    spread = scipys.standard_error
    assert (lower[0], upper[0]) == pytest.approx(tuple(scipys.confidence_interval), abs=0.2 * spread)


@pytest.mark.parametrize("weights", [mean_weights, iqm_weights])
@pytest.mark.parametrize("n", [4, 12])
def test_drawn_again_it_is_the_same_and_the_order_of_runs_is_nothing(n: int, weights: Weights) -> None:
    values = np.random.default_rng(0).normal(size=(n, 2_500))
    once = bootstrap_interval(Sample(values), weights, 0.9)
    assert np.array_equal(once, bootstrap_interval(Sample(values), weights, 0.9))
    assert np.array_equal(once, bootstrap_interval(Sample(values[::-1]), weights, 0.9))


def test_each_place_has_its_own_runs() -> None:
    values = np.random.default_rng(0).normal(size=(9, 3))
    values[7:, 1] = np.nan
    values[:, 2] = np.nan
    lower, upper = bootstrap_interval(Sample(values), mean_weights, 0.95)
    for place, n in ((0, 9), (1, 7)):
        alone = bootstrap_interval(Sample(values[:n, [place]]), mean_weights, 0.95)
        assert (lower[place], upper[place]) == pytest.approx((alone[0][0], alone[1][0]))
    assert np.isnan([lower[2], upper[2]]).all()


def test_a_baseline_of_one_run_only_shifts() -> None:
    sample, one = Sample(np.array([[0.0], [3.0], [9.0]])), Sample(np.array([[2.0]]))
    shifted = np.ravel(bootstrap_interval(sample, mean_weights, 0.8, one))
    assert shifted == pytest.approx([-1.0, 5.0])
    absent = bootstrap_interval(sample, mean_weights, 0.8, Sample(np.array([[np.nan]])))
    assert np.isnan(absent).all()
