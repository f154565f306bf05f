"""From a point of a curve to the samples behind it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st

from rlcompare.ui.rollout_way import steps_behind
from tests.logs import write_rollouts
from tests.ui.conftest import Start, notes, write
from tests.ui.made import curves, drawn


def test_the_record_nearest_to_the_point() -> None:
    line = drawn({"a": [0.0] * 5, "b": [0.0] * 5}, x={"a": [0, 10, 20, 30, 40], "b": [0, 1, 2, 3, 4]})
    assert steps_behind(line, "A", 24.0) == {"a": 2}
    assert steps_behind(line, "B", 24.0) == {"b": 4}
    assert steps_behind(line, "C", 24.0) == {}


def test_every_run_of_a_group() -> None:
    group = drawn({"a": [0.0] * 4, "b": [0.0] * 2, "c": [0.0]}, {"a": "G", "b": "G", "c": "H"})
    assert steps_behind(group, "G", 3.0) == {"a": 3, "b": 1}


def test_of_the_histories_of_a_run_the_nearest_one() -> None:
    logged = replace(curves({"a#0": [0.0] * 3, "a#1": [0.0] * 3}), x=np.array([0.0, 10.0, 20.0, 1.0, 11.0, 21.0]))
    line = replace(drawn({"a": [0.0]}), logged=logged, label_of={"a#0": "A", "a#1": "A"})
    assert set(steps_behind(line, "A", 21.0).values()) == {2}


def test_a_run_without_records_has_no_step() -> None:
    assert steps_behind(drawn({"a": [], "b": [1.0]}, {"a": "G", "b": "G"}), "G", 0.0) == {"b": 0}


def test_the_page_invites_to_click_where_there_are_samples(start: Start, tmp_path: Path) -> None:
    write(tmp_path, "a", [1.0, 2.0])
    assert "Click a point" not in notes(start(tmp_path, page="curves"))
    write_rollouts(tmp_path / "b" / "rollouts" / "1.jsonl", [0.0, 1.0])
    st.cache_resource.clear()
    assert "Click a point for links to the samples behind it." in notes(start(tmp_path, page="curves"))
