"""Databases as MLflow and Trackio lay them out, filled row by row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from rlcompare.readers.base import Chunk, Claim, LogFile, Reader
from tests.readers.files import folder_of, log_file

MLFLOW = """
CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name VARCHAR(256), lifecycle_stage VARCHAR(32));
CREATE TABLE runs (run_uuid VARCHAR(32) PRIMARY KEY, name VARCHAR(250), status VARCHAR(20), start_time BIGINT,
    end_time BIGINT, lifecycle_stage VARCHAR(20), experiment_id INTEGER);
CREATE TABLE metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL,
    run_uuid VARCHAR(32) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, is_nan BOOLEAN DEFAULT '0' NOT NULL,
    PRIMARY KEY (key, timestamp, step, run_uuid, value, is_nan));
CREATE TABLE params (key VARCHAR(250) NOT NULL, value VARCHAR(8000) NOT NULL, run_uuid VARCHAR(32) NOT NULL);
CREATE TABLE tags (key VARCHAR(250) NOT NULL, value VARCHAR(8000), run_uuid VARCHAR(32) NOT NULL);
CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
INSERT INTO experiments VALUES (0, 'Default', 'active');
"""

TRACKIO = """
CREATE TABLE metrics (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, timestamp TEXT NOT NULL,
    run_name TEXT NOT NULL, step INTEGER NOT NULL, metrics TEXT NOT NULL);
CREATE TABLE configs (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, run_name TEXT NOT NULL,
    config TEXT NOT NULL, created_at TEXT NOT NULL, UNIQUE(run_id));
CREATE INDEX idx_metrics_run_step ON metrics(run_id, step);
"""

START = 1_700_000_000_000


def database(path: Path, schema: str, *, journal: str = "delete") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.executescript(schema)
    return path


def insert(path: Path, table: str, rows: Iterable[Sequence[Any]]) -> None:
    rows = list(rows)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)


def execute(path: Path, statement: str, *values: Any) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


def mlflow_run(path: Path, run: str = "a", *, rows: Iterable[Sequence[Any]] = (), status: str = "FINISHED") -> Path:
    """Add a run with ``rows`` of (key, value, step), a second apart."""
    insert(path, "runs", [(run, f"run {run}", status, START, None, "active", 0)])
    told = [(key, value, START + 1000 * n, run, step, 0) for n, (key, value, step) in enumerate(rows)]
    if told:
        insert(path, "metrics", told)
    return path


def trackio_run(path: Path, run: str = "a", *, rows: Iterable[tuple[int, str | bytes]] = ()) -> Path:
    """Add records of (step, JSON), a second apart."""
    time = "2026-01-01T00:00:{:02}+00:00"
    insert(path, "metrics", [(None, run, time.format(n % 60), f"run {run}", *row) for n, row in enumerate(rows)])
    return path


def claims(reader: Reader, path: Path, root: Path | None = None) -> dict[str, Claim]:
    """A reader's claims by the run within the database; none where it declines."""
    file = log_file(path, root)
    found = reader.claim(file, folder_of(file))
    several = () if found is None else [found] if isinstance(found, Claim) else found
    return {claim.within: claim for claim in several}


def read_run(reader: Reader, path: Path, run: str = "a") -> Chunk:
    return reader.read(run_file(path, run), None)


def run_file(path: Path, run: str = "a") -> LogFile:
    return replace(log_file(path), within=run)
