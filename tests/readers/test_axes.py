from __future__ import annotations

import math
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl
import pytest

from rlcompare.readers.axes import STEP_COLUMNS, Axes, choose_axes, has_step_column, place_rows
from rlcompare.readers.base import IssueList, LogFile
from rlcompare.readers.text import Rows, line_numbers

FILE = LogFile(Path("a.csv"), PurePosixPath("a.csv"), 0, 0, 0)


def placed(
    columns: dict[str, list[Any]], step: str = "step", wall_time: str = ""
) -> tuple[dict[str, list[Any]], list[tuple[str, str]]]:
    issues = IssueList(FILE)
    frame = pl.DataFrame(columns, strict=False)
    log = place_rows(Rows(frame, line_numbers(2, frame.height)), step, wall_time, issues)
    return log.to_dict(as_series=False), [(issue.place, issue.message) for issue in issues.done()]


@pytest.mark.parametrize(
    ("record", "axes"),
    [
        ({"loss": 1, "Step": "3"}, Axes("Step", "", "")),
        ({"epoch": 1, "step": 2, "global_step": 3}, Axes("step", "", "")),
        ({"timesteps_total": 4000, "training_iteration": 1}, Axes("training_iteration", "", "iteration")),
        ({"Epoch": 0, "TotalEnvInteracts": 4000}, Axes("TotalEnvInteracts", "", "env step")),
        ({"episode": 5.0}, Axes("episode", "", "episode")),
        ({"epoch": 0.5}, None),
        ({"step": 0.5, "iter": 7}, Axes("iter", "", "iteration")),
        ({"step": None, "epoch": 2}, Axes("epoch", "", "epoch")),
        ({"step": True}, None),
        ({"step": "x"}, None),
        ({"step": math.nan}, None),
        ({"global_step/max_steps": "10/438"}, Axes("global_step/max_steps", "", "step")),
        ({"step": 1, "time": 1.7e9}, Axes("step", "time", "")),
        ({"step": 1, "time": 12.5}, Axes("step", "", "")),
        ({"step": 1, "timestamp": 1.7e12}, Axes("step", "timestamp", "")),
        ({"step": 1, "timestamp": "2026-01-01T00:00:00Z"}, Axes("step", "timestamp", "")),
        ({"step": 1, "date": "01.02.2026"}, Axes("step", "", "")),
        ({"step": 1, "timestamp": 3.5, "Wall time": "1700000000.5"}, Axes("step", "Wall time", "")),
        ({"training_step": 5, "global_step": 640, "_step": 5}, Axes("training_step", "", "step")),
        ({"train/global_step": 5, "_step": 9, "_timestamp": 1.7e9}, Axes("train/global_step", "_timestamp", "step")),
        ({"trainer/global_step": 5, "_step": 9}, Axes("trainer/global_step", "", "step")),
        ({"fps": 900, "misc/nupdates": 4, "misc/total_timesteps": 8192}, Axes("misc/total_timesteps", "", "env step")),
        ({"EpThisIter": 3, "TimestepsSoFar": 1024}, Axes("TimestepsSoFar", "", "env step")),
        ({"train/step": 8, "rollout/step": 2}, None),
        ({"loss": 1}, None),
        ({}, None),
    ],
)
def test_choice_of_columns(record: dict[str, Any], axes: Axes | None) -> None:
    assert choose_axes([record]) == axes


def test_the_first_record_with_a_step_decides() -> None:
    assert choose_axes([{"note": 1}, {"epoch": 1}, {"step": 1}]) == Axes("epoch", "", "epoch")


def test_names_are_compared_in_lower_case() -> None:
    assert all(name == name.lower() for name in STEP_COLUMNS)
    assert has_step_column([" Global_Step ", "loss"])
    assert not has_step_column(["x", "y"])


def test_steps_become_whole_numbers() -> None:
    assert placed({"step": [1, 2], "loss": [0.5, None]}) == ({"step": [1, 2], "loss": [0.5, None]}, [])
    assert placed({"s": ["1/8", "2.0"], "loss": [0.5, 1.0]}, "s") == ({"step": [1, 2], "loss": [0.5, 1.0]}, [])


def test_rows_without_a_step_are_issues() -> None:
    log, issues = placed({"step": [1.0, 1.5, None, math.nan, 1e300], "loss": [1.0, 2.0, 3.0, 4.0, 5.0]})
    assert log == {"step": [1], "loss": [1.0]}
    assert issues == [
        ("line 3", "Expected a whole number as 'step', there is none; left out."),
        ("line 4", "Expected a whole number as 'step', there is none; left out."),
        ("line 5", "Expected a whole number as 'step', there is none; left out."),
        ("line 6", "Expected a whole number as 'step', there is none; left out."),
    ]


def test_without_a_step_column_every_row_is_an_issue() -> None:
    assert placed({"loss": [1.0]}, "") == (
        {"step": []},
        [("line 2", "Expected a whole number as 'step', there is none; left out.")],
    )


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (1_700_000_000, 1.7e9),
        (1_700_000_000_250, 1_700_000_000.25),
        ("2023-11-14T22:13:20Z", 1.7e9),
        ("2023-11-14 23:13:20.5+01:00", 1_700_000_000.5),
        ("2023-11-14 22:13:20", 1.7e9),
    ],
)
def test_wall_times_in_unix_seconds(given: float | str, seconds: float) -> None:
    log, issues = placed({"step": [1], "t": [given], "loss": [0.5]}, wall_time="t")
    assert log == {"step": [1], "wall_time": [seconds], "loss": [0.5]}
    assert issues == []


def test_what_is_no_time_is_null_with_one_issue() -> None:
    log, issues = placed({"step": [1, 2, 3], "t": ["2023-11-14T22:13:20Z", "soon", None]}, wall_time="t")
    assert log["wall_time"] == [1.7e9, None, None]
    assert issues == [("column t", "Expected times; 1 cells are none, the first is 'soon' on line 3.")]


def test_metrics_called_like_the_index() -> None:
    log, _ = placed({"iter": [1], "step": [7.0], "wall_time": [3.5]}, "iter")
    assert log == {"step": [1], "step (logged)": [7.0], "wall_time (logged)": [3.5]}
