"""Records from a loop to a wide frame, column by column."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import polars as pl

from rlcompare.readers import text
from rlcompare.readers.text import Rows


class Columns:
    """Collects flat records into columns: of each key the rows that have it, and their values.

    Numbers are metrics, and so are strings such as ``"NaN"``; ``None`` was not logged; whatever else a key holds is
    named in ``Rows.left_out``. Keys in ``index`` may hold text.
    """

    def __init__(self, index: Collection[str] = frozenset()) -> None:
        self._index = index
        self._lines: list[int] = []
        self._metrics: dict[str, tuple[list[int], list[float]]] = {}
        self._marks: dict[str, tuple[list[int], list[int | float | str]]] = {name: ([], []) for name in index}
        self._left_out: dict[str, None] = {}

    def add(self, record: dict[str, Any], line: int) -> None:
        """Add a record that stands on ``line`` of its file."""
        row = len(self._lines)
        self._lines.append(line)
        metrics, index = self._metrics, self._index
        for key, value in record.items():
            if value is None:
                continue
            kind = type(value)
            if kind is not float and kind is not int:
                if kind is str and value.lower() in text.NOT_FINITE:
                    value = text.NOT_FINITE[value.lower()]
                elif kind is not str or key not in index:
                    self._left_out[key] = None
                    continue
            if key in index:
                rows, marks = self._marks[key]
                marks.append(value)
            else:
                column = metrics.get(key)
                if column is None:
                    column = metrics[key] = ([], [])
                rows, values = column
                values.append(value)
            rows.append(row)

    def rows(self) -> Rows:
        """Make the frame."""
        height = len(self._lines)
        columns: list[pl.Series] = []
        for name, (rows, marks) in self._marks.items():
            if rows:
                spread: list[int | float | str | None] = [None] * height
                for row, mark in zip(rows, marks, strict=True):
                    spread[row] = mark
                columns.append(text.index_column(_column_name(name), spread))
        for name, (rows, values) in self._metrics.items():
            columns.append(_spread(_column_name(name), rows, values, height))
        frame = pl.DataFrame(columns)
        return Rows(frame, pl.Series("line", self._lines, dtype=pl.Int64), tuple(map(_column_name, self._left_out)))


def _spread(name: str, rows: list[int], values: list[float], height: int) -> pl.Series:
    """Make a column of ``height`` rows that holds ``values`` at ``rows`` and null elsewhere."""
    numbers = np.array(values, dtype=np.float64)
    if len(rows) == height:
        return pl.Series(name, numbers)
    spread = np.zeros(height)
    spread[rows] = numbers
    given = np.zeros(height, dtype=np.bool_)
    given[rows] = True
    return pl.select(pl.when(pl.Series(given)).then(pl.Series(spread)).alias(name)).to_series()


def _column_name(key: str) -> str:
    """Replace what a key in JSON may be and a column's name may not: halves of surrogate pairs, or nothing."""
    return key.encode("utf-8", errors="replace").decode() or "(no name)"
