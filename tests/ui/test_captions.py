"""The words beneath a chart, sentence by sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import rlcompare as rlc
from rlcompare.charts.curve_axes import LegendText
from rlcompare.charts.learning_curve import LEGEND_LINES
from rlcompare.transforms import Aggregation, Smoothing, aggregate
from rlcompare.ui import captions
from rlcompare.ui.curve_charts import Prepared, prepare
from rlcompare.ui.curve_options import CurveOptions, XChoice
from rlcompare.ui.curve_panel import Notes, curve_panel
from rlcompare.ui.curve_side import Drawn
from rlcompare.ui.curve_window import Window
from tests.logs import write_verl
from tests.ui.conftest import write_sb3
from tests.ui.made import drawn, window

PLAIN = CurveOptions()
MINMAX = Aggregation(band="minmax")
EMA = "Exponential moving average over points, weight 0.5: each value is 0.5 × the average before it + 0.5 × the new"


def prepared(left: Drawn, right: Drawn | None = None, **more: object) -> Prepared:
    whole = Prepared("reward", "step", False, left, right, tuple(left.labels), (), "")
    return replace(whole, **more)  # type: ignore[arg-type]


def told(left: Drawn, part: Window | None = None, *, members: bool = True, **more: object) -> list[str]:
    """Sentences of the caption of a chart."""
    chart = prepared(left, **more)
    whole = window(float(left.logged.x.min()), float(left.logged.x.max()))
    panel = curve_panel(left, chart.right, part or whole, Notes(), show_members=members)
    said = captions.what_was_drawn(panel, chart)
    assert said.endswith(".")
    return said.removesuffix(".").split(". ")


def test_counting() -> None:
    assert [captions.count(n, "run") for n in (0, 1, 2, 1_200)] == ["0 runs", "1 run", "2 runs", "1,200 runs"]


def test_listing() -> None:
    assert captions.listing(["a", "b"]) == "a, b"
    assert captions.listing([f"{i}" for i in range(9)]) == "0, 1, 2, 3, 4, 5 and 3 more"
    assert captions.listing([]) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(61.4, "61 s"), (119, "119 s"), (120, "2 min"), (7_100, "118 min"), (7_200, "2 h"), (200_000, "2 days")],
)
def test_durations(seconds: float, text: str) -> None:
    assert captions.duration(seconds) == text


@pytest.mark.parametrize(
    ("smoothing", "x", "text"),
    [
        (Smoothing("none", 0.0), XChoice(), "No smoothing."),
        (
            Smoothing("mean", 5.0, "points"),
            XChoice("wall"),
            "Moving average: the mean of the last 5 points, of fewer at the start. "
            "What was logged is drawn faint beneath, for up to 24 runs.",
        ),
        (
            Smoothing("median", 30.0, "axis"),
            XChoice("relative"),
            "Moving median: the median of the last 30 minutes, of fewer at the start. Lone spikes vanish. "
            "What was logged is drawn faint beneath, for up to 24 runs.",
        ),
        (
            Smoothing("gaussian", 100.0, "axis"),
            XChoice(),
            "Gaussian: the mean of the points around each one, weighted by their distance with a standard deviation "
            "of 100 steps. It looks ahead, so the newest points still move as more arrive. "
            "What was logged is drawn faint beneath, for up to 24 runs.",
        ),
        (
            Smoothing("centered", 8.0, "axis"),
            XChoice("metric", "tokens"),
            "Centred moving average: the mean of the points up to 4 tokens away on either side. "
            "It looks ahead, so the newest points still move as more arrive. "
            "What was logged is drawn faint beneath, for up to 24 runs.",
        ),
    ],
)
def test_how_curves_were_smoothed(smoothing: Smoothing, x: XChoice, text: str) -> None:
    assert captions.how_drawn(CurveOptions(x=x, smoothing=smoothing), []) == text


def test_groups_are_summed_up_after_smoothing() -> None:
    grouped = prepared(drawn({"a": [1.0], "b": [2.0]}, {"a": "g", "b": "g"}))
    said = captions.how_drawn(CurveOptions(smoothing=Smoothing("ema", 0.5)), [grouped])
    assert said.startswith(EMA)
    assert said.endswith(" Each run is smoothed before its group is summed up.")
    assert captions.how_drawn(PLAIN, [grouped]) == "No smoothing."


def test_a_problem_is_told_once_with_the_charts_it_is_of() -> None:
    left = drawn({"a": [1.0]})
    charts = [
        prepared(left, problem="drawn run by run, not in groups. It falls."),
        prepared(left, metric="kl", problem="drawn run by run, not in groups. It falls."),
        prepared(left, metric="entropy"),
    ]
    said = "No smoothing. Reward, KL divergence: drawn run by run, not in groups. It falls."
    assert captions.how_drawn(PLAIN, charts) == said


def test_runs_drawn_whole() -> None:
    assert told(drawn({"a": [1.0, 2.0]})) == ["All 2 points drawn"]
    assert told(drawn({"a": [1.0]})) == ["1 point drawn"]
    assert told(drawn({"a": [1.0], "b": [2.0]})) == ["Click a name to highlight it", "All 2 points drawn"]


def test_many_runs_are_highlighted_by_a_click_near_them() -> None:
    said = told(drawn({f"{i}": [1.0] for i in range(LEGEND_LINES + 1)}))
    assert said[0] == "Click near a line to highlight it, twice to show all again"


def test_thinning_is_told() -> None:
    left = drawn({"a": [float(s) for s in range(10_000)]})
    panel = curve_panel(left, None, window(0, 9_999), Notes(), show_members=True)
    assert told(left) == [f"{panel.frames.left.lines.height:,} of 10,000 points drawn; extremes kept"]


def test_what_is_no_number_is_told() -> None:
    assert told(drawn({"a": [1.0, math.nan, 2.0, 3.0], "b": [math.inf, -math.inf, math.nan]})) == [
        "Click a name to highlight it",
        "All 3 points drawn",
        "+inf was logged 1 time by 1 run: marked at the upper edge",
        "-inf was logged 1 time by 1 run: marked at the lower edge",
        "NaN was logged 2 times by 2 runs: marked at the lower edge",
    ]


def test_what_is_no_number_is_said_to_be_marked_only_where_it_is() -> None:
    grouped = drawn({"a": [1.0, math.nan], "b": [3.0, 4.0]}, {"a": "g", "b": "g"}, how=MINMAX)
    assert told(grouped)[-1] == "NaN was logged 1 time by 1 run: marked at the lower edge"
    assert told(grouped, members=False)[-1] == "NaN was logged 1 time by 1 run: left out"


def test_a_robust_axis_tells_what_lies_outside() -> None:
    values = {"a": [*map(float, range(199)), 1e9, -1e9]}
    assert (
        told(drawn(values), window(0, 200, robust=True))[-1] == "The y axis covers 1 to 99 % of them; 2 points outside"
    )
    grouped = drawn(values, {"a": "g"})
    said = told(grouped, window(0, 200, robust=True))[-1]
    assert said == "The y axis covers 1 to 99 % of lines and bands; 2 points outside"


def test_a_logarithmic_axis_tells_what_it_has_no_place_for() -> None:
    said = told(drawn({"a": [1.0, 0.0, -1.0, 2.0]}), window(0, 3, log_y=True))
    assert said == ["All 2 points drawn", "2 more points not above zero: no place on a logarithmic axis"]
    said = told(drawn({"a": [1.0, 2.0, 3.0]}), window(1, 2, log_x=True))
    assert said == ["All 2 points drawn", "1 more point not above zero: no place on a logarithmic axis"]


def test_restarts_are_counted() -> None:
    left = drawn({"a": [1.0, 2.0]})
    assert told(left, restarts=(("a", 1.0, "restarted"),))[-1] == "Dotted lines mark 1 restart"
    assert told(left, restarts=(("a", 1.0, ""), ("a", 2.0, "")))[-1] == "Dotted lines mark 2 restarts"


def groups_of(
    values: Mapping[str, Sequence[float]], group_of: Mapping[str, str], how: Aggregation = MINMAX, **more: object
) -> list[str]:
    return told(drawn(values, group_of, how=how, **more))  # type: ignore[arg-type]


def test_groups_say_what_their_lines_and_bands_are() -> None:
    assert groups_of({"a": [1.0, 2.0], "b": [3.0, 6.0]}, {"a": "g", "b": "g"}) == [
        "Mean of 2 runs, smallest to largest run",
        "The runs of a group logged at the same places: nothing was interpolated",
        "All 2 points of the groups' lines drawn",
    ]


def test_groups_that_differ_are_told_apart() -> None:
    said = groups_of({"a": [1.0], "b": [3.0], "c": [1.0]}, {"a": "g", "b": "g", "c": "h"})
    assert said[:2] == ["g: mean of 2 runs, smallest to largest run", "h: mean of 1 run, no band (fewer than 2 runs)"]


def test_groups_of_both_axes_say_of_how_many_runs_they_are() -> None:
    group_of = {"a": "g", "b": "g", "c": "g"}
    left = drawn({"a": [1.0], "b": [3.0], "c": [1.0]}, group_of, how=MINMAX)
    right = drawn({"a": [1.0], "b": [3.0]}, group_of, how=MINMAX, title="KL")
    assert told(left, right=right)[:2] == [
        "Reward of g: mean of 3 runs, smallest to largest run",
        "KL of g: mean of 2 runs, smallest to largest run",
    ]
    assert told(left, right=left)[0] == "Mean of 3 runs, smallest to largest run"


def test_interpolation_tells_its_grid() -> None:
    said = groups_of({"a": [1.0, 2.0], "b": [3.0, 6.0]}, {"a": "g", "b": "g"}, x={"a": [0.0, 4.0], "b": [1.0, 5.0]})
    assert said[1] == (
        "Runs logged at different places: each was interpolated within its own range, onto multiples of 4"
    )


def test_who_ends_early_is_counted() -> None:
    values = {"a": [1.0, 2.0, 3.0], "b": [3.0, 6.0], "c": [1.0]}
    said = groups_of(values, dict.fromkeys(values, "g"), Aggregation(band="none", ends="shrink"))
    assert "Circles mark where 2 runs of a group end before the others" in said
    del values["c"]
    said = groups_of(values, dict.fromkeys(values, "g"), Aggregation(band="none", ends="shrink"))
    assert "Circles mark where 1 run of a group ends before the others" in said


def test_one_run_a_group_says_nothing_of_interpolation() -> None:
    assert groups_of({"a": [1.0]}, {"a": "g"}) == [
        "Mean of 1 run, no band (fewer than 2 runs)",
        "1 point of the groups' lines drawn",
    ]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    for run, length in (("a", 10.0), ("b", 20.0)):
        write_verl(tmp_path / f"{run}.jsonl", [{"critic/score/mean": 1.0, "response_length/mean": length}] * 2)
    write_verl(tmp_path / "c.jsonl", [{"actor/entropy": 1.0}])
    return tmp_path


def test_differences_say_to_what(tmp_path: Path) -> None:
    for run, first in (("a", 1), ("b", 2)):
        rows = [{"critic/score/mean": float(i)} for i in range(3)]
        write_verl(tmp_path / f"{run}.jsonl", rows, first_step=first)
    runs = rlc.open_runs(tmp_path)
    options = CurveOptions(baseline="a.jsonl", aggregation=MINMAX)
    (chart,) = prepare("reward", runs, runs, options)
    panel = curve_panel(chart.left, None, window(2, 4), Notes(), show_members=False)
    said = captions.what_was_drawn(panel, chart)
    assert said == (
        "Mean of 1 run, difference to a.jsonl (mean of 1 run, taken as fixed), no band (fewer than 2 runs). "
        "All 2 points of the groups' lines drawn."
    )


def test_an_interpolated_baseline_is_told() -> None:
    side = drawn({"a": [0.0, 2.0, 4.0], "b": [1.0, 1.0]}, x={"a": [0.0, 2.0, 4.0], "b": [1.0, 3.0]})
    groups = tuple(aggregate(side.smoothed, {"a": "a", "b": "b"}, MINMAX, baseline="a"))
    assert told(replace(side, groups=groups)) == [
        "Mean of 1 run, difference to a (mean of 1 run, taken as fixed), no band (fewer than 2 runs)",
        "The baseline's runs were interpolated to where the others logged",
        "All 2 points of the groups' lines drawn",
    ]


def test_where_from() -> None:
    keys = pl.DataFrame({"run": ["a", "b", "c"], "key": ["r", "score", "r"]})
    said = captions.where_from("reward", "Reward", keys)
    assert said == "Reward is logged under different names: r (2 runs), score (1 run)."
    assert captions.where_from("reward", "Reward", keys.filter(pl.col("key") == "r")) == "Reward is logged as r."
    assert captions.where_from("r", "r", keys.filter(pl.col("key") == "r")) == ""


def test_computed_from() -> None:
    keys = pl.DataFrame({"run": ["a", "b", "c"], "key": ["r, kl", "score, kl", "r, kl"]})
    assert captions.computed_from("reward - kl", keys) == (
        "reward - kl: computed from r, kl; or score, kl at the steps that have them all. Nothing is filled in."
    )


def test_what_stands_behind_both_axes_and_a_formula(logs: Path) -> None:
    runs = rlc.open_runs(logs)
    options = CurveOptions(right="response_length")
    (chart,) = prepare("reward", runs, runs, options)
    assert captions.what_stands_behind(chart, runs, options) == (
        "Reward is logged as critic/score/mean. Response length is logged as response_length/mean."
    )
    (formula,) = prepare("reward / response_length", runs, runs, PLAIN)
    assert captions.what_stands_behind(formula, runs, PLAIN) == (
        "reward / response_length: computed from critic/score/mean, response_length/mean at the steps that have them "
        "all. Nothing is filled in."
    )
    (own,) = prepare("actor/entropy", runs, runs, PLAIN)
    assert captions.what_stands_behind(own, runs, PLAIN) == ""


def left_out(metric: str, runs: rlc.Runs, options: CurveOptions = PLAIN) -> str:
    return captions.left_out(metric, prepare(metric, runs, runs, options), runs, options)


def test_left_out(logs: Path) -> None:
    runs = rlc.open_runs(logs)
    assert left_out("reward", runs) == "Reward was not logged by 1 run: c.jsonl."
    assert left_out("reward", runs, CurveOptions(x=XChoice("wall"))) == (
        "Reward was not logged by 1 run: c.jsonl. "
        "Logged without wall times, so only axes of steps have them: a.jsonl, b.jsonl."
    )
    assert left_out("reward", runs.select(["a.jsonl", "b.jsonl"])) == ""
    assert left_out("entropy", runs.select(["c.jsonl"]), CurveOptions(x=XChoice("metric", "reward"))) == (
        "Without Reward at the same steps, so not on this axis: c.jsonl."
    )


def test_a_baseline_is_not_left_out(logs: Path) -> None:
    runs = rlc.open_runs(logs).select(["a.jsonl", "b.jsonl"])
    assert left_out("reward", runs, CurveOptions(baseline="a.jsonl")) == ""


def test_units_of_steps_are_told_apart(tmp_path: Path) -> None:
    write_sb3(tmp_path / "sb3", [1.0])
    write_verl(tmp_path / "a.jsonl", [{"critic/score/mean": 1.0}])
    assert left_out("reward", rlc.open_runs(tmp_path)) == (
        "Reward: these runs count their steps in different units, so each unit has a chart of its own."
    )


def test_who_is_silent() -> None:
    silent = {"logs/a": "silent for 5 min", "logs/b": "silent for 2 days"}
    said = captions.who_is_silent(silent, {"logs/a": "a", "logs/b": "b"})
    assert said == "No longer growing: a (5 min), b (2 days)."


def test_the_legend_names_centre_and_band_and_how_many_runs() -> None:
    side = drawn(
        {"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0], "c": [4.0, 5.0, 6.0]},
        {"a": "g", "b": "g", "c": "alone"},
        how=Aggregation(ends="shrink"),
    )
    text = captions.legend_text(prepared(side), CurveOptions(aggregation=Aggregation(ends="shrink", level=0.9)))
    assert text == LegendText("Mean, 90 % Student-t interval", (("g", "g (n = 1–2)"), ("alone", "alone (n = 1)")))
    assert captions.legend_text(prepared(drawn({"a": [1.0]})), CurveOptions()) == LegendText()
    medians = CurveOptions(aggregation=Aggregation(center="median", band="none"))
    assert captions.legend_text(prepared(side), medians).title == "Median"


def test_a_group_whose_runs_share_no_part_of_the_axis_has_no_line_and_says_so() -> None:
    side = drawn(
        {"a": [1.0, 2.0], "b": [1.0, 2.0], "c": [4.0, 5.0]},
        {"a": "g", "b": "g", "c": "alone"},
        x={"a": [0.0, 1.0], "b": [5.0, 6.0], "c": [0.0, 1.0]},
    )
    said = told(side)
    assert said[0].startswith("alone: mean of 1 run")
    assert said[1] == "No line for g: there is no part of the axis that all of its runs cover"
    assert not any("interpolated" in sentence for sentence in said)
