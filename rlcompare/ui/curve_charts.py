"""From what was chosen to the charts of the Curves page: which lines, on which axes, in which colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rlcompare.charts.curve_axes import XAxis
from rlcompare.charts.labels import short_labels
from rlcompare.charts.palette import color_domain
from rlcompare.curves import CurveSet, curve_name, run_of
from rlcompare.errors import ParameterError
from rlcompare.grouping import SETTINGS_BEHIND
from rlcompare.histories import RESTART
from rlcompare.metrics import title_of
from rlcompare.runs import Runs
from rlcompare.ui import access, curve_stages
from rlcompare.ui.curve_frames import Screen
from rlcompare.ui.curve_options import CurveOptions, XRange
from rlcompare.ui.curve_panel import CurvePanel, Notes, curve_panel
from rlcompare.ui.curve_side import Drawn
from rlcompare.ui.curve_window import Window

#: Minutes in each unit of relative time, largest first.
TIME_UNITS = {"days": 1_440.0, "hours": 60.0, "minutes": 1.0, "seconds": 1 / 60}


@dataclass(frozen=True, eq=False)
class Prepared:
    """What one chart draws, before the axes are cut to size.

    Parameters
    ----------
    metric : str
    unit : str
        The step unit of its runs on a step axis; else empty.
    one_of_several : bool
        Other units have charts of their own.
    left : Drawn
    right : Drawn or None
    domain : tuple of str
        Of the colours.
    restarts : tuple of (curve name, x, text)
    problem : str
        Why smoothing or groups are not as asked, in sentences; empty if they are.
    """

    metric: str
    unit: str
    one_of_several: bool
    left: Drawn
    right: Drawn | None
    domain: tuple[str, ...]
    restarts: tuple[tuple[str, float, str], ...]
    problem: str

    @property
    def title(self) -> str:
        """The metric, what it is a difference to, and the unit where several charts show it."""
        told = title_of(self.metric)
        baseline = next((group.baseline for group in self.left.groups if group.baseline), None)
        if baseline is not None:
            told += f", difference to {baseline.group}"
        return told + (f", by {self.unit or 'step of unknown unit'}" if self.one_of_several else "")


def line_labels(runs: Runs, options: CurveOptions) -> dict[str, str]:
    """Label of the line of every run of the library: its own, or its group's."""
    if options.grouping.kind == "none":
        return access.all_labels(runs.ids)
    group_of = curve_stages.groups(runs, runs.fingerprint, options.grouping)
    # Behind the name stand settings, whose values may hold slashes: the name alone is shortened.
    parts = {group: group.partition(SETTINGS_BEHIND) for group in group_of.values()}
    short = short_labels(list(dict.fromkeys(name for name, _, _ in parts.values())))
    label = {group: f"{short[name]}{dot}{settings}" for group, (name, dot, settings) in parts.items()}
    return {run: label[group] for run, group in group_of.items()}


def prepare(metric: str, runs: Runs, compared: Runs, options: CurveOptions) -> list[Prepared]:
    """Smooth, group and colour the curves of a metric; one chart, or on a step axis one for each unit of steps.

    Parameters
    ----------
    metric : str
        Or a formula.
    runs : Runs
        The whole library, which colours and group names hang on.
    compared : Runs
        Those to draw.
    options : CurveOptions

    Returns
    -------
    list of Prepared, that of the unit that most runs have first
    """
    units = _by_unit(metric, compared, options)
    right_units = _by_unit(options.right, compared, options) if options.right and options.right != metric else {}
    labels = line_labels(runs, options)
    prepared = []
    for unit, having in sorted(units.items(), key=lambda item: (-len(item[1]), item[0])):
        wanted = {metric: having, **({options.right: right_units[unit] & having} if unit in right_units else {})}
        problems: list[str] = []
        found = {name: _curves(name, _some(compared, of), labels, options, problems) for name, of in wanted.items()}
        sides = {name: side for name, (_, side) in found.items() if len(side.logged)}
        if metric not in sides:
            continue
        if options.grouping.kind != "none" or options.baseline:
            try:
                sides = {name: _in_groups(name, found[name][0], side, options) for name, side in sides.items()}
            except ParameterError as error:
                instead = "as differences" if options.baseline else "in groups"
                problems.append(f"drawn run by run, not {instead}. {error}")
        left, right = sides[metric], sides.get(options.right) if options.right != metric else None
        shown = [*left.labels, *(right.labels if right else [])]
        domain = color_domain(list(dict.fromkeys(labels.values())), list(dict.fromkeys(shown)))
        if right is not None and len(set(shown)) == 1:
            left, right = (_in_its_own_color(side) for side in (left, right))
            domain = [left.title, right.title]
        restarts = tuple(_restarts(metric, found[metric][0], left.logged, options))
        problem = " ".join(dict.fromkeys(problems))
        prepared.append(Prepared(metric, unit, len(units) > 1, left, right, tuple(domain), restarts, problem))
    return prepared


def _by_unit(metric: str, compared: Runs, options: CurveOptions) -> dict[str, set[str]]:
    """Find the runs that have a metric, on an axis of steps by the unit in which they count them."""
    found = access.sources(compared, compared.fingerprint, metric)
    units: dict[str, set[str]] = {}
    for run, unit in found.select("run", "step_unit").rows():
        units.setdefault(unit if options.x.by_step else "", set()).add(run)
    return units


def _some(runs: Runs, wanted: set[str]) -> Runs:
    return runs if wanted.issuperset(runs.ids) else runs.select([run for run in runs.ids if run in wanted])


def _curves(
    metric: str, runs: Runs, labels: Mapping[str, str], options: CurveOptions, problems: list[str]
) -> tuple[Runs, Drawn]:
    made_from = (runs.fingerprint, metric, options.which, options.x)
    smoothed = placed = curve_stages.placed(runs, *made_from)
    try:
        smoothed = curve_stages.smoothed(runs, *made_from, options.smoothing)
    except ParameterError as error:
        problems.append(f"not smoothed. {error}")
    return runs, Drawn(title_of(metric), placed, smoothed, {name: labels[run_of(name)] for name in placed.names})


def _in_groups(metric: str, runs: Runs, side: Drawn, options: CurveOptions) -> Drawn:
    """Sum up the curves of each label, as a difference where a baseline is chosen."""
    made_from = (runs.fingerprint, metric, options.which, options.x)
    groups = curve_stages.bands(side.smoothed, made_from, side.label_of, options.aggregation, options.baseline)
    if not options.baseline:
        return replace(side, groups=groups)
    if not groups:
        raise ParameterError(
            f"Expected something that differs from {options.baseline!r}; got nothing else of {side.title!r}. "
            "Hint: choose more runs or another baseline."
        )
    # Members of a difference would be the values themselves: another scale.
    shown = {group.group for group in groups}
    kept = [name for name in side.smoothed.names if side.label_of[name] in shown]
    return replace(side, logged=side.logged.only(kept), smoothed=side.smoothed.only(kept), groups=groups)


def _in_its_own_color(side: Drawn) -> Drawn:
    """Call the only line of a side by its metric, so that colour tells the two metrics apart."""
    groups = tuple(replace(group, group=side.title) for group in side.groups)
    return replace(side, label_of=dict.fromkeys(side.label_of, side.title), groups=groups)


def _restarts(metric: str, compared: Runs, curves: CurveSet, options: CurveOptions) -> list[tuple[str, float, str]]:
    part_of = dict(zip(curves.names, curves.slices, strict=True))
    marks = []
    found = curve_stages.logged(compared, compared.fingerprint, metric, options.which).restarts
    for run, worker, step, wall_time, replaced in found.select(list(RESTART)).iter_rows():
        name = next((name for name in (run, curve_name(run, worker, None)) if name in part_of), None)
        x = None if name is None else _place_of_restart(curves, part_of[name], step, wall_time)
        if name is None or x is None:
            continue
        told = f"went on from step {step:,} in a new file"
        if replaced:
            told = f"restarted at step {step:,}; records replaced: {replaced:,}"
        marks.append((name, x, told))
    return marks


def _place_of_restart(curves: CurveSet, part: slice, step: int, wall_time: float | None) -> float | None:
    """Place of a later history's first record, or of the next one where that has none; None: there is no such record.

    Where every history is drawn, the step alone would be found in the earlier one.
    """
    steps = curves.step[part]
    rows = np.flatnonzero(steps == step)
    then = rows[curves.wall_time[part][rows] == wall_time]
    found = [*then[:1], *rows[-1:], *np.flatnonzero(steps > step)[:1]]
    return float(curves.x[part][found[0]]) if found else None


def panels(
    prepared: Sequence[Prepared], options: CurveOptions, x_range: XRange | None, silent: Mapping[str, str] | None
) -> list[CurvePanel]:
    """Cut the axes to size, the same x axis for all charts that count it in the same unit, and thin what they show.

    Parameters
    ----------
    prepared : sequence of Prepared
    options : CurveOptions
    x_range : XRange or None
        The part of the x axis to show; None: all of it.
    silent : mapping of run to text, or None
        Runs that stopped growing; None: nobody watches them grow.

    Returns
    -------
    list of CurvePanel, one each
    """
    ends: dict[str, tuple[float, float]] = {}
    for chart in prepared:
        places = [*_places(chart, log=options.scales.log_x), *ends.get(chart.unit, ())]
        if places:
            ends[chart.unit] = (min(places), max(places))
    made = []
    for chart in prepared:
        zoom = x_range if x_range is not None and x_range.unit in ("", chart.unit) else None
        window = _window(options, chart.unit, ends.get(chart.unit, (1.0, 10.0)), zoom)
        told = {
            name: (silent or {})[run_of(name)] for name in chart.left.logged.names if run_of(name) in (silent or {})
        }
        made.append(
            curve_panel(
                chart.left,
                chart.right,
                window,
                Notes(chart.restarts, told, is_live=silent is not None),
                show_members=options.show_members and not options.baseline,
                narrow=options.columns > 1,
            )
        )
    return made


def _places(chart: Prepared, *, log: bool) -> list[float]:
    """First and last x of each side that has a place on the axis."""
    ends: list[float] = []
    for side in (chart.left, chart.right):
        x = np.empty(0) if side is None else side.logged.x
        if log:
            x = x[x > 0]
        ends += [float(x.min()), float(x.max())] if len(x) else []
    return ends


def _window(options: CurveOptions, unit: str, ends: tuple[float, float], zoom: XRange | None) -> Window:
    low, high = ends if zoom is None else (zoom.low, zoom.high)
    if options.scales.log_x and low <= 0:
        low = ends[0]
    if not low < high:
        low, high = (low / 2, low * 2) if options.scales.log_x else (low - 0.5, low + 0.5)
    axis, scale = x_axis(options, unit, high - low)
    screen = Screen(scale, axis.is_date, options.scales.log_x, options.scales.log_y)
    return Window(
        axis, screen, low, high, is_part=zoom is not None or options.scales.log_x, robust=options.scales.robust
    )


def x_axis(options: CurveOptions, unit: str, span: float) -> tuple[XAxis, float]:
    """Name the x axis, and tell what its unit is multiplied with for the screen.

    Parameters
    ----------
    options : CurveOptions
    unit : str
        What a step is.
    span : float
        How much of the axis is shown.
    """
    log = options.scales.log_x
    match options.x.axis:
        case "wall":
            return XAxis("Wall time", is_date=True), 1_000.0
        case "relative":
            name = next((name for name, minutes in TIME_UNITS.items() if span >= 2 * minutes), "seconds")
            return XAxis(f"Time since start ({name})", is_log=log), 1 / TIME_UNITS[name]
        case "metric":
            return XAxis(title_of(options.x.metric), is_log=log), 1.0
        case "relative_step":
            return XAxis(f"{unit.capitalize() or 'Step'}s since the run's first", is_whole=True, is_log=log), 1.0
        case _:
            return XAxis(unit.capitalize() or "Step (unit unknown)", is_whole=True, is_log=log), 1.0
