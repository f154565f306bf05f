"""The Rollouts page."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from tests.logs import write_rollouts, write_verl
from tests.ui.conftest import Chart, Start, notes, write_sb3

#: verl's metrics and samples of one folder are one run, called by the file of the metrics.
A, B, C = (f"{run}/metrics.jsonl" for run in "abc")

MARKUP = "<b>bold</b> $x^2$ **strong** :smile: <script>alert(1)</script>"


def write_answers(path: Path, answers: list[tuple[str, str, float]], **more: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"input": q, "output": a, "score": score, "gts": "42", **more}) for q, a, score in answers]
    path.write_text("".join(f"{line}\n" for line in lines))


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Runs ``a`` and ``b`` with two prompts at steps 1, 5 and 10, the last with markup; and ``c`` without samples."""
    for run in "ab":
        for step in (1, 5, 10):
            answers = [("2+2", f"{run} says {step}", 0.0), ("3+3", "six" * step, 1.0), ("2+2", "4", 1.0)]
            write_answers(tmp_path / run / "rollouts" / f"{step}.jsonl", answers, acc=step == 10)
        write_verl(
            tmp_path / run / "metrics.jsonl", [{"critic/score/mean": 0.5, "response_length/clip_ratio": 0.25}] * 10
        )
    write_answers(tmp_path / "a" / "rollouts" / "10.jsonl", [("2+2", MARKUP, 0.5), ("3+3", "6", 1.0)], acc=1)
    write_answers(tmp_path / "a" / "validation" / "10.jsonl", [("5+5", "10", 1.0)])
    write_verl(tmp_path / "c" / "metrics.jsonl", [{"critic/score/mean": 0.5}])
    return tmp_path


def texts(app: AppTest) -> list[str]:
    return [element.value for element in app.main.get("code")]


def table(app: AppTest) -> pl.DataFrame:
    """The samples, as the browser gets them."""
    return pl.DataFrame(app.main.dataframe[0].value)


def link(app: AppTest) -> dict[str, str]:
    """What the page itself has written into the link."""
    told = {key: value if isinstance(value, str) else value[0] for key, value in app.query_params.items()}
    return {key: value for key, value in told.items() if key in ("run", "step", "sample")}


def test_the_first_visit_shows_the_last_step_of_a_run_that_has_samples(start: Start, logs: Path) -> None:
    app = start(logs, page="rollouts")
    assert not app.exception
    assert [title.value for title in app.title] == ["Rollouts"]
    assert texts(app) == ["2+2", MARKUP]
    assert link(app) == {"run": A, "step": "10", "sample": "1"}
    assert table(app)["reward"].to_list() == [0.5, 1.0]
    told = notes(app)
    assert "2 answers at step 10; mean reward 0.75; mean length" in told
    assert "correct 2 of 2 (100.0 %). 2 prompts, one answer each." in told
    assert "The log&#x27;s own share of truncated answers is 25.0 % (response_length/clip_ratio)" in told
    assert "1 run has no samples: c/metrics.jsonl. Answers come from these logs:" in told
    assert "TRL completions, completions/completions_&lt;step&gt;.parquet" in told


def test_a_link_is_a_first_visit(start: Start, logs: Path) -> None:
    app = start(logs, page="rollouts", link={"run": B, "step": "5", "sample": "3"})
    assert not app.exception
    assert texts(app) == ["2+2", "4"]
    assert app.select_slider("rollouts_slider").value == 5
    assert app.selectbox("rollouts_run").value == B
    assert "Sample 3 · prompt 1 · reward 1 · 1 character · incorrect" in notes(app)
    assert "nearest" not in notes(app)


def test_a_step_without_samples_gives_way_to_the_nearest_and_says_so(start: Start, logs: Path) -> None:
    app = start(logs, page="rollouts", link={"run": A, "step": "7", "sample": "2"})
    assert not app.exception
    assert "No samples were logged at step 7: the nearest that has some is shown, 5." in notes(app)
    assert link(app) == {"run": A, "step": "5", "sample": "1"}
    app.button("rollouts_earlier").click().run()
    assert link(app)["step"] == "1"
    assert "No samples were logged" not in notes(app)
    assert app.button("rollouts_earlier").disabled


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({"run": "gone", "step": "5"}, {"run": A, "step": "10", "sample": "1"}),
        ({"run": C, "step": "5"}, {"run": A, "step": "10", "sample": "1"}),
        ({"run": B, "step": "x", "sample": "99"}, {"run": B, "step": "10", "sample": "1"}),
    ],
)
def test_a_link_to_what_is_not_there_is_forgiven(
    start: Start, logs: Path, asked: dict[str, str], shown: dict[str, str]
) -> None:
    app = start(logs, page="rollouts", link=asked)
    assert not app.exception
    assert link(app)["run"] == shown["run"]
    assert link(app)["sample"] == shown["sample"]
    said = {"gone": "There is no run gone in these folders.", C: f"{C} has no samples."}
    assert said.get(asked["run"], "") in notes(app)


def test_another_run_is_shown_at_the_same_step(start: Start, logs: Path) -> None:
    app = start(logs, page="rollouts", link={"run": A, "step": "5"})
    app.selectbox("rollouts_run").set_value(B).run()
    assert not app.exception
    assert link(app) == {"run": B, "step": "5", "sample": "1"}
    assert texts(app) == ["2+2", "b says 5"]


def test_filters_and_search(start: Start, logs: Path) -> None:
    app = start(logs, page="rollouts", link={"run": B, "step": "5"})
    app.number_input("rollouts_reward_from").set_value(1.0).run()
    assert table(app)["number"].to_list() == [2, 3]
    assert "2 of 3 answers shown." in notes(app)
    app.selectbox("rollouts_prompt").set_value(1).run()
    assert table(app)["number"].to_list() == [3]
    app.number_input("rollouts_reward_from").set_value(None).run()
    app.selectbox("rollouts_prompt").set_value(None).run()
    app.text_input("rollouts_search").set_value("B SAYS").run()
    assert not app.exception
    assert table(app)["number"].to_list() == [1]
    assert "1 of 3 answers shown. Texts of 3 answers searched." in notes(app)
    app.text_input("rollouts_search").set_value("nowhere").run()
    assert not app.exception
    assert "No sample of this step passes these filters." in app.info[0].value


def test_the_sample_of_the_link_stays_while_it_passes(start: Start, logs: Path) -> None:
    app = start(logs, page="rollouts", link={"run": B, "step": "5", "sample": "3", "rollouts_prompt": "1"})
    assert table(app)["number"].to_list() == [1, 3]
    assert link(app)["sample"] == "3"
    app.selectbox("rollouts_prompt").set_value(2).run()
    assert link(app)["sample"] == "2"


def test_long_texts_fold(start: Start, logs: Path) -> None:
    write_answers(logs / "long" / "rollouts" / "1.jsonl", [("q", "x" * 4_000, 1.0)])
    app = start(logs, page="rollouts", link={"run": "long"})
    assert [len(text) for text in texts(app)] == [1, 1_500]
    assert "Answer: the first 1,500 of 4,000 characters" in notes(app)
    app.toggle("rollouts_whole").set_value(True).run()
    assert [len(text) for text in texts(app)] == [1, 4_000]


def test_other_fields_are_a_table(start: Start, logs: Path) -> None:
    app = start(logs, page="rollouts", link={"run": B, "step": "10"})
    fields = pl.DataFrame(app.main.dataframe[1].value)
    assert dict(fields.rows())["gts"] == "42"


def test_two_steps_of_one_prompt(start: Start, logs: Path) -> None:
    app = start(logs, page="rollouts", link={"run": B, "step": "5", "rollouts_compare": "true"})
    assert not app.exception
    assert app.selectbox("rollouts_other_run").value == B
    assert app.selectbox("rollouts_other_step").value == 1
    assert texts(app) == ["2+2", "b says 5", "b says 1"]
    app.selectbox("rollouts_other_step").set_value(5).run()
    assert not app.exception
    assert app.selectbox("rollouts_other_answer").options == ["3"], "not the one it is compared with"
    assert texts(app) == ["2+2", "b says 5", "4"]


def test_two_runs_with_one_prompt(start: Start, logs: Path) -> None:
    link_to = {
        "run": B,
        "step": "5",
        "rollouts_compare": "true",
        "rollouts_other_run": A,
        "rollouts_other_step": "10",
    }
    app = start(logs, page="rollouts", link=link_to)
    assert not app.exception
    assert texts(app) == ["2+2", "b says 5", MARKUP]
    assert f"{B}, step 5, sample 1" in notes(app)
    assert f"{A}, step 10, sample 1" in notes(app)


def test_a_prompt_that_has_no_other_answer(start: Start, tmp_path: Path) -> None:
    write_answers(tmp_path / "a" / "rollouts" / "1.jsonl", [("q", "a", 1.0)])
    app = start(tmp_path, page="rollouts", link={"rollouts_compare": "true"})
    assert not app.exception
    assert "This prompt has no other answer" in notes(app)


def test_samples_drawn_to_evaluate_are_apart(start: Start, logs: Path) -> None:
    app = start(logs, page="rollouts", link={"run": A, "rollouts_split": "Validation"})
    assert not app.exception
    assert texts(app) == ["5+5", "10"]
    assert "own share" not in notes(app), "the log's share is of training"


def test_the_share_at_the_cap_and_the_logs_own(start: Start, tmp_path: Path) -> None:
    for step in (1, 2):
        answers = [("q", "x" * n, 1.0) for n in (5, 9, 9, 3)]
        write_answers(tmp_path / "a" / "rollouts" / f"{step}.jsonl", answers)
        write_verl(tmp_path / "a" / "metrics.jsonl", [{"response_length/clip_ratio": 0.75}] * 2)
    app = start(tmp_path, page="rollouts")
    assert not app.exception
    assert table(app)["at_cap"].to_list() == [False, True, True, False]
    assert "2 of 4 answers (50.0 %) reach the cap of 9 characters" in notes(app)
    assert "truncated answers is 75.0 % (response_length/clip_ratio): the two differ, as it counts tokens" in notes(app)


def test_episodes_have_a_table_and_histograms(start: Start, tmp_path: Path) -> None:
    for worker in (0, 1):
        rows = [f"{10.0 * i},{10 * i},{i + worker / 2}" for i in range(1, 5)]
        header = '#{"t_start": 1700000000.0, "env_id": "E"}\nr,l,t\n'
        (tmp_path / f"{worker}.monitor.csv").write_text(header + "\n".join(rows) + "\n")
    app = start(tmp_path, page="rollouts")
    assert not app.exception
    assert texts(app) == [] or all("streamlit run" in text for text in texts(app))
    rows = table(app)
    assert rows["reward"].to_list() == [10.0, 10.0, 20.0, 20.0, 30.0, 30.0, 40.0, 40.0]
    assert rows["step"].to_list() == [10, 20, 40, 60, 90, 120, 160, 200], "of all workers together"
    assert "The last 8 episodes up to env step 200; mean return 25; mean length 25.0 env steps." in notes(app)
    charts = [Chart(element) for element in app.get("vega_lite_chart")]
    assert [chart.spec["encoding"]["x"]["title"] for chart in charts] == ["Return", "Length (env steps)"]
    assert charts[0].data["bins"]["n"].sum() == 8
    assert "sample" not in link(app)
    app.query_params["step"] = ["100"]
    app.run()
    assert table(app).height == 5
    assert app.number_input("rollouts_number").value == 100, "any step, also one at which no episode ended"
    assert link(app)["step"] == "100"


def test_no_run_with_samples_says_which_logs_have_some(start: Start, tmp_path: Path) -> None:
    write_sb3(tmp_path / "sb3", [1.0, 2.0])
    app = start(tmp_path, page="rollouts")
    assert not app.exception
    assert "None of these runs has logged samples." in app.info[0].value
    assert "verl rollouts and validation samples" in notes(app)


def test_an_empty_folder(start: Start, tmp_path: Path) -> None:
    app = start(tmp_path, page="rollouts")
    assert not app.exception
    assert "No runs found" in app.info[0].value


def test_a_log_that_is_gone(start: Start, logs: Path) -> None:
    app = start(logs, page="rollouts", link={"run": B, "step": "5"})
    (logs / "b" / "rollouts" / "5.jsonl").unlink()
    app.query_params["sample"] = ["2"]
    app.run()
    assert not app.exception
    assert "The texts of this sample cannot be read." in [error.value for error in app.error]
    app.text_input("rollouts_search").set_value("six").run()
    assert not app.exception
    assert "These texts cannot be searched." in [error.value for error in app.error]


def test_broken_lines_leave_the_others(start: Start, logs: Path) -> None:
    with (logs / "b" / "rollouts" / "5.jsonl").open("a") as stream:
        stream.write("rubbish\n")
    app = start(logs, page="rollouts", link={"run": B, "step": "5"})
    assert not app.exception
    assert table(app).height == 3


def test_a_run_is_shown_that_is_not_among_the_chosen(start: Start, logs: Path) -> None:
    app = start(logs, page="rollouts", link={"runs": [A], "run": B, "step": "1"})
    assert not app.exception
    assert app.selectbox("rollouts_run").options == [A, B]
    assert texts(app) == ["2+2", "b says 1"]


def test_many_steps_are_chosen_by_number(start: Start, tmp_path: Path) -> None:
    for step in range(0, 4_100, 10):
        write_rollouts(tmp_path / "a" / "rollouts" / f"{step}.jsonl", [1.0])
    app = start(tmp_path, page="rollouts")
    assert app.number_input("rollouts_number").value == 4_090
    app.number_input("rollouts_number").set_value(1_234).run()
    assert not app.exception
    assert app.number_input("rollouts_number").value == 1_230
    assert "No samples were logged at step 1,234" in notes(app)
