"""Curves made by hand or by Hypothesis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import polars as pl
from hypothesis import strategies as st

from rlcompare import schema

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
