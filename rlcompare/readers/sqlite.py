"""What readers of SQLite databases share: opening one without writing to it, and rows as arrays.

A database may be in use. It is opened read-only, and rows are read page by page, so that a writer waits for
milliseconds. SQLite itself writes even for a reader: a ``-shm`` file beside a database in WAL mode, and what a crashed
writer left in ``-wal`` or ``-journal`` into the database. So one without such files is opened as immutable, and a
crashed writer's changes are applied to a copy.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
import sqlite3
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from rlcompare.errors import ReadIssue
from rlcompare.readers.base import Chunk, Claim, LogFile

#: Names under which databases are looked at.
SUFFIXES = frozenset({".db", ".sqlite", ".sqlite3"})

#: How a database begins.
MAGIC = b"SQLite format 3\0"

#: Seconds to wait for a writer.
BUSY_SECONDS = 2.0

#: Rows read under one lock.
PAGE_ROWS = 100_000

#: Databases whose claims are remembered.
CLAIMS_KEPT = 256

#: Where the header says how the database is written, and what it says for a write-ahead log.
_WRITE_VERSION, _WAL = 18, 2

#: Primary result codes that speak of the moment or of the disk, not of the database: it is tried again.
_PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
    }
)

#: Those of a database that can be read only by one who may write: a journal waits to be applied.
_NEEDS_WRITING = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN})

Records = npt.NDArray[np.void]
Claims = tuple[Claim, ...] | None

_Stamp = tuple[int, int, int]


class DamagedDatabaseError(ValueError):
    """What SQLite says of a file that is no database, or is damaged, or has other tables than expected."""


def is_named_as_one(file: LogFile) -> bool:
    """Whether a file is named as a database and can be opened by its path."""
    return file.relative.suffix.lower() in SUFFIXES and file.is_plain


class KnownClaims:
    """The claims on databases, by path and stamp: a walk every two seconds must not open each of them.

    Parameters
    ----------
    find : callable (path, path below the log folder) -> Claims, or None where the database is another's
        May raise OSError, upon which the last claims on the database stand, and DamagedDatabaseError.
    """

    def __init__(self, find: Callable[[Path, PurePosixPath], Claims]) -> None:
        self._find = find
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[Path, PurePosixPath], tuple[_Stamp, Claims]] = OrderedDict()

    def of(self, file: LogFile) -> Claims:
        """Find the claims on a file, its stamp being discovery's word on it and its write-ahead log.

        Raises
        ------
        OSError
            It cannot be opened, and nothing is known of it.
        DamagedDatabaseError
        """
        key, stamp = (file.path, file.relative), (file.inode, file.size, file.mtime_ns)
        with self._lock:
            known = self._known.get(key)
        if known is not None and known[0] == stamp:
            return known[1]
        try:
            claims = self._find(file.path, file.relative) if file.head.startswith(MAGIC) else None
        except OSError:
            if known is None:
                raise
            return known[1]
        with self._lock:
            self._known[key] = stamp, claims
            self._known.move_to_end(key)
            while len(self._known) > CLAIMS_KEPT:
                self._known.popitem(last=False)
        return claims


def run_within(database: PurePosixPath, run: str) -> PurePosixPath:
    """Make the path of a run within a database; what is a slash in its id is none in the path."""
    return database / run.replace("%", "%25").replace("/", "%2F") if run else database


def name_of(*parts: str) -> str:
    """Join names to one relative path, whatever slashes and dots they hold."""
    kept = [piece for part in parts for piece in part.split("/") if piece not in ("", ".", "..")]
    return "/".join(kept)


def fingerprint(*parts: object) -> int:
    """Hash what tells of a run's state to 63 bits, the same in every process."""
    digest = hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database read-only; text that is not UTF-8 comes with replacement characters.

    Raises
    ------
    OSError
        It is locked, it cannot be read, or it changed in a way that a reader cannot follow: try again later.
    DamagedDatabaseError
        Also for errors of the queries within the ``with`` block.
    """
    before = _state(path)
    try:
        with _connected(path) as connection:
            yield connection
    except sqlite3.Error as error:
        if _code(error) in _PASSING or _state(path) != before:
            raise OSError(errno.EAGAIN, f"{error} (SQLite)") from error
        raise DamagedDatabaseError(str(error)) from error
    except UnicodeError as error:  # SQLite's word on damage, quoting it
        raise DamagedDatabaseError(str(error)) from error


def read_within(
    file: LogFile,
    tracker: str,
    needed: Mapping[str, Collection[str]],
    read_run: Callable[[sqlite3.Connection, Mapping[str, frozenset[str]]], Chunk],
) -> Chunk:
    """Read one run of a database that holds many.

    Parameters
    ----------
    file : LogFile
    tracker : str
        Whose database it should be.
    needed : mapping of table to its columns
        Without which it is none of the tracker's.
    read_run : callable (connection, tables found) -> Chunk

    Raises
    ------
    OSError
        The database is locked or cannot be opened.
    """
    try:
        with opened(file.path) as connection:
            if not file.within:
                # It could not be opened when it was claimed; by now it can, and the next walk finds its runs.
                return Chunk((), file.size)
            return read_run(connection, _still_there(connection, needed))
    except DamagedDatabaseError as error:
        message = f"Expected {tracker}'s SQLite database, came something else, of which SQLite says: {error}."
        return Chunk((), file.size, issues=(ReadIssue(str(file.relative), "", message, "error"),))


def tables(connection: sqlite3.Connection) -> dict[str, frozenset[str]]:
    """List the ordinary tables and their columns. Views and virtual tables, which can run code, are not listed."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE TABLE%'")
    columns = "SELECT name FROM pragma_table_info(?)"
    return {name: frozenset(column for (column,) in connection.execute(columns, (name,))) for (name,) in names}


def needed_tables(
    connection: sqlite3.Connection, needed: Mapping[str, Collection[str]]
) -> dict[str, frozenset[str]] | None:
    """List the tables as :func:`tables` does where the needed ones have the needed columns, else ``None``."""
    found = tables(connection)
    return found if all(has(found, table, columns) for table, columns in needed.items()) else None


def _still_there(connection: sqlite3.Connection, needed: Mapping[str, Collection[str]]) -> Mapping[str, frozenset[str]]:
    """List the tables of a database that had the needed ones when it was claimed."""
    found = needed_tables(connection, needed)
    if found is None:
        raise DamagedDatabaseError("tables are missing")
    return found


def has(found: Mapping[str, frozenset[str]], table: str, columns: Collection[str]) -> bool:
    """Whether a table is there with all of these columns."""
    return found.get(table, frozenset()) >= set(columns)


def pages(
    connection: sqlite3.Connection, table: str, columns: str, of_run: str, run: str, dtype: npt.DTypeLike
) -> Iterator[Records]:
    """Read the rows of one run in the order in which they were inserted.

    Parameters
    ----------
    connection : sqlite3.Connection
    table : str
    columns : str
        Expressions to select, as SQL, behind the ``rowid``.
    of_run : str
        Condition that a row is the run's, as SQL with one ``?``.
    run : str
    dtype : structured dtype
        A field for the ``rowid``, of this name, and one a column.

    Raises
    ------
    sqlite3.Error, ValueError, TypeError, OverflowError
        The last three where a value is not of the dtype's kind: the query must see to it.
    """
    # Numbers of rows are sorted rather than rows, where no index has them in order.
    query = (
        f"SELECT rowid, {columns} FROM {table} WHERE rowid IN"
        f" (SELECT rowid FROM {table} WHERE {of_run} AND rowid > ? ORDER BY rowid LIMIT {PAGE_ROWS}) ORDER BY rowid"
    )
    last = -(2**63)
    while True:
        with closing(connection.execute(query, (run, last))) as cursor:
            page = np.fromiter(cursor, dtype)
        if len(page):
            yield page
            last = int(page["rowid"][-1])
        if len(page) < PAGE_ROWS:
            return


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    in_use = _beside(path, "-shm").exists()
    if not in_use and _size(_beside(path, "-wal")):
        with _copied(path) as connection:
            yield connection
        return
    immutable = not in_use and _is_write_ahead(path)
    before = _state(path)
    try:
        connection = _connect(f"{uri}&immutable=1" if immutable else uri)
    except sqlite3.Error as error:
        if _code(error) not in _NEEDS_WRITING:
            raise
        with _copied(path) as connection:
            yield connection
        return
    with closing(connection):
        yield connection
    if immutable and _state(path) != before:
        raise OSError(errno.EAGAIN, "The database was written to while it was read")


@contextmanager
def _copied(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a copy, to which SQLite applies what a crashed writer left beside the database."""
    before = _state(path)
    with tempfile.TemporaryDirectory(prefix="rlcompare-") as folder:
        copy = Path(folder) / "copy.db"
        for suffix in ("", "-wal", "-journal"):
            source = _beside(path, suffix)
            if not suffix or source.exists():
                shutil.copyfile(source, _beside(copy, suffix))
        if _state(path) != before:
            raise OSError(errno.EAGAIN, "The database was written to while it was copied")
        with closing(_connect(copy.as_uri())) as connection:
            yield connection


def _connect(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA query_only = ON")
        # Nothing is opened before the first query.
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _code(error: sqlite3.Error) -> int:
    """Give the primary result code; an error of Python's own has none."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _is_write_ahead(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(_WRITE_VERSION + 1)[_WRITE_VERSION:] == bytes([_WAL])


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _state(path: Path) -> list[tuple[int, int]]:
    """Tell whether a database or what lies beside it was written to."""
    found = []
    for suffix in ("", "-wal", "-journal"):
        try:
            stat = _beside(path, suffix).stat()
        except OSError:
            found.append((0, 0))
        else:
            found.append((stat.st_size, stat.st_mtime_ns))
    return found
