"""The words beneath a chart: what was done to the data. Plain text; names stand in it as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from rlcompare.charts.curve_axes import LegendText
from rlcompare.charts.learning_curve import LEGEND_LINES
from rlcompare.curves import run_of
from rlcompare.metrics import title_of
from rlcompare.runs import Runs
from rlcompare.transforms import BANDS, CENTERS, SMOOTHERS, Ends, Formula
from rlcompare.ui import access
from rlcompare.ui.curve_charts import Prepared
from rlcompare.ui.curve_controls import axis_unit
from rlcompare.ui.curve_options import CurveOptions
from rlcompare.ui.curve_panel import CurvePanel

#: What is drawn of a group where its runs end at different places.
ENDS: dict[Ends, str] = {
    "common": "Groups are drawn over the range that all of their runs cover.",
    "carry": "A run that ends before its group counts on with its last value.",
    "shrink": "A run that ends leaves its group, whose line may jump there.",
}

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


def duration(seconds: float) -> str:
    """Write ``40 s``, ``12 min``, ``3 h`` or ``5 days``."""
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def how_drawn(options: CurveOptions, prepared: Sequence[Prepared]) -> str:
    """Say, once for all charts of a page, what smoothing and grouping do."""
    told = [_how_smoothed(options, has_groups=any(chart.left.groups for chart in prepared))]
    if any(group.ends for chart in prepared for group in chart.left.groups):
        told.append(ENDS[options.aggregation.ends])
    problems: dict[str, list[str]] = {}
    for chart in prepared:
        if chart.problem:
            problems.setdefault(chart.problem, []).append(chart.title)
    told += [f"{listing(titles)}: {problem}" for problem, titles in problems.items()]
    return " ".join(told)


def _how_smoothed(options: CurveOptions, *, has_groups: bool) -> str:
    smoothing = options.smoothing
    unit = "points" if smoothing.unit == "points" else axis_unit(options.x)
    told = SMOOTHERS[smoothing.kind].describe(smoothing.width, unit)
    if smoothing.kind == "none":
        return told
    if not SMOOTHERS[smoothing.kind].is_causal:
        told += " It looks ahead, so the newest points still move as more arrive."
    if has_groups:
        return f"{told} Each run is smoothed before its group is summed up."
    return f"{told} What was logged is drawn faint beneath, for up to {LEGEND_LINES} runs."


def what_was_drawn(panel: CurvePanel, chart: Prepared) -> str:
    """Tell what lines and bands are, about points left out, and values that are no numbers."""
    told = [*_groups(chart), _highlight(len(panel.labels))]
    whose = " of the groups' lines" if chart.left.groups else ""
    if panel.n_drawn < panel.n_points:
        told.append(f"{panel.n_drawn:,} of {count(panel.n_points, 'point')}{whose} drawn; extremes kept.")
    else:
        told.append(f"{'All ' if panel.n_points > 1 else ''}{count(panel.n_points, 'point')}{whose} drawn.")
    if panel.n_outside:
        covered = "lines and bands" if chart.left.groups else "them"
        told.append(f"The y axis covers 1 to 99 % of {covered}; {count(panel.n_outside, 'point')} outside.")
    if panel.n_not_positive:
        told.append(f"{count(panel.n_not_positive, 'more point')} not above zero: no place on a logarithmic axis.")
    sides = [panel.frames.left, *([panel.frames.right] if panel.frames.right else [])]
    is_marked = any(side.marks.height for side in sides)
    for kind, (values, runs) in panel.not_numbers.items():
        where = f"marked at the {'upper' if kind == '+inf' else 'lower'} edge" if is_marked else "left out"
        told.append(f"{kind} was logged {count(values, 'time')} by {count(runs, 'run')}: {where}.")
    if chart.restarts:
        told.append(f"Dotted lines mark {count(len(chart.restarts), 'restart')}.")
    return " ".join(filter(None, told))


def _highlight(n_lines: int) -> str:
    if n_lines > LEGEND_LINES:
        return "Click near a line to highlight it, twice to show all again."
    return "Click a name to highlight it." if n_lines > 1 else ""


def _groups(chart: Prepared) -> list[str]:
    """Say what centre and band of the groups are, how their runs were aligned, and where some end early."""
    sides = [chart.left, *([chart.right] if chart.right else [])]
    told: dict[str, list[str]] = {}
    apart = []
    for side in sides:
        for group in side.groups:
            name = group.group if len(sides) == 1 or group.group == side.title else f"{side.title} of {group.group}"
            if group.n.any():
                told.setdefault(group.description, []).append(name)
            else:
                apart.append(name)
    if len(told) == 1 and not apart:
        (what,) = told
        sentences = [f"{what[0].upper()}{what[1:]}."]
    else:
        sentences = [f"{listing(names)}: {what}." for what, names in told.items()]
    if apart:
        sentences.append(
            f"No line for {listing(apart)}: there is no part of the axis that all of its runs cover. Choose another "
            "axis, or another way with runs that end at different steps."
        )
    groups = [group for side in sides for group in side.groups if group.n.any()]
    spacings = {group.alignment.spacing for group in groups if group.alignment.spacing is not None}
    if spacings:
        grid = listing([f"{spacing:g}" for spacing in sorted(spacings)])
        sentences.append(
            f"Runs logged at different places: each was interpolated within its own range, onto multiples of {grid}."
        )
    elif any(group.baseline and not group.baseline.alignment.exact for group in groups):
        sentences.append("The baseline's runs were interpolated to where the others logged.")
    elif any(len(group.members) > 1 for group in groups):
        sentences.append("The runs of a group logged at the same places: nothing was interpolated.")
    early = [run for group in chart.left.groups if group.baseline is None for run, _ in group.ends]
    if early:
        sentences.append(f"Circles mark where {count(len(early), 'run')} of a group {_ends(early)} before the others.")
    return sentences


def legend_text(chart: Prepared, options: CurveOptions) -> LegendText:
    """Name centre and band above the legend, and behind each group how many runs it is of."""
    groups = [group for side in (chart.left, chart.right) if side for group in side.groups]
    if not groups:
        return LegendText()
    how = options.aggregation
    band = BANDS[how.band]
    words = (band.words if groups[0].baseline is None else band.words_of_difference).format(
        level=f"{100 * how.level:g}"
    )
    said = {}
    for group in groups:
        counted = group.n[group.n > 0]
        fewest, most = (counted.min(), counted.max()) if len(counted) else (0, 0)
        said[group.group] = f"{group.group} (n = {fewest if fewest == most else f'{fewest}–{most}'})"
    return LegendText(", ".join(filter(None, [CENTERS[how.center].title.capitalize(), words])), tuple(said.items()))


def _ends(names: Sequence[str]) -> str:
    return "ends" if len(names) == 1 else "end"


def what_stands_behind(chart: Prepared, compared: Runs, options: CurveOptions) -> str:
    """Say which keys stand behind a canonical name or a formula; empty where they are the name itself."""
    told = [_keys(metric, chart, compared) for metric in (chart.metric, options.right) if metric]
    return " ".join(dict.fromkeys(filter(None, told)))


def _keys(metric: str, chart: Prepared, compared: Runs) -> str:
    found = access.sources(compared, compared.fingerprint, metric)
    drawn = {run_of(name) for name in chart.left.logged.names}
    sources = found.filter(pl.col("run").is_in(list(drawn)))
    if sources.is_empty():
        return ""
    if isinstance(access.asked_for(compared, metric), Formula):
        return computed_from(title_of(metric), sources)
    return where_from(metric, title_of(metric), sources)


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


def left_out(metric: str, charts: Sequence[Prepared], compared: Runs, options: CurveOptions) -> str:
    """Say which of the compared runs are in no chart of a metric, and why."""
    labels = access.all_labels(compared.ids)
    logged_by = set(access.sources(compared, compared.fingerprint, metric)["run"])
    drawn = {run_of(name) for chart in charts for name in chart.left.logged.names}
    if options.baseline:
        drawn |= {run for run in logged_by if any(chart.left.groups for chart in charts)}
    title = title_of(metric)
    told = []
    without = [labels[run] for run in compared.ids if run not in logged_by]
    if without:
        told.append(f"{title} was not logged by {count(len(without), 'run')}: {listing(without)}.")
    nowhere = [labels[run] for run in compared.ids if run in logged_by and run not in drawn]
    if nowhere and options.x.axis == "metric":
        told.append(f"Without {title_of(options.x.metric)} at the same steps, so not on this axis: {listing(nowhere)}.")
    elif nowhere:
        told.append(f"Logged without wall times, so only axes of steps have them: {listing(nowhere)}.")
    if len(charts) > 1:
        told.append(f"{title}: these runs count their steps in different units, so each unit has a chart of its own.")
    return " ".join(told)


def what_is_joined(compared: Runs) -> str:
    """Say of which runs others are joined, and by how much later steps were moved; empty where none is."""
    labels = access.all_labels(compared.ids)
    told = []
    for record in compared.records:
        if record.joined:
            parts = access.all_labels(tuple(part.id for part in record.joined))
            moved = ", ".join(f"{shift:,}" for shift in record.shifts[1:])
            shifted = f"; steps of the later ones moved by {moved}" if any(record.shifts) else ""
            names = listing(list(parts.values()))
            told.append(f"{labels[record.id]} is {count(len(parts), 'run')} as one: {names}{shifted}.")
    return " ".join(told)


def who_is_silent(silent: Mapping[str, str], labels: Mapping[str, str]) -> str:
    """List the runs that have stopped growing, each with its age."""
    told = [f"{labels[run]} ({text.removeprefix('silent for ')})" for run, text in silent.items()]
    return f"No longer growing: {listing(told)}."
