"""``rlcompare bands``: groups of runs as a centre and a band each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import get_args

import click
import polars as pl

from rlcompare.cli.curves import METRICS, PATTERNS, POINTS, SMOOTH, read_curves
from rlcompare.cli.folders import FOLDERS, FOLLOW, JOIN, join, open_folders
from rlcompare.cli.output import FORM, OUTPUT, printable, refuse_parquet_on_terminal, write
from rlcompare.curves import CurveSet
from rlcompare.errors import ParameterError
from rlcompare.grouping import GroupBy, group_runs
from rlcompare.runs import Runs
from rlcompare.transforms import (
    BANDS,
    CENTERS,
    Aggregation,
    Alignment,
    BandKind,
    CenterKind,
    Ends,
    GroupBand,
    Smoothing,
    aggregate,
    bands_frame,
    smooth_curves,
    thinned_rows,
)

#: Runs listed in one line before the rest is counted.
LISTED = 5

UNKNOWN = "unknown unit"

#: What became of a group from where the first of its runs ends.
AFTER_ENDS: dict[Ends, str] = {
    "common": "only what all cover is kept",
    "carry": "their last value is carried on",
    "shrink": "whoever is there counts",
}


def _grouping(_context: click.Context, _option: click.Parameter, text: str) -> GroupBy:
    kind, _, rest = text.partition(":")
    if text == "seed":
        return GroupBy("seed")
    if text == "framework":
        return GroupBy("framework")
    if kind == "config" and all(keys := tuple(rest.split(","))):
        return GroupBy("config", keys=keys)
    if kind == "name" and rest:
        return GroupBy("name", pattern=rest)
    raise ParameterError(
        f"Expected a grouping of seed, framework, config:KEY[,KEY…] or name:REGEX; got {text!r}. "
        "Hint: config:learning_rate puts runs of one learning rate together."
    )


@click.command()
@FOLDERS
@FOLLOW
@JOIN
@METRICS
@PATTERNS
@click.option(
    "--group-by",
    "by",
    callback=_grouping,
    default="seed",
    show_default=True,
    metavar="GROUPING",
    help="seed (all that differ in nothing else), framework, config:KEY[,KEY…] or name:REGEX.",
)
@click.option("--center", type=click.Choice(list(CENTERS)), default="mean", show_default=True)
@click.option("--band", type=click.Choice(list(BANDS)), default="t", show_default=True)
@click.option(
    "--level", type=float, default=0.95, show_default=True, metavar="LEVEL", help="Of the bands t and bootstrap."
)
@click.option(
    "--ends",
    type=click.Choice(get_args(Ends)),
    default="common",
    show_default=True,
    help="Where runs end at different steps: what all cover, the last value carried on, or whoever is there.",
)
@click.option("--baseline", metavar="GROUP", help="Write the others as differences to this group.")
@SMOOTH
@POINTS
@FORM
@OUTPUT
def bands(
    folders: tuple[str, ...],
    follow_links: bool,
    joins: tuple[str, ...],
    names: tuple[str, ...],
    patterns: tuple[str, ...],
    by: GroupBy,
    center: CenterKind,
    band: BandKind,
    level: float,
    ends: Ends,
    baseline: str | None,
    smoothing: Smoothing,
    points: int | None,
    form: str,
    output: str | None,
) -> None:
    """Write groups as group,metric,step,center,lower,upper,n_runs: each run smoothed first, the group thinned last.

    Standard error says of each group what its centre and band are, how its runs were aligned, and which end early.
    """
    refuse_parquet_on_terminal(form, output)
    how = Aggregation(center, band, level, ends)
    opened = join(open_folders(folders, follow_links), joins)
    _check_keys(opened, by.keys)
    group_of = group_runs(opened, by)
    chosen = opened.select(patterns) if patterns else opened
    frames = []
    for name in names:
        read, unit_of = read_curves(chosen, name)
        units = _units(read, group_of, unit_of, baseline)
        groups = aggregate(smooth_curves(read, smoothing), group_of, how, baseline=baseline)
        for group in groups:
            told = _described(group, units[group.group], how.ends)
            click.echo(f"rlcompare: {printable(f'{name} of {group.group}: {told}')}", err=True)
        frames += [_frame(group, name, points) for group in groups]
    write(pl.concat([bands_frame([], ""), *frames]), form, output)


def _check_keys(runs: Runs, keys: Sequence[str]) -> None:
    """Refuse a key that no run has: all runs would be one group."""
    known = runs.config()["key"].unique(maintain_order=True).to_list()
    for key in keys:
        if key not in known:
            close = get_close_matches(key, known, n=3, cutoff=0.4)
            hint = f"did you mean {', '.join(close)}?" if close else "the Runs page of the app shows the settings."
            raise ParameterError(f"Expected a setting that one of {len(runs)} runs has; got {key!r}. Hint: {hint}")


def _units(
    curves: CurveSet, group_of: Mapping[str, str], unit_of: Mapping[str, str], baseline: str | None
) -> dict[str, str]:
    """Name the unit of each group's steps.

    Raises
    ------
    ParameterError
        Runs of one group count their steps in different units, or a group counts them in another unit than the
        baseline: steps of two units have no x in common.
    """
    found: dict[str, dict[str, str]] = {}
    for run in curves.names:
        found.setdefault(group_of[run], {}).setdefault(unit_of[run] or UNKNOWN, run)
    for group, runs in found.items():
        if len(runs) > 1:
            told = ", ".join(f"{unit} ({run})" for unit, run in runs.items())
            raise ParameterError(
                f"Expected one unit of steps in the group {group!r}; got {told}. "
                "Hint: --run chooses runs of one unit, and --group-by seed keeps units apart."
            )
    units = {group: next(iter(runs)) for group, runs in found.items()}
    for group, unit in units.items():
        if baseline in units and unit != units[baseline]:
            raise ParameterError(
                f"Expected steps of the unit of the baseline {baseline!r}, {units[baseline]}; got {unit} in {group!r}. "
                "Hint: --run chooses runs of one unit."
            )
    return units


def _frame(group: GroupBand, metric: str, points: int | None) -> pl.DataFrame:
    frame = bands_frame([group], metric)
    if points is None:
        return frame
    return frame[thinned_rows(group.x, [group.center, group.lower, group.upper], points)]


def _described(group: GroupBand, unit: str, ends: Ends) -> str:
    steps = f"steps ({UNKNOWN})" if unit == UNKNOWN else f"{unit}s"
    told = [group.description, _how_aligned(group.alignment, steps)]
    if group.baseline is not None and group.baseline.alignment != group.alignment:
        told.append(f"the baseline {_how_aligned(group.baseline.alignment, steps)}")
    if group.ends:
        early = [f"{run} (at {last:,.0f})" for run, last in group.ends]
        more = f" and {len(early) - LISTED} more" if len(early) > LISTED else ""
        told.append(f"ending early: {', '.join(early[:LISTED])}{more}, {AFTER_ENDS[ends]}")
    return "; ".join(told)


def _how_aligned(alignment: Alignment, steps: str) -> str:
    if alignment.exact:
        return f"at the logged {steps}"
    if alignment.spacing is None:
        return f"interpolated at those {steps}"
    return f"interpolated at multiples of {alignment.spacing:g} {steps}"
