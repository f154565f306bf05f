"""Comet's offline archives: ``<experiment key>.zip`` with ``messages.json``, JSON lines, and ``experiment.json``.

``OfflineExperiment`` (``comet_ml/offline.py``) writes the archive when the training ends, into ``.cometml-runs`` unless
told otherwise. A line holds a ``type`` and a ``payload``; those that matter here are ``metric_msg``, ``parameter_msg``
and ``log_other``; older files have ``ws_msg`` for the first two. Nothing is unpacked to disk.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, cast

import orjson

from rlcompare.metrics import guess_framework, step_unit_of
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume, Scalar
from rlcompare.readers.comet_messages import Messages

MESSAGES, ABOUT = "messages.json", "experiment.json"

#: Comet stores without packing. An archive that was packed again gets to a tenth; more than this is made to harm.
MOST_PACKED = 100
#: Below it any rate is harmless.
ALWAYS_TAKEN = 64 * 2**20

MAX_LINE_BYTES = 16 * 2**20
MAX_ABOUT_BYTES = 4 * 2**20

#: Bytes unpacked at a time.
BLOCK_BYTES = 2**20

#: The names that Comet gives to archives: an experiment's key, and of one that is continued some letters more.
_NAME = re.compile(r"[0-9A-Za-z]{32,50}(?:-[0-9A-Za-z]+)?\.zip")

#: How the experiment's name stands in messages that are stored.
_EXPERIMENT = re.compile(rb'"key":"Name",(?:"message_id":\d+,)?"value":("(?:[^"\\]|\\.)*")')

#: What the zip module raises over bytes that are not its own.
_DAMAGE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OverflowError)


def claim(file: LogFile, folder: Folder) -> Claim | None:  # noqa: ARG001
    """Claim archives that hold both files, told by the first bytes or, under a name of Comet's, by the list in it."""
    if not file.name.endswith(".zip") or not file.head.startswith(b"PK\x03\x04"):
        return None
    if MESSAGES.encode() in file.head and ABOUT.encode() in file.head:
        found = True
    else:
        found = bool(_NAME.fullmatch(file.name)) and {MESSAGES, ABOUT}.issubset(_members(file))
    return Claim(file.relative, name=_experiment(file.head)) if found else None


def _members(file: LogFile) -> list[str]:
    try:
        with file.open() as stream, zipfile.ZipFile(stream) as archive:
            return archive.namelist()
    except (OSError, *_DAMAGE):
        return []


def _experiment(head: bytes) -> str:
    named = _EXPERIMENT.search(head)
    try:
        return str(orjson.loads(named[1])).strip("/") if named else ""
    except orjson.JSONDecodeError:
        return ""


def read(file: LogFile, resume: Resume | None) -> Chunk:  # noqa: ARG001 - always read whole
    """Read all messages of one archive, a block at a time."""
    issues = IssueList(file)
    messages = Messages()
    about: dict[str, Any] = {}
    with file.open() as stream:
        try:
            with zipfile.ZipFile(stream) as archive:
                about = _about(archive, issues)
                _take_up(archive, messages, issues)
        except KeyError as error:
            issues.add("", f"Expected a Comet archive: {error.args[0]}.", "error")
        except _DAMAGE as error:
            # The checksum comes last, and says of no number whether it is right.
            messages = Messages()
            issues.add(
                "",
                f"Expected a whole zip archive, came {file.size:,} bytes: {error}. Nothing of it is taken. "
                "Hint: copy it again from where it was made.",
                "error",
            )
    messages.notes(issues)
    tables = messages.scalars.tables()
    framework = guess_framework(key for table in tables for key in table.columns)
    return Chunk(
        tables,
        file.size,
        config=messages.config | _names(about, messages.name),
        issues=issues.done(),
        step_unit=step_unit_of(framework),
        framework=framework,
        finished=about.get("customer_error_reported") is False,
    )


def _open(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """Open a member, or refuse one that would unpack to far more than it is.

    Raises
    ------
    KeyError
        There is none of this name.
    ValueError
    """
    member = archive.getinfo(name)
    if member.file_size > max(ALWAYS_TAKEN, MOST_PACKED * member.compress_size):
        raise ValueError(
            f"{name} says that its {member.compress_size:,} bytes unpack to {member.file_size:,}, which no log does"
        )
    return archive.open(member)


def _about(archive: zipfile.ZipFile, issues: IssueList) -> dict[str, Any]:
    with _open(archive, ABOUT) as stream:
        data = stream.read(MAX_ABOUT_BYTES)
    try:
        about = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        issues.add(ABOUT, f"Expected a JSON object, came something else: {error}.")
        return {}
    return about if isinstance(about, dict) else {}


def _take_up(archive: zipfile.ZipFile, messages: Messages, issues: IssueList) -> None:
    # The zip module's own readline is several times as slow.
    with io.BufferedReader(cast("io.RawIOBase", _open(archive, MESSAGES)), BLOCK_BYTES) as stream:
        for number, line in enumerate(_lines(stream), 1):
            if line is None:
                issues.add(
                    f"{MESSAGES} line {number}", f"Expected a line of at most {MAX_LINE_BYTES:,} bytes; left out."
                )
            elif not line.isspace() and (wrong := messages.add(line)):
                issues.add(f"{MESSAGES} line {number}", wrong)


def _lines(stream: io.BufferedIOBase) -> Iterator[bytes | None]:
    """Yield the lines, None for one that is too long to be held."""
    while line := stream.readline(MAX_LINE_BYTES):
        if len(line) < MAX_LINE_BYTES or line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE_BYTES)
        yield None


def _names(about: dict[str, Any], name: str) -> dict[str, Scalar]:
    tags = about.get("tags")
    names = {
        "comet.name": name,
        "comet.project": about.get("project_name"),
        "comet.workspace": about.get("workspace"),
        "comet.tags": json.dumps(tags, ensure_ascii=False) if tags else "",
    }
    return {key: value for key, value in names.items() if isinstance(value, str) and value}


READER = Reader(
    name="comet",
    title="Comet offline archives",
    files="`*.zip` with `messages.json` and `experiment.json`",
    appends=False,
    claim=claim,
    read=read,
)
