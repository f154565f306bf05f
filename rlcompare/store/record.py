"""What the cache knows of a run: its files, how far each was read, and which stored part holds which metric."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, field, replace
from itertools import starmap
from typing import Any

import orjson
import polars as pl

from rlcompare.errors import ReadIssue
from rlcompare.readers import Scalar

#: Raise it whenever a reader, a stored frame or this record changes its meaning: older caches are rebuilt.
CACHE_VERSION = 4

#: What stands for a reader where metrics are means of a run's samples.
SAMPLES_STREAM = "samples"


@dataclass(frozen=True)
class MetricStats:
    """One metric within one part, or summed over parts.

    ``n`` counts logged values, NaN and infinities among them; ``minimum`` and ``maximum`` are over finite values
    (NaN if there is none); ``last`` is the last value logged, at ``last_step``, and ``first_step`` that of the first.
    """

    n: int
    first_step: int
    last_step: int
    last: float
    minimum: float
    maximum: float

    def followed_by(self, later: MetricStats) -> MetricStats:
        """Statistics of this part and a later one together."""
        return MetricStats(
            self.n + later.n,
            self.first_step,
            later.last_step,
            later.last,
            _finite(min, self.minimum, later.minimum),
            _finite(max, self.maximum, later.maximum),
        )

    def shifted(self, steps: int) -> MetricStats:
        """Return the statistics of the same values so many steps later."""
        return replace(self, first_step=self.first_step + steps, last_step=self.last_step + steps)


def _finite(pick: Any, a: float, b: float) -> float:
    return b if math.isnan(a) else a if math.isnan(b) else float(pick(a, b))


@dataclass(frozen=True)
class Part:
    """One stored Parquet file: some rows of a source, under the run's own metric keys."""

    file: str
    rows: int
    first_time: float | None
    last_time: float | None
    metrics: dict[str, MetricStats]


@dataclass(frozen=True)
class SourceRecord:
    """One log file as last read.

    ``stamp`` is (inode, size, mtime in ns) when its reading began; ``head_crc`` and ``tail_crc`` cover the first and
    the last bytes before ``offset``, which tell a file that grew from one that was replaced. ``version`` is that
    of the reader.
    """

    path: str
    reader: str
    rename: str
    stamp: tuple[int, int, int]
    version: int = 1
    offset: int = 0
    state: dict[str, Any] = field(default_factory=dict)
    head_crc: int = 0
    tail_crc: int = 0
    parts: tuple[Part, ...] = ()
    samples: tuple[str, ...] = ()
    config: dict[str, Scalar] = field(default_factory=dict)
    issues: tuple[ReadIssue, ...] = ()
    pending: ReadIssue | None = None
    step_unit: str = ""
    framework: str = ""
    finished: bool = False

    @property
    def rows(self) -> int:
        """Records read from this file."""
        return sum(part.rows for part in self.parts)

    @property
    def first_time(self) -> float | None:
        """Earliest wall time logged, Unix seconds."""
        return min((part.first_time for part in self.parts if part.first_time is not None), default=None)

    @property
    def last_time(self) -> float | None:
        """Latest wall time logged, Unix seconds."""
        return max((part.last_time for part in self.parts if part.last_time is not None), default=None)


@dataclass(frozen=True)
class Slice:
    """Where some of a metric's values lie: a stored file, the column there, who wrote it, which file of theirs.

    ``shift`` is added to the steps that are stored. It is never stored itself.
    """

    file: str
    column: str
    worker: str
    writer: int
    shift: int = 0


@dataclass(frozen=True)
class MetricRecord:
    """A metric of a run: where its values lie in the order they were written, and the sources that repeat it."""

    slices: tuple[Slice, ...]
    stats: MetricStats
    source: str
    also_in: tuple[str, ...]
    step_unit: str


@dataclass(frozen=True)
class RunRecord:
    """All that is cached about a run except its values.

    ``joined`` are the runs that this one was joined of, in order, and ``shifts`` what is added to the steps of each:
    see :mod:`rlcompare.store.joining`. Neither is ever stored.
    """

    id: str
    name: str
    directory: str
    sources: tuple[SourceRecord, ...]
    metrics: dict[str, MetricRecord]
    config: dict[str, Scalar]
    config_stamp: list[Any]
    config_issues: tuple[ReadIssue, ...]
    framework: str
    step_unit: str
    seed: str | None
    started: float | None
    updated: float
    finished: bool
    tentative: bool
    reward_key: str | None = None
    last_reward: float | None = None
    best_reward: float | None = None
    sparkline: tuple[float, ...] = ()
    next_part: int = 0
    fingerprint: str = ""
    joined: tuple[RunRecord, ...] = ()
    shifts: tuple[int, ...] = ()

    @property
    def n_records(self) -> int:
        """Records of the sources that some metric is answered from and whose steps are the run's own.

        Of a run that has logged nothing but samples, the steps that have any.
        """
        own = [metric for metric in self.metrics.values() if metric.step_unit == self.step_unit]
        used = {metric.source for metric in own}
        n = sum(source.rows for source in self.sources if source.reader in used)
        return n or max((metric.stats.n for metric in own), default=0)

    @property
    def first_step(self) -> int | None:
        """The first step logged, in the run's own unit."""
        steps = [m.stats.first_step for m in self.metrics.values() if m.step_unit == self.step_unit]
        return min(steps, default=None)

    @property
    def last_step(self) -> int | None:
        """The last step of the later history, in the run's own unit.

        Samples of a step come before the step is done: they tell only where there is nothing else.
        """
        own = [metric for metric in self.metrics.values() if metric.step_unit == self.step_unit]
        logged = [metric for metric in own if metric.source != SAMPLES_STREAM]
        return max((metric.stats.last_step for metric in logged or own), default=None)

    @property
    def issues(self) -> tuple[ReadIssue, ...]:
        """Everything that could not be read as it stands, files in order."""
        found: list[ReadIssue] = []
        for source in self.sources:
            found += source.issues
            if source.pending is not None:
                found.append(source.pending)
        # Files of one folder may say the same of it.
        return tuple(dict.fromkeys((*found, *self.config_issues)))

    def stored_files(self) -> set[str]:
        """Names of the Parquet files that this record speaks of."""
        names = {part.file for source in self.sources for part in source.parts}
        names |= {name for source in self.sources for name in source.samples}
        return names | {piece.file for metric in self.metrics.values() for piece in metric.slices}

    def renamed(self, run_id: str, name: str) -> RunRecord:
        """Give the record the id it has among the folders that are open now."""
        return self if (self.id, self.name) == (run_id, name) else replace(self, id=run_id, name=name)


def dump(record: RunRecord) -> bytes:
    """Write a record as JSON, short, since a thousand of them are read before the first page is drawn."""
    raw = {name: getattr(record, name) for name in _PLAIN}
    raw["sources"] = [_dump_source(source) for source in record.sources]
    raw["metrics"] = {
        key: [
            [(p.file, p.column, p.worker, p.writer) for p in m.slices],
            _dump_stats(m.stats),
            m.source,
            m.also_in,
            m.step_unit,
        ]
        for key, m in record.metrics.items()
    }
    raw["last_reward"] = _number(record.last_reward)
    raw["sparkline"] = record.sparkline
    raw["config_issues"] = [astuple(issue) for issue in record.config_issues]
    raw["config"] = {key: _number(value) for key, value in record.config.items()}
    return orjson.dumps({"version": CACHE_VERSION, "record": raw})


def load(data: bytes) -> RunRecord | None:
    """Read a record back; None if it is damaged or of another version."""
    try:
        document = orjson.loads(data)
        if document["version"] != CACHE_VERSION:
            return None
        raw = document["record"]
        return RunRecord(
            **{name: raw[name] for name in _PLAIN},
            sources=tuple(map(_load_source, raw["sources"])),
            metrics={
                key: MetricRecord(tuple(starmap(Slice, slices)), _load_stats(stats), source, tuple(also), unit)
                for key, (slices, stats, source, also, unit) in raw["metrics"].items()
            },
            config=raw["config"],
            config_issues=tuple(starmap(ReadIssue, raw["config_issues"])),
            last_reward=None if raw["last_reward"] is None else float(raw["last_reward"]),
            sparkline=tuple(raw["sparkline"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


#: Fields that JSON takes as they are.
_PLAIN = (
    *("id", "name", "directory", "config_stamp", "framework", "step_unit", "seed", "started", "updated"),
    *("finished", "tentative", "reward_key", "best_reward", "next_part", "fingerprint"),
)
_PLAIN_SOURCE = (
    "path",
    "reader",
    "rename",
    "version",
    "offset",
    "state",
    "head_crc",
    "tail_crc",
    "step_unit",
    "framework",
    "finished",
)


def _number(value: Scalar) -> Scalar:
    """Write as text what JSON cannot hold: NaN, infinities, integers beyond 64 bits."""
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    return value


def _dump_stats(stats: MetricStats) -> list[Scalar]:
    numbers = (_number(stats.last), _number(stats.minimum), _number(stats.maximum))
    return [stats.n, stats.first_step, stats.last_step, *numbers]


def _load_stats(raw: list[Any]) -> MetricStats:
    n, first_step, last_step, last, minimum, maximum = raw
    return MetricStats(n, first_step, last_step, float(last), float(minimum), float(maximum))


def _dump_source(source: SourceRecord) -> dict[str, Any]:
    raw = {name: getattr(source, name) for name in _PLAIN_SOURCE}
    raw["stamp"] = source.stamp
    raw["parts"] = [
        [p.file, p.rows, p.first_time, p.last_time, {key: _dump_stats(m) for key, m in p.metrics.items()}]
        for p in source.parts
    ]
    raw["samples"] = source.samples
    raw["config"] = {key: _number(value) for key, value in source.config.items()}
    raw["issues"] = [astuple(issue) for issue in source.issues]
    raw["pending"] = astuple(source.pending) if source.pending else None
    return raw


def _load_source(raw: dict[str, Any]) -> SourceRecord:
    return SourceRecord(
        **{name: raw[name] for name in _PLAIN_SOURCE},
        stamp=tuple(raw["stamp"]),
        parts=tuple(
            Part(file, rows, first, last, {key: _load_stats(stats) for key, stats in metrics.items()})
            for file, rows, first, last, metrics in raw["parts"]
        ),
        samples=tuple(raw["samples"]),
        config=raw["config"],
        issues=tuple(starmap(ReadIssue, raw["issues"])),
        pending=ReadIssue(*raw["pending"]) if raw["pending"] else None,
    )


def describe(table: pl.DataFrame, file: str) -> Part:
    """Summarize one wide table that is stored as ``file``."""
    keys = [key for key in table.columns if key not in ("step", "wall_time")]
    n = table.height
    metrics: dict[str, MetricStats] = {}
    steps = table["step"]
    for key in keys:
        column = table.get_column(key)
        count = n - column.null_count()
        if not count:
            continue
        # The first and the last row are nearly always logged: look there before searching.
        first = 0 if column[0] is not None else int(column.is_not_null().arg_true()[0])
        last = n - 1 if column[n - 1] is not None else int(column.is_not_null().arg_true()[-1])
        low, high = column.min(), column.max()
        if not (_is_finite(low) and _is_finite(high)):
            finite = column.filter(column.is_finite())
            low, high = (finite.min(), finite.max()) if finite.len() else (math.nan, math.nan)
        ends = int(steps[first]), int(steps[last])
        metrics[key] = MetricStats(count, *ends, float(column[last]), float(low), float(high))  # type: ignore[arg-type]
    times = table["wall_time"].filter(table["wall_time"].is_finite())
    earliest, latest = times.min(), times.max()
    return Part(
        file,
        n,
        None if earliest is None else float(earliest),  # type: ignore[arg-type]
        None if latest is None else float(latest),  # type: ignore[arg-type]
        metrics,
    )


def _is_finite(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)
