"""Where one curve ends and the next begins in a long frame of curves."""

from __future__ import annotations

from itertools import pairwise

import polars as pl

CURVE_KEY = ("run", "metric")


def with_curves_together(curves: pl.DataFrame) -> tuple[pl.DataFrame, list[slice]]:
    """Find the rows of each curve, that is of each (run, metric).

    ``Runs.curves`` already gives each curve's rows together, so that comparing neighbours is enough: a tenth of the
    cost of grouping by strings. Where rows are scattered they are first brought together.

    Parameters
    ----------
    curves : DataFrame with ``run`` and ``metric``

    Returns
    -------
    curves : DataFrame, the same rows, each curve's together, curves in order of first appearance
    slices : list of slice, one a curve, in row order
    """
    starts = _starts(curves)
    if curves[starts].select(CURVE_KEY).is_duplicated().any():
        first_row = curves.select(CURVE_KEY).with_row_index("row").select(pl.col("row").min().over(CURVE_KEY))
        curves = curves.sort(first_row.to_series(), maintain_order=True)
        starts = _starts(curves)
    return curves, [slice(start, stop) for start, stop in pairwise([*starts.to_list(), curves.height])]


def _starts(curves: pl.DataFrame) -> pl.Series:
    """Numbers of the rows that begin a curve."""
    changes = [pl.col(key) != pl.col(key).shift() for key in CURVE_KEY]
    return curves.select(pl.any_horizontal(changes).fill_null(value=True).arg_true().alias("row")).get_column("row")
