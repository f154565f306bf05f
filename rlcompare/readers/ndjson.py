"""JSON lines to a wide frame: exact as the ``json`` module, several times as fast.

Polars parses a whole file at once if it is told the schema, but drops keys that the schema lacks. So the schema comes
from sampled lines, and the colons of the text then prove that no key was dropped: each key has one. Where the proof
fails, or Polars refuses the text (bare ``NaN``, strings, garbage), each line is parsed on its own.
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

import orjson
import polars as pl

from rlcompare.readers import text
from rlcompare.readers.base import IssueList
from rlcompare.readers.columns import Columns
from rlcompare.readers.text import Lines, Rows

#: Lines looked at for the schema.
SAMPLED = 64

#: Objects nested deeper are garbage; Python's own limit depends on who calls.
DEEPEST = 100

#: Keys that would spoil the count of colons, or cannot be in a schema.
_UNUSUAL = re.compile("[:\ud800-\udfff]|^$")

Record = dict[str, Any]


def accept_tail(lines: Lines) -> Lines:
    """Count a last line without a line end as whole where it holds whole JSON objects: they delimit themselves."""
    tail = lines.tail.removeprefix(codecs.BOM_UTF8) if lines.offset == 0 else lines.tail
    if not tail.rstrip().endswith(b"}"):
        return lines
    objects, rest, _ = parse_line(tail)
    if rest or not objects:
        return lines
    return Lines(lines.data + tail, lines.offset + len(lines.tail), b"")


def read_rows(
    data: bytes,
    issues: IssueList,
    *,
    first_line: int = 1,
    index: Collection[str] = frozenset(),
    leave_out: Collection[str] = frozenset(),
) -> Rows:
    r"""Parse JSON lines, one record an object; nested keys are joined by ``/``.

    Numbers become Float64; the strings ``"NaN"``, ``"Infinity"`` and the like, and the bare tokens that Python writes,
    count as numbers. ``null`` is a value that was not logged. Other strings, lists and booleans are no metrics. Of a
    key that stands twice in an object the last one counts, with an issue. A line that is no object is an issue;
    several objects on one line (two writers without a line end between them) are several records.

    Parameters
    ----------
    data : bytes
        Whole lines, UTF-8 without a mark.
    issues : IssueList
        Receives what could not be read.
    first_line : int
        Line number of the first line of ``data``.
    index : collection of str
        Flattened keys to keep as exact whole numbers or text, for steps and times.
    leave_out : collection of str
        Top-level keys to skip without a word.
    """
    rows = _all_at_once(data, first_line, index, leave_out)
    return rows if rows is not None else _line_by_line(data, issues, first_line, index, leave_out)


def sample_records(data: bytes, limit: int = SAMPLED) -> Iterator[Record]:
    """Yield parsed records from ``limit`` evenly spread lines of ``data``; lines that do not parse are skipped."""
    stride = max(1, len(data) // limit)
    start = 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        yield from parse_line(data[start:end])[0]
        skip = start + stride
        start = end + 1 if skip <= end else (data.find(b"\n", skip) + 1 or len(data))


def iter_records(data: bytes) -> Iterator[Record]:
    """Yield the records of ``data`` one by one as parsed; lines that do not parse are skipped."""
    for line in io.BytesIO(data):
        yield from parse_line(line)[0]


def flatten(record: Record, leave_out: Collection[str] = frozenset()) -> Record:
    """Flatten nested objects: ``{"a": {"b": 1}}`` to ``{"a/b": 1}``. Lists stay values."""
    flat: Record = {}
    _flatten_into(flat, "", record, leave_out)
    return flat


def _flatten_into(flat: Record, prefix: str, record: Record, leave_out: Collection[str]) -> int:
    """Put a record's leaves into ``flat``, and count them: more than ``flat`` holds means that two have one name."""
    leaves = 0
    for key, value in record.items():
        if type(value) is dict:
            if key not in leave_out:
                leaves += _flatten_into(flat, f"{prefix}{key}/", value, frozenset())
        elif key not in leave_out:
            flat[prefix + key] = value
            leaves += 1
    return leaves


# --- all lines at once


def _all_at_once(data: bytes, first_line: int, index: Collection[str], leave_out: Collection[str]) -> Rows | None:
    """Parse with one schema, or ``None`` where it is not proven that this loses nothing."""
    if not data:
        return None
    tree: dict[str, Any] = {}
    for record in sample_records(data):
        if not _grow_schema(tree, record, "", index, leave_out):
            return None
    names = list(_leaves(tree))
    if not names or len(set(names)) < len(names):
        return None
    try:
        frame = pl.read_ndjson(data, schema=_schema(tree))
    except pl.exceptions.PolarsError:
        return None
    n_lines = text.count_byte(data, b"\n")
    if frame.height != n_lines + (not data.endswith(b"\n")):
        return None  # a blank line, for which line numbers would be wrong
    columns, seen = _flat_columns(frame)
    colons = text.count_byte(data, b":")
    if colons != seen and colons != seen + _null_tokens(data):
        return None
    for at, column in enumerate(columns):
        if column.name in index and column.dtype == pl.Float64:
            whole = text.whole_numbers(column)
            if whole is None:
                return None
            columns[at] = whole
    numbers = text.line_numbers(first_line, frame.height)
    return Rows(text.without_empty(pl.DataFrame(columns)), numbers, n_lines=n_lines)


def _null_tokens(data: bytes) -> int:
    """Count nulls behind a colon.

    Why colons prove that no key is lost: let K be the keys of the text, S the colons inside its strings, P the keys
    parsed to a value, and N the nulls counted here, of which s stand inside strings, so s <= S. Where
    ``K + S == P + N``, the keys which are neither parsed nor null, ``K - P - (N - s)``, number ``s - S``, which cannot
    be positive. Likewise where ``K + S == P``.
    """
    return data.count(b":null") + data.count(b": null")


def _grow_schema(
    tree: dict[str, Any], record: Record, prefix: str, index: Collection[str], leave_out: Collection[str]
) -> bool:
    """Add a sampled record's keys to the schema; False where only the way line by line can read such a record."""
    for key, value in record.items():
        if key in leave_out or _UNUSUAL.search(key):
            return False
        known = tree.get(key)
        if type(value) is dict:
            if not value or not isinstance(known, dict | None):
                return False
            if not _grow_schema(tree.setdefault(key, {}), value, f"{prefix}{key}/", index, frozenset()):
                return False
        elif value is not None:
            wanted = pl.String if type(value) is str and prefix + key in index else pl.Float64
            is_number = type(value) is float or type(value) is int
            if (wanted == pl.Float64 and not is_number) or (known is not None and known != wanted):
                return False
            tree[key] = wanted
    return True


def _schema(tree: dict[str, Any]) -> dict[str, Any]:
    return {key: pl.Struct(_schema(node)) if isinstance(node, dict) else node for key, node in tree.items()}


def _leaves(tree: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, node in tree.items():
        if isinstance(node, dict):
            yield from _leaves(node, f"{prefix}{key}/")
        else:
            yield prefix + key


def _flat_columns(frame: pl.DataFrame, prefix: str = "") -> tuple[list[pl.Series], int]:
    """Columns of a nested frame, and how many keys of the text have a value in it."""
    columns: list[pl.Series] = []
    seen = 0
    for column in frame.iter_columns():
        seen += len(column) - column.null_count()
        if isinstance(column.dtype, pl.Struct):
            inner, inner_seen = _flat_columns(column.struct.unnest(), f"{prefix}{column.name}/")
            columns += inner
            seen += inner_seen
        else:
            columns.append(column.alias(prefix + column.name))
    return columns, seen


# --- line by line


def _line_by_line(
    data: bytes, issues: IssueList, first_line: int, index: Collection[str], leave_out: Collection[str]
) -> Rows:
    builder = Columns(index)
    for number, record in parse_lines(data, issues, first_line):
        flat: Record = {}
        if _flatten_into(flat, "", record, leave_out) > len(flat):
            _twice(issues, number, "of nested objects joined by '/'")
        builder.add(flat, number)
    return replace(builder.rows(), n_lines=text.count_byte(data, b"\n"))


def parse_lines(data: bytes, issues: IssueList, first_line: int = 1) -> Iterator[tuple[int, Record]]:
    """Yield each record as parsed, with the number of its line; what :func:`read_rows` calls an issue is one here."""
    for number, line in enumerate(data.split(b"\n"), first_line):
        if not line or line.isspace():
            continue
        objects, rest, twice = parse_line(line)
        for record in objects:
            yield number, record
        if twice:
            _twice(issues, number, twice)
        if rest:
            issues.add(f"line {number}", f"Expected a JSON object, found {text.shown(rest)}; left out.")


def _twice(issues: IssueList, number: int, key: str) -> None:
    issues.add(f"line {number}", f"The key {text.shown(key)} stands twice; the last value counts.")


def _count_keys(value: Record) -> int:
    """Count the keys of an object and of all objects in it; -1 where they nest deeper than logs do."""
    keys = 0
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        inner: list[Any] = []
        for node in level:
            if type(node) is dict:
                keys += len(node)
                node = node.values()
            # Long lists of numbers are seldom worth a loop.
            if not {dict, list}.isdisjoint(map(type, node)):
                inner += [child for child in node if type(child) is dict or type(child) is list]
        if not inner:
            return keys
        level = inner
    return -1


def parse_line(line: bytes) -> tuple[list[Record], bytes, str]:
    """Parse one line: its objects, what is left that is none, and a key that stands twice.

    What is not finite comes as the strings ``"NaN"``, ``"Infinity"`` and ``"-Infinity"`` or as a float.
    """
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        # A bare NaN behind a key becomes a string; inside of a string the quotes make the text fail.
        try:
            value = orjson.loads(_quote_not_finite(line))
        except orjson.JSONDecodeError:
            return _parse_slowly(line)
    if type(value) is not dict:
        return [], line, ""
    keys, colons = _count_keys(value), line.count(b'":')
    if colons != keys and colons - line.count(b'\\":') != keys:
        return _parse_slowly(line)
    return [value], b"", ""


def _quote_not_finite(line: bytes) -> bytes:
    for token in (b"NaN", b"Infinity", b"-Infinity"):
        line = line.replace(b": " + token, b':"' + token + b'"').replace(b":" + token, b':"' + token + b'"')
    return line


def _parse_slowly(line: bytes) -> tuple[list[Record], bytes, str]:
    """Parse with the json module: bare tokens anywhere, several objects, and keys that stand twice."""
    twice: list[str] = []

    def record(pairs: list[tuple[str, Any]]) -> Record:
        made = dict(pairs)
        if len(made) < len(pairs):
            names = [name for name, _ in pairs]
            twice.append(next(name for name in names if names.count(name) > 1))
        return made

    try:
        string = line.decode() if line.lstrip().startswith(b"{") else ""
    except UnicodeDecodeError:
        string = ""
    if not string:
        return [], line, ""
    decoder = json.JSONDecoder(object_pairs_hook=record, parse_int=_parse_int)
    objects: list[Record] = []
    at = _skip_space(string, 0)
    while at < len(string):
        try:
            value, end = decoder.raw_decode(string, at)
        except (ValueError, RecursionError):
            break
        if not isinstance(value, dict) or _count_keys(value) < 0:
            break
        objects.append(value)
        at = _skip_space(string, end)
    return objects, string[at:].encode(), twice[0] if twice else ""


def _skip_space(string: str, at: int) -> int:
    while at < len(string) and string[at] in " \t\r\n":
        at += 1
    return at


def _parse_int(digits: str) -> int | float:
    """Python refuses to convert thousands of digits; as a float they are infinite, like ``1e400``."""
    return int(digits) if len(digits) < 20 else float(digits)
