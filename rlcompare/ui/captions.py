"""The words beneath a chart: what was done to the data. Plain text; names stand in it as they are."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rlcompare.charts.learning_curve import LEGEND_RUNS
from rlcompare.transforms import SMOOTHERS, Axis, Smoothing
from rlcompare.ui.curve_panel import CurvePanel

#: Names listed before the rest is counted.
LISTED = 6


def count(n: int, noun: str) -> str:
    """Write ``1 run``, ``1,200 runs``."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def listing(names: Sequence[str]) -> str:
    """Write ``a, b and 3 more``."""
    shown = list(names[:LISTED])
    if len(names) > LISTED:
        return f"{', '.join(shown)} and {len(names) - LISTED:,} more"
    return ", ".join(shown)


def how_smoothed(smoothing: Smoothing) -> str:
    """Say what the smoothing does, once for all charts of a page."""
    told = SMOOTHERS[smoothing.kind].describe(smoothing.width, "points" if smoothing.unit == "points" else "steps")
    if smoothing.kind == "none":
        return told
    if not SMOOTHERS[smoothing.kind].is_causal:
        told += " It looks ahead, so the newest points still move as more arrive."
    return f"{told} What was logged is drawn faint beneath, for up to {LEGEND_RUNS} runs."


def what_was_drawn(panel: CurvePanel) -> str:
    """Tell about points left out, and values that are no numbers."""
    sentences = []
    if len(panel.labels) > LEGEND_RUNS:
        sentences.append("Click near a line to highlight its run, twice to show all again.")
    elif len(panel.labels) > 1:
        sentences.append("Click a name to highlight its run.")
    if panel.n_drawn < panel.n_points:
        sentences.append(f"{panel.n_drawn:,} of {panel.n_points:,} points drawn; extremes kept.")
    else:
        sentences.append(f"{'All ' if panel.n_points > 1 else ''}{count(panel.n_points, 'point')} drawn.")
    for kind, (values, runs) in panel.not_numbers.items():
        edge = "upper" if kind == "+inf" else "lower"
        sentences.append(
            f"{kind} was logged {count(values, 'time')} by {count(runs, 'run')}: marked at the {edge} edge."
        )
    return " ".join(sentences)


def where_from(metric: str, title: str, sources: pl.DataFrame) -> str:
    """Say which keys stand behind a canonical name; empty where they are the name itself.

    Parameters
    ----------
    metric, title : str
        Its name, and what the screen calls it.
    sources : DataFrame with ``run`` and ``key``
    """
    keys = sources.group_by("key").len().sort("len", "key", descending=[True, False])
    if keys["key"].to_list() == [metric]:
        return ""
    if keys.height == 1:
        return f"{title} is logged as {keys['key'][0]}."
    told = [f"{key} ({count(n, 'run')})" for key, n in keys.rows()]
    return f"{title} is logged under different names: {listing(told)}."


def computed_from(title: str, sources: pl.DataFrame) -> str:
    """Say which keys a formula was computed from, and where.

    Parameters
    ----------
    title : str
    sources : DataFrame with ``run`` and ``key``, the keys of a run joined by commas
    """
    keys = sources.group_by("key").len().sort("len", "key", descending=[True, False])["key"].to_list()
    return f"{title}: computed from {'; or '.join(keys[:3])} at the steps that have them all. Nothing is filled in."


def left_out(title: str, without: Sequence[str], untimed: Sequence[str], axis: Axis) -> str:
    """Say which of the chosen runs are not in the chart, and why.

    Parameters
    ----------
    title : str
    without : sequence of str
        Labels of runs that did not log it.
    untimed : sequence of str
        Labels of runs that logged it without wall times.
    axis : {"step", "relative", "wall"}
    """
    sentences = []
    if without:
        sentences.append(f"{title} was not logged by {count(len(without), 'run')}: {listing(without)}.")
    if untimed and axis != "step":
        sentences.append(f"Logged without wall times, so only the step axis has them: {listing(untimed)}.")
    return " ".join(sentences)
