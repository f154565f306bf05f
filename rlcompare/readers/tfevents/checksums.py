"""The payload checksums of whole rows of records, at the cost of one call a row or fewer, not one a record.

A CRC register that runs over data followed by that data's own CRC ends in a state that does not depend on the data.
So once every stored checksum is replaced by its unmasked value, all sound rows of a shape have one CRC. One damaged
record always changes it; more than one do but for one case in 2^32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import google_crc32c
import numpy as np
import numpy.typing as npt

from rlcompare.readers.tfevents.framing import CRC_BYTES, HEADER_BYTES, Bytes, crc32c, unmask
from rlcompare.readers.tfevents.log import Ints

#: Bytes that one call covers where rows are short.
_SPAN_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Places:
    """Numbers of one type at fixed places of a row.

    Parameters
    ----------
    columns : ndarray of int
        Which bytes of the row: those of the first number, then those of the second, and so on.
    dtype : str
        The type of the bytes, see ``dtypes.storage``.
    """

    columns: Ints
    dtype: str

    @classmethod
    def of(cls, at: Sequence[int], dtype: str) -> Places:
        """Numbers of ``dtype`` that begin at the bytes ``at``."""
        return cls(np.add.outer(np.array(at, np.int64), np.arange(np.dtype(dtype).itemsize)).ravel(), dtype)

    @property
    def first(self) -> Places:
        """The first of the numbers alone."""
        return Places(self.columns[: np.dtype(self.dtype).itemsize], self.dtype)

    def take(self, rows: Bytes) -> npt.NDArray[Any]:
        """Take the numbers out of rows, shape (n, width), as an array of shape (n, numbers)."""
        return rows.take(self.columns, axis=1).view(self.dtype)

    def put(self, rows: Bytes, numbers: npt.NDArray[Any]) -> None:
        """Overwrite them."""
        rows[:, self.columns] = numbers.view(np.uint8)


@dataclass(frozen=True, slots=True)
class Checksums:
    """The payload checksums of rows, and what a sound row's own comes to once they are unmasked.

    Parameters
    ----------
    places : Places
    row_crc : int
        CRC of a sound row.
    span : int
        How many rows one call covers.
    span_crc : int
        CRC of so many sound rows.
    """

    places: Places
    row_crc: int
    span: int
    span_crc: int

    @classmethod
    def of(cls, frames: Sequence[bytes], most_rows: int = _SPAN_BYTES) -> Checksums:
        """Learn them from a row's records, whatever their payloads are; ``most_rows`` is how many there will be."""
        ends = np.cumsum([len(frame) for frame in frames])
        row = b"".join(
            frame[:-CRC_BYTES] + crc32c(frame[HEADER_BYTES:-CRC_BYTES]).to_bytes(4, "little") for frame in frames
        )
        span = max(1, min(most_rows, _SPAN_BYTES // len(row)))
        return cls(Places.of((ends - CRC_BYTES).tolist(), "<u4"), crc32c(row), span, crc32c(row * span))

    def sound(self, rows: Bytes) -> npt.NDArray[np.bool_]:
        """Tell which rows have right payload checksums.

        Parameters
        ----------
        rows : contiguous, writable ndarray of uint8, shape (n, width)
            Rows whose headers are known to be right. Where all are sound, their checksums are left unmasked.
        """
        n, width = rows.shape
        stored = self.places.take(rows)
        self.places.put(rows, unmask(stored))
        whole = n - n % self.span
        value = google_crc32c.value
        sound = np.ones(n, np.bool_)
        spans = [value(span) == self.span_crc for span in rows[:whole].reshape(-1, self.span * width)]
        sound[:whole] = np.repeat(spans, self.span)
        for row in (*np.flatnonzero(~sound), *range(whole, n)):
            sound[row] = value(rows[row]) == self.row_crc
        if not sound.all():
            self.places.put(rows, stored)
        return sound
