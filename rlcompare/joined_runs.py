"""Chains of runs as one run each: which records take part, and what the joined ones are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain as chained
from itertools import count

from polars.exceptions import PolarsError

from rlcompare.errors import ParameterError, UnknownRunError
from rlcompare.histories import read_again
from rlcompare.store import Snapshot
from rlcompare.store.joining import Chain, join
from rlcompare.store.record import RunRecord


def join_runs(records: Sequence[RunRecord], chains: Iterable[Chain], snapshot: Snapshot) -> tuple[RunRecord, ...]:
    """Put one joined record in the place of the first of each chain, and leave out the others.

    Parameters
    ----------
    records : sequence of RunRecord
    chains : iterable of Chain
    snapshot : Snapshot
        What the records are of.

    Raises
    ------
    UnknownRunError
        A chain names a run that is not among the records.
    ParameterError
        A chain of fewer than two runs, or a run that is named twice.
    """
    by_id = {record.id: record for record in records}
    chain_of: dict[str, Chain] = {}
    for chain in chains:
        if len(chain.runs) < 2:
            raise ParameterError(f"Expected two runs or more to join; got {', '.join(chain.runs) or 'none'}.")
        for run in chain.runs:
            if run not in by_id:
                raise UnknownRunError(
                    f"Expected the id of one of {len(records)} runs to join, got {run!r}. Hint: see `rlcompare runs`."
                )
            if run in chain_of:
                raise ParameterError(f"Expected each run to be joined once; got {run!r} twice.")
            chain_of[run] = chain
    taken = by_id.keys() - chain_of.keys()
    found = []
    for record in records:
        own = chain_of.get(record.id)
        if own is None:
            found.append(record)
        elif own.runs[0] == record.id:
            # A folder may be called like anything.
            names = chained([own.id], (f"{own.id} ({n})" for n in count(2)))
            run_id = next(name for name in names if name not in taken)
            found.append(_join([by_id[run] for run in own.runs], run_id, snapshot, shifted=own.shifted))
    return tuple(found)


def _join(parts: Sequence[RunRecord], run_id: str, snapshot: Snapshot, *, shifted: bool) -> RunRecord:
    try:
        return join(parts, run_id, shifted=shifted)
    except (OSError, PolarsError):
        # The cache was cleared, damaged or written anew by another process.
        return join([read_again(part, snapshot) for part in parts], run_id, shifted=shifted)
