"""A log that was rotated or compressed, as the one stream that its writer wrote.

``train.log.2.gz``, ``train.log.1`` and ``train.log`` are read one behind the other. What a rotation moves to another
file keeps its place in the stream, so that a read can resume where the last one stopped.
"""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_OPENERS: dict[str, Callable[[Path], Any]] = {
    ".gz": gzip.GzipFile,
    ".zst": zstd.ZstdFile,
}

#: Suffixes of files that are unpacked as they are read.
PACKED_SUFFIXES = frozenset(_OPENERS)

#: What unpackers raise over bytes that are damaged or end too early.
_DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile, zstd.ZstdError)

#: Ends a line that damage cut: no number and no JSON ends so, and what is left of it must not be taken for a whole one
#: nor be joined to the next file's first line.
_CUT = b"\xff\n"

_SKIP_BYTES = 1 << 20


def open_pieces(paths: Sequence[Path], problems: list[str]) -> BinaryIO:
    """Open files, oldest first, as one stream that can seek.

    Parameters
    ----------
    paths : sequence of Path
    problems : list of str
        Receives what is damaged: a piece that cannot be unpacked to its end ends where it can.

    Raises
    ------
    OSError
        The first file cannot be opened; also raised by reading, for the others.
    """
    if len(paths) == 1 and paths[0].suffix not in PACKED_SUFFIXES:
        return paths[0].open("rb")
    return cast("BinaryIO", io.BufferedReader(_Pieces(paths, problems)))


class _Pieces(io.RawIOBase):
    """Pieces one behind the other. Seeking back begins the piece anew, as unpacking has to."""

    def __init__(self, paths: Sequence[Path], problems: list[str]) -> None:
        self._paths = paths
        self._problems = problems
        self._sizes: list[int] = []
        self._last = b""
        self._damage: dict[int, tuple[int, bytes]] = {}
        self._number = 0
        self._within = 0
        self._stream = self._open(0)

    def _open(self, number: int) -> io.BufferedReader:
        path = self._paths[number]
        stream: io.BufferedReader = _OPENERS.get(path.suffix, Path.open)(path, "rb")
        return stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()

    def tell(self) -> int:
        return sum(self._sizes[: self._number]) + self._within

    def readinto(self, buffer: Any) -> int:
        while True:
            data = self._read(len(buffer))
            if data:
                buffer[: len(data)] = data
                return len(data)
            if not self._next():
                return 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            while self._skip(_SKIP_BYTES) or self._next():
                pass
            offset += self.tell()
        elif whence == io.SEEK_CUR:
            offset += self.tell()
        if offset < self.tell():
            self._go_to(max(0, offset))
        while self.tell() < offset and (self._skip(offset - self.tell()) or self._next()):
            pass
        return self.tell()

    def _go_to(self, offset: int) -> None:
        """Begin the piece that holds ``offset``, which lies behind what was read before."""
        number = 0
        while number < len(self._sizes) and offset >= self._sizes[number]:
            offset -= self._sizes[number]
            number += 1
        self._stream.close()
        self._stream, self._number, self._within = self._open(number), number, 0

    def _next(self) -> bool:
        if self._number + 1 >= len(self._paths):
            return False
        self._sizes[self._number :] = [self._within]
        self._stream.close()
        self._number, self._within = self._number + 1, 0
        self._stream = self._open(self._number)
        return True

    def _read(self, size: int) -> bytes:
        # Unpackers would go on behind damage with bytes that are nobody's.
        if self._number in self._damage:
            at, mark = self._damage[self._number]
            if self._within >= at:
                data = mark[self._within - at :][:size]
                self._within += len(data)
                return data
            size = min(size, at - self._within)
        try:
            # All that can be unpacked before the damage comes before it is raised.
            data = self._stream.read1(size)
        except _DAMAGE:
            self._damage[self._number] = self._within, b"" if self._last in (b"", b"\n") else _CUT
            name = self._paths[self._number].name
            problem = f"Expected {name} to unpack to its end, it is damaged or cut short; it is read up to there."
            if problem not in self._problems:
                self._problems.append(problem)
            return self._read(size)
        self._within += len(data)
        self._last = data[-1:]
        return data

    def _skip(self, size: int) -> int:
        return len(self._read(min(size, _SKIP_BYTES)))
