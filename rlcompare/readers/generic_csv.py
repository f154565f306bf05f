"""Any CSV or TSV with a header that has a step column; see :mod:`rlcompare.readers.axes` for its names.

Lightning's ``CSVLogger`` and Keras's ``CSVLogger`` write such tables; Lightning's is told by the folder it makes.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from rlcompare.readers import delimited, text
from rlcompare.readers.axes import choose_axes, has_step_column
from rlcompare.readers.base import HEAD_BYTES, Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume
from rlcompare.readers.generic import Known, is_rubbish_under_a_known_name, run_of

#: ``<name>/version_3/metrics.csv`` (``lightning/fabric/loggers/csv_logs.py``).
_LIGHTNING_FOLDER = re.compile(r"version_\d+")


def claim(file: LogFile, folder: Folder) -> Claim | None:  # noqa: ARG001
    """Claim tables whose header has a step column that, as far as the head shows, holds whole numbers."""
    name = file.name.lower()
    if not (name.endswith((".csv", ".tsv")) or name == "progress.txt") or name.endswith(".monitor.csv"):
        return None
    if is_rubbish_under_a_known_name(file):
        return Claim(run_of(file))
    *lines, last = text.head_lines(file) or [""]
    if not lines and len(file.head) == HEAD_BYTES:
        lines = [last]  # a header longer than the head; else the last line is not written to its end
    lines = [line.removesuffix("\r") for line in lines if line.strip()]
    if not lines:
        return None
    separator = _separator(lines[0])
    header = delimited.split_header(lines[0].encode(), separator, IssueList(file))
    if len(header) < 2 or not has_step_column(header):
        return None
    records = [*delimited.as_records(lines[1:], header, separator)]
    return Claim(run_of(file)) if not records or choose_axes(records) else None


def _separator(header: str) -> str:
    return "\t" if "\t" in header else ","


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read the rows below the header."""
    refused = text.refuse(file, resume)
    if refused:
        return refused
    issues = IssueList(file)
    known = Known.of(resume)
    separator = _separator(next((line for line in text.head_lines(file) if line.strip()), ""))
    body = delimited.open_body(file, resume, separator, issues)
    known.choose(delimited.iter_records(body))
    if _is_lightning(file, body.columns):
        known.framework = "Lightning"
    table = delimited.read_table(body, issues, index=known.index)
    tables = known.log(table.rows, issues)
    return Chunk(
        tables=tables,
        offset=table.offset,
        state=table.state | known.state(),
        issues=issues.done(),
        pending=table.pending,
        step_unit=known.step_unit,
        framework=known.framework,
    )


def _is_lightning(file: LogFile, columns: Collection[str]) -> bool:
    folder = file.path.parent.name
    return file.name == "metrics.csv" and "step" in columns and bool(_LIGHTNING_FOLDER.fullmatch(folder))


READER = Reader(
    name="csv",
    title="CSV or TSV with a step column",
    files="`*.csv`, `*.tsv`, `progress.txt`",
    appends=True,
    claim=claim,
    read=read,
    version=2,
)
