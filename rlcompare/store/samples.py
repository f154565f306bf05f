"""Stored samples of runs: their columns on demand, and what their means per step say.

A run has one or more Parquet files of samples a log, all with the columns of ``schema.SAMPLES`` but the run's and the
log's names, which are added when samples are handed out.
"""

from __future__ import annotations

import os
from collections.abc import Sequence, Set
from dataclasses import dataclass

import polars as pl

from rlcompare.readers.samples import ADDED_LATER
from rlcompare.schema import SAMPLES, STEP, WALL_TIME
from rlcompare.store.record import RunRecord, SourceRecord

#: Names of the metrics made of samples begin with it, and so is called what they come from.
STREAM = "samples"

_PREFIXES = {"train": STREAM, "validation": f"{STREAM}/validation"}
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
    names = ADDED_LATER.intersection(columns)
    scans = []
    for part in _parts(records, names):
        # One column at least, for what is told to be repeated in each row.
        held = [name for name in columns if name not in names] or [STEP]
        scan = pl.scan_parquet(part.files, glob=False).select(held)
        if part.shift and STEP in held:
            scan = scan.with_columns(pl.col(STEP) + part.shift)
        scans.append(scan.with_columns([pl.lit(part.told[name]).alias(name) for name in names]).select(columns))
    frames = pl.collect_all(scans)
    nothing = pl.DataFrame(schema={name: SAMPLES[name] for name in columns})
    return pl.concat([nothing, *frames])


@dataclass
class _Part:
    """Stored files that can be read as one, since the same is told of all their rows and added to their steps."""

    told: dict[str, str]
    shift: int
    files: list[str]


def _parts(records: Sequence[RunRecord], names: Set[str]) -> list[_Part]:
    parts: list[_Part] = []
    for record in records:
        shifts = record.shifts if record.joined else (0,)
        for run, shift in zip(record.joined or (record,), shifts, strict=True):
            for source in run.sources:
                files = [os.path.join(run.directory, name) for name in source.samples]
                told = {name: text for name, text in (("run", record.id), ("source", source.path)) if name in names}
                if files and parts and (parts[-1].told, parts[-1].shift) == (told, shift):
                    parts[-1].files += files
                elif files:
                    parts.append(_Part(told, shift, files))
    return parts


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
