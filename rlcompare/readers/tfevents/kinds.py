"""Records that repeat no row: grouped by their size, checked together, and taken at once where they are alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlcompare.readers.tfevents.checksums import Checksums
from rlcompare.readers.tfevents.event import MalformedEventError, parse_event
from rlcompare.readers.tfevents.framing import CRC_BYTES, FRAME_BYTES, HEADER_BYTES, Bytes, header_of, payload_is_sound
from rlcompare.readers.tfevents.log import EventLog, Ints
from rlcompare.readers.tfevents.rows import explode
from rlcompare.readers.tfevents.shapes import Shape, ShapeCache, shape_of

#: Fewer records of one size are parsed one by one.
_FEWEST_ALIKE = 6

#: A kind is rare where it has fewer than one in so many of the records of its size; after so many rare kinds the
#: others of the size are parsed one by one, because each further kind means another look at all of them.
_RARE = 32
_RARE_KINDS = 4

#: Larger records hold no scalars worth a copy.
_LARGEST = 1 << 14

#: Single records that any file of this process was found to hold, whatever their tags.
KINDS = ShapeCache(most_bytes=1 << 18)


def take_by_kind(log: EventLog, data: Bytes, base: int, places: Sequence[int]) -> None:
    """Take records into the log, in no particular order.

    Parameters
    ----------
    log : EventLog
    data : ndarray of uint8
        Bytes of the file.
    base : int
        The byte of the file that ``data[0]`` is.
    places : sequence of int, not empty
        Where in ``data`` whole records begin whose headers are right.
    """
    at = np.array(places, np.int64)
    sizes = np.ndarray((data.size - CRC_BYTES + 1,), "<u4", data, 0, (1,))[at].astype(np.int64) + FRAME_BYTES
    by_size = np.argsort(sizes, kind="stable")
    borders = np.flatnonzero(np.diff(sizes[by_size])) + 1
    for group in np.split(by_size, borders):
        size = int(sizes[group[0]])
        if len(group) < _FEWEST_ALIKE or size > _LARGEST:
            for start in at[group].tolist():
                _take_one(log, data[start : start + size].tobytes(), base + start)
        else:
            frames = np.ndarray((data.size - size + 1, size), np.uint8, data, 0, (1, 1))[at[group]]
            _take_size(log, frames, base + at[group])


def _take_one(log: EventLog, frame: bytes, at: int) -> None:
    if payload_is_sound(frame):
        log.add_record(at, frame[HEADER_BYTES:-CRC_BYTES])
    else:
        log.damaged[at] = len(frame) - FRAME_BYTES


def _take_size(log: EventLog, frames: Bytes, starts: Ints) -> None:
    """Take records of one size; ``frames``, shape (n, size), is a copy that may be written to."""
    n, size = frames.shape
    blank = header_of(size - FRAME_BYTES) + bytes(size - HEADER_BYTES)
    sound = Checksums.of([blank], n).sound(frames)
    log.damaged.update(dict.fromkeys(starts[~sound].tolist(), size - FRAME_BYTES))
    todo = np.flatnonzero(sound)
    for known in KINDS.by_first.get(size, ()):
        todo = _take_kind(log, frames, starts, todo, known)
    rare = 0
    while len(todo):
        first, todo = todo[0], todo[1:]
        payload = frames[first, HEADER_BYTES:-CRC_BYTES].tobytes()
        kind = _learn(frames[first].tobytes(), payload) if rare < _RARE_KINDS else None
        if kind is None:
            log.add_record(int(starts[first]), payload)
            continue
        left = _take_kind(log, frames, starts, np.concatenate(([first], todo)), kind)
        if (len(todo) - len(left)) * _RARE < n:
            rare += 1
        else:
            KINDS.add(kind)
        todo = left


def _learn(frame: bytes, payload: bytes) -> Shape | None:
    try:
        event = parse_event(payload)
    except MalformedEventError:
        return None
    return shape_of([frame], [event], any_tag=True) if event.scalars else None


def _take_kind(log: EventLog, frames: Bytes, starts: Ints, todo: Ints, kind: Shape) -> Ints:
    """Take those of the records ``todo`` that are of one kind; return the others."""
    if not len(todo):
        return todo
    alike = kind.matches(frames[todo])
    taken = todo[alike]
    rows = frames[taken]
    tags = [_tags(log, rows[:, field.tag_at : field.tag_at + len(field.tag)]) for field in kind.fields]
    log.scalars.append(explode(rows, starts[taken], kind, tags))
    return todo[~alike]


def _tags(log: EventLog, names: Bytes) -> Ints:
    """Numbers of the tags that stand in ``names``, shape (n, length)."""
    n, length = names.shape
    joined = names.tobytes()
    known = log.tags
    each = [joined[at : at + length] for at in range(0, n * length, length)]
    return np.array([known[name] if name in known else log.tag(name) for name in each], np.int64)
