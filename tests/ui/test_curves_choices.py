"""What the Curves page lets its visitor choose, and what its link restores."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from rlcompare.transforms import BANDS
from tests.logs import write_verl
from tests.ui.conftest import Start, charts, notes, write, write_events, write_sb3


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    """Two groups of two seeds."""
    for group, low in (("a2c", 0.0), ("ppo", 10.0)):
        for seed in (1, 2):
            write_sb3(tmp_path / f"{group}_seed{seed}", [low + seed, low + 2 * seed], seed=seed, lr=low / 100)
    return tmp_path


PLAIN = {"curves_smoothing": "None", "curves_metrics": ["reward"]}


def test_where_seeds_are_found_runs_are_grouped_by_all_but_them(start: Start, seeds: Path) -> None:
    app = start(seeds, page="curves", link=PLAIN)
    assert not app.exception
    assert app.selectbox("curves_group").value == "seed"
    chart = charts(app)[0]
    assert chart.runs == ["a2c", "ppo"]
    assert chart.values == [1.5, 3.0, 11.5, 13.0]
    assert chart.data["left faint"]["label"].cast(pl.String).to_list() == ["a2c"] * 4 + ["ppo"] * 4
    assert chart.encoding("left bands")["y2"]["field"] == "upper"
    assert "Mean of 2 runs, 95 % Student-t interval." in notes(app)
    # Of 1 and 2: 1.5 ± t(0.975, 1) · s / √2, with s = √½ and t = 12.706.
    low, high = chart.data["left bands"].select("lower", "upper").row(0)
    assert (low, high) == pytest.approx((1.5 - 12.706 / 2, 1.5 + 12.706 / 2), abs=1e-3)


def test_where_no_seeds_are_found_each_run_has_a_line(start: Start, logs: Path) -> None:
    app = start(logs, page="curves", link=PLAIN)
    assert app.selectbox("curves_group").value == "none"
    assert "left bands" in charts(app)[0].data
    assert charts(app)[0].data["left bands"].is_empty()
    assert not [box for box in app.selectbox if box.key == "curves_ends"]


def test_groups_follow_the_visitor_and_not_the_suggestion(start: Start, seeds: Path) -> None:
    app = start(seeds, page="curves", link=PLAIN)
    app.selectbox("curves_group").set_value("none").run()
    assert charts(app)[0].runs == ["a2c_seed1", "a2c_seed2", "ppo_seed1", "ppo_seed2"]
    app.multiselect("runs").set_value(["ppo_seed1"]).run()
    assert not app.exception
    assert app.selectbox("curves_group").value == "none"


def test_members_may_be_hidden(start: Start, seeds: Path) -> None:
    app = start(seeds, page="curves", link={**PLAIN, "curves_members": "false"})
    assert not app.exception
    assert charts(app)[0].data["left faint"].is_empty()
    assert charts(app)[0].runs == ["a2c", "ppo"]


def test_groups_by_settings(start: Start, seeds: Path) -> None:
    link = {**PLAIN, "curves_group": "Settings"}
    app = start(seeds, page="curves", link=link)
    assert not app.exception
    assert len(charts(app)[0].runs) == 4, "no setting is chosen yet"
    app.multiselect("curves_group_settings").set_value(["lr"]).run()
    assert not app.exception
    assert charts(app)[0].runs == ["lr=0", "lr=0.1"]
    assert charts(app)[0].values == [1.5, 3.0, 11.5, 13.0]


def test_groups_by_a_pattern_of_the_name(start: Start, seeds: Path) -> None:
    link = {**PLAIN, "curves_group": "Name", "curves_group_pattern": "_seed(.)"}
    app = start(seeds, page="curves", link=link)
    assert not app.exception
    assert charts(app)[0].runs == ["1", "2"]
    assert charts(app)[0].values == [6.0, 7.0, 7.0, 9.0]


def test_a_pattern_that_does_not_compile_says_why(start: Start, seeds: Path) -> None:
    link = {**PLAIN, "curves_group": "Name", "curves_group_pattern": "(ppo"}
    app = start(seeds, page="curves", link=link)
    assert not app.exception
    assert [error.value for error in app.error] == ["This pattern cannot be read."]
    told = next(text.value for text in app.text if "regular expression" in text.value)
    assert told.startswith(
        "Expected a regular expression, got '(ppo': missing ), unterminated subpattern at character 1"
    )
    assert "Hint: " in told
    assert len(charts(app)[0].runs) == 4


@pytest.mark.parametrize(
    ("center", "usual", "others"),
    [
        ("mean", "t", {"none", "minmax", "sd", "se", "bootstrap"}),
        ("median", "iqr", {"none", "minmax", "p5_95", "bootstrap"}),
        ("iqm", "bootstrap", {"none", "minmax"}),
    ],
)
def test_each_centre_offers_the_bands_that_go_with_it(
    start: Start, seeds: Path, center: str, usual: str, others: set[str]
) -> None:
    app = start(seeds, page="curves", link=PLAIN)
    app.segmented_control("curves_center").set_value(center).run()
    assert not app.exception
    band = app.selectbox(f"curves_band_{center}")
    assert band.value == usual
    assert set(band.options) == {BANDS[kind].title for kind in {usual, *others}}
    for kind in sorted(others):
        app.selectbox(f"curves_band_{center}").set_value(kind).run()
        assert not app.exception
    titles = {"mean": "Mean", "median": "Median", "iqm": "Interquartile mean"}
    assert f"{titles[center]} of 2 runs" in notes(app)


def test_only_intervals_have_a_level(start: Start, seeds: Path) -> None:
    app = start(seeds, page="curves", link={**PLAIN, "curves_band_mean": "Standard deviation"})
    assert "± 1 standard deviation (n − 1)" in notes(app)
    assert not [slider for slider in app.select_slider if slider.key == "curves_level"]


def test_the_link_restores_groups_and_bands(start: Start, seeds: Path) -> None:
    write_sb3(seeds / "ppo_seed3", [13.0], seed=3, lr=0.1)
    link = {
        **PLAIN,
        "curves_group": "Everything but the seed",
        "curves_center": "Median",
        "curves_band_median": "Bootstrap",
        "curves_level": "80%",
        "curves_ends": "Let the group shrink",
    }
    app = start(seeds, page="curves", link=link)
    assert not app.exception
    assert "ppo: median of 2–3 runs, 80 % bootstrap interval (percentile, resampling runs)." in notes(app)
    assert "Circles mark where 1 run of a group ends before the others." in notes(app)
    chart = charts(app)[0]
    assert chart.data["ends"].select("run", "x", "value").rows() == [("ppo_seed3", 1024.0, 13.0)]
    assert chart.data["counts"].filter(pl.col("label") == "ppo").select("x", "n").rows() == [(1024.0, 2), (2048.0, 2)]
    assert chart.encoding("counts")["y"]["title"] == "runs"


def test_the_common_range_is_what_groups_have_at_first(start: Start, seeds: Path) -> None:
    write_sb3(seeds / "ppo_seed3", [13.0], seed=3, lr=0.1)
    app = start(seeds, page="curves", link=PLAIN)
    chart = charts(app)[0]
    assert chart.data["left lines"].filter(pl.col("label") == "ppo").select("x", "value").rows() == [(1024.0, 12.0)]
    app.selectbox("curves_ends").set_value("carry").run()
    assert charts(app)[0].data["left lines"].filter(pl.col("label") == "ppo")["value"].to_list() == [
        12.0,
        pytest.approx(13.0),
    ]


def test_the_link_restores_axes_and_layout(start: Start, logs: Path) -> None:
    link = {
        "curves_metrics": ["reward", "entropy"],
        "curves_right": "response_length",
        "curves_log_x": "true",
        "curves_log_y": "true",
        "curves_robust": "true",
        "curves_columns": "2",
        "curves_range": "10..20 step",
        "curves_smoothing": "None",
    }
    app = start(logs, page="curves", link=link)
    assert not app.exception
    reward, entropy = charts(app)
    for chart in (reward, entropy):
        assert chart.encoding()["x"]["scale"]["type"] == "log"
        assert chart.encoding()["y"]["scale"]["type"] == "log"
        assert chart.encoding("right lines")["y"]["title"] == "Response length (dashed)"
        assert chart.data["view"].select("x0", "x1").row(0) == (10.0, 20.0)
        assert chart.data["left lines"]["x"].to_list() == [float(x) for x in range(9, 22)] * 3
        assert chart.data["right lines"]["value"].to_list() == [200.0] * 39
        assert chart.encoding()["color"]["legend"]["orient"] == "bottom"
    assert app.text_input("curves_range").value == "10..20 step"
    assert app.segmented_control("curves_columns").value == 2
    # Of steps 10 to 20 the reward of each of three runs is 0 at 11 and at 16.
    assert "6 more points not above zero: no place on a logarithmic axis." in notes(app)


def test_the_link_restores_axis_and_smoothing_in_its_unit(start: Start, logs: Path) -> None:
    link = {
        "curves_metrics": ["reward"],
        "curves_axis": "A metric …",
        "curves_axis_metric": "actor/entropy",
        "curves_smoothing": "Mean",
        "curves_mean_unit": "Units of the axis",
        "curves_mean_metric_width": "7",
    }
    app = start(logs, page="curves", link=link)
    assert not app.exception
    assert charts(app)[0].encoding()["x"]["title"] == "actor/entropy"
    assert set(charts(app)[0].data["left lines"]["x"]) == {1.0}
    assert "the mean of the last 7 units of the axis" in notes(app)


def test_a_width_in_steps(start: Start, logs: Path) -> None:
    link = {
        "runs": ["a.jsonl"],
        "curves_metrics": ["reward"],
        "curves_smoothing": "Mean",
        "curves_mean_unit": "Steps",
        "curves_mean_step_width": "5",
    }
    app = start(logs, page="curves", link=link)
    assert not app.exception
    assert charts(app)[0].values[4:] == pytest.approx([2.0] * 36)
    assert "the mean of the last 5 steps" in notes(app)


def test_a_part_of_the_axis_that_is_none_says_why_and_draws_all(start: Start, logs: Path) -> None:
    app = start(logs, page="curves", link={**PLAIN, "curves_range": "20..10"})
    assert not app.exception
    assert [error.value for error in app.error] == ["This part of the axis cannot be read."]
    assert any("Expected LOW..HIGH" in text.value for text in app.text)
    assert charts(app)[0].data["view"].select("x0", "x1").row(0) == (1.0, 40.0)


def test_a_button_shows_all_again(start: Start, logs: Path) -> None:
    app = start(logs, page="curves", link={**PLAIN, "curves_range": "10..20"})
    assert charts(app)[0].data["view"].select("x0", "x1").row(0) == (10.0, 20.0)
    app.button("curves_show_all").click().run()
    assert not app.exception
    assert app.text_input("curves_range").value == ""
    assert charts(app)[0].data["view"].select("x0", "x1").row(0) == (1.0, 40.0)
    assert app.button("curves_show_all").disabled


def test_a_zoom_keeps_the_specification(start: Start, logs: Path) -> None:
    app = start(logs, page="curves", link=PLAIN)
    before = charts(app)[0]
    app.text_input("curves_range").set_value("10..20").run()
    assert charts(app)[0].spec == before.spec
    assert charts(app)[0].data["left lines"].height == 3 * 13


def test_differences_to_a_group(start: Start, seeds: Path) -> None:
    app = start(seeds, page="curves", link={**PLAIN, "curves_baseline": "a2c"})
    assert not app.exception
    chart = charts(app)[0]
    assert (chart.runs, chart.values) == (["ppo"], [10.0, 10.0])
    assert chart.data["left faint"].is_empty()
    assert "Mean of 2 runs, difference to a2c (mean of 2 runs), 95 % Welch-t interval." in notes(app)
    assert "not logged" not in notes(app)


def test_a_baseline_alone_is_drawn_as_it_is_and_says_why(start: Start, seeds: Path) -> None:
    app = start(seeds, page="curves", link={**PLAIN, "runs": ["a2c_seed1", "a2c_seed2"], "curves_baseline": "a2c"})
    assert not app.exception
    assert charts(app)[0].values == [1.0, 2.0, 2.0, 4.0]
    assert "Reward: drawn run by run, not as differences. Expected something that differs from" in notes(app)


def test_a_metric_on_the_x_axis_that_falls_says_why_there_are_no_groups(start: Start, seeds: Path) -> None:
    link = {**PLAIN, "curves_axis": "A metric …", "curves_axis_metric": "reward"}
    write_sb3(seeds / "ppo_seed3", [14.0, 3.0], seed=3, lr=0.1)
    app = start(seeds, page="curves", link=link)
    assert not app.exception
    assert charts(app)[0].runs == ["a2c", "ppo"]
    assert charts(app)[0].values == [1.0, 2.0, 2.0, 4.0, 11.0, 12.0, 12.0, 14.0, 14.0, 3.0]
    assert "Reward: drawn run by run, not in groups. Expected x that never falls;" in notes(app)


def keys(app: AppTest) -> set[str | None]:
    return {box.key for box in app.selectbox}


def test_without_restarts_and_workers_nothing_is_asked(start: Start, logs: Path) -> None:
    app = start(logs, page="curves", link=PLAIN)
    assert not {"curves_restarts", "curves_workers"} & keys(app)


def test_a_restart_may_be_drawn_otherwise(start: Start, tmp_path: Path) -> None:
    write(tmp_path, "a", [1.0, 2.0, 3.0])
    write_verl(tmp_path / "a.jsonl", [{"critic/score/mean": 20.0}], mode="a", first_step=2)
    app = start(tmp_path, page="curves", link=PLAIN)
    assert not app.exception
    assert "curves_workers" not in keys(app)
    assert charts(app)[0].values == [1.0, 20.0]
    assert charts(app)[0].data["restarts"]["x"].to_list() == [2.0]
    assert "Dotted lines mark 1 restart." in notes(app)
    app.selectbox("curves_restarts").set_value("all").run()
    assert not app.exception
    assert charts(app)[0].values == [1.0, 2.0, 3.0, 20.0]
    app.selectbox("curves_restarts").set_value("segments").run()
    assert not app.exception
    lines = charts(app)[0].data["left lines"]
    assert lines["curve"].cast(pl.String).unique(maintain_order=True).to_list() == [
        "a.jsonl · history 1",
        "a.jsonl · history 2",
    ]
    assert lines["value"].to_list() == [1.0, 2.0, 3.0, 20.0]


@pytest.fixture
def workers(tmp_path: Path) -> Path:
    for run in ("ppo_seed1", "ppo_seed2"):
        write_events(tmp_path / run, [(1, 100.0, 1.0), (2, 110.0, 2.0)], [(1, 101.0, 5.0), (2, 111.0, 8.0)])
    return tmp_path


def test_workers_may_be_drawn_otherwise(start: Start, workers: Path) -> None:
    app = start(workers, page="curves", link={**PLAIN, "runs": ["ppo_seed1"], "curves_group": "Nothing: a line a run"})
    assert not app.exception
    assert "curves_restarts" not in keys(app)
    assert charts(app)[0].values == [3.0, 5.0]
    app.selectbox("curves_workers").set_value("sum").run()
    assert charts(app)[0].values == [6.0, 10.0]
    app.selectbox("curves_workers").set_value("each").run()
    assert not app.exception
    assert charts(app)[0].values == [1.0, 2.0, 5.0, 8.0]
    assert charts(app)[0].runs == ["ppo_seed1"]


def test_a_worker_never_counts_as_a_run_of_its_group(start: Start, workers: Path) -> None:
    apart = {**PLAIN, "curves_group": "Nothing: a line a run", "curves_workers": "Each worker apart"}
    app = start(workers, page="curves", link=apart)
    assert charts(app)[0].values == [1.0, 2.0, 5.0, 8.0] * 2
    app.selectbox("curves_group").set_value("seed").run()
    assert not app.exception
    assert "Mean of 2 runs" in notes(app)
    assert charts(app)[0].values == [3.0, 5.0]
    assert "Each worker apart" not in app.selectbox("curves_workers").options


def test_live_follows_a_log_and_tells_who_is_silent(start: Start, logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlcompare.ui.curve_view.SILENT_AFTER", -1.0)
    monkeypatch.setattr("rlcompare.ui.curve_view.LIVE_EVERY", 0.5)
    app = start(logs, page="curves", link={**PLAIN, "runs": ["a.jsonl"]})
    before = charts(app)[0]
    assert "No longer growing" not in notes(app)
    app.toggle("curves_live").set_value(True).run()
    assert not app.exception
    assert "No longer growing: a.jsonl (" in notes(app)
    assert charts(app)[0].data["silent"]["x"].to_list() == [40.0]
    write_verl(logs / "a.jsonl", [{"critic/score/mean": 9.0}], mode="a", first_step=41)
    app.run()
    assert not app.exception
    assert charts(app)[0].values == [*before.values, 9.0]


def test_bundled_runs_are_grouped_and_their_restart_is_marked(start: Start) -> None:
    app = start(page="curves", link=PLAIN)
    assert not app.exception
    by_step, by_env_step = sorted(charts(app), key=lambda chart: chart.spec["title"]["text"], reverse=True)
    assert by_env_step.runs == ["a2c", "ppo"]
    assert len(by_step.runs) == 2
    assert by_step.data["restarts"]["run"].to_list() == ["grpo/grpo-length-penalty-seed2"]
    assert "curves_restarts" in keys(app)


def test_a_smoothing_over_an_axis_that_falls_says_why_there_is_none(start: Start, seeds: Path) -> None:
    link = {**PLAIN, "curves_axis": "A metric …", "curves_axis_metric": "reward"}
    write_sb3(seeds / "ppo_seed3", [14.0, 3.0], seed=3, lr=0.1)
    app = start(seeds, page="curves", link={**link, "curves_smoothing": "Time-weighted EMA"})
    assert not app.exception
    assert charts(app)[0].values == [1.0, 2.0, 2.0, 4.0, 11.0, 12.0, 12.0, 14.0, 14.0, 3.0]
    assert "Reward: not smoothed. Expected" in notes(app)
