"""Ray Tune's ``progress.csv``, RLlib's too: one row a result that a trial reported, nested keys joined by ``/``.

``CSVLoggerCallback`` (``ray/tune/logger/csv.py``) writes the keys of the first result as the header and drops later
ones. A trial that is restored appends rows in the order of *its* first result and writes no header, so that a row can
hold other values than the header says. What Tune adds to every result (an iteration, a time, the same as a date) tells
such rows where the order of these differs; they are left out.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import polars as pl
import polars.selectors as cs

from rlcompare.metrics import guess_framework
from rlcompare.readers import delimited, text
from rlcompare.readers.axes import EARLIEST_SECONDS, LATEST_SECONDS, place_rows
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume
from rlcompare.readers.delimited import Body
from rlcompare.readers.rllib_episodes import EPISODES, LISTS, PARTS, SINCE_1_3, Episodes
from rlcompare.readers.text import Rows
from rlcompare.readers.tune_json import ABOUT, FRAMEWORK, STEP_KEY, TIME_KEY
from rlcompare.readers.tune_json import FILE_NAME as RESULTS

FILE_NAME = "progress.csv"

#: Results since the trial was started or restored.
SINCE_RESTORE = "iterations_since_restore"

#: What Tune adds to every result and what it looks like, to tell rows in another order than the header's.
SHAPES: dict[str, str] = {
    STEP_KEY: r"\d+",
    TIME_KEY: r"\d{10}(\.\d*)?",
    "date": r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d",
    "done": r"(?i)true|false",
    "node_ip": r"[\da-fA-F]*[.:][\da-fA-F.:]*",
    SINCE_RESTORE: r"\d+",
}

#: Columns of every ``progress.csv`` since 2018, which a table of another program hardly has all of.
SIGNS = frozenset({STEP_KEY, TIME_KEY, "date", "time_total_s"})

_HINT = "Hint: a restored trial writes rows in an order of its own, without a header; result.json has the names."


def claim(file: LogFile, folder: Folder) -> Claim | None:
    """Claim ``progress.csv`` with the columns that Tune adds, for the folder that holds it."""
    if file.name != FILE_NAME:
        return None
    first, *below = text.head_lines(file) or [""]
    columns = {cell.strip(' "\r') for cell in first.split(",")}
    return Claim(run=folder.relative) if below and columns >= SIGNS else None


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read the rows below the header: metrics and, where no ``result.json`` beside tells of them, RLlib's episodes."""
    refused = text.refuse(file, resume)
    if refused:
        return refused
    issues = IssueList(file)
    known: dict[str, Any] = dict(resume.state) if resume else {"left_out": [], "done": False, "has_rows": False}
    body = delimited.open_body(file, resume, ",", issues)
    episodes = Episodes(known.get("episodes"))
    if not file.path.with_name(RESULTS).exists():
        _take_episodes(body, episodes)
    body = _without_quotes(body)
    table = delimited.read_table(body, issues, index=SHAPES.keys())
    rows = _fitting(table.rows, issues)
    done: bool = known["done"]
    if rows.frame.height:
        _tell_restores(rows, known["has_rows"], issues)
        done = "done" in rows.frame.columns and str(rows.frame["done"][-1]).lower() == "true"
    frame = rows.frame.drop(ABOUT, strict=False).with_columns(cs.by_name(SINCE_RESTORE, require_all=False).cast(float))
    log = place_rows(Rows(frame, rows.lines), STEP_KEY, TIME_KEY, issues) if frame.width else frame
    left_out = {name for name in table.rows.left_out if name not in ABOUT and f"{LISTS}/" not in name}
    text.left_out_note(issues, left_out.difference(known["left_out"]))
    return Chunk(
        tables=(log,) if log.height else (),
        offset=table.offset,
        state={
            **table.state,
            "left_out": sorted({*known["left_out"], *left_out}),
            "done": done,
            "has_rows": known["has_rows"] or bool(rows.frame.height),
            "episodes": episodes.state(),
        },
        issues=issues.done(),
        pending=table.pending,
        samples=episodes.samples(),
        step_unit="iteration",
        framework=guess_framework(body.columns) or FRAMEWORK,
        finished=done,
    )


def _take_episodes(body: Body, episodes: Episodes) -> None:
    """Take the new episodes of every row that fits the header, from the lists in its cells."""
    part = next((part for part in ("", *PARTS) if _key(part, f"{LISTS}/episode_reward") in body.columns), None)
    if part is None:
        return
    for row in delimited.iter_records(body):
        if not all(re.fullmatch(shape, row[name]) for name, shape in SHAPES.items() if row.get(name)):
            continue
        try:
            lists = {name: json.loads(row[_key(part, f"{LISTS}/{name}")], parse_int=float) for name in EPISODES}
            step, moment, fresh = int(row[STEP_KEY]), float(row[TIME_KEY]), int(row[_key(part, "episodes_this_iter")])
        except (LookupError, ValueError, RecursionError):
            continue
        if step.bit_length() < 64:
            result = {LISTS: lists, "episodes_this_iter": fresh}
            result |= {SINCE_1_3: 1} if SINCE_1_3 in row else {}
            episodes.add({part: result} if part else result, step, moment)


def _key(part: str, name: str) -> str:
    return f"{part}/{name}" if part else name


def _without_quotes(body: Body) -> Body:
    """Empty the lists in quotes, where no other quotes stand in the table."""
    between, lists = (parts := body.data.split(b'"'))[::2], parts[1::2]
    if not lists or len(between) == len(lists):
        return body
    if not all(cell.startswith(b"[") and cell.endswith(b"]") and b"\n" not in cell for cell in lists):
        return body
    begins = all(text.endswith((b",", b"\n")) for text in between[:-1])
    ends = all(text.startswith((b",", b"\n", b"\r")) for text in between[1:])
    return replace(body, data=b"[]".join(between)) if begins and ends else body


def _fitting(rows: Rows, issues: IssueList) -> Rows:
    """Leave out rows whose cells are not what the columns that Tune adds hold, with an issue each."""
    fits = pl.repeat(True, rows.frame.height, eager=True)
    for name in SHAPES.keys() & set(rows.frame.columns):
        fits &= _has_shape(rows.frame[name])
    if fits.all():
        return rows
    for number in rows.lines.filter(~fits):
        issues.add(f"line {number}", f"Expected cells in the order of the header, found another; left out. {_HINT}")
    return Rows(rows.frame.filter(fits), rows.lines.filter(fits), rows.left_out)


def _has_shape(column: pl.Series) -> pl.Series:
    """Tell which cells look like what the column holds; empty ones do."""
    if column.name == TIME_KEY and column.dtype != pl.String:
        return column.is_null() | column.is_between(EARLIEST_SECONDS, LATEST_SECONDS)
    return column.cast(pl.String).str.contains(f"^(?:{SHAPES[column.name]})$").fill_null(value=True)


def _tell_restores(rows: Rows, has_rows_before: bool, issues: IssueList) -> None:
    """Say where a trial was started again: the order of the metrics from there on is known by the first header only."""
    if SINCE_RESTORE not in rows.frame.columns:
        return
    again = rows.frame[SINCE_RESTORE].cast(pl.String) == "1"
    for number in rows.lines.filter(again.fill_null(value=False))[0 if has_rows_before else 1 :]:
        issues.add(
            f"line {number}",
            "The trial was restored here without a header; its cells are read in the order of the first one, which only"
            " its iterations and times prove. Hint: result.json beside it has the names.",
        )


READER = Reader(
    name="tune_csv",
    title="Ray Tune and RLlib progress",
    files="`progress.csv`",
    appends=True,
    claim=claim,
    read=read,
    stands_back=1,  # what NumPy prints of 32-bit floats
)
