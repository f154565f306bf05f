"""Rows of one known shape, from their bytes to columns of values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlcompare.readers.tfevents.framing import Bytes
from rlcompare.readers.tfevents.log import EventLog, Ints, Rows, Scalars
from rlcompare.readers.tfevents.shapes import Shape

#: Bytes of rows looked at together: they and what is computed of them stay in the processor's cache.
_BLOCK_BYTES = 1 << 19


def block(data: Bytes, at: int, n: int, width: int) -> Bytes:
    """View ``n`` rows that follow each other from ``data[at]`` on, shape (n, width)."""
    return np.ndarray((n, width), np.uint8, data, at)


def take_run(log: EventLog, data: Bytes, base: int, at: int, shape: Shape) -> int:
    """Take the rows of one shape that follow each other from ``data[at]`` on.

    Parameters
    ----------
    log : EventLog
        Receives the rows.
    data : writable ndarray of uint8
        Bytes of the file; the checksums of the rows taken are overwritten.
    base : int
        The byte of the file that ``data[0]`` is.
    at : int
    shape : Shape

    Returns
    -------
    int
        How many rows there were. The one behind them has another shape, differing steps or a damaged record.
    """
    width = shape.width
    room = (data.size - at) // width
    blocks: list[_Block] = []
    n = 0
    while n < room:
        rows = block(data, at + n * width, min(max(1, _BLOCK_BYTES // width), room - n), width)
        taken = _Block(rows, shape)
        blocks.append(taken)
        n += len(taken.steps)
        if len(taken.steps) < len(rows):
            break
    if not n:
        return 0
    steps = np.concatenate([taken.steps for taken in blocks])
    # The first and the last row may share their step with what stands around the run.
    alone = np.zeros(n, np.bool_)
    alone[1:-1] = (steps[1:-1] != steps[:-2]) & (steps[1:-1] != steps[2:])
    starts = base + at + width * np.arange(n, dtype=np.int64)
    tags = tuple(log.tag(field.tag) for field in shape.fields)
    shared = np.flatnonzero(~alone)
    log.scalars.append(explode(block(data, at, n, width)[shared], starts[shared], shape, tags))
    if len(shared) < n:
        wanted = slice(1, n - 1) if len(shared) == 2 else alone
        log.rows.append(
            Rows(
                starts[wanted],
                steps[wanted],
                np.concatenate([taken.wall_times for taken in blocks])[wanted],
                tags,
                np.concatenate([taken.values for taken in blocks], axis=1)[:, wanted],
            )
        )
    return n


class _Block:
    """The leading rows of a block that have the shape, one step each and right checksums, decoded."""

    def __init__(self, rows: Bytes, shape: Shape) -> None:
        for check in (shape.matches, shape.one_step, shape.checksums.sound):
            passed = check(rows)
            rows = rows if passed.all() else rows[: int(passed.argmin())]
        self.steps = shape.first_steps(rows)
        self.wall_times = shape.first_wall_times(rows)
        self.values = shape.values(rows)


def explode(rows: Bytes, starts: Ints, shape: Shape, tags: Sequence[int | Ints]) -> Scalars:
    """Take rows apart into single scalars.

    Parameters
    ----------
    rows : contiguous ndarray of uint8, shape (n, shape.width)
        Rows of the shape, checked.
    starts : ndarray, shape (n,)
        Byte of the file at which each begins.
    shape : Shape
    tags : sequence, one a field of the shape
        The tag's number, or that of each row.
    """
    n = len(rows)
    fields = shape.fields
    records = [field.record for field in fields]
    return Scalars(
        np.add.outer([field.tag_at for field in fields], starts).ravel(),
        shape.steps(rows).T[records].ravel(),
        shape.wall_times(rows).T[records].ravel(),
        np.concatenate([np.full(n, tag, np.int64) for tag in tags]),
        shape.values(rows).ravel(),
    )
