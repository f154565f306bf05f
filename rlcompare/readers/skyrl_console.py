"""SkyRL's console: ``Step 3: `` and, from the next line on, a dict that ``pprint`` wraps.

``ConsoleLogger`` in ``skyrl/train/utils/tracking.py`` prints each float as text of four decimals, ``'0.1235'``, and
loguru begins the first line with a time and the place in the code. Run by Ray, each line carries its worker's prefix.
"""

from __future__ import annotations

import re

from rlcompare.readers import text
from rlcompare.readers.base import IssueList
from rlcompare.readers.console_lines import (
    LONGEST_RECORD,
    Mark,
    Records,
    find_marks,
    is_logged,
    last_lines,
    without_colours,
    worker_prefix,
)
from rlcompare.readers.printed_dicts import read_dict
from rlcompare.readers.text import Rows

MARK = re.compile(rb"Step (\d{1,18}): ?(?:\x1b\[[0-9;]*m)?\r?\n")


def read_skyrl_steps(data: bytes, first_line: int, issues: IssueList) -> Rows:
    """Parse SkyRL's records among anything else; ``data`` begins at line ``first_line``.

    A record whose dict does not parse or has no end is an issue and left out.
    """
    records = Records()
    for mark in find_marks(MARK, data, first_line):
        if not is_logged(mark.before):
            continue
        printed = "\n".join(_dict_lines(data, mark)[0])
        read = read_dict(printed)
        where = f"line {mark.line}"
        if read is None:
            found = text.shown(printed) if printed else "none"
            issues.add(where, f"Expected a Python dict below 'Step {int(mark.match[1])}:', found {found}; left out.")
            continue
        if read.twice:
            issues.add(where, f"The key {text.shown(read.twice)} stands twice; the last value counts.")
        records.add(mark, int(mark.match[1]), {key: _number(value) for key, value in read.values.items()})
    return records.rows(issues)


def open_at(data: bytes) -> int:
    """Find where the last record begins if it may go on behind ``data``, which ends in a line end; else the length."""
    start = last_lines(data)
    for mark in find_marks(MARK, data[start:], 1):
        if is_logged(mark.before) and not _dict_lines(data[start:], mark)[1]:
            return start + mark.start
    return len(data)


def _dict_lines(data: bytes, mark: Mark) -> tuple[list[str], bool]:
    """Gather the lines of the dict below a mark, those of its worker only, and tell whether nothing can follow.

    A line that is none of the dict's ends it.
    """
    prefix = worker_prefix(data, mark.start)
    lines: list[str] = []
    at, last = mark.end + 1, mark.start + LONGEST_RECORD
    while at < min(len(data), last):
        end = data.find(b"\n", at)
        own = worker_prefix(data, at) == prefix
        line = without_colours(data[at + len(prefix) : end].rstrip()).decode(errors="replace") if own else ""
        at = end + 1
        if not own:
            continue
        if not line.startswith(" " if lines else "{"):
            return lines, True
        lines.append(line)
        if line.endswith("}") and read_dict("\n".join(lines)) is not None:
            return lines, True
    return lines, at >= last


def _number(value: object) -> object:
    return float(value) if isinstance(value, str) and text.NUMBER.fullmatch(value) else value
