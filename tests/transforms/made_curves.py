"""Curves made by hand or by Hypothesis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from hypothesis import strategies as st

from rlcompare import schema
from rlcompare.curves import CurveSet

finite = st.floats(-1e6, 1e6, allow_nan=False, width=32)
anything = st.one_of(finite, st.sampled_from([math.nan, math.inf, -math.inf]))


def curves_of(values: Mapping[str, Sequence[float | None]], metric: str = "reward") -> pl.DataFrame:
    """One curve a run, at steps 0, 1, 2, …, ten seconds apart."""
    rows = [
        (run, metric, step, 1_700_000_000.0 + 10 * step, value)
        for run, curve in values.items()
        for step, value in enumerate(curve)
    ]
    return pl.DataFrame(rows, schema=schema.CURVE, orient="row")


def values_of(curves: pl.DataFrame, run: str = "a") -> list[float | None]:
    """The values of one run, in row order."""
    return curves.filter(pl.col("run") == run)["value"].to_list()


def placed(curves: Mapping[str, Sequence[tuple[float, float]]]) -> CurveSet:
    """Curves given as (x, value), at steps 0, 1, 2, …, without wall times."""
    points = [point for curve in curves.values() for point in curve]
    return CurveSet(
        tuple(curves),
        np.cumsum([0, *(len(curve) for curve in curves.values())], dtype=np.intp),
        np.array([step for curve in curves.values() for step in range(len(curve))], dtype=np.int64),
        np.full(len(points), np.nan),
        np.array([x for x, _ in points], dtype=np.float64),
        np.array([value for _, value in points], dtype=np.float64),
    )


def with_places(values: st.SearchStrategy[float], max_size: int = 60) -> st.SearchStrategy[list[tuple[float, float]]]:
    """Points (x, value) of one curve: at even distances, at uneven ones, or several at one place."""
    gaps = st.one_of(
        st.sampled_from([0.25, 1.0, 3.0]).map(lambda gap: [gap] * max_size),
        st.lists(st.sampled_from([0.0, 0.25, 1.0, 1.0, 7.0, 1000.0]), min_size=max_size, max_size=max_size),
    )
    return st.builds(
        lambda curve, distances: list(zip(np.cumsum(distances[: len(curve)]).tolist(), curve, strict=True)),
        st.lists(values, min_size=1, max_size=max_size),
        gaps,
    )
