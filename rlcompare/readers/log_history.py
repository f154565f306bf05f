"""The records in a Hugging Face ``trainer_state.json``: exact as the ``json`` module, several times as fast.

``TrainerState.save_to_json`` (transformers/trainer_callback.py) writes one JSON object with sorted keys and an indent
of 2; ``log_history`` is a list of flat objects, with NaN as a bare token.

The list is parsed in pieces that stay in the processor's cache, each at once with the keys seen so far as its schema.
Colons prove that a piece has no other key; one that has is parsed row by row. A file of any other layout, and one that
was cut while it was written, takes the way through the ``json`` module.
"""

from __future__ import annotations

import codecs
import json
import math
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from io import BytesIO
from typing import Any

import numpy as np
import orjson
import polars as pl

from rlcompare.readers import ndjson, text
from rlcompare.readers.base import IssueList
from rlcompare.readers.columns import Columns
from rlcompare.readers.steps import whole
from rlcompare.readers.text import Rows
from rlcompare.schema import STEP

#: Bytes of ``log_history`` parsed at a time.
PIECE_BYTES = 1 << 20

#: Polars parses a list of records on one core.
THREADS = os.cpu_count() or 1

# As the indent of 2 puts them. A raw line end cannot stand inside of a JSON string.
_LIST_START = b'\n  "log_history": ['
_FIRST_ROW = b"\n    {"
_ROW_END = b"\n    }"
_BETWEEN_ROWS = b"\n    },\n    {"
_LIST_END = b"\n  ]"

_BOOLEANS = (b": t", b": f")

#: Bare tokens, numbers that stand for them while Polars parses, and what they mean.
_MARKS = (
    (b": NaN", b": -1.5e-299", math.nan),
    (b": Infinity", b": -2.5e-299", math.inf),
    (b": -Infinity", b": -3.5e-299", -math.inf),
)


class _OtherLayoutError(ValueError):
    """Not laid out as ``save_to_json`` does."""


def parse_state(data: bytes, issues: IssueList) -> tuple[dict[str, Any], Rows]:
    """Parse the state without its ``log_history``, and that as rows with a ``step`` column.

    Of a file that was cut the whole records are read, and an issue says so.

    Raises
    ------
    ValueError, RecursionError
        Not JSON, or no ``log_history``.
    """
    body = data.removeprefix(codecs.BOM_UTF8)
    if b"\r\n" in body[:16]:
        body = body.replace(b"\r\n", b"\n")  # written on Windows
    try:
        return _parse_usual(body, issues)
    except _OtherLayoutError:
        pass
    try:
        return _parse_any(data, issues)
    except ValueError as error:
        try:
            state, rows = _parse_usual(_mended(body), issues)
        except ValueError:
            raise error from None
        issues.add(
            f"byte {len(data)}",
            f"Expected the end of the JSON object: {error}. The {len(rows.lines):,} whole records before it are read. "
            "Hint: a checkpoint that is still being written is read again once it has grown.",
        )
        return state, rows


def _mended(body: bytes) -> bytes:
    """End a file that was cut behind the last whole record."""
    start = body.find(_LIST_START)
    end = body.find(_LIST_END, start)
    if end < 0:
        end = body.rfind(_ROW_END, start) + len(_ROW_END)
    return body[:end] + _LIST_END + b"}"


def _parse_any(data: bytes, issues: IssueList) -> tuple[dict[str, Any], Rows]:
    state = _loads(data)
    history = state.pop("log_history", None) if isinstance(state, dict) else None
    if isinstance(history, list):
        rows = _one_by_one(history, 1, issues)
        return state, rows
    raise ValueError("there is no list of this name in it")


def _parse_usual(body: bytes, issues: IssueList) -> tuple[dict[str, Any], Rows]:
    start = body.find(_LIST_START + _FIRST_ROW)
    end = body.rfind(_LIST_END)
    if not 0 <= start < end:
        raise _OtherLayoutError("no log_history of this layout")
    start += len(_LIST_START)
    try:
        state = _loads(body[:start] + body[end:])
    except ValueError as error:
        raise _OtherLayoutError(str(error)) from error
    if not isinstance(state, dict) or state.pop("log_history", None) != []:
        raise _OtherLayoutError("another log_history before this one")

    schema: dict[str, pl.DataType] = {}
    frames: list[pl.DataFrame] = []
    entries: list[pl.Series] = []
    left_out: dict[str, None] = {}
    first = 1
    for piece, ahead in _parsed_ahead(_pieces(body, start, end), schema):
        frame = ahead if ahead is not None else _at_once(piece, schema)
        if frame is not None:
            entries.append(text.line_numbers(first, frame.height))
            first += frame.height
        else:
            try:
                records = _loads(b"[" + piece + b"]")
            except ValueError as error:
                raise _OtherLayoutError(str(error)) from error
            rows = _one_by_one(records, first, issues)
            schema |= dict.fromkeys(rows.frame.columns, pl.Float64())
            left_out |= dict.fromkeys(rows.left_out)
            frame = rows.frame.with_columns(whole(rows.frame[STEP]).cast(pl.Float64))
            entries.append(rows.lines)
            first += len(records)
        frames.append(frame)
    return state, Rows(pl.concat(frames, how="diagonal"), pl.concat(entries), tuple(left_out))


def _pieces(body: bytes, start: int, end: int) -> Iterator[bytes]:
    """Cut ``body[start:end]`` between rows."""
    while start < end:
        cut = body.find(_BETWEEN_ROWS, start + PIECE_BYTES, end)
        stop = end if cut < 0 else cut + len(_ROW_END)
        yield body[start:stop]
        start = stop + len(b",")


def _parsed_ahead(
    pieces: Iterator[bytes], schema: dict[str, pl.DataType]
) -> Iterator[tuple[bytes, pl.DataFrame | None]]:
    """Parse pieces on all cores while the rows before them are taken; each with the keys known when its turn comes."""
    with ThreadPoolExecutor(THREADS) as pool:
        waiting: deque[tuple[bytes, Future[pl.DataFrame | None]]] = deque()
        for piece in pieces:
            if not schema:
                yield piece, None
                continue
            waiting.append((piece, pool.submit(_at_once, piece, dict(schema))))
            if len(waiting) > 2 * THREADS:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()


def _at_once(piece: bytes, schema: dict[str, pl.DataType]) -> pl.DataFrame | None:
    """Parse rows with a known schema, or ``None`` where this is not proven to lose nothing.

    The proof is that of :mod:`rlcompare.readers.ndjson`: every key has a colon, and every colon must be that of a value
    in the frame or of a null.
    """
    if not schema or any(start in piece for start in _BOOLEANS):
        return None  # Polars would take true for 1
    frame = _frame(piece, schema)
    if frame is None:
        return None
    values = frame.height * frame.width - sum(column.null_count() for column in frame.iter_columns())
    # NumPy counts single bytes several times as fast as bytes.count.
    unseen = int(np.count_nonzero(np.frombuffer(piece, np.uint8) == ord(":"))) - values
    return frame if unseen == 0 or unseen == piece.count(b": null") else None


def _frame(piece: bytes, schema: dict[str, pl.DataType]) -> pl.DataFrame | None:
    """Parse with Polars, which refuses bare NaN and the like: a number of our own stands for each meanwhile."""
    try:
        return pl.read_json(BytesIO(b"[" + piece + b"]"), schema=schema)
    except pl.exceptions.PolarsError:
        pass
    marks: dict[float, float] = {}
    given = 0
    for token, mark, value in _MARKS:
        if token in piece:
            marks[float(mark[2:])] = value
            given += piece.count(token)
            piece = piece.replace(token, mark)
    if not marks:
        return None
    try:
        frame = pl.read_json(BytesIO(b"[" + piece + b"]"), schema=schema)
    except pl.exceptions.PolarsError:
        return None
    found = frame.select(pl.sum_horizontal(pl.all().is_in(list(marks)).sum())).item()
    return frame.with_columns(pl.all().replace(marks)) if found == given else None


def _one_by_one(records: list[object], first: int, issues: IssueList) -> Rows:
    """Collect parsed records; the result has a step column whatever they hold."""
    columns = Columns(index={STEP})
    for entry, record in enumerate(records, first):
        if isinstance(record, dict):
            columns.add(ndjson.flatten(record), entry)
        else:
            found = text.shown(json.dumps(record))
            issues.add(f"log_history entry {entry}", f"Expected a JSON object, found {found}; left out.")
    rows = columns.rows()
    if STEP in rows.frame.columns:
        return rows
    steps = pl.Series(STEP, [None] * len(rows.lines), dtype=pl.Int64)
    return Rows(pl.DataFrame([steps, *rows.frame.iter_columns()]), rows.lines, rows.left_out)


def _loads(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        # Slower, and takes NaN and UTF-16.
        return json.loads(data, parse_int=_parse_int)


def _parse_int(digits: str) -> int | float:
    return int(digits) if len(digits) < 20 else float(digits)
