"""verl's console log, as ``tee`` or W&B's ``output.log`` keep it: step lines among anything else.

It holds no times, so runs from it have no wall time.
"""

from __future__ import annotations

from pathlib import PurePosixPath

import polars as pl

from rlcompare.readers import text
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume, Scalar
from rlcompare.readers.verl_config import SOUGHT_BYTES, read_printed_config
from rlcompare.readers.verl_lines import read_step_lines

SUFFIXES = (".log", ".txt", ".out")

#: Console-like files of others: W&B's own logs and package list, Spinning Up's table, git and build files.
NOT_CONSOLES = frozenset({"debug.log", "debug-internal.log", "debug-core.log", "progress.txt", "requirements.txt"})


def claim(file: LogFile, folder: Folder) -> Claim | None:
    """Claim text files with a console log's suffix, tentatively: only a whole read tells."""
    if file.relative.suffix.lower() not in SUFFIXES or file.name in NOT_CONSOLES:
        return None
    if file.name == "log.txt" and not folder.files.isdisjoint({"progress.csv", "progress.json"}):
        return None  # Stable-Baselines3 prints its tables there
    if b"\0" in file.head and text.refuse(file, None) is None:
        return None
    run = _wandb_run(file.relative)
    if run is not None and run.name == "latest-run":
        return None  # W&B's link to the newest of its neighbours
    return Claim(run or file.relative, tentative=True)


def _wandb_run(relative: PurePosixPath) -> PurePosixPath | None:
    """Name the run folder of ``wandb/<run>/files/output.log``."""
    folder = relative.parent.parent
    if relative.parts[-2:] == ("files", "output.log") and folder.parent.name == "wandb":
        return folder
    return None


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read the step lines, and the configuration printed before them."""
    refused = text.refuse(file, resume)
    if refused:
        return refused
    issues = IssueList(file)
    line: int = resume.state["line"] if resume else 1
    noted: set[str] = set(resume.state["left_out"]) if resume else set()
    offset, tail = resume.offset if resume else 0, b""
    tables: list[pl.DataFrame] = []
    left_out: set[str] = set()
    for lines in text.blocks(file, offset):
        rows = read_step_lines(lines.data, line, issues)
        if rows.frame.height:
            tables.append(rows.frame)
        left_out |= set(rows.left_out)
        line += rows.n_lines
        offset, tail = lines.offset, lines.tail
    text.left_out_note(issues, left_out - noted)
    config: dict[str, Scalar] = {}
    sought: bool = not resume or resume.state["config_sought"]
    if sought:
        config, sought = _printed_config(file, issues, training=bool(tables))
    return Chunk(
        tables=(pl.concat(tables, how="diagonal"),) if tables else (),
        offset=offset,
        state={"line": line, "left_out": sorted(left_out | noted), "config_sought": sought},
        config=config,
        issues=issues.done(),
        pending=text.pending_line(issues, tail, line) if b"step:" in tail else None,
        step_unit="step",
        framework="verl",
    )


def _printed_config(file: LogFile, issues: IssueList, training: bool) -> tuple[dict[str, Scalar], bool]:
    """Read the configuration, and whether it is to be sought again at the next read: it stands before any step."""
    with file.open() as stream:
        head = stream.read(SOUGHT_BYTES)
    printed = read_printed_config(head)
    if printed.problem:
        issues.add(
            f"line {printed.line}",
            f"verl's configuration begins here, but {printed.problem}; the run is shown without it.",
            "note",
        )
    return printed.values, not printed.whole and not (training and not printed.line)


READER = Reader(
    name="verl_console",
    title="verl console log, as `tee` keeps it",
    files="`*.log`, `*.txt`, `*.out`, W&B's `output.log`: lines `step:N - key:value - …`",
    appends=True,
    claim=claim,
    read=read,
)
