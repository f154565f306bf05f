"""What the table of runs shows of a run's reward."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rlcompare import metrics as names
from rlcompare.store.assemble import sparkline
from rlcompare.store.history import lanes, resolve
from rlcompare.store.pieces import read_pieces
from rlcompare.store.record import RunRecord

SPARKLINE_POINTS = 40


def with_reward(record: RunRecord) -> RunRecord:
    """Sum up the reward of the run's later history, where it logged one.

    Raises
    ------
    OSError, polars.exceptions.PolarsError
        A stored file is gone or damaged; the run must be read again.
    """
    key = names.resolve("reward", record.metrics.keys())
    if key is None:
        return record
    slices = record.metrics[key].slices
    (curve,) = resolve(lanes(slices, read_pieces([(record.directory, piece) for piece in slices])))
    value = curve.points.value
    finite = value[np.isfinite(value)]
    return replace(
        record,
        reward_key=key,
        last_reward=float(value[-1]),
        best_reward=float(finite.max()) if len(finite) else None,
        sparkline=sparkline(finite, SPARKLINE_POINTS),
    )
