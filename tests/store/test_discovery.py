"""Which runs a log folder holds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rlcompare.errors import LogFolderError
from rlcompare.store.discovery import discover
from tests.logs import write_verl


def ids(*folders: Path, follow_links: bool = False) -> list[str]:
    return [run.id for run in discover(folders, follow_links=follow_links).runs]


def test_each_file_of_a_kind_that_is_a_run_is_one(tmp_path: Path) -> None:
    write_verl(tmp_path / "project" / "a.jsonl", [{"critic/score/mean": 0.5}])
    write_verl(tmp_path / "project" / "b.jsonl", [{"critic/score/mean": 0.5}])
    found = discover([tmp_path])
    assert [(run.id, run.name) for run in found.runs] == [
        ("project/a.jsonl", "project/a"),
        ("project/b.jsonl", "project/b"),
    ]
    assert found.issues == ()


def test_files_that_share_a_folder_are_one_run(tmp_path: Path) -> None:
    for name in ("0.monitor.csv", "1.monitor.csv"):
        (tmp_path / "ppo").mkdir(exist_ok=True)
        (tmp_path / "ppo" / name).write_text('#{"t_start": 1.0, "env_id": "CartPole-v1"}\nr,l,t\n1.0,5,0.1\n')
    (run,) = discover([tmp_path]).runs
    assert (run.id, [source.file.name for source in run.sources]) == ("ppo", ["0.monitor.csv", "1.monitor.csv"])


@pytest.mark.parametrize("name", ["a b", "µ-größe", "100%", "lr:1e-5", "<script>alert(1)", "**bold**", "a\nb"])
def test_odd_names_are_only_names(tmp_path: Path, name: str) -> None:
    write_verl(tmp_path / name / "log.jsonl", [{"reward": 1.0}])
    assert ids(tmp_path) == [f"{name}/log.jsonl"]


def test_a_name_that_is_not_utf8_is_spelled_out(tmp_path: Path) -> None:
    write_verl(tmp_path / os.fsdecode(b"caf\xe9") / "log.jsonl", [{"reward": 1.0}])
    (run,) = discover([tmp_path]).runs
    assert run.id == "caf\\xe9/log.jsonl"
    assert run.place.is_file()


def test_hidden_folders_and_unknown_files_are_passed_over(tmp_path: Path) -> None:
    write_verl(tmp_path / ".git" / "log.jsonl", [{"reward": 1.0}])
    (tmp_path / "notes.md").write_text("step:1 - reward:1.0\n")
    (tmp_path / "weights.bin").write_bytes(bytes(1000))
    assert ids(tmp_path) == []


def test_links_are_followed_only_outwards_and_only_when_asked(tmp_path: Path) -> None:
    logs, elsewhere = tmp_path / "logs", tmp_path / "elsewhere"
    write_verl(logs / "a.jsonl", [{"reward": 1.0}])
    write_verl(elsewhere / "b.jsonl", [{"reward": 1.0}])
    (logs / "out").symlink_to(elsewhere)
    (logs / "again.jsonl").symlink_to(logs / "a.jsonl")
    (logs / "loop").symlink_to(logs)
    (elsewhere / "back").symlink_to(elsewhere)
    assert ids(logs) == ["a.jsonl"]
    assert ids(logs, follow_links=True) == ["a.jsonl", "out/b.jsonl"]


def test_two_folders_are_told_apart_by_their_names(tmp_path: Path) -> None:
    for folder in ("mine/logs", "yours/logs"):
        write_verl(tmp_path / folder / "a.jsonl", [{"reward": 1.0}])
    assert ids(tmp_path / "mine/logs", tmp_path / "yours/logs") == ["logs (2)/a.jsonl", "logs/a.jsonl"]


def test_a_folder_inside_another_counts_once(tmp_path: Path) -> None:
    write_verl(tmp_path / "logs" / "sub" / "a.jsonl", [{"reward": 1.0}])
    assert ids(tmp_path / "logs", tmp_path / "logs" / "sub", tmp_path / "logs") == ["sub/a.jsonl"]


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(LogFolderError, match=r"nothing there.*Hint:"):
        discover([tmp_path / "nowhere"])
    (tmp_path / "file").touch()
    with pytest.raises(LogFolderError, match=r"found a file.*Hint:"):
        discover([tmp_path / "file"])


def test_a_folder_without_permission_is_an_issue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The superuser may read anything, so the refusal is played."""
    write_verl(tmp_path / "open" / "a.jsonl", [{"reward": 1.0}])
    write_verl(tmp_path / "closed" / "b.jsonl", [{"reward": 1.0}])
    scandir = os.scandir

    def refuse(path: str | Path) -> os._ScandirIterator[str]:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = discover([tmp_path])
    assert [run.id for run in found.runs] == ["open/a.jsonl"]
    (issue,) = found.issues
    assert (issue.path, issue.severity) == ("closed", "error")
    assert "Permission denied" in issue.message
    assert "Hint:" in issue.message
