"""The part of the plane that a chart shows, and the values in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlcompare.charts.curve_axes import XAxis
from rlcompare.curves import CurveSet, Floats, Places
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
    is_part : bool
        Values may lie beyond the ends: of a stretch zoomed to, or of a logarithmic axis.
    robust : bool
        The y axis covers the middle of the values in view, not all of them.
    """

    x_axis: XAxis
    screen: Screen
    x0: float
    x1: float
    is_part: bool = False
    robust: bool = False

    @property
    def view(self) -> tuple[float, float] | None:
        """What thinning must show; None: everything."""
        return (self.x0, self.x1) if self.is_part else None

    def holds(self, x: Places) -> NDArray[np.bool_]:
        """Tell which places are in view."""
        return (x >= self.x0) & (x <= self.x1)

    def values(self, curves: CurveSet) -> Floats:
        """Values of curves in view."""
        return curves.value[self.holds(curves.x)] if self.is_part else curves.value

    def cut(self, curves: CurveSet) -> CurveSet:
        """Return the part of each curve that is in view."""
        rows = [part.start + np.flatnonzero(self.holds(curves.x[part])) for part in curves.slices]
        return curves.taken(curves.names, rows)


def y_ends(in_view: Sequence[Floats], drawn: Sequence[Floats], window: Window) -> tuple[float, float]:
    """Lowest and highest place of the y axis, with a margin.

    Parameters
    ----------
    in_view : sequence of ndarray
        All values in view, for the quantiles of a robust axis.
    drawn : sequence of ndarray
        What is drawn in view; it holds the extremes of all.
    """
    log = window.screen.log_y
    parts = [some[:: max(1, len(some) // SAMPLED)] for some in in_view] if window.robust else drawn
    values = np.concatenate([np.empty(0), *parts])
    values = values[window.screen.has_place(values)]
    if not len(values):
        return (1.0, 10.0) if log else (0.0, 1.0)
    low, high = np.percentile(values, ROBUST) if window.robust else (values.min(), values.max())
    if log:
        low, high = np.log10(low), np.log10(high)
    margin = MARGIN * (high - low) or (0.1 if log else 0.05 * abs(high)) or 0.5
    low, high = float(low - margin), float(high + margin)
    return (10.0**low, 10.0**high) if log else (low, high)


def is_outside(values: Floats, low: float, high: float) -> NDArray[np.bool_]:
    """Tell which values lie beyond the ends of the y axis."""
    return (values < low) | (values > high)
