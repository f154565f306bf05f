"""verl's file logger: ``{"step": 3, "data": {"actor/pg_loss": 0.1, …}}``, one line a step.

``FileLogger`` in ``verl/utils/tracking.py`` opens the file anew at each start, so a restart truncates it. It writes
with orjson, which makes NaN and infinities ``null``: they cannot be told from values that were not logged.
"""

from __future__ import annotations

import re

from rlcompare.readers import ndjson, text
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume
from rlcompare.readers.steps import with_steps

_FIRST_LINE = re.compile(r'\s*\{\s*"step"\s*:\s*-?\d+\s*,\s*"data"\s*:\s*\{')
_DATA = "data/"


def claim(file: LogFile, folder: Folder) -> Claim | None:  # noqa: ARG001
    """Claim JSON lines whose first line begins as verl's do; each file is a run."""
    if file.relative.suffix != ".jsonl":
        return None
    first = next(iter(text.head_lines(file)), "")
    return Claim(file.relative) if _FIRST_LINE.match(first) else None


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read the lines; keys are those of ``data``."""
    refused = text.refuse(file, resume)
    if refused:
        return refused
    issues = IssueList(file)
    first_line = resume.state["line"] if resume else 1
    lines = ndjson.accept_tail(text.complete_lines(file, resume.offset if resume else 0))
    rows = ndjson.read_rows(lines.data, issues, first_line=first_line, index={"step"})
    noted = set(resume.state["left_out"]) if resume else set()
    text.left_out_note(issues, {name.removeprefix(_DATA) for name in rows.left_out} - noted)
    log = with_steps(rows, "step", issues).frame
    names = {name: name.removeprefix(_DATA) for name in log.columns}
    log = log.rename({name: plain for name, plain in names.items() if plain == name or plain not in log.columns})
    line = first_line + rows.n_lines
    return Chunk(
        tables=(log,) if log.height else (),
        offset=lines.offset,
        state={"line": line, "left_out": sorted(noted | {name.removeprefix(_DATA) for name in rows.left_out})},
        issues=issues.done(),
        pending=text.pending_line(issues, lines.tail, line),
        step_unit="step",
        framework="verl",
    )


READER = Reader(
    name="verl_jsonl",
    title="verl file logger",
    files='`*.jsonl` with lines `{"step": N, "data": {…}}`',
    appends=True,
    claim=claim,
    read=read,
)
