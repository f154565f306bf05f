"""The framing of LevelDB's log format as trackers use it: records in blocks, whole or in pieces, each with a checksum.

A file begins with seven bytes that say whose log it is. A block has 32 KiB. A piece is ``CRC-32 u32 | size u16 |
kind u8 | data``, little endian; the CRC is zlib's, over the kind and the data. No piece crosses the end of a block:
where less than the seven bytes of a piece's head are left, zeros fill it.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

from rlcompare.readers.base import Problem

BLOCK_BYTES = 32_768
HEAD = struct.Struct("<IHB")
HEAD_BYTES = HEAD.size

_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_CRC_OF_KIND = {kind: zlib.crc32(bytes([kind])) for kind in (_FULL, _FIRST, _MIDDLE, _LAST)}


@dataclass
class Scan:
    """The records of a stretch of a log.

    Parameters
    ----------
    records : list of (int, bytes)
        The byte of the file at which a record begins, and its data.
    offset : int
        The byte up to which the file is consumed: a record that is not whole yet begins there.
    problems : list of Problem
        About bytes that were consumed.
    pending : Problem or None
        About the bytes behind ``offset``.
    """

    records: list[tuple[int, bytes]] = field(default_factory=list)
    offset: int = 0
    problems: list[Problem] = field(default_factory=list)
    pending: Problem | None = None


def scan(data: bytes, base: int) -> Scan:
    """Split a log into its records.

    Of a piece that is damaged only that is lost where a sound one follows it at once, else the rest of its block:
    nothing says then where in the block the next one begins. Damage in a block that is still being written is
    looked at again when there is more of it.

    Parameters
    ----------
    data : bytes
        From ``base`` to the end of the file as it is now.
    base : int
        Byte of the file: the end of its seven first ones, or the ``offset`` of an earlier scan.
    """
    found = Scan(offset=base)
    add = found.records.append
    end = len(data)
    pieces: list[bytes] = []  # of a record that is not whole yet
    begun = 0  # where it begins
    at = 0
    block_end = BLOCK_BYTES - base % BLOCK_BYTES
    while True:
        start = at + HEAD_BYTES
        if start > block_end:
            at, block_end = block_end, block_end + BLOCK_BYTES
            start = at + HEAD_BYTES
        if start > end:
            break
        crc, size, kind = HEAD.unpack_from(data, at)
        stop = start + size
        if stop <= block_end and kind in _CRC_OF_KIND:
            if stop > end:
                break
            piece = data[start:stop]
            if zlib.crc32(piece, _CRC_OF_KIND[kind]) == crc:
                if kind in (_FULL, _FIRST):
                    if pieces:
                        found.problems.append(_cut_short(base + begun))
                        pieces = []
                    if kind == _FULL:
                        add((base + at, piece))
                    else:
                        pieces, begun = [piece], at
                elif pieces:
                    pieces.append(piece)
                    if kind == _LAST:
                        add((base + begun, b"".join(pieces)))
                        pieces = []
                at = stop
                continue
        behind = _behind_damage(data, stop, block_end)
        if behind < 0:
            left = end - at
            found.pending = Problem(
                base + at,
                f"Expected a record with a right checksum, and none follows in the last {left:,} bytes. They are "
                "looked at again when the file changes.",
            )
            break
        found.problems.append(
            Problem(base + at, f"Expected a record with a right checksum; {behind - at:,} bytes are left out.")
        )
        pieces = []
        at = behind
    found.offset = base + (begun if pieces else min(at, end))
    left = base + end - found.offset
    if left and found.pending is None:
        message = f"The last record is not whole yet ({left:,} bytes so far); it is read once it is."
        found.pending = Problem(found.offset, message, "note")
    return found


def _cut_short(at: int) -> Problem:
    return Problem(at, "Expected the rest of a record, another one begins; it is left out.")


def _behind_damage(data: bytes, stop: int, block_end: int) -> int:
    """Find where to go on behind a damaged piece that says to end at ``stop``; -1 where that is not known yet."""
    end = min(block_end, len(data))
    if stop + HEAD_BYTES <= end:
        crc, size, kind = HEAD.unpack_from(data, stop)
        start = stop + HEAD_BYTES
        fits = kind in _CRC_OF_KIND and start + size <= end
        if fits and zlib.crc32(data[start : start + size], _CRC_OF_KIND[kind]) == crc:
            return stop
    return block_end if block_end <= len(data) else -1
