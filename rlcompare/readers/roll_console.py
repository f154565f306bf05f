"""ROLL's console: ``metrics_tag: {"step": 3, "metrics": {…}}``, JSON on one line.

``StdoutTracker`` in ``roll/utils/tracking.py`` logs it, where ``track_with: stdout`` asks for it; the logger puts time,
file, rank and process in brackets before it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

import polars as pl

from rlcompare.readers import ndjson, text
from rlcompare.readers.base import IssueList
from rlcompare.readers.console_lines import find_marks, may_stand_before, without_colours
from rlcompare.readers.steps import with_steps
from rlcompare.readers.text import Rows
from rlcompare.schema import LOG_INDEX, STEP, WALL_TIME

MARK = re.compile(rb'metrics_tag: (?=\{"step")')

_METRICS = "metrics/"


def read_roll_lines(data: bytes, first_line: int, issues: IssueList) -> Rows:
    """Parse ROLL's lines among anything else; ``data`` begins at line ``first_line``.

    A line that is no JSON, or has no step, is an issue and left out.
    """
    pieces: list[bytes] = []
    times: dict[int, float | None] = {}
    line = first_line
    for mark in find_marks(MARK, data, first_line):
        if may_stand_before(mark.before):
            # As many line ends between the records as in the file: issues then name its lines.
            pieces += [b"\n" * (mark.line - line), without_colours(data[mark.match.end() : mark.end].rstrip())]
            line = mark.line
            times[line] = mark.wall_time
    rows = ndjson.read_rows(b"".join(pieces), issues, first_line=first_line, index={STEP})
    left_out = tuple(name.removeprefix(_METRICS) for name in rows.left_out)
    rows = replace(rows, left_out=left_out)
    if not rows.frame.height:
        return rows
    placed = with_steps(rows, STEP, issues)
    frame = placed.frame.rename({name: _plain(name, placed.frame.columns) for name in placed.frame.columns})
    stamps = pl.Series(WALL_TIME, [times[number] for number in placed.lines], dtype=pl.Float64)
    return replace(placed, frame=text.without_empty(frame.with_columns(stamps)))


def _plain(name: str, others: Collection[str]) -> str:
    """Name a metric as it is logged to other trackers."""
    plain = name.removeprefix(_METRICS)
    if plain != name and plain in LOG_INDEX:
        return f"{plain} (logged)"
    return name if plain in others else plain
