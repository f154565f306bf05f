"""The shape of a row of records: which bytes never change, and where the others stand.

A training loop writes the same tags in the same order at every step, so that the records of one step (a *row*) are as
many bytes as those of the next and differ only in times, steps, values and checksums. Where all other bytes of a row
equal those of a row that was parsed, it parses the same way, and its fields can be taken from their places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from rlcompare.readers.tfevents.checksums import Checksums, Places
from rlcompare.readers.tfevents.dtypes import as_float64, storage
from rlcompare.readers.tfevents.event import Event
from rlcompare.readers.tfevents.framing import CRC_BYTES, HEADER_BYTES, Bytes
from rlcompare.readers.tfevents.log import Floats, Ints

#: What a block must hold to be worth its fixed cost.
_FEWEST_ROWS = 8
_FEWEST_SCALARS = 256

#: A step this wide cannot be gathered as one 64-bit word: it is beyond 2^49, or negative.
_WIDEST_STEP = 7

#: The words that steps of each width are taken as; the bytes behind them are at least a checksum.
_STEP_WORDS = {0: "u1", 1: "u1", 2: "<u2", 3: "<u4", 4: "<u4", 5: "<u8", 6: "<u8", 7: "<u8"}


@dataclass(frozen=True, slots=True)
class Field:
    """A scalar's places within the row. ``record`` counts the row's records."""

    record: int
    tag: bytes
    tag_at: int
    at: int
    dtype: str


@dataclass(frozen=True, eq=False)
class Shape:
    """A row of ``width`` bytes.

    Parameters
    ----------
    first : int
        Bytes of the first record, by which the shape is looked up.
    same : ndarray of uint8, shape (width,)
        Bits that all rows of the shape share: a mask over ``expected``.
    expected : ndarray of uint8, shape (width,)
    times_at : Places
        Wall times, one a record.
    steps_at : Places
        Words that begin with the steps' varints, one a record; none where the step is 0, which is not written.
    step_width : int
        Bytes of such a varint.
    fields : tuple of Field
    numbers : tuple of (dtype, which fields, Places)
        The fields by their type.
    checksums : Checksums
    worthwhile : int
        Rows below which a block of them costs more than its records one by one.
    """

    width: int
    first: int
    same: Bytes
    expected: Bytes
    times_at: Places
    steps_at: Places
    step_width: int
    fields: tuple[Field, ...]
    numbers: tuple[tuple[str, Ints, Places], ...]
    checksums: Checksums
    worthwhile: int

    @property
    def n_records(self) -> int:
        """Records in the row."""
        return len(self.times_at.columns) // 8

    def matches(self, rows: Bytes) -> npt.NDArray[np.bool_]:
        """Tell which rows, shape (n, width), have this shape."""
        equal = (rows & self.same) == self.expected
        if equal.all():
            return np.ones(len(rows), np.bool_)
        return np.asarray(equal.all(axis=1))

    def steps(self, rows: Bytes) -> Ints:
        """Decode the steps, shape (n_rows, n_records)."""
        return self._steps(rows, self.steps_at) if self.step_width else np.zeros((len(rows), self.n_records), np.int64)

    def first_steps(self, rows: Bytes) -> Ints:
        """Decode each row's first step."""
        return self._steps(rows, self.steps_at.first)[:, 0] if self.step_width else np.zeros(len(rows), np.int64)

    def _steps(self, rows: Bytes, places: Places) -> Ints:
        words = places.take(rows).astype(np.int64)
        steps = words & 0x7F
        for byte in range(1, self.step_width):
            steps |= ((words >> 8 * byte) & 0x7F) << 7 * byte
        return steps

    def one_step(self, rows: Bytes) -> npt.NDArray[np.bool_]:
        """Tell which rows have one step in all their records."""
        if not self.step_width:
            return np.ones(len(rows), np.bool_)
        words = self.steps_at.take(rows)
        words &= words.dtype.type((1 << 8 * self.step_width) - 1)
        return np.asarray((words == words[:, :1]).all(axis=1))

    def wall_times(self, rows: Bytes) -> Floats:
        """Take the wall times, shape (n_rows, n_records)."""
        return self.times_at.take(rows)

    def first_wall_times(self, rows: Bytes) -> Floats:
        """Take each row's first wall time."""
        return self.times_at.first.take(rows)[:, 0]

    def values(self, rows: Bytes) -> Floats:
        """Take the values of all fields, shape (n_fields, n_rows)."""
        values = np.empty((len(self.fields), len(rows)))
        for dtype, which, places in self.numbers:
            values[which] = as_float64(places.take(rows), dtype).T
        return values


def shape_of(frames: Sequence[bytes], events: Sequence[Event], *, any_tag: bool = False) -> Shape | None:
    """Learn the shape of a row from its records.

    Parameters
    ----------
    frames : sequence of bytes
        Whole records with right header checksums.
    events : sequence of Event
        What they hold.
    any_tag : bool
        Leave the tags' bytes open, for records that are looked at one by one.

    Returns
    -------
    Shape or None
        None where a record holds something else than scalars of fixed width, where a tag stands twice, or where a
        step is too wide to be gathered.
    """
    step_width = events[0].step_width
    if step_width > _WIDEST_STEP or not all(event.plain and event.step_width == step_width for event in events):
        return None
    same = np.full(sum(map(len, frames)), 0xFF, np.uint8)
    times_at: list[int] = []
    step_at: list[int] = []
    fields: list[Field] = []
    at = 0
    for record, (frame, event) in enumerate(zip(frames, events, strict=True)):
        payload = at + HEADER_BYTES
        at += len(frame)
        same[at - CRC_BYTES : at] = 0
        times_at.append(payload + event.wall_at)
        same[payload + event.wall_at : payload + event.wall_at + 8] = 0
        if event.step_width:
            step_at.append(payload + event.step_at)
            # A varint's upper bits say where it ends.
            same[payload + event.step_at : payload + event.step_at + event.step_width] = 0x80
        for scalar in event.scalars:
            tag_at, value_at = payload + scalar.tag_at, payload + scalar.at
            same[value_at : value_at + np.dtype(storage(scalar.dtype)).itemsize] = 0
            if any_tag:
                same[tag_at : tag_at + len(scalar.tag)] = 0
            fields.append(Field(record, scalar.tag, tag_at, value_at, scalar.dtype))
    if not fields or (not any_tag and len({field.tag for field in fields}) < len(fields)):
        return None
    return Shape(
        width=at,
        first=len(frames[0]),
        same=same,
        expected=np.frombuffer(b"".join(frames), np.uint8) & same,
        times_at=Places.of(times_at, "<f8"),
        steps_at=Places.of(step_at, _STEP_WORDS[step_width]),
        step_width=step_width,
        fields=tuple(fields),
        numbers=_by_type(fields),
        checksums=Checksums.of(frames),
        worthwhile=max(_FEWEST_ROWS, _FEWEST_SCALARS // len(fields)),
    )


def _by_type(fields: Sequence[Field]) -> tuple[tuple[str, Ints, Places], ...]:
    numbers = []
    for dtype in dict.fromkeys(field.dtype for field in fields):
        which = [i for i, field in enumerate(fields) if field.dtype == dtype]
        places = Places.of([fields[i].at for i in which], storage(dtype))
        numbers.append((dtype, np.array(which, np.int64), places))
    return tuple(numbers)


class ShapeCache:
    """Shapes that were found to repeat, shared by all files and threads, bounded.

    Only speed depends on what it holds: a shape is used where its bytes are found, and they mean the same everywhere.
    ``by_first`` has the shapes by the size of their first record, the latest first. It is replaced, never changed, so
    that readers take no lock: they see the one dictionary or the other.

    Parameters
    ----------
    most_bytes : int
        Bytes of rows; what is kept of them takes about eight times as many.
    most_alike : int
        Shapes of one size of the first record.
    """

    def __init__(self, most_bytes: int, most_alike: int = 16) -> None:
        self.by_first: dict[int, tuple[Shape, ...]] = {}
        self._most_bytes = most_bytes
        self._most_alike = most_alike
        self._lock = Lock()
        self._oldest_first: list[Shape] = []

    def add(self, shape: Shape) -> None:
        """Remember a shape and forget the oldest ones beyond the bounds."""
        with self._lock:
            alike = (shape, *self.by_first.get(shape.first, ()))[: self._most_alike]
            kept = [known for known in self._oldest_first if known.first != shape.first or known in alike]
            kept.append(shape)
            total = sum(known.width for known in kept)
            while total > self._most_bytes and len(kept) > 1:
                total -= kept.pop(0).width
            by_first: dict[int, tuple[Shape, ...]] = {}
            for known in kept:
                by_first[known.first] = (known, *by_first.get(known.first, ()))
            self._oldest_first, self.by_first = kept, by_first

    def clear(self) -> None:
        """Forget all shapes."""
        with self._lock:
            self._oldest_first, self.by_first = [], {}
