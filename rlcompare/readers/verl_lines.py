"""Step lines of a verl console log, found among anything else and parsed to a wide frame.

verl prints ``step:3 - key:value - key:value`` (``concat_dict_to_str`` in ``verl/utils/logger/aggregate_logger.py``):
up to 0.4 each value with ``:.3f``, since then with ``pprint.pformat``, so that NumPy numbers read ``np.float64(0.1)``.
Lines that fit are parsed as one table, see :mod:`rlcompare.readers.verl_table`; others, with a space in a key or with
text for a number, one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from rlcompare.readers import text
from rlcompare.readers.base import IssueList
from rlcompare.readers.columns import Columns
from rlcompare.readers.console_lines import LONGEST_BEFORE, may_stand_before, without_colours
from rlcompare.readers.text import Rows
from rlcompare.readers.verl_table import ROW, read_table

_STEP_LINE = re.compile(rb"step:[-+.eE\d]{1,24} - ")
_NUMPY_VALUE = re.compile(r"np\.(?:float|int|uint)\d+\((.*)\)")

#: Below it, parsing lines one by one costs less than a table.
FEW_LINES = 8


@dataclass(frozen=True)
class StepLines:
    """Step lines among other lines.

    Parameters
    ----------
    numbers : list of int
        Their lines in the file.
    bodies : list of bytes
        What they say, from ``step:`` on, without colours.
    n_lines : int
        How many lines were looked through.
    """

    numbers: list[int]
    bodies: list[bytes]
    n_lines: int


def find_step_lines(data: bytes, first_line: int) -> StepLines:
    """Find the step lines among anything else; ``data`` begins at line ``first_line``."""
    if b"step:" not in data:
        return StepLines([], [], text.count_byte(data, b"\n"))
    lines = data.split(b"\n")
    parts: Iterable[tuple[int, bytes]] = enumerate(lines, first_line)
    if b"\r" in data:  # progress bars overwrite themselves
        parts = ((number, part) for number, line in parts for part in line.split(b"\r"))
    numbers: list[int] = []
    bodies: list[bytes] = []
    befores = {b""}
    for number, part in parts:
        at = part.find(b"step:")
        while 0 <= at < LONGEST_BEFORE:
            before = part[:at]
            if _STEP_LINE.match(part, at) and (before in befores or may_stand_before(before)):
                befores.add(before)
                numbers.append(number)
                bodies.append(without_colours(part[at:].rstrip()))
                break
            at = part.find(b"step:", at + 5)
    return StepLines(numbers, bodies, len(lines) - 1)


def read_step_lines(data: bytes, first_line: int, issues: IssueList) -> Rows:
    """Parse the step lines among anything else: a column ``step`` (Int64), and one Float64 column a metric.

    An item that is no ``key:number`` is an issue and left out; keys with true or false are in ``left_out``.

    Parameters
    ----------
    data : bytes
        Whole lines, UTF-8 without a mark.
    first_line : int
        Line number of the first line of ``data``.
    issues : IssueList
        Receives what could not be read.
    """
    rows = _read_dense(data, first_line)
    return rows if rows is not None else _read_found(find_step_lines(data, first_line), issues)


def _read_dense(data: bytes, first_line: int) -> Rows | None:
    """Parse lines that are all step lines with the same prefix, or ``None`` where they are not."""
    end = data.find(b"\n")
    at = data.find(b"step:", 0, min(end, LONGEST_BEFORE))
    start = b"\n" + data[: at + 5]
    if at < 0 or not data.startswith(start, end) or not may_stand_before(data[:at]):
        return None
    count = data.count(start) + 1
    joined = data[at + 5 : -1].replace(start, b" - step:") + b" - step"
    if any(mark in joined for mark in (b"\n", b"\r", b"\x1b")):
        return None
    frame = read_table(joined, count)
    if frame is None or frame.height < count:
        return None
    return Rows(frame.drop(ROW), text.line_numbers(first_line, count), n_lines=count)


def _read_found(lines: StepLines, issues: IssueList) -> Rows:
    """Parse what fits as one table, and the rest line by line."""
    bodies = lines.bodies
    places = np.arange(len(bodies))
    frame = _read_bodies(bodies)
    if frame is None:
        # One line with a space too many, such as prose, must not cost the others their speed.
        neat = [at for at, body in enumerate(bodies) if body.count(b" ") == 2 * body.count(b":") - 2]
        places = np.array(neat, dtype=np.int64)
        frame = _read_bodies([bodies[at] for at in neat]) if len(neat) < len(bodies) else None
    frames: list[pl.DataFrame] = []
    if frame is not None:
        frames.append(frame.with_columns(pl.Series(ROW, places[frame[ROW].to_numpy()])))
    single = set(range(len(bodies))).difference(*(frame[ROW] for frame in frames))
    rows = _read_singly(lines, sorted(single), issues)
    if rows.frame.height:
        frames.append(rows.frame.with_columns(rows.lines.alias(ROW)))
    if not frames:
        return Rows(pl.DataFrame(), pl.Series("line", [], dtype=pl.Int64), rows.left_out, lines.n_lines)
    whole = frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal").sort(ROW)
    numbers = pl.Series("line", lines.numbers, dtype=pl.Int64).gather(whole[ROW])
    return Rows(whole.drop(ROW), numbers, rows.left_out, lines.n_lines)


def _read_bodies(bodies: list[bytes]) -> pl.DataFrame | None:
    if len(bodies) < FEW_LINES:
        return None
    return read_table(b" - ".join([bodies[0].removeprefix(b"step:"), *bodies[1:], b"step"]), len(bodies))


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
        step = _step(first.removeprefix("step:"))
        if record and step is not None:
            columns.add({"step": step, **record}, at)
        for item in wrong if record else [" - ".join(items)]:
            issues.add(
                f"line {lines.numbers[at]}",
                f"Expected items `key:number`, each key once, behind {first!r}; left out: {text.shown(item)}.",
            )
        if record and step is None:
            issues.add(f"line {lines.numbers[at]}", f"Expected a whole number as the step, found {first!r}; left out.")
    return columns.rows()


def _number(value: str) -> float | bool | None:
    """Parse a printed value; a bool is returned as such, for it is printed on purpose but is no metric."""
    if dressed := _NUMPY_VALUE.fullmatch(value):
        value = dressed[1]
    if value in ("True", "False"):
        return value == "True"
    return float(value) if text.NUMBER.fullmatch(value) else None


def _step(value: str) -> int | None:
    """Parse a step: digits are exact, other numbers must be whole."""
    if re.fullmatch(r"-?\d{1,18}", value):
        return int(value)
    number = _number(value)
    return int(number) if number is not None and number == number // 1 and abs(number) < text.FLOAT_EXACT else None
