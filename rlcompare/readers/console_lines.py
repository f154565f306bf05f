"""What the grammars of console logs share: what may stand before a logged line, and what they make of its records.

Ray forwards what its workers print line by line, each line behind ``(TaskRunner pid=12)`` in colours and a space, and
lines of other workers come in between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from rlcompare.readers.base import IssueList
from rlcompare.readers.columns import Columns
from rlcompare.readers.steps import with_steps
from rlcompare.readers.text import Rows
from rlcompare.schema import WALL_TIME

ANSI = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")

#: No prefix is longer, while a line of 10 MB may hold a grammar's mark everywhere.
LONGEST_BEFORE = 500

#: A record of several lines is given up where its end does not come within so many bytes.
LONGEST_RECORD = 1 << 20

#: What may stand before a logged line: brackets (time stamps, ranks, the end of a progress bar), Ray's
#: ``(TaskRunner pid=12, ip=10.0.0.1)``. Prose in front makes it prose.
_BEFORE = re.compile(rb"(?:.*\]:?|.*\([^()]*pid=\d+[^()]*\))?[ \t]*", re.DOTALL)

#: How the logging and loguru modules are told to begin a line: with the place in the code, ``train.py:12 - ``. The
#: dash may be a mark's own.
_LOGGED = re.compile(rb".*\S:\d+ (?:- )?", re.DOTALL)

#: Ray's note about lines that several workers printed.
_REPEATED = re.compile(rb"\s*\[repeated \d+x across cluster\].*")

_WORKER = re.compile(rb"(?:\x1b\[[0-9;]*m)*\([^()\n]*pid=\d+[^()\n]*\)(?:\x1b\[[0-9;]*m)* ?")
_TIME = re.compile(rb"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?")

#: Names under which a record's step and time travel; no metric can be called so.
_STEP, _TIMES = " step", " wall time"


@dataclass(frozen=True)
class Mark:
    """Where a grammar's mark was found, and the line around it.

    Parameters
    ----------
    line : int
        Of the file, from 1.
    start, end : int
        Where the line begins and where its end stands, in the bytes searched.
    match : re.Match
    before : bytes
        What stands before the mark on its line, without colours.
    """

    line: int
    start: int
    end: int
    match: re.Match[bytes]
    before: bytes

    @property
    def wall_time(self) -> float | None:
        """The last time stamp before the mark, in Unix seconds; without a zone, so it is taken as UTC."""
        stamps = _TIME.findall(self.before)
        try:
            moment = datetime.fromisoformat(stamps[-1].decode().replace(",", ".")) if stamps else None
        except ValueError:
            return None
        return moment.replace(tzinfo=UTC).timestamp() if moment else None


def find_marks(mark: re.Pattern[bytes], data: bytes, first_line: int) -> Iterator[Mark]:
    """Find a grammar's mark, the first on each line, where it stands near enough to the line's beginning.

    Parameters
    ----------
    mark : compiled pattern
        Beginning with literal text; the rarer its first letter, the faster the search.
    data : bytes
        Whole lines.
    first_line : int
        Line number of the first line of ``data``.
    """
    line, counted, at = first_line, 0, 0
    while match := mark.search(data, at):
        found = match.start()
        lowest = max(found - LONGEST_BEFORE - 1, 0)
        # Progress bars overwrite themselves.
        start = max(data.rfind(b"\n", lowest, found), data.rfind(b"\r", lowest, found)) + 1
        if not start and lowest:
            at = match.end()
            continue
        line += data.count(b"\n", counted, found)
        counted = found
        end = data.find(b"\n", found)
        yield Mark(line, start, end, match, ANSI.sub(b"", data[start:found]))
        at = max(end, match.end())


def may_stand_before(before: bytes) -> bool:
    """Whether what stands before a mark on its line is a prefix that loggers write, rather than prose."""
    return _BEFORE.fullmatch(ANSI.sub(b"", before)) is not None


def is_logged(before: bytes) -> bool:
    """Whether what stands before a mark ends in the place in the code that logged it."""
    return _LOGGED.fullmatch(before) is not None


def without_colours(body: bytes) -> bytes:
    """Strip colours, and Ray's note about lines that several workers printed."""
    if b"\x1b" in body:
        body = ANSI.sub(b"", body)
    return _REPEATED.sub(b"", body) if body.endswith(b"]") else body


def worker_prefix(data: bytes, start: int) -> bytes:
    """Read what Ray put before the line at ``start`` to name the worker that printed it; empty if nothing."""
    match = _WORKER.match(data, start)
    return match[0] if match else b""


def own_lines(data: bytes, prefix: bytes) -> bytes:
    """Take the lines of one worker out of whole lines, without its prefix."""
    if not prefix and b"pid=" not in data:
        return data
    lines = data.split(b"\n")
    return b"\n".join(line[len(prefix) :] for line in lines if not line or worker_prefix(line, 0) == prefix)


def last_lines(data: bytes) -> int:
    """Find where the whole lines begin among which a record may stand that goes on behind ``data``."""
    start = len(data) - LONGEST_RECORD
    return data.find(b"\n", start) + 1 if start > 0 else 0


class Records:
    """Collects records of console lines into a run log."""

    def __init__(self) -> None:
        self._columns = Columns(index={_STEP})

    def add(self, mark: Mark, step: int, record: dict[str, Any]) -> None:
        """Add what the line of ``mark`` logged at ``step``."""
        self._columns.add({_STEP: step, _TIMES: mark.wall_time, **record}, mark.line)

    def rows(self, issues: IssueList) -> Rows:
        """Make the frame: ``step``, ``wall_time`` if there was one, and the metrics."""
        rows = self._columns.rows()
        if not rows.frame.height:
            return rows
        placed = with_steps(rows, _STEP, issues)
        return replace(placed, frame=placed.frame.rename({_TIMES: WALL_TIME}, strict=False))
