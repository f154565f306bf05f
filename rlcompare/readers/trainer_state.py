"""Hugging Face ``trainer_state.json``: what a Trainer (TRL's are Trainers) logged until a checkpoint.

Its ``log_history`` holds one record a logging step, train and eval records apart. Every checkpoint repeats all history.
No wall times. ``training_args.bin`` beside it is a pickle and never opened.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rlcompare.metrics import guess_framework
from rlcompare.readers import text
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume, Scalar
from rlcompare.readers.configfiles import flatten
from rlcompare.readers.log_history import parse_state
from rlcompare.readers.steps import with_steps
from rlcompare.readers.text import Rows
from rlcompare.schema import STEP

FILE_NAME = "trainer_state.json"

#: Settings among the state; the rest says where the training stands.
CONFIG_KEYS = (
    "max_steps",
    "num_train_epochs",
    "train_batch_size",
    "logging_steps",
    "eval_steps",
    "save_steps",
    "trial_name",
    "trial_params",
)

#: Only the summary that ``Trainer.train`` appends when it returns has this key.
SUMMARY = "train_runtime"

_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
_GLOBAL_STEP = re.compile(rb'"global_step":\s*(\d{1,18})\b')

_HINT = "Hint: a checkpoint that is still being written; it is read again once it has grown."


def claim(file: LogFile, folder: Folder) -> Claim | None:
    """Claim ``trainer_state.json``: for the folder that holds it, or the one above a ``checkpoint-N``."""
    if file.name != FILE_NAME:
        return None
    if _CHECKPOINT.fullmatch(folder.relative.name):
        return Claim(run=folder.relative.parent)
    return Claim(run=folder.relative)


def choose(files: Sequence[LogFile]) -> Sequence[LogFile]:
    """Take the one file that went furthest: each repeats the history of those before.

    At the same step the one outside of the checkpoints is taken: it is written last and holds the summary.
    """
    return [max(files, key=_progress)] if files else []


def _progress(file: LogFile) -> tuple[int, bool, int, str]:
    checkpoint = _CHECKPOINT.fullmatch(file.path.parent.name)
    step = _GLOBAL_STEP.search(file.head)
    reached = int(step[1]) if step else int(checkpoint[1]) if checkpoint else 0
    return reached, checkpoint is None, file.mtime_ns, str(file.relative)


def read(file: LogFile, resume: Resume | None) -> Chunk:  # noqa: ARG001 - always read whole
    """Read all records of one ``trainer_state.json``.

    Train and eval records of the same step are separate rows. The final summary is no step and left out, its
    ``train_runtime`` becomes a setting. Of a file cut while it was written the whole records are read.
    """
    with file.open() as stream:
        data = stream.read()
    issues = IssueList(file)
    try:
        state, rows = parse_state(data, issues)
    except (ValueError, RecursionError) as error:
        issues.add("", f"Expected a JSON object with log_history, came {len(data):,} bytes: {error}. {_HINT}", "error")
        return Chunk((), len(data), issues=issues.done(), step_unit="step")
    text.left_out_note(issues, rows.left_out)
    records, runtime = without_summary(rows)
    table = with_steps(records, STEP, issues, place="log_history entry").frame
    config = _config(state)
    if runtime is not None:
        config[SUMMARY] = runtime
    return Chunk(
        tables=(table,) if table.height else (),
        offset=len(data),
        config=config,
        issues=issues.done(),
        step_unit="step",
        framework=_framework(table.columns),
        finished=runtime is not None or _reached_end(state),
    )


def without_summary(rows: Rows) -> tuple[Rows, float | None]:
    """Drop the summary's row; what remains of it is its ``train_runtime`` in seconds."""
    if SUMMARY not in rows.frame.columns:
        return rows, None
    runtime = rows.frame[SUMMARY]
    kept = runtime.is_null()
    return Rows(rows.frame.filter(kept), rows.lines.filter(kept)), float(runtime.drop_nulls()[-1])


def _framework(keys: Sequence[str]) -> str:
    if any(key.removeprefix("eval_").startswith(("rewards/", "completions/")) for key in keys):
        return "TRL"
    return guess_framework(keys) or "Transformers"


def _reached_end(state: dict[str, Any]) -> bool:
    done, planned = state.get("global_step"), state.get("max_steps")
    return isinstance(done, int) and isinstance(planned, int) and done >= planned > 0


def _config(state: dict[str, Any]) -> dict[str, Scalar]:
    return flatten({key: state[key] for key in CONFIG_KEYS if state.get(key) is not None})


READER = Reader(
    name="trainer_state",
    title="Hugging Face Trainer and TRL",
    files="`trainer_state.json`, of several `checkpoint-N/` the last",
    appends=False,
    claim=claim,
    read=read,
    choose=choose,
)
