"""Stable-Baselines3 ``progress.csv`` and ``progress.json``: what its logger dumped, one row a dump.

``CSVOutputFormat`` (stable_baselines3/common/logger.py) rewrites the file in place whenever a new key appears, in the
order of a set; ``JSONOutputFormat`` writes an object a line, with bare NaN. The step of a dump is known only from its
key ``time/total_timesteps``: the algorithms and ``EvalCallback`` record it, a dump of one's own need not. There is no
wall time; ``time/time_elapsed`` is a metric like any other.
"""

from __future__ import annotations

import re
from typing import Any

from rlcompare.errors import ReadIssue
from rlcompare.readers import delimited, ndjson, text
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume
from rlcompare.readers.steps import with_steps
from rlcompare.readers.text import Rows

STEP_KEY = "time/total_timesteps"

#: A header longer than the head of the file may name the step behind its end.
_USUAL = ("rollout/", "train/", "time/")


def claim_csv(file: LogFile, folder: Folder) -> Claim | None:
    """Claim ``progress*.csv`` with the step among its columns, for the folder that holds it."""
    if not re.fullmatch(r"progress.*\.csv", file.name):
        return None
    header, *below = text.head_lines(file) or [""]
    columns = {cell.strip(' "\r') for cell in header.split(",")}
    if STEP_KEY in columns or (not below and any(column.startswith(_USUAL) for column in columns)):
        return Claim(run=folder.relative)
    return None


def claim_json(file: LogFile, folder: Folder) -> Claim | None:
    """Claim ``progress*.json`` with the step among the first records' keys, for the folder that holds it."""
    if not re.fullmatch(r"progress.*\.json", file.name):
        return None
    key = f'"{STEP_KEY}"'
    return Claim(run=folder.relative) if any(key in line for line in text.head_lines(file)) else None


def read_csv(file: LogFile, resume: Resume | None) -> Chunk:
    """Read new rows of a ``progress.csv``; those without a step are left out."""
    refused = text.refuse(file, resume)
    if refused is not None:
        return refused
    issues = IssueList(file)
    body = delimited.open_body(file, resume, ",", issues)
    table = delimited.read_table(body, issues, index={STEP_KEY})
    return _chunk(table.rows, table.offset, table.state, resume, issues, table.pending)


def read_json(file: LogFile, resume: Resume | None) -> Chunk:
    """Read new records of a ``progress.json``; those without a step are left out."""
    refused = text.refuse(file, resume)
    if refused is not None:
        return refused
    issues = IssueList(file)
    lines = text.complete_lines(file, resume.offset if resume else 0)
    first_line = resume.state["line"] if resume else 1
    rows = ndjson.read_rows(lines.data, issues, first_line=first_line, index={STEP_KEY})
    next_line = first_line + lines.n_lines
    pending = text.pending_line(issues, lines.tail, next_line)
    return _chunk(rows, lines.offset, {"line": next_line}, resume, issues, pending)


def _chunk(
    rows: Rows,
    offset: int,
    state: dict[str, Any],
    resume: Resume | None,
    issues: IssueList,
    pending: ReadIssue | None,
) -> Chunk:
    known = resume.state["left_out"] if resume else []
    text.left_out_note(issues, set(rows.left_out).difference(known))
    table = with_steps(rows, STEP_KEY, issues).frame
    return Chunk(
        tables=(table,) if table.height else (),
        offset=offset,
        state={**state, "left_out": sorted({*known, *rows.left_out})},
        issues=issues.done(),
        pending=pending,
        step_unit="env step",
        framework="Stable-Baselines3",
    )


CSV_READER = Reader(
    name="sb3_csv",
    title="Stable-Baselines3 logger, CSV",
    files="`progress.csv`",
    appends=True,
    claim=claim_csv,
    read=read_csv,
)

JSON_READER = Reader(
    name="sb3_json",
    title="Stable-Baselines3 logger, JSON",
    files="`progress.json`",
    appends=True,
    claim=claim_json,
    read=read_json,
)
