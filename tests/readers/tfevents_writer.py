"""A writer of event files for the tests, independent of the reader: protobuf and frames from their definitions."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import google_crc32c

#: ``DataType`` of types.proto: number, struct code, field of the typed value, its wire type.
DTYPES = {
    "float32": (1, "<f", 5, 5),
    "float64": (2, "<d", 6, 1),
    "int32": (3, "<i", 7, 0),
    "uint8": (4, "<B", 7, 0),
    "int16": (5, "<h", 7, 0),
    "int8": (6, "<b", 7, 0),
    "int64": (9, "<q", 10, 0),
    "bool": (10, "<?", 11, 0),
    "uint16": (17, "<H", 7, 0),
    "float16": (19, "<e", 13, 0),
    "uint32": (22, "<I", 16, 0),
    "uint64": (23, "<Q", 17, 0),
}


def masked_crc(data: bytes) -> int:
    crc = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def frame(payload: bytes) -> bytes:
    length = struct.pack("<Q", len(payload))
    return length + struct.pack("<I", masked_crc(length)) + payload + struct.pack("<I", masked_crc(payload))


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def submessage(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def simple(tag: str | bytes, value: float) -> bytes:
    """A ``Summary.Value`` as torch and tensorboardX write it."""
    name = tag.encode() if isinstance(tag, str) else tag
    return submessage(1, name) + b"\x15" + struct.pack("<f", value)


def plugin(name: str, content: bytes = b"") -> bytes:
    return submessage(9, submessage(1, submessage(1, name.encode()) + (submessage(2, content) if content else b"")))


def number_tensor(
    dtype: str, value: float, *, typed: bool = False, packed: bool = True, dims: tuple[int, ...] = ()
) -> bytes:
    """A ``TensorProto`` of one number, in ``tensor_content`` or in the repeated field of its type."""
    number, code, field, wire = DTYPES[dtype]
    raw = struct.pack(code, value)
    shape = submessage(2, b"".join(submessage(2, b"\x08" + varint(dim)) for dim in dims))
    head = b"\x08" + varint(number) + shape
    if not typed:
        return head + submessage(4, raw)
    if wire == 0:
        raw = varint(struct.unpack("<H", raw)[0] if dtype == "float16" else int(value))
    return head + (submessage(field, raw) if packed else varint(field << 3 | wire) + raw)


def bfloat16_tensor(bits: int, *, typed: bool = False) -> bytes:
    return b"\x08\x0e\x12\x00" + (submessage(13, varint(bits)) if typed else submessage(4, struct.pack("<H", bits)))


def text_tensor(text: str) -> bytes:
    return b"\x08\x07\x12\x04\x12\x02\x08\x01" + submessage(8, text.encode())


def tensor(tag: str, content: bytes, plugin_name: str | None = "scalars") -> bytes:
    """A ``Summary.Value`` as TensorFlow 2 writes it."""
    return submessage(1, tag.encode()) + submessage(8, content) + (plugin(plugin_name) if plugin_name else b"")


def text(tag: str, content: str) -> bytes:
    return tensor(tag, text_tensor(content), "text")


def event(step: int, wall_time: float | None, *values: bytes) -> bytes:
    """An ``Event`` with a summary of these values; step 0 is not written, as protobuf 3 has it."""
    time = b"" if wall_time is None else b"\x09" + struct.pack("<d", wall_time)
    count = b"\x10" + varint(step) if step else b""
    return time + count + submessage(5, b"".join(submessage(1, value) for value in values))


def version_record(wall_time: float = 1.7e9) -> bytes:
    return frame(b"\x09" + struct.pack("<d", wall_time) + submessage(3, b"brain.Event:2"))


@dataclass(frozen=True)
class Logged:
    """One scalar as a trainer logs it."""

    tag: str
    step: int
    wall_time: float
    value: float


def scalar_record(logged: Logged) -> bytes:
    return frame(event(logged.step, logged.wall_time, simple(logged.tag, logged.value)))


def loop(tags: list[str], steps: range, value: float = 0.5) -> list[Logged]:
    """The scalars of a training loop that logs all tags at every step."""
    return [Logged(tag, step, 1.7e9 + step + i / 64, value * step + i) for step in steps for i, tag in enumerate(tags)]


def log_of(scalars: list[Logged]) -> bytes:
    return version_record() + b"".join(map(scalar_record, scalars))
