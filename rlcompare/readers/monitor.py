"""Stable-Baselines3 ``*.monitor.csv``: one row an episode, one file an environment.

``Monitor`` (stable_baselines3/common/monitor.py) begins the file with ``#{"t_start": …, "env_id": …}`` and the header
``r,l,t`` followed by info keywords: return, length in steps, and seconds since ``t_start``. With
``override_existing=False`` it goes on in an old file without a new ``t_start``, so ``t`` starts again at zero.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import orjson
import polars as pl

from rlcompare.readers import delimited, text
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume, Scalar
from rlcompare.readers.configfiles import flatten
from rlcompare.readers.samples import sample_frame
from rlcompare.readers.steps import with_steps
from rlcompare.readers.text import Rows
from rlcompare.schema import STEP, WALL_TIME

RETURN, LENGTH, TIME = "r", "l", "t"

#: Not logged, but counted: a row is an episode.
EPISODES = "episodes"

#: Longer episodes are not believed; sums of them would leave 64 bits.
_MAX_LENGTH = 2**40

_FLAG = re.compile(rb"(?<=,)(?:True|False)(?=[,\r\n])")


@dataclass(frozen=True)
class _Position:
    """What the next row depends on.

    Parameters
    ----------
    line : int
        Number of the next line.
    columns : tuple of str
        Of the header in force; empty before there is one.
    fresh : bool
        The line before was ``#{…}``, so the next may be a header.
    t_start : float or None
        Unix seconds.
    base : float
        Seconds from ``t_start`` to where ``t`` last began at zero.
    last : float
        The newest ``t``.
    steps : int
        Sum of the lengths so far.
    left_out : tuple of str
        Columns whose text has been noted.
    """

    line: int = 1
    columns: tuple[str, ...] = ()
    fresh: bool = False
    t_start: float | None = None
    base: float = 0.0
    last: float = 0.0
    steps: int = 0
    left_out: tuple[str, ...] = ()


def claim(file: LogFile, folder: Folder) -> Claim | None:
    """Claim files named as ``load_results`` looks for them, for the folder that holds them."""
    named = file.name == "monitor.csv" or file.name.endswith(".monitor.csv")
    if named or (file.name.endswith("monitor.csv") and file.head.startswith(b"#{")):
        return Claim(run=folder.relative)
    return None


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read new episodes of one environment.

    ``step`` is the environment's own: the sum of its episodes' lengths so far. ``wall_time`` is ``t_start + t``; where
    ``t`` starts again, the time of the episode before is added, which makes it a lower bound, and a note says so.
    """
    refused = text.refuse(file, resume)
    if refused is not None:
        return refused
    issues = IssueList(file)
    lines = text.complete_lines(file, resume.offset if resume else 0)
    position = _position(resume)
    frames: list[pl.DataFrame] = []
    config: dict[str, Scalar] = {}
    data = _numeric_flags(lines.data)
    at, held = 0, 0
    while at < len(data):
        end = data.find(b"\n", at) + 1
        line = data[at:end]
        if line.startswith(b"#"):
            position, header = _begin(line, position, issues)
            config |= header
        elif _is_header(line) and (position.fresh or not position.columns):
            columns = delimited.split_header(line.rstrip(), ",", issues, position.line)
            position = replace(position, columns=columns, line=position.line + 1, fresh=False)
        elif not position.columns:
            if line.strip():
                message = f"Expected a header with r and l, found {text.shown(line)}; left out."
                issues.add(f"line {position.line}", message, "error")
            position = replace(position, line=position.line + 1)
        else:
            end = data.find(b"\n#", at) + 1 or len(data)
            frame, position, held = _episodes(data[at:end], position, issues)
            frames.append(frame)
            if held and end < len(data):
                found = data[end - held : end]
                issues.add(
                    f"line {position.line}", f"Expected rows, found an open quote up to a header: {text.shown(found)}."
                )
                position = replace(position, line=position.line + found.count(b"\n"))
                held = 0
        at = end
    table = pl.concat(frames, how="diagonal") if frames else pl.DataFrame()
    return Chunk(
        tables=(table,) if table.height else (),
        offset=lines.offset - held,
        state=asdict(position),
        config=config,
        issues=issues.done(),
        pending=text.pending_line(issues, lines.data[len(lines.data) - held :] + lines.tail, position.line),
        samples=_samples(table, file.name.split(".")[0]) if table.height else None,
        step_unit="env step",
        framework="Stable-Baselines3",
    )


def combine(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Put the environments of one run on one step axis.

    Episodes are ordered by ``wall_time``, those without one last; ``step`` is the sum of lengths in that order. It
    approximates the steps of all environments: the steps of episodes that have not ended are not in it yet, and it
    ends short of the true count by as much. ``episodes`` counts them in that order; an info keyword of that name stays.

    Parameters
    ----------
    frames : sequence of DataFrame
        What :func:`read` gives, one an environment.
    """
    together = pl.concat(frames, how="diagonal").sort(WALL_TIME, nulls_last=True, maintain_order=True)
    together = together.with_columns(pl.col(LENGTH).cum_sum().cast(pl.Int64).alias(STEP))
    if EPISODES in together.columns:
        return together
    return together.with_columns(pl.int_range(1, pl.len() + 1).cast(pl.Float64).alias(EPISODES))


def _position(resume: Resume | None) -> _Position:
    if resume is None:
        return _Position()
    # JSON knows no tuples.
    lists = {name: tuple(resume.state[name]) for name in ("columns", "left_out")}
    return _Position(**{**resume.state, **lists})


def _numeric_flags(data: bytes) -> bytes:
    """Write True and False, as in ``is_success``, as numbers of the same number of bytes."""
    if b"True" not in data and b"False" not in data:
        return data
    return _FLAG.sub(lambda flag: b"1.00" if flag[0] == b"True" else b"0.000", data)


def _is_header(line: bytes) -> bool:
    return {RETURN.encode(), LENGTH.encode()} <= set(line.rstrip().split(b","))


def _begin(line: bytes, position: _Position, issues: IssueList) -> tuple[_Position, dict[str, Scalar]]:
    """Read a first line ``#{…}``."""
    try:
        header = orjson.loads(line.lstrip(b"# "))
    except orjson.JSONDecodeError:
        header = None
    if not isinstance(header, dict):
        issues.add(f"line {position.line}", f"Expected #{{t_start, env_id}} as JSON, found {text.shown(line)}.")
        header = {}
    t_start = header.pop("t_start", None)
    if not isinstance(t_start, int | float):
        issues.add(f"line {position.line}", "Expected t_start in seconds; without it the episodes have no wall time.")
        t_start = None
    config: dict[str, Scalar] = {key: value for key, value in flatten(header).items() if value not in (None, "None")}
    return replace(position, line=position.line + 1, fresh=True, t_start=t_start, base=0.0, last=0.0), config


def _episodes(block: bytes, position: _Position, issues: IssueList) -> tuple[pl.DataFrame, _Position, int]:
    """Read a run of rows.

    Returns
    -------
    frame : DataFrame
        ``step``, ``wall_time``, ``r``, ``l`` and the info keywords; without columns where there is no episode.
    position : _Position
        Behind the rows.
    held : int
        Bytes at the end of ``block`` that belong to a row with an open quote.
    """
    body = delimited.Body(position.columns, ",", block, position.line, len(block), b"")
    table = delimited.read_table(body, issues)
    text.left_out_note(issues, set(table.rows.left_out).difference(position.left_out))
    rows = with_steps(_believable(table.rows), LENGTH, issues)
    position = replace(
        position,
        line=table.state["line"],
        fresh=False,
        left_out=tuple(sorted({*position.left_out, *table.rows.left_out})),
    )
    held = len(block) - table.offset
    if not rows.frame.height:
        return pl.DataFrame(), position, held
    lengths = rows.frame[STEP]
    wall_time, position = _wall_time(rows, position, issues)
    frame = pl.DataFrame(
        [
            lengths.cum_sum() + position.steps,
            wall_time,
            _column(rows, RETURN),
            lengths.cast(pl.Float64).alias(LENGTH),
            *rows.frame.drop(STEP, RETURN, TIME, strict=False).iter_columns(),
        ]
    )
    return frame, replace(position, steps=frame[STEP][-1]), held


def _believable(rows: Rows) -> Rows:
    """Take back lengths that no episode has, so that the rows are left out with an issue."""
    if LENGTH not in rows.frame.columns:
        return rows
    lengths = rows.frame[LENGTH]
    strange = ~lengths.is_between(0, _MAX_LENGTH)
    return replace(rows, frame=rows.frame.with_columns(lengths.set(strange, None))) if strange.any() else rows


def _wall_time(rows: Rows, position: _Position, issues: IssueList) -> tuple[pl.Series, _Position]:
    """Place the rows in Unix seconds.

    ``t`` below half of the one before has begun again at zero; a clock that was set back a little has not.
    """
    t = _column(rows, TIME).to_numpy()
    known = np.isfinite(t)
    before = np.concatenate(([position.last], t[known]))
    again = before[1:] < before[:-1] / 2
    base = position.base + np.cumsum(np.where(again, before[:-1], 0.0))
    for line in rows.lines.filter(pl.Series(known)).filter(pl.Series(again)):
        issues.add(
            f"line {line}",
            "The times start again, as of a training resumed into an old file, and its start is not in the file; "
            "they are counted from the episode before.",
            "note",
        )
    seconds = np.full(len(t), np.nan)
    if position.t_start is not None:
        seconds[known] = position.t_start + base + t[known]
    if len(base):
        position = replace(position, base=float(base[-1]), last=float(before[-1]))
    return pl.Series(WALL_TIME, seconds).fill_nan(None), position


def _column(rows: Rows, name: str) -> pl.Series:
    if name in rows.frame.columns:
        return rows.frame[name]
    return pl.Series(name, [None] * rows.frame.height, dtype=pl.Float64)


def _samples(table: pl.DataFrame, worker: str) -> pl.DataFrame:
    return sample_frame(
        table[STEP],
        split="train",
        length_unit="env step",
        reward=table[RETURN],
        length=table[LENGTH],
        wall_time=table[WALL_TIME],
        worker=worker,
    )


READER = Reader(
    name="monitor",
    title="Stable-Baselines3 monitors",
    files="`*.monitor.csv`, one a worker",
    appends=True,
    claim=claim,
    read=read,
    combine=combine,
)
