"""How much of a gain in reward is longer answers, and how much is better answers of the same length.

After Singhal et al. 2023, "A Long Way to Go: Investigating Length Correlations in RLHF" (arXiv:2310.03716), with the
symmetric weights of Kitagawa 1955, doi:10.1080/01621459.1955.10501299, so that no order of the two parts is preferred
and they add up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlcompare.stats.sample import Floats

#: With 50 bins, 1 % of what length does stays within them where lengths are normal.
MOST_BINS = 50
ANSWERS_A_BIN = 20

#: Resamples of the interval.
RESAMPLES = 1_000


@dataclass(frozen=True, eq=False)
class Gain:
    """A gain in mean reward and its parts, ``total = by_length + at_same_length``.

    Parameters
    ----------
    total, by_length, at_same_length : float
        In the unit of the reward.
    intervals : dict of part to (lower, upper)
        Percentiles of a bootstrap over steps.
    edges : ndarray, shape (n_bins + 1,)
        Of the bins of length.
    share_before, share_after : ndarray, shape (n_bins,)
        Share of the samples in each bin.
    reward_before, reward_after : ndarray, shape (n_bins,)
        Mean reward in each bin, NaN where it is empty.
    """

    total: float
    by_length: float
    at_same_length: float
    intervals: dict[str, tuple[float, float]]
    edges: Floats
    share_before: Floats
    share_after: Floats
    reward_before: Floats
    reward_after: Floats


@dataclass(frozen=True, eq=False)
class Answers:
    """Sampled answers of one stretch of a training.

    Parameters
    ----------
    step : ndarray of int, shape (n,)
    length, reward : ndarray, shape (n,)
        Finite.
    """

    step: NDArray[np.int64]
    length: Floats
    reward: Floats


def decompose(before: Answers, after: Answers, bins: int | None = None, level: float = 0.95, seed: int = 0) -> Gain:
    """Split the gain in mean reward between two stretches of a training.

    Parameters
    ----------
    before, after : Answers, at least one each
    bins : int, optional
        Of length, holding about equally many of both stretches' answers together; fewer where lengths repeat. Within a
        bin, length is taken to make no difference: more bins leave less of it, but less certain means. Default: as many
        as leave :data:`ANSWERS_A_BIN` of the smaller stretch in each, at most :data:`MOST_BINS`.
    level : float in (0, 1)
    seed : int
        Of the bootstrap, which resamples whole steps, as answers of one step share a policy.

    Returns
    -------
    Gain
        A bin that one stretch left empty counts with the other's mean: going there is all length.
    """
    if bins is None:
        bins = min(MOST_BINS, max(1, min(len(before.length), len(after.length)) // ANSWERS_A_BIN))
    edges = length_edges(np.concatenate((before.length, after.length)), bins)
    tables = [_Table(answers, edges) for answers in (before, after)]
    parts = _parts(*(table.totals(None) for table in tables))
    rng = np.random.default_rng(seed)
    drawn = np.array([[*_parts(*(table.totals(rng) for table in tables))] for _ in range(RESAMPLES)])
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    names = ("total", "by_length", "at_same_length")
    intervals = {name: (float(low[i]), float(high[i])) for i, name in enumerate(names)}
    (n_before, sum_before), (n_after, sum_after) = (table.totals(None) for table in tables)
    with np.errstate(invalid="ignore"):
        return Gain(
            *parts,
            intervals,
            edges,
            n_before / n_before.sum(),
            n_after / n_after.sum(),
            sum_before / n_before,
            sum_after / n_after,
        )


def length_edges(length: Floats, bins: int) -> Floats:
    """Edges of bins that hold about equally many lengths; equal lengths share one."""
    edges = np.unique(np.quantile(length, np.linspace(0, 1, bins + 1)))
    return edges if len(edges) > 1 else np.array([edges[0], edges[0]])


class _Table:
    """Counts and sums of reward by step and bin, from which whole steps are resampled."""

    def __init__(self, answers: Answers, edges: Floats) -> None:
        n_bins = len(edges) - 1
        at = np.clip(np.searchsorted(edges, answers.length, side="right") - 1, 0, n_bins - 1)
        steps, row = np.unique(answers.step, return_inverse=True)
        cell = row * n_bins + at
        shape = (len(steps), n_bins)
        self.n = np.bincount(cell, minlength=len(steps) * n_bins).reshape(shape).astype(np.float64)
        self.sums = np.bincount(cell, answers.reward, len(steps) * n_bins).reshape(shape)

    def totals(self, rng: np.random.Generator | None) -> tuple[Floats, Floats]:
        """Sum counts and rewards by bin, over all steps or over as many drawn with replacement."""
        if rng is None:
            return self.n.sum(axis=0), self.sums.sum(axis=0)
        times = np.bincount(rng.integers(len(self.n), size=len(self.n)), minlength=len(self.n)).astype(np.float64)
        return times @ self.n, times @ self.sums


def _parts(before: tuple[Floats, Floats], after: tuple[Floats, Floats]) -> tuple[float, float, float]:
    (n_before, sum_before), (n_after, sum_after) = before, after
    share_before, share_after = n_before / n_before.sum(), n_after / n_after.sum()
    with np.errstate(invalid="ignore"):
        mean_before, mean_after = sum_before / n_before, sum_after / n_after
    mean_before, mean_after = (
        np.where(n_before > 0, mean_before, mean_after),
        np.where(n_after > 0, mean_after, mean_before),
    )
    used = (n_before > 0) | (n_after > 0)
    shares, means = (share_before + share_after)[used] / 2, (mean_before + mean_after)[used] / 2
    by_length = float((share_after - share_before)[used] @ means)
    at_same_length = float(shares @ (mean_after - mean_before)[used])
    return by_length + at_same_length, by_length, at_same_length
