"""ms-swift's ``logging.jsonl``: one line a logging step, appended to at every start.

Its callbacks (``swift/trainers/patcher.py``, on Megatron ``swift/megatron/callbacks/print.py``) write what the trainer
logged with ``"global_step/max_steps": "10/438"`` (``iteration`` on Megatron), the only step, and times as text:
``"elapsed_time": "1m 42s"``. When a training ends, also by an error, a line with a summary follows, which holds the
whole history once more.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace

import polars as pl

from rlcompare.readers import ndjson, text
from rlcompare.readers.axes import place_rows
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume, Scalar
from rlcompare.readers.trainer_state import SUMMARY, without_summary

FILE_NAME = "logging.jsonl"

STEP_KEYS = ("global_step/max_steps", "iteration")

#: Text, such as ``1d 2h 3m 4s``; the first becomes seconds, the other is a guess.
ELAPSED, REMAINING = "elapsed_time", "remaining_time"

_STEP = re.compile(rf'"(?:{"|".join(STEP_KEYS)})"\s*:\s*"\d+/\d+"')
_SUMMARY_KEY = b'"last_model_checkpoint":'
_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


@dataclass(frozen=True)
class _State:
    """What the next read depends on.

    Parameters
    ----------
    line : int
        Number of the next line.
    step : str
        As last written, ``10/438``.
    trained : bool
        The trainer said how long it took, which it does when it returns.
    finished : bool
        Nothing came after the summary of a training that went to its end.
    left_out : tuple of str
        Columns whose text has been noted.
    """

    line: int = 1
    step: str = ""
    trained: bool = False
    finished: bool = False
    left_out: tuple[str, ...] = ()


def claim(file: LogFile, folder: Folder) -> Claim | None:
    """Claim ``logging.jsonl`` with a step such as ``"10/438"`` in its head, for the folder that holds it."""
    if file.name != FILE_NAME or not any(_STEP.search(line) for line in text.head_lines(file)):
        return None
    return Claim(folder.relative)


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read the records; a summary is none, and that of the trainer (``train_runtime``) becomes a setting."""
    refused = text.refuse(file, resume)
    if refused:
        return refused
    issues = IssueList(file)
    state = _State(**{**resume.state, "left_out": tuple(resume.state["left_out"])}) if resume else _State()
    lines = ndjson.accept_tail(text.complete_lines(file, resume.offset if resume else 0))
    tables: list[pl.DataFrame] = []
    config: dict[str, Scalar] = {}
    at = 0
    while at < len(lines.data):
        found = lines.data.find(_SUMMARY_KEY, at)
        summary = lines.data.rfind(b"\n", at, found) + 1 or at if found >= 0 else len(lines.data)
        if summary > at:
            table, state = _records(lines.data[at:summary], state, config, issues)
            tables.append(table)
        at = summary
        if found >= 0:
            end = lines.data.find(b"\n", found) + 1
            line = state.line + (end > 0)
            state = replace(state, line=line, finished=state.trained or _is_last(state.step), trained=False)
            at = end or len(lines.data)
    return Chunk(
        tables=tuple(table for table in tables if table.height),
        offset=lines.offset,
        state=asdict(state),
        config=config,
        issues=issues.done(),
        pending=text.pending_line(issues, lines.tail, state.line),
        step_unit="step",
        framework="ms-swift",
        finished=state.finished,
    )


def _records(data: bytes, state: _State, config: dict[str, Scalar], issues: IssueList) -> tuple[pl.DataFrame, _State]:
    rows = ndjson.read_rows(data, issues, first_line=state.line, index={*STEP_KEYS, ELAPSED, REMAINING})
    text.left_out_note(issues, set(rows.left_out).difference(state.left_out))
    state = replace(
        state,
        line=state.line + rows.n_lines,
        left_out=tuple(sorted({*state.left_out, *rows.left_out})),
        finished=state.finished and not rows.frame.height,
    )
    key = next((key for key in STEP_KEYS if key in rows.frame.columns), STEP_KEYS[0])
    if key in rows.frame.columns:
        state = replace(state, step=str(rows.frame[key].drop_nulls()[-1]))
    records, runtime = without_summary(replace(rows, frame=_with_seconds(rows.frame)))
    if runtime is not None:
        config[SUMMARY] = runtime
        state = replace(state, trained=True)
    return place_rows(records, key, "", issues), state


def _with_seconds(frame: pl.DataFrame) -> pl.DataFrame:
    """Read the time that passed as seconds; it begins again at each start."""
    frame = frame.drop(REMAINING, strict=False)
    if ELAPSED not in frame.columns or frame[ELAPSED].dtype != pl.String:
        return frame
    parts = [
        pl.col(ELAPSED).str.extract(rf"(\d+){unit}\b").cast(pl.Float64).fill_null(0.0) * seconds
        for unit, seconds in _UNITS.items()
    ]
    is_time = pl.col(ELAPSED).str.contains(r"^(?:\d+[dhms] ?)+$")
    return frame.with_columns(pl.when(is_time).then(pl.sum_horizontal(parts)).alias(ELAPSED))


def _is_last(step: str) -> bool:
    """Whether a step such as ``438/438`` is the last one planned."""
    done, _, planned = step.partition("/")
    return done == planned and bool(planned)


READER = Reader(
    name="ms_swift",
    title="ms-swift",
    files="`logging.jsonl`",
    appends=True,
    claim=claim,
    read=read,
)
