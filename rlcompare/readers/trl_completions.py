"""TRL's ``completions/completions_00012.parquet``: what GRPO sampled, written with ``log_completions=True``.

``GRPOTrainer.log`` (trl/trainer/grpo_trainer.py) writes one file a logging step with the columns ``step``, ``prompt``,
``completion`` (texts, or lists of messages), one a reward function, whatever was logged besides, and ``advantage``.
The weights of the reward functions are not in the file, nor which columns are rewards. Where there is no ``reward``, as
early versions had it, it is the plain sum of the columns, or of those of them, whose differences the advantages follow:
true of weights that are 0 or 1, up to a common factor. Of other weights the samples have no reward, and an issue.

A file holds the samples of the last batch, also where they were logged before, and at an evaluation those of that.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from rlcompare.errors import ReadIssue
from rlcompare.readers.base import Chunk, Claim, Folder, LogFile, Reader, Resume, SampleText
from rlcompare.readers.samples import CORRECT_KEYS, characters, plain_text, prompt_id, sample_frame, sample_text
from rlcompare.readers.steps import whole
from rlcompare.readers.text import shown

_NAME = re.compile(r"completions_(\d{1,18})\.parquet")
_FOLDER = "completions"

#: What Polars raises over bytes that are no Parquet; damage in the middle of one makes it panic.
_DAMAGE = (pl.exceptions.PolarsError, pl.exceptions.PanicException)

#: Columns that are no reward functions.
NOT_REWARDS = frozenset({"step", "prompt", "completion", "advantage"})

#: Rewards and advantages that differ by less may differ by rounding alone, as TRL computes both in 32 bits; rewards
#: that differ by less than the other are one.
_TOLERANCE, _NOTHING = 1e-3, 1e-5

#: Of more columns than these their sum is tried alone.
_MOST_CHOSEN_FROM = 6

#: The factor between them may differ by as much, by rounding; and at as many places, where all prompts come twice.
_ROUNDING, _ODD_SHARE = 0.01, 0.2

_LENGTH = pl.col("completion").str.len_chars().cast(pl.Int64)


def claim(file: LogFile, folder: Folder) -> Claim | None:
    """Claim by name, for the folder above ``completions``, which is the trainer's output folder."""
    if not _NAME.fullmatch(file.name):
        return None
    run = folder.parent if folder.parent is not None and folder.relative.name == _FOLDER else folder
    return Claim(run.relative, accompanies=True)


def read(file: LogFile, resume: Resume | None) -> Chunk:  # noqa: ARG001 - always read whole
    """Read the samples of one file without holding its texts; lengths are characters, as no tokens are counted."""
    issues: list[ReadIssue] = []
    samples = None
    try:
        samples = _samples(_scan(file), file, issues)
    except _DAMAGE as error:
        message = f"Expected a Parquet file, came {file.size:,} bytes: {_first_line(error)}."
        issues.append(ReadIssue(str(file.relative), "", message, "error"))
    except ValueError as error:
        issues.append(ReadIssue(str(file.relative), "", f"{error}.", "error"))
    return Chunk((), file.size, issues=tuple(issues), samples=samples, step_unit="step", framework="TRL")


def _no_reward(file: LogFile, parts: Sequence[str]) -> ReadIssue:
    # Of the folder, not of the file: it is the same in each of thousands.
    return ReadIssue(
        str(file.relative.parent),
        "column advantage",
        f"Expected advantages that follow a sum of {', '.join(map(shown, parts))}, they follow none, so these samples "
        "have no reward here. Hint: the run weights its reward functions, and the weights are not in the file; its "
        "metric `reward` is the trainer's own.",
    )


def _scan(file: LogFile) -> pl.LazyFrame:
    if file.is_plain:
        # Polars reports a file that cannot be opened as one that holds no Parquet.
        with file.path.open("rb"):
            return pl.scan_parquet(file.path, glob=False)
    with file.open() as stream:
        return pl.scan_parquet(io.BytesIO(stream.read()))


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:200].rstrip(".")


def _samples(rows: pl.LazyFrame, file: LogFile, issues: list[ReadIssue]) -> pl.DataFrame:
    schema = rows.collect_schema()
    if not {"prompt", "completion"} <= schema.keys():
        raise ValueError(f"Expected columns prompt and completion, came {', '.join(schema.names()[:20])}")
    numbers = [name for name, kind in schema.items() if kind.is_numeric() or kind == pl.Boolean]
    # Rewards come from tensors of floats; whole numbers and texts are what was logged besides.
    parts = [name for name in numbers if schema[name].is_float() and name not in NOT_REWARDS]
    lengths = _LENGTH if schema["completion"] == pl.String else _each("completion", characters, pl.Int64())
    found = rows.select(lengths, *(pl.col(name).cast(pl.Float64) for name in numbers)).collect()
    # By itself, so that not both texts are in memory.
    found = found.with_columns(
        rows.select(_each("prompt", lambda prompt: prompt_id(plain_text(prompt)), pl.UInt64())).collect()
    )
    reward = _reward(found, parts)
    if parts and reward is None:
        issues.append(_no_reward(file, parts))
    name = _NAME.fullmatch(file.name)
    step = pl.repeat(int(name[1]) if name else 0, found.height, dtype=pl.Int64, eager=True)
    if "step" in numbers:
        logged = whole(found["step"])
        step = logged.zip_with(logged.is_not_null(), step)
    return sample_frame(
        step,
        split="train",
        length_unit="character",
        reward=reward,
        length=found["completion"],
        correct=_correct(found),
        prompt_id=found["prompt"],
        place=pl.int_range(found.height, dtype=pl.Int64, eager=True),
    )


def _each(column: str, call: Callable[[Any], int], dtype: pl.DataType) -> pl.Expr:
    """Call for each value of a column, a batch at a time."""
    return pl.col(column).map_batches(
        lambda values: pl.Series(column, [call(value) for value in values.to_list()], dtype=dtype), return_dtype=dtype
    )


def _reward(found: pl.DataFrame, parts: Sequence[str]) -> pl.Series | None:
    """Choose the columns whose sum the advantages follow, all of them before fewer; None where there are none such."""
    if "reward" in parts:
        return found["reward"]
    fewest = 1 if len(parts) <= _MOST_CHOSEN_FROM else len(parts)
    for size in range(len(parts), fewest - 1, -1):
        for chosen in combinations(parts, size):
            reward = _sum(found, chosen)
            if "advantage" not in found.columns or _follow(found["advantage"], reward, found["prompt"]):
                return reward
    return None


def _sum(found: pl.DataFrame, parts: Sequence[str]) -> pl.Series:
    """Add up rewards of each sample; a function that does not apply to one gives NaN, which TRL leaves out."""
    given = [pl.col(name).fill_nan(None) for name in parts]
    nothing = pl.all_horizontal(part.is_null() for part in given)
    return found.select(pl.when(~nothing).then(pl.sum_horizontal(given)).alias("reward")).to_series()


def _follow(advantage: pl.Series, reward: pl.Series, prompt: pl.Series) -> bool:
    """Whether advantages can be of these rewards.

    Among the samples of a prompt they are the rewards less their mean, by one positive factor: so must be the
    differences of neighbours. As many samples are drawn of each, so those of a prompt that comes twice part there.
    """
    size = int(np.gcd.reduce(prompt.rle().struct.field("len").to_numpy())) or 1
    group = pl.int_range(len(prompt), eager=True) // size
    of_one_prompt = group == group.shift()
    gain, rise = reward.diff(), advantage.diff()
    told = of_one_prompt & rise.is_not_null() & (gain.abs() > _TOLERANCE)
    factor = (rise / gain).zip_with(told, pl.Series([None], dtype=pl.Float64))
    other_factor = of_one_prompt.shift() & ((factor / factor.shift() - 1).abs() > _ROUNDING)
    odd = told & ((factor <= 0) | other_factor.fill_null(False))
    odd |= of_one_prompt & (gain.abs() < _NOTHING) & (rise.abs() > _TOLERANCE)
    return int(odd.sum()) <= _ODD_SHARE * int(told.sum())


def _correct(found: pl.DataFrame) -> pl.Series | None:
    given = [pl.col(key) for key in CORRECT_KEYS if key in found.columns]
    if not given:
        return None
    told = [pl.when(key.is_in([0.0, 1.0])).then(key == 1) for key in given]
    return found.select(pl.coalesce(told).alias("correct")).to_series()


def texts(file: LogFile, places: Sequence[int]) -> Sequence[SampleText]:
    """Read single samples again; a place is the number of a row, from 0."""
    if not places:
        return []
    first = min(places)
    try:
        rows = _scan(file).slice(first, max(places) - first + 1).collect()
    except _DAMAGE as error:
        raise ValueError(f"Expected a Parquet file: {_first_line(error)}") from error
    found = []
    for place in places:
        if place - first >= rows.height or not {"prompt", "completion"} <= set(rows.columns):
            raise ValueError(f"Expected a sample in row {place:,}, there is none")
        row = rows.row(place - first, named=True)
        others = {key: value for key, value in row.items() if key not in ("prompt", "completion")}
        found.append(sample_text(row["prompt"], row["completion"], others))
    return found


READER = Reader(
    name="trl_completions",
    title="TRL completions",
    files="`completions/completions_<step>.parquet`",
    appends=False,
    claim=claim,
    read=read,
    texts=texts,
)
