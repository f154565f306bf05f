"""From pairs and coefficients to the frames that the charts of the Correlation page draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from rlcompare.curves import Floats, run_of
from rlcompare.transforms.leads import Lead, Rolling
from rlcompare.transforms.pairs import Pair
from rlcompare.ui.correlation_stages import Matrices
from rlcompare.ui.curve_frames import HOVER_BUDGET, hover_rows, names_column

#: More joint steps than this are counted in bins: so many circles keep a redraw short.
MOST_POINTS = 5_000
#: Bins a chart, and a small one of several.
BINS, FACET_BINS = (64, 40), (34, 24)
#: More runs than this share one chart.
MOST_FACETS = 9


@dataclass(frozen=True, eq=False)
class Scattered:
    """Joint steps as points or, of many, counted in bins.

    Parameters
    ----------
    frame : DataFrame
        ``label, step, x, y, progress``, or ``label, x0, x1, y0, y1, n, progress``.
    labels : tuple of str
    n : int
        Joint steps.
    is_binned : bool
    faceted : bool
        A chart a label.
    """

    frame: pl.DataFrame
    labels: tuple[str, ...]
    n: int
    is_binned: bool
    faceted: bool


def scattered(pairs: Sequence[Pair], label_of: Mapping[str, str]) -> Scattered:
    """Prepare the scatter of two metrics.

    Parameters
    ----------
    pairs : sequence of Pair
    label_of : mapping of run to the label of the run or its group
    """
    labels = [label_of[run_of(pair.name)] for pair in pairs]
    several = tuple(dict.fromkeys(labels))
    faceted = 1 < len(several) <= MOST_FACETS
    n = sum(len(pair.step) for pair in pairs)
    progress = [_progress(pair) for pair in pairs]
    if n > MOST_POINTS:
        frame = _bins(pairs, labels, progress, faceted=faceted)
        return Scattered(frame, several, n, is_binned=True, faceted=faceted)
    code = np.repeat(np.arange(len(pairs)), [len(pair.step) for pair in pairs])
    frame = pl.DataFrame(
        [
            names_column("label", labels, code),
            pl.Series("step", np.concatenate([np.empty(0, np.int64), *(pair.step for pair in pairs)])),
            *(
                pl.Series(axis, np.concatenate([np.empty(0), *(getattr(pair, axis) for pair in pairs)]))
                for axis in ("x", "y")
            ),
            pl.Series("progress", np.concatenate([np.empty(0), *progress])),
        ]
    )
    return Scattered(frame, several, n, is_binned=False, faceted=faceted)


def _progress(pair: Pair) -> Floats:
    """Part of the joint steps' range that has passed."""
    if not len(pair.step):
        return np.empty(0)
    first, last = int(pair.step[0]), int(pair.step[-1])
    return np.asarray((pair.step - first) / max(1, last - first), np.float64)


def _bins(pairs: Sequence[Pair], labels: Sequence[str], progress: Sequence[Floats], *, faceted: bool) -> pl.DataFrame:
    size = FACET_BINS if faceted else BINS
    edges = [_edges([getattr(pair, axis) for pair in pairs], n) for axis, n in zip(("x", "y"), size, strict=True)]
    frames = []
    for label in dict.fromkeys(labels) if faceted else [""]:
        chosen = [i for i, own in enumerate(labels) if not faceted or own == label]
        at = []
        for axis, ends in zip(("x", "y"), edges, strict=True):
            values = np.concatenate([getattr(pairs[i], axis) for i in chosen])
            at.append(np.clip(np.searchsorted(ends, values, side="right") - 1, 0, len(ends) - 2))
        n_x, n_y = (len(ends) - 1 for ends in edges)
        cell = at[0] * n_y + at[1]
        count = np.bincount(cell, minlength=n_x * n_y)
        passed = np.bincount(cell, np.concatenate([progress[i] for i in chosen]), n_x * n_y)
        full = np.flatnonzero(count)
        i, j = full // n_y, full % n_y
        frames.append(
            pl.DataFrame(
                {
                    "label": [label] * len(full),
                    "x0": edges[0][i],
                    "x1": edges[0][i + 1],
                    "y0": edges[1][j],
                    "y1": edges[1][j + 1],
                    "n": count[full],
                    "progress": passed[full] / count[full],
                }
            )
        )
    return pl.concat(frames)


def _edges(values: Sequence[Floats], n: int) -> Floats:
    low, high = min(float(v.min()) for v in values if len(v)), max(float(v.max()) for v in values if len(v))
    if low == high:
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    return np.linspace(low, high, n + 1)


def null_band(null: float) -> pl.DataFrame:
    """Frame ``low, high`` of one row."""
    return pl.DataFrame({"low": [-null], "high": [null]})


def rolled(found: Sequence[Rolling], label_of: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    """Datasets of :func:`rlcompare.charts.correlation.rolling_chart`."""
    frame = _lines(
        [label_of[run_of(one.name)] for one in found],
        [one.name for one in found],
        {
            "x": [one.last.astype(np.float64) for one in found],
            "first": [one.first.astype(np.float64) for one in found],
            "value": [one.value for one in found],
        },
    )
    return {"lines": frame, "hover": _hover(frame), "null": null_band(max(one.null for one in found))}


def lagged(found: Sequence[Lead], label_of: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    """Datasets of :func:`rlcompare.charts.correlation.lag_chart`."""
    frame = _lines(
        [label_of[run_of(one.name)] for one in found],
        [one.name for one in found],
        {"x": [one.lag.astype(np.float64) for one in found], "value": [one.value for one in found]},
    )
    peaks = [
        (label_of[run_of(one.name)], float(one.peak), float(one.value[one.lag == one.peak][0]))
        for one in found
        if one.peak is not None
    ]
    schema = {"label": pl.String, "x": pl.Float64, "value": pl.Float64}
    return {
        "lines": frame,
        "hover": _hover(frame) if len(found) > 1 else frame,
        "null": null_band(max(one.null for one in found)),
        "peaks": pl.DataFrame(peaks, schema=schema, orient="row"),
    }


def _lines(labels: Sequence[str], names: Sequence[str], columns: Mapping[str, Sequence[Floats]]) -> pl.DataFrame:
    first = next(iter(columns.values()))
    code = np.repeat(np.arange(len(names)), [len(values) for values in first])
    return pl.DataFrame(
        [
            names_column("label", labels, code),
            names_column("curve", names, code),
            *(pl.Series(name, np.concatenate(values)).fill_nan(None) for name, values in columns.items()),
        ]
    )


def _hover(lines: pl.DataFrame) -> pl.DataFrame:
    """Rows that answer to the pointer, evenly spread."""
    curve = lines["curve"].to_physical().to_numpy()
    starts = np.append(np.flatnonzero(np.diff(curve.astype(np.int64), prepend=-1)), len(curve)).astype(np.intp)
    shown = lines["value"].is_not_null().to_numpy()
    return lines if lines.height <= HOVER_BUDGET else lines[hover_rows(starts, shown)]


def cells(found: Matrices, titles: Sequence[str]) -> pl.DataFrame:
    """Cells of the matrix: levels below the diagonal, first differences above, and on it nothing.

    Parameters
    ----------
    found : Matrices
    titles : sequence of str, one a metric
    """
    rows = []
    for i, row in enumerate(titles):
        for j, column in enumerate(titles):
            own = i == j
            of = found.levels if i > j else found.differences
            rows.append(
                (
                    row,
                    column,
                    None if own else _number(of.value[i, j]),
                    _number(found.levels.value[i, j]),
                    _number(found.differences.value[i, j]),
                    int(found.levels.n[i, j]),
                    int(found.levels.n_runs[i, j]),
                    None if own else found.metrics[min(i, j)],
                    None if own else found.metrics[max(i, j)],
                )
            )
    schema = {
        "row": pl.String,
        "column": pl.String,
        "value": pl.Float64,
        "levels": pl.Float64,
        "differences": pl.Float64,
        "n": pl.Int64,
        "n_runs": pl.Int64,
        "x": pl.String,
        "y": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
