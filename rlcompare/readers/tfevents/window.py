"""A stretch of a file in memory that moves forward, in a buffer that may be written to."""

from __future__ import annotations

import threading
from typing import BinaryIO

import numpy as np

from rlcompare.readers.tfevents.framing import Bytes

WINDOW_BYTES = 4 << 20

#: One buffer a thread, left over from its last window: fresh memory, which the kernel must clear and map page by page,
#: costs as much as the decoding of a short file.
_SPARE = threading.local()


class Window:
    """Bytes ``base`` to ``base + stop`` of a file, as ``data[:stop]`` and ``memory[:stop]``.

    ``end`` is the file's size when it was opened: what is appended while it is read waits for the next read, so that
    every read ends.
    """

    def __init__(self, stream: BinaryIO, offset: int) -> None:
        self._stream = stream
        self.end = stream.seek(0, 2)
        self._allocate(WINDOW_BYTES)
        self.base = offset
        self.stop = 0
        self._fill(0)

    @property
    def ended(self) -> bool:
        """No more bytes follow behind the window."""
        return self.base + self.stop >= self.end

    def advance(self, at: int, need: int = 0) -> None:
        """Forget the bytes before ``data[at]`` and read on, so that at least ``need`` bytes fit in."""
        kept = self.stop - at
        if need > self.data.size:
            before = self.data
            self._allocate(need)
            self.data[:kept] = before[at : self.stop]
        else:
            self.data[:kept] = self.data[at : self.stop].copy()
        self.base += at
        self._fill(kept)

    def jump(self, offset: int) -> None:
        """Go on at another byte of the file."""
        self.base = offset
        self._fill(0)

    def _allocate(self, size: int) -> None:
        spare: bytearray | None = getattr(_SPARE, "buffer", None)
        if spare is None or len(spare) < size:
            spare = bytearray(size)
            if size <= WINDOW_BYTES:
                _SPARE.buffer = spare
        self.memory = memoryview(spare)[:size]
        self.data: Bytes = np.frombuffer(self.memory, np.uint8)

    def _fill(self, filled: int) -> None:
        self._stream.seek(self.base + filled)
        space = self.memory[: max(0, self.end - self.base)]
        while filled < len(space):
            got = self._stream.readinto(space[filled:])  # type: ignore[attr-defined]
            if not got:
                # The file shrank while it was read: it ends here.
                self.end = self.base + filled
                break
            filled += got
        self.stop = filled
