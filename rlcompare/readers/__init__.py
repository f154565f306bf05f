"""Readers: one module a kind of log file, and the list that says which are asked, in which order."""

from __future__ import annotations

from rlcompare.readers import (
    console,
    evaluations,
    generic_csv,
    generic_jsonl,
    monitor,
    sb3_progress,
    tensorboard,
    trainer_state,
    verl_jsonl,
)
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume, SampleText, Scalar
from rlcompare.readers.plugins import registered

#: Those of one format, in the order in which they are asked.
FORMATS: tuple[Reader, ...] = (
    tensorboard.READER,
    console.READER,
    verl_jsonl.READER,
    trainer_state.READER,
    sb3_progress.CSV_READER,
    sb3_progress.JSON_READER,
    monitor.READER,
    evaluations.READER,
)

#: Those of any table or lines of JSON.
GENERIC: tuple[Reader, ...] = (generic_csv.READER, generic_jsonl.READER)

#: What other packages add, and what was wrong with what they add.
REGISTERED, REGISTRATION_ISSUES = registered([reader.name for reader in (*FORMATS, *GENERIC)])

#: Asked in this order: the first to claim a file reads it.
READERS: tuple[Reader, ...] = (*FORMATS, *REGISTERED, *GENERIC)

__all__ = [
    "FORMATS",
    "GENERIC",
    "READERS",
    "REGISTRATION_ISSUES",
    "Chunk",
    "Claim",
    "Folder",
    "IssueList",
    "LogFile",
    "Reader",
    "Resume",
    "SampleText",
    "Scalar",
]
