"""Where a curve's values stand on the x axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rlcompare.curves import CurveSet, Floats, run_of
from rlcompare.errors import ParameterError

#: ``relative`` and ``wall`` need wall times in the log.
Axis = Literal["step", "relative_step", "relative", "wall"]


def place_on_axis(curves: CurveSet, axis: Axis, started: Mapping[str, float]) -> CurveSet:
    """Give each value its place on an x axis.

    Parameters
    ----------
    curves : CurveSet
    axis : {"step", "relative_step", "relative", "wall"}
        ``step``: the trainer's own step. ``relative_step``: steps since the curve's first. ``relative``: minutes since
        the run's first record, pauses before a restart included. ``wall``: Unix seconds.
    started : mapping of run id to Unix seconds of the run's first record
        The same origin for every metric of a run, so that metrics logged at different moments share an axis.

    Returns
    -------
    CurveSet
        The values that have such a place, in their order. A curve without any, such as one of a run without wall times
        on a time axis, is left out.

    Raises
    ------
    ParameterError
        No such axis.
    """
    if axis not in get_args(Axis):
        known = ", ".join(get_args(Axis))
        raise ParameterError(f"Expected an x axis of {known}; got {axis!r}. Hint: every run has steps.")
    lengths = np.diff(curves.starts)
    if axis == "step":
        x = curves.step.astype(np.float64)
    elif axis == "relative_step":
        first = curves.step[curves.starts[:-1][lengths > 0]]
        x = (curves.step - np.repeat(first, lengths[lengths > 0])).astype(np.float64)
    elif axis == "relative":
        origins = np.array([started.get(run_of(name), np.nan) for name in curves.names], dtype=np.float64)
        x = (curves.wall_time - np.repeat(origins, lengths)) / 60
    else:
        x = curves.wall_time
    return _placed(curves, x)


def place_on_metric(curves: CurveSet, axis: CurveSet) -> CurveSet:
    """Draw a metric over another one of the same runs.

    The x of a value is the other metric's value at the same step; where a step has several records, the first is taken
    with the first of the other, and so on. Nothing is filled in, with one exception: where no step of a curve is among
    the other's, and the other never falls, as counts do not, the latest value at an earlier step is its x.

    Parameters
    ----------
    curves : CurveSet
    axis : CurveSet
        The other metric. A part of a run that it does not hold is placed by the run's own curve.

    Returns
    -------
    CurveSet
        The values that have a finite x, in their order; a curve without any is left out.
    """
    held = dict(zip(axis.names, axis.slices, strict=True))
    x = np.full(len(curves.value), np.nan)
    for name, rows in zip(curves.names, curves.slices, strict=True):
        others = held.get(name, held.get(run_of(name)))
        if others is not None:
            x[rows] = _joined(curves.step[rows], axis.step[others], axis.value[others])
    return _placed(curves, x)


def _placed(curves: CurveSet, x: Floats) -> CurveSet:
    kept = np.isfinite(x)
    before = np.concatenate([[0], np.cumsum(kept)])[curves.starts]
    lengths = np.diff(before)
    if kept.all() and (lengths > 0).all():
        return replace(curves, x=x)
    return CurveSet(
        tuple(name for name, length in zip(curves.names, lengths, strict=True) if length),
        np.concatenate([[0], np.cumsum(lengths[lengths > 0])]).astype(np.intp),
        curves.step[kept],
        curves.wall_time[kept],
        x[kept],
        curves.value[kept],
    )


def _joined(step: NDArray[np.int64], other_step: NDArray[np.int64], other: Floats) -> Floats:
    """Find for each step the other metric's value, NaN where there is none."""
    order = np.argsort(other_step, kind="stable")
    other_step, in_order = other_step[order], other[order]
    at = np.searchsorted(other_step, step) + _earlier_of_step(step)
    ends = np.searchsorted(other_step, step, side="right")
    matched = at < ends
    if not matched.any() and (np.diff(other[np.isfinite(other)]) >= 0).all():
        counted = np.isfinite(in_order)
        other_step, in_order = other_step[counted], in_order[counted]
        at = np.searchsorted(other_step, step, side="right") - 1
        matched = at >= 0
    x = np.full(len(step), np.nan)
    x[matched] = in_order[at[matched]]
    return x


def _earlier_of_step(step: NDArray[np.int64]) -> NDArray[np.intp]:
    """Tell of each record how many of its step come before it."""
    order = np.argsort(step, kind="stable")
    row = np.arange(len(step))
    first = np.diff(step[order], prepend=step[order][:1] - 1) != 0
    number = np.empty(len(step), np.intp)
    number[order] = row - np.maximum.accumulate(np.where(first, row, 0))
    return number
