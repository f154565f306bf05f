"""A folder with a CSV file a metric, which have no header: what d3rlpy and TorchRL write.

d3rlpy's ``FileAdapter`` (``d3rlpy/logging/file_adapter.py``) appends ``epoch,step,value`` to ``<metric>.csv`` beside
``params.json``; the epoch is left out, as it is not the file's metric. Only its ``<parameter>_grad.csv`` have a header.
TorchRL's ``CSVExperiment`` (``torchrl/record/loggers/csv.py``) appends ``step,value`` to ``scalars/<metric>.csv``, in
folders where the name has slashes, and writes settings to ``texts/hparams0.txt``. Neither logs a time.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from rlcompare.readers import delimited, text
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume, Scalar
from rlcompare.readers.configfiles import MAX_BYTES, flatten
from rlcompare.readers.plain_yaml import PlainYAMLError, parse_yaml
from rlcompare.readers.steps import with_steps
from rlcompare.schema import LOG_INDEX, STEP

#: d3rlpy's columns, and those of how the gradients of one parameter are distributed.
D3RLPY = ("epoch", STEP, "value")
GRADIENTS = ("epoch", STEP, "min", "max", "mean", "std")
#: TorchRL's columns.
TORCHRL = (STEP, "value")

#: TorchRL's folders for numbers and for texts, and what ``log_hparams`` calls its text.
SCALARS, TEXTS, SETTINGS = "scalars", "texts", "hparams0.txt"

#: Lines looked at, from either end of the head, before a file is claimed.
SAMPLED = 20

_WHOLE = re.compile(r"\d{1,18}", re.ASCII)


def claim(file: LogFile, folder: Folder) -> Claim | None:
    """Claim a CSV by its place, if all rows sampled from its head are numbers and as many as are written there."""
    if _is_settings(file):
        beside = folder.parent is not None and SCALARS in folder.parent.folders
        return Claim(run=folder.relative.parent, tentative=True) if beside else None
    if not file.name.endswith(".csv"):
        return None
    scalars = _scalars(file.relative)
    if scalars and _are_numbers(file, TORCHRL):
        return Claim(run=scalars.parent)
    if "params.json" in folder.files and (_is_gradients(file) or _are_numbers(file, D3RLPY)):
        return Claim(run=folder.relative)
    return None


def _is_settings(file: LogFile) -> bool:
    return file.name == SETTINGS and file.relative.parent.name == TEXTS


def _scalars(path: PurePosixPath) -> PurePosixPath | None:
    """Find TorchRL's folder for numbers above a file."""
    return next((parent for parent in path.parents if parent.name == SCALARS), None)


def _is_gradients(file: LogFile) -> bool:
    return file.name.endswith("_grad.csv") and file.head.split(b"\n")[0].rstrip() == ",".join(GRADIENTS).encode()


def _are_numbers(file: LogFile, columns: tuple[str, ...]) -> bool:
    """Tell whether the head has whole lines, those sampled being of so many numbers, whole ones up to the step."""
    lines = text.head_lines(file)[:-1]
    sampled = lines if len(lines) <= 2 * SAMPLED else lines[:SAMPLED] + lines[-SAMPLED:]
    rows = [line.rstrip("\r").split(",") for line in sampled if line.strip()]
    return bool(rows) and all(
        len(row) == len(columns) and all(map(_WHOLE.fullmatch, row[:-1])) and text.NUMBER.fullmatch(row[-1])
        for row in rows
    )


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read the rows of one metric, named after the file; of a file of gradients four, such as ``fc_grad/mean``."""
    if _is_settings(file):
        return _read_settings(file)
    refused = text.refuse(file, resume)
    if refused:
        return refused
    issues = IssueList(file)
    scalars = _scalars(file.relative)
    is_torchrl = scalars is not None and file.head.split(b"\n")[0].count(b",") == len(TORCHRL) - 1
    if (resume is None or not resume.offset) and not _is_gradients(file):
        resume = Resume(0, {"columns": TORCHRL if is_torchrl else D3RLPY, "line": 1})
    table = delimited.read_table(delimited.open_body(file, resume, ",", issues), issues, index={STEP})
    log = with_steps(table.rows, STEP, issues).frame.drop(D3RLPY[0], strict=False)
    name = str(file.relative.relative_to(scalars) if scalars and is_torchrl else file.name).removesuffix(".csv")
    log = log.rename({key: _key(name, key) for key in log.columns if key not in LOG_INDEX})
    return Chunk(
        tables=(log,) if log.height else (),
        offset=table.offset,
        state=table.state if table.offset else {},  # before a whole line is there, the columns are a guess
        issues=issues.done(),
        pending=table.pending,
        step_unit="" if is_torchrl else "gradient step",
        framework="TorchRL" if is_torchrl else "d3rlpy",
    )


def _key(name: str, column: str) -> str:
    if column != TORCHRL[-1]:
        return f"{name}/{column}"
    return f"{name} (logged)" if name in LOG_INDEX else name


def _read_settings(file: LogFile) -> Chunk:
    """Read TorchRL's lines ``name: value``, whole each time: the file is written at once."""
    with file.open() as stream:
        data = stream.read(MAX_BYTES)
    config: dict[str, Scalar] = {}
    for line in data.decode(errors="replace").splitlines():
        name, colon, value = line.partition(": ")
        if colon and name:
            config |= _setting(name, value)
    return Chunk((), len(data), config=config, framework="TorchRL")


def _setting(name: str, value: str) -> dict[str, Scalar]:
    try:
        parsed = parse_yaml(value.encode())[0]
        # What Python prints of a mapping has braces; a text with a colon has none.
        return {name: value} if isinstance(parsed, dict) and not value.startswith("{") else flatten({name: parsed})
    except (PlainYAMLError, ValueError, RecursionError):
        return {name: value}


READER = Reader(
    name="csv_folder",
    title="d3rlpy and TorchRL, a CSV a metric",
    files="`*.csv` without a header beside `params.json`, `scalars/**/*.csv`, `texts/hparams0.txt`",
    appends=True,
    claim=claim,
    read=read,
)
