"""Curves of runs from their stored parts: restarts and workers as they were asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import get_args

import polars as pl
from polars.exceptions import PolarsError

from rlcompare.curves import CurveBuilder, CurveSet, curve_name
from rlcompare.errors import ParameterError
from rlcompare.store import Snapshot
from rlcompare.store.history import Lane, Restarts, Workers, lanes, resolve
from rlcompare.store.ingest import ingest
from rlcompare.store.joining import join
from rlcompare.store.pieces import VALUES_KEPT, read_pieces
from rlcompare.store.record import MetricRecord, RunRecord

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


#: Values read at once. The memory that decoding them takes is used again for the next ones; that of a whole query,
#: twice as much as its curves take, would be asked of the system anew.
VALUES_AT_ONCE = 2_000_000


#: A run that has the metric, and where its values lie.
_Wanted = tuple[RunRecord, MetricRecord]


@dataclass(frozen=True, eq=False)
class Logged:
    """What runs logged of one metric: curves as they were asked for, and where runs were restarted: ``RESTART``."""

    curves: CurveSet
    restarts: pl.DataFrame


def read_logged(
    records: Sequence[RunRecord],
    keys: Mapping[str, str],
    snapshot: Snapshot,
    restarts: Restarts = "later",
    workers: Workers = "mean",
) -> Logged:
    """Read one metric of runs.

    Parameters
    ----------
    records : sequence of RunRecord
    keys : mapping of run id to source key
        Of the runs that have the metric.
    snapshot : Snapshot
        What the records are of.
    restarts : {"later", "all", "segments"}
        ``later``: the later history wins. ``all``: every record in the order written, so that steps go back where the
        training was restarted. ``segments``: each history whole, as a curve of its own.
    workers : {"mean", "sum", "min", "max", "each"}
        What several workers logged at one step becomes one value; where one of them is NaN, so is that value. With
        ``restarts="all"`` they are put together history by history. ``each``: a curve of its own for each worker.

    Returns
    -------
    Logged
        In the order of the runs, then of their workers and histories. A curve is named by its run's id, one of several
        by :func:`rlcompare.curves.curve_name`.

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
    having = [record for record in records if record.id in keys]
    try:
        return _read(having, keys, restarts, workers)
    except (OSError, PolarsError):
        # The cache was cleared, damaged or written anew by another process: it is disposable, so make it again.
        return _read([read_again(record, snapshot) for record in having], keys, restarts, workers)


def _read(records: Sequence[RunRecord], keys: Mapping[str, str], restarts: Restarts, workers: Workers) -> Logged:
    wanted = [(record, record.metrics[key]) for record in records if (key := keys[record.id]) in record.metrics]
    n_values = sum(metric.stats.n for _, metric in wanted)
    curves, rows = CurveBuilder(n_values), []
    with ThreadPoolExecutor(1) as writer:
        # Curves are put into memory that nobody has used before, which takes longer than decoding the next ones.
        written: Future[None] | None = None
        for part in _batches(wanted):
            batch = []
            for record, logged in _lanes(part, keep=n_values <= VALUES_KEPT):
                for worker, history, points in resolve(logged, restarts, workers):
                    batch.append((curve_name(record.id, worker, history), points))
                rows += [
                    (record.id, worker, lane.points.step[row], lane.points.wall_time[row], lane.n_replaced(row))
                    for worker, lane in enumerate(logged, 1)
                    for row in lane.restarts.tolist()
                ]
            if written is not None:
                written.result()
            written = writer.submit(curves.add_all, batch)
        if written is not None:
            written.result()
    table = pl.DataFrame(rows, schema=RESTART, orient="row").with_columns(pl.col("wall_time").fill_nan(None))
    return Logged(curves.done(), table)


def _lanes(wanted: Sequence[_Wanted], *, keep: bool) -> list[tuple[RunRecord, list[Lane]]]:
    pieces = iter(read_pieces([(record.directory, piece) for record, m in wanted for piece in m.slices], keep=keep))
    return [(record, lanes(metric.slices, [next(pieces) for _ in metric.slices])) for record, metric in wanted]


def _batches(wanted: Sequence[_Wanted]) -> Iterator[list[_Wanted]]:
    """Cut a query into runs that are read at once."""
    batch: list[_Wanted] = []
    n = 0
    for record, metric in wanted:
        if batch and n + metric.stats.n > VALUES_AT_ONCE:
            yield batch
            batch, n = [], 0
        batch.append((record, metric))
        n += metric.stats.n
    if batch:
        yield batch


def read_again(record: RunRecord, snapshot: Snapshot) -> RunRecord:
    """Read a run's logs whole into the cache, whatever it holds; those of all parts of a joined run."""
    if record.joined:
        parts = [read_again(part, snapshot) for part in record.joined]
        return join(parts, record.id, shifted=any(record.shifts))
    found = snapshot.found.get(record.id)
    return record if found is None else ingest(found, snapshot.cache, afresh=True)
