"""MLflow's SQLite store: ``sqlite:///mlflow.db``, many runs in one file.

Its tables are those of ``mlflow/store/tracking/dbmodels/models.py``. ``metrics`` has a row a value, and rows are only
ever added: a NaN is stored as 0 with ``is_nan``, an infinity as the largest float, a step that was not given as 0,
times in milliseconds. Values logged one behind the other at one step share a row here; see ``tfevents.tables``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import polars as pl

from rlcompare.metrics import guess_framework, step_unit_of
from rlcompare.readers import sqlite
from rlcompare.readers.axes import EARLIEST_SECONDS, LATEST_SECONDS
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume, Scalar
from rlcompare.readers.sqlite import DamagedDatabaseError
from rlcompare.readers.tfevents import to_tables
from rlcompare.readers.tfevents.event import tag_text
from rlcompare.readers.tfevents.log import EventLog, Ints, Scalars

#: Tables and columns without which a database is none of MLflow's.
_NEEDED = {
    "experiments": ("experiment_id", "name", "lifecycle_stage"),
    "runs": ("run_uuid", "name", "status", "start_time", "end_time", "lifecycle_stage", "experiment_id"),
    "metrics": ("key", "value", "timestamp", "run_uuid"),
    "params": ("key", "value", "run_uuid"),
    "tags": ("key", "value", "run_uuid"),
}

#: Names that MLflow's documentation and its default give the file.
_OWN_NAMES = frozenset({"mlflow.db", "mlruns.db"})

#: Texts of its schema, by which a database is known that cannot be opened.
_SIGNS = (b"run_uuid", b"experiment_id")

#: Tags of MLflow's own that say something of the training; its others begin with ``mlflow.`` too.
OWN_TAGS = frozenset(
    {
        "mlflow.runName",
        "mlflow.parentRunId",
        "mlflow.source.name",
        "mlflow.source.git.commit",
        "mlflow.project.entryPoint",
    }
)
_OWN_PREFIX = "mlflow."

#: What MLflow's monitor of the machine logs, at steps that count its looks.
SYSTEM_PREFIX = b"system/"

#: What an infinity is stored as (``sanitize_metric_value`` in ``sqlalchemy_store.py``).
_LARGEST = float(np.finfo(np.float64).max)

_ROW = np.dtype([("rowid", "i8"), ("key", "O"), ("value", "f8"), ("time", "i8"), ("step", "i8")])

_NO_STEPS = "Every step is 0, as MLflow stores where none was given; each metric's values are counted instead."


def claim(file: LogFile, folder: Folder) -> Claim | sqlite.Claims:  # noqa: ARG001
    """Claim databases with MLflow's tables, a claim a run that is not deleted."""
    if not sqlite.is_named_as_one(file):
        return None
    try:
        claims = _KNOWN.of(file)
        is_unreadable = claims is None and file.name in _OWN_NAMES and not file.head.startswith(sqlite.MAGIC)
    except (OSError, DamagedDatabaseError):
        claims, is_unreadable = None, file.name in _OWN_NAMES or all(sign in file.head for sign in _SIGNS)
    return Claim(file.relative, tentative=True) if is_unreadable and file.size else claims


def _claims(path: Path, relative: PurePosixPath) -> sqlite.Claims:
    with sqlite.opened(path) as connection:
        found = sqlite.needed_tables(connection, _NEEDED)
        if found is None:
            return None
        # Rows are only ever added, so that the newest tells whether there are more. Its place is in an index.
        newest = dict(connection.execute("SELECT run_uuid, max(rowid) FROM metrics GROUP BY run_uuid"))
        params = dict(connection.execute("SELECT run_uuid, count(*) FROM params GROUP BY run_uuid"))
        times = {}
        if sqlite.has(found, "latest_metrics", ("run_uuid", "timestamp")):
            times = dict(connection.execute("SELECT run_uuid, max(timestamp) FROM latest_metrics GROUP BY run_uuid"))
        tags: dict[str, list[tuple[str, str]]] = {}
        for run, key, value in connection.execute("SELECT run_uuid, key, value FROM tags ORDER BY key"):
            if is_telling(key):
                tags.setdefault(run, []).append((key, value))
        runs = connection.execute(
            "SELECT run_uuid, runs.name, status, start_time, end_time, experiments.name"
            " FROM runs JOIN experiments USING (experiment_id)"
            " WHERE runs.lifecycle_stage IS NOT 'deleted' AND experiments.lifecycle_stage IS NOT 'deleted'"
            " AND typeof(run_uuid) = 'text'"
        ).fetchall()
    return tuple(
        Claim(
            sqlite.run_within(relative, run),
            within=run,
            name=sqlite.name_of(str(experiment), str(name or dict(tags.get(run, [])).get("mlflow.runName") or run)),
            version=(
                sqlite.fingerprint(status, newest.get(run), params.get(run), tags.get(run)),
                _nanoseconds(times.get(run), end, start),
            ),
        )
        for run, name, status, start, end, experiment in runs
    )


_KNOWN = sqlite.KnownClaims(_claims)


def is_telling(tag: object) -> bool:
    """Whether a tag is the user's own or one of MLflow's that says something of the training."""
    return isinstance(tag, str) and (tag in OWN_TAGS or not tag.startswith(_OWN_PREFIX))


def setting_of(tag: str) -> str:
    """Name the setting that a tag becomes: the user's own are told from params."""
    return tag if tag.startswith(_OWN_PREFIX) else f"tags.{tag}"


def _nanoseconds(*milliseconds: object) -> int:
    """Take the first of some times that is one, for when a run was last heard of."""
    found = (time for time in milliseconds if isinstance(time, int) and 0 < time < LATEST_SECONDS * 1000)
    return next(found, 0) * 1_000_000


def read(file: LogFile, resume: Resume | None) -> Chunk:  # noqa: ARG001 - always read whole
    """Read one run of a database.

    The step is MLflow's; where all steps of a run are 0, those of its metrics are counted and a note says so. The wall
    time is that of the row's first value. Rows that hold no number are left out. ``system/…`` metrics of the machine
    are kept, at steps of their own.

    Raises
    ------
    OSError
        The database is locked or cannot be opened.
    """
    return sqlite.read_within(file, "MLflow", _NEEDED, partial(_read_run, file))


def _read_run(file: LogFile, connection: sqlite3.Connection, found: Mapping[str, frozenset[str]]) -> Chunk:
    issues = IssueList(file)
    log, system = _metrics(connection, found["metrics"], file.within, issues)
    status = connection.execute("SELECT status FROM runs WHERE run_uuid = ?", (file.within,)).fetchone()
    framework = guess_framework(map(tag_text, log.tags))
    return Chunk(
        tables=(*to_tables(log), *to_tables(system)),
        offset=file.size,
        config=_config(connection, file.within),
        issues=issues.done(),
        step_unit=step_unit_of(framework),
        framework=framework,
        finished=status == ("FINISHED",),
    )


def _metrics(
    connection: sqlite3.Connection, columns: frozenset[str], run: str, issues: IssueList
) -> tuple[EventLog, EventLog]:
    """Read the values of one run: the training's and the machine's."""
    # Databases of before MLflow 1.0 lack these.
    step = "step" if "step" in columns else "0"
    is_nan = "is_nan" if "is_nan" in columns else "0"
    good = (
        "typeof(key) = 'text' AND typeof(value) IN ('real', 'integer') AND typeof(timestamp) = 'integer'"
        f" AND typeof({step}) = 'integer'"
    )
    of_run = "run_uuid = ?"
    counted = f"SELECT count(*) FROM metrics WHERE {of_run} AND NOT ({good})"
    (left_out,) = connection.execute(counted, (run,)).fetchone()
    if left_out:
        issues.add("table metrics", f"Expected numbers, {left_out:,} rows of this run hold something else; left out.")
        of_run += f" AND {good}"
    # NumPy makes NULL NaN.
    selected = f"CAST(key AS BLOB), CASE WHEN {is_nan} THEN NULL ELSE value END, timestamp, {step}"
    training, machine = EventLog(0), EventLog(0)
    for page in sqlite.pages(connection, "metrics", selected, of_run, run, _ROW):
        keys = {key: number for number, key in enumerate(dict.fromkeys(page["key"]))}
        numbers = np.fromiter(map(keys.__getitem__, page["key"]), np.int64, len(page))
        logs = [machine if key.startswith(SYSTEM_PREFIX) else training for key in keys]
        tags = np.array([log.tag(key) for log, key in zip(logs, keys, strict=True)])[numbers]
        for log in (training, machine):
            chosen = np.array([one is log for one in logs])[numbers]
            if chosen.any():
                log.scalars.append(_scalars(page[chosen], tags[chosen]))
    _count_where_no_step(training, issues)
    return training, machine


def _scalars(rows: sqlite.Records, tags: Ints) -> Scalars:
    value = rows["value"].copy()
    value[value >= _LARGEST] = np.inf
    value[value <= -_LARGEST] = -np.inf
    seconds = rows["time"] / 1000
    seconds[(seconds < EARLIEST_SECONDS) | (seconds > LATEST_SECONDS)] = np.nan
    return Scalars(rows["rowid"].copy(), rows["step"].copy(), seconds, tags, value)


def _count_where_no_step(log: EventLog, issues: IssueList) -> None:
    """Take numbers of each metric's values as steps where all steps are 0 and a metric has several values."""
    single = log.all_scalars()
    if single.step.any() or len(single.tag) == len(log.tags):
        return
    nth = pl.DataFrame({"tag": single.tag}).select(pl.int_range(pl.len()).over("tag")).to_series().to_numpy()
    log.scalars = [Scalars(single.order, nth, single.wall_time, single.tag, single.value)]
    issues.add("table metrics", _NO_STEPS, "note")


def _config(connection: sqlite3.Connection, run: str) -> dict[str, Scalar]:
    query = "SELECT key, value FROM {} WHERE run_uuid = ? AND typeof(key) = 'text' AND typeof(value) = 'text'"
    config: dict[str, Scalar] = dict(connection.execute(query.format("params"), (run,)))
    tags = connection.execute(query.format("tags"), (run,))
    return config | {setting_of(key): value for key, value in tags if is_telling(key)}


READER = Reader(
    name="mlflow",
    title="MLflow's SQLite store",
    files="`mlflow.db`, or any `*.db`, `*.sqlite`, `*.sqlite3` with MLflow's tables; each run in it",
    appends=False,
    claim=claim,
    read=read,
)
