"""Readers: one module a kind of log file, and the list that says which are asked, in which order."""

from __future__ import annotations

from rlcompare.readers import (
    comet,
    dvclive,
    evaluations,
    generic_csv,
    generic_jsonl,
    monitor,
    sb3_progress,
    swanlab,
    tensorboard,
    tensorboard_csv,
    trainer_state,
    verl_console,
    verl_jsonl,
)
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume, Scalar

#: Asked in this order, the generic ones last: the first to claim a file reads it.
READERS: tuple[Reader, ...] = (
    tensorboard.READER,
    verl_console.READER,
    verl_jsonl.READER,
    trainer_state.READER,
    sb3_progress.CSV_READER,
    sb3_progress.JSON_READER,
    monitor.READER,
    evaluations.READER,
    swanlab.READER,
    dvclive.READER,
    dvclive.SUMMARY_READER,
    comet.READER,
    tensorboard_csv.READER,
    generic_csv.READER,
    generic_jsonl.READER,
)

__all__ = ["READERS", "Chunk", "Claim", "Folder", "IssueList", "LogFile", "Reader", "Resume", "Scalar"]
