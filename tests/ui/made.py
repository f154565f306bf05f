"""Curves, bands and windows made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from rlcompare.charts.curve_axes import XAxis
from rlcompare.curves import CurveSet
from rlcompare.transforms import NO_SMOOTHING, Aggregation, Smoothing, aggregate, smooth_curves
from rlcompare.ui.curve_frames import Screen
from rlcompare.ui.curve_side import Drawn
from rlcompare.ui.curve_window import Window

STEP, PLAIN = XAxis("Step", is_whole=True), Screen()
MEAN = Aggregation()

finite = st.floats(-1e6, 1e6, allow_nan=False, width=32)


def curves(values: Mapping[str, Sequence[float]], x: Mapping[str, Sequence[float]] | None = None) -> CurveSet:
    """Curves at steps 0, 1, 2, …, without times, or at other places."""
    made = [
        (np.arange(len(of), dtype=np.int64), np.full(len(of), np.nan), np.array(of, np.float64))
        for of in values.values()
    ]
    found = CurveSet.joined(list(values), made)
    if x is None:
        return replace(found, x=found.step.astype(np.float64))
    return replace(found, x=np.concatenate([np.array(x[name], np.float64) for name in values]))


def drawn(
    values: Mapping[str, Sequence[float]],
    group_of: Mapping[str, str] | None = None,
    *,
    x: Mapping[str, Sequence[float]] | None = None,
    smoothing: Smoothing = NO_SMOOTHING,
    how: Aggregation = MEAN,
    title: str = "Reward",
) -> Drawn:
    """Runs, labelled in capitals, or their groups."""
    logged = curves(values, x)
    smoothed = smooth_curves(logged, smoothing)
    if group_of is None:
        return Drawn(title, logged, smoothed, {name: name.upper() for name in values})
    return Drawn(title, logged, smoothed, group_of, tuple(aggregate(smoothed, group_of, how)))


def window(
    x0: float,
    x1: float,
    *,
    is_part: bool = False,
    robust: bool = False,
    log_x: bool = False,
    log_y: bool = False,
) -> Window:
    """A window on steps."""
    screen = Screen(log_x=log_x, log_y=log_y)
    return Window(replace(STEP, is_log=log_x), screen, x0, x1, is_part=is_part or log_x, robust=robust)
