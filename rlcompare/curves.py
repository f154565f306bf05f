"""Curves of one metric as flat arrays: what the transforms compute with.

A frame of curves names the run and the metric in every row; at twenty million rows comparing those names costs more
than the smoothing. Here a curve is a stretch of the arrays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlcompare.schema import CURVE

Floats = NDArray[np.float64]
Places = NDArray[np.float64] | NDArray[np.int64]

#: What follows a run's id in the name of a curve that is only a part of the run.
WORKER, HISTORY = " · worker ", " · history "

_PART_OF_RUN = re.compile(rf"({WORKER}\d+)?({HISTORY}\d+)?$")


def curve_name(run: str, worker: int | None, history: int | None) -> str:
    """Name the curve of a run, or of one of its workers or histories, counted from 1."""
    return run + (f"{WORKER}{worker}" if worker else "") + (f"{HISTORY}{history}" if history else "")


def run_of(name: str) -> str:
    """Return the id of the run that a curve belongs to."""
    return _PART_OF_RUN.sub("", name)


class Points(NamedTuple):
    """Values of one metric: its steps, Unix seconds (NaN where the source has none), and the values, row by row."""

    step: NDArray[np.int64]
    wall_time: Floats
    value: Floats

    @classmethod
    def joined(cls, parts: Sequence[Points]) -> Points:
        """Put parts one behind another."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            _together([part.step for part in parts], np.int64),
            _together([part.wall_time for part in parts], np.float64),
            _together([part.value for part in parts], np.float64),
        )

    def copy(self) -> Points:
        """Copy the arrays."""
        return Points(self.step.copy(), self.wall_time.copy(), self.value.copy())

    def rows(self, chosen: slice | NDArray[Any]) -> Points:
        """Take some rows, by a slice, by their numbers or by a mask."""
        return Points(self.step[chosen], self.wall_time[chosen], self.value[chosen])


@dataclass(frozen=True, eq=False)
class CurveSet:
    """Curves of one metric, the values of each curve together and in training order. Never changed in place.

    Parameters
    ----------
    names : tuple of str
        One a curve, as :func:`curve_name` makes them.
    starts : ndarray of intp, shape (n_curves + 1,)
        Curve ``i`` is ``value[starts[i]:starts[i + 1]]``.
    step : ndarray of int64, shape (n_values,)
    wall_time : ndarray of float64, shape (n_values,)
        Unix seconds; NaN where the source has none.
    x : ndarray of float64 or int64, shape (n_values,)
        Place on the x axis, in the axis' unit: `step` itself until the curves are placed on another axis.
    value : ndarray of float64, shape (n_values,)
        As logged, NaN and infinities among them.
    """

    names: tuple[str, ...]
    starts: NDArray[np.intp]
    step: NDArray[np.int64]
    wall_time: Floats
    x: Places
    value: Floats

    def __len__(self) -> int:
        return len(self.names)

    @property
    def slices(self) -> list[slice]:
        """Where each curve's values stand, curves in order."""
        return [slice(start, stop) for start, stop in pairwise(self.starts.tolist())]

    @classmethod
    def joined(cls, names: Sequence[str], curves: Sequence[tuple[NDArray[np.int64], Floats, Floats]]) -> CurveSet:
        """Put together curves that are given one by one as (step, wall time, value)."""
        builder = CurveBuilder(sum(len(value) for _, _, value in curves))
        builder.add_all((name, Points(*points)) for name, points in zip(names, curves, strict=True))
        return builder.done()

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> CurveSet:
        """Take over a frame of curves of one metric whose rows of a run stand together; null values are left out.

        Parameters
        ----------
        frame : DataFrame with the columns of ``schema.CURVE``
        """
        frame = frame.filter(pl.col("value").is_not_null())
        run = frame["run"]
        first = (run != run.shift()).fill_null(value=True).arg_true()
        step = frame["step"].to_numpy()
        return cls(
            tuple(run.gather(first).to_list()),
            np.append(first.to_numpy(), frame.height).astype(np.intp),
            step,
            frame["wall_time"].fill_null(np.nan).to_numpy(),
            step,
            frame["value"].to_numpy(),
        )

    def frame(self, metric: str) -> pl.DataFrame:
        """Return the curves as a frame with the columns of ``schema.CURVE``."""
        lengths = np.diff(self.starts)
        run = pl.Series("run", self.names, dtype=pl.String).gather(np.repeat(np.arange(len(self)), lengths))
        times = pl.Series("wall_time", self.wall_time).fill_nan(None)
        columns = {"run": run, "step": self.step, "wall_time": times, "value": self.value}
        return pl.DataFrame(columns).with_columns(pl.lit(metric).alias("metric")).select(list(CURVE)).cast(CURVE)  # type: ignore[arg-type]

    def with_values(self, value: Floats) -> CurveSet:
        """Return the same curves with other values, one for one."""
        return replace(self, value=value)

    def only(self, names: Iterable[str]) -> CurveSet:
        """Return some of the curves, in the order they have here."""
        wanted = set(names)
        if wanted.issuperset(self.names):
            return self
        slices = self.slices
        parts = {name: slices[i] for i, name in enumerate(self.names) if name in wanted}
        starts = np.cumsum([0, *(part.stop - part.start for part in parts.values())], dtype=np.intp)
        columns = [
            _together([column[part] for part in parts.values()], column.dtype.type)
            for column in (self.step, self.wall_time, self.x, self.value)
        ]
        return CurveSet(tuple(parts), starts, *columns)

    def taken(self, names: Sequence[str], rows: Sequence[NDArray[np.intp]]) -> CurveSet:
        """Return curves made of some rows of these.

        Parameters
        ----------
        names : sequence of str, one a curve
        rows : sequence of ndarray of row numbers, one a curve
        """
        at = _together(rows, np.intp)
        starts = np.cumsum([0, *map(len, rows)], dtype=np.intp)
        return CurveSet(tuple(names), starts, self.step[at], self.wall_time[at], self.x[at], self.value[at])


class CurveBuilder:
    """Puts curves one behind another into arrays that are taken once.

    Memory that was never used costs more time than reading what goes into it, so there is none for wall times that no
    curve has.

    Parameters
    ----------
    n_values : int
        Of all curves together, at most.
    """

    def __init__(self, n_values: int) -> None:
        self._step = np.empty(n_values, np.int64)
        self._value = np.empty(n_values)
        self._wall_time: Floats | None = None
        self._names: list[str] = []
        self._starts = [0]

    def add(self, name: str, points: Points) -> None:
        """Put a curve behind those there are."""
        start = self._starts[-1]
        stop = start + len(points.value)
        self._step[start:stop], self._value[start:stop] = points.step, points.value
        if self._wall_time is None and len(points.value) and not is_unlogged(points.wall_time):
            self._wall_time = np.full(len(self._value), np.nan)
        if self._wall_time is not None:
            self._wall_time[start:stop] = points.wall_time
        self._names.append(name)
        self._starts.append(stop)

    def add_all(self, curves: Iterable[tuple[str, Points]]) -> None:
        """Put several curves behind those there are."""
        for name, points in curves:
            self.add(name, points)

    def done(self) -> CurveSet:
        """Return the curves."""
        n = self._starts[-1]
        times = unlogged(n) if self._wall_time is None else self._wall_time[:n]
        starts = np.array(self._starts, dtype=np.intp)
        return CurveSet(tuple(self._names), starts, self._step[:n], times, self._step[:n], self._value[:n])


def unlogged(n: int) -> Floats:
    """Return as many wall times as there are values where the source has none: one NaN, seen `n` times."""
    return np.broadcast_to(np.nan, n)


def is_unlogged(wall_time: Floats) -> bool:
    """Tell whether wall times are :func:`unlogged`."""
    return wall_time.strides == (0,)


def _together(arrays: Sequence[NDArray[Any]], dtype: type[np.generic]) -> NDArray[Any]:
    return np.concatenate(arrays).astype(dtype, copy=False) if arrays else np.empty(0, dtype)
