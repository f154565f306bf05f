"""One metric of stored parts as arrays, the latest kept in memory: a live run is read again at every look."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import polars as pl

from rlcompare.curves import Points, unlogged
from rlcompare.store.record import Slice

#: Bytes of arrays that are kept. A query that exceeds them by itself would push out everything and find nothing again.
KEPT_BYTES = 256 * 2**20
#: So many values fit.
VALUES_KEPT = KEPT_BYTES // 24

#: Bytes that a piece takes beside its values, so that very many small pieces are bounded too.
_OVERHEAD = 1024

#: Path, inode, size, time of the last change in ns, column. A path alone does not do: a cache that was deleted and
#: made again uses the same names.
_Key = tuple[str, int, int, int, str]


class _Kept:
    """The pieces that were asked for last, shared by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pieces: OrderedDict[_Key, Points] = OrderedDict()
        self._bytes = 0

    def find(self, keys: Iterable[_Key]) -> dict[_Key, Points]:
        with self._lock:
            found = {key: self._pieces[key] for key in keys if key in self._pieces}
            for key in found:
                self._pieces.move_to_end(key)
        return found

    def keep(self, found: Mapping[_Key, Points]) -> None:
        """Copy the arrays: they are stretches of longer ones, which would stay in memory with them."""
        if sum(map(_bytes, found.values())) > KEPT_BYTES:
            return
        copies = {key: points.copy() for key, points in found.items()}
        with self._lock:
            for key, points in copies.items():
                if key not in self._pieces:
                    self._pieces[key] = points
                    self._bytes += _bytes(points)
            while self._bytes > KEPT_BYTES:
                _, dropped = self._pieces.popitem(last=False)
                self._bytes -= _bytes(dropped)


_KEPT = _Kept()


def _bytes(points: Points) -> int:
    return sum(array.nbytes for array in points) + _OVERHEAD


def read_pieces(wanted: Sequence[tuple[str, Slice]], *, keep: bool = True) -> list[Points]:
    """Read one metric of many parts.

    Parameters
    ----------
    wanted : sequence of (run directory, Slice)
    keep : bool
        Keep them in memory for the next time.

    Returns
    -------
    list of Points, one a slice
        The rows that logged the metric, as written, their steps shifted as the slice says. Shared: do not change them
        in place.

    Raises
    ------
    OSError, polars.exceptions.PolarsError
        A stored file is gone or damaged; the run must be read again.
    """
    keys = [_key(os.path.join(directory, piece.file), piece.column) for directory, piece in wanted]
    found = _KEPT.find(keys)
    missing = [key for key in keys if key not in found]
    if missing:
        read = _read(missing)
        if keep:
            _KEPT.keep(read)
        found |= read
    return [
        found[key]._replace(step=found[key].step + piece.shift) if piece.shift else found[key]
        for key, (_, piece) in zip(keys, wanted, strict=True)
    ]


def _key(path: str, column: str) -> _Key:
    stat = os.stat(path)  # noqa: PTH116 - hundreds of paths at every look
    return path, stat.st_ino, stat.st_size, stat.st_mtime_ns, column


def _read(keys: Sequence[_Key]) -> dict[_Key, Points]:
    by_column: dict[str, dict[str, _Key]] = {}
    for key in keys:
        by_column.setdefault(key[-1], {})[key[0]] = key
    tables = pl.collect_all([_scan(list(by_path), column) for column, by_path in by_column.items()])
    nothing = Points(np.empty(0, np.int64), np.empty(0), np.empty(0))
    found = dict.fromkeys(keys, nothing)
    for by_path, table in zip(by_column.values(), tables, strict=True):
        start = 0
        for length, path in table["_path"].rle().struct.unnest().iter_rows():
            # A stretch of a column lies in one chunk as a rule: nothing is copied.
            step, time, value = (table[name].slice(start, length) for name in ("step", "wall_time", "value"))
            times = unlogged(length) if time.null_count() == length else time.fill_null(np.nan).to_numpy()
            found[by_path[path]] = Points(step.to_numpy(), times, value.to_numpy())
            start += length
    return found


def _scan(paths: list[str], column: str) -> pl.LazyFrame:
    return (
        pl.scan_parquet(
            paths,
            glob=False,
            schema={"step": pl.Int64, "wall_time": pl.Float64, column: pl.Float64},
            extra_columns="ignore",
            include_file_paths="_path",
        )
        .select("_path", "step", "wall_time", pl.col(column).alias("value"))
        .filter(pl.col("value").is_not_null())
    )
