"""MLflow's file store: ``mlruns/<experiment>/<run>/`` with a file a metric, a param and a tag.

``mlflow/store/tracking/file_store.py`` appends ``time value step`` to ``metrics/KEY``, the time in milliseconds;
slashes of a key are folders. Versions before 1.0 wrote no step, later ones may add a data set's name behind it.
``meta.yaml`` says how the run stands. MLflow 3 writes such stores only where ``MLFLOW_ALLOW_FILE_STORE`` asks for it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from rlcompare.metrics import guess_framework, step_unit_of
from rlcompare.readers import sqlite, text
from rlcompare.readers.axes import EARLIEST_SECONDS, LATEST_SECONDS
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume, Scalar
from rlcompare.readers.mlflow import is_telling, setting_of
from rlcompare.readers.plain_yaml import PlainYAMLError, parse_yaml
from rlcompare.schema import LOG_INDEX, STEP, WALL_TIME

META = "meta.yaml"
METRICS, PARAMS, TAGS, ARTIFACTS = "metrics", "params", "tags", "artifacts"

#: ``RunStatus.FINISHED`` in ``mlflow/entities/run_status.py``; older files hold its name.
_FINISHED = (3, "FINISHED")

#: Bytes of a param, a tag or ``meta.yaml``; MLflow's own limit for the first two is 8,000 characters.
_MAX_BYTES = 65_536

#: Settings of one run.
_MAX_SETTINGS = 10_000

#: A run's or a logged model's folder, whoever keeps its metrics.
_ID = re.compile(r"(?:m-)?[0-9a-f]{32}")

#: The fields of a line.
_LINE = {"time": pl.Int64, "value": pl.Float64, "step": pl.Int64}

#: Times in milliseconds, values, steps.
_Columns = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.int64]]


def claim(file: LogFile, folder: Folder) -> Claim | tuple[Claim, ...] | None:
    """Claim ``meta.yaml`` and the metrics of a run that is not deleted, for the run's folder.

    All else in it is claimed for no run, so that no other reader takes an artifact for a log; so is what lies in the
    artifacts of a run whose metrics are in a database. Deleted experiments lie in ``.trash``, where nobody looks.
    """
    parts = file.relative.parts
    if any(name == ARTIFACTS and _ID.fullmatch(above) for above, name in pairwise(parts)):
        return ()
    run = _run_folder(folder)
    if run is None:
        return None
    depth = len(run.parts)
    place = file.path.parents[len(parts) - depth - 1]
    is_meta = parts[depth:] == (META,)
    if not is_meta and parts[depth] != METRICS:
        return ()
    meta = _meta(place)
    is_model = meta and not meta.keys() & {"run_id", "run_uuid"}
    if is_model or meta.get("lifecycle_stage") == "deleted":
        return ()
    return Claim(run, name=_name(run, place, meta), version=_version(file, place)) if is_meta else Claim(run)


def _run_folder(folder: Folder) -> PurePosixPath | None:
    """Find the outermost folder above a file that is laid out as a run's."""
    found = None
    above: Folder | None = folder
    while above is not None:
        if META in above.files and len(above.folders & {METRICS, PARAMS, TAGS, ARTIFACTS}) > 1:
            found = above.relative
        above = above.parent
    return found


def _meta(place: Path) -> Mapping[str, Any]:
    """Read the ``meta.yaml`` of a run's or an experiment's folder; empty where there is none to read."""
    path = place / META
    try:
        stat = path.stat()
        return _parsed(path, stat.st_ino, stat.st_size, stat.st_mtime_ns)
    except OSError:
        return {}


@lru_cache(maxsize=4096)
def _parsed(path: Path, inode: int, size: int, mtime_ns: int) -> Mapping[str, Any]:  # noqa: ARG001 - what it depends on
    try:
        meta, _ = parse_yaml(_head(path))
    except PlainYAMLError:
        return {}
    return meta if isinstance(meta, dict) else {}


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_MAX_BYTES)


def _name(run: PurePosixPath, place: Path, meta: Mapping[str, Any]) -> str:
    """Name a run as its experiment and itself, in the place of the two folders that are named after their ids."""
    name = meta.get("run_name") or meta.get("name")
    if not name:
        with suppress(OSError):
            name = _head(place / TAGS / "mlflow.runName").decode("utf-8", "replace")
    experiment = _meta(place.parent).get("name", place.parent.name)
    own = sqlite.name_of(str(experiment), str(name or place.name))
    return f"{'../' * min(2, len(run.parts))}{own}"


def _version(meta: LogFile, place: Path) -> tuple[int, int]:
    """Tell whether ``meta.yaml`` or the params and tags, of which each is a file, have changed."""
    told = []
    for name in (PARAMS, TAGS):
        with suppress(OSError):
            told.append((place / name).stat().st_mtime_ns)
    return sqlite.fingerprint(meta.size, meta.mtime_ns, told), meta.mtime_ns


def read(file: LogFile, resume: Resume | None) -> Chunk:  # noqa: ARG001 - always read whole
    """Read one metric, or, of ``meta.yaml``, the run's settings and whether it has finished.

    Where a metric has several values and all at step 0, as MLflow writes where none was given, the values are counted
    and a note says so.

    Raises
    ------
    OSError
        The file cannot be opened or read.
    """
    # The outermost, for a key can be `metrics/x`.
    for place in reversed(file.path.parents[: len(file.relative.parts)]):
        if place.name == METRICS and (place.parent / META).exists():
            depth = len(file.path.relative_to(place).parts)
            return _read_metric(file, "/".join(file.relative.parts[-depth:]))
    return _read_settings(file)


def _read_metric(file: LogFile, key: str) -> Chunk:
    refused = text.refuse(file, None)
    if refused is not None:
        return refused
    issues = IssueList(file)
    lines = text.complete_lines(file, 0)
    columns = _all_at_once(lines.data)
    if columns is None:
        columns = _line_by_line(lines.data, issues)
    milliseconds, values, steps = columns
    if len(steps) > 1 and not steps.any():
        steps = np.arange(len(steps))
        issues.add(
            "", "Every step is 0, as MLflow writes where none was given; the values are counted instead.", "note"
        )
    seconds = milliseconds / 1000
    seconds[(seconds < EARLIEST_SECONDS) | (seconds > LATEST_SECONDS)] = np.nan
    times = pl.Series(WALL_TIME, seconds, nan_to_null=True)
    name = f"{key} (logged)" if key in LOG_INDEX else key
    table = pl.DataFrame([pl.Series(STEP, steps, dtype=pl.Int64), times, pl.Series(name, values)])
    framework = guess_framework([key])
    return Chunk(
        tables=(table,) if table.height else (),
        offset=lines.offset,
        issues=issues.done(),
        pending=text.pending_line(issues, lines.tail, lines.n_lines + 1),
        step_unit=step_unit_of(framework),
        framework=framework,
    )


def _all_at_once(data: bytes) -> _Columns | None:
    """Take lines apart that all have three fields; ``None`` where one has not, or a field is no number."""
    try:
        frame = pl.read_csv(data, has_header=False, separator=" ", schema=_LINE, quote_char=None)
    except pl.exceptions.PolarsError:
        return None
    times, values, steps = frame.iter_columns()
    if times.null_count() or values.null_count() or steps.null_count() or frame.height != data.count(b"\n"):
        return None
    return times.to_numpy(), values.to_numpy(), steps.to_numpy()


def _line_by_line(data: bytes, issues: IssueList) -> _Columns:
    rows: list[tuple[int, float, int]] = []
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        fields = line.split()
        try:
            row = int(fields[0]), float(fields[1]), int(fields[2]) if len(fields) > 2 else 0
        except (ValueError, IndexError):
            row = None
        if row is not None and max(abs(row[0]), abs(row[2])) < 2**63:
            rows.append(row)
        elif fields:
            issues.add(f"line {number}", f"Expected `time value step`, found {text.shown(line)}; left out.")
    times, values, steps = zip(*rows, strict=True) if rows else ((), (), ())
    return np.array(times, np.int64), np.array(values, np.float64), np.array(steps, np.int64)


def _read_settings(file: LogFile) -> Chunk:
    issues = IssueList(file)
    data = _head(file.path)
    place = file.path.parent
    config: dict[str, Scalar] = dict(_settings(place / PARAMS, issues))
    config |= {setting_of(tag): value for tag, value in _settings(place / TAGS, issues) if is_telling(tag)}
    status = None
    try:
        meta, _ = parse_yaml(data)
        status = meta.get("status") if isinstance(meta, dict) else None
    except PlainYAMLError as error:
        issues.add("", f"Expected YAML, came {len(data):,} bytes of something else: {str(error)[:300]}.", "error")
    return Chunk((), len(data), config=config, issues=issues.done(), finished=status in _FINISHED)


def _settings(folder: Path, issues: IssueList) -> Iterator[tuple[str, str]]:
    """Read a folder of params or tags: a file each, slashes of its key being folders."""
    found = 0
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place) / name
            if path.is_symlink():
                continue
            found += 1
            if found > _MAX_SETTINGS:
                issues.add(folder.name, f"Expected at most {_MAX_SETTINGS:,} files; those behind them were left out.")
                return
            try:
                value = _head(path).decode("utf-8", "replace")
            except OSError as error:
                issues.add(folder.name, f"{text.shown(name)} could not be read: {error.strerror or error}.")
                continue
            key = os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace")
            yield key, value


READER = Reader(
    name="mlflow_files",
    title="MLflow's file store",
    files="`mlruns/<experiment>/<run>/metrics/**`, with `params/`, `tags/` and `meta.yaml`",
    appends=False,
    claim=claim,
    read=read,
)
