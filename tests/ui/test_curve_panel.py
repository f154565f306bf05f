"""What a chart of the Curves page is given, by value."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.charts.learning_curve import LEGEND_LINES, learning_curve
from rlcompare.transforms import Aggregation, Smoothing, aggregate
from rlcompare.ui.curve_frames import HOVER_BUDGET
from rlcompare.ui.curve_panel import POINT_BUDGET, CurvePanel, Notes, curve_panel
from rlcompare.ui.curve_side import LONGEST_LINE, MEMBERS_DRAWN, Drawn, points_a_line
from rlcompare.ui.curve_window import MARGIN, Window
from tests.charts.specs import fields, flat
from tests.ui.made import drawn, window

EMA = Smoothing("ema", 0.5)
MINMAX = Aggregation(band="minmax")


def panel_of(
    left: Drawn,
    part: Window | None = None,
    *,
    right: Drawn | None = None,
    notes: Notes | None = None,
    members: bool = True,
) -> CurvePanel:
    """A panel of all of the axis, if not of a part."""
    whole = window(float(left.logged.x.min()), float(left.logged.x.max()))
    return curve_panel(left, right, part or whole, notes or Notes(), show_members=members)


def waves(n_runs: int, n_points: int) -> dict[str, list[float]]:
    return {f"{i:03d}": [float((s + i) % 7) for s in range(n_points)] for i in range(n_runs)}


def points(panel: CurvePanel) -> int:
    """Points of all layers but those that answer to the pointer; a band is drawn along both of its edges."""
    datasets = panel.frames.datasets()
    return sum(frame.height * (1 + name.endswith("bands")) for name, frame in datasets.items() if "hover" not in name)


def names(frame: pl.DataFrame, column: str = "label") -> list[str]:
    return frame[column].cast(pl.String).unique(maintain_order=True).to_list()


def test_lines_are_smoothed_and_faint_is_what_was_logged() -> None:
    left = panel_of(drawn({"a": [1.0, 2.0, 4.0]}, smoothing=EMA)).frames.left
    assert left.lines["value"].to_list() == pytest.approx([1.0, 5 / 3, 3.0])
    assert left.faint["value"].to_list() == [1.0, 2.0, 4.0]
    assert names(left.lines) == ["A"]
    assert names(left.lines, "curve") == ["a"]
    assert left.lines["x"].to_list() == [0.0, 1.0, 2.0]
    assert left.bands.is_empty()


def test_without_smoothing_nothing_lies_beneath() -> None:
    panel = panel_of(drawn({"a": [1.0, 2.0, 4.0]}))
    assert panel.frames.left.faint.is_empty()
    assert not panel.look.faint


def test_hover_points_tell_both_and_reach_the_last() -> None:
    hover = panel_of(drawn({"a": [1.0, 2.0, 4.0]}, smoothing=EMA)).frames.left.hover
    assert hover["x"].to_list() == [0.0, 1.0, 2.0]
    assert hover["logged"].to_list() == [1.0, 2.0, 4.0]
    assert hover["value"].to_list() == pytest.approx([1.0, 5 / 3, 3.0])


@pytest.mark.parametrize("n_runs", [10, 60])
@pytest.mark.parametrize("two_axes", [False, True])
def test_budgets_hold_for_runs(n_runs: int, two_axes: bool) -> None:
    values = waves(n_runs, 2_000)
    left = drawn(values, smoothing=EMA)
    panel = panel_of(left, right=drawn(values, smoothing=EMA, title="KL") if two_axes else None)
    assert 0.4 * POINT_BUDGET < points(panel) <= POINT_BUDGET
    sides = [panel.frames.left, *([panel.frames.right] if panel.frames.right else [])]
    assert len(sides) == 1 + two_axes
    for side in sides:
        assert side.hover.height <= HOVER_BUDGET
        assert side.lines.height <= POINT_BUDGET / (1 + two_axes)
        assert side.faint.is_empty() == (n_runs > LEGEND_LINES)
    assert panel.n_points == 2_000 * n_runs * len(sides)
    assert panel.n_drawn == sum(side.lines.height for side in sides)


@pytest.mark.parametrize("members", [False, True])
def test_budgets_hold_for_groups(members: bool) -> None:
    values = waves(30, 3_000)
    panel = panel_of(drawn(values, {name: name[-1] for name in values}, how=MINMAX), members=members)
    assert points(panel) <= POINT_BUDGET
    assert panel.frames.left.faint.is_empty() != members
    assert panel.frames.left.hover.height <= HOVER_BUDGET
    assert len(names(panel.frames.left.lines)) == 10


def test_a_line_has_its_share() -> None:
    assert points_a_line(20_000, 1) == LONGEST_LINE
    assert points_a_line(20_000, 10) == 2_000
    assert points_a_line(20_000, 10_000) == 11
    assert points_a_line(20_000, 0) == LONGEST_LINE


@given(st.integers(0, 9_999), st.sampled_from([1e3, -1e3]), st.integers(2, 30), st.booleans())
def test_a_spike_of_a_run_reaches_the_chart(place: int, height: float, n_runs: int, zoomed: bool) -> None:
    values = waves(n_runs, 10_000)
    values["001"][place] = height
    part = window(max(0, place - 4_000), place + 4_000, is_part=True) if zoomed else None
    panel = panel_of(drawn(values), part)
    lines = panel.frames.left.lines
    assert lines.filter(pl.col("value") == height).select(pl.col("curve").cast(pl.String), "x").rows() == [
        ("001", place)
    ]
    low, high = panel.frames.view.select("y0", "y1").row(0)
    assert low < height < high


@given(st.integers(0, 9_999), st.sampled_from([1e3, -1e3]))
def test_a_spike_of_a_member_reaches_the_line_and_the_band_of_its_group(place: int, height: float) -> None:
    values = waves(3, 10_000)
    usual = sum(of[place] for of in values.values()) - values["001"][place]
    values["001"][place] = height
    left = panel_of(drawn(values, dict.fromkeys(values, "g"), how=MINMAX)).frames.left
    edge = "upper" if height > 0 else "lower"
    assert left.bands.filter(pl.col(edge) == height)["x"].to_list() == [place]
    assert left.lines.filter(pl.col("x") == place)["value"].to_list() == pytest.approx([(usual + height) / 3])
    assert left.faint.filter(pl.col("value") == height)["x"].to_list() == [place]


@given(
    st.dictionaries(
        st.text("ab/·é", min_size=1, max_size=4),
        st.tuples(st.lists(st.floats(-9, 9), min_size=1, max_size=30), st.sampled_from(["x", "y", "z"])),
        min_size=1,
        max_size=8,
    )
)
def test_no_label_is_lost(made: Mapping[str, tuple[Sequence[float], str]]) -> None:
    values = {name: of for name, (of, _) in made.items()}
    runs = panel_of(drawn(values))
    assert list(runs.labels) == names(runs.frames.left.lines) == [name.upper() for name in values]
    assert names(runs.frames.left.hover) == list(runs.labels)
    groups = panel_of(drawn(values, {name: group for name, (_, group) in made.items()}))
    assert list(groups.labels) == list(dict.fromkeys(group for _, group in made.values()))
    assert names(groups.frames.left.lines) == list(groups.labels)


def test_what_is_no_number() -> None:
    panel = panel_of(drawn({"a": [1.0, math.nan, 2.0, 3.0], "b": [math.inf, -math.inf, math.nan]}))
    left = panel.frames.left
    assert left.lines["value"].to_list() == [1.0, None, 2.0, 3.0, None, None, None]
    assert left.marks.select("x", "kind").rows() == [(1.0, "NaN"), (0.0, "+inf"), (1.0, "-inf"), (2.0, "NaN")]
    assert left.dots["value"].to_list() == [1.0]
    assert panel.not_numbers == {"+inf": (1, 1), "-inf": (1, 1), "NaN": (2, 2)}
    assert panel.n_points == panel.n_drawn == 3


def test_what_is_no_number_on_the_right_axis_is_counted_too() -> None:
    left, right = drawn({"a": [1.0, math.nan], "b": [1.0, 2.0]}), drawn({"a": [math.nan, math.nan], "b": [1.0, 2.0]})
    panel = panel_of(left, right=right)
    assert panel.not_numbers == {"NaN": (3, 1)}
    assert panel.frames.right is not None
    assert panel.frames.right.marks["x"].to_list() == [0.0, 1.0]


def test_parts_of_a_run_count_as_one_run() -> None:
    values = {"a · worker 1": [math.nan], "a · worker 2": [math.nan], "b": [math.nan]}
    assert panel_of(drawn(values)).not_numbers == {"NaN": (3, 2)}


def test_a_single_record_is_a_dot() -> None:
    panel = panel_of(drawn({"a": [5.0], "b": [1.0, 2.0]}))
    assert panel.frames.left.dots.select("x", "value").rows() == [(0.0, 5.0)]


def test_groups_have_a_line_a_band_and_their_members_beneath() -> None:
    left = drawn({"a": [1.0, 2.0], "b": [3.0, 6.0], "c": [0.0, 1.0]}, {"a": "g", "b": "g", "c": "h"}, how=MINMAX)
    panel = panel_of(left)
    found = panel.frames.left
    assert found.lines["value"].to_list() == [2.0, 4.0, 0.0, 1.0]
    assert found.bands.select("lower", "upper").rows() == [(1.0, 3.0), (2.0, 6.0), (None, None), (None, None)]
    assert found.hover.select("value", "n").rows() == [(2.0, 2), (4.0, 2), (0.0, 1), (1.0, 1)]
    assert names(found.faint, "curve") == ["a", "b", "c"]
    assert found.faint["label"].cast(pl.String).to_list() == ["g", "g", "g", "g", "h", "h"]
    assert found.faint["value"].to_list() == [1.0, 2.0, 3.0, 6.0, 0.0, 1.0]
    assert (panel.labels, panel.n_points) == (("g", "h"), 4)
    assert panel.look.bands
    assert panel.look.faint
    assert panel.frames.view.select("y0", "y1").row(0) == pytest.approx((-6 * MARGIN, 6 + 6 * MARGIN))


def test_members_are_left_out_where_they_are_not_wanted_too_many_or_the_groups_themselves() -> None:
    few, many = waves(MEMBERS_DRAWN, 3), waves(MEMBERS_DRAWN + 1, 3)
    grouped = drawn(few, dict.fromkeys(few, "g"))
    assert len(names(panel_of(grouped).frames.left.faint, "curve")) == MEMBERS_DRAWN
    assert panel_of(grouped, members=False).frames.left.faint.is_empty()
    assert panel_of(drawn(many, dict.fromkeys(many, "g"))).frames.left.faint.is_empty()
    alone = panel_of(drawn({"a": [1.0, 2.0], "b": [1.0, 2.0]}, {"a": "g", "b": "h"}))
    assert alone.frames.left.faint.is_empty()
    assert not alone.look.faint


def test_what_is_no_number_is_marked_with_the_members_only() -> None:
    grouped = drawn({"a": [1.0, math.nan], "b": [3.0, 4.0]}, {"a": "g", "b": "g"})
    assert panel_of(grouped).frames.left.marks.select("x", "kind").rows() == [(1.0, "NaN")]
    hidden = panel_of(grouped, members=False)
    assert hidden.frames.left.marks.is_empty()
    assert hidden.not_numbers == {"NaN": (1, 1)}


def test_a_zoom_shows_what_is_in_view_and_one_neighbour_on_either_side() -> None:
    left = drawn({"a": [float(s) for s in range(10)], "gone": [1.0, 2.0]}, smoothing=EMA)
    panel = panel_of(left, window(3.5, 6.5, is_part=True))
    assert panel.frames.left.lines["x"].to_list() == [3.0, 4.0, 5.0, 6.0, 7.0]
    assert panel.frames.left.faint["value"].to_list() == [3.0, 4.0, 5.0, 6.0, 7.0]
    assert panel.frames.left.hover["x"].to_list() == [4.0, 5.0, 6.0]
    assert panel.frames.left.hover["logged"].to_list() == [4.0, 5.0, 6.0]
    assert (panel.n_points, panel.n_drawn) == (3, 3)
    assert panel.frames.view.select("x0", "x1").row(0) == (3.5, 6.5)
    low, high = left.smoothed.value[4], 6.0
    margin = MARGIN * (high - low)
    assert panel.frames.view.select("y0", "y1").row(0) == pytest.approx((low - margin, high + margin))
    assert panel.labels == ("A", "GONE"), "the legend does not change with a zoom"


def test_a_zoom_of_groups_has_hover_points_of_its_own() -> None:
    values = waves(2, 5_000)
    grouped = drawn(values, dict.fromkeys(values, "g"), how=MINMAX)
    found = panel_of(grouped, window(1_000, 1_020, is_part=True)).frames.left
    assert found.lines["x"].to_list() == [float(x) for x in range(999, 1_022)]
    assert found.bands["x"].to_list() == found.lines["x"].to_list()
    assert found.hover["x"].to_list() == [float(x) for x in range(1_000, 1_021)]


def test_values_that_are_no_numbers_out_of_view_are_not_told() -> None:
    panel = panel_of(drawn({"a": [math.nan, 1.0, 2.0, math.inf]}), window(1, 3, is_part=True))
    assert panel.not_numbers == {"+inf": (1, 1)}
    assert panel.frames.left.marks["kind"].to_list() == ["+inf"]


def test_the_ends_of_the_axes_are_in_the_unit_of_the_screen() -> None:
    made = window(0, 120)
    panel = panel_of(drawn({"a": [1.0, 2.0]}), replace(made, screen=replace(made.screen, scale=1 / 60)))
    assert panel.frames.view.columns == ["x0", "x1", "y0", "y1", "r0", "r1", "zero"]
    assert panel.frames.view.select("x0", "x1").row(0) == (0.0, 2.0)
    assert panel.frames.left.lines["x"].to_list() == [0.0, 1 / 60]


def test_a_robust_axis_tells_how_many_lie_outside() -> None:
    values = [float(i) for i in range(199)]
    panel = panel_of(drawn({"a": [*values, 1e9, -1e9, math.inf]}), window(0, 201, robust=True))
    ends = panel.frames.view.select("y0", "y1").row(0)
    assert ends == pytest.approx((1 - 196 * MARGIN, 197 + 196 * MARGIN)), "the 3rd of 201 values, and the last but two"
    assert panel.n_outside == 2, "infinity is told apart"
    assert panel_of(drawn({"a": values})).n_outside == 0


def test_a_logarithmic_axis_has_no_place_for_what_is_not_positive() -> None:
    panel = panel_of(drawn({"a": [10.0, 0.0, -3.0, 1000.0, 10.0]}), window(0, 4, log_y=True))
    assert panel.frames.left.lines["value"].to_list() == [10.0, None, None, 1000.0, 10.0]
    assert (panel.n_points, panel.n_drawn, panel.n_not_positive) == (3, 3, 2)
    assert panel.left.is_log
    low, high = panel.frames.view.select("y0", "y1").row(0)
    assert (low, high) == pytest.approx((10 ** (1 - 2 * MARGIN), 10 ** (3 + 2 * MARGIN)))


def test_what_is_not_positive_is_not_told_twice() -> None:
    panel = panel_of(drawn({"a": [-1.0] * 10 + [1.0] * 90}), window(0, 99, log_y=True, robust=True))
    assert (panel.n_not_positive, panel.n_outside) == (10, 0)


def test_a_logarithmic_x_axis_counts_what_it_has_no_place_for() -> None:
    panel = panel_of(drawn({"a": [5.0, 6.0, 7.0]}), window(1, 2, log_x=True))
    assert (panel.n_points, panel.n_drawn, panel.n_not_positive) == (2, 2, 1)
    assert panel.frames.left.lines["value"].to_list() == [None, 6.0, 7.0]


def test_two_axes_have_ends_of_their_own() -> None:
    panel = panel_of(drawn({"a": [0.0, 1.0], "b": [0.0, 1.0]}), right=drawn({"a": [100.0, 200.0]}, title="KL"))
    view = panel.frames.view
    assert view.select("y0", "y1").row(0) == pytest.approx((-MARGIN, 1 + MARGIN))
    assert view.select("r0", "r1").row(0) == pytest.approx((100 - 100 * MARGIN, 200 + 100 * MARGIN))
    assert (panel.left.title, panel.right and panel.right.title) == ("Reward (solid)", "KL (dashed)")
    assert panel.labels == ("A", "B")


def test_two_axes_of_one_line_each_have_the_colours_of_their_lines() -> None:
    left, right = (replace(drawn({"a": [0.0, 1.0]}, title=title), label_of={"a": title}) for title in ("Reward", "KL"))
    panel = panel_of(left, right=right)
    assert panel.right is not None
    assert (panel.left.title, panel.left.color_of) == ("Reward", "Reward")
    assert (panel.right.title, panel.right.color_of) == ("KL", "KL")
    assert panel.labels == ("Reward", "KL")


def test_one_axis_leaves_its_name_to_the_title() -> None:
    panel = panel_of(drawn({"a": [0.0, 1.0]}))
    assert (panel.left.title, panel.right, panel.frames.right) == ("", None, None)


UNEVEN = drawn(
    {"a": [0.0, 1.0, 2.0, 3.0], "b": [4.0, 5.0, math.nan], "c": [9.0, 9.0]},
    {"a": "g", "b": "g", "c": "alone"},
    how=Aggregation(band="none", ends="shrink"),
)


def test_where_a_member_ends_before_its_group() -> None:
    panel = panel_of(UNEVEN)
    assert panel.frames.ends.rows() == [("g", "b", 1.0, 5.0, "ends before its group does")]
    assert panel.frames.counts.rows() == [
        ("g", 0.0, 2),
        ("g", 2.0, 1),
        ("g", 3.0, 1),
        ("alone", 0.0, 1),
        ("alone", 1.0, 1),
    ]
    assert panel.look.strip
    assert panel.look.notes


def test_without_uneven_ends_there_is_no_strip() -> None:
    panel = panel_of(drawn({"a": [1.0, 2.0], "b": [3.0, 4.0]}, {"a": "g", "b": "g"}))
    assert panel.frames.counts.is_empty()
    assert panel.frames.ends.is_empty()
    assert not panel.look.strip
    assert not panel.look.notes


def test_restarts_and_silent_runs_are_marked_where_they_are() -> None:
    notes = Notes([("a", 1.0, "restarted"), ("not drawn", 1.0, "no")], {"b": "silent for 5 min", "not drawn": "no"})
    panel = panel_of(drawn({"a": [0.0, 1.0], "b": [4.0, 5.0]}), notes=notes)
    assert panel.frames.restarts.rows() == [("A", "a", 1.0, None, "restarted")]
    assert panel.frames.silent.rows() == [("B", "b", 1.0, 5.0, "silent for 5 min")]
    assert panel.look.notes


def test_notes_out_of_view_are_left_out() -> None:
    notes = Notes([("a", 0.0, "early"), ("a", 1.0, "in view")], {"a": "silent", "b": "silent"})
    values = {"a": [0.0, 1.0, 2.0], "b": [4.0, 5.0]}
    panel = panel_of(drawn(values), window(1, 1.5, is_part=True), notes=notes)
    assert panel.frames.restarts["text"].to_list() == ["in view"]
    assert panel.frames.silent["run"].to_list() == ["b"]


@pytest.mark.parametrize("is_part", [False, True])
def test_a_band_without_a_place_in_common_is_empty(is_part: bool) -> None:
    grouped = drawn({"a": [1.0, 2.0], "b": [3.0, 4.0]}, {"a": "g", "b": "g"}, x={"a": [0, 1], "b": [5, 6]})
    panel = panel_of(grouped, window(0, 6, is_part=is_part))
    assert panel.frames.left.lines.is_empty()
    assert panel.frames.left.faint.height == 4
    assert (panel.labels, panel.n_points) == (("g",), 0)


@pytest.mark.parametrize(("grouped", "two_axes", "smoothed", "uneven"), list(product([False, True], repeat=4)))
def test_each_chart_finds_its_data(grouped: bool, two_axes: bool, smoothed: bool, uneven: bool) -> None:
    values = {"a": [1.0, 2.0, 3.0], "b": [3.0, 6.0] if uneven else [3.0, 6.0, 7.0], "c": [0.0, 1.0, math.nan]}
    group_of = dict.fromkeys(values, "g") if grouped else None
    sides = [drawn(values, group_of, smoothing=EMA if smoothed else Smoothing("none", 0.0), title=t) for t in "lr"]
    panel = panel_of(sides[0], right=sides[1] if two_axes else None)
    datasets = panel.frames.datasets()
    chart = learning_curve(
        title="",
        x_axis=panel.window.x_axis,
        left=panel.left,
        right=panel.right,
        domain=panel.labels,
        legend=panel.labels,
        look=panel.look,
    ).to_dict()
    for layer in flat(chart):
        name = layer["data"]["name"]
        assert fields(layer.get("encoding", {})) <= set(datasets[name].columns), name


def test_a_live_chart_has_its_layers_from_the_start_and_says_of_silent_runs_alone_that_they_end() -> None:
    even = drawn({"a": [1.0, 2.0], "b": [3.0, 4.0]}, {"a": "g", "b": "g"})
    growing = panel_of(even, notes=Notes(is_live=True))
    assert growing.look == panel_of(UNEVEN, notes=Notes(is_live=True)).look
    assert growing.frames.counts.rows() == [("g", 0.0, 2), ("g", 1.0, 2)]
    assert panel_of(UNEVEN, notes=Notes(is_live=True)).frames.ends.is_empty()
    dead = panel_of(UNEVEN, notes=Notes(silent={"b": "silent for 5 min"}, is_live=True))
    assert dead.frames.ends["run"].to_list() == ["b"]


def test_among_differences_a_run_has_no_place() -> None:
    side = drawn({"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0], "c": [9.0, 9.0, 9.0]}, {"a": "g", "b": "g", "c": "base"})
    groups = tuple(aggregate(side.smoothed, side.label_of, Aggregation(ends="shrink"), baseline="base"))
    notes = Notes(silent={"b": "silent for 5 min"})
    panel = panel_of(replace(side, groups=groups), notes=notes)
    assert panel.look.zero
    assert panel.frames.ends.is_empty()
    assert panel.frames.silent.is_empty()
    assert not panel_of(side, notes=notes).look.zero
    assert panel_of(side, notes=notes).frames.silent["run"].to_list() == ["b"]
