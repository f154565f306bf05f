"""Discovery, incremental reading and the Parquet cache."""

from rlcompare.store.library import Library, Progress, Snapshot

__all__ = ["Library", "Progress", "Snapshot"]
