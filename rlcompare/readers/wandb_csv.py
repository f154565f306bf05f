"""W&B's CSV export of a chart: a step column, then ``<run> - <metric>`` and its ``__MIN`` and ``__MAX`` for each run.

A run's own name may hold `` - ``, ``/`` and ``:``, so a column is cut at the last `` - ``. The least and largest value
are of the records that the export put together at one step; where it put none together they repeat the value and are
left out.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from rlcompare.readers import delimited, text
from rlcompare.readers.axes import STEP_COLUMNS
from rlcompare.readers.base import HEAD_BYTES, Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume
from rlcompare.readers.steps import with_steps

BETWEEN = " - "
_ENDS = ("__MIN", "__MAX")


def claim(file: LogFile, folder: Folder) -> Claim | tuple[Claim, ...] | None:  # noqa: ARG001
    """Claim a quoted CSV whose columns behind the first come in threes, for each run among them."""
    if not file.name.lower().endswith(".csv"):
        return None
    header, *below = text.head_lines(file) or [""]
    if not header.startswith('"') or (not below and len(file.head) == HEAD_BYTES):
        return None
    columns = delimited.split_header(header.rstrip("\r").encode(), ",", IssueList(file))
    if len(columns) < 4 or _step_unit(columns[0]) is None:
        return None
    plain = [column for column in columns[1:] if not column.endswith(_ENDS)]
    if not plain or not all(BETWEEN in column and {column + end for end in _ENDS} <= {*columns} for column in plain):
        return None
    runs = list(dict.fromkeys(column.rpartition(BETWEEN)[0] for column in plain))
    if len(runs) == 1:
        return Claim(file.relative, within=runs[0], name=runs[0])
    # A run's name is no path: a slash or two dots in it must not lead elsewhere.
    return tuple(
        Claim(file.relative / f"{number} {run.replace('/', '_')}", within=run, name=run)
        for number, run in enumerate(runs, 1)
    )


def _step_unit(column: str) -> str | None:
    return STEP_COLUMNS.get(column.strip().lower())


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read one run's columns, under the metrics' own names."""
    refused = text.refuse(file, resume)
    if refused:
        return refused
    issues = IssueList(file)
    body = delimited.open_body(file, None, ",", issues)
    if not body.columns:
        return Chunk((), 0, pending=issues.pending("line 1", "The header has no end yet."))
    step = body.columns[0]
    table = delimited.read_table(body, issues, index={step})
    if step not in table.rows.frame.columns:
        return Chunk((), table.offset, issues=issues.done(), pending=table.pending)
    front = f"{file.within}{BETWEEN}"
    own = [column for column in table.rows.frame.columns if column.startswith(front) and _run(column) == file.within]
    logged = pl.any_horizontal(pl.col(own).is_not_null()) if own else pl.lit(value=False)
    frame = table.rows.frame.select(step, *own)
    kept = frame.select(logged.alias("kept"))["kept"]
    rows = replace(table.rows, frame=frame.filter(kept), lines=table.rows.lines.filter(kept), left_out=())
    log = with_steps(rows, step, issues).frame
    same = [
        column
        for column in log.columns
        if column.endswith(_ENDS) and log[column].equals(log.get_column(column[:-5], default=log[column].clear()))
    ]
    log = log.drop(same)
    log = log.rename({column: column.removeprefix(front) for column in log.columns})
    return Chunk(
        (log,) if log.height else (),
        table.offset,
        issues=issues.done(),
        pending=table.pending,
        step_unit=_step_unit(step) or "",
    )


def _run(column: str) -> str:
    for end in _ENDS:
        column = column.removesuffix(end)
    return column.rpartition(BETWEEN)[0]


READER = Reader(
    name="wandb_csv",
    title="W&B's CSV export of a chart",
    files='`*.csv` with columns `"Step"`, `"<run> - <metric>"`',
    appends=False,
    claim=claim,
    read=read,
)
