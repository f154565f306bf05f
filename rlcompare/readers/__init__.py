"""Readers: one module a kind of log file, and the list that says which are asked, in which order."""

from __future__ import annotations

from rlcompare.readers import (
    comet,
    console,
    csv_folder,
    dvclive,
    evaluations,
    generic_csv,
    generic_jsonl,
    mlflow,
    mlflow_files,
    monitor,
    ms_swift,
    prime_rl,
    prime_traces,
    sb3_progress,
    spinningup,
    swanlab,
    swift_completions,
    tensorboard,
    tensorboard_csv,
    trackio,
    trainer_state,
    trl_completions,
    tune_csv,
    tune_json,
    verl_jsonl,
    verl_rollouts,
    wandb,
    wandb_csv,
)
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume, SampleText, Scalar
from rlcompare.readers.plugins import registered

#: Those of one format, in the order in which they are asked.
FORMATS: tuple[Reader, ...] = (
    mlflow_files.READER,
    tensorboard.READER,
    wandb.READER,
    wandb.CONSOLE_READER,
    wandb_csv.READER,
    csv_folder.READER,
    console.READER,
    verl_jsonl.READER,
    trainer_state.READER,
    ms_swift.READER,
    prime_rl.READER,
    verl_rollouts.READER,
    trl_completions.READER,
    swift_completions.READER,
    prime_traces.READER,
    sb3_progress.CSV_READER,
    sb3_progress.JSON_READER,
    monitor.READER,
    evaluations.READER,
    tune_json.READER,
    tune_csv.READER,
    spinningup.READER,
    mlflow.READER,
    trackio.READER,
    swanlab.READER,
    dvclive.READER,
    dvclive.SUMMARY_READER,
    comet.READER,
    tensorboard_csv.READER,
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
