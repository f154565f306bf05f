"""Any JSON lines whose records have a step; see :mod:`rlcompare.readers.axes` for its names."""

from __future__ import annotations

import re

from rlcompare.readers import ndjson, text
from rlcompare.readers.axes import STEP_COLUMNS, choose_axes
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume
from rlcompare.readers.generic import Known, is_folder_log, is_rubbish_under_a_known_name, run_of

#: Files that describe a run and are no logs.
NOT_LOGS = frozenset({"config.json", "params.json", "wandb-summary.json", "wandb-metadata.json"})

#: Keys of records that are samples (a prompt and what came of it) and not metrics.
SAMPLE_KEYS = frozenset({"input", "output", "prompt", "prompts", "completion", "completions", "response", "messages"})

#: Top-level keys that hold no metrics: settings that a writer repeats in every record.
LEAVE_OUT = frozenset({"config"})

_STEP_KEY = re.compile(rf'"(?:{"|".join(map(re.escape, STEP_COLUMNS))})"\s*:\s*"?\d', re.IGNORECASE)


def claim(file: LogFile, folder: Folder) -> Claim | None:  # noqa: ARG001
    """Claim JSON lines with a whole number as a step in the first records of the head."""
    name = file.name.lower()
    if not name.endswith((".jsonl", ".ndjson", ".json")) or name in NOT_LOGS:
        return None
    if is_rubbish_under_a_known_name(file):
        return Claim(run_of(file))
    lines = [line for line in text.head_lines(file) if line.strip()]
    if not lines or not lines[0].lstrip().startswith("{"):
        return None
    one_document = name.endswith(".json") and not is_folder_log(file)
    records = [*ndjson.iter_records("\n".join(lines).encode())]
    if not records:  # the first line is longer than the head
        found = len(lines) == 1 and not one_document and _STEP_KEY.search(lines[0])
        return Claim(run_of(file)) if found else None
    if any(isinstance(records[0].get(key), str | list) for key in SAMPLE_KEYS):
        return None
    if one_document and len(records) < 2:
        return None
    return Claim(run_of(file)) if choose_axes(map(ndjson.flatten, records)) else None


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read the records."""
    refused = text.refuse(file, resume)
    if refused:
        return refused
    issues = IssueList(file)
    known = Known.of(resume)
    first_line: int = resume.state["line"] if resume else 1
    lines = ndjson.accept_tail(text.complete_lines(file, resume.offset if resume else 0))
    known.choose(ndjson.flatten(record, LEAVE_OUT) for record in ndjson.iter_records(lines.data))
    rows = ndjson.read_rows(lines.data, issues, first_line=first_line, index=known.index, leave_out=LEAVE_OUT)
    tables = known.log(rows, issues)
    line = first_line + rows.n_lines
    return Chunk(
        tables=tables,
        offset=lines.offset,
        state={"line": line} | known.state(),
        issues=issues.done(),
        pending=text.pending_line(issues, lines.tail, line),
        step_unit=known.step_unit,
        framework=known.framework,
    )


READER = Reader(
    name="jsonl",
    title="JSON lines with a step",
    files="`*.jsonl`, `*.ndjson`, `metrics.json` and the like",
    appends=True,
    claim=claim,
    read=read,
    version=2,
)
