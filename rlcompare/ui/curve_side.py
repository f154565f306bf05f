"""What is drawn against one y axis: the lines, thinned to what is in view, and what belongs to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from rlcompare.charts.learning_curve import LEGEND_LINES, SideFrames
from rlcompare.curves import CurveSet, Floats, run_of
from rlcompare.transforms import GroupBand, kept_rows, thin_curves, thinned_rows
from rlcompare.transforms.downsampling import POINTS_A_BUCKET
from rlcompare.ui import curve_frames as frames
from rlcompare.ui.curve_window import Window, is_outside, y_ends

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
class Side:
    """What is drawn against one y axis, and the numbers that its caption tells.

    Parameters
    ----------
    frames : SideFrames
    low, high : float
        Ends of the y axis.
    n_points, n_drawn : int
        Values in view that have a place on the axes, and those of them on the lines.
    n_outside : int
        Of those in view the ones beyond the ends of a robust y axis.
    n_not_positive : int
        Values that a logarithmic axis has no place for.
    """

    frames: SideFrames
    low: float
    high: float
    n_points: int
    n_drawn: int
    n_outside: int
    n_not_positive: int


@dataclass(frozen=True, eq=False)
class _Layers:
    """What is drawn of runs or of groups: all points of the lines, those kept, and what lies around and beneath.

    ``edges`` are all values of the bands in view, where the ends of the y axis hang on them; ``kept_edges`` those drawn
    and their x.
    """

    whole: CurveSet
    kept: CurveSet
    label_of: Mapping[str, str]
    faint: CurveSet
    bands: pl.DataFrame
    edges: Sequence[Floats]
    kept_edges: Sequence[tuple[Floats, Floats]]
    marked: CurveSet
    hover: pl.DataFrame


def make_side(drawn: Drawn, window: Window, budget: int, *, show_members: bool) -> Side:
    """Thin curves or groups to what a chart can show of what is in view.

    Parameters
    ----------
    drawn : Drawn
    window : Window
    budget : int
        Points of all layers together. A line keeps eleven, whatever the budget.
    show_members : bool
        Draw the members of groups faint beneath, if they are not too many.
    """
    layers = _of_groups(drawn, window, budget, show_members) if drawn.groups else _of_runs(drawn, window, budget)
    screen = window.screen
    in_view, shown = window.values(layers.whole), window.cut(layers.kept)
    drawn_edges = [edge[window.holds(x)] for x, edge in layers.kept_edges]
    low, high = y_ends([in_view, *layers.edges], [shown.value, *drawn_edges, window.cut(layers.faint).value], window)
    has_place = screen.has_place(in_view)
    return Side(
        SideFrames(
            lines=frames.lines(layers.kept, layers.label_of, screen),
            faint=frames.lines(layers.faint, drawn.label_of, screen),
            bands=layers.bands,
            dots=frames.dots(layers.kept, layers.label_of, screen),
            marks=frames.not_numbers(layers.marked, drawn.label_of, screen),
            hover=layers.hover,
        ),
        low,
        high,
        n_points=int(has_place.sum()),
        n_drawn=int(screen.has_place(shown.value).sum()),
        n_outside=int((has_place & is_outside(in_view, low, high)).sum()) if window.robust else 0,
        n_not_positive=_count_not_positive(layers.whole, in_view, window),
    )


def _of_runs(drawn: Drawn, window: Window, budget: int) -> _Layers:
    is_smoothed = drawn.smoothed is not drawn.logged and len(drawn.labels) <= LEGEND_LINES
    points = points_a_line(budget // 2 if is_smoothed else budget, len(drawn.smoothed))
    names, rows = kept_rows(drawn.smoothed, points, window.view)
    kept = drawn.smoothed.taken(names, rows)
    shown, logged = window.cut(kept), window.cut(drawn.logged.taken(names, rows))
    return _Layers(
        whole=drawn.smoothed,
        kept=kept,
        label_of=drawn.label_of,
        faint=thin_curves(drawn.logged, points, window.view) if is_smoothed else drawn.logged.only([]),
        bands=frames.bands([], [], window.screen),
        edges=[],
        kept_edges=[],
        marked=shown,
        hover=frames.hover_runs(shown, logged.value, drawn.label_of, window.screen),
    )


def _of_groups(drawn: Drawn, window: Window, budget: int, show_members: bool) -> _Layers:
    groups, n_members = drawn.groups, len(drawn.smoothed)
    with_members = show_members and len(groups) < n_members <= MEMBERS_DRAWN
    # A kept row is drawn twice, in the line and in the band, and each of the three curves keeps extremes of its own.
    points = points_a_line((budget // 2 if with_members else budget) // 3, len(groups))
    rows = [thinned_rows(g.x, [g.center, g.lower, g.upper], points, window.view) for g in groups]
    whole = frames.centers(groups)
    faint = drawn.smoothed.only([])
    if with_members:
        faint = thin_curves(drawn.smoothed, points_a_line(budget // 2, n_members), window.view)
    return _Layers(
        whole=whole,
        kept=whole.taken(whole.names, [part.start + of for part, of in zip(whole.slices, rows, strict=True)]),
        label_of=dict(zip(whole.names, whole.names, strict=True)),
        faint=faint,
        bands=frames.bands(groups, rows, window.screen),
        edges=[edge[window.holds(g.x)] for g in groups for edge in (g.lower, g.upper)] if window.robust else [],
        kept_edges=[(g.x[of], edge[of]) for g, of in zip(groups, rows, strict=True) for edge in (g.lower, g.upper)],
        marked=window.cut(faint),
        hover=frames.hover_groups(
            groups, [of[window.holds(g.x[of])] for g, of in zip(groups, rows, strict=True)], window.screen
        ),
    )


def _count_not_positive(curves: CurveSet, in_view: Floats, window: Window) -> int:
    without_height = int((in_view <= 0).sum()) if window.screen.log_y else 0
    return without_height + (int((curves.x <= 0).sum()) if window.screen.log_x else 0)


def points_a_line(budget: int, n_lines: int) -> int:
    """Share a budget of points among lines."""
    return min(LONGEST_LINE, max(POINTS_A_BUCKET, budget // max(1, n_lines)))


def count_not_numbers(drawn: Sequence[Drawn], window: Window) -> dict[str, tuple[int, int]]:
    """Count values in view that are no numbers, and the runs that logged them.

    Returns
    -------
    dict of kind to (values, runs)
    """
    found: dict[str, tuple[int, set[str]]] = {}
    for curves in (side.logged for side in drawn):
        odd = np.flatnonzero(~np.isfinite(curves.value))
        odd = odd[window.holds(curves.x[odd])]
        curve, value = np.searchsorted(curves.starts, odd, side="right") - 1, curves.value[odd]
        for kind, of in (("+inf", value == np.inf), ("-inf", value == -np.inf), ("NaN", np.isnan(value))):
            if of.any():
                n, runs = found.get(kind, (0, set()))
                found[kind] = (n + int(of.sum()), runs | {run_of(curves.names[i]) for i in np.unique(curve[of])})
    return {kind: (n, len(runs)) for kind, (n, runs) in found.items()}
