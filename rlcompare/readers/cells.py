"""Rows of delimited text to cells, exact as the ``csv`` module, but a stray quote costs one line and not the rest.

The ``csv`` module takes an opening quote at its word: where it is never closed, all that follows is one cell. Nor can
it tell an open quote from a closed one that is followed by rubbish.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

#: A quoted cell that is not closed within so many lines is a stray quote.
ROW_LINES = 100

_QUOTED = r'"([^"]*+(?:""[^"]*+)*+)"'


@dataclass(frozen=True)
class Row:
    """One row as it stands in the text.

    Parameters
    ----------
    line : int
        Index, from 0, of its first line.
    text : str
        The row, without its line end.
    cells : list of str
        Empty where ``problem`` says why it has none.
    problem : str
    """

    line: int
    text: str
    cells: list[str]
    problem: str = ""


def split_rows(lines: list[str], separator: str) -> Iterator[Row | int]:
    """Split lines into rows; blank ones are skipped. A quoted cell may go on over :data:`ROW_LINES` lines.

    Yields
    ------
    Row
    int
        Last of all, and only where the last row's quote is still open: the index of its first line.
    """
    at = 0
    while at < len(lines):
        line = lines[at].removesuffix("\r")
        used = 1
        cells = line.split(separator) if '"' not in line else split_cells(line, separator)
        while cells is None and used < ROW_LINES and at + used < len(lines):
            line = f"{line}\n{lines[at + used]}".removesuffix("\r")
            used += 1
            cells = split_cells(line, separator)
        if isinstance(cells, list):
            if line.strip():
                yield Row(at, line, cells)
        elif cells is None and used < ROW_LINES:
            yield at
            return
        else:
            stray = f"{cells!r:.40} behind a closing quote" if cells else f"a quote not closed within {used} lines"
            used = 1
            yield Row(at, lines[at], [], stray)
        at += used


def split_cells(line: str, separator: str) -> list[str] | str | None:
    """Split a row that may hold quoted cells.

    Returns
    -------
    list of str
        The cells.
    str
        What stands between a closing quote and the next separator, where nothing may.
    None
        A quoted cell is not closed.
    """
    pattern = _cell_pattern(separator)
    cells: list[str] = []
    at = 0
    while match := pattern.match(line, at):
        cells.append(match[2] if match[1] is None else match[1].replace('""', '"'))
        at = match.end()
        if not match[3]:
            return cells
    closed = re.compile(_QUOTED).match(line, at)
    return line[closed.end() :] if closed else None


@cache
def _cell_pattern(separator: str) -> re.Pattern[str]:
    """Match a cell and what ends it: quoted with doubled quotes inside, or plain."""
    mark = re.escape(separator)
    return re.compile(rf'(?:{_QUOTED}|((?!")[^{mark}]*))({mark}|\Z)')
