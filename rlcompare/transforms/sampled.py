"""Length and reward of the sampled answers or episodes of one run, in stretches of its training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from rlcompare.curves import Floats
from rlcompare.stats.decomposition import Answers, Gain, decompose
from rlcompare.stats.within import WithinCorrelation, within_correlation

#: Columns of ``schema.SAMPLES`` that are looked at.
SAMPLED = ("step", "split", "reward", "length", "length_unit", "correct", "prompt_id")

#: A stretch has at least so many samples, or an interval would say little.
SAMPLES_A_STRETCH = 50
#: Stretches of a training at most.
MOST_STRETCHES = 40
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Sampled:
    """Samples of one run that have both a length and a reward, in the order of their steps.

    Parameters
    ----------
    step : ndarray of int64, shape (n,)
    length, reward : ndarray, shape (n,)
        Finite.
    correct : ndarray, shape (n,)
        1 where the log says that the answer was right, 0 where wrong, NaN where it says nothing.
    prompt : ndarray of uint64, shape (n,), or None
        Equal for samples of one prompt; None where the log does not tell prompts.
    unit : str
        What a length counts.
    """

    step: NDArray[np.int64]
    length: Floats
    reward: Floats
    correct: Floats
    prompt: NDArray[np.uint64] | None
    unit: str

    @property
    def is_of_steps(self) -> bool:
        """Whether several samples share a step, so that they can be compared within it."""
        return len(np.unique(self.step)) * 2 <= len(self.step)


def sampled(samples: pl.DataFrame) -> Sampled:
    """Take what may be correlated from the samples of one run: those drawn to train on, unless there are none.

    Parameters
    ----------
    samples : DataFrame with the columns of ``schema.SAMPLES``
        Of one run, with one unit of length.
    """
    split = samples["split"].cast(pl.String)
    if (split == "train").any():
        samples = samples.filter(split == "train")
    samples = samples.filter(pl.col("reward").is_finite() & pl.col("length").is_finite()).sort(
        "step", maintain_order=True
    )
    prompt = samples["prompt_id"]
    return Sampled(
        samples["step"].to_numpy(),
        samples["length"].to_numpy(),
        samples["reward"].to_numpy(),
        samples["correct"].cast(pl.Float64).fill_null(np.nan).to_numpy(),
        None if prompt.null_count() else prompt.to_numpy(),
        samples["length_unit"].cast(pl.String)[0] if len(samples) else "",
    )


@dataclass(frozen=True, eq=False)
class Course:
    """How length and reward of samples go together along a training.

    Parameters
    ----------
    first, last : ndarray of int64, shape (n_stretches,)
        Each stretch's first and last step.
    by_step : WithinCorrelation
        Among the samples of one step; where steps have only one, among those of a stretch.
    by_prompt : WithinCorrelation or None
        Among the samples of one prompt at one step.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    by_step: WithinCorrelation
    by_prompt: WithinCorrelation | None


def stretches(step: NDArray[np.int64], least: int = SAMPLES_A_STRETCH, most: int = MOST_STRETCHES) -> NDArray[np.intp]:
    """Cut a training into stretches of whole steps with at least so many samples.

    Parameters
    ----------
    step : ndarray of int64, shape (n,), ascending
    least : int
        Samples a stretch; where there are fewer in all, they are one stretch.
    most : int
        Stretches at most.

    Returns
    -------
    ndarray of int, shape (n,)
        Number of each sample's stretch, from 0.
    """
    _, row, count = np.unique(step, return_inverse=True, return_counts=True)
    wanted = max(least, -(-len(step) // most))
    number = np.zeros(len(count), np.intp)
    filled = current = 0
    left = len(step)
    for at, n in enumerate(count.tolist()):
        if filled >= wanted and left >= wanted:
            current, filled = current + 1, 0
        number[at] = current
        filled, left = filled + n, left - n
    return number[row]


def course(samples: Sampled) -> Course:
    """Correlate length with reward in each stretch of a training, within steps and within prompts."""
    stretch = stretches(samples.step)
    first, last = _ends(samples.step, stretch)
    x, y = samples.length, samples.reward
    steps = np.unique(samples.step, return_inverse=True)[1].astype(np.intp)
    by_prompt = None
    if samples.prompt is not None and samples.is_of_steps:
        prompts = np.unique(samples.prompt, return_inverse=True)[1].astype(np.intp)
        cells = np.unique(steps * (int(prompts.max(initial=0)) + 1) + prompts, return_inverse=True)[1].astype(np.intp)
        by_prompt = within_correlation(stretch, x, y, cells, LEVEL)
    by_step = within_correlation(stretch, x, y, steps if samples.is_of_steps else None, LEVEL)
    return Course(first, last, by_step, by_prompt)


def _ends(step: NDArray[np.int64], stretch: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    starts = np.flatnonzero(np.diff(stretch, prepend=-1))
    return step[starts], step[np.append(starts[1:], len(step)) - 1] if len(step) else step[starts]


#: One row a stretch and answer: ``answer`` is ``correct`` or ``incorrect``; ``lower`` and ``upper`` bound Student's
#: 95 % interval of the mean ``length``, null of fewer than two answers.
LENGTHS: dict[str, pl.DataType] = {
    "answer": pl.String(),
    "first": pl.Int64(),
    "last": pl.Int64(),
    "length": pl.Float64(),
    "lower": pl.Float64(),
    "upper": pl.Float64(),
    "n": pl.Int64(),
}


def length_by_answer(samples: Sampled) -> pl.DataFrame:
    """Mean length of correct and of incorrect answers in each stretch of a training: :data:`LENGTHS`."""
    stretch = stretches(samples.step)
    first, last = _ends(samples.step, stretch)
    rows = []
    for answer, is_it in (("correct", samples.correct == 1), ("incorrect", samples.correct == 0)):
        for number in range(len(first)):
            length = samples.length[is_it & (stretch == number)]
            n = len(length)
            if not n:
                continue
            mean, half = float(length.mean()), None
            if n > 1:
                half = float(special.stdtrit(n - 1, (1 + LEVEL) / 2) * length.std(ddof=1) / np.sqrt(n))
            bounds = (None, None) if half is None else (mean - half, mean + half)
            rows.append((answer, int(first[number]), int(last[number]), mean, *bounds, n))
    return pl.DataFrame(rows, schema=LENGTHS, orient="row")


@dataclass(frozen=True, eq=False)
class SampledGain:
    """A gain in reward between two stretches of a training, and which steps they are.

    Parameters
    ----------
    gain : Gain
    before, after : (first step, last step, samples)
    length_before, length_after : float
        Mean lengths.
    """

    gain: Gain
    before: tuple[int, int, int]
    after: tuple[int, int, int]
    length_before: float
    length_after: float


def gain_between(samples: Sampled, before: tuple[float, float], after: tuple[float, float]) -> SampledGain | None:
    """Split the gain in reward between two stretches of a training into longer answers and better ones.

    Parameters
    ----------
    samples : Sampled
    before, after : (low, high)
        Parts of the steps that have samples, from 0 to 1; at least one step is taken.

    Returns
    -------
    SampledGain or None
        None where there are no samples or both stretches are the same one step.
    """
    steps = np.unique(samples.step)
    ends = []
    for low, high in (before, after):
        start = min(int(low * len(steps) + 1e-9), len(steps) - 1)
        stop = max(int(np.ceil(high * len(steps) - 1e-9)), start + 1)
        ends.append((start, stop))
    if len(steps) < 2 or ends[0] == ends[1]:
        return None
    taken = [(samples.step >= steps[start]) & (samples.step <= steps[stop - 1]) for start, stop in ends]
    answers = [Answers(samples.step[rows], samples.length[rows], samples.reward[rows]) for rows in taken]
    told = [(int(a.step[0]), int(a.step[-1]), len(a.step)) for a in answers]
    lengths = [float(a.length.mean()) for a in answers]
    return SampledGain(decompose(answers[0], answers[1]), told[0], told[1], *lengths)
