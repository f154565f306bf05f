"""DVCLive's folder: a TSV a metric in ``plots/metrics``, the newest values in ``metrics.json``, and ``params.yaml``.

``Metric.dump`` (``dvclive/plots/metric.py``) appends ``step`` and the value, in front of them ``timestamp`` in
milliseconds where the call asked for it, to ``<metric>.tsv``, in folders where the name has slashes. ``metrics.json``
repeats the last value of each metric, and alone holds those logged with ``plot=False``. DVCLive before 1.0 had other
folders, which are not read.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import orjson
import polars as pl

from rlcompare.metrics import guess_framework, step_unit_of
from rlcompare.readers import delimited, ndjson, text
from rlcompare.readers.axes import place_rows
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume
from rlcompare.readers.columns import Columns
from rlcompare.readers.configfiles import MAX_BYTES, settings_in
from rlcompare.readers.steps import with_steps
from rlcompare.schema import LOG_INDEX, STEP

#: DVCLive's default name for its folder; any other is the run's own.
FOLDER = "dvclive"

PLOTS, METRICS = "plots", "metrics"
SUMMARY, PARAMS = "metrics.json", "params.yaml"
SUFFIX = ".tsv"

TIMESTAMP = "timestamp"


def claim(file: LogFile, folder: Folder) -> Claim | None:
    """Claim tables below ``plots/metrics`` whose header has a step, and ``params.yaml`` beside ``plots``.

    The run is the folder that holds ``plots``, or the one above it where that is called ``dvclive``.
    """
    if file.name == PARAMS:
        # DVC's own pipelines have a file of this name too, so that alone it makes no run.
        return Claim(_run(folder.relative), tentative=True) if _is_live(folder) else None
    metrics = _metrics_folder(file.relative)
    if metrics is None or file.relative.suffix != SUFFIX:
        return None
    header = next(iter(text.head_lines(file)), "").rstrip("\r").split("\t")
    return Claim(_run(metrics.parent.parent)) if STEP in header[:2] else None


def claim_summary(file: LogFile, folder: Folder) -> Claim | None:
    """Claim ``metrics.json`` beside ``plots`` or in a folder called ``dvclive``; without a step in it, it is no log."""
    if file.name != SUMMARY or not file.head.startswith(b"{\n") or not _is_live(folder):
        return None
    return Claim(_run(folder.relative), tentative=True)


def _is_live(folder: Folder) -> bool:
    return PLOTS in folder.folders or folder.relative.name == FOLDER


def _metrics_folder(path: PurePosixPath) -> PurePosixPath | None:
    """Find ``plots/metrics`` above a file."""
    return next((above for above in path.parents if above.parts[-2:] == (PLOTS, METRICS)), None)


def _run(live: PurePosixPath) -> PurePosixPath:
    return live.parent if live.name == FOLDER else live


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read the rows of one metric, named by its path below ``plots/metrics``; settings are read whole."""
    if file.name == PARAMS:
        return _read_params(file)
    refused = text.refuse(file, resume)
    if refused:
        return refused
    issues = IssueList(file)
    body = delimited.open_body(file, resume, "\t", issues)
    value = body.columns[-1] if body.columns else ""
    time = TIMESTAMP if TIMESTAMP in body.columns[:-1] else ""
    table = delimited.read_table(body, issues, index={STEP, time} - {value, ""})
    noted = bool(resume and resume.state.get("noted"))
    if value in table.rows.left_out and not noted:
        text.left_out_note(issues, [_key(file)])
    wanted = [name for name in table.rows.frame.columns if name in (STEP, time, value)]
    log = place_rows(replace(table.rows, frame=table.rows.frame.select(wanted)), STEP, time, issues)
    log = log.rename({name: _key(file) for name in log.columns if name not in LOG_INDEX})
    framework = guess_framework(log.columns)
    return Chunk(
        tables=(log,) if log.height and _key(file) in log.columns else (),
        offset=table.offset,
        state=table.state | {"noted": noted or value in table.rows.left_out},
        issues=issues.done(),
        pending=table.pending,
        step_unit=step_unit_of(framework),
        framework=framework,
    )


def _key(file: LogFile) -> str:
    metrics = _metrics_folder(file.relative)
    path = file.relative.relative_to(metrics) if metrics else PurePosixPath(file.name)
    key = str(path).removesuffix(SUFFIX)
    return f"{key} (logged)" if key in LOG_INDEX else key


def _read_params(file: LogFile) -> Chunk:
    issues = IssueList(file)
    with file.open() as stream:
        data = stream.read(MAX_BYTES + 1)
    config = settings_in(data, file.size, file.path.suffix, lambda message, how: issues.add("", message, how))
    return Chunk((), len(data), config=config, issues=issues.done())


def read_summary(file: LogFile, resume: Resume | None) -> Chunk:  # noqa: ARG001 - always read whole
    """Read the newest value of each metric as one row; keys of nested objects are joined by ``/``."""
    with file.open() as stream:
        data = stream.read(MAX_BYTES + 1)
    issues = IssueList(file)
    try:
        summary = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        issues.add(
            "",
            f"Expected one JSON object of at most {MAX_BYTES:,} bytes, came {file.size:,} bytes: {error}. "
            "Hint: DVCLive rewrites it at every step; if the training still runs, the next one repairs it.",
            "error",
        )
        return Chunk((), len(data), issues=issues.done())
    if not isinstance(summary, dict) or STEP not in summary:
        return Chunk((), len(data))
    columns = Columns(index={STEP})
    columns.add(ndjson.flatten(summary), 1)
    rows = columns.rows()
    log: pl.DataFrame = with_steps(rows, STEP, issues, place="object").frame
    return Chunk((log,) if log.width > 1 else (), len(data), issues=issues.done())


READER = Reader(
    name="dvclive",
    title="DVCLive metrics",
    files="`plots/metrics/**/*.tsv`, `params.yaml`",
    appends=True,
    claim=claim,
    read=read,
)

SUMMARY_READER = Reader(
    name="dvclive_summary",
    title="DVCLive summary",
    files="`metrics.json` beside `plots/`",
    appends=False,
    claim=claim_summary,
    read=read_summary,
)
