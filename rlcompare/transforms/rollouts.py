"""The samples behind one point of a curve: those of a step, numbered, and those of them that pass a filter."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlcompare.curves import Floats
from rlcompare.schema import STEP

Answer = Literal["correct", "incorrect", "unknown"]

#: Episodes that end one by one are shown with so many that ended before: what frameworks take their mean return over.
EPISODES_SHOWN = 100
#: Bars of a histogram at most.
BINS = 30


def number_prompts(samples: pl.DataFrame) -> pl.DataFrame:
    """Add ``prompt``: a number from 1, the same wherever in the run the prompt was sampled.

    Prompts are numbered in the order of the steps at which they come first, so that a log that grows renumbers none.

    Parameters
    ----------
    samples : DataFrame with ``step`` and ``prompt_id``
        Of one run.
    """
    prompts = (
        samples.select(STEP, "prompt_id")
        .drop_nulls()
        .sort(STEP, maintain_order=True)
        .unique("prompt_id", keep="first", maintain_order=True)
        .select("prompt_id", pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("prompt"))
    )
    return samples.join(prompts, on="prompt_id", how="left", maintain_order="left")


def is_one_by_one(samples: pl.DataFrame) -> bool:
    """Whether samples are episodes of which most end at a step of their own, so that a step holds too few to look at.

    Parameters
    ----------
    samples : DataFrame with ``step`` and ``length_unit``
        Of one run and split.
    """
    episodes = samples.height > 0 and bool((samples["length_unit"] == "env step").all())
    return episodes and samples[STEP].n_unique() * 2 > samples.height


def samples_at(samples: pl.DataFrame, step: int, *, one_by_one: bool) -> pl.DataFrame:
    """Take the samples of a step, numbered as they were logged in a column ``number``, from 1.

    Parameters
    ----------
    samples : DataFrame with ``step``
        Of one run and split, as logged.
    step : int
    one_by_one : bool
        Take the last :data:`EPISODES_SHOWN` that ended up to the step instead; ``number`` counts from the run's first.
    """
    if not one_by_one:
        return samples.filter(pl.col(STEP) == step).with_row_index("number", 1)
    ended = samples.sort(STEP, maintain_order=True).with_row_index("number", 1)
    return ended.filter(pl.col(STEP) <= step).tail(EPISODES_SHOWN)


def nearest_step(steps: NDArray[np.int64], asked: int) -> int:
    """Find the step nearest to the one asked for; of two that are equally near the earlier.

    Parameters
    ----------
    steps : ndarray of int64, ascending
        At least one.
    """
    return int(steps[np.argmin(np.abs(steps - asked))])


@dataclass(frozen=True)
class Filter:
    """What samples must have to be shown.

    Parameters
    ----------
    reward_from, reward_to : float or None
        Ends included; with either of them a sample without a reward does not pass.
    answer : {"correct", "incorrect", "unknown"} or None
        What the log says of the answer; ``unknown`` is nothing.
    prompt : int or None
        Number of the prompt.
    """

    reward_from: float | None = None
    reward_to: float | None = None
    answer: Answer | None = None
    prompt: int | None = None


def passing(samples: pl.DataFrame, wanted: Filter, numbers: Collection[int] | None = None) -> pl.DataFrame:
    """Keep the samples that pass a filter.

    Parameters
    ----------
    samples : DataFrame with ``number``, ``reward``, ``correct``, ``prompt``
    wanted : Filter
    numbers : collection of int, optional
        Keep only samples with these numbers.
    """
    # NaN is above every number to Polars; here it is in no range.
    reward = pl.col("reward").fill_nan(None)
    tests = []
    if wanted.reward_from is not None:
        tests.append(reward >= wanted.reward_from)
    if wanted.reward_to is not None:
        tests.append(reward <= wanted.reward_to)
    if wanted.answer is not None:
        told = pl.col("correct")
        tests.append(told.is_null() if wanted.answer == "unknown" else told == (wanted.answer == "correct"))
    if wanted.prompt is not None:
        tests.append(pl.col("prompt") == wanted.prompt)
    if numbers is not None:
        tests.append(pl.col("number").is_in(sorted(numbers)))
    return samples.filter(*tests) if tests else samples


@dataclass(frozen=True)
class Groups:
    """How the answers of a step share prompts.

    Parameters
    ----------
    n : int
        Prompts.
    fewest, most : int
        Answers a prompt.
    n_alike : int
        Prompts with several answers that all have the same reward: an advantage relative to the group is 0 there.
    """

    n: int
    fewest: int
    most: int
    n_alike: int


def groups_of(samples: pl.DataFrame) -> Groups | None:
    """Count the prompts of samples; None where the log does not tell them.

    Parameters
    ----------
    samples : DataFrame with ``prompt`` and ``reward``
    """
    found = (
        samples.drop_nulls("prompt")
        .group_by("prompt")
        .agg(
            pl.len().alias("n"),
            (pl.col("reward").is_finite().all() & (pl.col("reward").n_unique() == 1)).alias("alike"),
        )
    )
    if found.is_empty():
        return None
    several = found.filter(pl.col("n") > 1)
    sizes = found["n"].to_list()
    return Groups(found.height, min(sizes), max(sizes), int(several["alike"].sum()))


def histogram(values: Floats) -> pl.DataFrame:
    """Count values in bins of equal width: ``start``, ``end`` and ``n``; the last bin includes its end.

    Parameters
    ----------
    values : ndarray
        What is not finite does not count.
    """
    finite = values[np.isfinite(values)]
    n, edges = np.histogram(finite, bins=_bin_edges(finite)) if len(finite) else (np.empty(0, np.int64), np.empty(1))
    return pl.DataFrame({"start": edges[:-1], "end": edges[1:], "n": n.astype(np.int64)})


def _bin_edges(finite: Floats) -> Floats:
    """Whole multiples of 1, 2 or 5 times a power of ten that cover the values."""
    low, high = float(finite.min()), float(finite.max())
    if high - low <= 1e-9 * max(1.0, abs(low), abs(high)):
        return np.array([low - 0.5, high + 0.5])
    least = (high - low) / BINS
    power = 10.0 ** np.floor(np.log10(least))
    width = next(power * factor for factor in (1, 2, 5, 10, 20) if power * factor >= least)
    first, last = np.floor(low / width), np.floor(high / width) + 1
    edges: Floats = np.arange(first, last + 1) * width
    return edges


def steps_of(samples: pl.DataFrame) -> NDArray[np.int64]:
    """Return the steps that have samples, ascending."""
    steps: NDArray[np.int64] = samples[STEP].unique().sort().to_numpy()
    return steps


def next_steps(steps: NDArray[np.int64], at: int, stride: int = 1) -> tuple[int | None, int | None]:
    """Return the steps with samples before and after one, None where there is none.

    Parameters
    ----------
    steps : ndarray of int64, ascending
    at : int
    stride : int
        Go so many steps with samples back and forth, or to the first and the last.
    """
    n_before = int(np.searchsorted(steps, at))
    n_until = int(np.searchsorted(steps, at, side="right"))
    before = int(steps[n_before - min(stride, n_before)]) if n_before else None
    after = int(steps[min(n_until + stride, len(steps)) - 1]) if n_until < len(steps) else None
    return before, after


def on_one_axis(episodes: pl.DataFrame) -> pl.DataFrame:
    """Put the episodes of several workers on the step axis of the run, where each worker counts only its own steps.

    Episodes are ordered by ``wall_time``, those without one last, and ``step`` is the sum of the lengths in that order,
    as for the metrics that are made of them. Where steps are the run's own already, nothing changes.

    Parameters
    ----------
    episodes : DataFrame with ``step``, ``length``, ``wall_time``, ``worker``
        Of one run and split, each worker's in order.
    """
    own = episodes.select(
        (pl.col("length").cum_sum().over("worker") == pl.col(STEP)).fill_null(value=False).all().alias("own"),
        (pl.col("worker").n_unique() > 1).alias("several"),
    ).row(0)
    if own != (True, True):
        return episodes
    ordered = episodes.sort("wall_time", nulls_last=True, maintain_order=True)
    return ordered.with_columns(pl.col("length").cum_sum().cast(pl.Int64).alias(STEP))
