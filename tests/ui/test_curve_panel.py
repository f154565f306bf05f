"""What a chart of the Curves page is given, by value."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import polars as pl
import pytest

from rlcompare.charts.learning_curve import LEGEND_RUNS
from rlcompare.transforms import Axis, Smoothing
from rlcompare.ui.captions import left_out, listing, what_was_drawn, where_from
from rlcompare.ui.curve_panel import HOVER_BUDGET, POINT_BUDGET, CurvePanel, curve_panel
from tests.transforms.made_curves import curves_of

NONE, EMA = Smoothing("none", 0.0), Smoothing("ema", 0.5)


def panel_of(
    values: Mapping[str, Sequence[float | None]], axis: Axis = "step", smoothing: Smoothing = NONE, unit: str = "step"
) -> CurvePanel:
    started = pl.DataFrame({"run": list(values), "started": [1_700_000_000.0] * len(values)})
    labels = {run: run.upper() for run in values}
    return curve_panel(
        curves_of(values), axis=axis, step_unit=unit, smoothing=smoothing, started=started, labels=labels
    )


def test_lines_are_smoothed_and_raw_is_what_was_logged() -> None:
    panel = panel_of({"a": [1.0, 2.0, 4.0]}, smoothing=EMA)
    assert panel.frames.lines["value"].to_list() == pytest.approx([1.0, 5 / 3, 3.0])
    assert panel.frames.raw["value"].to_list() == [1.0, 2.0, 4.0]
    assert panel.frames.lines["run"].cast(pl.String).unique().to_list() == ["A"]
    assert panel.frames.lines["x"].to_list() == [0.0, 1.0, 2.0]


def test_hover_points_tell_both_and_reach_the_last() -> None:
    hover = panel_of({"a": [1.0, 2.0, 4.0]}, smoothing=EMA).frames.hover
    assert hover["x"].to_list() == [0.0, 1.0, 2.0]
    assert hover["logged"].to_list() == [1.0, 2.0, 4.0]
    assert hover["value"].to_list() == pytest.approx([1.0, 5 / 3, 3.0])


def test_budgets_hold() -> None:
    values = {f"{i:03d}": [float(s % 7) for s in range(2_000)] for i in range(60)}
    panel = panel_of(values, smoothing=EMA)
    drawn = sum(frame.height for name, frame in panel.frames.datasets().items() if name != "hover")
    assert drawn <= POINT_BUDGET
    assert panel.frames.hover.height <= HOVER_BUDGET
    assert panel.frames.raw.is_empty(), f"more than {LEGEND_RUNS} runs"
    assert panel.n_points == 120_000
    assert panel.n_drawn == panel.frames.lines.height


def test_what_is_no_number() -> None:
    panel = panel_of({"a": [1.0, math.nan, 2.0, 3.0], "b": [math.inf, -math.inf, math.nan]})
    assert panel.frames.lines["value"].to_list() == [1.0, None, 2.0, 3.0, None, None, None]
    assert panel.frames.marks.select("x", "kind").rows() == [(1.0, "NaN"), (0.0, "+inf"), (1.0, "-inf"), (2.0, "NaN")]
    assert panel.frames.dots["value"].to_list() == [1.0]
    assert panel.not_numbers == {"+inf": (1, 1), "-inf": (1, 1), "NaN": (2, 2)}
    assert panel.n_points == 3
    assert what_was_drawn(panel).split(". ") == [
        "Click a name to highlight its run",
        "All 3 points drawn",
        "+inf was logged 1 time by 1 run: marked at the upper edge",
        "-inf was logged 1 time by 1 run: marked at the lower edge",
        "NaN was logged 2 times by 2 runs: marked at the lower edge.",
    ]


def test_a_single_record_is_a_dot() -> None:
    panel = panel_of({"a": [5.0], "b": [1.0, 2.0]})
    assert panel.frames.dots.select("x", "value").rows() == [(0.0, 5.0)]


@pytest.mark.parametrize(
    ("unit", "title"),
    [("step", "Step"), ("env step", "Env step"), ("iteration", "Iteration"), ("", "Step (unit unknown)")],
)
def test_the_step_axis_names_its_unit(unit: str, title: str) -> None:
    assert panel_of({"a": [1.0]}, unit=unit).x_axis.title == title


@pytest.mark.parametrize(
    ("records", "unit", "last"), [(6, "seconds", 50.0), (60, "minutes", 590 / 60), (1_000, "hours", 9990 / 3600)]
)
def test_relative_time_is_in_a_readable_unit(records: int, unit: str, last: float) -> None:
    panel = panel_of({"a": [0.0] * records}, axis="relative")
    assert panel.x_axis.title == f"Time since start ({unit})"
    assert panel.frames.lines["x"][-1] == pytest.approx(last)


def test_wall_time_is_a_date() -> None:
    panel = panel_of({"a": [0.0]}, axis="wall")
    assert panel.x_axis.is_date
    assert panel.frames.lines["x"].to_list() == [datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)]


def test_no_place_on_the_axis_draws_nothing() -> None:
    untimed = curves_of({"a": [1.0]}).with_columns(wall_time=pl.lit(None, pl.Float64))
    started = pl.DataFrame({"run": ["a"], "started": [None]}, schema_overrides={"started": pl.Float64})
    panel = curve_panel(untimed, axis="wall", step_unit="step", smoothing=EMA, started=started, labels={"a": "A"})
    assert panel.labels == ()
    assert all(frame.is_empty() for frame in panel.frames.datasets().values())


def test_thinning_is_told() -> None:
    panel = panel_of({"a": [float(s) for s in range(10_000)]})
    assert what_was_drawn(panel) == f"{panel.n_drawn:,} of 10,000 points drawn; extremes kept."


def test_listing() -> None:
    assert listing(["a", "b"]) == "a, b"
    assert listing([f"{i}" for i in range(9)]) == "0, 1, 2, 3, 4, 5 and 3 more"


def test_where_from() -> None:
    keys = pl.DataFrame({"run": ["a", "b", "c"], "key": ["r", "score", "r"]})
    assert where_from("reward", "Reward", keys) == "Reward is logged under different names: r (2 runs), score (1 run)."
    assert where_from("reward", "Reward", keys.filter(pl.col("key") == "r")) == "Reward is logged as r."
    assert where_from("r", "r", keys.filter(pl.col("key") == "r")) == ""


def test_left_out() -> None:
    assert left_out("Reward", ["a"], ["b"], "wall") == (
        "Reward was not logged by 1 run: a. Logged without wall times, so only the step axis has them: b."
    )
    assert left_out("Reward", [], [], "step") == ""
