"""The log folders that are open: reads them in the background and hands out what is ready."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from rlcompare.errors import ReadIssue, RLCompareError
from rlcompare.store.cache import RunCache, default_cache
from rlcompare.store.discovery import Found, FoundRun, discover
from rlcompare.store.ingest import ingest, up_to_date
from rlcompare.store.record import RunRecord

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """How far a reading of the folders is: ``done`` of ``total`` runs."""

    done: int
    total: int
    running: bool


@dataclass(frozen=True)
class Snapshot:
    """The runs that are ready, in the order of their ids, and what is needed to read one of them again.

    ``issues`` are those of the walk itself: folders without permission and the like.
    """

    records: tuple[RunRecord, ...]
    issues: tuple[ReadIssue, ...]
    found: dict[str, FoundRun]
    cache: Path


class Library:
    """Log folders, kept up to date on demand.

    Safe to share between threads: pages read snapshots while one background thread ingests.

    Parameters
    ----------
    folders : sequence of path
        Named by whoever starts the program, never by a viewer.
    cache : path, optional
        Default: ``$RLCOMPARE_CACHE``, else below the user's cache directory.
    follow_links : bool
        Follow symbolic links that lead out of the folders.
    executor : concurrent.futures.Executor, optional
        Where runs are read. Default: threads, one a core.

    Raises
    ------
    LogFolderError
        A folder that does not exist.
    """

    def __init__(
        self,
        folders: Sequence[str | Path],
        *,
        cache: str | Path | None = None,
        follow_links: bool = False,
        executor: Executor | None = None,
    ) -> None:
        self.folders = tuple(folders)
        self.cache = Path(cache) if cache is not None else default_cache()
        self.follow_links = follow_links
        self._executor = executor or ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="rlcompare-read")
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._snapshot = Snapshot((), (), {}, self.cache)
        self._progress = Progress(0, 0, running=False)
        self._failure: Exception | None = None

    def refresh(self) -> None:
        """Start reading what is new, unless a reading is under way. Returns at once."""
        with self._lock:
            if self._progress.running:
                return
            self._progress = Progress(0, 0, running=True)
            self._thread = threading.Thread(target=self._run, name="rlcompare-refresh", daemon=True)
            self._thread.start()

    def wait(self, progress: Callable[[Progress], None] | None = None) -> None:
        """Wait for the reading that is under way.

        Parameters
        ----------
        progress : callable, optional
            Told the progress several times a second.

        Raises
        ------
        RLCompareError
            A folder is gone, or the cache cannot be written.
        """
        while (thread := self._thread) is not None and thread.is_alive():
            thread.join(0.1 if progress else None)
            if progress:
                progress(self.progress)
        if progress:
            progress(self.progress)
        with self._lock:
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    @property
    def progress(self) -> Progress:
        """How far the reading is."""
        with self._lock:
            return self._progress

    def snapshot(self) -> Snapshot:
        """Return the runs that are ready now."""
        with self._lock:
            return self._snapshot

    def _run(self) -> None:
        failure: Exception | None = None
        issues: tuple[ReadIssue, ...] = ()
        try:
            self._read(discover(self.folders, follow_links=self.follow_links))
        except RLCompareError as error:
            failure, issues = error, (ReadIssue("", "", str(error), "error"),)
        except OSError as error:
            message = (
                f"Expected a writable cache at {str(self.cache)!r}, the system says: {error.strerror or error}. "
                "Hint: set RLCOMPARE_CACHE to a folder you may write to."
            )
            failure, issues = RLCompareError(message), (ReadIssue("", "", message, "error"),)
        except Exception as error:  # in a thread of its own it would end unseen, and the page would say "no runs"
            log.exception("Reading the log folders failed")
            message = f"Reading stopped: {type(error).__name__}: {error}. Hint: please report this."
            failure, issues = error, (ReadIssue("", "", message, "error"),)
        finally:
            with self._lock:
                self._failure = failure
                if issues:
                    self._snapshot = Snapshot(self._snapshot.records, issues, self._snapshot.found, self.cache)
                self._progress = Progress(self._progress.done, self._progress.total, running=False)

    def _read(self, found: Found) -> None:
        """Publish at once what the cache still knows, then read the rest and publish as it becomes ready."""
        records: dict[str, RunRecord] = {}
        stale: list[FoundRun] = []
        for run in found.runs:
            record = RunCache.of(self.cache, run.place).load()
            if record is not None:
                records[run.id] = record.renamed(run.id, run.name)
            if not up_to_date(run, record):
                stale.append(run)
        self._publish(found, records, len(found.runs) - len(stale))
        waiting: dict[Future[RunRecord], FoundRun] = {
            self._executor.submit(ingest, run, self.cache): run for run in stale
        }
        for future in as_completed(waiting):
            run = waiting[future]
            try:
                records[run.id] = future.result()
            except OSError:
                raise
            except Exception as error:
                log.exception("Reading the run %s failed", run.id)
                message = f"This run could not be read: {type(error).__name__}: {error}. Hint: please report its files."
                found = replace(found, issues=(*found.issues, ReadIssue(run.id, "", message, "error")))
            self._publish(found, records, self.progress.done + 1)

    def _publish(self, found: Found, records: dict[str, RunRecord], done: int) -> None:
        # A console log without a step line may be anything: it is listed once it has one. That it could not be read
        # must be told all the same.
        ready = [records[run.id] for run in found.runs if run.id in records]
        listed = tuple(record for record in ready if record.metrics or not record.tentative)
        unread = tuple(
            issue
            for record in ready
            if record.tentative and not record.metrics
            for issue in record.issues
            if issue.severity == "error"
        )
        with self._lock:
            self._snapshot = Snapshot(listed, found.issues + unread, {run.id: run for run in found.runs}, self.cache)
            self._progress = Progress(done, len(found.runs), running=True)
