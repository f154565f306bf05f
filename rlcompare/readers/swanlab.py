"""SwanLab's run folders: ``run-<id>.swanlab``, in older ones ``backup.swanlab``, and ``files/config.yaml``.

``swanlab/sdk/internal/core_python/store`` frames the records; :mod:`rlcompare.readers.swanlab_records` knows what they
hold. Every mode writes the file, unless ``skip_store`` is set; a writer's buffer reaches the disk 8 KiB at a time, so
that the file of a running training lags behind, and is empty at first. What ``local`` mode adds (``logs/<n>/1000.log``,
``swanlog/runs.swanlab``) repeats it. SwanLab up to 0.6.0 wrote only those, which are not read: the database has no
values, and the logs have no names.
"""

from __future__ import annotations

import struct

from rlcompare.errors import ReadIssue
from rlcompare.metrics import guess_framework, step_unit_of
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Problem, Reader, Resume
from rlcompare.readers.configfiles import MAX_BYTES, settings_in
from rlcompare.readers.leveldb_log import Scan, scan
from rlcompare.readers.swanlab_records import JSON_VERSIONS, PROTOBUF_VERSIONS, RecordError, SwanLog
from rlcompare.readers.swanlab_scalars import take_alike

#: Mark, magic number and version.
HEADER = struct.Struct("<4sHB")
MARK, MAGIC = b":SWL", 0xE1D6
VERSIONS = (*JSON_VERSIONS, *PROTOBUF_VERSIONS)

CONFIG_FOLDER, CONFIG_FILE = "files", "config.yaml"

#: Records at the beginning of a file among which the experiment's names are.
_NAMED_EARLY = 8


def claim(file: LogFile, folder: Folder) -> Claim | None:
    """Claim a ``.swanlab`` file by its first bytes, or empty by its name, and the settings beside it."""
    if file.name == CONFIG_FILE and folder.relative.name == CONFIG_FOLDER and folder.parent is not None:
        beside = any(map(_is_named_as_log, folder.parent.files))
        return Claim(run=folder.parent.relative) if beside else None
    if not file.name.endswith(".swanlab"):
        return None
    if file.head.startswith(MARK):
        return Claim(run=folder.relative, name=_experiment(file))
    return Claim(run=folder.relative) if not file.head and _is_named_as_log(file.name) else None


def _is_named_as_log(name: str) -> bool:
    return name == "backup.swanlab" or (name.startswith("run-") and name.endswith(".swanlab"))


def _experiment(file: LogFile) -> str:
    """Find the experiment's name in the head; empty where it has none."""
    log = SwanLog(_version(file))
    for at, record in scan(file.head[HEADER.size :], HEADER.size).records[:_NAMED_EARLY]:
        try:
            log.add(at, record)
        except RecordError:
            return ""
    return str(log.config.get("swanlab.name", "")).strip("/")


def _version(file: LogFile) -> int:
    """Version of the file's format; -1 where it has no whole header or another one."""
    if len(file.head) < HEADER.size:
        return -1
    mark, magic, version = HEADER.unpack_from(file.head)
    return int(version) if (mark, magic) == (MARK, MAGIC) else -1


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read the records of a ``.swanlab`` file, or what was appended to it; settings are read whole."""
    issues = IssueList(file)
    if file.name == CONFIG_FILE:
        return _read_settings(file, issues)
    if len(file.head) < HEADER.size:
        message = "Its writer was opened and has written nothing yet; SwanLab writes 8 KiB at a time."
        return Chunk((), 0, pending=issues.pending("", message))
    version = _version(file)
    if version not in VERSIONS:
        issues.add(
            "",
            f"Expected a SwanLab log of version {', '.join(map(str, VERSIONS))}, it begins with "
            f"{file.head[: HEADER.size].hex(' ')}. Hint: a newer SwanLab may write another format.",
            "error",
        )
        return Chunk((), file.size, issues=issues.done())
    offset = max(HEADER.size, resume.offset if resume else 0)
    with file.open() as stream:
        stream.seek(offset)
        found = scan(stream.read(), offset)
    log = _take_up(found, version, issues)
    tables = log.scalars.tables()
    framework = guess_framework(key for table in tables for key in table.columns)
    finished = log.finished or bool(resume and resume.state.get("finished"))
    return Chunk(
        tables,
        found.offset,
        state={"finished": finished},
        config=log.config,
        issues=issues.done(),
        pending=_pending(file, found.pending),
        step_unit=step_unit_of(framework),
        framework=framework,
        finished=finished,
    )


def _pending(file: LogFile, problem: Problem | None) -> ReadIssue | None:
    if problem is None:
        return None
    return ReadIssue(str(file.relative), f"byte {problem.at}", problem.message, problem.severity)


def _take_up(found: Scan, version: int, issues: IssueList) -> SwanLog:
    log = SwanLog(version)
    for problem in found.problems:
        issues.add(f"byte {problem.at}", problem.message, problem.severity)
    records = found.records if version in JSON_VERSIONS else take_alike(found.records, log.scalars)
    for at, record in records:
        try:
            log.add(at, record)
        except RecordError as error:
            issues.add(f"byte {at}", str(error))
    return log


def _read_settings(file: LogFile, issues: IssueList) -> Chunk:
    with file.open() as stream:
        data = stream.read(MAX_BYTES + 1)
    config = settings_in(data, file.size, file.path.suffix, lambda message, how: issues.add("", message, how))
    return Chunk((), len(data), config=config, issues=issues.done())


READER = Reader(
    name="swanlab",
    title="SwanLab runs",
    files="`run-*.swanlab`, `backup.swanlab`, `files/config.yaml`",
    appends=True,
    claim=claim,
    read=read,
)
