"""Values of a log that names the metric with each value, gathered to wide frames."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

import numpy as np
import polars as pl

from rlcompare.readers.tfevents import to_tables
from rlcompare.readers.tfevents.log import EventLog, Floats, Ints, Scalars


class ScalarLog:
    """Collects values in any order; see :mod:`rlcompare.readers.tfevents.tables` for the rows that they make.

    A value's place, a byte or a line of the file, says which came first.
    """

    def __init__(self) -> None:
        self._parts: list[Scalars] = []
        self._tags: dict[str, int] = {}
        self._places = array("q")
        self._steps = array("q")
        self._times = array("d")
        self._metrics = array("q")
        self._values = array("d")

    def add(self, place: int, key: str, step: int, wall_time: float | None, value: float) -> None:
        """Add one value.

        Parameters
        ----------
        place : int
        key : str
            The metric; any text but an empty one.
        step : int of 64 bits
        wall_time : float or None
            Unix seconds.
        value : float
        """
        self._places.append(place)
        self._metrics.append(self._tag(key))
        self._steps.append(step)
        self._times.append(math.nan if wall_time is None else wall_time)
        self._values.append(value)

    def add_many(
        self, places: Ints, keys: Sequence[str], which: Ints, steps: Ints, wall_times: Floats, values: Floats
    ) -> None:
        """Add values as parallel arrays; ``which`` is the number in ``keys`` of each, a time of NaN is none."""
        tags = np.array([self._tag(key) for key in keys], np.int64)
        self._parts.append(Scalars(places, steps, wall_times, tags[which], values))

    def _tag(self, key: str) -> int:
        return self._tags.setdefault(key, len(self._tags))

    def tables(self) -> tuple[pl.DataFrame, ...]:
        """Make the run log of all values: each metric stands in one table."""
        singles = (self._places, self._steps, self._times, self._metrics, self._values)
        tags = {key.encode("utf-8", "surrogatepass"): tag for key, tag in self._tags.items()}
        scalars = [*self._parts, Scalars(*(np.array(column) for column in singles))]
        return to_tables(EventLog(0, tags=tags, scalars=scalars))
