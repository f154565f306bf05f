"""The Runs page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlcompare.store import Library, Progress, Snapshot
from tests.logs import write_verl
from tests.ui.conftest import Start, notes, write_sb3


def table(app: object) -> dict[str, list[object]]:
    frame = app.dataframe[0].value  # type: ignore[attr-defined]
    return {str(name): frame[name].tolist() for name in frame.columns}


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    write_sb3(folder / "a2c_seed1", [0.0, 0.25, 0.5], lr=0.1, model="tiny")
    write_sb3(folder / "a2c_seed2", [0.0, 0.75, 0.5], lr=0.01, model="tiny")
    write_verl(folder / "ppo.jsonl", [{"actor/entropy": 1.0}])
    return folder


def test_shows_what_is_known_of_each_run(start: Start, logs: Path) -> None:
    app = start(logs)
    assert not app.exception
    assert [title.value for title in app.title] == ["Runs"]
    shown = table(app)
    assert shown["label"] == ["a2c_seed1", "a2c_seed2", "ppo.jsonl"]
    assert shown["framework"] == ["Stable-Baselines3", "Stable-Baselines3", "verl"]
    assert shown["last_reward"][:2] == [0.5, 0.5]
    assert shown["best_reward"][:2] == [0.5, 0.75]
    assert shown["last_step"] == [3072, 3072, 1]
    assert shown["step_unit"] == ["env step", "env step", "step"]
    assert shown["seed"][:2] == ["1", "2"]
    assert shown["lr"][:2] == ["0.1", "0.01"]
    assert "model" in shown, "the third run has none, so it differs"
    assert "3 runs" in notes(app)
    assert "2 frameworks (Stable-Baselines3, verl)" in notes(app)
    assert "no read issues" in notes(app)


def test_a_search_narrows_the_table_and_not_the_choice(start: Start, logs: Path) -> None:
    app = start(logs, link={"runs": ["ppo.jsonl"]})
    app.text_input("runs_search").set_value("A2C seed2").run()
    assert not app.exception
    assert table(app)["label"] == ["a2c_seed2"]
    assert app.multiselect("runs").value == ["ppo.jsonl"]
    assert "1 chosen run not shown by these filters." in notes(app)


def test_filters_by_setting(start: Start, logs: Path) -> None:
    app = start(logs)
    app.selectbox("runs_setting").set_value("lr").run()
    app.multiselect("runs_value").set_value(["0.01"]).run()
    assert not app.exception
    assert table(app)["label"] == ["a2c_seed2"]


def test_filters_by_framework(start: Start, logs: Path) -> None:
    app = start(logs, link={"runs_framework": "verl"})
    assert not app.exception
    assert app.multiselect("runs_framework").value == ["verl"]
    assert table(app)["label"] == ["ppo.jsonl"]


def test_filters_that_pass_nothing_say_what_to_do(start: Start, logs: Path) -> None:
    app = start(logs, link={"runs_search": "nothing like it"})
    assert not app.exception
    assert "No run passes these filters." in app.info[0].value
    assert not app.dataframe


def test_an_empty_folder_says_what_to_do(start: Start, tmp_path: Path) -> None:
    app = start(tmp_path)
    assert not app.exception
    assert "No runs found" in app.info[0].value
    assert "streamlit run app.py -- " in app.code[0].value
    assert not app.dataframe


def test_a_folder_that_is_not_there_is_named(start: Start, tmp_path: Path) -> None:
    app = start(tmp_path / "**gone**")
    assert not app.exception
    assert app.error[0].value == "The log folders could not be read."
    assert str(tmp_path / "**gone**") in app.text[0].value
    assert "Hint: " in app.text[0].value


def test_read_issues_stand_with_file_place_and_reason(start: Start, logs: Path) -> None:
    with (logs / "ppo.jsonl").open("a") as stream:
        stream.write('{"step": 2, "data": rubbish}\n{"step": 3, "data": {"actor/entropy": 0.5}}\n')
    app = start(logs)
    assert not app.exception
    assert "1 read issue" in notes(app)
    issues = app.dataframe[1].value
    assert issues["file"].tolist() == ["ppo.jsonl"]
    assert issues["place"].tolist() == ["line 2"]
    assert issues["message"].tolist()[0].startswith("Expected")


@pytest.mark.parametrize(
    "name", ["<b>x</b><script>alert(1)<∕script>".replace("/", "∕"), "**bold**", ":smile: $x^2$", "a%20b:c"]
)
def test_names_are_shown_as_they_are(start: Start, tmp_path: Path, name: str) -> None:
    write_sb3(tmp_path / name, [1.0])
    app = start(tmp_path, link={"runs": [name]})
    assert not app.exception
    assert table(app)["label"] == [name]
    assert app.multiselect("runs").value == [name]
    assert name not in "".join(element.value for element in app.markdown)


def test_two_hundred_runs(start: Start, tmp_path: Path) -> None:
    for i in range(200):
        write_sb3(tmp_path / f"run_{i:03d}", [i / 200])
    app = start(tmp_path)
    assert not app.exception
    assert len(table(app)["label"]) == 200
    assert "200 runs" in notes(app)


def test_while_reading_it_says_how_far(start: Start, logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Library, "refresh", lambda self: None)
    monkeypatch.setattr(Library, "progress", property(lambda self: Progress(1, 3, running=True)))
    app = start(logs, link={"runs": ["a2c_seed2"]}, ready=False)
    assert not app.exception
    assert app.get("progress")[0].proto.text == "Reading runs: 1 of 3"
    assert app.multiselect("runs").value == ["a2c_seed2"], "a link keeps what has not been read yet"
    assert not app.info, "no word of missing runs before all were looked for"


def test_runs_that_become_ready_while_the_page_is_drawn_are_shown(
    start: Start, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Library.snapshot
    looks: list[int] = []

    def snapshot(library: Library) -> Snapshot:
        looks.append(1)
        found = whole(library)
        return replace(found, records=found.records[:1]) if len(looks) <= 2 else found

    start(logs)
    monkeypatch.setattr(Library, "snapshot", snapshot)
    app = start(logs)
    assert not app.exception
    assert len(table(app)["label"]) > 1


def test_without_a_folder_the_demo_runs_are_shown_and_named_so(start: Start) -> None:
    app = start()
    assert not app.exception
    assert "bundled demo runs" in app.caption[0].value
    assert "streamlit run app.py -- " in app.code[0].value
    assert len(table(app)["label"]) > 5


def test_a_folder_of_one_s_own_is_no_demo(start: Start, logs: Path) -> None:
    app = start(logs)
    assert not app.caption
