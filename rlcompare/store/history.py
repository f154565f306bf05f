"""Restarts and workers: which of several records of one step count.

Writers whose times overlap are workers of one training; writers one after another whose steps go back are one
training restarted, and the later history wins. Within one file, steps going back are a restart too, unless they are
mere disorder (records of a few steps written out of order).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlcompare.curves import Points
from rlcompare.store.record import Slice

#: A file's steps that go back over fewer logged rows than this are disorder unless the steps are logged again.
RESTART_ROWS = 2

#: What becomes of a training that was restarted: its later history, every record in the order written, or each history
#: by itself.
Restarts = Literal["later", "all", "segments"]
#: How several workers' values of one step become one; ``each`` keeps the workers apart.
Workers = Literal["mean", "sum", "min", "max", "each"]

#: Of values in groups of equal step, given the values and where each group begins. NaN of one worker is the result's.
_TOGETHER: dict[Workers, Callable[[NDArray[np.float64], NDArray[np.intp]], NDArray[Any]]] = {
    "mean": lambda value, starts: np.add.reduceat(value, starts) / np.diff(starts, append=len(value)),
    "sum": np.add.reduceat,
    "min": np.minimum.reduceat,
    "max": np.maximum.reduceat,
}


def workers(times: Sequence[tuple[float | None, float | None]]) -> list[tuple[str, int]]:
    """Tell workers from restarts by the times at which files of one kind were written.

    Parameters
    ----------
    times : sequence of (first, last) wall time in Unix seconds, one a file, None where not logged

    Returns
    -------
    list of (worker, writer), one a file
        ``worker`` is empty where there is only one; ``writer`` numbers a worker's files in time order.
    """
    order = sorted(range(len(times)), key=lambda i: (times[i][0] is None, times[i][0] or 0.0, i))
    ends: list[float] = []
    writers: list[int] = []
    placed: list[tuple[int, int]] = [(0, 0)] * len(times)
    for i in order:
        first, last = times[i]
        # Without times nothing tells two files of a kind apart: files in name order, one after another.
        lane = next((k for k, end in enumerate(ends) if first is None or end <= first), len(ends))
        if lane == len(ends):
            ends.append(float("-inf"))
            writers.append(0)
        placed[i] = (lane, writers[lane])
        writers[lane] += 1
        if last is not None:
            ends[lane] = max(ends[lane], last)
    single = len(ends) <= 1
    return [("" if single else str(lane), writer) for lane, writer in placed]


@dataclass(frozen=True, eq=False)
class Lane:
    """What one worker logged of one metric.

    Parameters
    ----------
    points : Points, in the order written
    joints : tuple of int
        Numbers of the rows that begin a later file.
    """

    points: Points
    joints: tuple[int, ...]

    @cached_property
    def is_plain(self) -> bool:
        """Whether the steps never go back, nor stay where a later file begins: then every row stands as it is."""
        step = self.points.step
        return bool((step[1:] >= step[:-1]).all()) and all(step[row] > step[row - 1] for row in self.joints)

    @cached_property
    def replaced_by(self) -> NDArray[np.intp]:
        """Number of the stretch that replaced each row, 0 where the row stands.

        Stretch 0 begins with the first row; another begins where a file does, or where the steps go back. A row is
        replaced when a later file begins at its step or before; when a later stretch logs its step again; or when the
        file went back over at least ``RESTART_ROWS`` rows and has not reached its step since.
        """
        step, stretch = self.points.step, self._stretch
        replaced = np.zeros(len(step), np.intp)
        if self.is_plain:
            return replaced
        bounds = np.flatnonzero(np.diff(stretch, prepend=-1))
        first, top = step[bounds], np.maximum.reduceat(step, bounds)
        # From the last cause to the first, so that the first one to replace a row has the last word.
        last_stretch = len(bounds) - 1
        for row in reversed(self.joints):
            replaced[:row][step[:row] >= step[row]] = stretch[row]
        again = self._logged_again_by
        replaced = np.where((again > 0) & ((replaced == 0) | (again < replaced)), again, replaced)
        later_first = np.minimum.accumulate(first[::-1])[::-1][1:]
        later_top = np.maximum.accumulate(top[::-1])[::-1][1:]
        earlier = np.flatnonzero(stretch < last_stretch)
        at = stretch[earlier]
        undone = step[earlier] >= later_first[at]
        depth = np.bincount(at[undone], minlength=last_stretch)
        unreached = undone & (step[earlier] > later_top[at]) & (depth[at] >= RESTART_ROWS)
        # What no later stretch has reached lies above where the very next one begins.
        replaced[earlier[unreached]] = at[unreached] + 1
        return replaced

    @cached_property
    def restarts(self) -> NDArray[np.intp]:
        """Numbers of the rows that begin a later history: a file does, or a stretch that replaced a row."""
        if self.is_plain and not self.joints:
            return np.empty(0, np.intp)
        begins = np.bincount(self.replaced_by[self.replaced_by > 0], minlength=int(self._stretch[-1]) + 1) > 0
        begins[self._stretch[list(self.joints)]] = True
        return np.flatnonzero(np.diff(self._stretch, prepend=0) & begins[self._stretch])

    def n_replaced(self, row: int) -> int:
        """Count the rows that the history beginning at ``row`` replaced."""
        return int((self.replaced_by == self._stretch[row]).sum())

    def histories(self) -> list[Points]:
        """Return each history whole, in the order written."""
        return [self.points.rows(slice(*ends)) for ends in pairwise([0, *self.restarts, len(self.points.step)])]

    def later(self) -> Points:
        """Return the rows that no restart replaced, in order of step."""
        if self.is_plain:
            return self.points
        return in_step_order(self.points.rows(self.replaced_by == 0))

    @cached_property
    def _stretch(self) -> NDArray[np.intp]:
        """Number of the stretch that each row is in."""
        begins = np.diff(self.points.step, prepend=self.points.step[:1]) < 0
        begins[list(self.joints)] = True
        return np.cumsum(begins, dtype=np.intp)

    @property
    def _logged_again_by(self) -> NDArray[np.intp]:
        """Number of the next stretch that logs each row's step again, 0 where none does."""
        order = np.argsort(self.points.step, kind="stable")
        step, stretch = self.points.step[order], self._stretch[order]
        other_step = np.diff(step, prepend=step[0]) != 0
        bounds = np.flatnonzero(other_step | (np.diff(stretch, prepend=-1) != 0))
        same_step = ~np.append(other_step[bounds[1:]], True)
        following = np.where(same_step, np.append(stretch[bounds[1:]], 0), 0)
        again = np.empty(len(step), np.intp)
        again[order] = np.repeat(following, np.diff(bounds, append=len(step)))
        return again


def lanes(slices: Sequence[Slice], pieces: Sequence[Points]) -> list[Lane]:
    """Put together what each worker of one run logged.

    Parameters
    ----------
    slices : sequence of Slice, a worker's own in the order written
    pieces : sequence of Points, the values of each slice
    """
    held: dict[str, tuple[list[Points], list[int]]] = {}
    for piece, points in zip(slices, pieces, strict=True):
        if len(points.step):
            parts, writers = held.setdefault(piece.worker, ([], []))
            parts.append(points)
            writers.append(piece.writer)
    found = []
    for parts, writers in held.values():
        starts = np.cumsum([len(points.step) for points in parts]).tolist()
        joints = tuple(row for row, (a, b) in zip(starts, pairwise(writers), strict=False) if a != b)
        found.append(Lane(Points.joined(parts), joints))
    return found


class Resolved(NamedTuple):
    """One curve of a run, and which worker and history of it, counted from 1; None where the run has only one."""

    worker: int | None
    history: int | None
    points: Points


def resolve(run: Sequence[Lane], restarts: Restarts = "later", combine: Workers = "mean") -> list[Resolved]:
    """Make of what a run's workers logged the curves that were asked for.

    Parameters
    ----------
    run : sequence of Lane
    restarts : {"later", "all", "segments"}
    combine : {"mean", "sum", "min", "max", "each"}

    Returns
    -------
    list of Resolved
        Several workers are put together history by history: their first, their second and so on.
    """
    if combine == "each" and len(run) > 1:
        return [
            Resolved(number, history, points)
            for number, lane in enumerate(run, 1)
            for _, history, points in resolve([lane], restarts)
        ]
    if restarts == "all" and len(run) == 1:
        return [Resolved(None, None, run[0].points)]
    split = [[lane.later()] if restarts == "later" else lane.histories() for lane in run]
    depth = max(map(len, split), default=0)
    found = [_together([parts[k] for parts in split if k < len(parts)], combine) for k in range(depth)]
    if restarts == "all":
        return [Resolved(None, None, Points.joined(found))]
    return [Resolved(None, k if depth > 1 else None, points) for k, points in enumerate(found, 1)]


def _together(workers_points: Sequence[Points], combine: Workers) -> Points:
    """Combine what several workers logged at each step; a single worker's records stay apart."""
    if len(workers_points) == 1:
        return in_step_order(workers_points[0])
    points = in_step_order(Points.joined(workers_points))
    starts = np.flatnonzero(np.diff(points.step, prepend=points.step[0] - 1))
    with np.errstate(invalid="ignore", over="ignore"):
        value = _TOGETHER[combine](points.value, starts)
    return Points(points.step[starts], np.fmin.reduceat(points.wall_time, starts), value)


def in_step_order(points: Points) -> Points:
    """Order by step; records of one step stay in their order."""
    if (points.step[1:] >= points.step[:-1]).all():
        return points
    return points.rows(np.argsort(points.step, kind="stable"))
