"""Values of a log that names the metric with each value, from a loop to wide frames."""

from __future__ import annotations

import math
from array import array

import numpy as np
import polars as pl

from rlcompare.readers.tfevents import to_tables
from rlcompare.readers.tfevents.log import EventLog, Scalars


class ScalarLog:
    """Collects single values in the order of the log; see :mod:`rlcompare.readers.tfevents.tables` for their rows."""

    def __init__(self) -> None:
        self._keys: dict[str, int] = {}
        self._steps = array("q")
        self._times = array("d")
        self._metrics = array("q")
        self._values = array("d")

    def add(self, key: str, step: int, wall_time: float | None, value: float) -> None:
        """Add one value of a metric.

        Parameters
        ----------
        key : str
            Any text but an empty one.
        step : int of 64 bits
        wall_time : float or None
            Unix seconds.
        value : float
        """
        self._metrics.append(self._keys.setdefault(key, len(self._keys)))
        self._steps.append(step)
        self._times.append(math.nan if wall_time is None else wall_time)
        self._values.append(value)

    def tables(self) -> tuple[pl.DataFrame, ...]:
        """Make the run log of all values: each metric stands in one table."""
        log = EventLog(0)
        tags = np.array([log.tag(key.encode("utf-8", "replace")) for key in self._keys], np.int64)
        log.scalars.append(
            Scalars(
                np.arange(len(self._steps), dtype=np.int64),
                np.array(self._steps, np.int64),
                np.array(self._times, np.float64),
                tags[np.array(self._metrics, np.int64)],
                np.array(self._values, np.float64),
            )
        )
        return to_tables(log)
