"""The Curves page."""

from __future__ import annotations

import math
from pathlib import Path

import polars as pl
import pytest

from rlcompare.store import Library
from rlcompare.store.library import Progress
from tests.logs import write_verl
from tests.ui.conftest import Start, charts, notes, write, write_sb3

RUNS = ["a.jsonl", "b.jsonl", "c.jsonl"]


def test_at_first_reward_and_length_of_all_of_a_few_runs(start: Start, logs: Path) -> None:
    app = start(logs, page="curves")
    assert not app.exception
    assert [title.value for title in app.title] == ["Curves"]
    reward, length = charts(app)
    assert (reward.spec["title"]["text"], length.spec["title"]["text"]) == ("Reward", "Response length")
    assert reward.runs == length.runs == RUNS
    assert "No runs chosen: all 3 are shown." in notes(app)
    assert "Reward is logged as critic/score/mean." in notes(app)


def test_the_chosen_runs_alone_in_the_colours_they_always_have(start: Start, logs: Path) -> None:
    app = start(logs, page="curves", link={"runs": ["c.jsonl"]})
    assert not app.exception
    chart = charts(app)[0]
    assert chart.runs == ["c.jsonl"]
    domain = chart.encoding()["color"]["scale"]["domain"]
    assert domain.index("c.jsonl") == 2
    assert "No runs chosen" not in notes(app)


def test_smoothing_changes_the_line_and_keeps_what_was_logged_beneath(start: Start, logs: Path) -> None:
    app = start(logs, page="curves", link={"runs": ["a.jsonl"], "curves_metrics": ["reward"]})
    app.selectbox("curves_smoothing").set_value("mean").run()
    app.number_input("curves_mean_width").set_value(5).run()
    assert not app.exception
    chart = charts(app)[0]
    assert chart.data["left lines"]["value"].to_list()[4:] == pytest.approx([2.0] * 36)
    assert chart.data["left faint"]["value"].to_list() == [float(i % 5) for i in range(40)]
    assert "the mean of the last 5 points" in notes(app)


def test_without_smoothing_nothing_lies_beneath(start: Start, logs: Path) -> None:
    app = start(logs, page="curves", link={"curves_smoothing": "None", "curves_metrics": ["reward"]})
    assert not app.exception
    chart = charts(app)[0]
    assert chart.data["left faint"].is_empty()
    assert chart.data["left lines"].filter(pl.col("label") == "a.jsonl")["value"].to_list() == [
        float(i % 5) for i in range(40)
    ]
    assert "No smoothing." in notes(app)


def test_a_change_of_smoothing_keeps_the_specification(start: Start, logs: Path) -> None:
    app = start(logs, page="curves")
    before = charts(app)[0]
    app.select_slider("curves_weight").set_value(0.99).run()
    after = charts(app)[0]
    assert before.spec == after.spec
    assert not before.data["left lines"].equals(after.data["left lines"])


def test_time_axes_name_the_runs_without_times(start: Start, logs: Path) -> None:
    app = start(logs, page="curves", link={"curves_axis": "Time since the start", "curves_metrics": ["reward"]})
    assert not app.exception
    assert not charts(app), "verl's file logger writes no times"
    assert "Logged without wall times, so only axes of steps have them: a.jsonl, b.jsonl, c.jsonl." in notes(app)


def test_runs_without_the_metric_are_named(start: Start, logs: Path) -> None:
    write_verl(logs / "d.jsonl", [{"actor/entropy": 1.0}])
    app = start(logs, page="curves", link={"curves_metrics": ["reward", "actor/entropy"]})
    assert not app.exception
    assert [chart.runs for chart in charts(app)] == [RUNS, [*RUNS, "d.jsonl"]]
    assert "Reward was not logged by 1 run: d.jsonl." in notes(app)


def test_units_of_steps_are_not_mixed(start: Start, logs: Path) -> None:
    write_sb3(logs / "sb3", [1.0, 2.0, 3.0])
    app = start(logs, page="curves", link={"curves_metrics": ["reward"]})
    assert not app.exception
    by_step, by_env_step = charts(app)
    assert (by_step.runs, by_env_step.runs) == (RUNS, ["sb3"])
    titles = [chart.encoding()["x"]["title"] for chart in charts(app)]
    assert titles == ["Step", "Env step"]
    assert [chart.spec["title"]["text"] for chart in charts(app)] == ["Reward, by step", "Reward, by env step"]
    assert "these runs count their steps in different units" in notes(app)
    assert "Reward is logged as critic/score/mean." in notes(app)
    assert "Reward is logged as rollout/ep_rew_mean." in notes(app)


def test_what_is_no_number_is_marked_and_does_not_reach_the_scale(start: Start, tmp_path: Path) -> None:
    write(tmp_path, "a", [1.0, math.nan, 2.0, math.inf, 3.0, 4.0])
    app = start(tmp_path, page="curves", link={"curves_smoothing": "None"})
    assert not app.exception
    chart = charts(app)[0]
    assert chart.data["left lines"]["value"].to_list() == [1.0, None, 2.0, None, 3.0, 4.0]
    assert chart.data["left marks"]["kind"].to_list() == ["NaN", "+inf"]
    assert chart.data["left dots"]["value"].to_list() == [1.0, 2.0]
    assert "NaN was logged 1 time by 1 run: marked at the lower edge." in notes(app)


def test_many_points_are_thinned_and_the_caption_says_so(start: Start, tmp_path: Path) -> None:
    values = [0.0] * 30_000
    values[17_171] = 100.0
    write(tmp_path, "a", values)
    app = start(tmp_path, page="curves", link={"curves_smoothing": "None"})
    assert not app.exception
    lines = charts(app)[0].data["left lines"]
    assert lines.height <= 4_000
    assert lines["value"].max() == 100.0
    assert f"{lines.height:,} of 30,000 points drawn; extremes kept." in notes(app)


def test_two_hundred_runs_keep_to_the_budget(start: Start, tmp_path: Path) -> None:
    for i in range(200):
        write(tmp_path, f"run_{i:03d}", [float(s % 7) for s in range(300)])
    ids = [f"run_{i:03d}.jsonl" for i in range(200)]
    app = start(tmp_path, page="curves", link={"runs": ids, "curves_metrics": ["reward"]})
    assert not app.exception
    chart = charts(app)[0]
    assert len(chart.runs) == 200
    assert sum(frame.height for frame in chart.data.values()) <= 20_400
    assert chart.encoding()["color"]["legend"] is None


def test_nothing_chosen_of_many_shows_the_newest(start: Start, tmp_path: Path) -> None:
    for i in range(25):
        write(tmp_path, f"run_{i:02d}", [1.0])
    app = start(tmp_path, page="curves")
    assert not app.exception
    assert len(charts(app)[0].runs) == 20
    assert "the 20 updated last are shown, of 25" in notes(app)


def test_no_metric_chosen_says_what_to_do(start: Start, logs: Path) -> None:
    app = start(logs, page="curves")
    app.multiselect("curves_metrics").set_value([]).run()
    assert not app.exception
    assert "Choose a metric" in app.info[0].value
    assert not charts(app)


def test_the_suggested_metrics_follow_the_runs_until_one_is_chosen(start: Start, logs: Path) -> None:
    write_verl(logs / "d.jsonl", [{"actor/entropy": 1.0}])
    app = start(logs, page="curves")
    assert app.multiselect("curves_metrics").value == ["reward", "response_length"]
    app.multiselect("runs").set_value(["d.jsonl"]).run()
    assert app.multiselect("curves_metrics").value == ["entropy"]
    app.multiselect("curves_metrics").set_value(["reward"]).run()
    app.multiselect("runs").set_value(["a.jsonl"]).run()
    assert app.multiselect("curves_metrics").value == ["reward"]


def test_an_empty_folder(start: Start, tmp_path: Path) -> None:
    app = start(tmp_path, page="curves")
    assert not app.exception
    assert [title.value for title in app.title] == ["Curves"]
    assert "No runs found" in app.info[0].value


def test_a_broken_log_shows_what_could_be_read(start: Start, logs: Path) -> None:
    write_sb3(logs / "broken", [1.0, 2.0])
    with (logs / "broken" / "progress.csv").open("a") as stream:
        stream.write("rubbish,rubbish\n4096,3.0\n")
    app = start(logs, page="curves", link={"runs": ["broken"], "curves_smoothing": "None"})
    assert not app.exception
    assert charts(app)[0].data["left lines"]["value"].to_list() == [1.0, 2.0, 3.0]


def test_a_link_to_what_is_not_there_is_forgiven(start: Start, logs: Path) -> None:
    app = start(logs, page="curves", link={"runs": ["gone"], "curves_metrics": ["no/such"], "curves_axis": "Moon"})
    assert not app.exception
    assert app.multiselect("runs").value == []


def test_a_formula_is_drawn_like_a_metric_and_says_what_it_is_made_of(start: Start, logs: Path) -> None:
    write(logs, "lengthless", [1.0])
    app = start(logs, page="curves", link={"curves_metrics": ["reward"], "curves_smoothing": "None"})
    app.text_input("curves_formula").set_value("reward - response_length / 100").run()
    assert not app.exception
    reward, formula = charts(app)
    assert formula.spec["title"]["text"] == "reward - response_length / 100"
    assert formula.runs == RUNS
    assert formula.data["left lines"]["value"].to_list()[:5] == [-2.0, -1.0, 0.0, 1.0, 2.0]
    assert "computed from critic/score/mean, response_length/mean at the steps that have them all" in notes(app)
    assert "was not logged by 1 run: lengthless.jsonl" in notes(app)
    assert reward.data["left lines"].height == 121


@pytest.mark.parametrize(
    ("formula", "told"),
    [("reward - (", "Expected a metric, a number or `(`"), ("reward * nothing", "nothing"), ("__import__('os')", "'")],
)
def test_a_formula_that_cannot_be_drawn_says_why(start: Start, logs: Path, formula: str, told: str) -> None:
    app = start(logs, page="curves", link={"curves_metrics": ["reward"], "curves_formula": formula})
    assert not app.exception
    assert len(charts(app)) == 1
    assert len(app.error) == 1
    assert any(told in text.value for text in app.text)


def test_a_formula_that_is_a_chosen_metric_is_drawn_once(start: Start, logs: Path) -> None:
    app = start(logs, page="curves", link={"curves_metrics": ["reward"], "curves_formula": "reward"})
    assert not app.exception
    assert len(charts(app)) == 1


def test_a_second_look_while_logs_are_read_keeps_what_was_chosen(
    start: Start, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Controls with one choice hold a text or nothing, and those with several a list."""
    app = start(logs, page="curves")
    monkeypatch.setattr(Library, "progress", property(lambda self: Progress(1, 3, running=True)))
    app.selectbox(key="curves_baseline").select_index(0).run()
    chosen = app.selectbox(key="curves_baseline").value
    app.run()
    assert not app.exception
    assert app.selectbox(key="curves_baseline").value == chosen
    assert app.selectbox(key="curves_right").value is None
    assert all(len(option) > 1 for option in app.selectbox(key="curves_baseline").options)
