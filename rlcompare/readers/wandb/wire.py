"""Just enough of Protocol Buffers' wire format to read the few records of a run that matter.

The field numbers are those of ``wandb/proto/wandb_internal.proto``.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

#: ``Record``: which kind a record is.
HISTORY, OUTPUT, CONFIG, METRIC, OUTPUT_RAW, RUN, EXIT, ENVIRONMENT = 2, 4, 5, 12, 13, 17, 18, 26

#: What bytes that are no message, or no JSON, raise here.
MALFORMED = (IndexError, ValueError, RecursionError)

#: Kinds from here on stand behind other fields of the record.
_FIRST_OTHER_FIELD = 16


def leading_kind(record: bytes) -> int:
    """Tell a record's kind by its first bytes: fields are in the order of their numbers, and only one is a kind.

    Returns
    -------
    int
        0 where all fields must be looked at: a kind with a large number.

    Raises
    ------
    IndexError, ValueError
        Bytes that are no message.
    """
    tag, at = varint(record, 0)
    if tag == 0x08:  # its number among the run's records
        _, at = varint(record, at)
        tag, _ = varint(record, at)
    return tag >> 3 if tag >> 3 < _FIRST_OTHER_FIELD else 0


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield each field's number and value: an int, or the bytes of a number of fixed width, a text or a message.

    Raises
    ------
    IndexError, ValueError
        Bytes that are no message.
    """
    at, end = 0, len(message)
    while at < end:
        tag, at = varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = varint(message, at)
            yield tag >> 3, value
            continue
        if kind == 2:
            length, at = varint(message, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind}")
        if at + length > end:
            raise ValueError("a field that is longer than its message")
        yield tag >> 3, message[at : at + length]
        at += length


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


def parts(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the fields that are texts or messages."""
    for number, content in fields(message):
        if isinstance(content, bytes):
            yield number, content


def integers(message: bytes) -> dict[int, int]:
    """Read the fields that are integers, by number."""
    return {number: content for number, content in fields(message) if isinstance(content, int)}


def texts(message: bytes) -> dict[int, list[str]]:
    """Read the fields that are texts, by number."""
    found: dict[int, list[str]] = {}
    for number, content in parts(message):
        found.setdefault(number, []).append(content.decode("utf-8", "replace"))
    return found


def item(message: bytes) -> tuple[list[str], Any]:
    """Read an item of history or configuration: its key, nested ones part by part, and its value.

    Raises
    ------
    IndexError, ValueError, RecursionError
        Bytes that are no item, or a value that is no JSON.
    """
    key: list[str] = []
    value: Any = None
    for number, content in fields(message):
        match number, content:
            case ((1 | 2), bytes()):
                key.append(content.decode("utf-8", "replace"))
            case ((16 | 8), bytes()):
                # NaN and Infinity are bare words, as Python's json writes and reads them.
                value = json.loads(content, parse_int=_integer)
            case 4, int():
                value = bool(content)
            case 5, int():
                value = (content >> 1) ^ -(content & 1)
            case 6, bytes() if len(content) == 8:
                (value,) = struct.unpack("<d", content)
            case 7, bytes():
                value = content.decode("utf-8", "replace")
    return key, value


def timestamp(message: bytes) -> float:
    """Unix seconds of a ``google.protobuf.Timestamp``."""
    told = integers(message)
    return float(told.get(1, 0)) + told.get(2, 0) * 1e-9


def _integer(digits: str) -> int | float:
    """Python refuses to convert thousands of digits; as a float they are infinite, like ``1e400``."""
    return int(digits) if len(digits) < 20 else float(digits)
