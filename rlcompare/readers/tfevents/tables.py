"""Scalars in file order to wide frames: which values make up a row, and which tags share a table.

A *step block* is a stretch of scalars of one step, uninterrupted by another step. The k-th value of a tag within its
block stands in the block's k-th row, so that several records of one step (CleanRL's episodes) are all kept, in file
order tag by tag. A row's time is that of its first record.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from rlcompare.readers.tfevents.event import tag_text
from rlcompare.readers.tfevents.log import EventLog, Floats, Ints, Scalars
from rlcompare.schema import LOG_INDEX, STEP, WALL_TIME

#: A table may have so many cells for each value in it; beyond that its tags are spread over several tables.
_CELLS_A_VALUE = 2.0

#: Tables of fewer cells are never split.
_SMALL = 4096

#: Tables that a tag is compared with before it gets one of its own.
_TABLES_COMPARED = 16


def to_tables(log: EventLog) -> tuple[pl.DataFrame, ...]:
    """Arrange all scalars of a log in wide frames.

    Returns
    -------
    tuple of DataFrame
        ``step`` Int64, ``wall_time`` Float64 (Unix s, null where the record has none) and a Float64 column a tag:
        NaN where NaN was logged, null where nothing was. Each tag stands in one table; columns are in the order of
        their names.
    """
    rows = _arrange(log)
    if not rows.columns:
        return ()
    names = _names(log)
    values = sum(column.count for column in rows.columns.values())
    cells = len(rows.columns) * len(rows.steps)
    if cells <= max(_SMALL, _CELLS_A_VALUE * values):
        return (_table(rows, list(rows.columns), np.arange(len(rows.steps)), names),)
    return tuple(_table(rows, tags, np.flatnonzero(used), names) for tags, used in _groups(rows))


@dataclass
class _Column:
    """One tag's values as (row numbers, values) in ascending order of rows; ``slice`` where rows follow each other."""

    parts: list[tuple[slice | Ints, Floats]]

    @property
    def count(self) -> int:
        return sum(len(values) for _, values in self.parts)

    def mark(self, rows: npt.NDArray[np.bool_]) -> None:
        """Set the places of this tag's rows."""
        for where, _ in self.parts:
            rows[where] = True


@dataclass
class _Arranged:
    """All rows in file order, and each tag's values in them."""

    steps: Ints
    wall_times: Floats
    columns: dict[int, _Column]


def _arrange(log: EventLog) -> _Arranged:
    single = log.all_scalars()
    starts = np.concatenate([np.empty(0, np.int64), *(rows.starts for rows in log.rows)])
    row_of, first_of, n_single = _single_rows(single, starts)
    # Rows that came as such and rows made of single scalars are put in one order, that of their first bytes.
    begins = np.concatenate([starts, single.order[first_of]])
    by_place = np.argsort(begins, kind="stable")
    number = np.empty_like(by_place)
    number[by_place] = np.arange(len(by_place))
    steps = np.concatenate([*(rows.steps for rows in log.rows), single.step[first_of]])
    times = np.concatenate([*(rows.wall_times for rows in log.rows), single.wall_time[first_of]])
    columns: dict[int, _Column] = {}
    done = 0
    for rows in log.rows:
        n = len(rows.steps)
        numbers = number[done : done + n]
        done += n
        where = _as_slice(numbers)
        for tag, values in zip(rows.tags, rows.values, strict=True):
            columns.setdefault(tag, _Column([])).parts.append((where, values))
    if n_single:
        by_tag = np.argsort(single.tag, kind="stable")
        tags = single.tag[by_tag]
        for of_tag in np.split(by_tag, np.flatnonzero(np.diff(tags)) + 1):
            part = (number[done + row_of[of_tag]], single.value[of_tag])
            columns.setdefault(int(single.tag[of_tag[0]]), _Column([])).parts.append(part)
    by_name = {log.tags[tag]: columns[log.tags[tag]] for tag in sorted(log.tags) if log.tags[tag] in columns}
    return _Arranged(steps[by_place], times[by_place], by_name)


def _as_slice(numbers: Ints) -> slice | Ints:
    first, last = int(numbers[0]), int(numbers[-1])
    return slice(first, last + 1) if last - first + 1 == len(numbers) else numbers


def _single_rows(single: Scalars, starts: Ints) -> tuple[Ints, Ints, int]:
    """Make rows of single scalars.

    Returns
    -------
    row_of : ndarray, the row of each scalar
    first_of : ndarray, each row's first scalar
    n : int, number of scalars
    """
    n = len(single.order)
    if not n:
        return np.empty(0, np.int64), np.empty(0, np.int64), 0
    rows_before = np.searchsorted(starts, single.order)
    new_block = np.ones(n, np.bool_)
    new_block[1:] = (np.diff(single.step) != 0) | (np.diff(rows_before) != 0)
    block = np.cumsum(new_block) - 1
    key = block * (int(single.tag.max()) + 1) + single.tag
    by_key = np.argsort(key, kind="stable")
    begins = np.ones(n, np.bool_)
    begins[1:] = np.diff(key[by_key]) != 0
    place = np.arange(n)
    nth = np.empty(n, np.int64)
    nth[by_key] = place - np.maximum.accumulate(np.where(begins, place, 0))
    rows_in_block = np.zeros(int(block[-1]) + 1, np.int64)
    np.maximum.at(rows_in_block, block, nth + 1)
    row_of = (np.cumsum(rows_in_block) - rows_in_block)[block] + nth
    first_of = np.empty(int(rows_in_block.sum()), np.int64)
    # Of several values for one place numpy keeps the last: here the row's first scalar.
    first_of[row_of[::-1]] = place[::-1]
    return row_of, first_of, n


def _groups(rows: _Arranged) -> list[tuple[list[int], npt.NDArray[np.bool_]]]:
    """Group tags whose rows are nearly the same, the fullest first; with each group, which rows it uses."""
    groups: list[tuple[list[int], npt.NDArray[np.bool_]]] = []
    for tag, column in sorted(rows.columns.items(), key=lambda item: -item[1].count):
        used = np.zeros(len(rows.steps), np.bool_)
        column.mark(used)
        for i, (tags, others) in enumerate(groups[-_TABLES_COMPARED:], max(0, len(groups) - _TABLES_COMPARED)):
            both = used | others
            more_cells = int(both.sum()) * (len(tags) + 1) - int(others.sum()) * len(tags)
            if more_cells <= _CELLS_A_VALUE * column.count:
                groups[i] = ([*tags, tag], both)
                break
        else:
            groups.append(([tag], used))
    return [([tag for tag in rows.columns if tag in set(tags)], used) for tags, used in groups]


def _table(rows: _Arranged, tags: list[int], wanted: Ints, names: dict[int, str]) -> pl.DataFrame:
    """Make a frame of some tags and the rows that they use."""
    height = len(wanted)
    # Where each row stands in the table. Rows that the tags do not use are never asked for.
    place = np.cumsum(np.isin(np.arange(len(rows.steps)), wanted)) - 1 if height < len(rows.steps) else None
    values = np.empty((len(tags), height))
    logged = {tag: np.zeros(height, np.bool_) for tag in tags if rows.columns[tag].count < height}
    for tag, column in zip(tags, values, strict=True):
        for where, part in rows.columns[tag].parts:
            there = where if place is None else place[where]
            column[there] = part
            if tag in logged:
                logged[tag][there] = True
    # One series cut into columns costs a fraction of one series a column.
    joined = pl.Series(values.ravel())
    times = pl.Series(WALL_TIME, rows.wall_times[wanted], nan_to_null=True)
    columns = [pl.Series(STEP, rows.steps[wanted]), times]
    for i, tag in enumerate(tags):
        series = joined.slice(i * height, height).alias(names[tag])
        columns.append(series.set(pl.Series(~logged[tag]), None) if tag in logged else series)
    return pl.DataFrame(columns)


def _names(log: EventLog) -> dict[int, str]:
    """Column names by tag number: the tags, told apart from the index columns and from each other."""
    names: dict[int, str] = {}
    taken = set(LOG_INDEX)
    for tag, number in sorted(log.tags.items()):
        name = tag_text(tag)
        while name in taken:
            name += " (metric)"
        taken.add(name)
        names[number] = name
    return names
