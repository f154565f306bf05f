"""Console logs, as ``tee``, Slurm or W&B's ``output.log`` keep them: what trainers log among anything else.

Which framework printed a file is seen only by reading it, so one reader looks for the lines of each in one pass. verl's
have no times, so such runs have no wall time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from rlcompare.errors import ReadIssue
from rlcompare.readers import logic_rl_blocks, logic_rl_samples, roll_console, skyrl_console, slime_console, text
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume, Scalar
from rlcompare.readers.logic_rl_samples import Clock, Samples
from rlcompare.readers.text import Rows
from rlcompare.readers.verl_config import SOUGHT_BYTES, read_printed_config
from rlcompare.readers.verl_lines import read_step_lines
from rlcompare.readers.wandb_folder import is_run_folder, repeats_a_neighbour
from rlcompare.schema import WALL_TIME

SUFFIXES = (".log", ".txt", ".out")

#: Console-like files of others: W&B's own logs and package list, Spinning Up's table, git and build files.
NOT_CONSOLES = frozenset({"debug.log", "debug-internal.log", "debug-core.log", "progress.txt", "requirements.txt"})

STEP_UNIT = "step"


@dataclass(frozen=True)
class Grammar:
    """How one framework logs to the console, beside verl.

    Parameters
    ----------
    framework : str
        In its own spelling.
    mark : compiled pattern
        What stands in each of its records.
    read : callable (whole lines, number of the first, IssueList) -> Rows
        With a column ``step``, and ``wall_time`` where it is logged.
    """

    framework: str
    mark: re.Pattern[bytes]
    read: Callable[[bytes, int, IssueList], Rows]


GRAMMARS = (
    Grammar("slime", slime_console.MARK, slime_console.read_slime_lines),
    Grammar("ROLL", roll_console.MARK, roll_console.read_roll_lines),
    Grammar("SkyRL", skyrl_console.MARK, skyrl_console.read_skyrl_steps),
)

#: For records of several lines: where the first begins that may go on behind the bytes given.
_OPEN_AT = (skyrl_console.open_at, logic_rl_blocks.open_at)

_MARKS = (re.compile(rb"step:"), logic_rl_blocks.MARK, *(grammar.mark for grammar in GRAMMARS))


@dataclass
class ConsoleText:
    """What was found in a console's text so far, a stretch of whole lines at a time.

    Parameters
    ----------
    line : int
        Number of the line that the next stretch begins with.
    framework : str
        Whose lines came first; empty before any.
    left_out : list of str
        Keys that hold no numbers.
    clock : Clock
        Which step the next sample belongs to.
    tables : dict of framework to list of DataFrame
        As ``Chunk.tables``, one a stretch.
    samples : list of samples
    """

    line: int = 1
    framework: str = ""
    left_out: list[str] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    tables: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    samples: Samples = field(default_factory=list)

    @classmethod
    def of(cls, state: dict[str, Any]) -> ConsoleText:
        """Go on where an earlier read stopped."""
        return cls(state["line"], state["framework"], list(state["left_out"]), Clock(**state["clock"]))

    def state(self) -> dict[str, Any]:
        """Give what the next read needs, JSON-able."""
        return {
            "line": self.line,
            "framework": self.framework,
            "left_out": sorted(set(self.left_out)),
            "clock": asdict(self.clock),
        }

    def take(self, data: bytes, offset: int, issues: IssueList, times: Sequence[float] = ()) -> None:
        """Read whole lines that hold whole records only; they begin at byte ``offset`` of the log.

        ``times`` are those of the lines in Unix seconds, 0 where unknown, if the log has them.
        """
        rows = read_step_lines(data, self.line, issues)
        self._add("verl", rows, times)
        if rows.n_lines and rows.frame.height == rows.n_lines:  # no line is left for anything else
            self.samples += self.clock.pass_lines(rows.frame["step"])
        else:
            samples = logic_rl_samples.read_samples(data, self.line, offset, rows, self.clock, issues)
            self.samples += samples
            self.framework = self.framework or ("verl" if samples or self.clock.waiting else "")
            for grammar in GRAMMARS:
                self._add(grammar.framework, grammar.read(data, self.line, issues), times)
        self.line += rows.n_lines

    def _add(self, framework: str, rows: Rows, times: Sequence[float]) -> None:
        self.left_out += rows.left_out
        if rows.frame.height:
            frame = rows.frame
            if times and WALL_TIME not in frame.columns:
                seconds = pl.Series(WALL_TIME, times).gather(rows.lines - self.line)
                frame = frame.with_columns(pl.when(seconds > 0).then(seconds).alias(WALL_TIME))
            self.framework = self.framework or framework
            self.tables.setdefault(framework, []).append(frame)

    @property
    def joined(self) -> tuple[pl.DataFrame, ...]:
        """One table a framework, in the order in which they came."""
        return tuple(pl.concat(tables, how="diagonal") for tables in self.tables.values())


def end_of_records(data: bytes) -> int:
    """Find where in whole lines the first record begins that may go on behind them; their end where none does."""
    return min(open_at(data) for open_at in _OPEN_AT)


def claim(file: LogFile, folder: Folder) -> Claim | None:
    """Claim text files with a console log's suffix, tentatively: only a whole read tells."""
    if file.relative.suffix.lower() not in SUFFIXES or file.name in NOT_CONSOLES:
        return None
    if file.name == "log.txt" and not folder.files.isdisjoint({"progress.csv", "progress.json"}):
        return None  # Stable-Baselines3 prints its tables there
    if b"\0" in file.head and text.refuse(file, None) is None:
        return None
    above = folder.parent
    if file.relative.parts[-2:] == ("files", "output.log") and above is not None and is_run_folder(above):
        return None if repeats_a_neighbour(above) else Claim(above.relative, tentative=True)
    return Claim(file.relative, tentative=True)


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read the records of any framework, the samples between them, and the configuration printed before them."""
    refused = text.refuse(file, resume)
    if refused:
        return refused
    issues = IssueList(file)
    found = ConsoleText.of(dict(resume.state)) if resume else ConsoleText()
    noted = set(found.left_out)
    offset, open_record, tail = resume.offset if resume else 0, b"", b""
    for lines in text.blocks(file, offset):
        data = open_record + lines.data
        end = end_of_records(data)
        found.take(data[:end], lines.offset - len(data), issues)
        open_record, tail = data[end:], lines.tail
        offset = lines.offset - len(open_record)
    text.left_out_note(issues, set(found.left_out) - noted)
    config: dict[str, Scalar] = {}
    sought: bool = not resume or resume.state["config_sought"]
    if sought:
        config, sought = _printed_config(file, issues, training="verl" in found.tables)
    return Chunk(
        tables=found.joined,
        offset=offset,
        state={**found.state(), "config_sought": sought},
        config=config,
        issues=issues.done(),
        pending=_pending(issues, found, open_record, tail),
        samples=logic_rl_samples.frame(found.samples),
        step_unit=STEP_UNIT,
        framework=found.framework or ("verl" if config else ""),
    )


def _printed_config(file: LogFile, issues: IssueList, training: bool) -> tuple[dict[str, Scalar], bool]:
    """Read the configuration, and whether it is to be sought again at the next read: it stands before any step."""
    with file.open() as stream:
        head = stream.read(SOUGHT_BYTES)
    printed = read_printed_config(head)
    if printed.problem:
        issues.add(
            f"line {printed.line}",
            f"verl's configuration begins here, but {printed.problem}; the run is shown without it.",
            "note",
        )
    return printed.values, not printed.whole and not (training and not printed.line)


def _pending(issues: IssueList, found: ConsoleText, open_record: bytes, tail: bytes) -> ReadIssue | None:
    """Say what is not read yet."""
    if open_record:
        message = "The record that begins here has no end yet; it is read once it is whole."
        return issues.pending(f"line {found.line}", message)
    if any(mark.search(tail) for mark in _MARKS):
        return text.pending_line(issues, tail, found.line)
    if found.clock.waiting:
        message = f"{len(found.clock.waiting):,} samples wait for the line behind them that tells their step."
        return issues.pending("", message)
    return None


READER = Reader(
    name="console",
    title="Console logs of verl (Logic-RL and TinyZero too), slime, ROLL and SkyRL, as `tee` keeps them",
    files="`*.log`, `*.txt`, `*.out`, W&B's `output.log`: verl's `step:N - key:value - …` and the others' lines",
    appends=True,
    claim=claim,
    read=read,
    texts=logic_rl_samples.read_texts,
    is_exact=False,
)
