"""Values of a training in stretches of its steps, whose borders the axis fixes and not what was logged last.

A stretch is as wide as a power of two, in steps, and begins at a multiple of it. So a training that goes on adds
stretches behind those that are there, until all of them become twice as wide at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlcompare.stats.sample import Floats

Steps = NDArray[np.int64]

#: Stretches of a fan, and values in one on average: enough for the 5th percentile not to be the minimum.
MOST_STRETCHES, FEWEST_VALUES = 100, 20

#: Of each run these first values tell how many a stretch has, so that a run that goes on does not change it.
_TELLING = 1_000

#: Larger values are taken for infinite: their sums would be.
_LARGEST = 1e300

#: Steps are counted as finely as so many cells of the axis.
_CELL_BITS = 16


@dataclass(frozen=True, eq=False)
class Values:
    """Values of one run in the order of their steps.

    Parameters
    ----------
    step : ndarray of int64, shape (n,), ascending
    value : ndarray, shape (n,), finite
    n_left_out : int
        Values that were logged and are not finite.
    """

    step: Steps
    value: Floats
    n_left_out: int = 0

    def __len__(self) -> int:
        return len(self.step)

    def between(self, low: float, high: float) -> Values:
        """Return the values of a part of the training, both ends included."""
        rows = slice(np.searchsorted(self.step, low, side="left"), np.searchsorted(self.step, high, side="right"))
        return Values(self.step[rows], self.value[rows])


def values_of(step: Steps, value: Floats) -> Values:
    """Order values by their steps, those of one step as they were logged, and leave out what is not finite.

    Parameters
    ----------
    step : ndarray of int64, shape (n,)
    value : ndarray, shape (n,)
    """
    finite = np.abs(value) < _LARGEST
    if not finite.all():
        step, value = step[finite], value[finite]
    if (step[1:] < step[:-1]).any():
        order = np.argsort(step, kind="stable")
        step, value = step[order], value[order]
    return Values(step, value, len(finite) - len(step))


@dataclass(frozen=True, eq=False)
class Stretches:
    """Parts of an axis of steps that hold values.

    Parameters
    ----------
    width : int
        In steps, a power of two.
    start : ndarray of int64, shape (n,), ascending
        First step of each; multiples of the width.
    """

    width: int
    start: Steps

    def __len__(self) -> int:
        return len(self.start)

    def number(self, step: Steps) -> NDArray[np.intp]:
        """Find the number of the stretch of each step; -1 where a step is in none."""
        if not len(self.start):
            return np.full(len(step), -1, np.intp)
        begin = step & -self.width
        at = np.minimum(np.searchsorted(self.start, begin), len(self.start) - 1)
        return np.where(self.start[at] == begin, at, -1)


def stretches_of(runs: Sequence[Values], most: int = MOST_STRETCHES, fewest: int = FEWEST_VALUES) -> Stretches:
    """Cut the steps of runs into as many stretches as they have values for.

    Parameters
    ----------
    runs : sequence of Values
    most : int
        Stretches that hold values.
    fewest : int
        Values in one, on average over the first of each run.

    Returns
    -------
    Stretches
        Of the smallest width that keeps to both, those that hold values. Negative steps have stretches of their own.
    """
    having = [run for run in runs if len(run)]
    if not having:
        return Stretches(1, np.empty(0, np.int64))
    first, last = min(int(run.step[0]) for run in having), max(int(run.step[-1]) for run in having)
    bits = max(0, (last - first).bit_length() - _CELL_BITS)
    cell = np.arange(first >> bits, (last >> bits) + 1)
    n, n_first = np.zeros_like(cell), np.zeros_like(cell)
    for run in having:
        at = (run.step >> bits) - cell[0]
        n += np.bincount(at, minlength=len(cell))
        n_first += np.bincount(at[:_TELLING], minlength=len(cell))
    cell, n_first = cell[n > 0], n_first[n > 0]
    # Steps on both sides of 0 stay apart, however wide a stretch is.
    fewest_cells = 1 + (first < 0 <= last)
    while len(cell) > fewest_cells and (len(cell) > most or n_first.sum() < fewest * np.count_nonzero(n_first)):
        bits += 1
        begins = np.flatnonzero(np.diff(cell >> 1, prepend=(cell[0] >> 1) - 1))
        cell, n_first = cell[begins] >> 1, np.add.reduceat(n_first, begins)
    return Stretches(1 << bits, cell << bits)
