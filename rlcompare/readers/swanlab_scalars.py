"""Records of one scalar each, as SwanLab 0.8 and later writes them, taken many at once where they are laid out alike.

Two records of one size are alike where they differ only in the bytes of the key and of the number, and in varints of
the same width: then what stands where in one stands there in the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rlcompare.readers.scalar_log import ScalarLog
from rlcompare.readers.tfevents.event import MalformedEventError, fields
from rlcompare.readers.tfevents.log import Floats, Ints

Bytes = npt.NDArray[np.uint8]
Record = tuple[int, bytes]

#: Metrics of the machine: their steps count measurements.
MACHINE_PREFIX = "__swanlab__."

# A field's key is its number times 8 plus its wire type: 0 varint, 1 eight bytes, 2 length and bytes.
NUM, LOGGED, SCALAR = 1 << 3 | 0, 2 << 3 | 2, 13 << 3 | 2
KEY, STEP, TYPE, TIMESTAMP, VALUE = 1 << 3 | 2, 2 << 3 | 0, 3 << 3 | 0, 4 << 3 | 2, 5 << 3 | 2
SECONDS, NANOS = 1 << 3 | 0, 2 << 3 | 0
NUMBER = 1 << 3 | 1

#: Which bits of a byte must be equal: all, those that say whether a varint goes on, or none.
_ALL, _GOES_ON, _NONE = 0xFF, 0x80, 0

#: Fewer records of one size are read one by one; so are what is left after so many layouts of a size.
_FEWEST_ALIKE = 8
_MOST_LAYOUTS = 64

Place = tuple[int, int]


@dataclass
class _Layout:
    """What stands where in records that are alike, as (first byte, end); no key where they hold no scalar.

    Parameters
    ----------
    mask : ndarray of uint8, shape (size,)
        Which bits of each byte are equal in all of them.
    """

    mask: Bytes
    key: Place | None = None
    step: Place | None = None
    seconds: Place | None = None
    nanos: Place | None = None
    number: Place | None = None

    def alike(self, rows: Bytes) -> npt.NDArray[np.bool_]:
        """Tell which rows are laid out as the first."""
        alike: npt.NDArray[np.bool_] = (((rows ^ rows[0]) & self.mask) == 0).all(axis=1)
        return alike


def take_alike(records: Sequence[Record], into: ScalarLog) -> list[Record]:
    """Take the scalars among records.

    Parameters
    ----------
    records : sequence of (place, bytes)
    into : ScalarLog

    Returns
    -------
    list of (place, bytes)
        All other records, in their order.
    """
    sizes = np.fromiter((len(record) for _, record in records), np.int64, len(records))
    by_size = np.argsort(sizes, kind="stable")
    rest: list[int] = []
    for group in np.split(by_size, np.flatnonzero(np.diff(sizes[by_size])) + 1):
        if len(group) < _FEWEST_ALIKE:
            rest += group.tolist()
        else:
            rest += _take_size(records, group, into)
    return [records[number] for number in sorted(rest)]


def _take_size(records: Sequence[Record], group: Ints, into: ScalarLog) -> list[int]:
    """Take the scalars among records of one size; return the numbers of the others."""
    rows = np.frombuffer(b"".join([records[number][1] for number in group]), np.uint8).reshape(len(group), -1)
    rest: list[int] = []
    for _ in range(_MOST_LAYOUTS):
        layout = _layout(rows[0].tobytes())
        alike = layout.alike(rows)
        if layout.key is None:
            rest += group[alike].tolist()
        else:
            _take(rows[alike], layout, np.array([records[number][0] for number in group[alike]], np.int64), into)
        rows, group = rows[~alike], group[~alike]
        if not len(group):
            break
    return [*rest, *group.tolist()]


def _layout(record: bytes) -> _Layout:
    """Find the layout of a record; of one that holds no plain scalar, as far as its kind."""
    layout = _Layout(np.full(len(record), _ALL, np.uint8))
    try:
        for key, start, stop in fields(record, 0, len(record)):
            if key == NUM:
                layout.mask[start:stop] = _GOES_ON
            elif key == LOGGED:
                for _, at, end in fields(record, start, stop):
                    layout.mask[at:end] = _GOES_ON
            elif key != SCALAR or layout.key is not None or not _find_scalar(layout, record, start, stop):
                layout.mask[start:] = _NONE
                layout.key = None
                break
    except MalformedEventError:
        layout.key = None
    return layout


def _find_scalar(layout: _Layout, record: bytes, start: int, stop: int) -> bool:
    """Find the parts of a scalar; False where one is missing, there twice or unknown."""
    seen: set[int] = set()
    for key, at, end in fields(record, start, stop):
        if key in seen:
            return False
        seen.add(key)
        if key == KEY:
            layout.key = (at, end)
            layout.mask[at:end] = _NONE
        elif key == STEP:
            layout.step = (at, end)
            layout.mask[at:end] = _GOES_ON
        elif key == TIMESTAMP:
            for part, a, b in fields(record, at, end):
                if part == SECONDS:
                    layout.seconds = (a, b)
                elif part == NANOS:
                    layout.nanos = (a, b)
                else:
                    return False
                layout.mask[a:b] = _GOES_ON
        elif key == VALUE:
            for part, a, b in fields(record, at, end):
                if part != NUMBER:
                    return False
                layout.number = (a, b)
                layout.mask[a:b] = _NONE
        elif key != TYPE:
            return False
    return layout.key is not None and layout.key[0] < layout.key[1] and VALUE in seen


def _take(rows: Bytes, layout: _Layout, places: Ints, into: ScalarLog) -> None:
    start, end = layout.key or (0, 0)
    texts = np.ascontiguousarray(rows[:, start:end]).view(f"V{end - start}").ravel()
    names, which = np.unique(texts, return_inverse=True)
    keys = [name.tobytes().decode("utf-8", "backslashreplace") for name in names]
    steps, seconds, nanos = (_varints(rows, place) for place in (layout.step, layout.seconds, layout.nanos))
    times: Floats = seconds + nanos / 1e9 if layout.seconds else np.full(len(rows), np.nan)
    values = np.zeros(len(rows))
    if layout.number:
        values = np.ascontiguousarray(rows[:, slice(*layout.number)]).view("<f8").ravel()
    wanted = ~np.array([key.startswith(MACHINE_PREFIX) for key in keys])[which]
    into.add_many(places[wanted], keys, which[wanted], steps[wanted], times[wanted], values[wanted])


def _varints(rows: Bytes, place: Place | None) -> Ints:
    """Read varints of one width, as protobuf's int64 and int32 are written."""
    numbers = np.zeros(len(rows), np.uint64)
    for shift, at in enumerate(range(*place) if place else ()):
        numbers |= (rows[:, at] & 0x7F).astype(np.uint64) << np.uint64(7 * shift)
    return numbers.view(np.int64)
