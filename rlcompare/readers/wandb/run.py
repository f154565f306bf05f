"""W&B run folders: ``run-<id>.wandb`` with history, configuration and, where there is no history, console text.

A folder without ``wandb`` installed is read all the same: the framing and the few records that matter are decoded here.
Whatever names a person or a machine is left out. A killed run's file ends anywhere, often at a multiple of 32 KiB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import polars as pl

from rlcompare.errors import ReadIssue
from rlcompare.metrics import guess_framework, step_unit_of
from rlcompare.readers import logic_rl_samples, text
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume, Scalar
from rlcompare.readers.configfiles import flatten
from rlcompare.readers.console import STEP_UNIT, ConsoleText, end_of_records
from rlcompare.readers.leveldb_log import scan
from rlcompare.readers.wandb import wire
from rlcompare.readers.wandb.history import Definitions, History

#: ``:W&B``, 0xBEE1 and a version.
HEAD = b":W&B\xe1\xbe\x00"

_NAME = re.compile(r"run-(.+)\.wandb")

#: Texts of a run record, by field number, and what they are called in the configuration.
_ABOUT = {1: "id", 3: "project", 6: "group", 7: "job_type", 8: "name", 10: "tags", 12: "sweep_id"}


def claim(file: LogFile, folder: Folder) -> Claim | tuple[Claim, ...] | None:
    """Claim ``run-<id>.wandb``, for the folder that holds it; its console text is another source of the run.

    ``latest-run`` is W&B's link to the newest of its neighbours: a copy of it counts only where that one is not there.
    """
    named = _NAME.fullmatch(file.name)
    if not named or not file.is_plain or (file.size and not file.head.startswith(HEAD[:4])):
        return None
    if folder.relative.name == "latest-run" and folder.parent is not None:
        beside = folder.parent.folders - {"latest-run"}
        if any(name.endswith(f"-{named[1]}") for name in beside):
            return ()
    return (Claim(folder.relative), Claim(folder.relative, tentative=True, reader=CONSOLE_READER))


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read new records: history, configuration, metric definitions and how the run ended."""
    issues = IssueList(file)
    state: dict[str, Any] = dict(resume.state) if resume else {}
    definitions = Definitions(**state.get("definitions", {}))
    history = History(definitions, state.get("step", ""), state.get("reached"))
    config: dict[str, Scalar] = {}
    finished = bool(state.get("finished"))
    records = _Records(file, resume, issues)
    for record in records:
        if history.add(record):
            continue
        for kind, content in wire.fields(record):
            if kind == wire.HISTORY:
                history.add_decoded(content)
            elif kind == wire.METRIC:
                definitions.add(content)
            elif kind == wire.CONFIG:
                config |= _config(content)
            elif kind == wire.RUN:
                config |= _about(content)
            elif kind == wire.EXIT:
                finished = not dict(wire.fields(content)).get(1, 0)
    noted = set(state.get("left_out", []))
    text.left_out_note(issues, history.left_out - noted)
    tables = history.tables(issues) if history.n_rows else ()
    framework = guess_framework(key for table in tables for key in table.columns)
    return Chunk(
        tables,
        records.offset,
        state={
            "definitions": asdict(definitions),
            "step": history.step,
            "reached": history.reached,
            "finished": finished,
            "left_out": sorted(noted | history.left_out),
        },
        config=config,
        issues=issues.done(),
        pending=records.pending,
        step_unit=step_unit_of(framework) or ("step" if tables and history.step != "_step" else ""),
        framework=framework,
        finished=finished,
    )


def read_console(file: LogFile, resume: Resume | None) -> Chunk:
    """Read the console text that the file holds as a console log, with the time at which W&B took each line up.

    Its samples have no texts that could be found again, and are left to ``files/output.log`` where that is there too.
    """
    issues = IssueList(file)
    state: dict[str, Any] = dict(resume.state) if resume else {}
    found = ConsoleText.of(state["console"]) if state else ConsoleText()
    noted = set(found.left_out)
    times: list[float] = list(state.get("times", []))
    pieces: list[str] = [state.get("held", "")]
    records = _Records(file, resume, IssueList(file))
    for record in records:
        for kind, content in wire.fields(record):
            if kind in (wire.OUTPUT, wire.OUTPUT_RAW):
                told = dict(wire.fields(content))
                piece = told.get(3, b"").decode("utf-8", "replace")
                pieces.append(piece)
                times += [wire.timestamp(told.get(2, b""))] * piece.count("\n")
    data = "".join(pieces).encode("utf-8", "replace")
    end = end_of_records(data[: data.rfind(b"\n") + 1])
    n_lines = data.count(b"\n", 0, end)
    if end:
        found.take(data[:end], 0, issues, times[:n_lines])
    text.left_out_note(issues, set(found.left_out) - noted)
    samples = None
    if found.samples and not (file.path.parent / "files" / "output.log").is_file():
        samples = logic_rl_samples.frame(found.samples)
    return Chunk(
        found.joined,
        records.offset,
        state={"console": found.state(), "held": data[end:].decode("utf-8", "replace"), "times": times[n_lines:]},
        issues=issues.done(),
        samples=None if samples is None else samples.with_columns(pl.lit(None, pl.Int64).alias("place")),
        step_unit=STEP_UNIT if found.framework else "",
        framework=found.framework,
    )


class _Records:
    """Whole records of a file from where the last read stopped; damage becomes issues."""

    def __init__(self, file: LogFile, resume: Resume | None, issues: IssueList) -> None:
        self._issues = issues
        self._found: list[tuple[int, bytes]] = []
        self.offset = resume.offset if resume else 0
        self.pending: ReadIssue | None = None
        with file.open() as stream:
            stream.seek(self.offset)
            data = stream.read()
        if not self.offset:
            if len(data) < len(HEAD):
                message = "The file is empty: W&B has written nothing to it, or was killed before it did."
                self.pending = issues.pending("", "The file's head is not whole yet." if data else message)
                return
            if not data.startswith(HEAD[:6]):
                issues.add("byte 0", f"Expected a .wandb file, found {text.shown(data[:16])}.", "error")
                self.offset = len(data)
                return
            self.offset, data = len(HEAD), data[len(HEAD) :]
        found = scan(data, self.offset)
        self._found, self.offset = found.records, found.offset
        for problem in found.problems:
            issues.add(f"byte {problem.at}", problem.message, problem.severity)
        if found.pending is not None:
            at, message, severity = found.pending.at, found.pending.message, found.pending.severity
            self.pending = ReadIssue(str(file.relative), f"byte {at}", message, severity)

    def __iter__(self) -> Iterator[bytes]:
        for at, record in self._found:
            try:
                for _ in wire.fields(record):
                    pass
            except (IndexError, ValueError) as error:
                self._issues.add(f"byte {at}", f"Expected a record, found bytes that are none: {error}.")
                continue
            yield record


def _config(record: bytes) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for number, content in wire.fields(record):
        if number == 1:
            path, value = wire.item(content)
            if path and path[0] != "_wandb":
                found |= flatten({".".join(path): value})
    return found


def _about(record: bytes) -> dict[str, Scalar]:
    """Take from a run record its configuration and what it is called; nothing of who ran it and where."""
    found: dict[str, Scalar] = {}
    told = wire.texts(record)
    for number, content in wire.fields(record):
        if number == 4:
            found |= _config(content)
    for number, name in _ABOUT.items():
        if told.get(number):
            found[f"wandb.{name}"] = ", ".join(told[number])
    return found


READER = Reader(
    name="wandb",
    title="W&B run folders, online and offline",
    files="`wandb/run-*/run-*.wandb`",
    appends=True,
    claim=claim,
    read=read,
)

#: Given its files by :data:`READER`.
CONSOLE_READER = Reader(
    name="wandb_console",
    title="Console text in W&B run folders",
    files="the same, where a killed run has no history",
    appends=True,
    claim=lambda file, folder: None,  # noqa: ARG005
    read=read_console,
    is_exact=False,
)
