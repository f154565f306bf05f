"""CSV and TSV with a header to a wide frame: exact as the ``csv`` module, several times as fast.

Polars parses a table at once; it is believed only where the counts of rows and of separators prove that every row has
its cells. Quotes and ragged rows take the way row by row.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import polars as pl

from rlcompare.errors import ReadIssue
from rlcompare.readers import text
from rlcompare.readers.base import IssueList, LogFile, Resume
from rlcompare.readers.cells import split_cells, split_rows
from rlcompare.readers.text import Rows

#: Cells that say "not logged": what csv writers put for a missing value (Python, pandas, R, JSON).
MISSING = ("", "None", "null", "NA", "N/A", "<NA>")

#: Cells looked at to tell columns of numbers from columns of text.
SAMPLED_CELLS = 20_000

_BLANK = b" \t\r\n" + codecs.BOM_UTF8


@dataclass(frozen=True)
class Body:
    """The rows of a table that one read takes up.

    Parameters
    ----------
    columns : tuple of str
        Unique column names; empty where the header is not whole yet.
    separator : str
        One character.
    data : bytes
        Whole rows below the header, UTF-8; the last one may lack its line end.
    first_line : int
        Line number of the first line of ``data``.
    offset : int
        Bytes of the file up to the end of ``data``.
    tail : bytes
        A last line that has no end yet.
    """

    columns: tuple[str, ...]
    separator: str
    data: bytes
    first_line: int
    offset: int
    tail: bytes


@dataclass(frozen=True)
class Table:
    """What one read of a table gives.

    Parameters
    ----------
    rows : Rows
    offset : int
        Bytes consumed from the start of the file.
    state : dict, JSON-able
        For :func:`open_body` at the next read; a reader may add keys other than ``columns`` and ``line``.
    pending : ReadIssue or None
        About a last row that is not whole.
    """

    rows: Rows
    offset: int
    state: dict[str, Any]
    pending: ReadIssue | None


def open_body(file: LogFile, resume: Resume | None, separator: str, issues: IssueList) -> Body:
    """Read the whole lines of a table from where the last read stopped, the header aside.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    if resume and resume.state.get("columns"):
        return _body(file, resume.offset, tuple(resume.state["columns"]), separator, resume.state["line"])
    with file.open() as stream:
        for number, header in enumerate(stream, 1):
            if header.endswith(b"\n") and header.strip(_BLANK):
                columns = split_header(header.rstrip(b"\r\n"), separator, issues, number)
                return _body(file, stream.tell(), columns, separator, number + 1)
        stream.seek(0)
        return Body((), separator, b"", 1, 0, stream.read())


def _body(file: LogFile, offset: int, columns: tuple[str, ...], separator: str, first_line: int) -> Body:
    lines = text.complete_lines(file, offset)
    # A last cell in quotes is whole without a line end, as W&B's CSV export leaves it.
    if lines.tail.endswith(b'"'):
        cells = split_cells(lines.tail.decode(errors="replace"), separator)
        if isinstance(cells, list) and len(cells) == len(columns):
            whole = lines.data + lines.tail
            return Body(columns, separator, whole, first_line, offset + len(whole), b"")
    return Body(columns, separator, lines.data, first_line, lines.offset, lines.tail)


def split_header(line: bytes, separator: str, issues: IssueList, number: int = 1) -> tuple[str, ...]:
    """Column names of a header line, made unique: ``loss``, ``loss (2)``; a column without a name is ``column 3``."""
    string = line.removeprefix(codecs.BOM_UTF8).decode(errors="replace")
    if "\0" in string:
        issues.add(f"line {number}", f"Expected a header, found binary data: {text.shown(line)}.", "error")
    elif "\ufffd" in string:
        issues.add(f"line {number}", "Expected UTF-8 in the header; other bytes are shown as \ufffd.")
    cells = split_cells(string, separator)
    if not isinstance(cells, list):
        issues.add(f"line {number}", f"Expected a header, found {text.shown(string)}, whose quotes are not closed.")
        cells = string.split(separator)
    names: dict[str, None] = {}
    twice: list[str] = []
    for position, cell in enumerate(cells, 1):
        name = given = cell.strip() or f"column {position}"
        count = 1
        while name in names:
            count += 1
            name = f"{given} ({count})"
        if name != given:
            twice.append(given)
        names[name] = None
    if twice:
        issues.add(
            f"line {number}",
            f"The header names {text.shown(twice[0])} more than once; later ones are called"
            f" {text.shown(twice[0] + ' (2)')} and so on"
            + (f" (and so for {len(set(twice)) - 1:,} other names)." if len(set(twice)) > 1 else "."),
        )
    return tuple(names)


def read_table(body: Body, issues: IssueList, *, index: Collection[str] = frozenset()) -> Table:
    """Parse the rows of a table.

    Cells are numbers as Python's ``float`` reads them (without underscores), in any case ``nan``, ``inf``,
    ``infinity``; an empty cell or one of :data:`MISSING` was not logged. Other text is no metric: a column without any
    number is named in ``Rows.left_out``; text among numbers is null, with an issue. A row with too few or too many
    cells is left out, with an issue; so is a header that is repeated, with a note.

    Parameters
    ----------
    body : Body
    issues : IssueList
        Receives what could not be read.
    index : collection of str
        Columns to keep as exact whole numbers or text, for steps and times.
    """
    rows, used_lines, open_row = _at_once(body, issues, index), 0, b""
    if rows is not None:
        used_lines = len(rows.lines)
    else:
        rows, used_lines, open_row = _row_by_row(body, issues, index)
    next_line = body.first_line + used_lines
    state = {"columns": list(body.columns), "line": next_line}
    pending = text.pending_line(issues, open_row + body.tail, next_line)
    return Table(rows, body.offset - len(open_row), state, pending)


# --- all rows at once


def _at_once(body: Body, issues: IssueList, index: Collection[str]) -> Rows | None:
    """Parse with Polars, or ``None`` where it is not proven that every row is as the file has it."""
    data = body.data
    if not data or len(body.columns) < 2 or b'"' in data:
        return None
    kinds = _sample_kinds(body, data, index)
    if body.separator.join(body.columns).encode() in data:
        return None  # the header again, which is no row
    # Text that the sample did not meet makes the first schema fail; the second takes everything.
    for dtypes in (kinds, [pl.String] * len(kinds)):
        schema = {f"{position}": dtype for position, dtype in enumerate(dtypes)}
        try:
            frame = pl.read_csv(data, schema=schema, has_header=False, separator=body.separator, quote_char=None)
        except pl.exceptions.PolarsError:
            continue
        # Polars refuses a row with too many cells, and fills up a row with too few, a blank one too, with nulls.
        if any(column.null_count() for column in frame.iter_columns()) and (
            text.count_byte(data, b"\n") != frame.height
            or text.count_byte(data, body.separator.encode()) != frame.height * (frame.width - 1)
        ):
            return None
        lines = text.line_numbers(body.first_line, frame.height)
        named = [column.alias(name) for column, name in zip(frame.iter_columns(), body.columns, strict=True)]
        return _to_rows(named, lines, issues, index)
    return None


def _sample_kinds(body: Body, data: bytes, index: Collection[str]) -> list[type[pl.Float64 | pl.String]]:
    """Judge the type of each column by rows spread over the data; String where in doubt."""
    width = len(body.columns)
    count = max(2, min(64, SAMPLED_CELLS // width))
    kinds: list[type[pl.Float64 | pl.String]] = [pl.String if name in index else pl.Float64 for name in body.columns]
    for start in range(0, len(data), max(1, len(data) // count)):
        at = data.rfind(b"\n", 0, start) + 1
        cells = data[at : data.find(b"\n", at)].rstrip(b"\r").decode(errors="replace").split(body.separator)
        for position, cell in enumerate(cells[:width]):
            if cell and not text.NUMBER.fullmatch(cell):
                kinds[position] = pl.String
    return kinds


# --- row by row


def _row_by_row(body: Body, issues: IssueList, index: Collection[str]) -> tuple[Rows, int, bytes]:
    """Parse each row: the rows, the lines they took, and the bytes of a last row whose quote is still open."""
    lines = body.data.decode(errors="replace").removesuffix("\n").split("\n")
    header = list(body.columns)
    kept: list[list[str]] = []
    numbers: list[int] = []
    held = b""
    for row in split_rows(lines, body.separator):
        if isinstance(row, int):
            held = b"\n".join(body.data.split(b"\n")[row:])
        elif len(row.cells) != len(header):
            found = row.problem or f"{len(row.cells):,}"
            issues.add(
                f"line {body.first_line + row.line}",
                f"Expected {len(header):,} cells, found {found}: {text.shown(row.text)}; the row is left out.",
            )
        elif [cell.strip() for cell in row.cells] == header:
            issues.add(
                f"line {body.first_line + row.line}", "The header again, as a restarted writer leaves it.", "note"
            )
        else:
            kept.append(row.cells)
            numbers.append(body.first_line + row.line)
    columns = [
        pl.Series(name, cells, dtype=pl.String) for name, cells in zip(header, zip(*kept, strict=True), strict=False)
    ]
    made = _to_rows(columns, pl.Series("line", numbers, dtype=pl.Int64), issues, index)
    return made, body.data.count(b"\n") - held.count(b"\n"), held


# --- cells to numbers


def _to_rows(columns: list[pl.Series], lines: pl.Series, issues: IssueList, index: Collection[str]) -> Rows:
    made: list[pl.Series] = []
    left_out: list[str] = []
    for column in columns:
        if column.name in index:
            made.append(_index_column(column))
        elif column.dtype == pl.Float64:
            made.append(column)
        else:
            numbers, texts = _numbers(column)
            made.append(numbers)
            if texts.any():
                if numbers.null_count() == len(numbers):
                    left_out.append(column.name)
                else:
                    first = int(texts.arg_max() or 0)
                    issues.add(
                        f"column {column.name}",
                        f"Expected numbers; {int(texts.sum()):,} cells hold text and are left out, the first is"
                        f" {text.shown(column[first])} on line {lines[first]:,}.",
                    )
    return Rows(text.without_empty(pl.DataFrame(made)), lines, tuple(left_out))


def _numbers(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Numbers of a column of text, and which cells hold text that is neither a number nor a mark for none."""
    stripped = column.str.strip_chars()
    numbers = stripped.cast(pl.Float64, strict=False)
    return numbers, numbers.is_null() & stripped.is_not_null() & ~stripped.is_in(MISSING)


def _index_column(column: pl.Series) -> pl.Series:
    """Make an index column from text; see :class:`~rlcompare.readers.text.Rows`."""
    stripped = column.str.strip_chars()
    numbers, texts = _numbers(column)
    if texts.any():
        given = ~stripped.is_in(MISSING)
        return pl.select(pl.when(given).then(stripped).alias(column.name)).to_series()
    whole = text.whole_numbers(numbers)
    if whole is not None:
        return whole
    return text.index_column(column.name, [_exact(cell, value) for cell, value in zip(stripped, numbers, strict=True)])


def _exact(cell: str | None, value: float | None) -> int | float | None:
    if cell is None or value is None:
        return None
    return int(cell) if re.fullmatch(r"[+-]?\d{1,19}", cell) else value


def as_records(lines: list[str], columns: Sequence[str], separator: str) -> Iterator[dict[str, str]]:
    """Yield whole rows as text, for telling which column is what."""
    for row in split_rows(lines, separator):
        if not isinstance(row, int) and len(row.cells) == len(columns):
            yield dict(zip(columns, row.cells, strict=True))


def iter_records(body: Body) -> Iterator[dict[str, str]]:
    """Yield the rows of a table as text, without splitting more of it than is asked for."""
    lines = (line.decode(errors="replace").removesuffix("\n") for line in io.BytesIO(body.data))
    while batch := list(islice(lines, 100)):
        yield from as_records(batch, body.columns, body.separator)
