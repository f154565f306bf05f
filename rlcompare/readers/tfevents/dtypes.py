"""TensorFlow's numeric data types: how one number of each is stored in a ``TensorProto``.

A number stands either in ``tensor_content`` (little-endian bytes, as :attr:`Number.dtype` says) or in the repeated
field that its type uses (``types.proto``, ``tensor.proto``): floats there by their bytes, all else as varints.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Not a numpy type: the upper half of a float32.
BFLOAT16 = "bf16"

#: A byte; whatever is not 0 is true, which numpy does not grant to bytes above 1.
BOOL = "?"


@dataclass(frozen=True)
class Number:
    """One data type.

    Parameters
    ----------
    dtype : str
        numpy's name of the little-endian type, or ``BFLOAT16`` or ``BOOL``.
    width : int
        Bytes of one number.
    code : str
        ``struct``'s code of the same bytes.
    field : int
        Number of the repeated field of ``TensorProto``.
    wire : int
        Protobuf wire type of that field's values: 0 varint, 1 eight bytes, 5 four bytes.
    """

    dtype: str
    width: int
    code: str
    field: int
    wire: int = 0

    def decode(self, data: bytes, at: int) -> float:
        """Read the number whose bytes stand at ``at``."""
        (value,) = struct.unpack_from(self.code, data, at)
        if self.dtype == BFLOAT16:
            (value,) = struct.unpack("<f", struct.pack("<I", value << 16))
        return float(value)

    def of_varint(self, value: int) -> float:
        """Read the number from its varint: 16-bit floats by their bits, whole numbers by their value."""
        return self.decode((value & 0xFFFF_FFFF_FFFF_FFFF).to_bytes(8, "little"), 0)


#: By ``DataType`` of ``types.proto``.
NUMBERS: dict[int, Number] = {
    1: Number("<f4", 4, "<f", 5, wire=5),
    2: Number("<f8", 8, "<d", 6, wire=1),
    3: Number("<i4", 4, "<i", 7),
    4: Number("u1", 1, "<B", 7),
    5: Number("<i2", 2, "<h", 7),
    6: Number("i1", 1, "<b", 7),
    9: Number("<i8", 8, "<q", 10),
    10: Number(BOOL, 1, "<?", 11),
    14: Number(BFLOAT16, 2, "<H", 13),
    17: Number("<u2", 2, "<H", 7),
    19: Number("<f2", 2, "<e", 13),
    22: Number("<u4", 4, "<I", 16),
    23: Number("<u8", 8, "<Q", 17),
}


def as_float64(raw: npt.NDArray[np.generic], dtype: str) -> npt.NDArray[np.float64]:
    """Turn numbers as :func:`storage` holds them into float64. Whole numbers beyond 2**53 lose their last digits."""
    if dtype == BFLOAT16:
        raw = (raw.astype(np.uint32) << np.uint32(16)).view(np.float32)
    elif dtype == BOOL:
        raw = raw != 0
    # A signalling NaN becomes a quiet one, about which numpy would warn.
    with np.errstate(invalid="ignore"):
        return raw.astype(np.float64)


def storage(dtype: str) -> str:
    """Name the numpy type of the same width that holds the stored bytes."""
    return {BFLOAT16: "<u2", BOOL: "u1"}.get(dtype, dtype)
