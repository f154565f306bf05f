"""Smoothing: hand-computed values, and what holds for every curve."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare import schema
from rlcompare.curves import CurveSet
from rlcompare.errors import ParameterError
from rlcompare.transforms import (
    NO_SMOOTHING,
    SMOOTHERS,
    Smoothing,
    check_smoothing,
    parse_smoothing,
    smooth,
    smooth_curves,
)
from tests.transforms.made_curves import anything, curves_of, finite, placed, values_of, with_places

EXACT = [
    *(("none", 0.0), ("ema", 0.0), ("ema", 0.6), ("ema", 0.99), ("mean", 1.0), ("mean", 3.0), ("mean", 50.0)),
    *(("mean", 1e300), ("median", 1.0), ("median", 4.0), ("median", 50.0)),
]
LOOKING_AHEAD = [("centered", 1.0), ("centered", 20.0), ("centered", 1e300), ("gaussian", 0.5), ("gaussian", 7.0)]
BY_POINTS = [Smoothing(kind, width) for kind, width in [*EXACT, *LOOKING_AHEAD, ("gaussian", 9e5)]]
WIDTHS = (1e-9, 0.5, 1.0, 3.5, 20.0, 1e4, 1e18)
BY_AXIS = [Smoothing(s.kind, width, "axis") for s in SMOOTHERS.values() if "axis" in s.units for width in WIDTHS]
SMOOTHINGS = [*BY_POINTS, *BY_AXIS]
CAUSAL = [smoothing for smoothing in SMOOTHINGS if SMOOTHERS[smoothing.kind].is_causal]
a_smoothing = st.sampled_from(SMOOTHINGS)

Points = list[tuple[float, float]]


def smoothed_values(curves: dict[str, Points], smoothing: Smoothing) -> list[float]:
    return smooth_curves(placed(curves), smoothing).value.tolist()


def tensorboard_s_ema(values: list[float], weight: float) -> list[float]:
    """The loop of TensorBoard's front end, ``resmoothDataset``, in Python."""
    last, n, smoothed = 0.0, 0, []
    for value in values:
        if not math.isfinite(value):
            smoothed.append(value)
            continue
        last = last * weight + (1 - weight) * value
        n += 1
        smoothed.append(last / (1 - weight**n))
    return smoothed


def test_ema_by_hand() -> None:
    smoothed = smooth(curves_of({"a": [1.0, 2.0, 4.0]}), Smoothing("ema", 0.5))
    # (1), (0.5·1 + 1·2) / 1.5, (0.25·1 + 0.5·2 + 1·4) / 1.75
    assert values_of(smoothed) == pytest.approx([1.0, 5 / 3, 3.0])


def test_mean_by_hand() -> None:
    smoothed = smooth(curves_of({"a": [1.0, 2.0, 6.0, 4.0]}), Smoothing("mean", 3))
    assert values_of(smoothed) == pytest.approx([1.0, 1.5, 3.0, 4.0])


def test_median_by_hand() -> None:
    smoothed = smooth(curves_of({"a": [1.0, 9.0, 2.0, 3.0]}), Smoothing("median", 3))
    assert values_of(smoothed) == pytest.approx([1.0, 5.0, 2.0, 3.0])


def test_centered_by_hand() -> None:
    smoothed = smooth(curves_of({"a": [1.0, 2.0, 6.0, 4.0]}), Smoothing("centered", 1))
    assert values_of(smoothed) == pytest.approx([1.5, 3.0, 4.0, 5.0])


@given(st.lists(finite, min_size=1, max_size=60), st.sampled_from([0.7, 2.0, 9.0]))
def test_gaussian_is_the_weighted_mean_of_the_points_around(values: list[float], sigma: float) -> None:
    reach = int(4 * sigma + 0.5)
    expected = []
    for i in range(len(values)):
        near = range(max(0, i - reach), min(len(values), i + reach + 1))
        weights = [math.exp(-0.5 * ((j - i) / sigma) ** 2) for j in near]
        expected.append(sum(w * values[j] for w, j in zip(weights, near, strict=True)) / sum(weights))
    smoothed = values_of(smooth(curves_of({"a": values}), Smoothing("gaussian", sigma)))
    assert smoothed == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_those_that_look_ahead_say_so() -> None:
    assert [kind for kind, smoother in SMOOTHERS.items() if not smoother.is_causal] == ["centered", "gaussian"]


@given(st.lists(anything, min_size=1, max_size=60), st.sampled_from([0.1, 0.6, 0.9, 0.999]))
def test_ema_is_tensorboard_s(values: list[float], weight: float) -> None:
    smoothed = values_of(smooth(curves_of({"a": values}), Smoothing("ema", weight)))
    assert smoothed == pytest.approx(tensorboard_s_ema(values, weight), rel=1e-6, abs=1e-3, nan_ok=True)


IDLE = (("none", 0.0), ("ema", 0.0), ("mean", 1.0), ("median", 1.0))


@given(st.lists(anything, min_size=1, max_size=40))
@pytest.mark.parametrize(("kind", "width"), IDLE)
def test_no_width_is_the_identity(kind: str, width: float, values: list[float]) -> None:
    curves = curves_of({"a": values})
    assert smooth(curves, Smoothing(kind, width)).equals(curves, null_equal=True)


@pytest.mark.parametrize(("kind", "width"), IDLE)
def test_what_changes_nothing_copies_nothing(kind: str, width: float) -> None:
    frame, curves = curves_of({"a": [1.0, 2.0]}), placed({"a": [(0.0, 1.0), (1.0, 2.0)]})
    assert smooth(frame, Smoothing(kind, width)) is frame
    assert smooth_curves(curves, Smoothing(kind, width)) is curves


@given(with_places(anything), a_smoothing)
def test_curves_stand_where_they_stood_and_are_not_changed_in_place(points: Points, smoothing: Smoothing) -> None:
    curves, untouched = placed({"a": points}), placed({"a": points})
    smoothed = smooth_curves(curves, smoothing)
    assert np.array_equal(curves.value, untouched.value, equal_nan=True)
    assert (smoothed.names, smoothed.x.tolist()) == (("a",), [x for x, _ in points])


@given(anything, a_smoothing)
def test_one_point_stays_what_it_is(value: float, smoothing: Smoothing) -> None:
    assert smoothed_values({"a": [(3.0, value)]}, smoothing) == pytest.approx([value], rel=0, abs=0, nan_ok=True)


@given(with_places(anything), st.sampled_from(CAUSAL), st.integers(1, 60))
def test_a_smoothed_prefix_is_the_prefix_of_the_smoothed(points: Points, smoothing: Smoothing, length: int) -> None:
    whole = smoothed_values({"a": points}, smoothing)
    prefix = smoothed_values({"a": points[:length]}, smoothing)
    largest = max((abs(value) for _, value in points if math.isfinite(value)), default=0.0)
    slack = 1e-12 * largest if smoothing.unit == "axis" else 0.0
    assert prefix == pytest.approx(whole[:length], rel=0, abs=slack, nan_ok=True)


@given(with_places(finite), a_smoothing)
def test_smoothed_values_stay_within_the_range(points: Points, smoothing: Smoothing) -> None:
    values = [value for _, value in points]
    smoothed = smoothed_values({"a": points}, smoothing)
    slack = 1e-12 * max(map(abs, values))
    assert min(values) - slack <= min(smoothed)
    assert max(smoothed) <= max(values) + slack


@pytest.mark.parametrize("smoothing", SMOOTHINGS, ids=str)
def test_the_largest_numbers_there_are_do_not_overflow(smoothing: Smoothing) -> None:
    largest = np.finfo(np.float64).max
    smoothed = smoothed_values({"a": [(float(x), largest) for x in range(9)]}, smoothing)
    assert smoothed == pytest.approx([largest] * 9)


@given(st.lists(with_places(anything, 20) | st.just([]), min_size=2, max_size=5), a_smoothing)
def test_no_run_leaks_into_another(runs: list[Points], smoothing: Smoothing) -> None:
    curves = smooth_curves(placed({f"run {i}": points for i, points in enumerate(runs)}), smoothing)
    for rows, points in zip(curves.slices, runs, strict=True):
        alone = smoothed_values({"a": points}, smoothing)
        assert curves.value[rows].tolist() == pytest.approx(alone, rel=0, abs=0, nan_ok=True)


def test_scattered_rows_and_metrics_are_told_apart() -> None:
    reward, length = curves_of({"a": [1.0, 3.0], "b": [10.0, 30.0]}), curves_of({"a": [100.0, 300.0]}, "length")
    scattered = pl.concat([reward, length])[[0, 4, 2, 1, 5, 3]]
    smoothed = smooth(scattered, Smoothing("mean", 2)).sort("run", "metric", "step")
    assert smoothed["value"].to_list() == [100.0, 200.0, 1.0, 2.0, 10.0, 20.0]
    assert smoothed.schema == schema.CURVE


@given(with_places(finite, 40), st.data(), a_smoothing)
def test_what_is_no_number_stays_alone(points: Points, data: st.DataObject, smoothing: Smoothing) -> None:
    place = data.draw(st.integers(0, len(points)))
    odd = data.draw(st.sampled_from([math.nan, math.inf, -math.inf]))
    x = points[max(0, place - 1)][0]
    without = smoothed_values({"a": points}, smoothing)
    with_odd = smoothed_values({"a": [*points[:place], (x, odd), *points[place:]]}, smoothing)
    assert with_odd.pop(place) == pytest.approx(odd, nan_ok=True)
    assert with_odd == without


def test_null_stays_null() -> None:
    assert values_of(smooth(curves_of({"a": [1.0, None, 3.0]}), Smoothing("mean", 2))) == [1.0, None, 2.0]


@pytest.mark.parametrize("huge", [[1e20], [1e36, 1e20], [1e30, 1e12]], ids=str)
@pytest.mark.parametrize("x", [[0.0, 1, 2, 3, 4, 5, 6, 7], [0.0, 1, 2, 3, 4, 5, 6, 6.5]], ids=["even", "uneven"])
@pytest.mark.parametrize("smoothing", [Smoothing("mean", 3), Smoothing("mean", 3, "axis")], ids=str)
def test_a_huge_value_leaves_no_trace_in_a_moving_average(
    smoothing: Smoothing, x: list[float], huge: list[float]
) -> None:
    values = [*huge, *[1.0] * (8 - len(huge))]
    smoothed = smoothed_values({"a": list(zip(x, values, strict=True))}, smoothing)
    assert smoothed[2 + len(huge) :] == [1.0] * (6 - len(huge))


def test_a_huge_value_leaves_no_trace_in_a_frame() -> None:
    smoothed = values_of(smooth(curves_of({"a": [1e20, *[1.0] * 10]}), Smoothing("mean", 3)))
    assert smoothed[3:] == [1.0] * 8


@pytest.mark.parametrize("smoothing", SMOOTHINGS, ids=str)
def test_no_curves_stay_no_curves(smoothing: Smoothing) -> None:
    empty = pl.DataFrame(schema=schema.CURVE)
    assert smooth(empty, smoothing).equals(empty)
    assert len(smooth_curves(placed({}), smoothing)) == 0


def test_many_runs_at_once() -> None:
    values = np.random.default_rng(0).normal(size=(50, 200))
    smoothed = smooth(curves_of({f"{i:02d}": row.tolist() for i, row in enumerate(values)}), Smoothing("mean", 10))
    expected = np.array([[row[max(0, i - 9) : i + 1].mean() for i in range(200)] for row in values])
    assert smoothed["value"].to_numpy().reshape(50, 200) == pytest.approx(expected)


def test_a_frame_s_axis_is_its_steps() -> None:
    frame = curves_of({"a": [1.0, 3.0, 5.0, 7.0]}).with_columns(pl.Series("step", [0, 10, 15, 40]))
    assert values_of(smooth(frame, Smoothing("mean", 10, "axis"))) == [1.0, 3.0, 4.0, 7.0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", NO_SMOOTHING),
        ("ema:0.9", Smoothing("ema", 0.9, "points")),
        ("mean:50", Smoothing("mean", 50.0, "points")),
        ("mean:50:points", Smoothing("mean", 50.0, "points")),
        ("mean:2.5:axis", Smoothing("mean", 2.5, "axis")),
        ("twema:200", Smoothing("twema", 200.0, "axis")),
        ("twema:200:axis", Smoothing("twema", 200.0, "axis")),
    ],
)
def test_parse(text: str, expected: Smoothing) -> None:
    assert parse_smoothing(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gauss:3", "Expected a smoothing of none, ema, twema, mean, median, centered, gaussian; got 'gauss'"),
        ("ema", "Expected a width after 'ema'; got none"),
        ("ema:", "Expected a number after 'ema:'; got ''"),
        ("ema:x", "Expected a number after 'ema:'; got 'x'"),
        ("ema:1", "Expected a weight from 0 .* got 1"),
        ("ema:-0.1", "got -0.1"),
        ("ema:nan", "got nan"),
        ("mean:0", "Expected a whole number of points, at least 1 for the smoothing 'mean'; got 0"),
        ("mean:2.5", "got 2.5"),
        ("mean:inf", "got inf"),
        ("median:0", "Expected a whole number of points"),
        ("centered:0", "Expected a whole number of points on either side"),
        ("gaussian:0", "Expected a standard deviation in points, above 0"),
        ("gaussian:nan", "got nan"),
        ("none:3", "Expected no width"),
        ("twema", "Expected a width after 'twema'; got none"),
        ("twema:0", "Expected a width from 1e-09 to 1e[+]18 in the unit of the x axis for .*; got 0"),
        ("twema:nan", "got nan"),
        ("mean:0:axis", "Expected a width from 1e-09 to 1e[+]18 in the unit of the x axis for .*; got 0"),
        ("mean:inf:axis", "got inf"),
        ("mean:50:", "Expected points or axis after mean:50:; got ''"),
        ("mean:50:steps", "Expected points or axis after mean:50:; got 'steps'"),
        ("ema:0.9:axis", "Expected a width in points for the smoothing 'ema'; got 'axis'"),
        ("twema:200:points", "Expected a width in axis for the smoothing 'twema'; got 'points'"),
        ("", "got ''"),
    ],
)
def test_what_cannot_be_parsed_says_what_can(text: str, message: str) -> None:
    with pytest.raises(ParameterError, match=f"{message}.*Hint: "):
        parse_smoothing(text)


def test_a_width_out_of_range_is_refused_for_no_curves_too() -> None:
    with pytest.raises(ParameterError, match="got 2"):
        smooth(pl.DataFrame(schema=schema.CURVE), Smoothing("ema", 2.0))


def test_a_smoothing_is_checked_to_its_smoother() -> None:
    assert check_smoothing(Smoothing("mean", 0.5, "axis")) is SMOOTHERS["mean"]
    assert {kind: smoother.units for kind, smoother in SMOOTHERS.items()} == {
        "none": ("points",),
        "ema": ("points",),
        "twema": ("axis",),
        **dict.fromkeys(("mean", "median", "centered", "gaussian"), ("points", "axis")),
    }


def test_every_smoother_describes_itself() -> None:
    told = {kind: s.describe(0.9 if kind == "ema" else s.default_width, "points") for kind, s in SMOOTHERS.items()}
    assert told["none"] == "No smoothing."
    assert told["ema"].startswith("Exponential moving average over points, weight 0.9: each value is 0.9 ×")
    assert "about the last 10 points" in told["ema"]
    assert told["mean"] == "Moving average: the mean of the last 20 points, of fewer at the start."
    assert told["median"].startswith("Moving median: the median of the last 20 points")
    assert "up to 10 on either side" in told["centered"]
    assert "a standard deviation of 5 points" in told["gaussian"]


def test_a_smoother_describes_itself_over_an_axis() -> None:
    told = {kind: SMOOTHERS[kind].describe(20_000, "env steps") for kind in ("twema", "mean", "median", "gaussian")}
    assert "half-life 20,000 env steps: a point that far back counts half as much" in told["twema"]
    assert told["mean"] == "Moving average: the mean of the last 20,000 env steps, of fewer at the start."
    assert told["median"].startswith("Moving median: the median of the last 20,000 env steps, of fewer")
    assert "a standard deviation of 20,000 env steps" in told["gaussian"]
    assert "the points up to 2.5 minutes away on either side" in SMOOTHERS["centered"].describe(5, "minutes")
    assert "the last 1 minutes" in SMOOTHERS["mean"].describe(1, "minutes")


def test_a_result_that_somebody_holds_is_not_written_over() -> None:
    curves = CurveSet.from_frame(curves_of({"a": [float(i % 7) for i in range(1_000)]}))
    held = smooth_curves(curves, Smoothing("ema", 0.5))
    part = smooth_curves(curves, Smoothing("ema", 0.6)).value[10:]
    copies = held.value.copy(), part.copy()
    for weight in (0.7, 0.8, 0.9, 0.91, 0.92, 0.93):
        smooth_curves(curves, Smoothing("ema", weight))
    assert (held.value.tolist(), part.tolist()) == (copies[0].tolist(), copies[1].tolist())
