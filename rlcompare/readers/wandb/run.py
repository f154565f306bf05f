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
from rlcompare.readers.wandb.history import History
from rlcompare.readers.wandb.placing import Placing
from rlcompare.readers.wandb_folder import repeats_a_neighbour

#: ``:W&B``, 0xBEE1 and a version.
HEAD = b":W&B\xe1\xbe\x00"

_NAME = re.compile(r"run-.+\.wandb")

#: Beside those that a record's first bytes tell.
_LARGE_KINDS = (wire.RUN, wire.EXIT, wire.ENVIRONMENT)

_EXPECTED = "Expected a record, found bytes that are none"

#: Texts of a run record, by field number, and what they are called in the configuration.
_ABOUT = {1: "id", 3: "project", 6: "group", 7: "job_type", 8: "name", 10: "tags", 12: "sweep_id"}


def claim(file: LogFile, folder: Folder) -> Claim | tuple[Claim, ...] | None:
    """Claim W&B's run files, by name or by their first bytes; the console text in one is another source of the run.

    The run is the folder, or the file itself where several were gathered in one folder.
    """
    if file.relative.suffix != ".wandb" or not (_NAME.fullmatch(file.name) or file.head.startswith(HEAD[:4])):
        return None
    if repeats_a_neighbour(folder):
        return ()
    alone = sum(name.endswith(".wandb") for name in folder.files) == 1
    run = folder.relative if alone else file.relative
    return (Claim(run), Claim(run, tentative=True, reader=CONSOLE_READER))


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read new records: history, configuration, metric definitions and how the run ended."""
    issues = IssueList(file)
    state: dict[str, Any] = dict(resume.state) if resume else {}
    placing = Placing(**state.get("placing", {}))
    history = History(placing)
    config: dict[str, Scalar] = {}
    finished = bool(state.get("finished"))
    records = _Records(file, resume, issues)
    for at, kind, content in records.of(wire.HISTORY, wire.METRIC, wire.CONFIG, *_LARGE_KINDS):
        if kind == wire.HISTORY:
            history.add(content, at)
            continue
        try:
            if kind == wire.METRIC:
                placing.define(content)
            elif kind == wire.CONFIG:
                config |= _config(content)
            elif kind == wire.RUN:
                config |= _about(content)
            elif kind == wire.ENVIRONMENT:
                config |= _code(content)
            else:
                finished = not wire.integers(content).get(1, 0)
        except wire.MALFORMED as error:
            issues.add(f"byte {at}", f"{_EXPECTED}: {error}.")
    tables = history.tables(issues)
    noted = set(state.get("left_out", []))
    text.left_out_note(issues, history.left_out - noted)
    framework = guess_framework(key for table in tables for key in table.columns)
    return Chunk(
        tables,
        records.offset,
        state={
            "placing": asdict(placing),
            "finished": finished,
            "left_out": sorted(noted | history.left_out),
        },
        config=config,
        issues=issues.done(),
        pending=records.pending,
        step_unit=step_unit_of(framework) or placing.step_unit,
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
    records = _Records(file, resume, IssueList(file))  # whose issues are the other reader's
    for at, _, content in records.of(wire.OUTPUT, wire.OUTPUT_RAW):
        try:
            told = dict(wire.parts(content))
            piece = told.get(3, b"").decode("utf-8", "replace")
            times += [wire.timestamp(told.get(2, b""))] * piece.count("\n")
        except wire.MALFORMED as error:
            issues.add(f"byte {at}", f"{_EXPECTED}: {error}.")
        else:
            pieces.append(piece)
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

    def of(self, *kinds: int) -> Iterator[tuple[int, int, bytes]]:
        """Yield the records of some kinds: the byte at which each begins, its kind and its content."""
        for at, record in self._found:
            try:
                kind = wire.leading_kind(record)
                if not kind or kind in kinds:
                    for number, content in wire.parts(record):
                        if number in kinds:
                            yield at, number, content
            except wire.MALFORMED as error:
                self._issues.add(f"byte {at}", f"{_EXPECTED}: {error}.")


def _config(record: bytes) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for number, content in wire.parts(record):
        if number == 1:
            path, value = wire.item(content)
            if path and path[0] != "_wandb":
                found |= flatten({".".join(path): value})
    return found


def _about(record: bytes) -> dict[str, Scalar]:
    """Take from a run record its configuration and what it is called; nothing of who ran it and where."""
    told = wire.texts(record)
    found: dict[str, Scalar] = {}
    for number, content in wire.parts(record):
        if number == 4:
            found |= _config(content)
        elif number == 21:
            found |= _commit(content)
    return found | {
        f"wandb.{name}": ", ".join(told[number]) for number, name in _ABOUT.items() if any(told.get(number, []))
    }


def _code(record: bytes) -> dict[str, Scalar]:
    """Take from an environment record which code ran: its path in the repository, not that on the machine."""
    found: dict[str, Scalar] = {}
    for number, content in wire.parts(record):
        if number == 7 and content:
            found["wandb.program"] = content.decode("utf-8", "replace")
        elif number == 9:
            found |= _commit(content)
    return found


def _commit(repository: bytes) -> dict[str, Scalar]:
    commit = wire.texts(repository).get(2, [""])[0]
    return {"wandb.commit": commit} if commit else {}


READER = Reader(
    name="wandb",
    title="W&B run folders, online and offline",
    files="`wandb/run-*/run-*.wandb`, or any `*.wandb`",
    appends=True,
    claim=claim,
    read=read,
    version=2,
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
    version=2,
)
