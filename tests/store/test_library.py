"""Reading in the background."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from rlcompare.errors import LogFolderError
from rlcompare.readers import Chunk, LogFile, Resume
from rlcompare.store import Library, library
from rlcompare.store import ingest as ingesting
from rlcompare.store.discovery import FoundRun
from rlcompare.store.record import RunRecord
from tests.logs import write_verl


def test_runs_appear_as_they_become_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "ab":
        write_verl(tmp_path / f"{name}.jsonl", [{"reward": 1.0}])
    slow = threading.Event()
    real = ingesting.BY_NAME["verl_jsonl"]

    def read(file: LogFile, resume: Resume | None) -> Chunk:
        if file.name == "b.jsonl":
            assert slow.wait(60)
        return real.read(file, resume)

    monkeypatch.setitem(ingesting.BY_NAME, "verl_jsonl", replace(real, read=read))
    with ThreadPoolExecutor(2) as pool:
        lib = Library([tmp_path], executor=pool)
        lib.refresh()
        while not lib.snapshot().records:
            assert lib.progress.running
        assert [record.id for record in lib.snapshot().records] == ["a.jsonl"]
        assert (lib.progress.done, lib.progress.total) == (1, 2)
        slow.set()
        lib.wait()
    assert [record.id for record in lib.snapshot().records] == ["a.jsonl", "b.jsonl"]
    assert (lib.progress.done, lib.progress.total, lib.progress.running) == (2, 2, False)


def test_a_folder_that_went_away_is_told_and_the_runs_stay(tmp_path: Path) -> None:
    log = write_verl(tmp_path / "logs" / "a.jsonl", [{"reward": 1.0}])
    lib = Library([tmp_path / "logs"])
    lib.refresh()
    lib.wait()
    log.unlink()
    (tmp_path / "logs").rmdir()
    lib.refresh()
    with pytest.raises(LogFolderError, match="nothing there"):
        lib.wait()
    assert [record.id for record in lib.snapshot().records] == ["a.jsonl"]
    assert "nothing there" in lib.snapshot().issues[0].message


def test_an_unforeseen_failure_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(library, "discover", fail)
    lib = Library([tmp_path])
    lib.refresh()
    with pytest.raises(ZeroDivisionError):
        lib.wait()
    assert "ZeroDivisionError: planted" in lib.snapshot().issues[0].message
    assert not lib.progress.running


def test_progress_is_told_until_all_is_read(tmp_path: Path) -> None:
    write_verl(tmp_path / "a.jsonl", [{"reward": 1.0}])
    lib = Library([tmp_path])
    lib.refresh()
    told = []
    lib.wait(told.append)
    assert (told[-1].done, told[-1].total, told[-1].running) == (1, 1, False)


def test_what_cannot_be_summed_up_costs_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        write_verl(tmp_path / f"{name}.jsonl", [{"reward": 1.0}])
    real = library.ingest

    def ingest(found: FoundRun, cache: Path) -> RunRecord:
        if found.id == "b.jsonl":
            raise ValueError("no such luck")
        return real(found, cache)

    monkeypatch.setattr(library, "ingest", ingest)
    lib = Library([tmp_path])
    lib.refresh()
    lib.wait()
    snapshot = lib.snapshot()
    assert [record.id for record in snapshot.records] == ["a.jsonl", "c.jsonl"]
    (issue,) = snapshot.issues
    assert (issue.path, issue.severity) == ("b.jsonl", "error")
    assert issue.message.startswith("This run could not be read: ValueError: no such luck. Hint: ")
    assert lib.progress.done == 3
