"""Two metrics of the same runs at the steps that have both, which is what may be correlated.

Values are as logged: never smoothed, thinned or carried forward to a step at which nothing was logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlcompare.curves import CurveSet, Floats


@dataclass(frozen=True, eq=False)
class Pair:
    """One curve's values of two metrics at the steps that have both.

    Parameters
    ----------
    name : str
        Of the curve.
    step : ndarray of int64, shape (n,), ascending, each once
    wall_time : ndarray, shape (n,)
        Unix seconds, of the first metric; NaN where unlogged.
    x, y : ndarray, shape (n,)
        Finite; the mean of several values at one step.
    n_x, n_y : int
        Steps at which each metric has a finite value.
    """

    name: str
    step: NDArray[np.int64]
    wall_time: Floats
    x: Floats
    y: Floats
    n_x: int
    n_y: int


@dataclass(frozen=True, eq=False)
class AtSteps:
    """One curve with one finite value a step, the mean of several; steps without one are left out."""

    step: NDArray[np.int64]
    wall_time: Floats
    value: Floats


def pair_curves(x: CurveSet, y: CurveSet) -> list[Pair]:
    """Join the curves of two metrics by name and step.

    Parameters
    ----------
    x, y : CurveSet

    Returns
    -------
    list of Pair
        In the order of ``x``; a curve that only one of them has is left out, one without a common step is there.
    """
    firsts, seconds = (dict(zip(curves.names, at_steps(curves), strict=True)) for curves in (x, y))
    return [_pair(name, first, seconds[name]) for name, first in firsts.items() if name in seconds]


def at_steps(curves: CurveSet) -> list[AtSteps]:
    """Give each curve one value a step."""
    return [_at_steps(curves.step[part], curves.wall_time[part], curves.value[part]) for part in curves.slices]


def _at_steps(step: NDArray[np.int64], wall_time: Floats, value: Floats) -> AtSteps:
    finite = np.isfinite(value)
    if not finite.all():
        step, wall_time, value = step[finite], wall_time[finite], value[finite]
    if (step[1:] <= step[:-1]).any():
        order = np.argsort(step, kind="stable")
        step, wall_time, value = step[order], wall_time[order], value[order]
        starts = np.flatnonzero(np.diff(step, prepend=step[0] - 1))
        mean = np.add.reduceat(value, starts) / np.diff(starts, append=len(step))
        step, wall_time, value = step[starts], wall_time[starts], mean
    return AtSteps(step, wall_time, value)


def _pair(name: str, x: AtSteps, y: AtSteps) -> Pair:
    if len(x.step) == len(y.step) and (x.step == y.step).all():
        return Pair(name, x.step, x.wall_time, x.value, y.value, len(x.step), len(y.step))
    step, at_x, at_y = np.intersect1d(x.step, y.step, assume_unique=True, return_indices=True)
    return Pair(name, step, x.wall_time[at_x], x.value[at_x], y.value[at_y], len(x.step), len(y.step))


def table_of(metrics: Sequence[AtSteps]) -> Floats:
    """Put one curve's metrics side by side, a row a step that any of them has.

    Returns
    -------
    ndarray, shape (n_steps, n_metrics)
        NaN where a metric has no value at a step.
    """
    every = metrics[0].step if metrics else np.empty(0, np.int64)
    if all(len(metric.step) == len(every) and (metric.step == every).all() for metric in metrics):
        return np.stack([metric.value for metric in metrics], axis=1) if metrics else np.empty((0, 0))
    every = np.unique(np.concatenate([metric.step for metric in metrics]))
    table = np.full((len(every), len(metrics)), np.nan)
    for column, metric in enumerate(metrics):
        table[np.searchsorted(every, metric.step), column] = metric.value
    return table
