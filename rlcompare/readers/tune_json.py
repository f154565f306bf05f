"""Ray Tune's ``result.json``, RLlib's too: JSON lines, one a result that a trial reported.

``JsonLoggerCallback`` (``ray/tune/logger/json.py``) repeats the trial's settings in every line and appends when the
trial is restored. Nested keys are joined by ``/``, as in ``progress.csv`` beside it. ``params.pkl`` is a pickle and
never opened.
"""

from __future__ import annotations

import json
import re
from typing import Any

from rlcompare.metrics import guess_framework
from rlcompare.readers import ndjson, text
from rlcompare.readers.axes import place_rows
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume
from rlcompare.readers.columns import Columns
from rlcompare.readers.configfiles import flatten
from rlcompare.readers.rllib_episodes import Episodes, without_lists

FILE_NAME = "result.json"
FRAMEWORK = "Ray Tune"

#: Since the first result of the trial, restores included (``ray/air/constants.py``, ``ray/tune/result.py``).
STEP_KEY = "training_iteration"
#: Unix seconds.
TIME_KEY = "timestamp"
CONFIG_KEY = "config"

#: What Tune adds to every result to say which process reported it and whether it was the last: no metrics.
ABOUT = frozenset(
    {
        *("trial_id", "experiment_id", "experiment_tag", "date", "pid", "hostname", "node_ip"),
        *("done", "should_checkpoint", "checkpoint_dir_name"),
    }
)

_SETTINGS = b'"config": {'
_STEP = re.compile(rf'"{STEP_KEY}"\s*:\s*\d')


def claim(file: LogFile, folder: Folder) -> Claim | None:
    """Claim ``result.json`` that begins with a result; where its first line is longer than the head, by what is beside.

    Other programs call a single document so; it has no training iteration.
    """
    if file.name != FILE_NAME:
        return None
    first, *below = text.head_lines(file) or [""]
    if not first.lstrip().startswith("{"):
        return None
    if _STEP.search(first) or (not below and "params.json" in folder.files):
        return Claim(run=folder.relative)
    return None


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read the results: metrics, settings, and RLlib's episodes as samples (their step is the iteration)."""
    refused = text.refuse(file, resume)
    if refused:
        return refused
    issues = IssueList(file)
    known: dict[str, Any] = dict(resume.state) if resume else {"line": 1, "left_out": [], "done": False}
    first_line: int = known["line"]
    lines = ndjson.accept_tail(text.complete_lines(file, resume.offset if resume else 0))
    data, settings = _without_repeated_settings(lines.data)
    columns = Columns({STEP_KEY, TIME_KEY})
    episodes = Episodes(known.get("episodes"))
    done: bool = known["done"]
    for number, result in ndjson.parse_lines(data, issues, first_line):
        step, moment = result.get(STEP_KEY), result.get(TIME_KEY)
        if type(step) is int and step.bit_length() < 64:
            episodes.add(result, step, float(moment) if isinstance(moment, int | float) else None)
        without_lists(result)
        given = result.pop(CONFIG_KEY, None)
        if type(given) is dict:
            settings = given
        done = result.get("done") is True
        for key in ABOUT.intersection(result):
            del result[key]
        columns.add(ndjson.flatten(result), number)
    rows = columns.rows()
    log = place_rows(rows, STEP_KEY, TIME_KEY, issues)
    text.left_out_note(issues, set(rows.left_out).difference(known["left_out"]))
    line = first_line + lines.n_lines
    return Chunk(
        tables=(log,) if log.height else (),
        offset=lines.offset,
        state={
            "line": line,
            "left_out": sorted({*known["left_out"], *rows.left_out}),
            "done": done,
            "episodes": episodes.state(),
        },
        config=_flat(settings, issues),
        issues=issues.done(),
        pending=text.pending_line(issues, lines.tail, line),
        samples=episodes.samples(),
        step_unit="iteration",
        framework=guess_framework(log.columns) or FRAMEWORK,
        finished=done,
    )


def _without_repeated_settings(data: bytes) -> tuple[bytes, dict[str, Any]]:
    """Take the first line's settings, and null in their place where a line has the same text: half of the file.

    Between quotes that are not escaped the key cannot be part of a string, so what is replaced is a whole value.
    """
    lines = data.split(b"\n")
    at = lines[0].find(_SETTINGS)
    if at < 0:
        return data, {}
    try:
        rest = lines[0][at:].decode()
        settings, end = json.JSONDecoder().raw_decode(rest, len(_SETTINGS) - 1)
        if json.loads(lines[0])[CONFIG_KEY] != settings:
            return data, {}
    except (ValueError, RecursionError, LookupError, TypeError):
        return data, {}
    repeated = rest[:end].encode()
    for number, line in enumerate(lines):
        at = line.find(_SETTINGS)
        if at >= 0 and line.startswith(repeated, at):
            lines[number] = line[:at] + b'"config": null' + line[at + len(repeated) :]
    return b"\n".join(lines), settings


def _flat(settings: dict[str, Any], issues: IssueList) -> dict[str, Any]:
    try:
        return dict(flatten(settings))
    except RecursionError:
        issues.add("", "Expected settings, came objects nested too deep; left out.")
        return {}


READER = Reader(
    name="tune_json",
    title="Ray Tune and RLlib results",
    files="`result.json`",
    appends=True,
    claim=claim,
    read=read,
)
