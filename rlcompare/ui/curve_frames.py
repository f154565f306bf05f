"""From thinned curves and bands to the frames that a chart draws. Arrays in, frames out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlcompare.curves import CurveSet, Floats, Places, unlogged
from rlcompare.transforms import GroupBand

#: Points that answer to the pointer, of one side of a chart.
HOVER_BUDGET = 200
#: Turns each line's hover points by another fraction of their distance, so that those of neighbours stand apart.
_GOLDEN = 0.618034


@dataclass(frozen=True)
class Screen:
    """How places on an axis become what is drawn.

    Parameters
    ----------
    scale : float
        What x is multiplied with for the screen: minutes to hours, seconds to the milliseconds of dates.
    is_date : bool
    log_x, log_y : bool
        What is not above zero has no place.
    """

    scale: float = 1.0
    is_date: bool = False
    log_x: bool = False
    log_y: bool = False

    def column(self, x: Places) -> pl.Series:
        """Return places as the column ``x`` of a frame."""
        shown = pl.Series("x", x * self.scale)
        if self.is_date:
            return shown.cast(pl.Int64).cast(pl.Datetime("ms")).dt.replace_time_zone("UTC")
        return shown

    def has_place(self, value: Floats, x: Places | None = None) -> NDArray[np.bool_]:
        """Tell which values have a place on the y axis and, where x is given, on the x axis."""
        placed = np.isfinite(value) & (value > 0) if self.log_y else np.isfinite(value)
        return placed & (x > 0) if self.log_x and x is not None else placed


def names_column(name: str, values: Sequence[str], codes: NDArray[np.integer]) -> pl.Series:
    """Return a column that names one of ``values`` by its number in every row."""
    return pl.Series(name, values, dtype=pl.Enum(list(dict.fromkeys(values)))).gather(codes)


def lines(curves: CurveSet, label_of: Mapping[str, str], screen: Screen) -> pl.DataFrame:
    """Frame ``label, curve, x, value`` of curves; what has no place is null, so that it breaks the line."""
    curve = np.repeat(np.arange(len(curves)), np.diff(curves.starts))
    value = pl.Series("value", np.where(screen.has_place(curves.value, curves.x), curves.value, np.nan)).fill_nan(None)
    return pl.DataFrame(
        [
            names_column("label", [label_of[name] for name in curves.names], curve),
            names_column("curve", curves.names, curve),
            screen.column(curves.x),
            value,
        ]
    )


def dots(curves: CurveSet, label_of: Mapping[str, str], screen: Screen) -> pl.DataFrame:
    """Rows of :func:`lines` that no line would show, because both neighbours are missing."""
    shown = screen.has_place(curves.value, curves.x)
    together = np.ones(max(0, len(shown) - 1), dtype=bool)
    inner = curves.starts[1:-1]
    together[inner[(inner > 0) & (inner < len(shown))] - 1] = False
    alone = shown.copy()
    alone[1:] &= ~(shown[:-1] & together)
    alone[:-1] &= ~(shown[1:] & together)
    return lines(curves, label_of, screen).filter(pl.Series(alone)).drop("curve")


def not_numbers(curves: CurveSet, label_of: Mapping[str, str], screen: Screen) -> pl.DataFrame:
    """Frame ``label, run, x, kind`` of values that are not finite."""
    odd = np.flatnonzero(~np.isfinite(curves.value))
    curve = np.searchsorted(curves.starts, odd, side="right") - 1
    value = curves.value[odd]
    kind = np.where(np.isnan(value), 0, np.where(value > 0, 1, 2))
    return pl.DataFrame(
        [
            names_column("label", [label_of[name] for name in curves.names], curve),
            names_column("run", curves.names, curve),
            screen.column(curves.x[odd]),
            names_column("kind", ["NaN", "+inf", "-inf"], kind),
        ]
    )


def bands(groups: Sequence[GroupBand], kept: Sequence[NDArray[np.intp]], screen: Screen) -> pl.DataFrame:
    """Frame ``label, curve, x, lower, upper`` of some rows of each band; what has no place is null."""
    curve = np.repeat(np.arange(len(groups)), [len(rows) for rows in kept])
    labels = [group.group for group in groups]
    x, lower, upper = (_together(groups, kept, name) for name in ("x", "lower", "upper"))
    # A band that reaches below zero on a logarithmic axis would be cut open there: it ends instead.
    nowhere = ~(screen.has_place(lower, x) & screen.has_place(upper))
    return pl.DataFrame(
        [
            names_column("label", labels, curve),
            names_column("curve", labels, curve),
            screen.column(x),
            pl.Series("lower", np.where(nowhere, np.nan, lower)).fill_nan(None),
            pl.Series("upper", np.where(nowhere, np.nan, upper)).fill_nan(None),
        ]
    )


def _together(groups: Sequence[GroupBand], kept: Sequence[NDArray[np.intp]], name: str) -> Floats:
    """Put some rows of an array of each group one behind another."""
    parts: list[Floats] = [getattr(group, name)[rows] for group, rows in zip(groups, kept, strict=True)]
    return np.concatenate(parts or [np.empty(0)])


def centers(groups: Sequence[GroupBand]) -> CurveSet:
    """Return the centres of groups as curves, without steps or times."""
    x = np.concatenate([group.x for group in groups] or [np.empty(0)])
    return CurveSet(
        names=tuple(group.group for group in groups),
        starts=np.cumsum([0, *(len(group.x) for group in groups)], dtype=np.intp),
        step=np.zeros(len(x), np.int64),
        wall_time=unlogged(len(x)),
        x=x,
        value=np.concatenate([group.center for group in groups] or [np.empty(0)]),
    )


def hover_rows(starts: NDArray[np.intp], shown: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Rows of each line at even distances, its last among them, turned from line to line so that they differ.

    Parameters
    ----------
    starts : ndarray, shape (n_lines + 1,)
    shown : ndarray of bool
        The rows that have a place.
    """
    n_lines = len(starts) - 1
    a_line = max(1, HOVER_BUDGET // max(1, n_lines))
    picked = []
    for number in range(n_lines):
        rows = starts[number] + np.flatnonzero(shown[starts[number] : starts[number + 1]])
        if len(rows):
            places = (np.arange(a_line) + (number * _GOLDEN) % 1) / a_line
            rows_here = rows[(places * len(rows)).astype(np.intp)]
            picked.append(np.unique(np.append(rows_here[:-1], rows[-1]) if a_line > 1 else rows_here))
    return np.concatenate(picked) if picked else np.empty(0, np.intp)


def hover_runs(curves: CurveSet, logged: Floats, label_of: Mapping[str, str], screen: Screen) -> pl.DataFrame:
    """Frame ``label, x, value, logged`` of a few points of each curve.

    Parameters
    ----------
    curves : CurveSet
    logged : ndarray, as many as there are values
        The values before smoothing.
    """
    rows = hover_rows(curves.starts, screen.has_place(curves.value, curves.x))
    curve = np.searchsorted(curves.starts, rows, side="right") - 1
    return pl.DataFrame(
        [
            names_column("label", [label_of[name] for name in curves.names], curve),
            screen.column(curves.x[rows]),
            pl.Series("value", curves.value[rows]),
            pl.Series("logged", logged[rows]).fill_nan(None),
        ]
    )


def hover_groups(groups: Sequence[GroupBand], kept: Sequence[NDArray[np.intp]], screen: Screen) -> pl.DataFrame:
    """Frame ``label, x, value, lower, upper, n`` of a few of some rows of each group."""
    starts = np.cumsum([0, *map(len, kept)], dtype=np.intp)
    x, center, lower, upper, n = (_together(groups, kept, name) for name in ("x", "center", "lower", "upper", "n"))
    rows = hover_rows(starts, screen.has_place(center, x))
    return pl.DataFrame(
        [
            names_column("label", [g.group for g in groups], np.searchsorted(starts, rows, side="right") - 1),
            screen.column(x[rows]),
            pl.Series("value", center[rows]),
            pl.Series("lower", lower[rows]).fill_nan(None),
            pl.Series("upper", upper[rows]).fill_nan(None),
            pl.Series("n", n[rows]),
        ]
    )


def counts(groups: Sequence[GroupBand], curves: CurveSet, screen: Screen) -> pl.DataFrame:
    """Frame ``label, x, n``: how many runs of a group have begun and not ended, from x on."""
    # From zero on a logarithmic axis a line would not begin before its second place.
    placed = {
        name: curves.x[part][curves.x[part] > 0] if screen.log_x else curves.x[part]
        for name, part in zip(curves.names, curves.slices, strict=True)
    }
    spans = {name: (x.min(), x.max()) for name, x in placed.items() if len(x)}
    labels, places, numbers = [], [], []
    for group in groups:
        first, last = np.array([spans[member] for member in group.members if member in spans]).reshape(-1, 2).T
        if not len(first):
            continue
        at = np.unique(np.concatenate((first, last)))
        n = (first[:, None] <= at).sum(axis=0) - (last[:, None] <= at).sum(axis=0)
        n[-1] = n[-2] if len(n) > 1 else len(first)
        labels += [group.group] * len(at)
        places.append(at)
        numbers.append(n)
    return pl.DataFrame(
        [
            pl.Series("label", labels, dtype=pl.String),
            screen.column(np.concatenate(places) if places else np.empty(0)),
            pl.Series("n", np.concatenate(numbers) if numbers else np.empty(0, np.int64)),
        ]
    )


def notes(rows: Sequence[tuple[str, str, float, float, str]], screen: Screen) -> pl.DataFrame:
    """Frame ``label, run, x, value, text`` of what is marked at single places; rows as tuples in that order."""
    frame = pl.DataFrame(
        list(rows),
        schema={"label": pl.String, "run": pl.String, "x": pl.Float64, "value": pl.Float64, "text": pl.String},
        orient="row",
    )
    return frame.with_columns(screen.column(frame["x"].to_numpy()), pl.col("value").fill_nan(None))
