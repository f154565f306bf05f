"""Episodes of several environments that one training steps at once, on the training's own axis of steps."""

from __future__ import annotations

import polars as pl

#: Columns of ``schema.SAMPLES`` that are needed.
NEEDED = ("step", "worker", "split", "length", "length_unit", "wall_time")


def on_one_axis(samples: pl.DataFrame) -> pl.DataFrame:
    """Count the steps of all environments of one run together, where each of them has counted its own.

    Episodes are ordered by ``wall_time``, and ``step`` is the sum of the lengths in that order, as it is for the curves
    of the same episodes. Samples of validation, of language models, and those of a single environment stay as they are.

    Parameters
    ----------
    samples : DataFrame
        Of one run, with the columns :data:`NEEDED`.

    Returns
    -------
    DataFrame
        With the same columns and rows; those that were counted anew come last.
    """
    of_worker = (
        (pl.col("split") == "train")
        & (pl.col("length_unit") == "env step")
        & pl.all_horizontal(pl.col("worker", "length", "wall_time").is_not_null())
    ).fill_null(value=False)
    counted, others = samples.filter(of_worker), samples.filter(~of_worker)
    if counted["worker"].n_unique() < 2:
        return samples
    together = counted.sort("wall_time", maintain_order=True)
    return pl.concat([others, together.with_columns(pl.col("length").cum_sum().cast(pl.Int64).alias("step"))])
