"""Thinning of curves to what a screen can show, keeping every extreme."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlcompare.curves import CurveSet, Floats, Places
from rlcompare.errors import ParameterError
from rlcompare.transforms.groups import with_curves_together

#: Parts of a bucket whose first points stay: between them a spike is as narrow on the screen as it was in the log.
SAMPLES = 8
#: Those, and the last, smallest and largest point of the bucket.
POINTS_A_BUCKET = SAMPLES + 3

Rows = NDArray[np.intp]


def thin_curves(curves: CurveSet, points: int, view: tuple[float, float] | None = None) -> CurveSet:
    """Leave out points of each curve that a chart of ``points`` points cannot show.

    The x axis is cut into buckets. Of each bucket the first, last, smallest and largest finite value stay (the M4
    aggregation of Jugel et al. 2014, doi:10.14778/2732951.2732953), so that a spike never disappears; the first value
    of each eighth, so that where buckets are wider than a pixel the line does not run from spike to spike; and the
    first NaN, +inf and -inf, so that a gap never disappears.

    A bucket's width is a power of two in the unit of ``x`` and its edges are multiples of that width, whatever the
    newest point is: a curve that grows keeps its edges until it has doubled, and then two neighbours become one, so
    that no point comes back that had been left out.

    Where x falls within a curve, as a metric on the x axis may, its points are joined in training order; so the buckets
    are stretches of that order, and the smallest and largest x of each stay too.

    Parameters
    ----------
    curves : CurveSet
    points : int
        At most so many finite values stay of each curve, at least 11.
    view : (low, high), optional
        Only this stretch of the x axis is shown: thin what lies in it, with its own narrower buckets, and keep one
        point beyond either end, so that lines go on to the edge.

    Returns
    -------
    CurveSet
        A curve of at most `points` values in view stays whole; curves without a value in view are left out.

    Raises
    ------
    ParameterError
        Fewer than 11 points, or NaN or infinite values in x.
    """
    return curves.taken(*kept_rows(curves, points, view))


def kept_rows(curves: CurveSet, points: int, view: tuple[float, float] | None = None) -> tuple[list[str], list[Rows]]:
    """Names of the curves that :func:`thin_curves` keeps, and the rows it keeps of each, for :meth:`CurveSet.taken`."""
    _check(points, curves.x, "x")
    found = {
        name: part.start + thinned_rows(curves.x[part], [curves.value[part]], points, view)
        for name, part in zip(curves.names, curves.slices, strict=True)
    }
    return [name for name, rows in found.items() if len(rows)], [rows for rows in found.values() if len(rows)]


def thin(curves: pl.DataFrame, x: str, points: int) -> pl.DataFrame:
    """Thin each (run, metric) of a frame: see :func:`thin_curves`.

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
    curves, slices = with_curves_together(curves)
    positions = curves.get_column(x).to_physical().cast(pl.Float64).fill_null(np.nan).to_numpy()
    if any(rows.stop - rows.start > points for rows in slices):
        _check(points, positions, x)
    else:
        _check(points, np.empty(0), x)
        return curves
    values = curves.get_column("value").to_numpy()
    kept = [rows.start + thinned_rows(positions[rows], [values[rows]], points) for rows in slices]
    return curves[np.concatenate(kept)]


def thinned_rows(x: Places, columns: Sequence[Floats], points: int, view: tuple[float, float] | None = None) -> Rows:
    """Row numbers, ascending, that :func:`thin_curves` keeps of one curve.

    Parameters
    ----------
    x : ndarray, shape (n,), finite
    columns : sequence of ndarray, shape (n,)
        What is drawn at x: the value of a curve, or center, lower and upper of a band; the extremes of each stay.
    points : int
        Of each column.
    view : (low, high), optional
    """
    falls = bool(np.any(x[1:] < x[:-1]))
    if falls and view is not None:
        seen = _rows_around(x, *view)
        return seen[thinned_rows(x[seen], [column[seen] for column in columns], points)]
    first, stop = (0, len(x)) if view is None else _stretch_around(x, *view)
    if stop - first <= points:
        return np.arange(first, stop, dtype=np.intp)
    x, columns = x[first:stop], [column[first:stop] for column in columns]
    place = np.arange(len(x)) if falls else x
    drawn = [*columns, x.astype(np.float64)] if falls else columns
    width = _bucket_width(float(place[0]), float(place[-1]), points // POINTS_A_BUCKET)
    starts, samples = _starts(place, width), _starts(place, width / SAMPLES)
    return first + np.unique(np.concatenate([_kept_rows(column, starts, samples) for column in drawn]))


def _check(points: int, x: Places, name: str) -> None:
    if points < POINTS_A_BUCKET:
        raise ParameterError(f"Expected at least {POINTS_A_BUCKET} points a curve, got {points}.")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        raise ParameterError(f"Expected finite numbers in {name!r}, got null or NaN. Hint: leave those rows out first.")


def _stretch_around(x: Places, low: float, high: float) -> tuple[int, int]:
    """First row and end of the rows of ascending x in view, with a neighbour on either side if there is one."""
    if not len(x) or x[0] > high or x[-1] < low:
        return 0, 0
    first, stop = np.searchsorted(x, low, side="left"), np.searchsorted(x, high, side="right")
    return max(0, int(first) - 1), min(len(x), int(stop) + 1)


def _rows_around(x: Places, low: float, high: float) -> Rows:
    """Rows in view, and the neighbours in training order of those."""
    inside = (x >= low) & (x <= high)
    near = inside.copy()
    near[1:] |= inside[:-1]
    near[:-1] |= inside[1:]
    return np.flatnonzero(near)


def _kept_rows(values: Floats, starts: Rows, samples: Rows) -> Rows:
    finite = np.isfinite(values)
    kept = _extremes(values, starts) if finite.all() else _extremes_and_marks(values, finite, starts)
    return np.concatenate((kept, samples[finite[samples]]))


def _bucket_width(first: float, last: float, n_buckets: int) -> float:
    """Return the smallest power of two of whose multiples at most `n_buckets` intervals cover first to last."""
    span = last - first
    if span == 0:
        return max(1.0, abs(first))
    width = 2.0 ** math.floor(math.log2(span / n_buckets))
    while math.floor(last / width) - math.floor(first / width) + 1 > n_buckets:
        width *= 2
    return width


def _starts(x: Places, width: float) -> Rows:
    """Row numbers at which a bucket begins that holds anything."""
    edges = np.arange(math.floor(x[0] / width) + 1, math.floor(x[-1] / width) + 1) * width
    if x.dtype.kind == "i":
        # Searched for as whole numbers, or all of x would be copied to be compared with fractions.
        edges = np.ceil(edges).astype(x.dtype)
    return np.unique(np.concatenate(([0], np.searchsorted(x, edges, side="left"))))


def _extremes(values: Floats, starts: Rows) -> Rows:
    """First, last, smallest and largest of each bucket. A short loop: each step runs over many values at once."""
    ends = np.append(starts[1:], len(values))
    smallest = [start + values[start:end].argmin() for start, end in zip(starts, ends, strict=True)]
    largest = [start + values[start:end].argmax() for start, end in zip(starts, ends, strict=True)]
    return np.concatenate((starts, ends - 1, smallest, largest))


def _extremes_and_marks(values: Floats, finite: NDArray[np.bool_], starts: Rows) -> Rows:
    rows = np.flatnonzero(finite)
    first_finite = np.unique(np.searchsorted(rows, starts))
    parts = [rows[_extremes(values[rows], first_finite[first_finite < len(rows)])]] if len(rows) else []
    for mark in (np.isnan(values), values == np.inf, values == -np.inf):
        places = np.flatnonzero(mark)
        firsts = np.searchsorted(places, starts)
        found = places[firsts[firsts < len(places)]]
        parts.append(found)
    return np.concatenate(parts)
