"""Step lines of a verl console log to a wide frame.

verl prints ``step:3 - key:value - key:value`` (``concat_dict_to_str`` in ``verl/utils/logger/aggregate_logger.py``):
up to 0.4 each value with ``:.3f``, since then with ``pprint.pformat``, so that NumPy numbers read ``np.float64(0.1)``.
A training loop prints the same keys in the same order, so lines of one layout are one table with ``:`` between its
cells: ``step``, ``3 - key``, ``value - key``, ``value``. Every cell must end in the layout's next key; lines that
differ in any way are parsed one by one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from rlcompare.readers import text
from rlcompare.readers.base import IssueList
from rlcompare.readers.columns import Columns
from rlcompare.readers.text import Rows

ANSI = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")

#: What may stand before a step line on its line: brackets (time stamps, ranks, the end of a progress bar), Ray's
#: ``(TaskRunner pid=12, ip=10.0.0.1)``. Prose in front of ``step:1 - `` makes it prose.
_BEFORE = re.compile(rb"(?:.*\]:?|.*\([^()]*pid=\d+[^()]*\))?[ \t]*", re.DOTALL)

#: Ray's note about lines that several workers printed.
_REPEATED = re.compile(rb"\s*\[repeated \d+x across cluster\].*")

_STEP_LINE = re.compile(rb"step:-?\d{1,18} - ")
_NUMPY_VALUE = re.compile(r"(np\.(?:float|int|uint)\d+\()(.*)\)")

#: No prefix is longer, while a line of 10 MB may name a step everywhere.
LONGEST_BEFORE = 500

#: Below it, parsing lines one by one costs less than another table.
FEW_LINES = 8

#: Tables tried in one read; a log with more layouts than that has none worth learning.
MANY_TABLES = 32

#: Position of a row among the step lines; no metric can be called so, for keys are stripped.
_ROW = " row"


@dataclass(frozen=True)
class StepLines:
    """Step lines: of each its number in the file, and its bytes from ``step:`` on without colours."""

    numbers: list[int]
    bodies: list[bytes]


def find_step_lines(data: bytes, first_line: int) -> StepLines:
    """Find the step lines among anything else; ``data`` begins at line ``first_line``."""
    found = StepLines([], [])
    if b"step:" not in data:
        return found
    befores = {b""}
    carriages = b"\r" in data
    for number, line in enumerate(data.split(b"\n"), first_line):
        if b"step:" not in line:
            continue
        for part in line.split(b"\r") if carriages else (line,):
            at = part.find(b"step:")
            while 0 <= at < LONGEST_BEFORE:
                if _STEP_LINE.match(part, at) and (part[:at] in befores or may_stand_before(part[:at])):
                    befores.add(part[:at])
                    body = part[at:]
                    if b"\x1b" in body:
                        body = ANSI.sub(b"", body)
                    if body.endswith(b"]"):
                        body = _REPEATED.sub(b"", body)
                    found.numbers.append(number)
                    found.bodies.append(body)
                    break
                at = part.find(b"step:", at + 5)
    return found


def may_stand_before(before: bytes) -> bool:
    """Whether what stands before ``step:`` on a line is a prefix that loggers write, rather than prose."""
    return _BEFORE.fullmatch(ANSI.sub(b"", before)) is not None


def read_step_lines(lines: StepLines, issues: IssueList) -> Rows:
    """Parse step lines: a column ``step`` (Int64), and one Float64 column a metric.

    An item that is no ``key:number`` is an issue and left out; keys with true or false are in ``left_out``.
    """
    bodies = lines.bodies
    places = list(range(len(bodies)))
    # Validation scores make some lines longer than others; a sample tells without counting in all.
    sample = {body.count(b":") for body in bodies[:: max(1, len(bodies) // 31)]}
    work = [places] if len(sample) == 1 else _by_colons(bodies, places)
    frames: list[pl.DataFrame] = []
    single: list[int] = []
    tried = 0
    while work:
        rest = work.pop()
        tried += 1
        if len(rest) < FEW_LINES or tried > MANY_TABLES:
            single += rest
        elif (frame := _read_layout([bodies[at] for at in rest])) is not None:
            read = frame[_ROW].to_numpy()
            frames.append(frame.with_columns(pl.Series(_ROW, np.array(rest)[read])))
            if len(read) < len(rest):
                work.append(np.delete(rest, read).tolist())
        elif len(groups := _by_colons(bodies, rest)) > 1:
            work += groups
        else:
            single.append(rest[0])
            work.append(rest[1:])
    rows = _read_singly(lines, sorted(single), issues)
    if rows.frame.height:
        frames.append(rows.frame.with_columns(rows.lines.alias(_ROW)))
    if not frames:
        return Rows(pl.DataFrame(), pl.Series("line", [], dtype=pl.Int64), rows.left_out)
    frame = frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal").sort(_ROW)
    numbers = pl.Series("line", lines.numbers, dtype=pl.Int64).gather(frame[_ROW])
    return Rows(frame.drop(_ROW), numbers, rows.left_out)


def _by_colons(bodies: list[bytes], places: list[int]) -> list[list[int]]:
    """Part lines by their number of items, near enough."""
    groups: dict[int, list[int]] = {}
    for at in places:
        groups.setdefault(bodies[at].count(b":"), []).append(at)
    return list(groups.values())


def _read_layout(bodies: list[bytes]) -> pl.DataFrame | None:
    """Parse the lines that have the layout of the first one, or ``None`` where it cannot be read as a table.

    Returns
    -------
    DataFrame
        The position of each line in ``bodies``, ``step``, and the metrics.
    """
    items = [item.rpartition(":") for item in bodies[0].decode(errors="replace").split(" - ")]
    names = [key.strip() for key, _, _ in items]
    if len(set(names)) < len(names) or not all(names) or any(":" in name for name in names):
        return None
    ends = [f" - {key}" for key, _, _ in items[1:]] + [""]
    values: list[pl.Expr] = []
    dressed_alike = [pl.col("cell -1") == "step"]
    for position, ((_, _, value), end) in enumerate(zip(items, ends, strict=True)):
        cell = pl.col(f"cell {position}")
        if dressed := _NUMPY_VALUE.fullmatch(value):
            dressed_alike.append(cell.str.starts_with(dressed[1]))
            cell = cell.str.strip_prefix(dressed[1])
            end = f"){end}"
        # A cell with another end is no number, and so null.
        cell = cell.str.strip_suffix(end) if end else cell
        values.append(cell.cast(pl.Float64 if position else pl.Int64, strict=False).alias(names[position]))
    schema = {f"cell {position}": pl.String for position in range(-1, len(names))}
    try:
        frame = pl.read_csv(b"\n".join([*bodies, b""]), schema=schema, has_header=False, separator=":", quote_char=None)
    except pl.exceptions.PolarsError:
        return None
    if frame.height != len(bodies):
        return None
    table = frame.select(pl.int_range(pl.len()).alias(_ROW), *values)
    good = frame.select(pl.all_horizontal(dressed_alike)).to_series().fill_null(False)
    for column in table.iter_columns():
        if column.null_count():
            good &= column.is_not_null()
    table = table if good.all() else table.filter(good)
    return table if table.height else None


def _read_singly(lines: StepLines, places: list[int], issues: IssueList) -> Rows:
    """Parse lines one by one; the ``lines`` of what is returned are places among the step lines."""
    columns = Columns(index={"step"})
    for at in places:
        first, *items = lines.bodies[at].decode(errors="replace").split(" - ")
        record: dict[str, int | float | bool] = {}
        wrong: list[str] = []
        for item in items:
            key, _, value = item.rpartition(":")
            key, number = key.strip(), _number(value.strip())
            if not key or number is None or key in record or key == "step":
                wrong.append(item)
            else:
                record[key] = number
        if record:
            columns.add({"step": int(first.removeprefix("step:")), **record}, at)
        for item in wrong if record else [" - ".join(items)]:
            issues.add(
                f"line {lines.numbers[at]}",
                f"Expected items `key:number`, each key once, behind {first!r}; left out: {text.shown(item)}.",
            )
    return columns.rows()


def _number(value: str) -> float | bool | None:
    """Parse a printed value; a bool is returned as such, for it is printed on purpose but is no metric."""
    if dressed := _NUMPY_VALUE.fullmatch(value):
        value = dressed[2]
    if value in ("True", "False"):
        return value == "True"
    return float(value) if text.NUMBER.fullmatch(value) else None
