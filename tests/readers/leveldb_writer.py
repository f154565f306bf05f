"""Logs in LevelDB's format as trackers write them, for tests."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable

BLOCK = 32_768


def framed(records: Iterable[bytes], header: bytes = b"") -> bytes:
    """Frame records behind the first bytes of a file, in pieces where the end of a block comes between."""
    log = bytearray(header)
    for record in records:
        first = True
        rest = record
        while first or rest:
            room = BLOCK - len(log) % BLOCK
            if room < 7:
                log += bytes(room)
                room = BLOCK
            piece, rest = rest[: room - 7], rest[room - 7 :]
            kind = (2 if rest else 1) if first else (3 if rest else 4)
            log += struct.pack("<IHB", zlib.crc32(piece, zlib.crc32(bytes([kind]))), len(piece), kind) + piece
            first = False
    return bytes(log)
