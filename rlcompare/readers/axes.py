"""Which columns of a log say when: the step and the wall time, by documented lists of names.

The choice is made by the first record that has a step, so that it stays as the log grows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from rlcompare.readers import text
from rlcompare.readers.base import IssueList
from rlcompare.readers.steps import with_steps
from rlcompare.readers.text import Rows
from rlcompare.schema import STEP, WALL_TIME

#: Names of step columns, in any case, best first, and what they count; empty where that depends on the framework.
#: Where a log has several, the updates of the policy come before environment steps, which can be a metric as well.
STEP_COLUMNS: dict[str, str] = {
    "step": "",
    "steps": "",
    # What frameworks log beside W&B's own `_step`, which counts calls of `wandb.log` where they do not set it.
    "training_step": "step",  # open-instruct, where `global_step` counts episodes
    "train/global_step": "step",  # OpenRLHF, Transformers on W&B
    "trainer/global_step": "step",  # SkyRL, Lightning
    "training/global_step": "step",  # verl
    "system/step": "step",  # ROLL
    "global_step": "",
    "_step": "",  # W&B; set to the step by verl, AReaL, prime-rl, NeMo-RL and the Tinker cookbook
    "global_step/max_steps": "step",  # ms-swift: "10/438"
    "progress/batch": "step",  # Tinker cookbook
    # slime's `train/step`, `rollout/step` and `eval/step` are axes of one record each: none places all records.
    "training_iteration": "iteration",  # Ray Tune
    "iteration": "iteration",
    "iterations": "iteration",
    "iter": "iteration",
    "update": "step",
    "updates": "step",
    "total_timesteps": "env step",
    "time/total_timesteps": "env step",  # Stable-Baselines3
    "timesteps_total": "env step",  # Ray Tune
    "timesteps": "env step",
    "timestep": "env step",
    "num_env_steps_sampled_lifetime": "env step",  # RLlib
    "misc/total_timesteps": "env step",  # baselines: PPO2
    "timestepssofar": "env step",  # baselines: TRPO, PPO1
    "env_steps": "env step",
    "env_step": "env step",
    "totalenvinteracts": "env step",  # Spinning Up
    "frames": "env step",
    "frame": "env step",
    "episode": "episode",
    "episodes": "episode",
    "epoch": "epoch",
    "epochs": "epoch",
}

#: Keys under which frameworks log the step of the training to trackers that count calls of ``log`` by themselves, best
#: first.
TRAINING_STEP_KEYS = (
    "train/global_step",  # Transformers, TRL, OpenRLHF
    "trainer/global_step",  # Lightning
    "training_step",  # open-instruct
    "training/global_step",  # verl
    "global_step",  # CleanRL, Stable-Baselines3 through TensorBoard
)

#: Names of columns that may hold a wall time, in any case, best first. Their values must look like one as well: Unix
#: seconds or milliseconds, or ISO 8601; else they are relative times, which are metrics.
WALL_TIME_COLUMNS = (
    "wall_time",
    "wall time",  # TensorBoard's CSV download
    "walltime",
    "timestamp",
    "_timestamp",  # W&B
    "unix_time",
    "time",
    "datetime",
    "date_time",
    "date",
    "created_at",
    "ts",
)

#: A number of seconds below it is a duration (2001-09-09 as a time), and above it a number of milliseconds (5138 AD).
EARLIEST_SECONDS = 1e9
LATEST_SECONDS = 1e11

#: Stands in for the wall time while a metric of that name is given another one.
_TIMES = " wall time"

_WHOLE_TEXT = re.compile(r"\s*([+-]?\d{1,18})(?:\.0*)?\s*")
_FRACTION_TEXT = re.compile(r"\s*(\d{1,18})/\d+\s*")


@dataclass(frozen=True)
class Axes:
    """The columns chosen; ``wall_time`` is empty where there is none."""

    step: str
    wall_time: str
    step_unit: str


def has_step_column(names: Iterable[str]) -> bool:
    """Whether one of the names is a step column's."""
    return any(name.strip().lower() in STEP_COLUMNS for name in names)


def choose_axes(records: Iterable[Mapping[str, object]]) -> Axes | None:
    """Choose by the first record that has a whole number in a step column; ``None`` where none has.

    Parameters
    ----------
    records : iterable of mapping of column to value
        Values parsed from JSON, or text.
    """
    for record in records:
        names = {name.lower(): name for name in reversed(tuple(record))}
        for candidate, unit in STEP_COLUMNS.items():
            if candidate in names and whole_number(record[names[candidate]]) is not None:
                times = (names[name] for name in WALL_TIME_COLUMNS if name in names)
                wall_time = next((name for name in times if _seconds(record[name]) is not None), "")
                return Axes(names[candidate], wall_time, unit)
    return None


def place_rows(rows: Rows, step: str, wall_time: str, issues: IssueList) -> pl.DataFrame:
    """Make a run log of rows: ``step``, ``wall_time`` if there is one, and the metrics.

    Rows without a whole number as their step are left out, each with an issue.
    """
    frame = rows.frame
    if step in frame.columns and frame[step].dtype == pl.String:
        frame = frame.with_columns(pl.Series(step, list(map(whole_number, frame[step])), dtype=pl.Int64))
    if wall_time in frame.columns:
        times = _wall_times(frame[wall_time], rows.lines, issues)
        frame = pl.DataFrame([times.alias(_TIMES), *frame.drop(wall_time).iter_columns()])
    placed = with_steps(Rows(frame, rows.lines), step or STEP, issues).frame
    return placed.rename({_TIMES: WALL_TIME}, strict=False)


def _wall_times(column: pl.Series, lines: pl.Series, issues: IssueList) -> pl.Series:
    """Convert a column to Unix seconds; what is no time becomes null, with one issue."""
    if column.dtype.is_numeric():
        numbers = column.cast(pl.Float64)
        seconds = pl.select(pl.when(numbers.abs() > LATEST_SECONDS).then(numbers / 1000).otherwise(numbers)).to_series()
        seconds = pl.select(pl.when(seconds.is_between(EARLIEST_SECONDS, LATEST_SECONDS)).then(seconds)).to_series()
    else:
        seconds = pl.Series([None if value is None else _seconds(value) for value in column], dtype=pl.Float64)
    odd = seconds.is_null() & column.is_not_null()
    if odd.any():
        first = int(odd.arg_max() or 0)
        issues.add(
            f"column {column.name}",
            f"Expected times; {int(odd.sum()):,} cells are none, the first is {text.shown(str(column[first]))} on line"
            f" {lines[first]:,}.",
        )
    return seconds


def whole_number(value: object) -> int | None:
    """Read one value as a whole number of 64 bits: a number, or text such as ``12``, ``12.0`` and ``12/400``."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value.bit_length() < 64 else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**63 else None
    if isinstance(value, str):
        match = _WHOLE_TEXT.fullmatch(value) or _FRACTION_TEXT.fullmatch(value)
        return int(match[1]) if match else None
    return None


def _seconds(value: object) -> float | None:
    """Unix seconds of a time; a time of day without a zone is taken as UTC, for nothing says which zone it was."""
    if isinstance(value, str) and text.NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    seconds = value / 1000 if abs(value) > LATEST_SECONDS else float(value)
    return seconds if EARLIEST_SECONDS <= seconds <= LATEST_SECONDS else None
