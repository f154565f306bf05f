"""Intervals: by hand, and as SciPy has them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rlcompare.stats import (
    Interval,
    Sample,
    min_max,
    quantile_range,
    standard_deviation,
    standard_error,
    student_t_interval,
)

NAN = np.nan
#: Places with three, two, one and no run.
HOLED = Sample(np.array([[1.0, 2.0, NAN, NAN], [3.0, NAN, 5.0, NAN], [8.0, 4.0, NAN, NAN]]))
THREE = Sample(np.array([[1.0], [3.0], [8.0]]))
TWO = Sample(np.array([[2.0], [4.0]]))
ONE = Sample(np.array([[2.0]]))


def at(interval: Interval, place: int = 0) -> tuple[float, float]:
    return float(interval[0][place]), float(interval[1][place])


def around(center: float, half: float) -> object:
    return pytest.approx((center - half, center + half), rel=1e-7)


def test_by_hand() -> None:
    assert at(min_max(THREE)) == (1.0, 8.0)
    assert at(standard_deviation(THREE)) == around(4, 13**0.5)
    assert at(standard_error(THREE)) == around(4, (13 / 3) ** 0.5)
    assert at(student_t_interval(THREE, 0.95)) == around(4, 4.302652729911275 * (13 / 3) ** 0.5)
    assert at(quantile_range(THREE, 0.25, 0.75)) == (2.0, 5.5)
    assert at(quantile_range(THREE, 0.05, 0.95)) == pytest.approx((1.2, 7.5))


def test_each_place_has_its_own_n() -> None:
    assert at(student_t_interval(HOLED, 0.95), 0) == at(student_t_interval(THREE, 0.95))
    assert at(student_t_interval(HOLED, 0.95), 1) == around(3, 12.706204736432095 * 1.0)
    assert at(min_max(HOLED), 1) == (2.0, 4.0)
    assert at(quantile_range(HOLED, 0.25, 0.75), 1) == (2.5, 3.5)
    for interval in (standard_deviation(HOLED), standard_error(HOLED), student_t_interval(HOLED, 0.95)):
        assert np.isnan(np.array(interval)[:, 2:]).all()


@pytest.mark.parametrize("n", [2, 3, 5, 10])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
def test_student_t_is_that_of_scipy(n: int, level: float) -> None:
    values = np.random.default_rng(n).normal(3, 2, size=(n, 40))
    theirs = stats.t.interval(level, n - 1, loc=values.mean(axis=0), scale=stats.sem(values, axis=0))
    np.testing.assert_allclose(student_t_interval(Sample(values), level), theirs, rtol=1e-9)


@pytest.mark.parametrize(("n", "m"), [(2, 2), (3, 5), (10, 4), (40, 60)])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_welch_is_that_of_scipy(n: int, m: int, level: float) -> None:
    rng = np.random.default_rng(n)
    ours, theirs = rng.normal(3, 2, size=(n, 60)), rng.normal(1, rng.uniform(0.01, 20, size=60), size=(m, 60))
    expected = stats.ttest_ind(ours, theirs, equal_var=False).confidence_interval(level)
    lower, upper = student_t_interval(Sample(ours), level, Sample(theirs))
    np.testing.assert_allclose(upper - lower, expected.high - expected.low, rtol=2e-7)
    np.testing.assert_allclose(lower + upper, expected.high + expected.low, rtol=1e-9)


def test_differences_by_hand() -> None:
    assert at(min_max(THREE, TWO)) == (1 - 4, 8 - 2)
    assert at(standard_deviation(THREE, TWO)) == around(1, (13 + 2) ** 0.5)
    assert at(standard_error(THREE, TWO)) == around(1, (13 / 3 + 2 / 2) ** 0.5)
    differences = [1 - 2, 1 - 4, 3 - 2, 3 - 4, 8 - 2, 8 - 4]
    assert at(quantile_range(THREE, 0.25, 0.75, TWO)) == pytest.approx(tuple(np.quantile(differences, [0.25, 0.75])))


def test_a_baseline_of_one_run_only_shifts() -> None:
    for alone, shifted in (
        (min_max(THREE), min_max(THREE, ONE)),
        (standard_deviation(THREE), standard_deviation(THREE, ONE)),
        (standard_error(THREE), standard_error(THREE, ONE)),
        (student_t_interval(THREE, 0.9), student_t_interval(THREE, 0.9, ONE)),
        (quantile_range(THREE, 0.05, 0.95), quantile_range(THREE, 0.05, 0.95, ONE)),
    ):
        assert at(shifted) == pytest.approx((at(alone)[0] - 2, at(alone)[1] - 2), rel=1e-7)


def test_runs_that_agree_have_an_interval_of_no_width() -> None:
    same = Sample(np.full((3, 1), 7.0))
    assert at(student_t_interval(same, 0.95)) == (7.0, 7.0)
    assert at(student_t_interval(same, 0.95, Sample(np.full((2, 1), 5.0)))) == (2.0, 2.0)


def test_percentiles_of_differences_are_the_same_in_many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    ours, theirs = Sample(rng.normal(size=(4, 30))), Sample(rng.normal(size=(3, 30)))
    whole = quantile_range(ours, 0.05, 0.95, theirs)
    monkeypatch.setattr("rlcompare.stats.intervals._DIFFERENCES", 84)
    assert np.array_equal(quantile_range(ours, 0.05, 0.95, theirs), whole)
