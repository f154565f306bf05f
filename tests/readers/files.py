"""Log files as the walk of a log folder would hand them to a reader, and reading them piece by piece."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import polars as pl

from rlcompare.readers.base import Chunk, Folder, LogFile, Reader, Resume

GOLDEN = Path(__file__).parents[1] / "golden"


def log_file(path: Path, root: Path | None = None) -> LogFile:
    """A file below the log folder ``root``, by default its own folder."""
    stat = path.stat()
    relative = PurePosixPath(path.relative_to(root or path.parent).as_posix())
    return LogFile(path, relative, stat.st_size, stat.st_mtime_ns, stat.st_ino)


def written(path: Path, data: bytes) -> LogFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return log_file(path)


def golden_logs(case: str, folder: Path) -> Path:
    """A copy of a golden folder without what the test expects of it, which would be a log of its own."""
    return Path(shutil.copytree(GOLDEN / case, folder / "logs", ignore=shutil.ignore_patterns("expected*.json")))


def folder_of(file: LogFile) -> Folder:
    """The folders above a file, without a word on what else they hold."""
    folder = None
    for part in reversed(file.relative.parents):
        folder = Folder(part, frozenset({file.name}), folder)
    assert folder is not None
    return folder


def claimed_run(reader: Reader, file: LogFile) -> str | None:
    claim = reader.claim(file, folder_of(file))
    return None if claim is None else str(claim.run)


def one_table(chunks: Chunk | Sequence[Chunk]) -> pl.DataFrame:
    tables = [table for chunk in ([chunks] if isinstance(chunks, Chunk) else chunks) for table in chunk.tables]
    return pl.concat(tables, how="diagonal") if tables else pl.DataFrame()


def read_grown(reader: Reader, path: Path, data: bytes, cuts: Iterable[int]) -> list[Chunk]:
    """Read a file as it stood at each of ``cuts`` and at its end, each time from where the read before stopped."""
    chunks: list[Chunk] = []
    resume = None
    for cut in [*sorted(cuts), len(data)]:
        chunk = reader.read(written(path, data[:cut]), resume)
        assert chunk.offset <= cut
        assert resume is None or chunk.offset >= resume.offset
        chunks.append(chunk)
        resume = Resume(chunk.offset, json.loads(json.dumps(chunk.state)))
    return chunks
