"""The frames a chart draws, by value."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.transforms import Aggregation, aggregate
from rlcompare.ui import curve_frames as frames
from rlcompare.ui.curve_frames import HOVER_BUDGET, Screen
from tests.ui.made import PLAIN, curves, finite

LABELS = {"a": "A", "b": "B"}
DATES, HOURS = Screen(1_000.0, is_date=True), Screen(1 / 60)
LOG_X, LOG_Y = Screen(log_x=True), Screen(log_y=True)
SHRINK = Aggregation(ends="shrink")


def text(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    """Rows, names as plain text."""
    return frame.with_columns(pl.col(pl.Enum).cast(pl.String)).rows()


def test_places_in_the_unit_of_the_screen() -> None:
    x = np.array([0.0, 90.0])
    assert PLAIN.column(x).to_list() == [0.0, 90.0]
    assert HOURS.column(x).to_list() == [0.0, 1.5]
    assert DATES.column(x).to_list() == [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1970, 1, 1, 0, 1, 30, tzinfo=UTC),
    ]


def test_what_has_a_place() -> None:
    value, x = np.array([-1.0, 0.0, 1.0, math.nan, math.inf]), np.array([1.0, 1.0, 0.0, 1.0, 1.0])
    assert PLAIN.has_place(value, x).tolist() == [True, True, True, False, False]
    assert LOG_Y.has_place(value, x).tolist() == [False, False, True, False, False]
    assert LOG_X.has_place(value, x).tolist() == [True, True, False, False, False]
    assert LOG_X.has_place(value).tolist() == [True, True, True, False, False]


def test_lines_are_broken_where_a_value_has_no_place() -> None:
    found = frames.lines(curves({"a": [1.0, math.nan, -2.0], "b": [math.inf]}), LABELS, PLAIN)
    assert found.columns == ["label", "curve", "x", "value"]
    assert text(found) == [
        ("A", "a", 0.0, 1.0),
        ("A", "a", 1.0, None),
        ("A", "a", 2.0, -2.0),
        ("B", "b", 0.0, None),
    ]
    on_log = frames.lines(curves({"a": [1.0, 2.0, -2.0]}), LABELS, Screen(log_x=True, log_y=True))
    assert on_log["value"].to_list() == [None, 2.0, None]


def test_dots_stand_where_no_line_would_show() -> None:
    made = curves({"a": [1.0, 2.0, math.nan, 3.0], "b": [4.0]})
    assert text(frames.dots(made, LABELS, PLAIN)) == [("A", 3.0, 3.0), ("B", 0.0, 4.0)]
    on_log = frames.dots(curves({"a": [1.0, 0.0, 2.0, 3.0]}), LABELS, LOG_Y)
    assert on_log["value"].to_list() == [1.0]


def test_a_neighbour_in_another_curve_is_no_neighbour() -> None:
    made = curves({"a": [1.0, math.nan, 2.0], "b": [3.0, math.nan], "c": []})
    found = frames.dots(made, {**LABELS, "c": "C"}, PLAIN)
    assert found["value"].to_list() == [1.0, 2.0, 3.0]


@given(st.lists(st.lists(st.one_of(finite, st.just(math.nan)), max_size=8), max_size=4))
def test_each_value_is_on_a_line_or_a_dot(values: list[list[float]]) -> None:
    made = curves({f"{i}": of for i, of in enumerate(values)})
    labels = {name: name for name in made.names}
    alone = [
        value
        for of in values
        for i, value in enumerate(of)
        if not math.isnan(value) and all(math.isnan(v) for v in of[max(0, i - 1) : i] + of[i + 1 : i + 2])
    ]
    assert frames.dots(made, labels, PLAIN)["value"].to_list() == alone


def test_values_that_are_no_numbers() -> None:
    made = curves({"a": [1.0, math.nan, -math.inf], "b": [math.inf, 0.0]})
    assert text(frames.not_numbers(made, LABELS, PLAIN)) == [
        ("A", "a", 1.0, "NaN"),
        ("A", "a", 2.0, "-inf"),
        ("B", "b", 0.0, "+inf"),
    ]


GROUPS = aggregate(
    curves({"a": [1.0, 2.0, 3.0], "b": [3.0, 6.0], "c": [0.0, 1.0]}),
    {"a": "pair", "b": "pair", "c": "one"},
    Aggregation(band="minmax", ends="shrink"),
)
ALL_ROWS = [np.arange(3), np.arange(2)]


def test_bands_are_null_where_there_is_none() -> None:
    found = frames.bands(GROUPS, ALL_ROWS, PLAIN)
    assert found.columns == ["label", "curve", "x", "lower", "upper"]
    assert text(found) == [
        ("pair", "pair", 0.0, 1.0, 3.0),
        ("pair", "pair", 1.0, 2.0, 6.0),
        ("pair", "pair", 2.0, None, None),
        ("one", "one", 0.0, None, None),
        ("one", "one", 1.0, None, None),
    ]
    assert text(frames.bands(GROUPS, [np.array([1]), np.array([], int)], PLAIN)) == [("pair", "pair", 1.0, 2.0, 6.0)]


def test_a_band_ends_where_it_reaches_below_zero_on_a_logarithmic_axis() -> None:
    groups = aggregate(curves({"a": [-1.0, 1.0], "b": [3.0, 2.0]}), {"a": "g", "b": "g"}, Aggregation(band="minmax"))
    found = frames.bands(groups, [np.arange(2)], LOG_Y)
    assert found.select("lower", "upper").rows() == [(None, None), (1.0, 2.0)]
    assert frames.bands(groups, [np.arange(2)], LOG_X)["upper"].to_list() == [None, 2.0]


def test_centers_are_curves() -> None:
    found = frames.centers(GROUPS)
    assert (found.names, found.starts.tolist()) == (("pair", "one"), [0, 3, 5])
    assert found.x.tolist() == [0.0, 1.0, 2.0, 0.0, 1.0]
    assert found.value.tolist() == [2.0, 4.0, 3.0, 0.0, 1.0]


def test_hover_points_of_runs_tell_what_was_logged() -> None:
    made = curves({"a": [1.0, 2.0], "b": [3.0]})
    found = frames.hover_runs(made, np.array([10.0, math.nan, 30.0]), LABELS, PLAIN)
    assert found.columns == ["label", "x", "value", "logged"]
    assert text(found) == [("A", 0.0, 1.0, 10.0), ("A", 1.0, 2.0, None), ("B", 0.0, 3.0, 30.0)]


def test_hover_points_of_groups_tell_band_and_number_of_runs() -> None:
    assert frames.hover_groups(GROUPS, ALL_ROWS, PLAIN).columns == ["label", "x", "value", "lower", "upper", "n"]
    assert text(frames.hover_groups(GROUPS, [np.array([1, 2]), np.array([0])], PLAIN)) == [
        ("pair", 1.0, 4.0, 2.0, 6.0, 2),
        ("pair", 2.0, 3.0, None, None, 1),
        ("one", 0.0, 0.0, None, None, 1),
    ]


@given(st.lists(st.integers(0, 500), min_size=1, max_size=HOVER_BUDGET), st.integers(0, 99))
def test_hover_points_keep_to_their_budget_and_reach_the_last(lengths: list[int], seed: int) -> None:
    starts = np.cumsum([0, *lengths])
    shown = np.random.default_rng(seed).random(starts[-1]) < 0.7
    rows = frames.hover_rows(starts, shown)
    assert len(rows) <= HOVER_BUDGET
    assert shown[rows].all()
    assert (np.diff(rows) > 0).all()
    for start, stop in pairwise(starts.tolist()):
        visible = start + np.flatnonzero(shown[start:stop])
        here = rows[(rows >= start) & (rows < stop)]
        assert (len(here) > 0) == (len(visible) > 0), "no line without a point"
        if len(visible) and len(lengths) <= HOVER_BUDGET // 2:
            assert here[-1] == visible[-1]


def test_hover_points_of_neighbours_stand_apart() -> None:
    rows = frames.hover_rows(np.array([0, 1_000, 2_000]), np.ones(2_000, dtype=bool))
    first, second = rows[rows < 1_000][:-1], rows[rows >= 1_000][:-1] - 1_000
    assert len(first) == len(second) == HOVER_BUDGET // 2 - 1
    assert set(np.diff(first)) == {10}
    assert set((second - first).tolist()) == {6}


def test_counts_by_hand() -> None:
    made = curves(
        {"a": [0.0] * 5, "b": [0.0] * 3, "c": [0.0] * 4, "other": [0.0] * 2},
        {"a": [0, 1, 2, 3, 4], "b": [1, 2, 3], "c": [1, 2, 3, 4], "other": [0, 9]},
    )
    groups = aggregate(made, {"a": "g", "b": "g", "c": "g", "other": "o"}, SHRINK)
    assert text(frames.counts(groups, made, PLAIN)) == [
        ("g", 0.0, 1),
        ("g", 1.0, 3),
        ("g", 3.0, 2),
        ("g", 4.0, 2),
        ("o", 0.0, 1),
        ("o", 9.0, 1),
    ]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20)), min_size=1, max_size=6))
def test_counts_are_those_begun_and_not_ended(spans: list[tuple[int, int]]) -> None:
    made = curves(
        {f"{i}": [0.0, 0.0] for i in range(len(spans))},
        {f"{i}": [first, first + length] for i, (first, length) in enumerate(spans)},
    )
    found = frames.counts(aggregate(made, dict.fromkeys(made.names, "g"), SHRINK), made, PLAIN)
    last = max(first + length for first, length in spans)
    for x, n in found.select("x", "n").rows():
        if x < last:
            assert n == sum(first <= x < first + length for first, length in spans)
    assert found["x"].to_list() == sorted({x for first, length in spans for x in (first, first + length)})


def test_counts_begin_above_zero_on_a_logarithmic_axis() -> None:
    made = curves({"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0], "c": [1.0]})
    groups = aggregate(made, {"a": "g", "b": "g", "c": "lost"}, SHRINK)
    assert text(frames.counts(groups, made, LOG_X)) == [("g", 1.0, 1), ("g", 2.0, 1)]


def test_notes() -> None:
    found = frames.notes([("A", "a", 60.0, math.nan, "restarted"), ("B", "b", 90.0, 2.0, "silent")], HOURS)
    assert found.columns == ["label", "run", "x", "value", "text"]
    assert found.rows() == [("A", "a", 1.0, None, "restarted"), ("B", "b", 1.5, 2.0, "silent")]
    assert frames.notes([], DATES).schema["x"] == pl.Datetime("ms", "UTC")


@pytest.mark.parametrize("screen", [PLAIN, DATES, LOG_X])
def test_nothing_is_a_frame_too(screen: Screen) -> None:
    nothing = curves({})
    for frame, columns in (
        (frames.lines(nothing, {}, screen), ["label", "curve", "x", "value"]),
        (frames.dots(nothing, {}, screen), ["label", "x", "value"]),
        (frames.not_numbers(nothing, {}, screen), ["label", "run", "x", "kind"]),
        (frames.bands([], [], screen), ["label", "curve", "x", "lower", "upper"]),
        (frames.hover_runs(nothing, np.empty(0), {}, screen), ["label", "x", "value", "logged"]),
        (frames.hover_groups([], [], screen), ["label", "x", "value", "lower", "upper", "n"]),
        (frames.counts([], nothing, screen), ["label", "x", "n"]),
    ):
        assert (frame.height, frame.columns) == (0, columns)
