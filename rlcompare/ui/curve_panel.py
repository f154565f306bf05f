"""What one chart of the Curves page shows, and the words that say so. Knows no Streamlit: frames in, frames out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from rlcompare.charts.learning_curve import LEGEND_RUNS, CurveFrames, XAxis
from rlcompare.transforms import Axis, Smoothing, place_on_axis, smooth, thin
from rlcompare.transforms.downsampling import POINTS_A_BUCKET
from rlcompare.transforms.groups import with_curves_together

#: Points a chart, all its layers together: what redraws in less than half a second on two cores.
POINT_BUDGET = 20_000
#: Of one line: four a pixel column of a wide chart.
LONGEST_LINE = 4_000
#: Points that answer to the pointer.
HOVER_BUDGET = 200

#: Seconds in each unit of relative time, largest first.
TIME_UNITS = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


@dataclass(frozen=True)
class CurvePanel:
    """One chart and what its caption must say.

    Parameters
    ----------
    frames : CurveFrames
    x_axis : XAxis
    labels : tuple of str
        Of the runs drawn, in the order of the library.
    n_points, n_drawn : int
        Finite values logged, and those on the line.
    not_numbers : dict of kind to (values, runs)
        What is marked at the edges.
    """

    frames: CurveFrames
    x_axis: XAxis
    labels: tuple[str, ...]
    n_points: int
    n_drawn: int
    not_numbers: dict[str, tuple[int, int]]


def curve_panel(
    curves: pl.DataFrame,
    *,
    axis: Axis,
    step_unit: str,
    smoothing: Smoothing,
    started: pl.DataFrame,
    labels: Mapping[str, str],
) -> CurvePanel:
    """Prepare the curves of one metric for one chart.

    Parameters
    ----------
    curves : DataFrame with the columns of ``schema.CURVE``, one metric
    axis : {"step", "relative", "wall"}
    step_unit : str
        What a step is in all of these runs; empty if unknown.
    smoothing : Smoothing
    started : DataFrame with ``run`` and ``started``
    labels : dict of run id to label

    Returns
    -------
    CurvePanel
    """
    placed = place_on_axis(curves, axis, started).with_columns(pl.col("value").alias("logged"))
    placed, x_axis = _in_readable_unit(placed, axis, step_unit)
    runs = placed.get_column("run").unique(maintain_order=True)
    label = (
        pl.col("run").replace_strict(runs, [labels[run] for run in runs], return_dtype=pl.String).cast(pl.Categorical)
    )
    smoothed = smooth(placed, smoothing)
    has_raw = smoothed is not placed and len(runs) <= LEGEND_RUNS
    points = _points_a_line(len(runs), layers=2 if has_raw else 1)
    lines = thin(smoothed, "x", points).with_columns(label)
    raw = thin(placed, "x", points).with_columns(label) if has_raw else lines.clear()
    finite = pl.col("value").is_finite()
    frames = CurveFrames(
        lines=_dates(_without_gaps_in_scale(lines).select("run", "x", "value"), x_axis),
        raw=_dates(_without_gaps_in_scale(raw).select("run", "x", "value"), x_axis),
        dots=_dates(_lone_points(lines), x_axis),
        marks=_dates(_marks(lines), x_axis),
        hover=_dates(_hover_points(lines.filter(finite), len(runs)), x_axis),
    )
    return CurvePanel(
        frames=frames,
        x_axis=x_axis,
        labels=tuple(labels[run] for run in labels if run in set(runs)),
        n_points=placed.select(finite.sum()).item(),
        n_drawn=lines.select(finite.sum()).item(),
        not_numbers=_count_not_numbers(placed),
    )


def _points_a_line(n_runs: int, layers: int) -> int:
    return min(LONGEST_LINE, max(POINTS_A_BUCKET, POINT_BUDGET // layers // max(1, n_runs)))


def _in_readable_unit(placed: pl.DataFrame, axis: Axis, step_unit: str) -> tuple[pl.DataFrame, XAxis]:
    if axis == "wall":
        return placed, XAxis("Wall time", is_date=True)
    if axis == "step":
        return placed, XAxis(step_unit.capitalize() or "Step (unit unknown)", is_whole=True)
    longest = placed.get_column("x").max()
    span = float(longest) if isinstance(longest, float) else 0.0
    unit = next((name for name, seconds in TIME_UNITS.items() if span >= 2 * seconds), "seconds")
    return placed.with_columns(pl.col("x") / TIME_UNITS[unit]), XAxis(f"Time since start ({unit})")


def _dates(frame: pl.DataFrame, x_axis: XAxis) -> pl.DataFrame:
    if not x_axis.is_date:
        return frame
    return frame.with_columns((pl.col("x") * 1000).cast(pl.Datetime("ms")).dt.replace_time_zone("UTC"))


def _without_gaps_in_scale(lines: pl.DataFrame) -> pl.DataFrame:
    """Null for what is not finite: it breaks the line, where an infinity would flatten the scale."""
    return lines.with_columns(pl.when(pl.col("value").is_finite()).then("value"))


def _lone_points(lines: pl.DataFrame) -> pl.DataFrame:
    finite = pl.col("value").is_finite()
    joined = [
        (finite.shift(offset) & (pl.col("run").shift(offset) == pl.col("run"))).fill_null(value=False)
        for offset in (1, -1)
    ]
    return lines.filter(finite & ~joined[0] & ~joined[1]).select("run", "x", "value")


def _kind() -> pl.Expr:
    value = pl.col("logged")
    return pl.when(value.is_nan()).then(pl.lit("NaN")).when(value > 0).then(pl.lit("+inf")).otherwise(pl.lit("-inf"))


def _marks(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(~pl.col("logged").is_finite()).select("run", "x", _kind().alias("kind"))


def _count_not_numbers(placed: pl.DataFrame) -> dict[str, tuple[int, int]]:
    rows = placed.filter(~pl.col("logged").is_finite()).select("run", _kind().alias("kind"))
    counts = rows.group_by("kind").agg(pl.len().alias("values"), pl.col("run").n_unique().alias("runs")).sort("kind")
    return {kind: (values, runs) for kind, values, runs in counts.rows()}


def _hover_points(finite_lines: pl.DataFrame, n_runs: int) -> pl.DataFrame:
    """Points of each line at even distances, its last among them, shifted from run to run so that lines differ."""
    a_line = max(1, HOVER_BUDGET // max(1, n_runs))
    together, slices = with_curves_together(finite_lines)
    golden = 0.618034
    rows = []
    for number, line in enumerate(slices):
        places = (np.arange(a_line) + (number * golden) % 1) / a_line
        picked = line.start + (places * (line.stop - line.start)).astype(np.intp)
        rows.append(np.unique(np.append(picked[:-1], line.stop - 1) if a_line > 1 else picked))
    picked_rows = np.concatenate(rows) if rows else np.empty(0, dtype=np.intp)
    return together[picked_rows].select("run", "x", "value", "logged")
