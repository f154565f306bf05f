"""What a reader is: a function that claims files and a function that reads one.

A reader knows one kind of file and nothing of the store, of other files' contents or of pages. Adding one is a
module here with a ``READER``, a line in ``READERS``, a golden folder and a row in the README.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl

from rlcompare.errors import ReadIssue, Severity

#: Enough to hold the first lines of any known log, and one read of the disk.
HEAD_BYTES = 65_536

#: Issues kept for one read of one file; further ones are counted in a last one.
ISSUES_KEPT = 20

Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class LogFile:
    """A file as the walk of its log folder saw it. Frozen; ``head`` is read once, on demand."""

    path: Path
    relative: PurePosixPath
    size: int
    mtime_ns: int
    inode: int

    @cached_property
    def head(self) -> bytes:
        """The first 64 KiB, empty if the file cannot be opened (its read reports why)."""
        try:
            with self.path.open("rb") as stream:
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
    """

    run: PurePosixPath
    rename: str = "{}"
    tentative: bool = False


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
        Columns of ``schema.SAMPLES`` without ``run``.
    step_unit : str
        ``"step"`` (an update of the policy), ``"env step"``, ``"iteration"``, ``"episode"``; empty if unknown.
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


def keep_all(files: Sequence[LogFile]) -> Sequence[LogFile]:
    """Every file of the run counts (the usual case)."""
    return files


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
    claim : callable (LogFile, Folder) -> Claim or None
        Decides by name first, then by ``LogFile.head``. Never raises.
    read : callable (LogFile, Resume or None) -> Chunk
        Raises OSError only; whatever the bytes are, it returns issues instead.
    choose : callable (files of one run) -> those to read
    combine : callable (one frame a file, in name order) -> DataFrame, or None
        For formats whose steps are known only from all files of the run together.
    """

    name: str
    title: str
    files: str
    appends: bool
    claim: Callable[[LogFile, Folder], Claim | None]
    read: Callable[[LogFile, Resume | None], Chunk]
    choose: Callable[[Sequence[LogFile]], Sequence[LogFile]] = keep_all
    combine: Callable[[Sequence[pl.DataFrame]], pl.DataFrame] | None = None
