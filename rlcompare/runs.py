"""Runs: a frozen selection of runs that answers queries."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

import polars as pl

from rlcompare import metrics as names
from rlcompare import schema
from rlcompare.curves import CurveSet
from rlcompare.errors import ReadIssue, UnknownMetricError, UnknownRunError
from rlcompare.histories import Logged, read_logged
from rlcompare.joined_runs import join_runs
from rlcompare.run_samples import read_samples, read_texts
from rlcompare.run_table import run_table
from rlcompare.store import Library, Snapshot
from rlcompare.store.history import Restarts, Workers
from rlcompare.store.joining import Chain
from rlcompare.store.record import RunRecord


def open_runs(
    *folders: str | Path,
    cache: str | Path | None = None,
    follow_links: bool = False,
    executor: Executor | None = None,
) -> Runs:
    """Read log folders, using and updating the cache, and return all their runs.

    Parameters
    ----------
    *folders : path
        Folders that hold runs, at any depth.
    cache : path, optional
        Default: ``$RLCOMPARE_CACHE``, else below the user's cache directory.
    follow_links : bool
        Follow symbolic links that lead out of the folders.
    executor : concurrent.futures.Executor, optional
        Where runs are read. Default: threads, one a core.

    Returns
    -------
    Runs

    Raises
    ------
    LogFolderError
        A folder that does not exist.
    RLCompareError
        The cache cannot be written.

    Examples
    --------
    >>> runs = open_runs("logs/")                        # doctest: +SKIP
    >>> runs.select("ppo*").curves("reward")             # doctest: +SKIP
    """
    library = Library(folders, cache=cache, follow_links=follow_links, executor=executor)
    library.refresh()
    library.wait()
    return Runs.of(library.snapshot())


@dataclass(frozen=True)
class Runs:
    """A frozen selection of runs.

    It describes the runs as they were when it was made; a growing log does not change it.
    """

    records: tuple[RunRecord, ...]
    _snapshot: Snapshot

    @classmethod
    def of(cls, snapshot: Snapshot) -> Runs:
        """All runs of a snapshot."""
        return cls(snapshot.records, snapshot)

    def __len__(self) -> int:
        return len(self.records)

    @property
    def ids(self) -> tuple[str, ...]:
        """The runs' ids, in order."""
        return tuple(record.id for record in self.records)

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever a run, its order or anything read from its files does."""
        told = repr([(record.id, record.fingerprint) for record in self.records])
        return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()

    def select(self, runs: str | Iterable[str]) -> Runs:
        """Choose runs by id or by pattern (``*``, ``?``, ``[]``); an id's own spelling wins over a pattern.

        Parameters
        ----------
        runs : str or iterable of str

        Returns
        -------
        Runs, in the order asked for

        Raises
        ------
        UnknownRunError
            An id or pattern that matches none.
        """
        asked = [runs] if isinstance(runs, str) else list(runs)
        by_id = {record.id: record for record in self.records}
        chosen: dict[str, RunRecord] = {}
        for name in asked:
            fits = [by_id[name]] if name in by_id else [r for r in self.records if fnmatchcase(r.id, name)]
            if not fits:
                raise UnknownRunError(
                    f"Expected the id or pattern of one of {len(self)} runs, got {name!r}. "
                    f"Hint: {_suggestion(name, by_id)}"
                )
            chosen |= {record.id: record for record in fits}
        return replace(self, records=tuple(chosen.values()))

    def joined(self, chains: Iterable[Chain]) -> Runs:
        """Make one run of each chain of runs that are one training.

        It stands where the first of them stood, has that one's id with ``(joined)`` behind it, and answers as any run
        does. Where steps overlap the later run counts; :meth:`restarts` tells where one goes on from another.

        Parameters
        ----------
        chains : iterable of Chain
            From :func:`rlcompare.continuations.continuations`, or of one's own.

        Raises
        ------
        UnknownRunError
            A chain names a run that is not here.
        ParameterError
            A chain of fewer than two runs, or a run that is named twice.
        """
        return replace(self, records=join_runs(self.records, chains, self._snapshot))

    def table(self) -> pl.DataFrame:
        """One row a run: ``schema.RUNS`` and the reward's key, last and best value and a sparkline of it.

        ``status`` is ``finished`` (the log says so), ``running`` (something was logged in the last ten minutes),
        ``stopped`` (neither: ended without saying so, or was killed) or ``no data``.
        """
        return run_table(self.records)

    def config(self) -> pl.DataFrame:
        """Every run's configuration: ``schema.CONFIG``, keys flat, values as text."""
        rows = [
            (record.id, key, None if value is None else str(value))
            for record in self.records
            for key, value in record.config.items()
        ]
        return pl.DataFrame(rows, schema=schema.CONFIG, orient="row")

    def config_differences(self) -> pl.DataFrame:
        """One row a run, one String column a config key whose value is not the same in all of them.

        A run without the key has null there. The seed's own keys are among them.
        """
        ids = self.ids
        columns: dict[str, list[str | None]] = {}
        for key in dict.fromkeys(key for record in self.records for key in record.config):
            values = [None if (v := record.config.get(key)) is None else str(v) for record in self.records]
            if len(set(values)) > 1:
                columns[key] = values
        return pl.DataFrame(
            {"run": ids, **columns}, schema_overrides={"run": pl.String, **dict.fromkeys(columns, pl.String)}
        )

    def metrics(self) -> pl.DataFrame:
        """One row a run and metric: ``schema.METRICS``."""
        rows = [
            (
                record.id,
                key,
                names.canonical_of(key, record.framework),
                metric.source,
                ", ".join(metric.also_in) or None,
                metric.stats.n,
                metric.stats.last_step,
                metric.stats.last,
                metric.stats.minimum,
                metric.stats.maximum,
            )
            for record in self.records
            for key, metric in record.metrics.items()
        ]
        return pl.DataFrame(rows, schema=schema.METRICS, orient="row")

    def metric_names(self) -> pl.DataFrame:
        """List what :meth:`curves` can be asked for: canonical names first, then source keys, the most common first.

        Returns
        -------
        DataFrame
            ``metric`` (what to ask for), ``canonical`` (True or False), ``n_runs`` (that have it).
        """
        keys = (
            self.metrics()
            .group_by("metric")
            .agg(pl.len().alias("n_runs"))
            .sort("n_runs", "metric", descending=[True, False])
        )
        rows = []
        for name in names.BY_NAME:
            n = sum(names.resolve(name, record.metrics.keys()) is not None for record in self.records)
            if n:
                rows.append((name, True, n))
        rows += [(key, False, n) for key, n in keys.rows() if key not in names.BY_NAME]
        return pl.DataFrame(
            rows, schema={"metric": pl.String, "canonical": pl.Boolean, "n_runs": pl.UInt32}, orient="row"
        )

    def sources(self, metric: str) -> pl.DataFrame:
        """Name the source key behind a metric in each run that has it: ``run``, ``key``, ``source``, ``step_unit``."""
        rows = []
        for record in self.records:
            key = names.resolve(metric, record.metrics.keys())
            if key is not None:
                rows.append((record.id, key, record.metrics[key].source, record.metrics[key].step_unit))
        return pl.DataFrame(rows, schema=dict.fromkeys(("run", "key", "source", "step_unit"), pl.String), orient="row")

    def issues(self) -> pl.DataFrame:
        """Everything that could not be read as it stands: ``schema.ISSUES``; ``run`` is null for the walk's own."""
        rows = [_issue_row(None, issue) for issue in self._snapshot.issues]
        rows += [_issue_row(record.id, issue) for record in self.records for issue in record.issues]
        return pl.DataFrame(rows, schema=schema.ISSUES, orient="row")

    def logged(self, metric: str, *, restarts: Restarts = "later", workers: Workers = "mean") -> Logged:
        """Read one metric of the runs, with the places at which they were restarted.

        Parameters
        ----------
        metric : str
            Canonical name or source key.
        restarts : {"later", "all", "segments"}
        workers : {"mean", "sum", "min", "max", "each"}
            See :func:`rlcompare.histories.read_logged`.

        Raises
        ------
        UnknownMetricError
            None of the runs has it.
        ParameterError
            No such choice of ``restarts`` or ``workers``.
        """
        keys = {r.id: key for r in self.records if (key := names.resolve(metric, r.metrics.keys())) is not None}
        if not keys:
            every = dict.fromkeys(key for record in self.records for key in record.metrics)
            raise UnknownMetricError(
                f"Expected a metric that one of {len(self)} runs has logged, got {metric!r}. "
                f"Hint: {_suggestion(metric, [*names.BY_NAME, *every])}"
            )
        return read_logged(self.records, keys, self._snapshot, restarts, workers)

    def curve_set(self, metric: str, *, restarts: Restarts = "later", workers: Workers = "mean") -> CurveSet:
        """Values of one metric over the steps of every run that has it, as arrays: the curves of :meth:`logged`.

        NaN and infinite values are kept; a step at which nothing was logged has no value.
        """
        return self.logged(metric, restarts=restarts, workers=workers).curves

    def curves(
        self, metric: str | Sequence[str], *, restarts: Restarts = "later", workers: Workers = "mean"
    ) -> pl.DataFrame:
        """Values of one or more metrics as a frame; see :meth:`curve_set`.

        Parameters
        ----------
        metric : str or sequence of str
            Canonical names or source keys.
        restarts : {"later", "all", "segments"}
        workers : {"mean", "sum", "min", "max", "each"}

        Returns
        -------
        DataFrame
            ``schema.CURVE``, in the order of the runs; ``run`` is the curve's name, ``metric`` as it was asked for.

        Raises
        ------
        UnknownMetricError
            None of the runs has it.
        ParameterError
            No such choice of ``restarts`` or ``workers``.
        """
        asked = [metric] if isinstance(metric, str) else list(metric)
        frames = [self.curve_set(name, restarts=restarts, workers=workers).frame(name) for name in asked]
        return pl.concat(frames) if frames else pl.DataFrame(schema=schema.CURVE)

    def restarts(self, metric: str) -> pl.DataFrame:
        """List where the runs went on from an earlier step, or in a new file: ``histories.RESTART``.

        Raises
        ------
        UnknownMetricError
            None of the runs has the metric.
        """
        return self.logged(metric).restarts

    def has_workers(self, metric: str) -> bool:
        """Tell, without reading values, whether several workers of a run logged the metric."""
        return any(
            len({piece.worker for piece in record.metrics[key].slices}) > 1
            for record in self.records
            if (key := names.resolve(metric, record.metrics.keys())) is not None
        )

    def samples(self, columns: str | Iterable[str] | None = None) -> pl.DataFrame:
        """Episodes or rollouts of every run that logs them.

        Parameters
        ----------
        columns : str or iterable of str, optional
            Of ``schema.SAMPLES``; others are not read. Default: all.

        Returns
        -------
        DataFrame
            The columns in the order of ``schema.SAMPLES``; rows in the order of the runs, then as logged.

        Raises
        ------
        ParameterError
            No such column.
        """
        return read_samples(self.records, self._snapshot, columns)

    def texts(self, samples: pl.DataFrame) -> pl.DataFrame:
        """Read the texts of samples from their logs. They are never cached, so a few at a time are meant.

        Parameters
        ----------
        samples : DataFrame
            Rows of :meth:`samples`, with ``run``, ``source`` and ``place`` at least.

        Returns
        -------
        DataFrame
            ``schema.SAMPLE_TEXTS``, one row a sample, in the order given.

        Raises
        ------
        ParameterError
            A column is missing.
        UnknownRunError
            A run that is not among these.
        SampleTextError
            A log is gone, or was written anew since it was read.
        """
        return read_texts(self.records, self._snapshot, samples)


def _issue_row(run: str | None, issue: ReadIssue) -> tuple[str | None, str, str, str, str]:
    return (run, issue.severity, issue.path, issue.place, issue.message)


def _suggestion(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=3, cutoff=0.4)
    return f"did you mean {', '.join(close)}?" if close else "see `rlcompare runs` and `rlcompare metrics`."
