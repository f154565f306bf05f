"""Samples of Logic-RL's console, and the step of each: see :mod:`rlcompare.readers.logic_rl_blocks`.

A block does not say its step. verl prints ``step:3 - …`` behind the samples of step 3, where it logs to the console;
the version that Logic-RL is built on prints ``epoch 0, step 3`` before them as well. What is printed between
``validation generation end`` and the end of the step was drawn to validate. A validation before training belongs to
the step before the first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import polars as pl

from rlcompare.readers import text
from rlcompare.readers.base import IssueList, LogFile, SampleText
from rlcompare.readers.console_lines import LONGEST_RECORD, Mark, find_marks, may_stand_before
from rlcompare.readers.logic_rl_blocks import find_headers, read_block, read_block_texts
from rlcompare.readers.samples import sample_frame
from rlcompare.readers.text import Rows
from rlcompare.schema import SAMPLES, STEP

#: Samples that wait for the first line of a log that tells their step, kept from read to read.
WAITING_KEPT = 10_000

_EPOCH = re.compile(rb"epoch \d{1,18}, step (\d{1,18})[ \t]*\r?\n")
_VALIDATION = re.compile(rb"validation generation end[ \t]*\r?\n")
#: verl's configuration: a training begins anew in the same log.
_BEGIN = re.compile(rb"\{'actor_rollout_ref':")

_COLUMNS = ("reward", "length", "correct", "prompt_id", "place")

#: Each by column of ``schema.SAMPLES``.
Samples = list[dict[str, Any]]


@dataclass
class Clock:
    """Which step and split the next sample belongs to. JSON-able as a dict, for ``Chunk.state``.

    Parameters
    ----------
    step : int or None
        None until the log tells.
    split : {"train", "validation"}
    waiting : list of samples that were printed while the step was not known
    """

    step: int | None = None
    split: str = "train"
    waiting: Samples = field(default_factory=list)

    def tell(self, waited_for: int | None, step: int | None) -> Samples:
        """Set the step of what follows, and give the samples that waited, with the step that they waited for."""
        self.step, self.split = step, "train"
        settled = [{**sample, STEP: waited_for} for sample in self.waiting]
        self.waiting = []
        return settled

    def pass_lines(self, steps: pl.Series) -> Samples:
        """Pass over step lines without a sample among them."""
        return self.tell(steps[0], steps[-1] + 1) if len(steps) else []


def read_samples(data: bytes, first_line: int, offset: int, rows: Rows, clock: Clock, issues: IssueList) -> Samples:
    """Read the samples in a stretch of a log; a block without a score is an issue and left out.

    Parameters
    ----------
    data : bytes
        Whole lines and whole blocks.
    first_line, offset : int
        Line and byte of the log at which ``data`` begins.
    rows : Rows
        The step lines in it.
    clock : Clock
        Is moved on.
    issues : IssueList
    """
    steps = rows.frame[STEP] if rows.frame.height else pl.Series(STEP, [], dtype=pl.Int64)
    found = [*find_headers(data, first_line)]
    for pattern in (_EPOCH, _VALIDATION, _BEGIN):
        found += (mark for mark in find_marks(pattern, data, first_line) if may_stand_before(mark.before))
    if not found:
        return clock.pass_lines(steps)
    told: list[tuple[int, Mark | int]] = [*((mark.line, mark) for mark in found), *zip(rows.lines, steps, strict=True)]
    samples: Samples = []
    lost = 0
    for line, what in sorted(told, key=lambda one: one[0]):
        if isinstance(what, int):
            samples += clock.tell(what, what + 1)
        elif what.match.re is _EPOCH:
            step = int(what.match[1])
            samples += clock.tell(max(step - 1, 0), step)
        elif what.match.re is _VALIDATION:
            clock.split = "validation"
        elif what.match.re is _BEGIN:
            lost += len(clock.tell(None, None))
        elif (block := read_block(data, what)[0]) is None:
            issues.add(f"line {line}", "Expected a score at the end of the sample that begins here; left out.")
        else:
            values = (block.reward, block.length, block.is_correct, block.prompt_id, offset + what.start)
            sample = {STEP: clock.step, "split": clock.split, **dict(zip(_COLUMNS, values, strict=True))}
            if clock.step is not None:
                samples.append(sample)
            elif len(clock.waiting) < WAITING_KEPT:
                clock.waiting.append(sample)
            else:
                lost += 1
    if lost:
        issues.add(
            "",
            f"Expected a line behind each sample that tells its step; {lost:,} have none and are left out. "
            "Hint: have verl log to the console too, `trainer.logger=['console', …]`.",
        )
    return samples


def frame(samples: Samples) -> pl.DataFrame | None:
    """Make the frame of samples, ``None`` if there are none."""
    frames = []
    for split, alike in groupby(samples, key=lambda sample: str(sample["split"])):
        rows = list(alike)
        step = [row[STEP] for row in rows]
        made = sample_frame(step, split=split, length_unit="character")
        columns = (pl.Series(name, [row[name] for row in rows], dtype=SAMPLES[name]) for name in _COLUMNS)
        frames.append(made.with_columns(*columns))
    return pl.concat(frames) if frames else None


def read_texts(file: LogFile, places: Sequence[int]) -> list[SampleText]:
    """Read the texts of samples by the bytes at which their blocks begin.

    Raises
    ------
    OSError
    ValueError
        No block begins there.
    """
    texts: list[SampleText] = []
    with file.open() as stream:
        for place in places:
            stream.seek(place)
            data = text.cut_lines(stream.read(LONGEST_RECORD), place).data
            header = next(find_headers(data, 1), None)
            found = read_block_texts(data, header) if header is not None and header.start == 0 else None
            if found is None:
                raise ValueError(
                    f"Expected a sample at byte {place:,} of {str(file.relative)!r}, there is none. "
                    "Hint: the log was changed; read it again."
                )
            texts.append(found)
    return texts
