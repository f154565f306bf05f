"""Spinning Up's ``progress.txt``: tab-separated, one row an epoch, with ``config.json`` beside it.

``Logger`` (``spinup/utils/logx.py``) opens the file anew at each start, so a restart truncates it, and fixes the
columns with the first row. ``Time`` counts seconds since the start of the training: there is no wall time.
"""

from __future__ import annotations

from rlcompare.readers import delimited, text
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume
from rlcompare.readers.steps import with_steps

FILE_NAME = "progress.txt"

#: Environment steps of all processes together.
STEP_KEY = "TotalEnvInteracts"


def claim(file: LogFile, folder: Folder) -> Claim | None:
    """Claim ``progress.txt`` with the step among its columns, for the folder that holds it.

    A training that was stopped in its first epoch leaves it empty, and is no run yet.
    """
    if file.name != FILE_NAME:
        return None
    first, *below = text.head_lines(file) or [""]
    columns = {cell.strip() for cell in first.split("\t")}
    return Claim(run=folder.relative) if below and STEP_KEY in columns else None


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read the rows below the header."""
    refused = text.refuse(file, resume)
    if refused:
        return refused
    issues = IssueList(file)
    noted: list[str] = resume.state["left_out"] if resume else []
    body = delimited.open_body(file, resume, "\t", issues)
    table = delimited.read_table(body, issues, index={STEP_KEY})
    text.left_out_note(issues, set(table.rows.left_out).difference(noted))
    log = with_steps(table.rows, STEP_KEY, issues).frame
    return Chunk(
        tables=(log,) if log.height else (),
        offset=table.offset,
        state={**table.state, "left_out": sorted({*noted, *table.rows.left_out})},
        issues=issues.done(),
        pending=table.pending,
        step_unit="env step",
        framework="Spinning Up",
    )


READER = Reader(
    name="spinningup",
    title="Spinning Up progress",
    files="`progress.txt`",
    appends=True,
    claim=claim,
    read=read,
)
