"""Runs that look like one training, on the pages: offered, joined, and parted again."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.logs import write_verl
from tests.ui.conftest import Start, charts, notes, write_events

FIRST, SECOND, OTHER = "grpo_1_40.jsonl", "grpo_41_60.jsonl", "ppo.jsonl"
JOINED = "grpo_1_40.jsonl (joined)"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    write_verl(tmp_path / FIRST, [{"critic/score/mean": float(i)} for i in range(1, 41)])
    write_verl(tmp_path / SECOND, [{"critic/score/mean": float(i)} for i in range(41, 61)], first_step=41)
    write_verl(tmp_path / OTHER, [{"critic/score/mean": 0.0}] * 40)
    return tmp_path


def join(app: AppTest, *offers: str) -> AppTest:
    return app.multiselect("joined").set_value(list(offers)).run()


@pytest.mark.parametrize("page", ["runs", "curves"])
def test_runs_that_look_like_one_training_are_offered_and_stay_apart(start: Start, logs: Path, page: str) -> None:
    app = start(logs, page=page)
    assert not app.exception
    told = "2 runs look like one training: grpo_1_40.jsonl → grpo_41_60.jsonl (the steps go on: 1–40, then 41–60)."
    assert told in notes(app)
    assert app.multiselect("joined").value == []
    assert app.multiselect("runs").options == [FIRST, SECOND, OTHER]
    assert "joined" not in app.query_params


def test_nothing_is_said_where_no_runs_look_so(start: Start, logs: Path) -> None:
    (logs / SECOND).unlink()
    app = start(logs)
    assert not app.exception
    assert "one training" not in notes(app)
    assert "joined" not in [control.key for control in app.multiselect]


def test_joined_they_are_one_line_and_say_so(start: Start, logs: Path) -> None:
    link = {"curves_group": "Nothing: a line a run", "curves_smoothing": "None", "curves_metrics": ["reward"]}
    app = join(start(logs, page="curves", link=link), JOINED)
    assert not app.exception
    (chart,) = charts(app)
    assert chart.runs == [JOINED, OTHER]
    lines = chart.data["left lines"]
    assert lines.filter(lines["label"].cast(str) == JOINED)["value"].to_list() == [float(i) for i in range(1, 61)]
    marks = chart.data["restarts"]
    assert marks.select("run", "x", "text").rows() == [(JOINED, 41.0, "went on from step 41 in a new file")]
    assert "Dotted lines mark 1 restart." in notes(app)
    assert f"{JOINED} is 2 runs as one: {FIRST}, {SECOND}." in notes(app)
    assert "2 runs are joined: " in notes(app)

    app = join(app)
    assert not app.exception
    assert charts(app)[0].runs == [FIRST, SECOND, OTHER]
    assert charts(app)[0].data["restarts"].is_empty()
    assert " as one: " not in notes(app)


def test_a_link_joins_them_at_once(start: Start, logs: Path) -> None:
    app = start(logs, page="curves", link={"joined": [JOINED], "runs": [JOINED]})
    assert not app.exception
    assert app.multiselect("runs").options == [JOINED, OTHER]
    assert app.multiselect("runs").value == [JOINED]
    assert app.multiselect("joined").value == [JOINED]


def test_a_joined_run_is_chosen_in_the_place_of_its_parts_and_they_in_its_place(start: Start, logs: Path) -> None:
    app = start(logs, link={"runs": [OTHER, SECOND, FIRST]})
    app = join(app, JOINED)
    assert not app.exception
    assert app.multiselect("runs").value == [OTHER, JOINED]
    assert app.query_params["runs"] == [OTHER, JOINED]
    shown = app.dataframe[0].value
    assert shown["label"].tolist() == [JOINED, OTHER]
    assert shown["last_step"].tolist() == [60, 40]
    app = join(app)
    assert not app.exception
    assert app.multiselect("runs").value == [OTHER, FIRST, SECOND]


def test_an_offer_that_is_none_is_left_out(start: Start, logs: Path) -> None:
    app = start(logs, link={"joined": ["gone (joined)"], "runs": ["gone (joined)", OTHER]})
    assert not app.exception
    assert app.multiselect("joined").value == []
    assert app.multiselect("runs").value == [OTHER]


def test_an_offer_that_news_take_back_parts_the_runs(start: Start, logs: Path) -> None:
    app = join(start(logs, link={"runs": [FIRST, OTHER]}), JOINED)
    assert app.multiselect("runs").value == [JOINED, OTHER]
    write_verl(logs / "grpo_41_70.jsonl", [{"critic/score/mean": 0.0}] * 30, first_step=41)
    st.cache_resource.clear()
    app.run()
    assert not app.exception
    assert app.multiselect("runs").options == ["grpo_1_40.jsonl", "grpo_41_60.jsonl", "grpo_41_70.jsonl", OTHER]
    assert app.multiselect("runs").value == [OTHER]


def test_joined_runs_stay_joined_on_the_next_page(start: Start, logs: Path) -> None:
    app = start(logs, link={"joined": [JOINED], "runs": [JOINED]})
    app.switch_page("pages/curves.py").run()
    assert not app.exception
    assert app.multiselect("joined").value == [JOINED]
    assert app.multiselect("runs").value == [JOINED]
    assert charts(app)[0].runs == [JOINED]


def test_the_axis_of_time_keeps_the_gap(start: Start, tmp_path: Path) -> None:
    write_events(tmp_path / "exp_001", [(i, 1000.0 + 60 * i, float(i)) for i in range(10)])
    write_events(tmp_path / "exp_002", [(i, 9000.0 + 60 * i, float(i)) for i in range(10, 20)])
    link = {"joined": ["exp_001 (joined)"], "curves_axis": "Time since the start", "curves_smoothing": "None"}
    app = start(tmp_path, page="curves", link={**link, "curves_metrics": ["reward"]})
    assert not app.exception
    x = charts(app)[0].data["left lines"]["x"].to_list()
    first, second = [i / 60 for i in range(10)], [(8000 + 60 * i) / 3600 for i in range(10, 20)]
    assert x == pytest.approx([*first, *second])
