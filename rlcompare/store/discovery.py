"""One walk of a log folder: which files are logs, and which run each belongs to.

Decided file by file, by name first and by the first bytes where the name is not enough. Whatever cannot be looked at
becomes an issue; nothing that the disk does is an exception here.
"""

from __future__ import annotations

import hashlib
import logging
import os
import posixpath
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from rlcompare.errors import LogFolderError, ReadIssue
from rlcompare.readers import READERS, REGISTRATION_ISSUES, Claim, Folder, LogFile, Reader
from rlcompare.readers.base import failure
from rlcompare.store.rotation import together

log = logging.getLogger(__name__)

#: Folders that hold no logs but may hold very many files.
SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages"})

#: Hidden folders into which a framework or a tracker logs unless told otherwise; the others are passed over.
HIDDEN_LOG_FOLDERS = frozenset({".summary", ".cometml-runs"})  # Sample Factory, Comet


@dataclass(frozen=True)
class Source:
    """One file of a run, with the reader that claimed it."""

    file: LogFile
    reader: str
    rename: str
    tentative: bool


@dataclass(frozen=True)
class FoundRun:
    """One run as discovered: its id, where it lies and the files that make it up.

    ``id`` is unique among the log folders walked together; ``place`` is the folder (or file) on disk.
    """

    id: str
    name: str
    place: Path
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class _Claimed:
    """A file as a reader claimed it for one run."""

    reader: Reader
    source: Source
    claim: Claim


@dataclass(frozen=True)
class Found:
    """All that one walk found, runs in the order of their ids."""

    runs: tuple[FoundRun, ...]
    issues: tuple[ReadIssue, ...]


def discover(folders: Sequence[str | Path], *, follow_links: bool = False) -> Found:
    """Walk each log folder once and group its log files into runs.

    Parameters
    ----------
    folders : sequence of path
    follow_links : bool
        Follow symbolic links that lead out of a named folder. Links within it are never followed: what they point
        to is found at its own place, and must not be listed twice.

    Returns
    -------
    Found

    Raises
    ------
    LogFolderError
        A folder that does not exist or is a file.
    """
    roots = _distinct_roots(folders)
    runs: list[FoundRun] = []
    issues: list[ReadIssue] = [*REGISTRATION_ISSUES]
    for label, root in roots.items():
        prefix = f"{label}/" if len(roots) > 1 else ""
        claims: dict[PurePosixPath, list[_Claimed]] = defaultdict(list)
        for file, folder in _walk(root, follow_links, issues):
            for claimed in _claimed(file, folder, issues):
                claims[claimed.claim.run].append(claimed)
        _bring_samples_home(claims)
        for relative, found in claims.items():
            run_id = prefix + str(relative) if relative.parts else label
            runs.append(FoundRun(run_id, _name(run_id, prefix, found[0]), _place(relative, found[0]), _chosen(found)))
    return Found(tuple(sorted(runs, key=lambda run: run.id)), tuple(issues))


def _claimed(file: LogFile, folder: Folder, issues: list[ReadIssue]) -> list[_Claimed]:
    """Ask the readers in their order for the runs that a file belongs to; none where nobody knows it."""
    for reader in READERS:
        try:
            claim = reader.claim(file, folder)
        except Exception as error:
            log.exception("The %s reader failed on %s", reader.name, file.relative)
            issues.append(failure(reader.name, str(file.relative), error))
            continue
        if claim is not None:
            several = [claim] if isinstance(claim, Claim) else claim
            return [_Claimed(one.reader or reader, _source(file, one.reader or reader, one), one) for one in several]
    return []


def _bring_samples_home(claims: dict[PurePosixPath, list[_Claimed]]) -> None:
    """Give samples that lie in a folder of their own to the run nearby, where there is exactly one.

    Nearby is what lies in that folder or below it, else what has a file in the folder above.
    """
    alone = [run for run, found in claims.items() if all(one.claim.accompanies for one in found)]
    homes = {run: found for run, found in claims.items() if run not in set(alone)}
    for run in alone:
        near = [home for home in homes if home.is_relative_to(run)] or [
            home for home, found in homes.items() if any(one.source.file.relative.parent == run.parent for one in found)
        ]
        if len(near) == 1:
            claims[near[0]] += claims.pop(run)


def _name(run_id: str, prefix: str, first: _Claimed) -> str:
    if first.claim.name:
        return prefix + posixpath.normpath(first.source.file.relative.parent / first.claim.name)
    is_file = first.claim.run == first.source.file.relative
    return str(PurePosixPath(run_id).with_suffix("")) if is_file else run_id


def _distinct_roots(folders: Sequence[str | Path]) -> dict[str, Path]:
    """Label each folder by its own name, made unique; a folder named twice or inside another counts once."""
    paths: list[Path] = []
    for folder in folders:
        path = Path(folder).expanduser()
        if not path.is_dir():
            came = "a file" if path.exists() else "nothing there"
            raise LogFolderError(
                f"Expected a folder of logs at {str(folder)!r}, found {came}. "
                "Hint: name the folder that holds the runs, e.g. `logs/`."
            )
        paths.append(path.resolve())
    kept = [p for p in dict.fromkeys(paths) if not any(other in p.parents for other in paths)]
    roots: dict[str, Path] = {}
    for path in kept:
        label, n = path.name or "root", 2
        while label in roots:
            label, n = f"{path.name} ({n})", n + 1
        roots[label] = path
    return roots


def _printable(name: str) -> str:
    """Spell out bytes of a file name that are not UTF-8, so that it can be shown and stored."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _walk(root: Path, follow_links: bool, issues: list[ReadIssue]) -> Iterator[tuple[LogFile, Folder]]:
    seen: set[tuple[int, int]] = set()
    stack: list[tuple[Path, PurePosixPath, Folder | None]] = [(root, PurePosixPath(), None)]
    while stack:
        path, relative, parent = stack.pop()
        try:
            stat = path.stat()
            if (stat.st_dev, stat.st_ino) in seen:
                continue
            seen.add((stat.st_dev, stat.st_ino))
            with os.scandir(path) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            issues.append(_unreadable(relative, "folder", error))
            continue
        files: list[LogFile] = []
        folders: list[tuple[Path, PurePosixPath]] = []
        for entry in entries:
            below = relative / _printable(entry.name)
            try:
                if entry.is_symlink() and not (follow_links and _leads_out(entry.path, root)):
                    continue
                if entry.is_dir():
                    if not _is_passed_over(entry.name):
                        folders.append((path / entry.name, below))
                elif entry.is_file():
                    stat = entry.stat()
                    files.append(LogFile(path / entry.name, below, stat.st_size, stat.st_mtime_ns, stat.st_ino))
            except OSError as error:
                issues.append(_unreadable(below, "file", error))
        files = together(_with_write_ahead(files))
        here = Folder(
            relative,
            frozenset(file.name for file in files),
            parent,
            frozenset(folder.name for _, folder in folders),
        )
        yield from ((file, here) for file in files)
        stack.extend((p, r, here) for p, r in reversed(folders))


def _is_passed_over(folder: str) -> bool:
    return folder in SKIPPED_FOLDERS or (folder.startswith(".") and folder not in HIDDEN_LOG_FOLDERS)


def _with_write_ahead(files: Sequence[LogFile]) -> list[LogFile]:
    """Let a database's write-ahead log tell of its changes: the newest pages are in it and not yet in the database."""
    by_name = {file.name: file for file in files}
    changed = []
    for file in files:
        ahead = by_name.get(f"{file.name}-wal")
        if ahead is not None:
            file = replace(file, size=file.size + ahead.size, mtime_ns=max(file.mtime_ns, ahead.mtime_ns))
        changed.append(file)
    return changed


def _leads_out(link: str, root: Path) -> bool:
    return not Path(link).resolve().is_relative_to(root)


def _unreadable(relative: PurePosixPath, kind: str, error: OSError) -> ReadIssue:
    return ReadIssue(
        str(relative),
        "",
        f"Expected a readable {kind}, the system says: {error.strerror or error}. Hint: check its permissions.",
        "error",
    )


def _source(file: LogFile, reader: Reader, claim: Claim) -> Source:
    # A fresh LogFile: the one that was looked at holds up to 64 KiB of its head.
    size, mtime_ns = claim.version or (file.size, file.mtime_ns)
    fresh = replace(file, size=size, mtime_ns=mtime_ns, within=claim.within, problems=[])
    return Source(fresh, reader.name, claim.rename, claim.tentative)


def _chosen(found: Sequence[_Claimed]) -> tuple[Source, ...]:
    by_reader: dict[str, tuple[Reader, list[Source]]] = {}
    for one in found:
        by_reader.setdefault(one.reader.name, (one.reader, []))[1].append(one.source)
    chosen: list[Source] = []
    for reader, sources in by_reader.values():
        keep = {file.path for file in reader.choose([source.file for source in sources])}
        chosen += [source for source in sources if source.file.path in keep]
    return tuple(sorted(chosen, key=lambda source: str(source.file.relative)))


def _place(run: PurePosixPath, first: _Claimed) -> Path:
    """Find a run's folder on disk from one of its files: as many levels up as the file lies below the run.

    A name that is not UTF-8 is spelled otherwise in ``run``. A run within a file has a place in name only.
    """
    file = first.source.file
    if file.within:
        return file.path / hashlib.blake2b(file.within.encode(), digest_size=8).hexdigest()
    above = len(file.relative.parts) - len(run.parts)
    return file.path.parents[above - 1] if above else file.path
