"""The frame around each record of an event file, its two checksums, and how to find the next one after damage.

A record is ``length u64 | masked CRC-32C of the length u32 | payload | masked CRC-32C of the payload u32``, all little
endian (TensorFlow's ``core/lib/io/record_writer.h``). Masking keeps checksums of data that holds checksums sound.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

import google_crc32c
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

#: Length and masked checksum of the length.
HEADER = struct.Struct("<QI")
HEADER_BYTES = HEADER.size
CRC_BYTES = 4
FRAME_BYTES = HEADER_BYTES + CRC_BYTES

_MASK_DELTA = 0xA282EAD8
_SEARCH_BYTES = 1 << 18


def crc32c(data: bytes | bytearray | Bytes) -> int:
    """Compute the CRC-32C of the bytes, unmasked."""
    return int(google_crc32c.value(data))


def mask(crc: int) -> int:
    """Bring a checksum into the form in which it is stored."""
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def unmask(stored: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Bring stored checksums back into the form in which they were computed."""
    rotated = stored - np.uint32(_MASK_DELTA)
    return (rotated >> np.uint32(17)) | (rotated << np.uint32(15))


def header_of(length: int) -> bytes:
    """Make the twelve bytes before a payload of ``length`` bytes."""
    return HEADER.pack(length, mask(crc32c(length.to_bytes(8, "little"))))


def frame_bytes(length: int, stored_crc: int) -> int:
    """Size of the whole record, or 0 where the length's checksum is wrong.

    Sixteen zero bytes read as an empty record with right-looking checksums of zero; the checksum of eight zero bytes
    is not zero, so that they are refused here.
    """
    return length + FRAME_BYTES if mask(crc32c(length.to_bytes(8, "little"))) == stored_crc else 0


def payload_is_sound(frame: bytes | bytearray | Bytes) -> bool:
    """Check the payload's checksum of one whole record."""
    stored = int.from_bytes(bytes(frame[-CRC_BYTES:]), "little")
    return mask(crc32c(bytes(frame[HEADER_BYTES:-CRC_BYTES]))) == stored


def find_record(stream: BinaryIO, start: int) -> int | None:
    """Look for the next sound record at any byte from ``start`` on.

    Both checksums of the record found are right, which 64 random bits are once in 10^19 places: after a damaged length
    this finds the next record exactly, unless the lost record's own payload holds an event file.

    Parameters
    ----------
    stream : seekable binary file; its position is changed
    start : int
        Byte of the file.

    Returns
    -------
    int or None
        Byte of the file at which a record begins; None if there is none up to the end.
    """
    end = stream.seek(0, 2)
    while end - start >= FRAME_BYTES:
        stream.seek(start)
        data = np.frombuffer(stream.read(_SEARCH_BYTES), np.uint8)
        if data.size < FRAME_BYTES:
            return None
        for candidate in _sound_headers(data, end - start):
            stream.seek(start + candidate)
            length = int.from_bytes(stream.read(8), "little")
            stream.seek(start + candidate)
            frame = stream.read(length + FRAME_BYTES)
            if len(frame) == length + FRAME_BYTES and payload_is_sound(frame):
                return start + candidate
        start += data.size - HEADER_BYTES + 1
    return None


def _sound_headers(data: Bytes, remaining: int) -> list[int]:
    """Places in ``data`` where a length stands that fits into the ``remaining`` bytes and has its right checksum."""
    n = data.size - HEADER_BYTES + 1
    wide = data.astype(np.uint32)
    m = data.size - 3
    words = wide[:m] | (wide[1 : m + 1] << 8) | (wide[2 : m + 2] << 16) | (wide[3 : m + 3] << 24)
    lengths, high, stored = words[:n], words[4 : n + 4], words[8 : n + 8]
    # No record of 4 GiB can exist: protobuf messages end at 2 GiB.
    places = np.flatnonzero((high == 0) & (lengths + np.arange(n, dtype=np.uint64) + FRAME_BYTES <= remaining))
    # Few lengths recur at many places (runs of zeros), so that each one's checksum is computed once.
    distinct, which = np.unique(lengths[places], return_inverse=True)
    expected = np.array([mask(crc32c(int(length).to_bytes(8, "little"))) for length in distinct], np.uint32)
    return [int(place) for place in places[stored[places] == expected[which]]]
