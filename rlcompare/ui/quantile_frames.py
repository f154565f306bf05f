"""The frames that the charts of the Quantiles page are drawn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from rlcompare.curves import CurveSet, Places
from rlcompare.stats.sample import Floats
from rlcompare.transforms import GroupBand, thin_curves, thinned_rows
from rlcompare.transforms.apart import Apart
from rlcompare.transforms.fans import Fan, HeatMap
from rlcompare.ui.quantile_stages import BOX, Compared, Stretch

Frames = dict[str, pl.DataFrame]
Ends = tuple[tuple[float, float], tuple[float, float]]

#: Points of a line among those of runs, all runs of a chart together, and of a band.
RUN_POINTS, BAND_POINTS = 8_000, 1_000


def shared_view(ends: Sequence[Ends], stretch: Stretch) -> pl.DataFrame:
    """Frame the ends of axes that several charts share, a little beyond what is drawn, and of the chosen stretch.

    Parameters
    ----------
    ends : sequence of ((first x, last x), (lowest y, highest y))
        Of each chart, at least one.
    stretch : Stretch
    """
    x0, x1 = _widened(min(x[0] for x, _ in ends), max(x[1] for x, _ in ends), 0.01)
    y0, y1 = _widened(min(y[0] for _, y in ends), max(y[1] for _, y in ends), 0.04)
    found = {"x0": x0, "x1": x1, "y0": y0, "y1": y1, "s0": max(stretch.low, x0), "s1": min(stretch.high, x1)}
    return pl.DataFrame({name: [float(end)] for name, end in found.items()})


def _widened(low: float, high: float, share: float) -> tuple[float, float]:
    more = (high - low) * share or 0.5
    return low - more, high + more


def fan_frames(fan: Fan, label: str) -> Frames:
    """Datasets of :func:`rlcompare.charts.quantiles.fan_chart` but for the ends of its axes."""
    x = (fan.first + fan.last) / 2
    bands = _bands(label, x, list(zip(fan.lower, fan.upper, strict=True)))
    line = _line(label, label, x, fan.center)
    told = {f"lower{i}": lower for i, lower in enumerate(fan.lower)}
    told |= {f"upper{i}": upper for i, upper in enumerate(fan.upper)}
    hover = {"x": x, "first": fan.first, "last": fan.last, "n": fan.n, "center": fan.center, **told}
    alone = len(x) == 1
    return {
        "bands": bands.clear() if alone else bands,
        "bars": bands if alone else bands.clear(),
        "line": line,
        "dots": line if alone else line.clear(),
        "counts": pl.DataFrame({"label": [label] * len(x), "x": x, "n": fan.n}),
        "hover": pl.DataFrame(hover),
    }


def fan_ends(fan: Fan) -> Ends:
    """Find the ends of what a fan draws, along and across."""
    values = np.concatenate([fan.center, *fan.lower, *fan.upper])
    return (float(fan.first[0]), float(fan.last[-1])), (float(np.nanmin(values)), float(np.nanmax(values)))


def runs_ends(outer: GroupBand, curves: CurveSet) -> Ends:
    """Find the ends of what runs and their quantiles draw, along and across."""
    values = np.concatenate([outer.lower, outer.upper, curves.value])
    values = values[np.isfinite(values)]
    return (float(outer.x[0]), float(outer.x[-1])), (float(values.min()), float(values.max()))


def runs_frames(inner: GroupBand, outer: GroupBand, curves: CurveSet, marked: str | None) -> Frames:
    """Datasets of the same chart for the runs of a group: their quantiles, themselves, and the one that is marked.

    Parameters
    ----------
    inner, outer : GroupBand
        Of the same runs, with the narrower and the wider band.
    curves : CurveSet
        The runs.
    marked : str or None
        Name of the marked run's curve.
    """
    label = inner.group
    rows = thinned_rows(inner.x, [inner.center, inner.lower, inner.upper, outer.lower, outer.upper], BAND_POINTS)
    x = inner.x[rows]
    pairs = [(band.lower[rows], band.upper[rows]) for band in (inner, outer)]
    thinned = thin_curves(curves, max(11, RUN_POINTS // max(1, len(curves))))
    runs = [
        _line(label, name, thinned.x[part], thinned.value[part])
        for name, part in zip(thinned.names, thinned.slices, strict=True)
    ]
    told = {f"{end}{i}": pairs[i][at] for i in range(2) for at, end in enumerate(("lower", "upper"))}
    nothing = _line(label, "", np.empty(0), np.empty(0))
    return {
        "bands": _bands(label, x, pairs),
        "bars": _bands(label, x[:0], []),
        "line": _line(label, label, x, inner.center[rows]),
        "dots": nothing,
        "counts": pl.DataFrame({"label": [label] * len(x), "x": x, "n": inner.n[rows]}),
        "hover": pl.DataFrame(
            {"x": x, "first": x, "last": x, "n": inner.n[rows], "center": inner.center[rows], **told}
        ).with_columns(pl.col(pl.Float64).fill_nan(None)),
        "runs": pl.concat([nothing, *runs]),
        "marked": next((frame for frame, name in zip(runs, thinned.names, strict=True) if name == marked), nothing),
    }


def _bands(label: str, x: Floats, pairs: Sequence[tuple[Floats, Floats]]) -> pl.DataFrame:
    schema = {"label": pl.String, "band": pl.Int64, "x": pl.Float64, "lower": pl.Float64, "upper": pl.Float64}
    frames = [
        pl.DataFrame(
            {"label": [label] * len(x), "band": [number] * len(x), "x": x, "lower": low, "upper": high}, schema=schema
        )
        for number, (low, high) in enumerate(pairs)
    ]
    # The widest first, so that narrower ones lie on top.
    found = pl.concat([pl.DataFrame(schema=schema), *reversed(frames)])
    return found.with_columns(pl.col("lower", "upper").fill_nan(None))


def _line(label: str, curve: str, x: Places, value: Floats) -> pl.DataFrame:
    frame = {"label": [label] * len(x), "curve": [curve] * len(x), "x": x, "value": value}
    schema = {"label": pl.String, "curve": pl.String, "x": pl.Float64, "value": pl.Float64}
    finite = pl.when(pl.col("value").is_finite()).then("value")
    return pl.DataFrame(frame, schema=schema).with_columns(finite.alias("value"))


def distribution_frames(found: Compared, distance: Apart | None = None) -> Frames:
    """Datasets of the charts of :mod:`rlcompare.charts.distributions`.

    Parameters
    ----------
    found : Compared
    distance : Apart or None
        Of the first two, whose largest difference is marked.
    """
    stairs = [
        pl.DataFrame(
            {
                "label": [label] * (len(of.value) + 2),
                "value": [min(found.low, of.value[0]), *of.value, max(found.high, of.value[-1])],
                "share": [0.0, *of.share, 1.0],
            }
        )
        for label, of in zip(found.labels, found.functions, strict=True)
    ]
    width = found.edges[1] - found.edges[0]
    bins = [
        pl.DataFrame(
            {
                "label": [label] * (len(n) + 1),
                "x": found.edges,
                "x1": [*found.edges[1:], found.edges[-1] + width],
                "n": [*n, 0],
                "share": [*(n / of.n), 0.0],
            },
            schema_overrides={"n": pl.Int64},
        )
        for label, n, of in zip(found.labels, found.counts, found.functions, strict=True)
    ]
    names = [f"p{round(100 * quantile)}" for quantile in BOX]
    boxes = pl.DataFrame(
        {
            "label": found.labels,
            **{name: found.boxes[:, i] for i, name in enumerate(names)},
            "mean": found.means,
            "n": [of.n for of in found.functions],
        }
    )
    gap = pl.DataFrame(schema={"value": pl.Float64, "low": pl.Float64, "high": pl.Float64})
    if distance is not None:
        at = distance.distance.ks_at
        shares = sorted(_share_at(of.value, of.share, at) for of in found.functions[:2])
        gap = pl.DataFrame({"value": [at], "low": shares[:1], "high": shares[1:]})
    low, high = _widened(found.low, found.high, 0.01)
    return {
        "view": pl.DataFrame({"x0": [low], "x1": [high]}),
        "stairs": pl.concat(stairs),
        "bins": pl.concat(bins),
        "boxes": boxes,
        "gap": gap,
    }


def _share_at(values: Floats, share: Floats, at: float) -> float:
    below = int(np.searchsorted(values, at, side="right"))
    return float(share[below - 1]) if below else 0.0


def heat_frames(found: HeatMap, fan: Fan) -> Frames:
    """Datasets of :func:`rlcompare.charts.quantiles.heat_map_chart`; cells without values are left out."""
    stretch, row = np.nonzero(found.n)
    n = found.n[stretch, row]
    total = found.n.sum(axis=1)
    # Where nothing was logged between stretches, cells reach to each other all the same.
    width = np.diff(found.stretches.start).min(initial=np.iinfo(np.int64).max) if len(total) > 1 else 1
    middle = (found.first + found.last) / 2 if width > found.stretches.width else found.stretches.start + width / 2
    cells = {
        "x0": middle[stretch] - width / 2,
        "x1": middle[stretch] + width / 2,
        "first": found.first[stretch],
        "last": found.last[stretch],
        "y0": found.edges[row],
        "y1": found.edges[row + 1],
        "n": n,
        "share": n / total[stretch],
    }
    return {"cells": pl.DataFrame(cells), "line": pl.DataFrame({"x": middle, "value": fan.center})}
