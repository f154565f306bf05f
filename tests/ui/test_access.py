"""Which folders may be read, and what is shared between sessions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rlcompare.ui import access
from rlcompare.ui.access import log_folders
from tests.logs import write_verl


def test_folders_on_the_command_line_win_over_the_environment() -> None:
    found = log_folders(["one", "two", "--follow-links"], {"RLCOMPARE_LOGDIR": "three"})
    assert (found.paths, found.follow_links, found.is_demo) == (("one", "two"), True, False)


def test_the_flag_may_stand_anywhere() -> None:
    for arguments in (["--follow-links", "one", "two"], ["one", "--follow-links", "two"]):
        found = log_folders(arguments, {})
        assert (found.paths, found.follow_links) == (("one", "two"), True)


def test_folders_from_the_environment() -> None:
    found = log_folders([], {"RLCOMPARE_LOGDIR": os.pathsep.join(["one", "", "two"])})
    assert (found.paths, found.follow_links, found.is_demo) == (("one", "two"), False, False)


def test_flags_of_others_are_left_alone() -> None:
    assert log_folders(["-q", "--strict", "one"], {}).paths == ("one",)


def test_without_a_folder_the_demo_runs() -> None:
    found = log_folders([], {})
    assert found.is_demo
    assert Path(found.paths[0]).is_dir()


@pytest.fixture
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("sys.argv", ["app.py", str(tmp_path)])
    monkeypatch.setattr(access, "PATIENCE", 30.0)
    return tmp_path


def test_news_are_looked_for_again_after_a_while_only(own_folders: Path) -> None:
    write_verl(own_folders / "a.jsonl", [{"reward": 1.0}])
    assert access.all_runs().ids == ("a.jsonl",)
    write_verl(own_folders / "b.jsonl", [{"reward": 1.0}])
    assert access.all_runs().ids == ("a.jsonl",)
    assert access.all_runs(0.0).ids == ("a.jsonl", "b.jsonl")


def test_all_sessions_share_one_library(own_folders: Path) -> None:
    assert access.library(access.current_folders()) is access.library(access.current_folders())
