"""The framing of a ``.wandb`` file: LevelDB's log format with a header of its own.

After 7 bytes (``:W&B``, 0xBEE1, a version) come blocks of 32 KiB, the first one counted from the start of the file. A
chunk is a CRC-32 of its type and data, a length, a type, and the data; a record is one chunk or several, and a block
ends in zeros where no chunk header fits. W&B takes zlib's CRC-32 where LevelDB has CRC-32C.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

HEAD = b":W&B\xe1\xbe\x00"
BLOCK_BYTES = 32_768

_CHUNK = struct.Struct("<IHB")
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_CRC = [zlib.crc32(bytes([kind])) for kind in range(5)]


@dataclass
class Frames:
    """Records of a stretch of a file.

    Parameters
    ----------
    data : bytes
        The stretch, which begins at byte ``base`` of the file, where a record does.
    base : int
    offset : int
        Byte of the file behind the last whole record; known once all are taken.
    damaged : list of int
        Bytes at which blocks were given up: a checksum or a length is wrong there.
    """

    data: bytes
    base: int
    offset: int = 0
    damaged: list[int] = field(default_factory=list)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the data of each whole record."""
        data, base, end = self.data, self.base, len(self.data)
        at = 0
        parts: list[bytes] = []
        self.offset = base
        while at + _CHUNK.size <= end:
            left = BLOCK_BYTES - (base + at) % BLOCK_BYTES
            if left < _CHUNK.size:
                at += left
                continue
            crc, length, kind = _CHUNK.unpack_from(data, at)
            body = at + _CHUNK.size
            if kind == 0 and length == 0 and crc == 0:
                # Zeros to the end of the block: padding, or a file that was killed.
                following = at + left
                if not any(data[at:following]) and following < end:
                    at = following
                    continue
                if not any(data[at:]):
                    return
            if kind > _LAST or kind == 0 or length > left - _CHUNK.size:
                self.damaged.append(base + at)
                at, parts = at + left, []
                continue
            if body + length > end:
                return
            piece = data[body : body + length]
            if zlib.crc32(piece, _CRC[kind]) != crc:
                self.damaged.append(base + at)
                at, parts = at + left, []
                continue
            at = body + length
            if kind == _FULL:
                self.offset = base + at
                yield piece
            elif kind == _FIRST:
                parts = [piece]
            elif parts:
                parts.append(piece)
                if kind == _LAST:
                    self.offset = base + at
                    yield b"".join(parts)
                    parts = []
            else:
                # The rest of a record whose beginning was damaged.
                self.offset = base + at
