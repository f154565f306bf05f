"""Restarts and workers: which of several records of one step count.

Writers whose times overlap are workers of one training; writers one after another whose steps go back are one
training restarted, and the later history wins. Within one file, steps going back are a restart too, unless they are
mere disorder (records of a few steps written out of order).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

#: A file's steps that go back over fewer logged rows than this are disorder unless the steps are logged again.
RESTART_ROWS = 2


def workers(times: Sequence[tuple[float | None, float | None]]) -> list[tuple[str, int]]:
    """Tell workers from restarts by the times at which files of one kind were written.

    Parameters
    ----------
    times : sequence of (first, last) wall time in Unix seconds, one a file, None where not logged

    Returns
    -------
    list of (worker, writer), one a file
        ``worker`` is empty where there is only one; ``writer`` numbers a worker's files in time order.
    """
    order = sorted(range(len(times)), key=lambda i: (times[i][0] is None, times[i][0] or 0.0, i))
    ends: list[float] = []
    writers: list[int] = []
    placed: list[tuple[int, int]] = [(0, 0)] * len(times)
    for i in order:
        first, last = times[i]
        # Without times nothing tells two files of a kind apart: files in name order, one after another.
        lane = next((k for k, end in enumerate(ends) if first is None or end <= first), len(ends))
        if lane == len(ends):
            ends.append(float("-inf"))
            writers.append(0)
        placed[i] = (lane, writers[lane])
        writers[lane] += 1
        if last is not None:
            ends[lane] = max(ends[lane], last)
    single = len(ends) <= 1
    return [("" if single else str(lane), writer) for lane, writer in placed]


def later_history(rows: pl.DataFrame) -> pl.DataFrame:
    """Keep the rows that a restart did not replace, in order of run, worker and step.

    A row is replaced when a later file of the same worker begins at its step or before; when a later stretch of the
    same file logs its step again; or when the file went back over at least ``RESTART_ROWS`` rows and has not reached
    its step since.

    Parameters
    ----------
    rows : DataFrame
        Columns ``run``, ``worker``, ``writer`` (both integers or strings), ``step`` Int64, and any others; each
        worker's rows in the order they were written.

    Returns
    -------
    DataFrame, the same columns
    """
    who = ["run", "worker"]
    same = pl.all_horizontal(pl.col(c) == pl.col(c).shift() for c in who)
    back = same & (pl.col("step") < pl.col("step").shift())
    joint = same & (pl.col("writer") != pl.col("writer").shift())
    signs = rows.select(back.any().alias("back"), joint.any().alias("joint")).row(0)
    if not any(signs):
        return rows
    stretch = rows.with_columns(
        (back | joint).fill_null(False).cum_sum().alias("_stretch"), joint.fill_null(False).alias("_joint")
    )
    # One row a stretch: where it begins, how far it and all later stretches of its worker reach.
    ends = (
        stretch.group_by([*who, "_stretch"], maintain_order=True)
        .agg(
            pl.col("step").first().alias("first"),
            pl.col("step").max().alias("top"),
            pl.col("_joint").first(),
        )
        .with_columns(
            _later(pl.when("_joint").then("first"), "min").over(who).alias("_later_file"),
            _later(pl.col("first"), "min").over(who).alias("_later_first"),
            _later(pl.col("top"), "max").over(who).alias("_later_top"),
        )
        .drop("first", "top", "_joint")
    )
    marked = stretch.join(ends, on=[*who, "_stretch"], how="left", maintain_order="left").with_columns(
        (pl.col("step") >= pl.col("_later_first")).fill_null(False).alias("_undone")
    )
    again = pl.col("_stretch") < pl.col("_stretch").max().over([*who, "step"])
    depth = pl.col("_undone").sum().over([*who, "_stretch"])
    unreached = pl.col("_undone") & (pl.col("step") > pl.col("_later_top")) & (depth >= RESTART_ROWS)
    replaced = again | (pl.col("step") >= pl.col("_later_file")).fill_null(False) | unreached.fill_null(False)
    return marked.filter(~replaced).select(rows.columns).sort([*who, "step"], maintain_order=True)


def _later(value: pl.Expr, which: str) -> pl.Expr:
    """Minimum or maximum of ``value`` over the rows that follow."""
    reverse = value.reverse()
    running = reverse.cum_min() if which == "min" else reverse.cum_max()
    return running.forward_fill().shift().reverse()


def average_workers(rows: pl.DataFrame) -> pl.DataFrame:
    """Average what several workers of one training logged at one step; a single worker's records stay apart.

    Parameters
    ----------
    rows : DataFrame
        Columns ``run``, ``worker``, ``writer``, ``step``, ``wall_time``, ``value``.

    Returns
    -------
    DataFrame, the same columns
        Of several workers: the mean of their values, the first of their times, an empty ``worker``.
    """
    if rows.is_empty() or rows["worker"].n_unique() == 1:
        return rows
    n_workers = pl.col("worker").n_unique().over("run")
    single, several = rows.filter(n_workers == 1), rows.filter(n_workers > 1)
    mean = several.group_by("run", "step").agg(
        pl.lit("").alias("worker"), pl.col("writer").first(), pl.col("wall_time").min(), pl.col("value").mean()
    )
    return pl.concat([single, mean.select(rows.columns)]).sort("run", "step", maintain_order=True)


def resolve(rows: pl.DataFrame) -> pl.DataFrame:
    """One history a run: :func:`later_history`, then :func:`average_workers`."""
    return average_workers(later_history(rows))
