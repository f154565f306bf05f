"""Smoothing over the x axis: each kind against its definition, written out, at even and at uneven distances."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.errors import ParameterError
from rlcompare.transforms import Smoothing, smooth_curves
from tests.transforms.made_curves import finite, placed, with_places

Points = list[tuple[float, float]]

a_width = st.sampled_from([0.25, 0.5, 1.0, 3.0, 7.0, 8.5, 40.0, 5000.0])
points_of_a_curve = with_places(finite, 40)


def smoothed_values(points: Points, kind: str, width: float) -> list[float]:
    return smooth_curves(placed({"a": points}), Smoothing(kind, width, "axis")).value.tolist()


def values_so_far_within(points: Points, i: int, width: float) -> list[float]:
    """The values in the rows up to i whose place is in (x_i - width, x_i]."""
    return [value for x, value in points[: i + 1] if x > points[i][0] - width]


def wandb_s_twema(points: Points, weight: float) -> list[float]:
    """The loop of W&B's documentation on smoothing line plots, in Python; the weight is that after ``Math.min``."""
    range_of_x = points[-1][0] - points[0][0]
    last_y, debias_weight, smoothed = 0.0, 0.0, []
    for i, (x, y) in enumerate(points):
        change_in_x = (x - points[max(0, i - 1)][0]) / range_of_x * 1000
        adjusted = weight**change_in_x
        last_y = last_y * adjusted + y
        debias_weight = debias_weight * adjusted + 1
        smoothed.append(last_y / debias_weight)
    return smoothed


def close_to(expected: list[float], points: Points) -> object:
    return pytest.approx(expected, rel=1e-9, abs=1e-11 * max(abs(value) for _, value in points))


def test_twema_by_hand() -> None:
    # Half-life 2: after 2 a point counts half, after 4 more an eighth of that.
    smoothed = smoothed_values([(0.0, 1.0), (2.0, 4.0), (6.0, 8.0)], "twema", 2.0)
    assert smoothed == pytest.approx([1.0, (0.5 + 4) / 1.5, (0.125 + 1 + 8) / (0.125 + 0.25 + 1)])


def test_twema_at_one_place_is_the_mean_so_far() -> None:
    assert smoothed_values([(5.0, 1.0), (5.0, 3.0), (5.0, 8.0)], "twema", 2.0) == pytest.approx([1.0, 2.0, 4.0])


@given(points_of_a_curve.filter(lambda points: points[-1][0] > points[0][0]), st.sampled_from([0.1, 0.6, 0.99, 1.0]))
def test_twema_is_wandb_s_at_the_half_life_it_comes_to(points: Points, parameter: float) -> None:
    weight = min(math.sqrt(parameter), 0.999)
    half_life = (points[-1][0] - points[0][0]) * math.log(2) / (-1000 * math.log(weight))
    assert smoothed_values(points, "twema", half_life) == close_to(wandb_s_twema(points, weight), points)


@given(st.lists(finite, min_size=2, max_size=60), st.sampled_from([0.1, 5.0, 1000.0]))
def test_twema_of_even_steps_is_the_ema(values: list[float], half_life: float) -> None:
    points = [(float(x), value) for x, value in enumerate(values)]
    ema = smooth_curves(placed({"a": points}), Smoothing("ema", 2 ** (-1 / half_life))).value.tolist()
    assert smoothed_values(points, "twema", half_life) == close_to(ema, points)


@given(points_of_a_curve, a_width)
def test_mean_is_that_of_the_window(points: Points, width: float) -> None:
    windows = [values_so_far_within(points, i, width) for i in range(len(points))]
    assert smoothed_values(points, "mean", width) == close_to([float(np.mean(window)) for window in windows], points)


@given(points_of_a_curve, a_width)
def test_median_is_that_of_the_window(points: Points, width: float) -> None:
    windows = [values_so_far_within(points, i, width) for i in range(len(points))]
    assert smoothed_values(points, "median", width) == close_to([float(np.median(w)) for w in windows], points)


@given(points_of_a_curve, a_width)
def test_centered_is_the_mean_of_the_whole_window_around(points: Points, width: float) -> None:
    expected = [float(np.mean([value for x, value in points if abs(x - at) <= width / 2])) for at, _ in points]
    assert smoothed_values(points, "centered", width) == close_to(expected, points)


def gaussian(points: Points, sigma: float) -> list[float]:
    x, values = np.array(points).T
    distance = (x - x[:, None]) / sigma
    weights = np.where(np.abs(distance) <= 4, np.exp(-0.5 * distance**2), 0)
    return (weights @ values / weights.sum(axis=1)).tolist()


@given(points_of_a_curve, a_width)
def test_gaussian_is_the_weighted_mean_of_the_points_around(points: Points, sigma: float) -> None:
    assert smoothed_values(points, "gaussian", sigma) == close_to(gaussian(points, sigma), points)


@pytest.mark.parametrize("spread", [0.5, 3.0, 30.0, 1e6])
def test_gaussian_of_dense_points_is_the_same(spread: float) -> None:
    """So many neighbours that the weights are expanded; a huge value out of reach leaves no trace."""
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(0, 100, 3000))
    values = np.where(x > 60, 1e200, rng.normal(size=3000))
    points = list(zip(x.tolist(), values.tolist(), strict=True))
    smoothed, expected = np.array(smoothed_values(points, "gaussian", spread)), np.array(gaussian(points, spread))
    assert smoothed == pytest.approx(expected, rel=1e-9, abs=1e-10)


def test_gaussian_of_dense_points_at_even_distances_is_the_same() -> None:
    points = list(enumerate(np.random.default_rng(0).normal(size=5000).tolist()))
    assert smoothed_values(points, "gaussian", 700.0) == pytest.approx(gaussian(points, 700.0), rel=1e-9, abs=1e-10)


@pytest.mark.parametrize("kind", ["mean", "median", "centered"])
def test_a_window_narrower_than_the_spacing_is_the_identity(kind: str) -> None:
    for x in ([0.0, 1.0, 2.0, 3.0], [0.0, 5.0, 6.0, 1e9]):
        points = list(zip(x, [4.0, -1.0, 0.1, 7.0], strict=True))
        assert smoothed_values(points, kind, 0.5) == [4.0, -1.0, 0.1, 7.0]


def test_the_unit_of_the_axis_does_not_matter() -> None:
    seconds = (1_700_000_000 + np.random.default_rng(0).exponential(7, 300).cumsum()).tolist()
    values = np.random.default_rng(1).normal(size=300).tolist()
    for kind in ("twema", "mean", "median", "centered", "gaussian"):
        in_seconds = smoothed_values(list(zip(seconds, values, strict=True)), kind, 90.0)
        in_days = smoothed_values([(x / 86_400, y) for x, y in zip(seconds, values, strict=True)], kind, 90 / 86_400)
        assert in_days == pytest.approx(in_seconds, abs=1e-5)


@pytest.mark.parametrize("x", [[0.0, 2.0, 1.0], [0.0, math.nan, 1.0]])
def test_an_axis_that_falls_is_refused(x: list[float]) -> None:
    curves = placed({"a": [(5.0, 1.0)], "b": [(place, 1.0) for place in x]})
    with pytest.raises(ParameterError, match=r"never falls.*'mean'.*'b' does\. Hint: sort by x"):
        smooth_curves(curves, Smoothing("mean", 3.0, "axis"))
    assert smooth_curves(curves, Smoothing("mean", 3.0)).value.tolist() == [1.0] * 4


def test_the_axis_may_fall_from_one_curve_to_the_next() -> None:
    curves = placed({"a": [(8.0, 1.0), (9.0, 3.0)], "b": [(0.0, 5.0), (1.0, 7.0)]})
    assert smooth_curves(curves, Smoothing("mean", 2.0, "axis")).value.tolist() == [1.0, 2.0, 5.0, 6.0]
