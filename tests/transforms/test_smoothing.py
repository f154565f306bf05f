"""Smoothing: hand-computed values, and what holds for every curve."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare import schema
from rlcompare.errors import ParameterError
from rlcompare.transforms import SMOOTHERS, parse_smoothing, smooth
from tests.transforms.made_curves import anything, curves_of, finite, values_of

CAUSAL = [
    *(("none", 0.0), ("ema", 0.0), ("ema", 0.6), ("ema", 0.99), ("mean", 1.0), ("mean", 3.0), ("mean", 50.0)),
    *(("median", 1.0), ("median", 4.0), ("median", 50.0)),
]
SMOOTHINGS = [*CAUSAL, ("centered", 1.0), ("centered", 20.0), ("gaussian", 0.5), ("gaussian", 7.0)]
a_smoothing = st.sampled_from(SMOOTHINGS)


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
    smoothed = smooth(curves_of({"a": [1.0, 2.0, 4.0]}), "ema", 0.5)
    # (1), (0.5·1 + 1·2) / 1.5, (0.25·1 + 0.5·2 + 1·4) / 1.75
    assert values_of(smoothed) == pytest.approx([1.0, 5 / 3, 3.0])


def test_mean_by_hand() -> None:
    smoothed = smooth(curves_of({"a": [1.0, 2.0, 6.0, 4.0]}), "mean", 3)
    assert values_of(smoothed) == pytest.approx([1.0, 1.5, 3.0, 4.0])


def test_median_by_hand() -> None:
    smoothed = smooth(curves_of({"a": [1.0, 9.0, 2.0, 3.0]}), "median", 3)
    assert values_of(smoothed) == pytest.approx([1.0, 5.0, 2.0, 3.0])


def test_centered_by_hand() -> None:
    smoothed = smooth(curves_of({"a": [1.0, 2.0, 6.0, 4.0]}), "centered", 1)
    assert values_of(smoothed) == pytest.approx([1.5, 3.0, 4.0, 5.0])


@given(st.lists(finite, min_size=1, max_size=60), st.sampled_from([0.7, 2.0, 9.0]))
def test_gaussian_is_the_weighted_mean_of_the_points_around(values: list[float], sigma: float) -> None:
    reach = int(4 * sigma + 0.5)
    expected = []
    for i in range(len(values)):
        near = range(max(0, i - reach), min(len(values), i + reach + 1))
        weights = [math.exp(-0.5 * ((j - i) / sigma) ** 2) for j in near]
        expected.append(sum(w * values[j] for w, j in zip(weights, near, strict=True)) / sum(weights))
    smoothed = values_of(smooth(curves_of({"a": values}), "gaussian", sigma))
    assert smoothed == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_those_that_look_ahead_say_so() -> None:
    assert [kind for kind, smoother in SMOOTHERS.items() if not smoother.is_causal] == ["centered", "gaussian"]


@given(st.lists(anything, min_size=1, max_size=60), st.sampled_from([0.1, 0.6, 0.9, 0.999]))
def test_ema_is_tensorboard_s(values: list[float], weight: float) -> None:
    smoothed = values_of(smooth(curves_of({"a": values}), "ema", weight))
    assert smoothed == pytest.approx(tensorboard_s_ema(values, weight), rel=1e-6, abs=1e-3, nan_ok=True)


@given(st.lists(anything, min_size=1, max_size=40))
@pytest.mark.parametrize(("kind", "width"), [("none", 0.0), ("ema", 0.0), ("mean", 1.0), ("median", 1.0)])
def test_no_width_is_the_identity(kind: str, width: float, values: list[float]) -> None:
    curves = curves_of({"a": values})
    assert smooth(curves, kind, width).equals(curves, null_equal=True)


@given(st.lists(anything, min_size=1, max_size=60), st.sampled_from(CAUSAL), st.integers(1, 60))
def test_a_smoothed_prefix_is_the_prefix_of_the_smoothed(
    values: list[float], smoothing: tuple[str, float], length: int
) -> None:
    whole = values_of(smooth(curves_of({"a": values}), *smoothing))
    prefix = values_of(smooth(curves_of({"a": values[:length]}), *smoothing))
    assert prefix == pytest.approx(whole[:length], rel=0, abs=0, nan_ok=True)


@given(st.lists(finite, min_size=1, max_size=60), a_smoothing)
def test_smoothed_values_stay_within_the_range(values: list[float], smoothing: tuple[str, float]) -> None:
    smoothed = smooth(curves_of({"a": values}), *smoothing)["value"].to_list()
    slack = 1e-12 * max(map(abs, values))
    assert min(values) - slack <= min(smoothed)
    assert max(smoothed) <= max(values) + slack


@given(st.lists(st.lists(anything, max_size=20), min_size=2, max_size=5), a_smoothing)
def test_no_run_leaks_into_another(runs: list[list[float]], smoothing: tuple[str, float]) -> None:
    named = {f"run {i}": values for i, values in enumerate(runs)}
    together = smooth(curves_of(named), *smoothing)
    for run, values in named.items():
        alone = smooth(curves_of({run: values}), *smoothing)
        assert values_of(together, run) == pytest.approx(values_of(alone, run), rel=0, abs=0, nan_ok=True)


def test_scattered_rows_and_metrics_are_told_apart() -> None:
    reward, length = curves_of({"a": [1.0, 3.0], "b": [10.0, 30.0]}), curves_of({"a": [100.0, 300.0]}, "length")
    scattered = pl.concat([reward, length])[[0, 4, 2, 1, 5, 3]]
    smoothed = smooth(scattered, "mean", 2).sort("run", "metric", "step")
    assert smoothed["value"].to_list() == [100.0, 200.0, 1.0, 2.0, 10.0, 20.0]
    assert smoothed.schema == schema.CURVE


@given(st.lists(finite, min_size=3, max_size=40), st.data(), a_smoothing)
def test_what_is_no_number_stays_alone(values: list[float], data: st.DataObject, smoothing: tuple[str, float]) -> None:
    place = data.draw(st.integers(0, len(values)))
    odd = data.draw(st.sampled_from([math.nan, math.inf, -math.inf]))
    without = values_of(smooth(curves_of({"a": values}), *smoothing))
    with_odd = values_of(smooth(curves_of({"a": [*values[:place], odd, *values[place:]]}), *smoothing))
    assert with_odd.pop(place) == pytest.approx(odd, nan_ok=True)
    assert with_odd == without


def test_null_stays_null() -> None:
    assert values_of(smooth(curves_of({"a": [1.0, None, 3.0]}), "mean", 2)) == [1.0, None, 2.0]


def test_a_huge_value_leaves_no_trace_in_a_moving_average() -> None:
    smoothed = values_of(smooth(curves_of({"a": [1e20, *[1.0] * 10]}), "mean", 3))
    assert smoothed[3:] == [1.0] * 8


@pytest.mark.parametrize(("kind", "width"), SMOOTHINGS)
def test_no_curves_stay_no_curves(kind: str, width: float) -> None:
    empty = pl.DataFrame(schema=schema.CURVE)
    assert smooth(empty, kind, width).equals(empty)


def test_many_runs_at_once() -> None:
    values = np.random.default_rng(0).normal(size=(50, 200))
    smoothed = smooth(curves_of({f"{i:02d}": row.tolist() for i, row in enumerate(values)}), "mean", 10)
    expected = np.array([[row[max(0, i - 9) : i + 1].mean() for i in range(200)] for row in values])
    assert smoothed["value"].to_numpy().reshape(50, 200) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"), [("none", ("none", 0.0)), ("ema:0.9", ("ema", 0.9)), ("mean:50", ("mean", 50.0))]
)
def test_parse(text: str, expected: tuple[str, float]) -> None:
    assert parse_smoothing(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gauss:3", "Expected a smoothing of none, ema, mean, median, centered, gaussian; got 'gauss'"),
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
        ("", "got ''"),
    ],
)
def test_what_cannot_be_parsed_says_what_can(text: str, message: str) -> None:
    with pytest.raises(ParameterError, match=f"{message}.*Hint: "):
        parse_smoothing(text)


def test_a_width_out_of_range_is_refused_for_no_curves_too() -> None:
    with pytest.raises(ParameterError, match="got 2"):
        smooth(pl.DataFrame(schema=schema.CURVE), "ema", 2.0)


def test_every_smoother_describes_itself() -> None:
    told = {kind: s.describe(0.9 if kind == "ema" else s.default_width) for kind, s in SMOOTHERS.items()}
    assert told["none"] == "No smoothing."
    assert told["ema"].startswith("Exponential moving average over points, weight 0.9: each value is 0.9 ×")
    assert "about the last 10 points" in told["ema"]
    assert told["mean"] == "Moving average: the mean of the last 20 points, of fewer at the start."
    assert told["median"].startswith("Moving median: the median of the last 20 points")
    assert "up to 10 on either side" in told["centered"]
    assert "a standard deviation of 5 points" in told["gaussian"]
