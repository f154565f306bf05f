"""Curves as arrays: from a frame and back, and some of them."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare import schema
from rlcompare.curves import CurveSet, Points, curve_name, is_unlogged, run_of, unlogged
from tests.transforms.made_curves import anything, curves_of


@given(st.lists(st.lists(anything, min_size=1, max_size=9), max_size=4))
def test_from_a_frame_and_back(runs: list[list[float]]) -> None:
    frame = curves_of({f"run {i}": values for i, values in enumerate(runs)})
    assert CurveSet.from_frame(frame).frame("reward").equals(frame, null_equal=True)


def test_an_unlogged_time_is_nan_here_and_null_there() -> None:
    frame = curves_of({"a": [1.0, 2.0]}).with_columns(pl.lit(None, pl.Float64).alias("wall_time"))
    curves = CurveSet.from_frame(frame)
    assert np.isnan(curves.wall_time).all()
    assert curves.frame("reward").equals(frame, null_equal=True)


def test_a_value_that_was_not_logged_has_no_place() -> None:
    curves = CurveSet.from_frame(curves_of({"a": [1.0, None, 3.0], "b": [math.nan]}))
    assert (curves.names, curves.starts.tolist(), curves.step.tolist()) == (("a", "b"), [0, 2, 3], [0, 2, 0])


def test_some_of_them() -> None:
    curves = CurveSet.from_frame(curves_of({"a": [1.0], "b": [2.0, 3.0], "c": [4.0]}))
    some = curves.only(["c", "b", "no such"])
    assert (some.names, some.value.tolist(), some.starts.tolist()) == (("b", "c"), [2.0, 3.0, 4.0], [0, 2, 3])
    assert curves.only(["a", "b", "c"]) is curves
    assert curves.only([]).frame("reward").schema == schema.CURVE


def test_curves_given_one_by_one() -> None:
    curves = CurveSet.joined(["a", "b"], [Points(np.array([3, 5]), np.array([1.0, 2.0]), np.array([7.0, 8.0]))] * 2)
    assert curves.slices == [slice(0, 2), slice(2, 4)]
    assert curves.x.tolist() == [3.0, 5.0, 3.0, 5.0]
    assert len(CurveSet.joined([], [])) == 0


@pytest.mark.parametrize(
    ("worker", "history", "expected"),
    [
        (None, None, "a/run 1"),
        (2, None, "a/run 1 · worker 2"),
        (None, 3, "a/run 1 · history 3"),
        (2, 3, "a/run 1 · worker 2 · history 3"),
    ],
)
def test_the_name_of_a_part_of_a_run_tells_the_run(worker: int | None, history: int | None, expected: str) -> None:
    assert curve_name("a/run 1", worker, history) == expected
    assert run_of(expected) == "a/run 1"


def test_times_that_no_curve_has_take_no_memory() -> None:
    points = Points(np.array([1, 2]), unlogged(2), np.array([3.0, 4.0]))
    assert is_unlogged(CurveSet.joined(["a", "b"], [points, points]).wall_time)
    timed = CurveSet.joined(["a", "b"], [points, points._replace(wall_time=np.array([5.0, 6.0]))])
    assert str(timed.wall_time.tolist()) == "[nan, nan, 5.0, 6.0]"
    assert CurveSet.joined(["a"], [points]).frame("r")["wall_time"].null_count() == 2
