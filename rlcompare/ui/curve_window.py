"""The part of the plane that a chart shows, and the values in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlcompare.charts.curve_layers import XAxis
from rlcompare.curves import CurveSet, Floats
from rlcompare.ui.curve_frames import Screen

#: Of the values in view on a robust y axis.
ROBUST = (1.0, 99.0)
#: So many values, evenly spread, are enough for the quantiles of a robust axis.
SAMPLED = 1_000_000
#: Part of the y axis left empty above and below the curves.
MARGIN = 0.04


@dataclass(frozen=True)
class Window:
    """The part of the plane that a chart shows, and how.

    Parameters
    ----------
    x_axis : XAxis
    screen : Screen
    x0, x1 : float
        Ends of the x axis, in the unit of the curves.
    is_zoomed : bool
    robust : bool
        The y axis covers the middle of the values in view, not all of them.
    """

    x_axis: XAxis
    screen: Screen
    x0: float
    x1: float
    is_zoomed: bool = False
    robust: bool = False

    @property
    def view(self) -> tuple[float, float] | None:
        """What thinning must show; None: everything."""
        return (self.x0, self.x1) if self.is_zoomed else None

    def values(self, curves: CurveSet) -> Floats:
        """Values of curves in view."""
        return curves.value[(curves.x >= self.x0) & (curves.x <= self.x1)] if self.is_zoomed else curves.value

    def rows(self, curves: CurveSet) -> list[NDArray[np.intp]]:
        """Rows of each curve in view."""
        return [
            part.start + np.flatnonzero((curves.x[part] >= self.x0) & (curves.x[part] <= self.x1))
            for part in curves.slices
        ]

    def cut(self, curves: CurveSet) -> CurveSet:
        """Return the part of each curve that is in view."""
        return curves.taken(curves.names, self.rows(curves))


def y_ends(in_view: Floats, drawn: Sequence[Floats], window: Window) -> tuple[float, float]:
    """Lowest and highest place of the y axis, with a margin.

    Parameters
    ----------
    in_view : ndarray
        All values in view, for the quantiles of a robust axis.
    drawn : sequence of ndarray
        What is drawn in view; it holds the extremes of all.
    """
    log = window.screen.log_y
    values = in_view[:: max(1, len(in_view) // SAMPLED)] if window.robust else np.concatenate([np.empty(0), *drawn])
    values = values[window.screen.has_place(values)]
    if not len(values):
        return (1.0, 10.0) if log else (0.0, 1.0)
    low, high = np.percentile(values, ROBUST) if window.robust else (values.min(), values.max())
    if log:
        low, high = np.log10(low), np.log10(high)
    margin = MARGIN * (high - low) or (0.1 if log else 0.05 * abs(high)) or 0.5
    low, high = float(low - margin), float(high + margin)
    return (10.0**low, 10.0**high) if log else (low, high)


def count_outside(values: Floats, low: float, high: float) -> int:
    """Count values beyond the ends of the y axis."""
    return int(((values < low) | (values > high)).sum())
