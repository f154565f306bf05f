"""What a reader is: a function that claims files and a function that reads one.

A reader knows one kind of file and nothing of the store, of other files' contents or of pages. Adding one is a
module here with a ``READER``, a line in ``READERS``, a golden folder and a row in the README.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import polars as pl

from rlcompare.errors import ReadIssue, Severity
from rlcompare.readers.packed import PACKED_SUFFIXES, open_pieces

#: Enough to hold the first lines of any known log, and one read of the disk.
HEAD_BYTES = 65_536

#: Issues kept for one read of one file; further ones are counted in a last one.
ISSUES_KEPT = 20

Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class LogFile:
    """A log as the walk of its log folder saw it. Frozen; ``head`` is read once, on demand.

    Parameters
    ----------
    path : Path
        Where it lies; of a rotated log the newest file.
    relative : PurePosixPath
        Its place below the log folder, without the marks of rotation and compression: ``train.log`` for
        ``train.log.1.gz``.
    size : int
        Bytes on disk, of all its files.
    mtime_ns, inode : int
    earlier : tuple of Path
        What was rotated away, oldest first; it is read before ``path``.
    within : str
        Which run is meant, of a file that holds many; see :class:`Claim`.
    """

    path: Path
    relative: PurePosixPath
    size: int
    mtime_ns: int
    inode: int
    earlier: tuple[Path, ...] = ()
    within: str = ""
    problems: list[str] = field(default_factory=list, compare=False, repr=False)

    def open(self) -> BinaryIO:
        """Open it for reading, unpacked, its files one behind the other as one stream that can seek.

        Raises
        ------
        OSError
            It cannot be opened or read.
        """
        return open_pieces((*self.earlier, self.path), self.problems)

    @property
    def is_plain(self) -> bool:
        """Whether ``path`` is all of it, as written: what a library must open by its path."""
        return not self.earlier and self.path.suffix not in PACKED_SUFFIXES

    @cached_property
    def head(self) -> bytes:
        """The first 64 KiB, empty if the file cannot be opened (its read reports why)."""
        try:
            with self.open() as stream:
                return stream.read(HEAD_BYTES)
        except OSError:
            return b""

    @property
    def name(self) -> str:
        """File name without folders."""
        return self.relative.name


@dataclass(frozen=True)
class Folder:
    """The names in a file's folder, and the folder above it (``None`` at the log folder itself)."""

    relative: PurePosixPath
    files: frozenset[str]
    parent: Folder | None
    folders: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Claim:
    """A reader's word that a file is its kind.

    Parameters
    ----------
    run : PurePosixPath
        The run that the file belongs to: a folder below the log folder, or the file itself where each file is a run.
    rename : str
        How its metric keys read within the run; ``{}`` stands for the source's own key.
    tentative : bool
        The file can be told only by reading it whole (a console log). A run without a record whose files are all
        tentative is not listed.
    accompanies : bool
        The file holds samples and no metrics. Where ``run`` has no other file, it goes to the run nearby, if there is
        exactly one: in the nearest folder above that has any.
    within : str
        Which run of a file that holds many, such as a database; the reader finds it as ``LogFile.within``. ``run``
        must differ from those of the file's other claims.
    name : str
        What to call the run where the path of ``run`` is no name for it: a path from the file's folder.
    version : tuple of int, or None
        Whatever changes when this run's part of the file does, so that a change to one run of a database does not
        have the others read again. Default: the file's size and time of change.
    reader : Reader
        Who reads the file for this claim, where that is not the one that claims: a file may hold two kinds of log.
    """

    run: PurePosixPath
    rename: str = "{}"
    tentative: bool = False
    accompanies: bool = False
    within: str = ""
    name: str = ""
    version: tuple[int, int] | None = None
    reader: Reader | None = None


@dataclass(frozen=True)
class Resume:
    """Where an earlier read of a growing file stopped: ``offset`` in bytes and the reader's own JSON-able state."""

    offset: int
    state: Mapping[str, Any]


@dataclass(frozen=True)
class Chunk:
    """What one read of a file gives: all of it, or, with a :class:`Resume`, what came since.

    Parameters
    ----------
    tables : tuple of DataFrame
        Wide run logs in file order: ``step`` Int64 (no null), optionally ``wall_time`` Float64 in Unix seconds,
        and one Float64 column a metric. Keys logged at different steps may be spread over several tables, so that
        rarely logged ones do not fill memory with nulls; a key's rows keep file order across tables.
    offset : int
        Bytes consumed from the start of the file; the next read starts here.
    state : dict, JSON-able
    config : dict of flat key (nested ones joined with ``.``) to value
    issues : tuple of ReadIssue
        About bytes that have been consumed.
    pending : ReadIssue or None
        About the bytes after ``offset``, such as a last line still being written. Forgotten at the next read.
    samples : DataFrame or None
        What :func:`rlcompare.readers.samples.sample_frame` makes.
    step_unit : str
        ``"step"`` (an update of the policy), ``"gradient step"`` (one of its mini-batches), ``"env step"``,
        ``"iteration"``, ``"episode"``; empty if unknown.
    framework : str
        Who trained, in its own spelling; empty if unknown.
    finished : bool
        The log itself says that the training ended as planned.
    """

    tables: tuple[pl.DataFrame, ...]
    offset: int
    state: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Scalar] = field(default_factory=dict)
    issues: tuple[ReadIssue, ...] = ()
    pending: ReadIssue | None = None
    samples: pl.DataFrame | None = None
    step_unit: str = ""
    framework: str = ""
    finished: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the bytes from ``at`` of a file on that is not as it should be."""

    at: int
    message: str
    severity: Severity = "warning"


class IssueList:
    """Collects the issues of one read, and keeps a million bad lines from becoming a million issues."""

    def __init__(self, file: LogFile) -> None:
        self._path = str(file.relative)
        self._kept: list[ReadIssue] = []
        self._more = 0

    def add(self, place: str, message: str, severity: Severity = "warning") -> None:
        """Record one issue at ``place`` of the file."""
        if len(self._kept) < ISSUES_KEPT:
            self._kept.append(ReadIssue(self._path, place, message, severity))
        else:
            self._more += 1

    def pending(self, place: str, message: str) -> ReadIssue:
        """Make a note about bytes that are not consumed yet."""
        return ReadIssue(self._path, place, message, "note")

    def done(self) -> tuple[ReadIssue, ...]:
        """All issues, the ones beyond the limit counted in a last one."""
        if not self._more:
            return tuple(self._kept)
        return (*self._kept, ReadIssue(self._path, "", f"{self._more:,} more issues like these in this file."))


def failure(reader: str, path: str, error: Exception) -> ReadIssue:
    """Make the issue about a reader that raised what it must not: its bug costs one file, not the page."""
    message = f"The {reader} reader failed: {type(error).__name__}: {error}. Hint: please report this file."
    return ReadIssue(path, "", message, "error")


def keep_all(files: Sequence[LogFile]) -> Sequence[LogFile]:
    """Every file of the run counts (the usual case)."""
    return files


@dataclass(frozen=True)
class SampleText:
    """The texts of one sample, as logged.

    Parameters
    ----------
    prompt, response : str
    others : dict of str
        What else the log says of it, under the log's own keys: the expected answer, parts of the reward.
    """

    prompt: str
    response: str
    others: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reader:
    """One kind of log file.

    Parameters
    ----------
    name : str
        Short id; stands in the cache and in the ``source`` column.
    title : str
        What the README's table calls it.
    files : str
        Which files it reads, for the README's table.
    appends : bool
        The file grows by appending, so that a read can resume; else it is always read whole.
    claim : callable (LogFile, Folder) -> Claim, several Claims or None
        Decides by name first, then by ``LogFile.head``. Never raises. Several claims: the file holds many runs.
    read : callable (LogFile, Resume or None) -> Chunk
        Raises OSError only; whatever the bytes are, it returns issues instead.
    choose : callable (files of one run) -> those to read
    combine : callable (one frame a file, in name order) -> DataFrame, or None
        For formats whose steps are known only from all files of the run together.
    texts : callable (LogFile, places) -> one SampleText a place, or None
        Reads the texts of samples from the file, by the ``place`` column of the samples that :attr:`read` gave.
        Raises OSError, and ValueError where the file no longer holds them.
    is_exact : bool
        It holds values as they were logged. Of a metric that a run has in another format too, an inexact one (a
        console prints some rounded) answers only where it holds more than a tenth more of it.
    stands_back : int
        Of formats that hold as much of a run, those with a lower number answer: higher ones have lost digits.
    version : int
        Raise it when the reader changes what it makes of a file: files read before are read again.
    """

    name: str
    title: str
    files: str
    appends: bool
    claim: Callable[[LogFile, Folder], Claim | Sequence[Claim] | None]
    read: Callable[[LogFile, Resume | None], Chunk]
    choose: Callable[[Sequence[LogFile]], Sequence[LogFile]] = keep_all
    combine: Callable[[Sequence[pl.DataFrame]], pl.DataFrame] | None = None
    texts: Callable[[LogFile, Sequence[int]], Sequence[SampleText]] | None = None
    is_exact: bool = True
    stands_back: int = 0
    version: int = 1
