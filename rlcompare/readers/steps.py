"""Rows to a run log: the step column that every row needs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from rlcompare.readers import text
from rlcompare.readers.base import IssueList
from rlcompare.readers.text import Rows
from rlcompare.schema import LOG_INDEX, STEP


def with_steps(rows: Rows, key: str, issues: IssueList, *, place: str = "line") -> Rows:
    """Take ``key`` as the step; a row whose step is not a whole number is an issue and left out.

    Parameters
    ----------
    rows : Rows
        With ``key`` read as an index column.
    key : str
        The source's name of the step.
    issues : IssueList
    place : str
        What ``rows.lines`` counts.

    Returns
    -------
    Rows
        Its frame has ``step`` (Int64 without null) first, then the columns that hold a value. A metric that is itself
        called ``step`` or ``wall_time`` is called ``step (logged)``, so that it is not taken for the index.
    """
    if key not in rows.frame.columns:
        steps = pl.Series(key, [None] * len(rows.lines), dtype=pl.Int64)
    else:
        steps = whole(rows.frame[key])
    kept = steps.is_not_null()
    if not kept.all():
        for number in rows.lines.filter(~kept):
            issues.add(f"{place} {number}", f"Expected a whole number as {text.shown(key)}, there is none; left out.")
        if not kept.any():
            return Rows(pl.DataFrame(schema={STEP: pl.Int64}), rows.lines.clear(), rows.left_out)
        rows = Rows(rows.frame.filter(kept), rows.lines.filter(kept), rows.left_out)
        steps = steps.filter(kept)
    metrics = [
        column.alias(f"{column.name} (logged)") if column.name in LOG_INDEX else column
        for column in rows.frame.iter_columns()
        if column.name != key and column.null_count() < len(column)
    ]
    return Rows(pl.DataFrame([steps.alias(STEP), *metrics]), rows.lines, rows.left_out)


def at_training_steps(log: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Place the records of a tracker that counts calls of ``log`` at the step that the training itself logged.

    Parameters
    ----------
    log : DataFrame
        A wide run log, in the order in which it was logged.
    keys : sequence of str
        Metrics that may hold the training's step, best first. A record without it stands where it was logged last, or
        where it is first for those before; where one of its values is no whole number it is none.

    Returns
    -------
    DataFrame
        Without the metric that gave the steps.
    """
    key = next((key for key in keys if key in log.columns), None)
    if key is None:
        return log
    steps = whole(log[key].fill_null(strategy="forward").fill_null(strategy="backward"))
    if steps.null_count():
        return log
    return log.with_columns(steps.alias(STEP)).drop(key)


def whole(column: pl.Series) -> pl.Series:
    """Make an index column Int64; null where a value is no whole number, or one that a float does not hold exactly."""
    if column.dtype == pl.Float64:
        # NumPy, because a small file is read in less time than Polars takes to set up a few expressions.
        values = column.to_numpy()
        exact = (np.abs(values) < text.FLOAT_EXACT) & (values == np.floor(values))
        if not exact.all():
            column = column.set(pl.Series(~exact), None)
    numbers = column.cast(pl.Int64, strict=False)
    if column.dtype == pl.String:
        # Among texts stand numbers such as `1.0`.
        return numbers.zip_with(numbers.is_not_null(), whole(column.cast(pl.Float64, strict=False)))
    return numbers
