"""From the sources of a run to the run: one metric each, however many formats hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlcompare.metrics import other_axis_of, spellings
from rlcompare.readers import READERS
from rlcompare.store.history import workers
from rlcompare.store.record import MetricRecord, MetricStats, Part, Slice, SourceRecord

#: Which readers stand back where another file of the run holds as much.
STANDS_BACK = {reader.name: reader.stands_back for reader in READERS}

#: Readers of formats that hold some values rounded.
INEXACT = frozenset(reader.name for reader in READERS if not reader.is_exact)

#: So many times the values of an exact format must an inexact one hold of a metric to answer for it.
INEXACT_NEEDS = 1.1


@dataclass(frozen=True)
class Stream:
    """The sources of one run that one reader read in the same way: files that continue or accompany each other."""

    reader: str
    slices: dict[str, tuple[Slice, ...]]
    stats: dict[str, MetricStats]
    step_unit: str
    framework: str = ""

    @property
    def n_values(self) -> int:
        """Values of all metrics together."""
        return sum(stats.n for stats in self.stats.values())

    def unit_of(self, key: str) -> str:
        """Say what the steps of one metric count: some frameworks log on several axes into one file."""
        return other_axis_of(self.framework, key) or self.step_unit


def streams(sources: Sequence[SourceRecord], combined: Mapping[str, Part]) -> list[Stream]:
    """Group a run's sources into streams, the one that holds most values first, of equal ones the more exact.

    Parameters
    ----------
    sources : sequence of SourceRecord
    combined : mapping of reader name to Part
        For readers that combine their files into one, what they made of them.
    """
    groups: dict[tuple[str, str], list[SourceRecord]] = {}
    for source in sources:
        if source.parts and source.reader not in combined:
            groups.setdefault((source.reader, source.rename), []).append(source)
    found = [
        _stream(group, [other for other in sources if other.reader == group[0].reader]) for group in groups.values()
    ]
    for reader, part in combined.items():
        unit = next((source.step_unit for source in sources if source.reader == reader and source.step_unit), "")
        found.append(stream_of(reader, part, unit))
    return sorted(found, key=lambda stream: (-stream.n_values, STANDS_BACK.get(stream.reader, 0)))


def stream_of(name: str, part: Part, step_unit: str) -> Stream:
    """Make a stream of what was put together into one part."""
    slices: dict[str, tuple[Slice, ...]] = {key: (Slice(part.file, key, "", 0),) for key in part.metrics}
    return Stream(name, slices, dict(part.metrics), step_unit)


def _stream(group: Sequence[SourceRecord], alike: Sequence[SourceRecord]) -> Stream:
    """Make a stream of sources. What its own do not tell, others of the run that the same reader read may."""
    placed = workers([(source.first_time, source.last_time) for source in group])
    order = sorted(range(len(group)), key=lambda i: placed[i])
    slices: dict[str, tuple[Slice, ...]] = {}
    stats: dict[str, MetricStats] = {}
    for i in order:
        worker, writer = placed[i]
        for part in group[i].parts:
            for key, part_stats in part.metrics.items():
                slices[key] = (*slices.get(key, ()), Slice(part.file, key, worker, writer))
                stats[key] = stats[key].followed_by(part_stats) if key in stats else part_stats
    unit = next((source.step_unit for source in (*group, *alike) if source.step_unit), "")
    framework = next((source.framework for source in (*group, *alike) if source.framework), "")
    return Stream(group[0].reader, slices, stats, unit, framework)


def metrics(found: Sequence[Stream]) -> dict[str, MetricRecord]:
    """Choose, for each metric of a run, the stream that holds most of it, and name the others.

    A stream of an inexact format gives way to an exact one that holds nearly as much, see :data:`INEXACT_NEEDS`. Two
    keys are the same metric when they are spelled alike, or as :func:`rlcompare.metrics.spellings` says.
    """
    held: dict[str, list[tuple[Stream, str]]] = {}
    every_key = {key for stream in found for key in stream.stats}
    for stream in found:
        for key in stream.stats:
            others = every_key - stream.stats.keys()
            name = next((plain for plain in spellings(key) if plain in others), key)
            held.setdefault(name, []).append((stream, key))
    chosen: dict[str, MetricRecord] = {}
    for name, holders in held.items():
        stream, key = _answering(holders)
        also = tuple(dict.fromkeys(other.reader for other, _ in holders if other is not stream))
        chosen[name] = MetricRecord(stream.slices[key], stream.stats[key], stream.reader, also, stream.unit_of(key))
    return chosen


def _answering(holders: Sequence[tuple[Stream, str]]) -> tuple[Stream, str]:
    """Choose among the streams that hold a metric."""

    def n(holder: tuple[Stream, str]) -> int:
        return holder[0].stats[holder[1]].n

    most = max(holders, key=n)
    exact = max((holder for holder in holders if holder[0].reader not in INEXACT), key=n, default=most)
    return most if n(most) > INEXACT_NEEDS * n(exact) else exact


def sparkline(values: NDArray[np.float64], points: int) -> tuple[float, ...]:
    """Summarize finite values for a table cell: means of equal stretches, at most ``points``."""
    n = len(values)
    if n <= points:
        return tuple(values.tolist())
    starts = -(-np.arange(points) * n // points)
    return tuple((np.add.reduceat(values, starts) / np.diff(starts, append=n)).tolist())
