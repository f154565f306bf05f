"""Step lines of a verl console log as one table for Polars.

Joined by `` - ``, the lines are one text, ``3 - key:value - key:value - step:4 - key:value - step``. Its rows end in
``:`` and its cells in a space: each row is a value, a dash, and the key of the next value. So all values are one
column, whichever keys each line has, and every key is seen.
"""

from __future__ import annotations

import re

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlcompare.readers import text

#: Looked at for how NumPy's numbers are dressed.
SAMPLED_BYTES = 1 << 16

#: Position of a line among those given; no metric can be called so, for keys hold no space.
ROW = " row"

_NUMPY = re.compile(rb":(np\.(?:float|int|uint)\d+\()")


def read_table(data: bytes, count: int) -> pl.DataFrame | None:
    """Parse ``count`` lines as one table, or ``None`` where they are none. Lines that do not fit are missing in it.

    Parameters
    ----------
    data : bytes
        ``3 - key:value - step:4 - key:value - step``.

    Returns
    -------
    DataFrame
        The position of each line, ``step``, and the metrics.
    """
    if (table := _read_pairs(data)) is None:
        return None
    values, nexts = table["value"], table["next"]
    ends = (nexts == "step").fill_null(False).to_numpy()
    if ends.sum() != count or not ends[-1]:
        return None
    width = int(ends.argmax()) + 1
    regular = nexts[:width].gather(np.tile(np.arange(width), count)) if width * count == len(ends) else nexts[:0]
    if len(regular) and nexts[:width].n_unique() == width and (nexts == regular).all():
        names = ["step", *nexts[: width - 1]]
        matrix = values.to_numpy().reshape(count, width).T
        given = values.is_not_null().to_numpy().reshape(count, width).T
        wrong = ~given.all(axis=0)
    else:
        names, matrix, given, wrong = _scatter(values, nexts.shift(1, fill_value="step"), np.cumsum(ends) - ends)
    wrong |= ~((np.abs(matrix[0]) < text.FLOAT_EXACT) & (matrix[0] == np.floor(matrix[0])))
    good = np.flatnonzero(~wrong)
    if not len(good):
        return None
    matrix, given = np.ascontiguousarray(matrix[:, good]), given[:, good]
    columns = [pl.Series(ROW, good), pl.Series("step", matrix[0].astype(np.int64))]
    for name, row, there in zip(names[1:], matrix[1:], given[1:], strict=True):
        column = pl.Series(name, row)
        columns.append(column if there.all() else column.set(pl.Series(~there), None))
    return text.without_empty(pl.DataFrame(columns))


def _scatter(
    values: pl.Series, keys: pl.Series, line: NDArray[np.int64]
) -> tuple[list[str], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Spread values over a matrix of keys and lines.

    Returns
    -------
    names : list of str
        ``step`` first.
    matrix, given : ndarray, shape (n_keys, n_lines)
    wrong : ndarray, shape (n_lines,)
        Lines with a null value, a null key or a key that stands twice.
    """
    names = keys.unique(maintain_order=True).drop_nulls()
    position = keys.cast(pl.Enum(names)).to_physical().cast(pl.Int64).fill_null(0).to_numpy()
    shape = len(names), int(line[-1]) + 1
    cell = position * shape[1] + line
    matrix = np.full(shape, np.nan)
    matrix.ravel()[cell] = values.to_numpy()
    times = np.bincount(cell, minlength=matrix.size).reshape(shape)
    wrong = np.any(times > 1, axis=0)
    wrong[line[(values.is_null() | keys.is_null()).to_numpy()]] = True
    return names.to_list(), matrix, times > 0, wrong


def _read_pairs(data: bytes) -> pl.DataFrame | None:
    """Parse ``value - key:value - key:…``: each ``value``, null where it is no number, and the ``next`` key."""
    for kind in (pl.String,) if b"(" in data else (pl.Float64, pl.String):
        schema = {"value": kind, "dash": pl.String, "next": pl.String}
        try:
            table = pl.read_csv(data, schema=schema, has_header=False, separator=" ", eol_char=":", quote_char=None)
        except pl.exceptions.PolarsError:
            continue
        if kind == pl.String:
            names = {match.decode() for match in _NUMPY.findall(data[:SAMPLED_BYTES])}
            table = table.with_columns(_undressed(table, names))
        return table.with_columns(pl.when(pl.col("dash") == "-").then(pl.col("value")).alias("value"))
    return None


def _undressed(table: pl.DataFrame, names: set[str]) -> pl.Series:
    """Parse the text in ``value`` after stripping ``np.float64(`` and ``)``, or another of ``names``; only in pairs."""
    value = plain = pl.col("value")
    for name in names:
        plain = plain.str.strip_prefix(name)
    plain = plain.str.strip_suffix(")")
    parsed = table.select(
        plain.cast(pl.Float64, strict=False), (value.str.len_bytes() - plain.str.len_bytes()).alias("taken")
    )
    in_pairs = parsed["taken"].is_in([0, *(len(name) + 1 for name in names)])
    return parsed["value"] if in_pairs.all() else parsed["value"].set(~in_pairs, None)
