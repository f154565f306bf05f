"""Samples written as JSON lines: walked in blocks of bounded memory, and read again one by one for their texts.

A file of rollouts is nearly all text. No more than a block of it is ever held, and of that one line as objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from rlcompare.errors import ReadIssue
from rlcompare.readers import ndjson, text
from rlcompare.readers.base import Chunk, IssueList, LogFile, Resume, SampleText
from rlcompare.readers.ndjson import Record
from rlcompare.readers.samples import Sample, sample_rows

#: Of a line that holds several samples, so many can be found again: a place is the line's offset times this, plus the
#: sample's number in the line.
SAMPLES_A_LINE = 1 << 16


@dataclass(frozen=True)
class SampleLine:
    """One record: its line from 1, and the byte of the file at which that begins."""

    record: Record
    number: int
    offset: int


class _Walk:
    """One read of the lines of a file, from where the last one stopped; ``offset`` and ``line`` are where it is."""

    def __init__(self, file: LogFile, resume: Resume | None) -> None:
        self.issues = IssueList(file)
        self._file = file
        self.offset = resume.offset if resume else 0
        self.line: int = resume.state["line"] if resume else 1
        self.pending: ReadIssue | None = None

    def blocks(self) -> Iterator[Iterator[SampleLine]]:
        """Yield the records of one block after the other; take all of a block's before the next.

        A line that is no object is an issue; of several objects on one line the first counts, so that a line's offset
        finds it again.
        """
        tail = b""
        for lines in text.blocks(self._file, self.offset):
            yield self._records(lines)
            self.offset, tail = lines.offset, lines.tail
        # The last line of a writer that was stopped may be whole without its end.
        last = ndjson.accept_tail(text.Lines(b"", self.offset, tail))
        yield self._records(last)
        self.offset = last.offset
        self.pending = text.pending_line(self.issues, last.tail, self.line)

    def _records(self, lines: text.Lines) -> Iterator[SampleLine]:
        data, start = lines.data, lines.offset - len(lines.data)
        at = 0
        while at < len(data):
            end = data.find(b"\n", at)
            line = data[at:] if end < 0 else data[at:end]
            if line.strip():
                objects, rest, twice = ndjson.parse_line(line)
                if twice:
                    self._issue(f"The key {text.shown(twice)} stands twice; the last value counts.")
                if rest or len(objects) != 1:
                    found = text.shown(rest) if rest else f"{len(objects)}; the first one counts"
                    self._issue(f"Expected one JSON object, found {found}.")
                if objects:
                    yield SampleLine(objects[0], self.line, start + at)
            if end < 0:
                return
            at = end + 1
            self.line += 1

    def _issue(self, message: str) -> None:
        self.issues.add(f"line {self.line}", message)


def read_samples(
    file: LogFile,
    resume: Resume | None,
    samples_in: Callable[[SampleLine], Iterable[Sample]],
    *,
    split: str,
    framework: str,
) -> Chunk:
    """Read the samples of JSON lines.

    Parameters
    ----------
    file : LogFile
    resume : Resume or None
    samples_in : callable
        The samples of one record. Raises ValueError, with what was expected and what came, for a record that is none.
    split : {"train", "validation"}
    framework : str

    Raises
    ------
    OSError
    """
    refused = text.refuse(file, resume)
    if refused:
        return refused
    walk = _Walk(file, resume)
    frames = []
    for block in walk.blocks():
        found: list[Sample] = []
        for line in block:
            try:
                found += samples_in(line)
            except ValueError as error:
                walk.issues.add(f"line {line.number}", f"{error}; left out.")
        frames.append(sample_rows(found, split=split))
    frames = [frame for frame in frames if frame.height]
    return Chunk(
        tables=(),
        offset=walk.offset,
        state={"line": walk.line},
        issues=walk.issues.done(),
        pending=walk.pending,
        samples=pl.concat(frames) if frames else None,
        step_unit="step",
        framework=framework,
    )


def place_of(line: SampleLine, number: int) -> int | None:
    """Place of the sample with this number, from 0, of a line that may hold several; None beyond those that count."""
    return line.offset * SAMPLES_A_LINE + number if number < SAMPLES_A_LINE else None


def read_texts(
    file: LogFile, places: Sequence[int], text_of: Callable[[Record, int], SampleText], samples_a_line: int = 1
) -> list[SampleText]:
    """Read the lines at ``places`` again.

    Parameters
    ----------
    file : LogFile
    places : sequence of int
        Offsets of lines times ``samples_a_line``, plus a sample's number in its line.
    text_of : callable (record, number in its line) -> SampleText
        Raises KeyError, IndexError, TypeError or ValueError where the record does not hold the sample.

    Raises
    ------
    OSError
    ValueError
        At a place there is no such sample.
    """
    found: dict[int, SampleText] = {}
    offset = -1
    record: Record = {}
    with file.open() as stream:
        # In the order of the file: going back in one that is packed unpacks it anew.
        for place in sorted(set(places)):
            if place // samples_a_line != offset:
                offset = place // samples_a_line
                stream.seek(offset)
                objects = ndjson.parse_line(stream.readline())[0]
                record = objects[0] if objects else {}
            try:
                found[place] = text_of(record, place % samples_a_line)
            except (KeyError, IndexError, TypeError, ValueError) as error:
                raise ValueError(f"Expected a sample at byte {offset:,}, there is none") from error
    return [found[place] for place in places]
