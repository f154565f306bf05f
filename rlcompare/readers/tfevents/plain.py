"""The plain way through an event file: one record after the other, each checked and parsed by itself.

It is the reference for the fast way in ``fast.py``, which must give the same whatever the bytes are, and reads the
heads of files.
"""

from __future__ import annotations

from typing import BinaryIO

from rlcompare.readers.tfevents.framing import (
    CRC_BYTES,
    FRAME_BYTES,
    HEADER,
    HEADER_BYTES,
    find_record,
    frame_bytes,
    payload_is_sound,
)
from rlcompare.readers.tfevents.log import EventLog


def walk(stream: BinaryIO, offset: int = 0) -> EventLog:
    """Read an event file record by record from ``offset`` to its end.

    Parameters
    ----------
    stream : seekable binary file
    offset : int
        Byte of the file at which a record begins.

    Returns
    -------
    EventLog
        With single scalars only.
    """
    log = EventLog(offset)
    end = stream.seek(0, 2)
    at = offset
    before = offset
    while end - at >= HEADER_BYTES:
        stream.seek(at)
        length, stored = HEADER.unpack(stream.read(HEADER_BYTES))
        size = frame_bytes(length, stored)
        if not size:
            # The record before may have ended too early: if its payload is damaged too, its length led astray.
            lost_from, search_from = at, at + 1
            if before in log.damaged:
                del log.damaged[before]
                lost_from, search_from = before, before + HEADER_BYTES
            found = find_record(stream, search_from)
            if found is None:
                log.unreadable_rest(lost_from, end, offset)
                log.offset = lost_from
                return log
            log.lost(lost_from, found)
            at = found
            continue
        if at + size > end:
            break
        stream.seek(at)
        frame = stream.read(size)
        if payload_is_sound(frame):
            log.add_record(at, frame[HEADER_BYTES:-CRC_BYTES])
        else:
            log.damaged[at] = size - FRAME_BYTES
        before, at = at, at + size
    if at < end:
        log.half_record(at, end)
    log.offset = at
    return log
