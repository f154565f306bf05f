"""Trackio's SQLite databases: ``<project>.db`` in ``$TRACKIO_DIR``, many runs in one file.

The tables are those of ``trackio/sqlite_storage.py``: ``metrics`` has a row a record, its metrics as JSON; so has
``system_metrics``, without a step, and ``configs`` a row a run. A run is its name until 0.23, then its ``run_id``.
Not finite numbers are the strings ``"NaN"`` and ``"Infinity"``; media are objects with a ``_type``. Records that were
sent together share a time. Where a trainer gives no step, Trackio counts its calls, so the training's own step counts
where it is logged as a metric.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import orjson
import polars as pl

from rlcompare.errors import ReadIssue
from rlcompare.metrics import guess_framework, step_unit_of
from rlcompare.readers import ndjson, sqlite, text
from rlcompare.readers.axes import TRAINING_STEP_KEYS, place_rows
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume, Scalar
from rlcompare.readers.configfiles import flatten
from rlcompare.readers.sqlite import DamagedDatabaseError
from rlcompare.readers.steps import at_training_steps
from rlcompare.readers.text import Rows
from rlcompare.schema import LOG_INDEX

#: Tables and columns without which a database is none of Trackio's.
_NEEDED = {
    "metrics": ("timestamp", "run_name", "step", "metrics"),
    "configs": ("run_name", "config"),
}

#: Texts of its schema, by which a database is known that cannot be opened.
_SIGNS = (b"metrics TEXT NOT NULL", b"run_name TEXT NOT NULL")

#: What Trackio adds to a run's config: who ran it and when.
_ADDED = frozenset({"_Username", "_Created"})

#: In records, what marks an image, a table, a histogram.
_MEDIA = "_type"
_MEDIA_SIGN = b'"_type"'

#: A log of fewer cells is never split, nor is one into more tables than this.
_SMALL = 4096
_MOST_TABLES = 16

#: The tables that hold records.
_RECORDS = ("metrics", "system_metrics")

# No key of a record is called so.
_STEP, _TIME = " step", " time"

_ROW = np.dtype([("rowid", "i8"), ("step", "O"), ("time", "O"), ("record", "O")])


def claim(file: LogFile, folder: Folder) -> Claim | sqlite.Claims:  # noqa: ARG001
    """Claim databases with Trackio's tables, a claim a run."""
    if not sqlite.is_named_as_one(file):
        return None
    try:
        return _KNOWN.of(file)
    except (OSError, DamagedDatabaseError):
        return Claim(file.relative, tentative=True) if all(sign in file.head for sign in _SIGNS) else None


def _claims(path: Path, relative: PurePosixPath) -> sqlite.Claims:
    with sqlite.opened(path) as connection:
        found = sqlite.needed_tables(connection, _NEEDED)
        if found is None:
            return None
        told: dict[str, list[tuple[object, ...]]] = {}
        names: dict[str, str] = {}
        times: dict[str, str] = {}
        for table in (*_RECORDS, "configs"):
            if not sqlite.has(found, table, ("run_name",)):
                continue
            run_column = _run_column(found[table])
            time = next((name for name in ("timestamp", "created_at") if name in found[table]), "NULL")
            for run, *row in connection.execute(
                f"SELECT {run_column}, max(run_name), max({time}), count(*), max(rowid) FROM {table}"
                f" WHERE typeof({run_column}) = 'text' GROUP BY {run_column}"
            ):
                told.setdefault(run, []).append((table, *row))
                names.setdefault(run, str(row[0]))
                times.setdefault(run, str(row[1]))
    return tuple(
        Claim(
            sqlite.run_within(relative, run),
            within=run,
            name=sqlite.name_of(relative.stem, names[run] or run),
            version=(sqlite.fingerprint(rows), _nanoseconds(times[run])),
        )
        for run, rows in told.items()
    )


_KNOWN = sqlite.KnownClaims(_claims)


def _run_column(columns: frozenset[str]) -> str:
    return "run_id" if "run_id" in columns else "run_name"


def _nanoseconds(time: str) -> int:
    try:
        moment = datetime.fromisoformat(time)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1e9)
    except (ValueError, OverflowError):
        return 0


def read(file: LogFile, resume: Resume | None) -> Chunk:  # noqa: ARG001 - always read whole
    """Read one run of a database.

    A row is a record. Numbers within objects are joined to keys with ``/``; media are left out. The machine's metrics
    have no step: their records are counted.

    Raises
    ------
    OSError
        The database is locked or cannot be opened.
    """
    return sqlite.read_within(file, "Trackio", _NEEDED, partial(_read_run, file))


def _read_run(file: LogFile, connection: sqlite3.Connection, found: Mapping[str, frozenset[str]]) -> Chunk:
    logs: list[pl.DataFrame] = []
    issues: list[ReadIssue] = []
    for table in _RECORDS:
        if sqlite.has(found, table, ("timestamp", "run_name", "metrics")):
            log, problems = _log(file, connection, table, found[table])
            log = at_training_steps(log, TRAINING_STEP_KEYS)
            logs += _split(log)
            issues += problems
    config, problems = _config(file, connection, found["configs"])
    framework = guess_framework(key for log in logs for key in log.columns)
    return Chunk(
        tables=tuple(logs),
        offset=file.size,
        config=config,
        issues=(*issues, *problems),
        step_unit=step_unit_of(framework),
        framework=framework,
    )


def _log(
    file: LogFile, connection: sqlite3.Connection, table: str, columns: frozenset[str]
) -> tuple[pl.DataFrame, list[ReadIssue]]:
    """Read one table's records of the run as a wide frame."""
    step = "step" if "step" in columns else "NULL"
    selected = f"{step}, CAST(timestamp AS TEXT), CAST(metrics AS BLOB)"
    of_run = f"{_run_column(columns)} = ?"
    pages = list(sqlite.pages(connection, table, selected, of_run, file.within, _ROW))
    steps, times, records = ([value for page in pages for value in page[name]] for name in ("step", "time", "record"))
    if step == "NULL":
        steps = list(range(len(records)))
    issues = IssueList(file)
    data = b"\n".join(record or b"" for record in records)
    if _MEDIA_SIGN in data or data.count(b"\n") >= len(records):
        # JSON lines: a line end within a record cannot stand in one of its strings.
        data = b"\n".join(_without_media(record or b"").replace(b"\n", b" ") for record in records)
    rows = ndjson.read_rows(data, issues)
    text.left_out_note(issues, rows.left_out)
    at = (rows.lines - 1).to_list()
    whole = [value if type(value) is int else None for value in steps]
    marks = [pl.Series(_STEP, whole, dtype=pl.Int64).gather(at), pl.Series(_TIME, times, dtype=pl.String).gather(at)]
    log = place_rows(Rows(pl.DataFrame([*marks, *rows.frame.iter_columns()]), rows.lines), _STEP, _TIME, issues)
    return log, [replace(issue, place=_place(issue.place, table)) for issue in issues.done()]


def _place(place: str, table: str) -> str:
    return f"table {table}, {place.replace('line', 'record')}" if place else f"table {table}"


def _without_media(record: bytes) -> bytes:
    """Take images, tables and the like out of a record: what they hold of numbers is no metric."""
    if _MEDIA_SIGN not in record:
        return record
    try:
        values = orjson.loads(record)
    except orjson.JSONDecodeError:
        return record
    if not isinstance(values, dict):
        return record
    return orjson.dumps({key: value for key, value in values.items() if not (type(value) is dict and _MEDIA in value)})


def _split(log: pl.DataFrame) -> list[pl.DataFrame]:
    """Spread metrics over tables where most of one would be nulls: Trainers log parts of a step in records apart."""
    keys = [column for column in log.iter_columns() if column.name not in LOG_INDEX]
    values = sum(len(column) - column.null_count() for column in keys)
    if not values:
        return []
    together: dict[bytes, list[str]] = {}
    for column in keys:
        together.setdefault(column.is_not_null().to_numpy().tobytes(), []).append(column.name)
    if len(keys) * log.height <= max(_SMALL, 2 * values) or len(together) > _MOST_TABLES:
        return [log]
    index = [name for name in log.columns if name in LOG_INDEX]
    return [log.select(*index, *names).filter(pl.col(names[0]).is_not_null()) for names in together.values()]


def _config(
    file: LogFile, connection: sqlite3.Connection, columns: frozenset[str]
) -> tuple[dict[str, Scalar], list[ReadIssue]]:
    query = f"SELECT CAST(config AS BLOB) FROM configs WHERE {_run_column(columns)} = ? ORDER BY rowid DESC LIMIT 1"
    row = connection.execute(query, (file.within,)).fetchone()
    if row is None:
        return {}, []
    try:
        config = orjson.loads(row[0] or b"")
    except orjson.JSONDecodeError:
        config = None
    if not isinstance(config, dict):
        message = f"Expected a JSON object, found {text.shown(row[0] or b'')}; left out."
        return {}, [ReadIssue(str(file.relative), "table configs", message)]
    flat = flatten({key: value for key, value in config.items() if key not in _ADDED})
    return {key: value for key, value in flat.items() if value is not None}, []


READER = Reader(
    name="trackio",
    title="Trackio",
    files="`<project>.db`, or any `*.db`, `*.sqlite`, `*.sqlite3` with Trackio's tables; each run in it",
    appends=False,
    claim=claim,
    read=read,
)
