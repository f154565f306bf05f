"""History records to run logs, and the step that each value stands at.

W&B's ``_step`` counts calls of ``log``, not steps of the training. So a value stands at the step metric that
``define_metric`` names for its key; else at the training step that the run logs (the first of ``TRAINING_STEP_KEYS``
that it has), as it was last logged, or as it is first logged for rows before that; else at ``_step``. Which key that
is, is settled by the first read that has history.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlcompare.readers import text
from rlcompare.readers.axes import TRAINING_STEP_KEYS
from rlcompare.readers.base import IssueList
from rlcompare.readers.wandb import wire
from rlcompare.schema import LOG_INDEX, STEP, WALL_TIME

OWN_STEP, OWN_TIME = "_step", "_timestamp"

#: Counted by W&B for every row, and no metrics: the wall time says as much.
_OWN = (OWN_STEP, OWN_TIME, "_runtime")

#: Tables made of one read at most; keys that are logged together share one.
TABLES = 16

_VARINT = rb"[\x80-\xff]{0,9}[\x00-\x7f]"

#: An item of short keys, one within the other, and a number. W&B writes the items of a row in an order of chance. No
#: byte of a key or a number can be taken for what comes before or behind it.
_KEY = rb"[\n\x12][\x01-\x7f][^\x00-\x1f\x82]+"
_ITEM = (
    rb"\n(?:[\x00-\x7f]|[\x80-\xff][\x01-\x7f])((?:" + _KEY + rb")+)"
    rb"\x82\x01[\x01-\x1f](-?(?:[0-9][-+.0-9eE]*|NaN|Infinity))"
)
_ITEMS = re.compile(_ITEM)
_ROW = re.compile(
    rb"(?:\x08" + _VARINT + rb")?\x12" + _VARINT + rb"(?P<items>(?:" + _ITEM + rb")+)"
    rb"(?:\x12[\x00-\x0b](?:\x08" + _VARINT + rb")?)?(?:[\x82\x9a\xc2].*)?",
    re.DOTALL,
)


@dataclass
class Definitions:
    """The step metric of each key, as ``define_metric`` said. JSON-able."""

    exact: dict[str, str] = field(default_factory=dict)
    globs: dict[str, str] = field(default_factory=dict)

    def add(self, record: bytes) -> None:
        """Take up a metric record."""
        found = wire.texts(record)
        step = found.get(4, [""])[0]
        if step:
            for number, kept in ((1, self.exact), (2, self.globs)):
                for name in found.get(number, []):
                    kept[name] = step

    @property
    def steps(self) -> set[str]:
        """All step metrics."""
        return {*self.exact.values(), *self.globs.values()}

    def step_of(self, key: str) -> str:
        """Name the step metric of a key, empty where none is defined."""
        if key in self.exact:
            return self.exact[key]
        return next((step for glob, step in self.globs.items() if fnmatchcase(key, glob)), "")


class History:
    """Collects history records, and lays them out as wide tables.

    Parameters
    ----------
    definitions : Definitions
        Those known so far; more may come while records are collected.
    step : str
        The step key that an earlier read found; empty: none yet.
    reached : float or None
        Its last value then.
    """

    def __init__(self, definitions: Definitions, step: str = "", reached: float | None = None) -> None:
        self.definitions = definitions
        self.step = step
        self.reached = reached
        self.left_out: set[str] = set()
        self.n_rows = 0
        # A key is text where its rows were decoded, else the bytes that spell it.
        self._rows: dict[str | bytes, list[int]] = {}
        self._values: dict[str | bytes, list[bytes | float]] = {}

    def add(self, record: bytes) -> bool:
        """Take up a record if it is a row of short keys and numbers, and tell whether it was."""
        row = _ROW.fullmatch(record)
        if not row:
            return False
        rows, values, number = self._rows, self._values, self.n_rows
        for key, value in _ITEMS.findall(row["items"]):
            if key in rows:
                rows[key].append(number)
                values[key].append(value)
            else:
                rows[key], values[key] = [number], [value]
        self.n_rows += 1
        return True

    def add_decoded(self, history: bytes) -> None:
        """Take up any history record, field by field.

        Raises
        ------
        IndexError, ValueError
            Bytes that are no record.
        """
        items = [wire.item(content) for number, content in wire.fields(history) if number == 1]
        for path, value in items:
            for key, leaf in _leaves(".".join(path), value):
                if isinstance(leaf, str):
                    leaf = text.NOT_FINITE.get(leaf.lower())
                if isinstance(leaf, bool) or not isinstance(leaf, int | float):
                    self.left_out.add(key)
                    continue
                self._rows.setdefault(key, []).append(self.n_rows)
                self._values.setdefault(key, []).append(float(leaf))
        self.n_rows += 1

    def tables(self, issues: IssueList) -> tuple[pl.DataFrame, ...]:
        """Lay out what was collected: the keys of a table were logged together and stand at the same step metric."""
        columns = self._columns()
        if not self.step:
            self.step = next((key for key in TRAINING_STEP_KEYS if key in columns), OWN_STEP)
        index = {*_OWN, self.step, *self.definitions.steps}
        step_of = {key: self.definitions.step_of(key) or self.step for key in columns.keys() - index}
        stood = {step: self._stood(columns.get(step), step) for step in {*step_of.values(), self.step}}
        time = np.full(self.n_rows, np.nan)
        if OWN_TIME in columns:
            time[columns[OWN_TIME].rows] = columns[OWN_TIME].values
        together: dict[tuple[str, bytes], list[str]] = {}
        homeless = []
        for key, column in columns.items():
            if key in index:
                continue
            step = step_of[key]
            kept = ~np.isnan(stood[step][column.rows])
            if not kept.all():
                homeless.append(key)
                column = columns[key] = _Column(column.rows[kept], column.values[kept])
            if len(column.rows):
                together.setdefault((step, column.rows.tobytes()), []).append(key)
        if homeless:
            named = ", ".join(map(text.shown, sorted(homeless)[:10]))
            issues.add("", f"Expected a whole number as the step metric of {named}; rows without one are left out.")
        if self.step != OWN_STEP and len(known := stood[self.step][~np.isnan(stood[self.step])]):
            self.reached = float(known[-1])
        groups = [(step, keys) for (step, _), keys in together.items()]
        if len(groups) > TABLES:
            by_step: dict[str, list[str]] = {}
            for step, keys in groups:
                by_step.setdefault(step, []).extend(keys)
            groups = list(by_step.items())
        return tuple(_table(keys, columns, stood[step], time) for step, keys in groups)

    def _columns(self) -> dict[str, _Column]:
        columns: dict[str, _Column] = {}
        for key, values in self._values.items():
            name = key if isinstance(key, str) else _spelled(key)
            column = _Column(np.array(self._rows[key], np.intp), np.array(list(map(float, values))))
            if name in columns:
                rows = np.concatenate((columns[name].rows, column.rows))
                order = np.argsort(rows, kind="stable")
                column = _Column(rows[order], np.concatenate((columns[name].values, column.values))[order])
            columns[name] = column
        return columns

    def _stood(self, column: _Column | None, step: str) -> NDArray[np.float64]:
        """Value of a step metric at each row: of the run's own step also at rows that did not log it."""
        place = np.full(self.n_rows, np.nan)
        if column is not None:
            found = column.values
            whole = np.isfinite(found) & (found == np.floor(found)) & (np.abs(found) < text.FLOAT_EXACT)
            place[column.rows] = np.where(whole, found, np.nan)
        if step != self.step or step == OWN_STEP:
            return place
        known = np.flatnonzero(~np.isnan(place))
        before = np.searchsorted(known, np.arange(self.n_rows), side="right") - 1
        start = self.reached if self.reached is not None else place[known[0]] if len(known) else np.nan
        return np.where(before >= 0, np.append(place[known], start)[before], start)


@dataclass(frozen=True, eq=False)
class _Column:
    """Values of a key and the rows that have them."""

    rows: NDArray[np.intp]
    values: NDArray[np.float64]


def _table(
    keys: Sequence[str], columns: Mapping[str, _Column], place: NDArray[np.float64], time: NDArray[np.float64]
) -> pl.DataFrame:
    rows = np.unique(np.concatenate([columns[key].rows for key in keys]))
    made = [
        pl.Series(STEP, place[rows].astype(np.int64)),
        pl.Series(WALL_TIME, time[rows]).fill_nan(None),
    ]
    for key in keys:
        column = columns[key]
        name = f"{key} (logged)" if key in LOG_INDEX else key or "(no name)"
        if len(column.rows) == len(rows):
            made.append(pl.Series(name, column.values))
            continue
        at = np.searchsorted(rows, column.rows)
        spread, given = np.zeros(len(rows)), np.zeros(len(rows), np.bool_)
        spread[at], given[at] = column.values, True
        made.append(pl.select(pl.when(pl.Series(given)).then(pl.Series(spread)).alias(name)).to_series())
    return pl.DataFrame(made)


def _spelled(keys: bytes) -> str:
    """Join the keys of an item, each behind a tag and its length."""
    parts, at = [], 0
    while at < len(keys):
        end = at + 2 + keys[at + 1]
        parts.append(keys[at + 2 : end].decode("utf-8", "replace"))
        at = end
    return ".".join(parts)


def _leaves(key: str, value: Any) -> list[tuple[str, Any]]:
    """Numbers within a value: W&B shows ``{"a": {"b": 1}}`` as ``a.b``. Media are marked by ``_type`` and none."""
    if isinstance(value, dict) and "_type" not in value:
        return [leaf for part, inner in value.items() for leaf in _leaves(f"{key}.{part}", inner)]
    return [(key, value)]
