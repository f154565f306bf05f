"""What pages get their data from: log folders named by whoever starts the server, read once for all sessions.

Streamlit must never hash a frame (its hash of polars frames misses changes), so each cached function is keyed by the
runs' fingerprint and takes the frames' owner as an argument that is not hashed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import streamlit as st

from rlcompare.charts.labels import short_labels
from rlcompare.demo import demo_folder
from rlcompare.errors import UnknownMetricError
from rlcompare.runs import Runs
from rlcompare.schema import CURVE
from rlcompare.store import Library
from rlcompare.transforms import Axis, Formula, Smoothing, metric_or_formula
from rlcompare.ui.curve_panel import CurvePanel, curve_panel

LOG_FOLDERS_VARIABLE = "RLCOMPARE_LOGDIR"
#: Seconds between two looks at the log folders, and how long a page waits for such a look before it draws.
REFRESH_EVERY = 10.0
PATIENCE = 0.25


@dataclass(frozen=True)
class LogFolders:
    """The folders that may be read."""

    paths: tuple[str, ...]
    follow_links: bool
    is_demo: bool


def log_folders(arguments: Sequence[str], environment: Mapping[str, str]) -> LogFolders:
    """Tell the log folders from the command line, else from the environment, else take the demo runs.

    Parameters
    ----------
    arguments : sequence of str
        What follows ``--`` in ``streamlit run app.py -- DIR [DIR …] [--follow-links]``. Unknown flags are left alone.
    environment : mapping
        ``RLCOMPARE_LOGDIR`` holds folders joined by ``os.pathsep``.
    """
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--follow-links", action="store_true")
    known, _ = parser.parse_known_intermixed_args(list(arguments))
    paths = known.folders or [path for path in environment.get(LOG_FOLDERS_VARIABLE, "").split(os.pathsep) if path]
    return LogFolders(tuple(paths) or (str(demo_folder()),), known.follow_links, is_demo=not paths)


def current_folders() -> LogFolders:
    """Return the log folders of this server."""
    return log_folders(sys.argv[1:], os.environ)


class _Shelf:
    """A library, and when its folders were last looked at."""

    def __init__(self, folders: LogFolders) -> None:
        self.library = Library(folders.paths, follow_links=folders.follow_links)
        self._looked = -REFRESH_EVERY

    def look(self) -> None:
        """Look for news in the background unless that was just done, and give a short look the time it needs."""
        now = time.monotonic()
        if now - self._looked < REFRESH_EVERY:
            return
        self._looked = now
        self.library.refresh()
        while self.library.progress.running and time.monotonic() - now < PATIENCE:
            time.sleep(0.01)


@st.cache_resource(show_spinner=False)
def _shelf(folders: LogFolders) -> _Shelf:
    return _Shelf(folders)


def library(folders: LogFolders) -> Library:
    """Return the folders' library, one for all sessions, kept up to date."""
    shelf = _shelf(folders)
    shelf.look()
    return shelf.library


def all_runs() -> Runs:
    """Return the runs that are ready now."""
    return Runs.of(library(current_folders()).snapshot())


@st.cache_data(max_entries=32, show_spinner=False)
def run_table(_runs: Runs, fingerprint: str, minute: int) -> pl.DataFrame:  # noqa: ARG001 - the key of the cache
    """``Runs.table``; who is running is told anew every minute."""
    return _runs.table()


def this_minute() -> int:
    """Return what tells one minute from the next, to key :func:`run_table`."""
    return int(time.time() // 60)


@st.cache_data(max_entries=32, show_spinner=False)
def config_table(_runs: Runs, fingerprint: str) -> pl.DataFrame:  # noqa: ARG001 - the key of the cache
    """``Runs.config_differences``."""
    return _runs.config_differences()


@st.cache_data(max_entries=32, show_spinner=False)
def metric_names(_runs: Runs, fingerprint: str) -> pl.DataFrame:  # noqa: ARG001 - the key of the cache
    """``Runs.metric_names``."""
    return _runs.metric_names()


@st.cache_data(max_entries=8, show_spinner=False)
def all_labels(run_ids: tuple[str, ...]) -> dict[str, str]:
    """Short labels of all runs of the library."""
    return short_labels(run_ids)


def asked_for(runs: Runs, metric: str) -> str | Formula:
    """Tell a metric of these runs from a formula over metrics."""
    return metric_or_formula(metric, metric_names(runs, runs.fingerprint)["metric"].to_list())


@st.cache_resource(max_entries=8, show_spinner=False)
def curves(_runs: Runs, fingerprint: str, metric: str) -> pl.DataFrame:
    """Curves of a metric or formula, empty where no run has it. Shared, not copied: do not change it in place."""
    asked = asked_for(_runs, metric)
    try:
        if isinstance(asked, str):
            return _runs.curves(asked)
        has_it = sources(_runs, fingerprint, metric)["run"].to_list()
        return asked.of(_runs.curves(asked.metrics).filter(pl.col("run").is_in(has_it)))
    except UnknownMetricError:
        return pl.DataFrame(schema=CURVE)


@st.cache_data(max_entries=64, show_spinner=False)
def sources(_runs: Runs, fingerprint: str, metric: str) -> pl.DataFrame:  # noqa: ARG001 - the key of the cache
    """Tell for each run that has a metric, or all metrics of a formula, behind which key: ``run, key, step_unit``.

    A run that counts the steps of a formula's metrics in different units does not have it.
    """
    asked = asked_for(_runs, metric)
    names = [asked] if isinstance(asked, str) else list(asked.metrics)
    found = _runs.sources(names[0]).select("run", "key", "step_unit")
    for name in names[1:]:
        other = _runs.sources(name).select("run", "step_unit", pl.col("key").alias("other"))
        found = found.join(other, on=["run", "step_unit"], maintain_order="left").select(
            "run", pl.concat_str("key", "other", separator=", ").alias("key"), "step_unit"
        )
    return found


@st.cache_data(max_entries=64, show_spinner="Drawing the curves …")
def panels(
    _runs: Runs, fingerprint: str, metric: str, axis: Axis, smoothing: Smoothing, run_labels: tuple[str, ...]
) -> list[CurvePanel]:
    """One chart of a metric, or, on the step axis, one for each unit that the runs count their steps in.

    Parameters
    ----------
    run_labels : tuple of str
        One for each of the runs.

    Returns
    -------
    list of CurvePanel, that of the unit that most runs have first
    """
    found = sources(_runs, fingerprint, metric)
    values = curves(_runs, fingerprint, metric)
    if values.is_empty() or found.is_empty():
        return []
    started = run_table(_runs, fingerprint, 0).select("run", "started")
    units = found.group_by("step_unit").agg("run").sort(pl.col("run").list.len(), "step_unit", descending=[True, False])
    groups = units.rows() if axis == "step" else [("", found["run"].to_list())]
    labels = dict(zip(_runs.ids, run_labels, strict=True))
    return [
        curve_panel(
            values.filter(pl.col("run").is_in(runs)) if len(groups) > 1 else values,
            axis=axis,
            step_unit=unit,
            smoothing=smoothing,
            started=started,
            labels=labels,
        )
        for unit, runs in groups
    ]
