"""Places on the x axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.curves import CurveSet
from rlcompare.errors import ParameterError
from rlcompare.transforms import Axis, place_on_axis, place_on_metric
from tests.transforms.made_curves import anything, curves_of

STARTED = {"a": 1_699_999_990.0}


def at_steps(curves: Mapping[str, Sequence[tuple[int, float]]]) -> CurveSet:
    """Curves of (step, value), a second a row."""
    points = [
        (np.array([step for step, _ in rows], np.int64), np.arange(float(len(rows))), np.array([v for _, v in rows]))
        for rows in curves.values()
    ]
    return CurveSet.joined(list(curves), points)


def places(curves: CurveSet) -> dict[str, list[tuple[float, float]]]:
    return {
        name: list(zip(curves.x[rows].tolist(), curves.value[rows].tolist(), strict=True))
        for name, rows in zip(curves.names, curves.slices, strict=True)
    }


def on_axis(frame: pl.DataFrame, axis: Axis) -> CurveSet:
    return place_on_axis(CurveSet.from_frame(frame), axis, STARTED)


def test_step() -> None:
    assert on_axis(curves_of({"a": [5.0, 6.0]}), "step").x.tolist() == [0.0, 1.0]


def test_relative_step_counts_from_the_curve_s_first() -> None:
    curves = at_steps({"a": [(100, 1.0), (110, 2.0)], "b": [(7, 3.0), (5, 4.0)]})
    placed = place_on_axis(curves, "relative_step", {})
    assert places(placed) == {"a": [(0.0, 1.0), (10.0, 2.0)], "b": [(0.0, 3.0), (-2.0, 4.0)]}


def test_relative_time_counts_from_the_run_s_first_record() -> None:
    assert on_axis(curves_of({"a": [5.0, 6.0]}), "relative").x.tolist() == pytest.approx([10 / 60, 20 / 60])


def test_every_part_of_a_run_counts_from_the_run_s_first_record() -> None:
    placed = on_axis(curves_of({"a · worker 1 · history 2": [5.0]}), "relative")
    assert placed.x.tolist() == pytest.approx([10 / 60])


def test_wall_time() -> None:
    assert on_axis(curves_of({"a": [5.0, 6.0]}), "wall").x.tolist() == [1_700_000_000.0, 1_700_000_010.0]


@pytest.mark.parametrize("axis", ["relative", "wall"])
def test_a_value_without_a_time_has_no_place_on_a_time_axis(axis: Axis) -> None:
    untimed = curves_of({"b": [1.0]}).with_columns(wall_time=pl.lit(None, pl.Float64))
    both = pl.concat([curves_of({"a": [5.0]}), untimed])
    assert on_axis(both, axis).names == ("a",)
    assert on_axis(both, "step").names == ("a", "b")


def test_rows_without_a_place_are_left_out_and_the_others_keep_their_curve() -> None:
    curves = at_steps({"a": [(1, 1.0), (2, 2.0)], "b": [(3, 3.0)], "c": [(4, 4.0), (5, 5.0)]})
    curves.wall_time[[0, 2]] = np.nan
    placed = place_on_axis(curves, "wall", {})
    assert places(placed) == {"a": [(1.0, 2.0)], "c": [(0.0, 4.0), (1.0, 5.0)]}
    assert placed.step.tolist() == [2, 4, 5]


def test_an_unknown_axis_is_refused() -> None:
    with pytest.raises(ParameterError, match="step, relative, wall; got 'epoch'"):
        on_axis(curves_of({"a": [1.0]}), "epoch")  # type: ignore[arg-type]


def test_no_curve_at_all() -> None:
    nothing = CurveSet.joined([], [])
    for axis in ("step", "relative_step", "relative", "wall"):
        assert len(place_on_axis(nothing, axis, {})) == 0  # type: ignore[arg-type]
    assert len(place_on_metric(nothing, nothing)) == 0


def test_a_metric_over_another_at_the_same_steps_and_the_same_run() -> None:
    reward = at_steps({"a": [(1, 0.1), (2, 0.2), (4, 0.4)], "b": [(1, 9.0)], "c": [(1, 1.0)]})
    kl = at_steps({"a": [(2, 5.0), (3, 6.0), (4, 3.0)], "b": [(1, 7.0)]})
    placed = place_on_metric(reward, kl)
    assert places(placed) == {"a": [(5.0, 0.2), (3.0, 0.4)], "b": [(7.0, 9.0)]}
    assert placed.step.tolist() == [2, 4, 1]


def test_of_several_records_of_a_step_the_first_is_taken_with_the_first() -> None:
    reward = at_steps({"a": [(1, 0.1), (1, 0.2), (1, 0.3), (2, 0.4)]})
    tokens = at_steps({"a": [(1, 10.0), (1, 20.0), (2, 30.0), (2, 40.0)]})
    assert places(place_on_metric(reward, tokens)) == {"a": [(10.0, 0.1), (20.0, 0.2), (30.0, 0.4)]}


def test_steps_that_go_back_are_matched_in_the_order_written() -> None:
    reward = at_steps({"a": [(1, 0.1), (2, 0.2), (1, 0.3), (2, 0.4)]})
    tokens = at_steps({"a": [(1, 10.0), (2, 20.0), (1, 30.0), (2, 40.0)]})
    placed = place_on_metric(reward, tokens)
    assert placed.x.tolist() == [10.0, 20.0, 30.0, 40.0]
    assert placed.value.tolist() == [0.1, 0.2, 0.3, 0.4]


def test_a_place_that_is_no_finite_number_is_none() -> None:
    reward = at_steps({"a": [(1, 0.1), (2, 0.2), (3, 0.3)], "b": [(1, 1.0)]})
    kl = at_steps({"a": [(1, math.nan), (2, math.inf), (3, 5.0)], "b": [(1, -math.inf)]})
    assert places(place_on_metric(reward, kl)) == {"a": [(5.0, 0.3)]}


def test_a_count_logged_at_other_steps_gives_its_latest_value() -> None:
    score = at_steps({"a": [(5, 0.5), (20, 0.2), (25, 0.25)]})
    tokens = at_steps({"a": [(10, 100.0), (18, math.nan), (21, 210.0), (30, 300.0)]})
    assert places(place_on_metric(score, tokens)) == {"a": [(100.0, 0.2), (210.0, 0.25)]}


def test_a_metric_that_falls_is_not_filled_in() -> None:
    score = at_steps({"a": [(15, 0.5)], "b": [(15, 0.6)]})
    kl = at_steps({"a": [(10, 100.0), (20, 90.0)], "b": [(10, 1.0), (20, 1.0)]})
    assert places(place_on_metric(score, kl)) == {"b": [(1.0, 0.6)]}


def test_a_count_is_not_filled_in_beside_steps_that_have_it() -> None:
    score = at_steps({"a": [(10, 0.1), (15, 0.2)]})
    tokens = at_steps({"a": [(10, 100.0), (20, 200.0)]})
    assert places(place_on_metric(score, tokens)) == {"a": [(100.0, 0.1)]}


def test_a_part_of_a_run_is_placed_by_its_own_part_else_by_the_run() -> None:
    reward = at_steps({"a · worker 1": [(1, 0.1)], "a · worker 2": [(1, 0.2)], "b · worker 2": [(1, 0.3)]})
    tokens = at_steps({"a · worker 1": [(1, 10.0)], "a · worker 2": [(1, 20.0)], "b": [(1, 30.0)]})
    assert places(place_on_metric(reward, tokens)) == {
        "a · worker 1": [(10.0, 0.1)],
        "a · worker 2": [(20.0, 0.2)],
        "b · worker 2": [(30.0, 0.3)],
    }


@given(st.lists(st.tuples(st.integers(0, 9), anything), min_size=1, max_size=20))
def test_over_itself_a_metric_is_its_own_place(rows: list[tuple[int, float]]) -> None:
    curves = at_steps({"a": rows})
    placed = place_on_metric(curves, curves)
    assert placed.x.tolist() == placed.value.tolist() == [value for _, value in rows if math.isfinite(value)]
