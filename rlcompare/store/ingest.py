"""Bring one run's cache up to date: read what is new in its files, store it, and sum the run up."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import google_crc32c
import polars as pl

from rlcompare import metrics as names
from rlcompare.errors import ReadIssue
from rlcompare.readers import READERS, LogFile, Reader, Resume, Scalar
from rlcompare.readers.base import failure
from rlcompare.readers.configfiles import config_stamp, read_config, seed_of
from rlcompare.schema import LOG_INDEX
from rlcompare.store import assemble, samples
from rlcompare.store.cache import RunCache
from rlcompare.store.discovery import FoundRun, Source
from rlcompare.store.record import SAMPLES_STREAM, Part, RunRecord, SourceRecord, describe
from rlcompare.store.reward import with_reward

log = logging.getLogger(__name__)

#: Bytes at either end of what was read that must be unchanged for a grown file to count as the same file.
CHECKED_BYTES = 4096

#: Parts of one source beyond which the newest are rewritten as few: a live run appends one at every look.
PARTS_KEPT = 16

BY_NAME: dict[str, Reader] = {reader.name: reader for reader in READERS}


def up_to_date(found: FoundRun, record: RunRecord | None) -> bool:
    """Tell from the walk alone whether nothing was written since the record was made."""
    return (
        record is not None
        and len(record.sources) == len(found.sources)
        and all(
            (known.path, known.reader, known.rename, known.stamp, known.version)
            == (
                str(source.file.relative),
                source.reader,
                source.rename,
                _stamp(source.file),
                BY_NAME[source.reader].version,
            )
            for known, source in zip(record.sources, found.sources, strict=True)
        )
        and record.config_stamp == _config_stamp(found)
    )


def ingest(found: FoundRun, cache: Path, *, afresh: bool = False) -> RunRecord:
    """Read what is new in one run's files into its cache.

    Parameters
    ----------
    found : FoundRun
    cache : Path
        The cache's folder, for all runs.
    afresh : bool
        Forget what is cached and read every file whole.

    Returns
    -------
    RunRecord

    Raises
    ------
    OSError
        The cache cannot be written.
    """
    store = RunCache.of(cache, found.place)
    with store.locked():
        record = None if afresh else store.load()
        if record is not None and up_to_date(found, record):
            return record.renamed(found.id, found.name)
        writer = _Writer(store, record)
        known = {(source.path, source.reader): source for source in record.sources} if record else {}
        sources = tuple(
            _read(source, known.get((str(source.file.relative), source.reader)), writer) for source in found.sources
        )
        record = _summarize(found, sources, writer)
        store.save(record)
    return record


class _Writer:
    """Stores parts under names that were never used before, so that a reader of an older record finds its own."""

    def __init__(self, store: RunCache, record: RunRecord | None) -> None:
        self.store = store
        self.next = record.next_part if record else 0

    def part(self, table: pl.DataFrame) -> Part:
        name = self._name()
        self.store.write(name, table)
        return describe(table, name)

    def samples(self, table: pl.DataFrame) -> str:
        name = self._name()
        self.store.write(name, table)
        return name

    def _name(self) -> str:
        # A damaged record loses the count; names on disk must still not be used again.
        while True:
            name = f"{self.next:06d}.parquet"
            self.next += 1
            if not (self.store.directory / name).exists():
                return name


def _stamp(file: LogFile) -> tuple[int, int, int]:
    return (file.inode, file.size, file.mtime_ns)


def _ends(file: LogFile, offset: int) -> tuple[int, int]:
    """Checksums of the first and the last bytes before ``offset``."""
    with file.open() as stream:
        head = stream.read(min(offset, CHECKED_BYTES))
        stream.seek(max(0, offset - CHECKED_BYTES))
        tail = stream.read(min(offset, CHECKED_BYTES))
    return google_crc32c.value(head), google_crc32c.value(tail)


def _grew(source: Source, known: SourceRecord, reader: Reader) -> bool:
    """Tell whether what was read of the file before still stands unchanged in it.

    A rotated or packed one has another inode and another size than its stream.
    """
    file = source.file
    return (
        reader.appends
        and (known.rename, known.version) == (source.rename, reader.version)
        and (not file.is_plain or (known.stamp[0] == file.inode and file.size >= known.offset))
        and _ends(file, known.offset) == (known.head_crc, known.tail_crc)
    )


def _read(source: Source, known: SourceRecord | None, writer: _Writer) -> SourceRecord:
    """Read what is new in one file; a file that cannot be read becomes an issue and is tried again next time."""
    file, reader = source.file, BY_NAME[source.reader]
    path = str(file.relative)
    asked = (source.rename, _stamp(file), reader.version)
    if known is not None and (known.rename, known.stamp, known.version) == asked:
        return known
    blank = SourceRecord(path, reader.name, source.rename, (0, 0, 0), reader.version)
    try:
        grown = known if known is not None and _grew(source, known, reader) else None
        chunk = reader.read(file, Resume(grown.offset, grown.state) if grown else None)
        head_crc, tail_crc = _ends(file, chunk.offset) if reader.appends else (0, 0)
    except OSError as error:
        message = f"Expected a readable file, the system says: {error.strerror or error}. Hint: check its permissions."
        return replace(blank, issues=(ReadIssue(path, "", message, "error"),))
    except Exception as error:
        log.exception("The %s reader failed on %s", reader.name, path)
        return replace(blank, stamp=_stamp(file), issues=(failure(reader.name, path, error),))
    before = grown or blank
    damage = [ReadIssue(path, "", problem, "warning") for problem in file.problems]
    issues = dict.fromkeys((*before.issues, *chunk.issues, *damage))
    parts = [*before.parts, *(writer.part(_stored(table, source.rename)) for table in chunk.tables if table.height)]
    if len(parts) > PARTS_KEPT:
        start = _first_to_rewrite([part.rows for part in parts])
        parts = [*parts[:start], *_compacted(parts[start:], writer)]
    stored = list(before.samples)
    if chunk.samples is not None and chunk.samples.height:
        stored.append(writer.samples(chunk.samples))
    if len(stored) > PARTS_KEPT:
        start = _first_to_rewrite([samples.n_stored(os.path.join(writer.store.directory, name)) for name in stored])
        stored = [*stored[:start], writer.samples(pl.concat(map(writer.store.read, stored[start:])))]
    return SourceRecord(
        path,
        reader.name,
        source.rename,
        _stamp(file),
        reader.version,
        chunk.offset,
        chunk.state,
        head_crc,
        tail_crc,
        tuple(parts),
        tuple(stored),
        {**before.config, **chunk.config},
        tuple(issues),
        chunk.pending,
        chunk.step_unit or before.step_unit,
        chunk.framework or before.framework,
        chunk.finished,
    )


def _stored(table: pl.DataFrame, rename: str) -> pl.DataFrame:
    """Give a reader's table the run's own keys and the index columns that every part has."""
    if "wall_time" not in table.columns:
        table = table.with_columns(pl.lit(None, pl.Float64).alias("wall_time"))
    keys = [key for key in table.columns if key not in LOG_INDEX]
    return table.select(*LOG_INDEX, *(pl.col(key).alias(rename.replace("{}", key)) for key in keys))


def _first_to_rewrite(rows: Sequence[int]) -> int:
    """Choose the newest half of the parts, and those before them that are not much larger than all that follow.

    A row is then rewritten once for each doubling of what came after it, where rewriting all parts would rewrite the
    whole log over and over.
    """
    start = len(rows) - PARTS_KEPT // 2
    while start > 0 and rows[start - 1] <= 2 * sum(rows[start:]):
        start -= 1
    return start


def _compacted(parts: Sequence[Part], writer: _Writer) -> list[Part]:
    """Rewrite parts as few, those that share a metric as one: the rows of a metric must stay in the order written.

    Parts without a common metric stay apart, since together they would be mostly nulls.
    """
    groups: list[tuple[set[str], list[int]]] = []
    for number, part in enumerate(parts):
        keys, members = set(part.metrics), [number]
        for group in [group for group in groups if not keys.isdisjoint(group[0])]:
            groups.remove(group)
            keys, members = keys | group[0], group[1] + members
        groups.append((keys, sorted(members)))
    return [
        writer.part(pl.concat([writer.store.read(parts[number].file) for number in members], how="diagonal"))
        for _, members in groups
    ]


def _config_stamp(found: FoundRun) -> list[object]:
    """Look for configuration beside the logs, in the shape in which it comes back from the record.

    A file that is a run of its own lies in a folder of other runs' files: a config file there speaks for none of them.
    """
    if any(source.file.path == found.place for source in found.sources):
        return []
    stamp: list[object] = json.loads(json.dumps(config_stamp(found.place)))
    return stamp


def _summarize(found: FoundRun, sources: tuple[SourceRecord, ...], writer: _Writer) -> RunRecord:
    combined = _combined(sources, writer)
    streams = assemble.streams(sources, combined)
    means = samples.means_per_step(str(writer.store.directory), sources)
    if means is not None:
        unit = next((source.step_unit for source in sources if source.samples and source.step_unit), "")
        streams.append(assemble.stream_of(SAMPLES_STREAM, writer.part(_stored(means, "{}")), unit))
    metrics = assemble.metrics(streams)
    stamp = _config_stamp(found)
    config: dict[str, Scalar] = {}
    for source in sources:
        config |= source.config
    config_files, config_issues = read_config(found.place, PurePosixPath(found.id)) if stamp else ({}, ())
    config |= config_files
    seed, _ = seed_of(config, PurePosixPath(found.name).name)
    times = [source.last_time for source in sources if source.last_time is not None]
    framework = names.framework_of([source.framework for source in sources]) or names.guess_framework(metrics)
    record = RunRecord(
        id=found.id,
        name=found.name,
        directory=str(writer.store.directory),
        sources=sources,
        metrics=metrics,
        config=config,
        config_stamp=stamp,
        config_issues=config_issues,
        framework=framework,
        step_unit=next((stream.step_unit for stream in streams if stream.step_unit), ""),
        seed=seed,
        started=min((s.first_time for s in sources if s.first_time is not None), default=None),
        updated=max(times) if times else max(source.stamp[2] for source in sources) / 1e9,
        finished=any(source.finished for source in sources),
        tentative=all(source.tentative for source in found.sources),
        next_part=writer.next,
        fingerprint=_fingerprint(sources, config),
    )
    return with_reward(record)


def _combined(sources: Sequence[SourceRecord], writer: _Writer) -> dict[str, Part]:
    """Let readers whose steps depend on all files of the run put them together."""
    made: dict[str, Part] = {}
    for reader in READERS:
        files = [source for source in sources if source.reader == reader.name and source.parts]
        if reader.combine is None or not files:
            continue
        frames = [
            pl.concat([writer.store.read(part.file) for part in source.parts], how="diagonal") for source in files
        ]
        made[reader.name] = writer.part(_stored(reader.combine(frames), "{}"))
    return made


def _fingerprint(sources: Sequence[SourceRecord], config: Mapping[str, Scalar]) -> str:
    told = [(s.path, s.reader, s.rename, s.stamp, s.offset, s.head_crc, s.tail_crc) for s in sources]
    return hashlib.blake2b(repr((told, sorted(config.items()))).encode(), digest_size=8).hexdigest()


def still_holds(source: Source, known: SourceRecord) -> bool:
    """Tell whether a log still holds what was read of it, as it is now on disk.

    Raises
    ------
    OSError
        It cannot be opened.
    """
    stat = source.file.path.stat()
    file = replace(source.file, size=stat.st_size, mtime_ns=stat.st_mtime_ns, inode=stat.st_ino)
    if file.is_plain and _stamp(file) == known.stamp:
        return True
    return _grew(replace(source, file=file), known, BY_NAME[source.reader])
