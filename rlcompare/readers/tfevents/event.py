"""One event: the protobuf fields that hold a time, a step, scalars and settings; all else is skipped by its length.

Field numbers are those of ``event.proto``, ``summary.proto``, ``tensor.proto`` and ``types.proto`` as TensorBoard 2.21
ships them (``tensorboard/compat/proto``).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from rlcompare.readers.tfevents.dtypes import NUMBERS, Number

# A field's key is its number times 8 plus its wire type: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.
_EVENT_WALL_TIME = 1 << 3 | 1
_EVENT_STEP = 2 << 3 | 0
_EVENT_SUMMARY = 5 << 3 | 2

_SUMMARY_VALUE = 1 << 3 | 2

_VALUE_TAG = 1 << 3 | 2
_VALUE_SIMPLE = 2 << 3 | 5
_VALUE_TENSOR = 8 << 3 | 2
_VALUE_METADATA = 9 << 3 | 2

_METADATA_PLUGIN = 1 << 3 | 2
_PLUGIN_NAME = 1 << 3 | 2
_PLUGIN_CONTENT = 2 << 3 | 2

_TENSOR_DTYPE = 1 << 3 | 0
_TENSOR_SHAPE = 2 << 3 | 2
_TENSOR_CONTENT = 4 << 3 | 2
_TENSOR_STRING = 8 << 3 | 2
_SHAPE_DIM = 2 << 3 | 2
_DIM_SIZE = 1 << 3 | 0

_DT_STRING = 7

#: Payloads of old-style plugins; a value that holds one is no scalar.
_OLD_PLUGINS = frozenset(number << 3 | 2 for number in (3, 4, 5, 6))


class MalformedEventError(ValueError):
    """Bytes that are no event: the message says what was expected and what came."""


@dataclass(slots=True)
class Scalar:
    """A scalar and where it stands in the payload.

    ``at`` is the place of its bytes and ``dtype`` their numpy type; ``at`` is -1 where its width varies with its value.
    """

    tag: bytes
    value: float
    tag_at: int = -1
    at: int = -1
    dtype: str = ""


@dataclass(slots=True)
class Event:
    """What one record logged.

    ``wall_time`` is in Unix seconds, NaN if absent. ``plain``: nothing but a time, a step and scalars, each once, so
    that another payload that differs only in their bytes reads the same way. ``faults`` say what cannot be a value.
    """

    wall_time: float = float("nan")
    wall_at: int = -1
    step: int = 0
    step_at: int = -1
    step_width: int = 0
    scalars: list[Scalar] = field(default_factory=list)
    texts: list[tuple[str, bytes]] = field(default_factory=list)
    hparams: list[bytes] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    plain: bool = True


def fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Go through the fields of the message in ``data[at:end]``.

    Yields
    ------
    key, start, stop : int
        The field's key and its bytes: of the varint, the fixed-width number or the content without its length.

    Raises
    ------
    MalformedEventError
        A field that ends behind the message, or a wire type that event files do not use.
    """
    while at < end:
        key = data[at]
        at += 1
        if key > 127:
            key, at = varint(data, at - 1, end)
        wire = key & 7
        if wire == 2:
            size, start = varint(data, at, end)
            at = start + size
        elif wire == 5:
            start, at = at, at + 4
        elif wire == 1:
            start, at = at, at + 8
        elif wire == 0:
            start = at
            _, at = varint(data, at, end)
        else:
            raise MalformedEventError(f"expected a protobuf field, came wire type {wire}")
        if at > end:
            raise MalformedEventError(f"expected a field of {at - start} bytes, {max(0, end - start)} were left")
        yield key, start, at


def varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Decode an unsigned varint of at most 64 bits; return it and the place behind it.

    Raises
    ------
    MalformedEventError
        It does not end within ``end`` or within ten bytes.
    """
    value = shift = 0
    for place in range(at, min(end, at + 10)):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 128:
            return value & 0xFFFF_FFFF_FFFF_FFFF, place + 1
        shift += 7
    raise MalformedEventError("expected a whole varint, its end is missing")


def signed(value: int) -> int:
    """Read 64 bits as two's complement, as protobuf's int64 and int32 are written."""
    return value - (1 << 64) if value >> 63 else value


def parse_event(data: bytes) -> Event:
    """Read one payload.

    Raises
    ------
    MalformedEventError
        The payload is no event.
    """
    event = Event()
    summaries = 0
    for key, start, stop in fields(data, 0, len(data)):
        if key == _EVENT_WALL_TIME:
            event.plain &= event.wall_at < 0
            event.wall_at = start
            (event.wall_time,) = struct.unpack_from("<d", data, start)
        elif key == _EVENT_STEP:
            event.plain &= event.step_at < 0
            event.step_at, event.step_width = start, stop - start
            event.step = signed(varint(data, start, stop)[0])
        elif key == _EVENT_SUMMARY:
            summaries += 1
            for inner, value_start, value_stop in fields(data, start, stop):
                if inner == _SUMMARY_VALUE:
                    _parse_value(data, value_start, value_stop, event)
                else:
                    event.plain = False
    event.plain &= summaries == 1 and event.wall_at >= 0 and all(scalar.at >= 0 for scalar in event.scalars)
    return event


def _parse_value(data: bytes, at: int, end: int, event: Event) -> None:
    """Read one ``Summary.Value`` into ``event``: a scalar, a text, hparams, or nothing where it is something else."""
    tag_at = tag_end = 0
    simple_at = -1
    tensor: tuple[int, int] | None = None
    plugin, content = b"", b""
    other = repeated = False
    for key, start, stop in fields(data, at, end):
        if key == _VALUE_TAG:
            repeated |= tag_at > 0
            tag_at, tag_end = start, stop
        elif key == _VALUE_SIMPLE:
            # Of the fields that exclude each other the last one stands, as in protobuf.
            repeated |= tensor is not None or simple_at >= 0
            simple_at, tensor = start, None
        elif key == _VALUE_TENSOR:
            repeated |= tensor is not None or simple_at >= 0
            simple_at, tensor = -1, (start, stop)
        elif key == _VALUE_METADATA:
            plugin, content = _plugin(data, start, stop)
        elif key in _OLD_PLUGINS:
            other = True
    if plugin == b"hparams":
        event.hparams.append(content)
    elif other:
        pass
    elif simple_at >= 0:
        (value,) = struct.unpack_from("<f", data, simple_at)
        _add_scalar(event, Scalar(data[tag_at:tag_end], value, tag_at, simple_at, "<f4"), repeated)
        return
    elif tensor is not None:
        parsed = _parse_tensor(data, *tensor)
        if plugin == b"text":
            if parsed.text is not None:
                event.texts.append((tag_text(data[tag_at:tag_end]), parsed.text))
        elif parsed.value is not None and (plugin == b"scalars" or (not plugin and parsed.rank == 0)):
            _add_scalar(event, Scalar(data[tag_at:tag_end], parsed.value, tag_at, parsed.at, parsed.dtype), repeated)
            return
        elif plugin == b"scalars":
            event.faults.append(f"expected one number under {tag_text(data[tag_at:tag_end])!r}, came {parsed.came}")
    event.plain = False


def _add_scalar(event: Event, scalar: Scalar, repeated: bool) -> None:
    if scalar.tag:
        event.scalars.append(scalar)
        event.plain &= not repeated
    else:
        event.faults.append("expected a tag with a scalar, came none")
        event.plain = False


def _plugin(data: bytes, at: int, end: int) -> tuple[bytes, bytes]:
    name = content = b""
    for key, start, stop in fields(data, at, end):
        if key == _METADATA_PLUGIN:
            for inner, inner_start, inner_stop in fields(data, start, stop):
                if inner == _PLUGIN_NAME:
                    name = data[inner_start:inner_stop]
                elif inner == _PLUGIN_CONTENT:
                    content = data[inner_start:inner_stop]
    return name, content


@dataclass(slots=True)
class _Tensor:
    """A tensor as far as scalars and texts need it: ``value`` where it is one number, ``text`` its first string."""

    value: float | None = None
    at: int = -1
    dtype: str = ""
    rank: int = 0
    text: bytes | None = None
    came: str = "nothing"


def _parse_tensor(data: bytes, at: int, end: int) -> _Tensor:
    dtype, elements = 0, 1
    content: tuple[int, int] | None = None
    numbers: list[tuple[int, int, int]] = []
    tensor = _Tensor()
    for key, start, stop in fields(data, at, end):
        if key == _TENSOR_DTYPE:
            dtype, _ = varint(data, start, stop)
        elif key == _TENSOR_SHAPE:
            for inner, dim_start, dim_stop in fields(data, start, stop):
                if inner == _SHAPE_DIM:
                    tensor.rank += 1
                    sizes = [varint(data, a, b)[0] for k, a, b in fields(data, dim_start, dim_stop) if k == _DIM_SIZE]
                    elements *= sizes[-1] if sizes else 0
        elif key == _TENSOR_CONTENT:
            content = (start, stop)
        elif key == _TENSOR_STRING:
            if tensor.text is None:
                tensor.text = data[start:stop]
        else:
            numbers.append((key, start, stop))
    number = NUMBERS.get(dtype)
    if number is None:
        tensor.came = "strings" if dtype == _DT_STRING else f"TensorFlow's data type {dtype}"
    elif elements != 1:
        tensor.came = f"{elements} elements"
    elif content is not None and content[1] > content[0]:
        if content[1] - content[0] == number.width:
            tensor.at, tensor.dtype = content[0], number.dtype
            tensor.value = number.decode(data, content[0])
        else:
            tensor.came = f"{content[1] - content[0]} bytes of a {number.width}-byte number"
    else:
        _typed_value(data, number, numbers, tensor)
    return tensor


def _typed_value(data: bytes, number: Number, values: list[tuple[int, int, int]], tensor: _Tensor) -> None:
    """Read the one value of the repeated field that the data type uses, packed or not."""
    packed = number.field << 3 | 2
    single = number.field << 3 | number.wire
    found = [(key, start, stop) for key, start, stop in values if key in (packed, single)]
    if len(found) != 1:
        tensor.came = f"{len(found)} values" if found else "nothing"
        return
    _, start, stop = found[0]
    if number.wire == 0:
        value, behind = varint(data, start, stop)
        if behind != stop:
            tensor.came = "several values"
            return
        tensor.value = number.of_varint(value)
    elif stop - start != number.width:
        tensor.came = f"{stop - start} bytes of a {number.width}-byte number"
    else:
        tensor.at, tensor.dtype = start, number.dtype
        tensor.value = number.decode(data, start)


def tag_text(tag: bytes) -> str:
    """Decode a tag; bytes that are not UTF-8 are spelled out, so that two tags never become one."""
    return tag.decode("utf-8", "backslashreplace")
