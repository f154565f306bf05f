"""``rlcompare curves``: curves of metrics and formulas, run by run."""

from __future__ import annotations

from typing import get_args

import click
import polars as pl

from rlcompare.cli.folders import FOLDERS, FOLLOW, JOIN, join, open_folders
from rlcompare.cli.output import FORM, OUTPUT, printable, refuse_parquet_on_terminal, write
from rlcompare.curves import CurveSet, run_of
from rlcompare.runs import Runs
from rlcompare.store.history import Restarts, Workers
from rlcompare.transforms import (
    NO_SMOOTHING,
    SMOOTHERS,
    Smoothing,
    metric_or_formula,
    parse_smoothing,
    smooth_curves,
    thin_curves,
)
from rlcompare.transforms.downsampling import POINTS_A_BUCKET


def _smoothing(_context: click.Context, _option: click.Parameter, text: str | None) -> Smoothing:
    return parse_smoothing(text) if text else NO_SMOOTHING


METRICS = click.option(
    "--metric",
    "names",
    required=True,
    multiple=True,
    metavar="NAME",
    help="Canonical name, source key, or a formula such as 'reward - 0.1 * kl'; repeatable.",
)
PATTERNS = click.option("--run", "patterns", multiple=True, metavar="GLOB", help="Only runs whose id fits; repeatable.")
SMOOTH = click.option(
    "--smooth",
    "smoothing",
    callback=_smoothing,
    metavar="KIND:WIDTH[:UNIT]",
    help=f"Kinds: {', '.join(SMOOTHERS)}. UNIT: points, or axis for steps.",
)
POINTS = click.option(
    "--points",
    type=click.IntRange(min=POINTS_A_BUCKET),
    help="Thin each curve to about this many points; extremes stay.",
)


@click.command()
@FOLDERS
@FOLLOW
@JOIN
@METRICS
@PATTERNS
@click.option(
    "--restarts",
    type=click.Choice(get_args(Restarts)),
    default="later",
    show_default=True,
    help="Of a restarted run: the later history, every record as written, or each history as a curve.",
)
@click.option(
    "--workers",
    type=click.Choice(get_args(Workers)),
    default="mean",
    show_default=True,
    help="What several workers logged at one step becomes; each: a curve a worker.",
)
@SMOOTH
@POINTS
@FORM
@OUTPUT
def curves(
    folders: tuple[str, ...],
    follow_links: bool,
    joins: tuple[str, ...],
    names: tuple[str, ...],
    patterns: tuple[str, ...],
    restarts: Restarts,
    workers: Workers,
    smoothing: Smoothing,
    points: int | None,
    form: str,
    output: str | None,
) -> None:
    """Write curves as run,metric,step,wall_time,value: smoothed first, thinned second."""
    refuse_parquet_on_terminal(form, output)
    opened = join(open_folders(folders, follow_links), joins)
    chosen = opened.select(patterns) if patterns else opened
    frames = []
    for name in names:
        read, _ = read_curves(chosen, name, restarts=restarts, workers=workers)
        smoothed = smooth_curves(read, smoothing)
        frames.append((smoothed if points is None else thin_curves(smoothed, points)).frame(name))
    write(pl.concat(frames), form, output)


def read_curves(
    runs: Runs, name: str, *, restarts: Restarts = "later", workers: Workers = "mean"
) -> tuple[CurveSet, dict[str, str]]:
    """Read a metric, or compute a formula.

    A run that counts the steps of a formula's metrics in different units is left out, and that is told.

    Parameters
    ----------
    runs : Runs
    name : str
        Canonical name, source key or formula.
    restarts, workers : str
        As of :meth:`rlcompare.runs.Runs.logged`.

    Returns
    -------
    curves : CurveSet
    unit_of : dict of run id to the unit of its steps, empty where that is not known

    Raises
    ------
    ParameterError
        A formula that does not parse.
    UnknownMetricError
        None of the runs has the metric, or one of the formula's.
    """
    asked = metric_or_formula(name, runs.metric_names()["metric"].to_list())
    if isinstance(asked, str):
        curves = runs.curve_set(asked, restarts=restarts, workers=workers)
        return curves, dict(runs.sources(asked).select("run", "step_unit").rows())
    curves = CurveSet.from_frame(asked.of(runs.curves(asked.metrics, restarts=restarts, workers=workers)))
    units: dict[str, set[str]] = {}
    for metric in asked.metrics:
        for run, unit in runs.sources(metric).select("run", "step_unit").rows():
            units.setdefault(run, set()).add(unit)
    unit_of = {run: unit for run, (unit, *others) in units.items() if not others}
    mixed = dict.fromkeys(run for run in map(run_of, curves.names) if run not in unit_of)
    if mixed:
        told = printable(f"{name}: left out, as they count its metrics' steps in different units: {', '.join(mixed)}")
        click.echo(f"rlcompare: {told}", err=True)
    return curves.only(curve for curve in curves.names if run_of(curve) in unit_of), unit_of
