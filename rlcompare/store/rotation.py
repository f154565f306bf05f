"""Which files of a folder are one log that was rotated or compressed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from rlcompare.readers import LogFile
from rlcompare.readers.packed import PACKED_SUFFIXES

#: Logs that programs write as a stream. Others are not compressed or rotated while they are of use.
_LOG = re.compile(r".*\.(?:log|txt|out|err|csv|tsv|jsonl|ndjson|json)|.*\.tfevents\..*", re.IGNORECASE)

#: What logrotate and Python's handlers put behind the name: a number, higher for older files, or a date.
_ROTATED = re.compile(r"(?P<log>.+?)(?:\.(?P<number>\d{1,3})|[.-](?P<date>\d{4}-?\d{2}-?\d{2}(?:[-_T.]?[\d-]+)?))")


@dataclass(frozen=True)
class _Piece:
    """A file, the log that it is a piece of, and its place among the pieces, oldest first."""

    file: LogFile
    log: str
    order: tuple[int, int, str]


def together(files: Sequence[LogFile]) -> list[LogFile]:
    """Put the files of one folder together that are pieces of one log.

    ``train.log.2.gz``, ``train.log.1`` and ``train.log`` are ``train.log``. A compressed copy beside a file, such as
    ``train.log.gz`` beside ``train.log``, is the same log once more and left out.

    Parameters
    ----------
    files : sequence of LogFile, of one folder, in the order of their names

    Returns
    -------
    list of LogFile
    """
    logs: dict[str, list[_Piece]] = {}
    for file in files:
        piece = _piece(file)
        logs.setdefault(piece.log, []).append(piece)
    return [_joined(log, pieces) for log, pieces in logs.items()]


def _piece(file: LogFile) -> _Piece:
    name, packed = file.name, False
    suffix = PurePosixPath(name).suffix
    if suffix in PACKED_SUFFIXES:
        name, packed = name.removesuffix(suffix), True
    # An event file's name goes on behind its suffix, with a time: no rotation.
    rotated = _ROTATED.fullmatch(name)
    if rotated and _LOG.fullmatch(rotated["log"]) and ".tfevents" not in name:
        if rotated["number"]:
            return _Piece(file, rotated["log"], (1, -int(rotated["number"]), ""))
        return _Piece(file, rotated["log"], (0, 0, rotated["date"]))
    if packed and not _LOG.fullmatch(name):
        return _Piece(file, file.name, (2, 0, ""))
    return _Piece(file, name, (2, 0, ""))


def _joined(log: str, pieces: Sequence[_Piece]) -> LogFile:
    by_order: dict[tuple[int, int, str], LogFile] = {}
    for piece in sorted(pieces, key=lambda piece: piece.file.path.suffix in PACKED_SUFFIXES):
        by_order.setdefault(piece.order, piece.file)
    *earlier, newest = (by_order[order] for order in sorted(by_order))
    return replace(
        newest,
        relative=newest.relative.with_name(log),
        size=sum(file.size for file in by_order.values()),
        mtime_ns=max(file.mtime_ns for file in by_order.values()),
        earlier=tuple(file.path for file in earlier),
    )
