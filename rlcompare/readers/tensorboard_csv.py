"""What TensorBoard's download buttons save: a CSV a tag, ``run-<run>-tag-<tag>.csv`` or ``<run>-tag-<tag>.csv``.

The scalars plugin (``tensorboard/plugins/scalar/scalars_plugin.py``) writes the header ``Wall time,Step,Value`` and
times in Unix seconds. It draws 1,000 values a tag unless it was told otherwise, and the table has no more. In the names
of files ``_`` stands for ``/``, and for ``_`` as well: names stay as they are.
"""

from __future__ import annotations

import re

from rlcompare.metrics import guess_framework, step_unit_of
from rlcompare.readers import delimited, text
from rlcompare.readers.axes import place_rows
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume
from rlcompare.schema import LOG_INDEX

TIME, STEP, VALUE = "Wall time", "Step", "Value"
HEADER = ",".join((TIME, STEP, VALUE))

_NAME = re.compile(r"(?:run-)?(?P<run>.+)-tag-(?P<tag>.+)\.csv")


def claim(file: LogFile, folder: Folder) -> Claim | None:
    """Claim by name and header; the run is the part of the name before ``-tag-``."""
    named = _NAME.fullmatch(file.name)
    header = next(iter(text.head_lines(file)), "").rstrip("\r")
    if named is None or header != HEADER:
        return None
    tag = named["tag"]
    return Claim(folder.relative / named["run"], rename=f"{tag} (logged)" if tag in LOG_INDEX else tag)


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read the values of one tag, as ``Value``; the claim says what to call it."""
    refused = text.refuse(file, resume)
    if refused:
        return refused
    issues = IssueList(file)
    table = delimited.read_table(delimited.open_body(file, resume, ",", issues), issues, index={TIME, STEP})
    log = place_rows(table.rows, STEP, TIME, issues)
    named = _NAME.fullmatch(file.name)
    framework = guess_framework([named["tag"]] if named else [])
    return Chunk(
        tables=(log,) if VALUE in log.columns else (),
        offset=table.offset,
        state=table.state,
        issues=issues.done(),
        pending=table.pending,
        step_unit=step_unit_of(framework),
        framework=framework,
    )


READER = Reader(
    name="tensorboard_csv",
    title="TensorBoard's CSV download",
    files="`*-tag-*.csv`, one a tag",
    appends=True,
    claim=claim,
    read=read,
)
