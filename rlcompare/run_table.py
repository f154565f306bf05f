"""The table of runs: one row a run, from what is known without reading values."""

from __future__ import annotations

import time
from collections.abc import Iterable

import polars as pl

from rlcompare import schema
from rlcompare.store.record import RunRecord

#: A run that has logged nothing for longer is not called running, in seconds.
RUNNING_WITHIN = 600.0


def run_table(records: Iterable[RunRecord]) -> pl.DataFrame:
    """One row a run; see :meth:`rlcompare.runs.Runs.table`."""
    now = time.time()
    rows = [
        {
            "run": record.id,
            "name": record.name,
            "framework": record.framework,
            "source": _source(record),
            "started": record.started,
            "updated": record.updated,
            "last_step": record.last_step,
            "step_unit": record.step_unit,
            "n_records": record.n_records,
            "status": _status(record, now),
            "seed": record.seed,
            "reward_key": record.reward_key,
            "last_reward": record.last_reward,
            "best_reward": record.best_reward,
            "sparkline": list(record.sparkline),
        }
        for record in records
    ]
    extra = {
        "reward_key": pl.String(),
        "last_reward": pl.Float64(),
        "best_reward": pl.Float64(),
        "sparkline": pl.List(pl.Float64()),
    }
    return pl.DataFrame(rows, schema={**schema.RUNS, **extra})


def _source(record: RunRecord) -> str:
    """Name the kinds of its files; those that held nothing only where none did."""
    telling = [source for source in record.sources if source.rows or source.samples]
    return ", ".join(dict.fromkeys(source.reader for source in telling or record.sources))


def _status(record: RunRecord, now: float) -> str:
    if not record.metrics:
        return "no data"
    if record.finished:
        return "finished"
    return "running" if now - record.updated < RUNNING_WITHIN else "stopped"
