"""Stored samples of runs: their columns on demand, and what their means per step say.

A run has one or more Parquet files of samples a log, all with the columns of ``schema.SAMPLES`` but the run's and the
log's names, which are added when samples are handed out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import polars as pl

from rlcompare.readers.samples import ADDED_LATER
from rlcompare.schema import SAMPLES, STEP, WALL_TIME
from rlcompare.store.record import RunRecord, SourceRecord

#: How the names of the metrics begin that are made of samples.
_PREFIXES = {"train": "samples", "validation": "samples/validation"}
_LENGTHS = {"token": "response_length", "character": "response_characters"}


def read_samples(records: Sequence[RunRecord], columns: Sequence[str]) -> pl.DataFrame:
    """Read columns of the episodes or rollouts of runs.

    Parameters
    ----------
    records : sequence of RunRecord
    columns : sequence of str
        Of ``schema.SAMPLES``, in its order.

    Returns
    -------
    DataFrame
        In the order of the runs, of their logs' paths, and as logged.

    Raises
    ------
    OSError, polars.exceptions.PolarsError
        A stored file is gone or damaged; the run must be read again.
    """
    scans = []
    for told, files in groupby(_stored(records, columns), key=itemgetter(0)):
        rows = pl.scan_parquet([path for _, path in files], glob=False)
        # One column at least, for what is told to be repeated in each row.
        held = [name for name in columns if name not in ADDED_LATER] or [STEP]
        added = [pl.lit(told.run).alias("run"), pl.lit(told.source).alias("source")]
        moved = [pl.col(STEP) + told.shift] if told.shift else []
        scans.append(rows.select(held).with_columns(*added, *moved).select(columns))
    frames = pl.collect_all(scans)
    nothing = pl.DataFrame(schema={name: SAMPLES[name] for name in columns})
    return pl.concat([nothing, *frames])


class _Told(NamedTuple):
    """What is the same for all rows of a stored file; empty where it is not asked for, so that more files share it."""

    run: str
    source: str
    shift: int


def _stored(records: Sequence[RunRecord], columns: Sequence[str]) -> Iterator[tuple[_Told, str]]:
    for record in records:
        for part, shift in parts_of(record):
            for source in part.sources:
                told = _Told(
                    record.id if "run" in columns else "",
                    source.path if "source" in columns else "",
                    shift if STEP in columns else 0,
                )
                for name in source.samples:
                    yield told, os.path.join(part.directory, name)


def parts_of(record: RunRecord) -> list[tuple[RunRecord, int]]:
    """List the runs that a record was joined of, and what is added to their steps; the record itself if of none."""
    if not record.joined:
        return [(record, 0)]
    parts = zip(record.joined, record.shifts, strict=True)
    return [(inner, more + shift) for part, shift in parts for inner, more in parts_of(part)]


def means_per_step(directory: str, sources: Sequence[SourceRecord]) -> pl.DataFrame | None:
    """Average the rollouts of a run over each step: a wide run log, or None where it has none.

    A step is as far as it was logged: what is read later changes its means. NaN is a reward that was logged as NaN, and
    so is the mean with it. Episodes of environments are left out: their returns are metrics already.

    Returns
    -------
    DataFrame or None
        ``step``, ``wall_time`` (of the last sample that has one), ``samples/reward/mean``,
        ``samples/response_length/mean`` in tokens or ``samples/response_characters/mean``, and
        ``samples/correct_share``; of validation samples ``samples/validation/reward/mean`` and so on.
    """
    files = [os.path.join(directory, name) for source in sources for name in source.samples]
    if not files:
        return None
    means = [pl.col("wall_time").max().alias(WALL_TIME)]
    for split, prefix in _PREFIXES.items():
        drawn = pl.col("split") == split
        means.append(pl.col("reward").filter(drawn).mean().alias(f"{prefix}/reward/mean"))
        for unit, name in _LENGTHS.items():
            counted = drawn & (pl.col("length_unit") == unit)
            means.append(pl.col("length").filter(counted).mean().alias(f"{prefix}/{name}/mean"))
        means.append(pl.col("correct").filter(drawn).mean().alias(f"{prefix}/correct_share"))
    rollouts = pl.scan_parquet(files, glob=False).filter(pl.col("length_unit") != "env step")
    table = rollouts.group_by(STEP).agg(means).sort(STEP).collect()
    logged = [name for name in table.columns if table[name].null_count() < table.height]
    return table.select(logged) if table.height else None


def n_stored(path: str) -> int:
    """Count the samples in a stored file."""
    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
