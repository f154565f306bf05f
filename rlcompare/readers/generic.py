"""What the readers of any table and of any JSON lines share: whose log a file is, and what its columns are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

import polars as pl

from rlcompare.metrics import guess_framework, step_unit_of
from rlcompare.readers import text
from rlcompare.readers.axes import choose_axes, place_rows
from rlcompare.readers.base import IssueList, LogFile, Resume
from rlcompare.readers.text import Rows

#: File names, without suffix, by which a writer means "the log of this folder"; any other file is a run of its own.
FOLDER_LOGS = frozenset(
    {"progress", "metrics", "result", "logging", "log", "logs", "train_log", "training_log", "history"}
)


def is_folder_log(file: LogFile) -> bool:
    """Whether the file's name says that it is the log of its folder."""
    return file.relative.stem.lower() in FOLDER_LOGS


def is_rubbish_under_a_known_name(file: LogFile) -> bool:
    """Whether a folder's log begins with binary data, which deserves a reason rather than silence."""
    return is_folder_log(file) and b"\0" in file.head.partition(b"\n")[0] and not text.head_lines(file)


def run_of(file: LogFile) -> PurePosixPath:
    """Name the run that a file belongs to: its folder, or the file itself."""
    return file.relative.parent if is_folder_log(file) else file.relative


@dataclass
class Known:
    """What earlier reads of a file have found out about its columns. All JSON-able, for ``Chunk.state``.

    Parameters
    ----------
    step, wall_time : str
        The columns chosen; empty while there is none.
    counts : str
        What the step column's name says it counts.
    framework : str
    left_out : list of str
        Columns already reported as not numbers.
    """

    step: str = ""
    wall_time: str = ""
    counts: str = ""
    framework: str = ""
    left_out: list[str] | None = None

    @classmethod
    def of(cls, resume: Resume | None) -> Known:
        """Recall from the state of the last read."""
        return cls(**resume.state["known"]) if resume else cls()

    def choose(self, records: Iterable[Mapping[str, object]]) -> None:
        """Choose the step and wall time columns, unless that was done."""
        if not self.step and (axes := choose_axes(records)):
            self.step, self.wall_time, self.counts = axes.step, axes.wall_time, axes.step_unit

    @property
    def index(self) -> set[str]:
        """The columns that are no metrics."""
        return {self.step, self.wall_time} - {""}

    @property
    def step_unit(self) -> str:
        """What a step counts: as its column's name says, else as the framework has it."""
        return self.counts or step_unit_of(self.framework)

    def log(self, rows: Rows, issues: IssueList) -> tuple[pl.DataFrame, ...]:
        """Make the run log of one read, and learn from it."""
        noted = set(self.left_out or [])
        text.left_out_note(issues, set(rows.left_out) - noted)
        self.left_out = sorted(noted | set(rows.left_out))
        self.framework = self.framework or guess_framework(rows.frame.columns)
        log = place_rows(rows, self.step, self.wall_time, issues)
        return (log,) if log.height else ()

    def state(self) -> dict[str, object]:
        """Give what the next read needs."""
        return {"known": asdict(self)}
