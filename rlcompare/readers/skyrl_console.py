"""SkyRL's console: ``Step 3: `` and, from the next line on, a dict that ``pprint`` wraps.

``ConsoleLogger`` in ``skyrl/train/utils/tracking.py`` prints each float as text of four decimals, ``'0.1235'``, and
loguru begins the first line with a time and the place in the code. Run by Ray, each line carries its worker's prefix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rlcompare.readers import text
from rlcompare.readers.base import IssueList
from rlcompare.readers.console_lines import (
    LONGEST_RECORD,
    Mark,
    Records,
    find_marks,
    is_logged,
    last_lines,
    own_lines,
    without_colours,
    worker_prefix,
)
from rlcompare.readers.printed_dicts import PrintedDict, read_dict
from rlcompare.readers.text import Rows

MARK = re.compile(rb"Step (\d{1,18}): ?(?:\x1b\[[0-9;]*m)?\r?\n")


#: A line that is none of a dict's, which pprint indents by a space.
_FOREIGN = re.compile(r"\n(?! |\Z)")


@dataclass(frozen=True)
class _Record:
    """What stands below a mark: the dict, if it is one, as it was printed, and whether nothing of it can follow."""

    read: PrintedDict | None
    printed: str
    closed: bool


def read_skyrl_steps(data: bytes, first_line: int, issues: IssueList) -> Rows:
    """Parse SkyRL's records among anything else; ``data`` begins at line ``first_line``.

    A record whose dict does not parse or has no end is an issue and left out.
    """
    records = Records()
    for mark in find_marks(MARK, data, first_line):
        if not is_logged(mark.before):
            continue
        record = _record(data, mark)
        where = f"line {mark.line}"
        if record.read is None:
            found = text.shown(record.printed) if record.printed else "none"
            issues.add(where, f"Expected a Python dict below 'Step {int(mark.match[1])}:', found {found}; left out.")
            continue
        if record.read.twice:
            issues.add(where, f"The key {text.shown(record.read.twice)} stands twice; the last value counts.")
        values = record.read.values.items()
        records.add(mark, int(mark.match[1]), {key: _number(value) for key, value in values})
    return records.rows(issues)


def open_at(data: bytes) -> int:
    """Find where the last record begins if it may go on behind ``data``, which ends in a line end; else the length."""
    start = last_lines(data)
    data = data[start:]
    for mark in find_marks(MARK, data, 1):
        if is_logged(mark.before) and not _record(data, mark).closed:
            return start + mark.start
    return start + len(data)


def _record(data: bytes, mark: Mark) -> _Record:
    prefix = worker_prefix(data, mark.start)
    begin, brace = mark.end + 1, mark.end
    last = min(len(data), mark.start + LONGEST_RECORD)
    while (brace := data.find(b"}", brace + 1, last)) >= 0:
        brace = data.find(b"\n", brace)
        printed, is_cut = _printed(data[begin:brace], prefix)
        read = None if is_cut else read_dict(printed)
        if is_cut or read is not None:
            return _Record(read, printed, closed=True)
    printed, is_cut = _printed(data[begin:last], prefix)
    return _Record(None, printed, closed=is_cut or last == mark.start + LONGEST_RECORD)


def _printed(data: bytes, prefix: bytes) -> tuple[str, bool]:
    """Take the lines of a dict from those below its mark, and tell whether something else follows them."""
    own = without_colours(own_lines(data, prefix)).replace(b"\r", b"").decode(errors="replace")
    if own and not own.startswith("{"):
        return "", True
    cut = _FOREIGN.search(own)
    return (own[: cut.start()], True) if cut else (own, False)


def _number(value: object) -> object:
    return float(value) if isinstance(value, str) and text.NUMBER.fullmatch(value) else value
