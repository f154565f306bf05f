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
from rlcompare.continuations import continuations
from rlcompare.demo import demo_folder
from rlcompare.runs import Runs
from rlcompare.store import Library
from rlcompare.store.joining import Chain
from rlcompare.store.record import SAMPLES_STREAM
from rlcompare.store.samples import parts_of
from rlcompare.transforms import Formula, metric_or_formula

LOG_FOLDERS_VARIABLE = "RLCOMPARE_LOGDIR"
#: What the page that is being drawn knows of the library.
_TAKEN = "snapshot_taken"
#: Seconds between two looks at the log folders, and how long a page waits for such a look before it draws.
REFRESH_EVERY = 10.0
PATIENCE = 0.25
#: The ids of the offers that the visitor has taken, in the URL of every page.
JOINS_KEY = "joined"
#: Where the session keeps the page that was drawn last and what was chosen there in a control.
CARRIED = "carried_{}"


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

    def look(self, every: float) -> None:
        """Look for news in the background unless that was just done, and give a short look the time it needs."""
        now = time.monotonic()
        if now - self._looked < every:
            return
        self._looked = now
        self.library.refresh()
        while self.library.progress.running and time.monotonic() - now < PATIENCE:
            time.sleep(0.01)


@st.cache_resource(show_spinner=False)
def _shelf(folders: LogFolders) -> _Shelf:
    return _Shelf(folders)


def library(folders: LogFolders, every: float = REFRESH_EVERY) -> Library:
    """Return the folders' library, one for all sessions, looked at for news if that was so many seconds ago."""
    shelf = _shelf(folders)
    shelf.look(every)
    return shelf.library


def all_runs(every: float = REFRESH_EVERY) -> Runs:
    """Return the runs that are ready now, joined as the visitor asks for.

    Parameters
    ----------
    every : float
        The library was looked at not longer ago than so many seconds.
    """
    snapshot = library(current_folders(), every).snapshot()
    st.session_state[_TAKEN] = snapshot
    runs = Runs.of(snapshot)
    asked = frozenset(asked_joins())
    return _joined(runs, runs.fingerprint, asked) if asked else runs


def has_news() -> bool:
    """Tell whether runs became ready or changed after this page took them."""
    taken, now = st.session_state.get(_TAKEN), library(current_folders()).snapshot()
    return taken is not None and now is not taken and Runs.of(now).fingerprint != Runs.of(taken).fingerprint


def asked_joins() -> list[str]:
    """Return the ids of the offers that are to be joined.

    Known before their control is drawn, which needs the joined runs.
    """
    if JOINS_KEY in st.session_state:
        return list(st.session_state[JOINS_KEY])
    _, carried = st.session_state.get(CARRIED.format(JOINS_KEY), ("", []))
    return st.query_params.get_all(JOINS_KEY) or list(carried)


def offers() -> list[Chain]:
    """Return the runs that are ready now and look like one training, whether they are joined or not."""
    runs = Runs.of(library(current_folders()).snapshot())
    return _offers(runs, runs.fingerprint)


@st.cache_data(max_entries=8, show_spinner=False)
def _offers(_runs: Runs, fingerprint: str) -> list[Chain]:  # noqa: ARG001 - the key of the cache
    return continuations(_runs.records)


@st.cache_resource(max_entries=4, show_spinner=False)
def _joined(_runs: Runs, fingerprint: str, asked: frozenset[str]) -> Runs:
    return _runs.joined(chain for chain in _offers(_runs, fingerprint) if chain.id in asked)


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


@st.cache_data(max_entries=32, show_spinner=False)
def has_workers(_runs: Runs, fingerprint: str, metric: str) -> bool:  # noqa: ARG001 - the key of the cache
    """``Runs.has_workers``."""
    return _runs.has_workers(metric)


@st.cache_data(max_entries=32, show_spinner=False)
def runs_with_samples(_runs: Runs, fingerprint: str) -> list[str]:  # noqa: ARG001 - the key of the cache
    """List the runs that log samples, those with answers of a language model first, without reading them."""
    having = [
        record
        for record in _runs.records
        if any(source.samples for part, _ in parts_of(record) for source in part.sources)
    ]
    answers = {one.id for one in having if any(metric.source == SAMPLES_STREAM for metric in one.metrics.values())}
    return [record.id for record in sorted(having, key=lambda record: record.id not in answers)]


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
