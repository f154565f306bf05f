"""Thinning of curves to what a screen can show, keeping every extreme."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlcompare.errors import ParameterError
from rlcompare.transforms.groups import with_curves_together

#: Parts of a bucket whose first points stay: between them a spike is as narrow on the screen as it was in the log.
SAMPLES = 8
#: Those, and the last, smallest and largest point of the bucket.
POINTS_A_BUCKET = SAMPLES + 3


def thin(curves: pl.DataFrame, x: str, points: int) -> pl.DataFrame:
    """Leave out points of each (run, metric) that a chart of ``points`` points cannot show.

    The x axis is cut into buckets. Of each bucket the first, last, smallest and largest finite value stay (the M4
    aggregation of Jugel et al. 2014, doi:10.14778/2732951.2732953), so that a spike never disappears; the first value
    of each eighth, so that where buckets are wider than a pixel the line does not run from spike to spike; and the
    first NaN, +inf and -inf, so that a gap never disappears.

    A bucket's width is a power of two in the unit of ``x`` and its edges are multiples of that width, whatever the
    newest point is: a curve that grows keeps its edges until it has doubled, and then two neighbours become one, so
    that no point comes back that had been left out.

    Parameters
    ----------
    curves : DataFrame with ``run``, ``metric``, ``value`` and the column `x`
    x : str
        A numeric or temporal column without null, such as ``step`` or ``wall_time``.
    points : int
        At most so many finite values stay of each curve, at least 11.

    Returns
    -------
    DataFrame, rows of `curves` in their order. A curve of at most `points` rows is returned whole.

    Raises
    ------
    ParameterError
        Fewer than 11 points, or null, NaN or infinite values in `x`.
    """
    if points < POINTS_A_BUCKET:
        raise ParameterError(f"Expected at least {POINTS_A_BUCKET} points a curve, got {points}.")
    curves, slices = with_curves_together(curves)
    if all(rows.stop - rows.start <= points for rows in slices):
        return curves
    positions = curves.get_column(x).to_physical().cast(pl.Float64)
    if positions.null_count() or not positions.is_finite().all():
        raise ParameterError(f"Expected finite numbers in {x!r}, got null or NaN. Hint: leave those rows out first.")
    xs, values = positions.to_numpy(), curves.get_column("value").to_numpy()
    kept = [
        np.arange(rows.start, rows.stop)
        if rows.stop - rows.start <= points
        else rows.start + _kept_rows(xs[rows], values[rows], points // POINTS_A_BUCKET)
        for rows in slices
    ]
    return curves[np.concatenate(kept)]


def _kept_rows(x: NDArray[np.float64], values: NDArray[np.float64], n_buckets: int) -> NDArray[np.intp]:
    """Row numbers, ascending, that :func:`thin` keeps of one curve; null values come as NaN."""
    order = None
    if np.any(x[1:] < x[:-1]):
        order = np.argsort(x, kind="stable")
        x, values = x[order], values[order]
    width = _bucket_width(float(x[0]), float(x[-1]), n_buckets)
    starts = _starts(x, width)
    finite = np.isfinite(values)
    kept = _extremes(values, starts) if finite.all() else _extremes_and_marks(values, finite, starts)
    kept = np.concatenate((kept, _samples(x, width / SAMPLES, finite)))
    if order is not None:
        kept = order[kept]
    return np.unique(kept)


def _bucket_width(first: float, last: float, n_buckets: int) -> float:
    """Return the smallest power of two of whose multiples at most `n_buckets` intervals cover first to last."""
    span = last - first
    if span == 0:
        return max(1.0, abs(first))
    width = 2.0 ** math.floor(math.log2(span / n_buckets))
    while math.floor(last / width) - math.floor(first / width) + 1 > n_buckets:
        width *= 2
    return width


def _starts(x: NDArray[np.float64], width: float) -> NDArray[np.intp]:
    """Row numbers at which a bucket begins that holds anything."""
    edges = np.arange(math.floor(x[0] / width) + 1, math.floor(x[-1] / width) + 1) * width
    return np.unique(np.concatenate(([0], np.searchsorted(x, edges, side="left"))))


def _samples(x: NDArray[np.float64], width: float, finite: NDArray[np.bool_]) -> NDArray[np.intp]:
    starts = _starts(x, width)
    return starts[finite[starts]]


def _extremes(values: NDArray[np.float64], starts: NDArray[np.intp]) -> NDArray[np.intp]:
    """First, last, smallest and largest of each bucket. A short loop: each step runs over many values at once."""
    ends = np.append(starts[1:], len(values))
    smallest = [start + values[start:end].argmin() for start, end in zip(starts, ends, strict=True)]
    largest = [start + values[start:end].argmax() for start, end in zip(starts, ends, strict=True)]
    return np.concatenate((starts, ends - 1, smallest, largest))


def _extremes_and_marks(
    values: NDArray[np.float64], finite: NDArray[np.bool_], starts: NDArray[np.intp]
) -> NDArray[np.intp]:
    rows = np.flatnonzero(finite)
    first_finite = np.unique(np.searchsorted(rows, starts))
    parts = [rows[_extremes(values[rows], first_finite[first_finite < len(rows)])]] if len(rows) else []
    for mark in (np.isnan(values), values == np.inf, values == -np.inf):
        places = np.flatnonzero(mark)
        firsts = np.searchsorted(places, starts)
        found = places[firsts[firsts < len(places)]]
        parts.append(found)
    return np.concatenate(parts)
