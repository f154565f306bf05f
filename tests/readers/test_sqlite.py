"""Opening databases: nothing is written, nobody is kept waiting, and what was committed is seen."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from rlcompare.readers import sqlite
from rlcompare.readers.base import Claim
from tests.readers.databases import database, execute, insert
from tests.readers.files import log_file

TABLE = "CREATE TABLE t (run TEXT, value REAL);"


def values(path: Path) -> list[float]:
    with sqlite.opened(path) as connection:
        return [value for (value,) in connection.execute("SELECT value FROM t ORDER BY rowid")]


def listing(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def crashed(folder: Path, journal: str) -> Path:
    """A database whose writer was killed: in WAL mode with a committed row in its log, else amid a transaction."""
    script = f"""
import os, sqlite3
c = sqlite3.connect("live.db", isolation_level=None)
c.execute("PRAGMA journal_mode = {journal}")
c.execute("PRAGMA cache_size = 1")
c.execute("CREATE TABLE t (run TEXT, value REAL)")
c.execute("INSERT INTO t VALUES ('a', 1.0)")
if "{journal}" == "delete":
    c.execute("BEGIN")
    c.executemany("INSERT INTO t VALUES (?, 2.0)", [("x" * 1000,)] * 50)
os._exit(0)
"""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-c", script], cwd=folder, check=True)
    return folder / "live.db"


# --- nothing is written


@pytest.mark.parametrize("journal", ["delete", "wal", "truncate", "persist"])
def test_a_closed_database_is_read_and_left_as_it_is(tmp_path: Path, journal: str) -> None:
    path = database(tmp_path / "logs" / "a.db", TABLE, journal=journal)
    insert(path, "t", [("a", 1.5), ("a", 2.5)])
    before = listing(path.parent)
    assert values(path) == [1.5, 2.5]
    assert listing(path.parent) == before


def test_what_a_killed_writer_committed_is_seen(tmp_path: Path) -> None:
    path = crashed(tmp_path, "wal")
    assert (tmp_path / "live.db-wal").stat().st_size > 0
    before = path.read_bytes()
    assert values(path) == [1.0]
    assert path.read_bytes() == before


def test_a_log_without_its_index_is_applied_to_a_copy(tmp_path: Path) -> None:
    """As where somebody copied the database and its log, and not the ``-shm`` file."""
    path = crashed(tmp_path, "wal")
    (tmp_path / "live.db-shm").unlink()
    before = listing(tmp_path)
    assert values(path) == [1.0]
    assert listing(tmp_path) == before


def test_what_a_killed_writer_did_not_commit_is_not_seen(tmp_path: Path) -> None:
    path = crashed(tmp_path, "delete")
    assert (tmp_path / "live.db-journal").stat().st_size > 0
    before = listing(tmp_path)
    assert values(path) == [1.0]
    assert listing(tmp_path) == before


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_folder_that_cannot_be_written_to(tmp_path: Path, journal: str) -> None:
    folder = tmp_path / "readonly"
    path = crashed(folder, journal)
    for file in folder.iterdir():
        file.chmod(stat.S_IRUSR)
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert values(path) == [1.0]
    finally:
        folder.chmod(stat.S_IRWXU)


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), sqlite.opened(tmp_path / "none.db"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_statement_that_writes_is_refused(tmp_path: Path) -> None:
    path = database(tmp_path / "a.db", TABLE)
    with pytest.raises(OSError, match="readonly"), sqlite.opened(path) as connection:
        connection.execute("INSERT INTO t VALUES ('a', 1.0)")
    assert values(path) == []


@pytest.mark.parametrize("name", ["a?mode=rw.db", "50%25 #1.db", "a b ü 猫.db", os.fsdecode(b"caf\xe9.db")])
def test_names_are_no_part_of_the_address(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    shutil.copy(database(tmp_path / "plain.db", TABLE), path)
    insert(path, "t", [("a", 1.5)])
    assert values(path) == [1.5]


# --- in use


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_a_writer_is_not_kept_waiting(tmp_path: Path, journal: str) -> None:
    """It inserts with 0.1 s of patience while the database is read over and over; each read sees whole commits."""
    path = database(tmp_path / "a.db", TABLE, journal=journal)
    failures: list[sqlite3.Error] = []
    done = threading.Event()
    writer = sqlite3.connect(path, timeout=0.1, isolation_level=None, check_same_thread=False)

    def write(n: int) -> None:
        try:
            writer.execute("INSERT INTO t VALUES ('a', ?), ('a', ?)", (n, n))
        except sqlite3.Error as error:
            failures.append(error)

    def write_many() -> None:
        for n in range(1, 150):
            write(n)
        done.set()

    write(0)
    thread = threading.Thread(target=write_many)
    thread.start()
    seen = 0
    while not done.is_set():
        found = values(path)
        assert found == [n // 2 for n in range(len(found))]
        assert len(found) >= max(seen, 2)
        seen = len(found)
    thread.join()
    assert (failures, len(values(path))) == ([], 300)
    writer.close()


def test_a_locked_database_is_tried_again_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    path = database(tmp_path / "a.db", TABLE)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        with pytest.raises(OSError, match="locked"):
            values(path)
        assert time.monotonic() - began < 2
    assert values(path) == []


def test_a_database_changed_while_it_was_read_without_locks(tmp_path: Path) -> None:
    path = database(tmp_path / "a.db", TABLE, journal="wal")

    def read_meanwhile() -> None:
        with sqlite.opened(path) as connection:
            connection.execute("SELECT * FROM t").fetchall()
            insert(path, "t", [("a", 1.0)])

    with pytest.raises(OSError, match="while it was read"):
        read_meanwhile()
    assert values(path) == [1.0]


# --- damage


@pytest.mark.parametrize(
    "data", [b"", b"SQLite format 3\0", b"SQLite format 3\0" + b"\xff" * 5000, b"no database" * 99]
)
def test_what_is_no_database(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(data)
    with pytest.raises((sqlite.DamagedDatabaseError, OSError)):
        values(path)


def test_only_plain_files_that_begin_as_one_are_databases(tmp_path: Path) -> None:
    path = database(tmp_path / "a.DB", TABLE)
    assert sqlite.is_named_as_one(log_file(path))
    for name in ("a.db.gz", "a.csv", "a"):
        assert not sqlite.is_named_as_one(log_file(shutil.copy(path, tmp_path / name)))
    rubbish = tmp_path / "b.db"
    rubbish.write_bytes(b"rubbish")
    assert sqlite.KnownClaims(lambda path, relative: ()).of(log_file(rubbish)) is None
    assert sqlite.KnownClaims(lambda path, relative: ()).of(log_file(path)) == ()


def test_views_and_virtual_tables_are_not_listed(tmp_path: Path) -> None:
    path = database(tmp_path / "a.db", TABLE)
    execute(path, "CREATE VIEW endless AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT x FROM c")
    with sqlite.opened(path) as connection:
        assert sqlite.tables(connection) == {"t": frozenset({"run", "value"})}


# --- names, pages


def test_names_of_runs_stay_below_their_database() -> None:
    database = PurePosixPath("logs/a.db")
    assert str(sqlite.run_within(database, "x/../y")) == "logs/a.db/x%2F..%2Fy"
    assert str(sqlite.run_within(database, "/etc")) == "logs/a.db/%2Fetc"
    assert sqlite.run_within(database, "") == database
    assert sqlite.name_of("/a/../b", "run / 1", "") == "a/b/run / 1"


@pytest.mark.parametrize("index", ["", "CREATE INDEX i ON t (run);"])
def test_pages_give_all_rows_of_one_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: str) -> None:
    monkeypatch.setattr(sqlite, "PAGE_ROWS", 3)
    path = database(tmp_path / "a.db", TABLE + index)
    insert(path, "t", [(run, n) for n in range(12) for run in ("a", "b")])
    dtype = np.dtype([("rowid", "i8"), ("value", "f8")])
    with sqlite.opened(path) as connection:
        pages = list(sqlite.pages(connection, "t", "value", "run = ?", "b", dtype))
    assert [len(page) for page in pages] == [3, 3, 3, 3]
    assert np.concatenate(pages)["value"].tolist() == list(range(12))


# --- claims


def test_claims_are_found_once_a_change(tmp_path: Path) -> None:
    path = database(tmp_path / "a.db", TABLE)
    asked: list[Path] = []

    def find(path: Path, relative: PurePosixPath) -> sqlite.Claims:
        asked.append(path)
        return (Claim(relative / str(len(asked))),)

    known = sqlite.KnownClaims(find)
    first = known.of(log_file(path))
    assert known.of(log_file(path)) == first
    assert asked == [path]
    os.utime(path, (1, 1))
    assert known.of(log_file(path)) == (Claim(PurePosixPath("a.db/2")),)


def test_the_last_claims_stand_while_a_database_is_locked(tmp_path: Path) -> None:
    path = database(tmp_path / "a.db", TABLE)
    locked = [False]

    def find(path: Path, relative: PurePosixPath) -> sqlite.Claims:
        if locked[0]:
            raise OSError("database is locked")
        return (Claim(relative / "run"),)

    known = sqlite.KnownClaims(find)
    first = known.of(log_file(path))
    locked[0] = True
    os.utime(path, (1, 1))
    assert known.of(log_file(path)) == first
    other = database(tmp_path / "b.db", TABLE)
    with pytest.raises(OSError, match="locked"):
        known.of(log_file(other))


def test_what_is_known_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "CLAIMS_KEPT", 2)
    asked: list[str] = []

    def find(path: Path, relative: PurePosixPath) -> sqlite.Claims:
        asked.append(path.name)
        return None

    known = sqlite.KnownClaims(find)
    for name in ("a.db", "b.db", "c.db", "b.db", "a.db"):
        path = tmp_path / name
        known.of(log_file(path if path.exists() else database(path, TABLE)))
    assert asked == ["a.db", "b.db", "c.db", "a.db"]
