"""History records to run logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlcompare.readers import text
from rlcompare.readers.base import IssueList
from rlcompare.readers.wandb import wire
from rlcompare.readers.wandb.items import take_apart
from rlcompare.readers.wandb.placing import OWN_TIME, Column, Placing
from rlcompare.schema import LOG_INDEX, STEP, WALL_TIME

#: Tables made of one read at most; keys that are logged together share one.
TABLES = 16

#: Marks a histogram, an image, a table: whatever else its object holds is no metric.
_MEDIA = "_type"

_NAMES = {**{name: f"{name} (logged)" for name in LOG_INDEX}, "": "(no name)"}


class History:
    """Collects history records, and lays them out as wide tables.

    Parameters
    ----------
    placing : Placing
        What is known of the run's steps so far; more may come to be known while records are collected.
    """

    def __init__(self, placing: Placing) -> None:
        self.placing = placing
        self.left_out: set[str] = set()
        self._records: list[bytes] = []
        self._at: list[int] = []

    def add(self, record: bytes, at: int) -> None:
        """Take up a record that stands at byte ``at`` of its file."""
        self._records.append(record)
        self._at.append(at)

    def tables(self, issues: IssueList) -> tuple[pl.DataFrame, ...]:
        """Lay out what was collected: the keys of a table were logged together and stand at the same step metric."""
        if not self._records:
            return ()
        columns = self._columns(issues)
        placing, n_rows = self.placing, len(self._records)
        placing.settle(columns)
        steps = {key: placing.step_of(key) for key in columns.keys() - placing.index}
        places = {step: placing.places(step, columns, n_rows) for step in {*steps.values(), placing.step}}
        time = np.full(n_rows, np.nan)
        if OWN_TIME in columns:
            time[columns[OWN_TIME].rows] = columns[OWN_TIME].values
        together: dict[tuple[str, bytes], list[str]] = {}
        homeless = []
        for key, column in columns.items():
            if key not in steps:
                continue
            kept = ~np.isnan(places[steps[key]][column.rows])
            if not kept.all():
                homeless.append(key)
                column = columns[key] = Column(column.rows[kept], column.values[kept])
            if len(column.rows):
                together.setdefault((steps[key], column.rows.tobytes()), []).append(key)
        if homeless:
            named = ", ".join(map(text.shown, sorted(homeless)[:10]))
            issues.add("", f"Expected a whole number as the step metric of {named}; rows without one are left out.")
        groups = [(step, keys) for (step, _), keys in together.items()]
        if len(groups) > TABLES:
            by_step: dict[str, list[str]] = {}
            for step, keys in groups:
                by_step.setdefault(step, []).extend(keys)
            groups = list(by_step.items())
        return tuple(_table(keys, columns, places[step], time) for step, keys in groups)

    def _columns(self, issues: IssueList) -> dict[str, Column]:
        found = take_apart(self._records)
        places = {name: place for place, name in enumerate(found.names)}
        more: list[tuple[int, int, float]] = []
        for odd in found.odd:
            try:
                numbers = self._decoded(self._records[odd])
            except wire.MALFORMED as error:
                issues.add(f"byte {self._at[odd]}", f"Expected a row of history, found bytes that are none: {error}.")
                continue
            more += [(places.setdefault(name, len(places)), odd, number) for name, number in numbers.items()]
        key, row, value = found.key, found.row, found.value
        if more:
            more_keys, more_rows, more_values = zip(*more, strict=True)
            key = np.append(key, np.array(more_keys, np.intp))
            row = np.append(row, np.array(more_rows, np.intp))
            value = np.append(value, np.array(more_values, np.float64))
            order = np.argsort(row, kind="stable")
            key, row, value = key[order], row[order], value[order]
        # Few keys are numbers of 16 bits, which NumPy sorts by radix.
        order = np.argsort(key.astype(np.uint16) if len(places) < 2**16 else key, kind="stable")
        key, row, value = key[order], row[order], value[order]
        bounds = np.searchsorted(key, np.arange(len(places) + 1))
        columns = {}
        for name, place in places.items():
            own = slice(bounds[place], bounds[place + 1])
            rows, values = row[own], value[own]
            # Of a key that stands twice in a row the last value counts.
            last = np.append(rows[1:] != rows[:-1], True) if len(rows) else np.zeros(0, np.bool_)
            columns[name] = Column(rows, values) if last.all() else Column(rows[last], values[last])
        return columns

    def _decoded(self, record: bytes) -> dict[str, float]:
        """Read a record field by field: its numbers; what else it holds is noted as left out."""
        items = [wire.item(content) for number, content in wire.parts(record) if number == 1]
        leaves = dict(leaf for path, value in items for leaf in _leaves(".".join(path), value))
        media = {name.removesuffix(f".{_MEDIA}") for name in leaves if name.endswith(f".{_MEDIA}")}
        numbers: dict[str, float] = {}
        for name, leaf in leaves.items():
            parent = next((one for one in media if name.startswith(f"{one}.")), "")
            if isinstance(leaf, str):
                leaf = text.NOT_FINITE.get(leaf.lower())
            if parent or isinstance(leaf, bool) or not isinstance(leaf, int | float):
                self.left_out.add(parent or name)
            else:
                numbers[name] = float(leaf)
        return numbers


def _leaves(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what stands within a value: W&B shows ``{"a": {"b": 1}}`` as ``a.b``."""
    stack = [(key, value)]
    while stack:
        name, inner = stack.pop()
        if isinstance(inner, dict):
            stack += [(f"{name}.{part}", one) for part, one in inner.items()]
        elif inner is not None:
            # JSON may name halves of surrogate pairs, and a column's name cannot hold them.
            yield name.encode("utf-8", "replace").decode(), inner


def _table(
    keys: Sequence[str], columns: Mapping[str, Column], place: NDArray[np.float64], time: NDArray[np.float64]
) -> pl.DataFrame:
    rows = columns[keys[0]].rows
    if not all(np.array_equal(columns[key].rows, rows) for key in keys):
        rows = np.unique(np.concatenate([columns[key].rows for key in keys]))
    made = [
        pl.Series(STEP, place[rows].astype(np.int64)),
        pl.Series(WALL_TIME, time[rows]).fill_nan(None),
    ]
    for key in keys:
        column = columns[key]
        name = _NAMES.get(key, key)
        if len(column.rows) == len(rows):
            made.append(pl.Series(name, column.values))
            continue
        at = np.searchsorted(rows, column.rows)
        spread, given = np.zeros(len(rows)), np.zeros(len(rows), np.bool_)
        spread[at], given[at] = column.values, True
        made.append(pl.select(pl.when(pl.Series(given)).then(pl.Series(spread)).alias(name)).to_series())
    return pl.DataFrame(made)
