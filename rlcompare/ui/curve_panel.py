"""What one chart of the Curves page shows, and the numbers its caption tells. Knows no Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from rlcompare.charts.curve_axes import YAxis
from rlcompare.charts.learning_curve import CurveFrames, Look
from rlcompare.ui import curve_frames as frames
from rlcompare.ui.curve_side import Drawn, count_not_numbers, make_side
from rlcompare.ui.curve_window import Window

#: Points a chart, all its layers together: what redraws in less than half a second on two cores.
POINT_BUDGET = 20_000


@dataclass(frozen=True)
class CurvePanel:
    """One chart and what its caption must say.

    Parameters
    ----------
    frames : CurveFrames
    window : Window
    left : YAxis
    right : YAxis or None
    look : Look
    labels : tuple of str
        Of the lines drawn, in order.
    n_points, n_drawn, n_outside, n_not_positive : int
        Of both sides: see :class:`rlcompare.ui.curve_side.Side`.
    not_numbers : dict of kind to (values, runs)
        In view, as logged. Marked at the edges where the runs are drawn.
    """

    frames: CurveFrames
    window: Window
    left: YAxis
    right: YAxis | None
    look: Look
    labels: tuple[str, ...]
    n_points: int
    n_drawn: int
    n_outside: int
    n_not_positive: int
    not_numbers: dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Notes:
    """What is marked at single places.

    Parameters
    ----------
    restarts : sequence of (curve name, x, text)
    silent : mapping of curve name to text
        Runs that stopped growing.
    is_live : bool
        The curves are drawn again as they grow. So every layer that news may need stands in the chart from the start,
        for the chart to stay in place; and only of silent runs it is said that they end.
    """

    restarts: Sequence[tuple[str, float, str]] = field(default_factory=tuple)
    silent: Mapping[str, str] = field(default_factory=dict)
    is_live: bool = False


def curve_panel(
    left: Drawn, right: Drawn | None, window: Window, notes: Notes, *, show_members: bool, narrow: bool = False
) -> CurvePanel:
    """Prepare curves for one chart: thin what is in view, and say what was left out.

    Parameters
    ----------
    left : Drawn
        With at least one curve.
    right : Drawn or None
        Drawn against the right y axis.
    window : Window
    notes : Notes
    show_members : bool
        Draw the members of groups faint beneath.
    narrow : bool
        Other charts stand beside it.

    Returns
    -------
    CurvePanel
    """
    share = POINT_BUDGET if right is None else POINT_BUDGET // 2
    drawn = make_side(left, window, share, show_members=show_members)
    other = None if right is None else make_side(right, window, share, show_members=show_members)
    labels = list(dict.fromkeys([*left.labels, *(right.labels if right else [])]))
    screen = window.screen
    view = {
        "x0": [window.x0 * screen.scale],
        "x1": [window.x1 * screen.scale],
        "y0": [drawn.low],
        "y1": [drawn.high],
        "r0": [other.low if other else 0.0],
        "r1": [other.high if other else 1.0],
        "zero": [0.0],
    }
    ends, restarts, silent = _notes(left, notes, window)
    strip = any(group.ends or (notes.is_live and len(group.members) > 1) for group in left.groups)
    counts = frames.counts(left.groups, left.smoothed, screen) if strip else _NO_COUNTS
    sides = [drawn] if other is None else [drawn, other]
    return CurvePanel(
        frames=CurveFrames(
            pl.DataFrame(view),
            drawn.frames,
            other.frames if other else None,
            frames.notes(restarts, screen),
            frames.notes(ends, screen),
            frames.notes(silent, screen),
            counts,
        ),
        window=window,
        left=_y_axis(left, screen, "solid") if right else YAxis(is_log=screen.log_y),
        right=_y_axis(right, screen, "dashed") if right else None,
        look=Look(
            bands=any(side.frames.bands.height for side in sides),
            faint=any(side.frames.faint.height for side in sides),
            strip=strip,
            notes=notes.is_live or bool(ends or restarts or silent),
            zero=any(group.baseline for group in left.groups) and not screen.log_y,
            narrow=narrow,
        ),
        labels=tuple(labels),
        n_points=sum(side.n_points for side in sides),
        n_drawn=sum(side.n_drawn for side in sides),
        n_outside=sum(side.n_outside for side in sides),
        n_not_positive=sum(side.n_not_positive for side in sides),
        not_numbers=count_not_numbers([left] if right is None else [left, right], window),
    )


def _y_axis(side: Drawn, screen: frames.Screen, stroke: str) -> YAxis:
    """Name one of two y axes by its metric, in the colour of its line if it has one alone, else with its stroke."""
    if side.labels == [side.title]:
        return YAxis(side.title, screen.log_y, color_of=side.title)
    return YAxis(f"{side.title} ({stroke})", screen.log_y)


_NO_COUNTS = pl.DataFrame(schema={"label": pl.String, "x": pl.Float64, "n": pl.Int64})


#: Label, curve, x, value, text.
_Note = tuple[str, str, float, float, str]


def _notes(drawn: Drawn, notes: Notes, window: Window) -> tuple[list[_Note], list[_Note], list[_Note]]:
    """Mark single places in view: ends, restarts, silent runs."""
    curves, label_of = drawn.smoothed, drawn.label_of
    at = dict(zip(curves.names, curves.slices, strict=True))

    def last(name: str) -> tuple[float, float]:
        finite = np.flatnonzero(np.isfinite(curves.value[at[name]]))
        row = at[name].start + int(finite[-1]) if len(finite) else at[name].stop - 1
        return float(curves.x[row]), float(curves.value[row])

    # A run's own value has no place among differences.
    placed = [group for group in drawn.groups if group.baseline is None]
    ends = [
        (group.group, member, *last(member), "ends before its group does")
        for group in placed
        for member, _ in group.ends
        if member in at and (member in notes.silent or not notes.is_live)
    ]
    restarts = [(label_of[name], name, x, np.nan, text) for name, x, text in notes.restarts if name in at]
    told = notes.silent if placed or not drawn.groups else {}
    silent = [(label_of[name], name, *last(name), text) for name, text in told.items() if name in at]
    in_view = [[note for note in some if window.x0 <= note[2] <= window.x1] for some in (ends, restarts, silent)]
    return in_view[0], in_view[1], in_view[2]
