"""The Parquet cache on disk: where a run's files lie, and how they are written so that a crash leaves no half file.

Deleting it loses nothing. Log folders are never written to.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import platformdirs
import polars as pl
from filelock import FileLock

from rlcompare.store import record as records
from rlcompare.store.record import CACHE_VERSION, RunRecord

MANIFEST = "run.json"

#: Where the cache lies instead of the user's cache directory.
CACHE_VARIABLE = "RLCOMPARE_CACHE"


def default_cache() -> Path:
    """Return the folder of the cache: ``$RLCOMPARE_CACHE``, else below the user's cache directory."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named).expanduser() if named else platformdirs.user_cache_path("rlcompare")


@dataclass(frozen=True)
class RunCache:
    """The cached files of one run.

    Parameters
    ----------
    directory : Path
        Created on first write.
    """

    directory: Path

    @classmethod
    def of(cls, cache: Path, place: Path) -> RunCache:
        """Locate the cache of the run that lies at ``place``."""
        digest = hashlib.blake2b(os.fsencode(place), digest_size=12).hexdigest()
        return cls(cache / f"v{CACHE_VERSION}" / digest[:2] / digest)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from writing this run's cache meanwhile."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with FileLock(str(self.directory) + ".lock"):
            yield

    def load(self) -> RunRecord | None:
        """Return the run's record, or None where there is none, a damaged one or an older one."""
        try:
            found = records.load((self.directory / MANIFEST).read_bytes())
            if found is None or not found.stored_files() <= set(os.listdir(self.directory)):
                return None
        except OSError:
            return None
        return found

    def save(self, record: RunRecord) -> None:
        """Write the record, then delete the parts that it no longer speaks of."""
        with self._replacing(MANIFEST) as stream:
            stream.write(records.dump(record))
        kept = record.stored_files() | {MANIFEST}
        for name in os.listdir(self.directory):
            if name not in kept:
                with suppress(OSError):
                    (self.directory / name).unlink()

    def write(self, name: str, table: pl.DataFrame) -> None:
        """Store one frame as Parquet under ``name``."""
        with self._replacing(name) as stream:
            table.write_parquet(stream, compression="lz4", statistics=False)

    def read(self, name: str) -> pl.DataFrame:
        """Read one stored frame whole."""
        return pl.read_parquet(self.directory / name)

    @contextmanager
    def _replacing(self, name: str) -> Iterator[BinaryIO]:
        """Write a file so that others see the old one or the whole new one, also after a power cut."""
        handle, temporary = tempfile.mkstemp(dir=self.directory, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            Path(temporary).replace(self.directory / name)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
