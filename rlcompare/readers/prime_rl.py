"""prime-rl's ``metrics.jsonl``: ``{"step": 3, "time": 1755850000.1, "optim/lr": 1e-06, …}``.

``FileMonitor`` (src/prime_rl/monitors/file.py) appends a line a call, so that a step has several; values that are not
finite are left out. The trainer and the orchestrator write into the same file, the one some steps behind the other.
Where both have a metric of one name, it is called ``trainer/time/step`` and ``orchestrator/time/step`` here: taken for
one they would look like a training that goes back at every step.
"""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl

from rlcompare.readers import ndjson, text
from rlcompare.readers.axes import place_rows
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume

FILE_NAME = "metrics.jsonl"

STEP, TIME = "step", "time"

#: Metrics that both processes log, and those by which a row shows whose it is.
OF_BOTH = ("time/step", "time/save_ckpt")
SIGNS = {
    "orchestrator": ("time/wait_for_policy", "progress/total_rollouts"),
    "trainer": ("time/wait_for_batch", "time/forward_backward"),
}

_FIRST_KEYS = re.compile(r'\s*\{"step": \d+(?:\.0)?, "time": \d{10}\.')
_OWN_KEYS = ("time/wait_for_", "time/forward_backward", "perf/throughput_per_gpu", "/effective/", "mismatch_kl/")


def claim(file: LogFile, folder: Folder) -> Claim | None:
    """Claim ``metrics.jsonl`` with lines that begin as prime-rl's do and a key of its own in the head."""
    if file.name != FILE_NAME:
        return None
    lines = text.head_lines(file)
    if not lines or not _FIRST_KEYS.match(lines[0]) or not any(key in line for line in lines for key in _OWN_KEYS):
        return None
    return Claim(folder.relative)


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read the records."""
    refused = text.refuse(file, resume)
    if refused:
        return refused
    issues = IssueList(file)
    first_line: int = resume.state["line"] if resume else 1
    noted = set(resume.state["left_out"]) if resume else set()
    lines = ndjson.accept_tail(text.complete_lines(file, resume.offset if resume else 0))
    rows = ndjson.read_rows(lines.data, issues, first_line=first_line, index={STEP, TIME})
    text.left_out_note(issues, set(rows.left_out) - noted)
    table = place_rows(replace(rows, frame=_told_apart(rows.frame)), STEP, TIME, issues)
    line = first_line + rows.n_lines
    return Chunk(
        tables=(table,) if table.height else (),
        offset=lines.offset,
        state={"line": line, "left_out": sorted(noted | set(rows.left_out))},
        issues=issues.done(),
        pending=text.pending_line(issues, lines.tail, line),
        step_unit="step",
        framework="prime-rl",
    )


def _told_apart(frame: pl.DataFrame) -> pl.DataFrame:
    """Give what both processes log a name each, by the keys that only one of them has in the same row."""
    for key in [key for key in OF_BOTH if key in frame.columns]:
        nobody = pl.lit(True)
        for process, signs in SIGNS.items():
            known = [sign for sign in signs if sign in frame.columns]
            if known:
                theirs = pl.any_horizontal(pl.col(sign).is_not_null() for sign in known)
                frame = frame.with_columns(pl.when(theirs).then(pl.col(key)).alias(f"{process}/{key}"))
                nobody = nobody & ~theirs
        frame = frame.with_columns(pl.when(nobody).then(pl.col(key)).alias(key))
    return frame


READER = Reader(
    name="prime_rl",
    title="prime-rl",
    files="`metrics.jsonl`",
    appends=True,
    claim=claim,
    read=read,
)
