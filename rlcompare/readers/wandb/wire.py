"""Just enough of Protocol Buffers' wire format to read the few records of a run that matter.

The field numbers are those of ``wandb/proto/wandb_internal.proto``.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

#: ``Record``: which kind a record is.
HISTORY, OUTPUT, CONFIG, METRIC, OUTPUT_RAW, RUN, EXIT = 2, 4, 5, 12, 13, 17, 18


def fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Yield each field's number and value: an int, 8 bytes, 4 bytes, or the bytes of a text or message.

    Raises
    ------
    IndexError, ValueError
        Bytes that are no message.
    """
    at, end = 0, len(message)
    while at < end:
        tag, at = varint(message, at)
        kind = tag & 7
        if kind == 2:
            length, at = varint(message, at)
            if at + length > end:
                raise ValueError("a field that is longer than its message")
            yield tag >> 3, message[at : at + length]
            at += length
        elif kind == 0:
            value, at = varint(message, at)
            yield tag >> 3, value
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            if at + size > end:
                raise ValueError("a field that is longer than its message")
            yield tag >> 3, message[at : at + size]
            at += size
        else:
            raise ValueError(f"wire type {kind}")


def varint(message: bytes, at: int) -> tuple[int, int]:
    """Read an integer of variable length: its value, and where the next byte is."""
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("an integer of more than ten bytes")


def item(message: bytes) -> tuple[list[str], Any]:
    """Read an item of history or configuration: its key, nested ones part by part, and its value.

    Raises
    ------
    IndexError, ValueError
        Bytes that are no item, or a value that is no JSON.
    """
    key: list[str] = []
    value: Any = None
    for number, content in fields(message):
        if number in (1, 2):
            key.append(content.decode("utf-8", "replace"))
        elif number in (16, 8):
            # NaN and Infinity are bare words, as Python's json writes and reads them.
            value = json.loads(content)
        elif number == 4:
            value = bool(content)
        elif number == 5:
            value = (content >> 1) ^ -(content & 1)
        elif number == 6:
            (value,) = struct.unpack("<d", content)
        elif number == 7:
            value = content.decode("utf-8", "replace")
    return key, value


def texts(message: bytes) -> dict[int, list[str]]:
    """Read the fields of a message that are texts, by number."""
    found: dict[int, list[str]] = {}
    for number, content in fields(message):
        if isinstance(content, bytes):
            found.setdefault(number, []).append(content.decode("utf-8", "replace"))
    return found


def timestamp(message: bytes) -> float:
    """Unix seconds of a ``google.protobuf.Timestamp``."""
    parts = dict(fields(message))
    return float(parts.get(1, 0)) + float(parts.get(2, 0)) * 1e-9
