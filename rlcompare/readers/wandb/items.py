r"""History records that hold numbers alone, taken apart all at once.

A record is a row of items ``\n size key \x82\x01 size number``, in an order of chance, and then perhaps the step. A key
is ``\n size text``, or, nested, ``\x12 size text`` once or more. The sizes between the items tell where all of this is;
with other bytes in their place, what is left is a table that Polars reads: a row an item, a key and a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

_ITEM, _KEY_TAGS = 0x0A, (0x0A, 0x12)
_BEFORE_VALUE = b"\x82\x01"

#: Characters of a number; more are none that a float holds.
_LONGEST_NUMBER = 31

#: How a number begins in JSON as Python and W&B write it: NaN and Infinity too.
_BEGINS_NUMBER = np.isin(np.arange(256), list(b"-0123456789NI"))

#: Put between items, between a key and its number, and for sizes. The first two are in no key that is sane.
_END, _BETWEEN, _FILLER = 0x00, 0x7F, ord("x")

#: Beyond the end of the records, so that what damaged sizes point to is there.
_MARGIN = bytes(512)


@dataclass(frozen=True, eq=False)
class Items:
    """The values of many records.

    Parameters
    ----------
    names : list of str
        Keys; nested ones joined with ``.``, as W&B shows them.
    key : ndarray of int, shape (n,)
        Of each value the place of its key in ``names``.
    row : ndarray of int, shape (n,)
        The record that it stands in, ascending.
    value : ndarray of float, shape (n,)
    odd : list of int
        Records of which nothing is here, since they hold something else than short keys and numbers.
    """

    names: list[str]
    key: NDArray[np.int64]
    row: NDArray[np.int64]
    value: NDArray[np.float64]
    odd: list[int]


@dataclass(frozen=True, eq=False)
class _Layout:
    """Where the items of joined records stand, by their sizes: one value an item.

    Parameters
    ----------
    begin : ndarray
        Byte of the item's tag.
    is_long : ndarray of bool
        The item's size takes two bytes.
    mark : ndarray
        Byte of its value's tag.
    row : ndarray
        The record.
    is_sound : ndarray of bool
        The item ends where its size says, and holds a number as far as the first byte tells.
    """

    begin: NDArray[np.int64]
    is_long: NDArray[np.bool_]
    mark: NDArray[np.int64]
    row: NDArray[np.int64]
    is_sound: NDArray[np.bool_]


def take_apart(records: Sequence[bytes]) -> Items:
    """Find the values of history records, whose bytes are known to be as they were written."""
    kept = list(map(_without_step, records))
    while True:
        data = np.frombuffer(bytearray(b"".join(record or b"" for record in kept) + _MARGIN), np.uint8)
        layout = _lay_out(data, [len(record or b"") for record in kept])
        if layout.is_sound.all():
            break
        for odd in np.unique(layout.row[~layout.is_sound]):
            kept[odd] = None
    places: dict[str, int] = {}
    key, row, value = np.zeros(0, np.int64), layout.row[:0], np.zeros(0)
    if len(layout.row):
        table = _as_table(data, layout)
        if table is None:
            return Items([], key, row, value, list(range(len(records))))
        spelled = table["key"].unique(maintain_order=True)
        named = [-1 if name is None else places.setdefault(name, len(places)) for name in map(_name, spelled)]
        key = np.array(named)[table["key"].cast(pl.Enum(spelled)).to_physical().to_numpy()]
        row, value = layout.row, table["value"].to_numpy()
        if -1 in named:
            for odd in np.unique(row[key < 0]):
                kept[odd] = None
            good = np.array([record is not None for record in kept])[row]
            key, row, value = key[good], row[good], value[good]
    return Items(list(places), key, row, value, [number for number, record in enumerate(kept) if record is None])


def _without_step(record: bytes) -> bytes | None:
    """Cut a record behind its last number; ``None`` where something else than the step follows."""
    mark = record.rfind(_BEFORE_VALUE)
    if mark + 2 >= len(record) > 0:
        return None
    end = mark + 3 + record[mark + 2] if mark >= 0 else 0
    return record[:end] if record[end : end + 1] in (b"", b"\x12") else None


def _lay_out(data: NDArray[np.uint8], lengths: Sequence[int]) -> _Layout:
    mark = np.flatnonzero(data[:-1] == _BEFORE_VALUE[0])
    mark = mark[data[mark + 1] == _BEFORE_VALUE[1]]
    end_of_row = np.cumsum(lengths, dtype=np.int64)
    count = np.diff(np.searchsorted(mark, end_of_row), prepend=0)
    row = np.repeat(np.arange(len(lengths)), count)
    size = data[mark + 2].astype(np.int64)
    end = mark + 3 + size
    begin = np.roll(end, 1)
    is_first = np.diff(row, prepend=-1) > 0
    begin[is_first] = (end_of_row - lengths)[row[is_first]]
    is_long = data[begin + 1] >= 0x80
    item = (data[begin + 1] & 0x7F).astype(np.int64) | np.where(is_long, data[begin + 2].astype(np.int64) << 7, 0)
    is_sound = (
        (data[begin] == _ITEM)
        & (begin + 2 + is_long + item == end)
        & (size > 0)
        & (size <= _LONGEST_NUMBER)
        & _BEGINS_NUMBER[data[mark + 3]]
    )
    return _Layout(begin, is_long, mark, row, is_sound)


def _as_table(data: NDArray[np.uint8], layout: _Layout) -> pl.DataFrame | None:
    """Overwrite what stands between keys and numbers, and parse; ``None`` where a key holds what is put there."""
    begin, mark = layout.begin, layout.mark
    data[begin], data[begin + 1], data[begin[layout.is_long] + 2] = _END, _FILLER, _FILLER
    data[mark] = data[mark + 1] = data[mark + 2] = _BETWEEN
    schema = {"key": pl.String, "tag": pl.String, "size": pl.String, "value": pl.Float64}
    try:
        table = pl.read_csv(
            data[1 : -len(_MARGIN)].tobytes(),
            schema=schema,
            has_header=False,
            columns=[0, 3],
            separator=chr(_BETWEEN),
            eol_char=chr(_END),
            quote_char=None,
        )
    except pl.exceptions.PolarsError:
        return None
    return table if table.height == len(mark) and not table["value"].null_count() else None


def _name(spelled: str) -> str | None:
    """Join the parts of a key, which stand behind filler, each with its tag and size."""
    key = spelled.encode().lstrip(bytes([_FILLER]))
    parts = []
    at = 0
    while at + 1 < len(key):
        end = at + 2 + key[at + 1]
        if key[at] not in _KEY_TAGS or key[at + 1] >= 0x80 or end > len(key):
            return None
        parts.append(key[at + 2 : end].decode("utf-8", "replace"))
        at = end
    return ".".join(parts) if parts and at == len(key) else None
