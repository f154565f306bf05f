"""Curves of runs from their stored parts: restarts and workers as they were asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import polars as pl
from polars.exceptions import PolarsError

from rlcompare.curves import CurveSet, curve_name
from rlcompare.errors import ParameterError
from rlcompare.store import Snapshot
from rlcompare.store.history import Lane, Restarts, Workers, lanes, resolve
from rlcompare.store.ingest import ingest
from rlcompare.store.pieces import read_pieces
from rlcompare.store.record import RunRecord

#: One row a restart: a later history of one worker of a run. ``worker`` counts from 1. ``step`` and ``wall_time``
#: (Unix seconds, null where unlogged) are of its first record; ``n_replaced`` counts the records that it replaced, 0
#: where it goes on from them in a new file.
RESTART: dict[str, pl.DataType] = {
    "run": pl.String(),
    "worker": pl.Int64(),
    "step": pl.Int64(),
    "wall_time": pl.Float64(),
    "n_replaced": pl.Int64(),
}


@dataclass(frozen=True, eq=False)
class Histories:
    """Everything that runs logged of one metric, whatever replaced it later.

    Parameters
    ----------
    lanes : mapping of run id to what its workers logged
    """

    lanes: Mapping[str, Sequence[Lane]]

    def curve_set(self, restarts: Restarts = "later", workers: Workers = "mean") -> CurveSet:
        """Put together the curves of the runs.

        Parameters
        ----------
        restarts : {"later", "all", "segments"}
            ``later``: the later history wins. ``all``: every record in the order written, so that steps go back where
            the training was restarted. ``segments``: each history whole, as a curve of its own.
        workers : {"mean", "sum", "min", "max", "each"}
            What several workers logged at one step becomes one value; where one of them is NaN, so is that value. With
            ``restarts="all"`` they are put together history by history. ``each``: a curve of its own for each worker.

        Returns
        -------
        CurveSet
            In the order of the runs, then of their workers and histories. A curve is named by its run's id, one of
            several by :func:`rlcompare.curves.curve_name`.

        Raises
        ------
        ParameterError
            No such choice.
        """
        for name, choice, choices in (("restarts", restarts, Restarts), ("workers", workers, Workers)):
            if choice not in get_args(choices):
                known = ", ".join(get_args(choices))
                raise ParameterError(
                    f"Expected {name} of {known}; got {choice!r}. Hint: leave it out for {known.split(', ')[0]!r}."
                )
        curves = [
            (curve_name(run, worker, history), points)
            for run, logged in self.lanes.items()
            for worker, history, points in resolve(logged, restarts, workers)
        ]
        return CurveSet.joined([name for name, _ in curves], [points for _, points in curves])

    def restarts(self) -> pl.DataFrame:
        """List the restarts: ``RESTART``, in the order of the runs, their workers, then as written."""
        rows = [
            (run, worker, lane.points.step[row], lane.points.wall_time[row], lane.n_replaced(row))
            for run, logged in self.lanes.items()
            for worker, lane in enumerate(logged, 1)
            for row in lane.restarts.tolist()
        ]
        return pl.DataFrame(rows, schema=RESTART, orient="row").with_columns(pl.col("wall_time").fill_nan(None))


def read_histories(records: Sequence[RunRecord], keys: Mapping[str, str], snapshot: Snapshot) -> Histories:
    """Read what the workers of each run logged of one metric.

    Parameters
    ----------
    records : sequence of RunRecord
    keys : mapping of run id to source key
        Of the runs that have the metric.
    snapshot : Snapshot
        What the records are of.

    Returns
    -------
    Histories, in the order of the records
    """
    having = [record for record in records if record.id in keys]
    try:
        return Histories(_read(having, keys))
    except (OSError, PolarsError):
        # The cache was cleared, damaged or written anew by another process: it is disposable, so make it again.
        return Histories(_read([_read_again(record, snapshot) for record in having], keys))


def _read(records: Sequence[RunRecord], keys: Mapping[str, str]) -> dict[str, list[Lane]]:
    slices = {
        record.id: record.metrics[keys[record.id]].slices for record in records if keys[record.id] in record.metrics
    }
    pieces = iter(read_pieces([(record.directory, piece) for record in records for piece in slices.get(record.id, ())]))
    return {run: lanes(own, [next(pieces) for _ in own]) for run, own in slices.items()}


def _read_again(record: RunRecord, snapshot: Snapshot) -> RunRecord:
    found = snapshot.found.get(record.id)
    return record if found is None else ingest(found, snapshot.cache, afresh=True)
