"""Where a curve's values stand on the x axis."""

from __future__ import annotations

from typing import Literal, get_args

import polars as pl

from rlcompare.errors import ParameterError

#: ``relative`` and ``wall`` need wall times in the log.
Axis = Literal["step", "relative", "wall"]


def place_on_axis(curves: pl.DataFrame, axis: Axis, started: pl.DataFrame) -> pl.DataFrame:
    """Give each value its place on an x axis.

    Parameters
    ----------
    curves : DataFrame with the columns of ``schema.CURVE``
    axis : {"step", "relative", "wall"}
        ``step``: the trainer's own step. ``relative``: seconds since the run's first record, pauses before a restart
        included. ``wall``: Unix seconds.
    started : DataFrame with ``run`` and ``started``, Unix seconds of the run's first record
        The same origin for every metric of a run, so that metrics logged at different moments share an axis.

    Returns
    -------
    DataFrame
        The rows that have such a place, in their order, with a column ``x`` (Float64). A run without wall times has no
        row on a time axis.

    Raises
    ------
    ParameterError
        No such axis.
    """
    if axis not in get_args(Axis):
        raise ParameterError(f"Expected an x axis of {', '.join(get_args(Axis))}; got {axis!r}.")
    if axis == "step":
        return curves.with_columns(pl.col("step").cast(pl.Float64).alias("x"))
    timed = curves.filter(pl.col("wall_time").is_finite())
    if axis == "wall":
        return timed.with_columns(pl.col("wall_time").alias("x"))
    origin = pl.col("run").replace_strict(started["run"], started["started"], default=None, return_dtype=pl.Float64)
    return timed.with_columns((pl.col("wall_time") - origin).alias("x")).filter(pl.col("x").is_finite())
