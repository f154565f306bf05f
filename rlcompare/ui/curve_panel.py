"""What one chart of the Curves page shows, and the numbers its caption tells. Knows no Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from rlcompare.charts.curve_layers import YAxis
from rlcompare.charts.learning_curve import LEGEND_LINES, CurveFrames, Look, SideFrames
from rlcompare.curves import CurveSet
from rlcompare.transforms import GroupBand, kept_rows, thin_curves, thinned_rows
from rlcompare.transforms.downsampling import POINTS_A_BUCKET
from rlcompare.ui import curve_frames as frames
from rlcompare.ui.curve_window import Window, count_outside, y_ends

#: Points a chart, all its layers together: what redraws in less than half a second on two cores.
POINT_BUDGET = 20_000
#: Of one line: four a pixel column of a wide chart.
LONGEST_LINE = 4_000
#: More members than this are not drawn beneath their groups.
MEMBERS_DRAWN = 100


@dataclass(frozen=True, eq=False)
class Drawn:
    """Curves of one metric that are drawn against one y axis.

    Parameters
    ----------
    title : str
        The metric.
    logged : CurveSet
        On the x axis, unsmoothed.
    smoothed : CurveSet
        The same, value for value; `logged` itself where nothing is smoothed.
    label_of : mapping of curve name to label
        Of the run, or of the group it belongs to.
    groups : tuple of GroupBand
        Where lines are groups.
    """

    title: str
    logged: CurveSet
    smoothed: CurveSet
    label_of: Mapping[str, str]
    groups: tuple[GroupBand, ...] = ()

    @property
    def labels(self) -> list[str]:
        """Of the lines, in the order of the curves."""
        if self.groups:
            return [group.group for group in self.groups]
        return list(dict.fromkeys(self.label_of[name] for name in self.smoothed.names))


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
    n_points, n_drawn : int
        Finite values in view, and those on the lines.
    n_outside, n_not_positive : int
        Values in view beyond the ends of a robust y axis, and those that a logarithmic one has no place for.
    not_numbers : dict of kind to (values, runs)
        What is marked at the edges.
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
    """

    restarts: Sequence[tuple[str, float, str]] = field(default_factory=tuple)
    silent: Mapping[str, str] = field(default_factory=dict)


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
    drawn = _side(left, window, share, show_members=show_members)
    other = None if right is None else _side(right, window, share, show_members=show_members)
    labels = list(dict.fromkeys([*left.labels, *(right.labels if right else [])]))
    screen = window.screen
    view = {
        "x0": [window.x0 * screen.scale],
        "x1": [window.x1 * screen.scale],
        "y0": [drawn.low],
        "y1": [drawn.high],
        "r0": [other.low if other else 0.0],
        "r1": [other.high if other else 1.0],
    }
    ends, restarts, silent = _notes(left, notes, window)
    uneven = any(group.ends for group in left.groups)
    counts = frames.counts(left.groups, left.smoothed, screen) if uneven else _NO_COUNTS
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
            strip=uneven,
            notes=bool(ends or restarts or silent),
            narrow=narrow,
        ),
        labels=tuple(labels),
        n_points=sum(side.n_points for side in sides),
        n_drawn=sum(side.n_drawn for side in sides),
        n_outside=sum(side.n_outside for side in sides),
        n_not_positive=sum(side.n_not_positive for side in sides),
        not_numbers=drawn.not_numbers,
    )


def _y_axis(side: Drawn, screen: frames.Screen, stroke: str) -> YAxis:
    """Name one of two y axes by its metric, in the colour of its line if it has one alone, else with its stroke."""
    if side.labels == [side.title]:
        return YAxis(side.title, screen.log_y, color_of=side.title)
    return YAxis(f"{side.title} ({stroke})", screen.log_y)


_NO_COUNTS = pl.DataFrame(schema={"label": pl.String, "x": pl.Float64, "n": pl.Int64})


#: Label, curve, x, value, text.
_Note = tuple[str, str, float, float, str]


@dataclass(frozen=True)
class _Side:
    frames: SideFrames
    low: float
    high: float
    n_points: int
    n_drawn: int
    n_outside: int
    n_not_positive: int
    not_numbers: dict[str, tuple[int, int]]


def _side(drawn: Drawn, window: Window, budget: int, *, show_members: bool) -> _Side:
    return _groups_side(drawn, window, budget, show_members) if drawn.groups else _runs_side(drawn, window, budget)


def _runs_side(drawn: Drawn, window: Window, budget: int) -> _Side:
    screen, labels = window.screen, drawn.label_of
    is_smoothed = drawn.smoothed is not drawn.logged and len(drawn.labels) <= LEGEND_LINES
    points = points_a_line(budget // 2 if is_smoothed else budget, len(drawn.smoothed))
    names, rows = kept_rows(drawn.smoothed, points, window.view)
    kept = drawn.smoothed.taken(names, rows)
    faint = thin_curves(drawn.logged, points, window.view) if is_smoothed else drawn.logged.only([])
    shown, logged = window.cut(kept), window.cut(drawn.logged.taken(names, rows))
    in_view = window.values(drawn.smoothed)
    low, high = y_ends(in_view, [shown.value, window.cut(faint).value], window)
    return _Side(
        SideFrames(
            lines=frames.lines(kept, labels, screen),
            faint=frames.lines(faint, labels, screen),
            bands=frames.bands([], [], screen),
            dots=frames.dots(kept, labels, screen),
            marks=frames.not_numbers(shown, labels, screen),
            hover=frames.hover_runs(shown, logged.value, labels, screen),
        ),
        low,
        high,
        n_points=int(np.isfinite(in_view).sum()),
        n_drawn=int(np.isfinite(shown.value).sum()),
        n_outside=count_outside(in_view, low, high) if window.robust else 0,
        n_not_positive=int((in_view <= 0).sum()) if screen.log_y else 0,
        not_numbers=_count_not_numbers(drawn, window),
    )


def _groups_side(drawn: Drawn, window: Window, budget: int, show_members: bool) -> _Side:
    screen, labels = window.screen, drawn.label_of
    n_members = len(drawn.smoothed)
    with_members = show_members and n_members > len(drawn.groups) and n_members <= MEMBERS_DRAWN
    # A kept row of a band is drawn twice, and each of its three lines may keep rows of its own.
    points = points_a_line((budget // 2 if with_members else budget) // 6, len(drawn.groups))
    rows = [thinned_rows(g.x, [g.center, g.lower, g.upper], points, window.view) for g in drawn.groups]
    whole = frames.centers(drawn.groups)
    kept = whole.taken(whole.names, [part.start + of for part, of in zip(whole.slices, rows, strict=True)])
    faint = drawn.smoothed.only([])
    if with_members:
        faint = thin_curves(drawn.smoothed, points_a_line(budget // 2, n_members), window.view)
    bands, own = frames.bands(drawn.groups, rows, screen), dict(zip(whole.names, whole.names, strict=True))
    shown, in_view = window.cut(kept), window.values(whole)
    edges = [end[(g.x >= window.x0) & (g.x <= window.x1)] for g in drawn.groups for end in (g.lower, g.upper)]
    low, high = y_ends(np.concatenate([in_view, *edges]), [shown.value, *edges, window.cut(faint).value], window)
    return _Side(
        SideFrames(
            lines=frames.lines(kept, own, screen),
            faint=frames.lines(faint, labels, screen),
            bands=bands,
            dots=frames.dots(kept, own, screen),
            marks=frames.not_numbers(window.cut(faint), labels, screen),
            hover=frames.hover_groups(drawn.groups, screen),
        ),
        low,
        high,
        n_points=int(np.isfinite(in_view).sum()),
        n_drawn=int(np.isfinite(shown.value).sum()),
        n_outside=count_outside(in_view, low, high) if window.robust else 0,
        n_not_positive=int((in_view <= 0).sum()) if screen.log_y else 0,
        not_numbers=_count_not_numbers(drawn, window),
    )


def points_a_line(budget: int, n_lines: int) -> int:
    """Share a budget of points among lines."""
    return min(LONGEST_LINE, max(POINTS_A_BUCKET, budget // max(1, n_lines)))


def _count_not_numbers(drawn: Drawn, window: Window) -> dict[str, tuple[int, int]]:
    """Count values in view that are no numbers, and the runs that logged them."""
    curves = drawn.logged
    odd = np.flatnonzero(~np.isfinite(curves.value))
    odd = odd[(curves.x[odd] >= window.x0) & (curves.x[odd] <= window.x1)]
    run, value = np.searchsorted(curves.starts, odd, side="right") - 1, curves.value[odd]
    kinds = {"+inf": value == np.inf, "-inf": value == -np.inf, "NaN": np.isnan(value)}
    return {kind: (int(of.sum()), len(np.unique(run[of]))) for kind, of in kinds.items() if of.any()}


def _notes(drawn: Drawn, notes: Notes, window: Window) -> tuple[list[_Note], list[_Note], list[_Note]]:
    """Mark single places in view: ends, restarts, silent runs."""
    curves, label_of = drawn.smoothed, drawn.label_of
    at = dict(zip(curves.names, curves.slices, strict=True))

    def last(name: str) -> tuple[float, float]:
        finite = np.flatnonzero(np.isfinite(curves.value[at[name]]))
        row = at[name].start + int(finite[-1]) if len(finite) else at[name].stop - 1
        return float(curves.x[row]), float(curves.value[row])

    ends = [
        (group.group, member, *last(member), "ends before its group does")
        for group in drawn.groups
        for member, _ in group.ends
        if member in at
    ]
    restarts = [(label_of[name], name, x, np.nan, text) for name, x, text in notes.restarts if name in at]
    silent = [(label_of[name], name, *last(name), text) for name, text in notes.silent.items() if name in at]
    in_view = [[note for note in some if window.x0 <= note[2] <= window.x1] for some in (ends, restarts, silent)]
    return in_view[0], in_view[1], in_view[2]
