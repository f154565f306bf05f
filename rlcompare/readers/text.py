"""What all readers of text logs share: whole lines from an offset, encodings, and rows with their line numbers.

A log that is being written ends anywhere, so bytes are cut at the last line end and what follows is left for the next
read. Text is UTF-8 (with or without its mark) with LF or CRLF line ends; any other encoding is refused as a whole.
"""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from rlcompare.errors import ReadIssue
from rlcompare.readers.base import Chunk, IssueList, LogFile, Resume

#: Bytes of a file read at a time by :func:`blocks`.
BLOCK_BYTES = 8 << 20

#: Bytes compared at a time by :func:`count_byte`: they and the answer fit into a processor's cache.
COUNTED_BYTES = 1 << 18

#: Beyond it a float no longer tells neighbouring whole numbers apart.
FLOAT_EXACT = 2**53

#: How writers spell what is not finite in text (Python, JavaScript, NumPy, C), in lower case.
NOT_FINITE = {
    "nan": math.nan,
    "inf": math.inf,
    "+inf": math.inf,
    "-inf": -math.inf,
    "infinity": math.inf,
    "+infinity": math.inf,
    "-infinity": -math.inf,
}

#: A number in text, as Polars and Python's ``float`` agree on it.
NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|nan|inf(?:inity)?)", re.ASCII | re.IGNORECASE)

_WIDE_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


@dataclass(frozen=True)
class Lines:
    """Whole lines of a file.

    Parameters
    ----------
    data : bytes
        Zero or more whole lines, the last one with its line end too; without a UTF-8 mark.
    offset : int
        Bytes of the file up to the end of ``data``.
    tail : bytes
        What follows: a last line that has no end yet.
    """

    data: bytes
    offset: int
    tail: bytes

    @property
    def n_lines(self) -> int:
        """Line ends in ``data``."""
        return count_byte(self.data, b"\n")


@dataclass(frozen=True)
class Rows:
    """Records as a wide frame, not yet told which column is the step.

    Parameters
    ----------
    frame : DataFrame
        A row a record, a column a key. Index columns (those the caller asked for) are Int64 where every value is a
        whole number, Float64 where every value is a number, else String. All others are Float64: NaN where NaN was
        written, null where nothing was. A column without a value is not there.
    lines : Series of Int64
        The line of the file, from 1, that each row stands on.
    left_out : tuple of str
        Columns that hold something else than numbers (text, lists, true and false), which is not in ``frame``.
    n_lines : int
        Line ends in the text that was read, blank lines and garbage included.
    """

    frame: pl.DataFrame
    lines: pl.Series
    left_out: tuple[str, ...] = ()
    n_lines: int = 0


def count_byte(data: bytes, byte: bytes) -> int:
    """Count a byte as ``bytes.count`` does, in a third of its time."""
    if not data:
        return 0
    view = np.frombuffer(data, dtype=np.uint8)
    parts = (view[start : start + COUNTED_BYTES] for start in range(0, len(view), COUNTED_BYTES))
    return sum(int(np.count_nonzero(part == byte[0])) for part in parts)


def complete_lines(file: LogFile, offset: int) -> Lines:
    """Read the whole lines of ``file`` from ``offset`` to its end as it is now.

    Raises
    ------
    OSError
        The file cannot be opened or read.
    """
    with file.open() as stream:
        stream.seek(offset)
        data = stream.read()
    return cut_lines(data, offset)


def cut_lines(data: bytes, offset: int) -> Lines:
    """Cut bytes that stand at ``offset`` of a file behind their last line end."""
    end = data.rfind(b"\n") + 1
    start = len(codecs.BOM_UTF8) if offset == 0 and end and data.startswith(codecs.BOM_UTF8) else 0
    return Lines(data[start:end], offset + end, data[end:])


def blocks(file: LogFile, offset: int, size: int = BLOCK_BYTES) -> Iterator[Lines]:
    """Read whole lines as :func:`complete_lines`, about ``size`` bytes at a time, for files mostly not of interest.

    Only the last block's ``tail`` is what the file ends in.
    """
    with file.open() as stream:
        while True:
            stream.seek(offset)
            data = stream.read(size)
            lines = cut_lines(data, offset)
            if len(data) < size:
                yield lines
                return
            if lines.offset > offset:
                offset = lines.offset
                yield lines
            else:
                size *= 2  # a line longer than the block


def refuse(file: LogFile, resume: Resume | None) -> Chunk | None:
    """Return the answer to a file that is not UTF-8 text as a whole, judged by its byte-order mark; else ``None``."""
    for mark, encoding in _WIDE_MARKS.items():
        if file.head.startswith(mark):
            issue = ReadIssue(
                str(file.relative),
                "",
                f"Expected UTF-8 text, the file is {encoding}. Hint: convert it with `iconv -f {encoding} -t UTF-8`.",
                "error",
            )
            return Chunk((), file.size, issues=() if resume else (issue,))
    return None


def head_lines(file: LogFile) -> list[str]:
    """Split the head of a file for deciding whether to claim it; empty for what begins as no text.

    The last one may be cut. Lines end where a NUL byte comes, as a full disk leaves them. UTF-16 is decoded too, so
    that a log in a wrong encoding is claimed, and then refused with a reason, rather than passed over.
    """
    head = file.head
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", errors="replace").split("\n")
    nul = head.find(b"\0")
    if nul >= 0:
        head = head[: head.rfind(b"\n", 0, nul) + 1]
    return head.decode("utf-8-sig", errors="replace").split("\n") if head else []


def pending_line(issues: IssueList, tail: bytes, line: int) -> ReadIssue | None:
    """Make the note about a last line without an end; ``None`` where there is nothing but white space."""
    if not tail.removeprefix(codecs.BOM_UTF8).strip():
        return None
    return issues.pending(
        f"line {line}", f"The last line has no end yet ({len(tail):,} bytes); it is read once it is whole."
    )


def shown(text: bytes | str, limit: int = 60) -> str:
    """Text for an issue's message: quoted, unprintable characters escaped, cut at ``limit`` characters."""
    if isinstance(text, bytes):
        text = text[: 4 * limit].decode("utf-8", errors="backslashreplace")
    text = text.strip()
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")


def whole_numbers(column: pl.Series) -> pl.Series | None:
    """Cast an index column read as Float64 to Int64 where all its values are whole.

    Returns
    -------
    Series or None
        Float64 as it came where a value is not whole; ``None`` where values are too large for a float to be exact,
        so that the caller must parse them anew.
    """
    values = column.drop_nulls()
    if not (values.is_finite() & (values == values.floor())).all():
        return column
    if (values.abs() >= FLOAT_EXACT).any():
        return None
    return column.cast(pl.Int64)


def index_column(name: str, values: Sequence[int | float | str | None]) -> pl.Series:
    """Build an index column (see :class:`Rows`) from Python values."""
    given = [value for value in values if value is not None]
    if any(isinstance(value, str) for value in given):
        return pl.Series(name, [None if value is None else str(value) for value in values], dtype=pl.String)
    if all(math.isfinite(value) and value == int(value) and -(2**63) <= int(value) < 2**63 for value in given):  # type: ignore[arg-type]
        return pl.Series(name, [None if value is None else int(value) for value in values], dtype=pl.Int64)
    return pl.Series(name, [None if value is None else float(value) for value in values], dtype=pl.Float64)


def line_numbers(first: int, count: int) -> pl.Series:
    """Line numbers of rows that stand on consecutive lines."""
    return pl.int_range(first, first + count, dtype=pl.Int64, eager=True).alias("line")


def without_empty(frame: pl.DataFrame) -> pl.DataFrame:
    """Drop columns that hold no value at all: a key that was only ever null was never logged."""
    return frame.select([column for column in frame.iter_columns() if column.null_count() < len(column)])


def left_out_note(issues: IssueList, columns: Collection[str]) -> None:
    """Say which columns are not metrics because they hold no numbers."""
    if columns:
        names = sorted(columns)
        more = f" and {len(names) - 10:,} more" if len(names) > 10 else ""
        issues.add("", f"Not numbers, so not shown as metrics: {', '.join(map(shown, names[:10]))}{more}.", "note")
