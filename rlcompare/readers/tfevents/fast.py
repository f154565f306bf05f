"""The fast way through an event file: whole blocks of rows at a time where they repeat, the rest by kind of record.

A scan goes from record to record by their headers alone. Where the bytes repeat a known row (see ``shapes.py``), all
its repetitions are taken at once; where records of unknown shape pile up, the row that they may be part of is learnt.
All other records of a window wait, and are then taken by their kind (see ``kinds.py``).
"""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from rlcompare.readers.tfevents.event import Event, MalformedEventError, parse_event
from rlcompare.readers.tfevents.framing import CRC_BYTES, HEADER, HEADER_BYTES, find_record, frame_bytes
from rlcompare.readers.tfevents.kinds import take_by_kind
from rlcompare.readers.tfevents.log import EventLog
from rlcompare.readers.tfevents.rows import block, take_run
from rlcompare.readers.tfevents.shapes import Shape, ShapeCache, shape_of
from rlcompare.readers.tfevents.window import WINDOW_BYTES, Window

#: Records of unknown shape after which a row is learnt for the first time; doubled after each failure.
_PATIENCE = 64

#: A run of so many scalars ends where the row's shape has changed: the new one is learnt at once.
_LONG_RUN = 4096

#: A row is learnt from at most so many records.
_WIDEST_ROW = 20_000

#: Bytes kept in front of a window's end, so that rows are not cut by it.
_MARGIN_BYTES = 1 << 16

#: Rows that any file of this process was found to repeat.
ROWS = ShapeCache(most_bytes=4 << 20)


def scan(stream: BinaryIO, offset: int = 0) -> EventLog:
    """Read an event file from ``offset`` to its end.

    Parameters
    ----------
    stream : seekable binary file
    offset : int
        Byte of the file at which a record begins.

    Returns
    -------
    EventLog
        The same scalars, settings and problems as :func:`walk` finds.
    """
    return _Scan(stream, offset).run()


class _Scan:
    """The state of one scan: a window, the records in it that wait to be taken, and when to learn the next row."""

    def __init__(self, stream: BinaryIO, offset: int) -> None:
        self.stream = stream
        self.offset = offset
        self.log = EventLog(offset)
        self.window = Window(stream, offset)
        self.sizes: dict[tuple[int, int], int] = {}
        self.waiting: list[int] = []
        self.last_waiting = offset
        self.patience = _PATIENCE
        self.learn_at = _PATIENCE
        self.learnt_to = 0
        self.margin = _MARGIN_BYTES

    def run(self) -> EventLog:
        window, log = self.window, self.log
        while True:
            at, need = self.go_on()
            if need < 0:
                if not self.find_next(at):
                    return log
            elif window.base + at + need <= window.end if need else not window.ended:
                self.take_waiting()
                window.advance(at, need)
            else:
                break
        self.take_waiting()
        log.offset = window.base + at
        if log.offset < window.end:
            log.half_record(log.offset, window.end)
        return log

    def go_on(self) -> tuple[int, int]:
        """Go from record to record, from the window's start up to its end.

        Returns
        -------
        at : int
            The first byte of the window that was not passed.
        need : int
            Bytes that must be in the window to go on there; 0 for any more, -1 where the header is damaged.
        """
        window, waiting, sizes = self.window, self.waiting, self.sizes
        memory, stop, unpack = window.memory, window.stop, HEADER.unpack_from
        last = stop - (HEADER_BYTES if window.ended else self.margin)
        self.learnt_to = 0
        known, learn_at = ROWS.by_first, self.learn_at
        at = 0
        while at <= last:
            header = unpack(memory, at)
            size = sizes.get(header)
            if size is None:
                size = frame_bytes(*header)
                if not size:
                    return at, -1
                sizes[header] = size
            if at + size > stop:
                return at, size
            passed = 0
            if size in known:
                passed = self.take_rows(at, size)
            if not passed and len(waiting) >= learn_at and at >= self.learnt_to:
                self.learn(at)
                passed = self.take_rows(at, size)
                known, learn_at = ROWS.by_first, self.learn_at
            if passed:
                at += passed
                learn_at = self.learn_at
            else:
                waiting.append(at)
                at += size
        return at, 0

    def take_waiting(self) -> None:
        """Take the records that were passed one by one, before the window moves on."""
        if self.waiting:
            self.last_waiting = self.window.base + self.waiting[-1]
            take_by_kind(self.log, self.window.data[: self.window.stop], self.window.base, self.waiting)
            self.learn_at = max(0, self.learn_at - len(self.waiting))
            self.waiting.clear()

    def find_next(self, at: int) -> bool:
        """Go on behind a damaged header; return False where no sound record follows."""
        log, window = self.log, self.window
        self.take_waiting()
        lost_from = window.base + at
        search_from = lost_from + 1
        # The record before may have ended too early: if its payload is damaged too, its length led astray.
        if log.damaged.get(self.last_waiting, -1) == lost_from - self.last_waiting - HEADER_BYTES - CRC_BYTES:
            del log.damaged[self.last_waiting]
            lost_from, search_from = self.last_waiting, self.last_waiting + HEADER_BYTES
        found = find_record(self.stream, search_from)
        if found is None:
            log.unreadable_rest(lost_from, window.end, self.offset)
            log.offset = lost_from
            return False
        log.lost(lost_from, found)
        window.jump(found)
        return True

    def take_rows(self, at: int, first: int) -> int:
        """Take all rows of a known shape from ``at`` on; return their bytes, 0 where there are too few."""
        for shape in ROWS.by_first.get(first, ()):
            if self.repeats(at, shape):
                n = take_run(self.log, self.window.data[: self.window.stop], self.window.base, at, shape)
                self.margin = max(self.margin, min(shape.worthwhile * shape.width, WINDOW_BYTES // 4))
                passed = n * shape.width
                if n * len(shape.fields) >= _LONG_RUN and self.window.stop - at - passed >= shape.width:
                    self.learn_at = 0
                if n:
                    return passed
        return 0

    def repeats(self, at: int, shape: Shape) -> bool:
        """Tell whether enough rows of the shape follow each other from ``at`` on."""
        width = shape.width
        memory = self.window.memory
        last = at + (shape.worthwhile - 1) * width
        if self.window.stop - last < width:
            return False
        if memory[at : at + HEADER_BYTES] != memory[last : last + HEADER_BYTES]:
            return False
        data, first = self.window.data, shape.first
        # By its first record the beginning of a row is told from most other places.
        if not np.array_equal(data[at : at + first] & shape.same[:first], shape.expected[:first]):
            return False
        return bool(shape.matches(block(data, at, shape.worthwhile, width)).all())

    def learn(self, at: int) -> None:
        """Look for a row that repeats: the records of one step, from ``at`` on or from where the next step begins."""
        self.patience *= 2
        for _ in range(2):
            shape, at = self.row_from(at)
            if at < 0:
                break
            start = at - shape.width if shape else at
            if shape and self.repeats(start, shape):
                if not any(self.repeats(start, known) for known in ROWS.by_first.get(shape.first, ())):
                    ROWS.add(shape)
                    self.patience = _PATIENCE
                self.learnt_to = at
                break
        self.learn_at = len(self.waiting) + self.patience

    def row_from(self, at: int) -> tuple[Shape | None, int]:
        """Parse the records of one step; return their shape and the place behind them, -1 where the window ends."""
        memory, stop = self.window.memory, self.window.stop
        frames: list[bytes] = []
        events: list[Event] = []
        tags: set[bytes] = set()
        while stop - at >= HEADER_BYTES and len(frames) < _WIDEST_ROW:
            size = frame_bytes(*HEADER.unpack_from(memory, at))
            if not size or at + size > stop:
                break
            frame = memory[at : at + size].tobytes()
            try:
                event = parse_event(frame[HEADER_BYTES:-CRC_BYTES])
            except MalformedEventError:
                break
            new = {scalar.tag for scalar in event.scalars}
            if events and (event.step != events[0].step or new & tags):
                return shape_of(frames, events), at
            tags |= new
            frames.append(frame)
            events.append(event)
            at += size
        return None, -1
