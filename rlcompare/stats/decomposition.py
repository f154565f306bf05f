"""How much of a gain in reward is longer answers, and how much is better answers of the same length.

After Singhal et al. 2023, "A Long Way to Go: Investigating Length Correlations in RLHF" (arXiv:2310.03716), with the
symmetric weights of Kitagawa 1955, doi:10.1080/01621459.1955.10501299, so that no order of the two parts is preferred
and they add up. Few answers make wide bins, so what length does within a bin is taken off by its slope there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlcompare.stats.sample import Floats

MOST_BINS = 50
ANSWERS_A_BIN = 20

#: Resamples of the interval.
RESAMPLES = 1_000
#: Of fewer steps than this a bootstrap over steps tells nothing: of one, that the gain is certain.
FEWEST_STEPS = 5
#: Lots of answers that are resampled in place of steps, at most.
_LOTS = 2_000


@dataclass(frozen=True, eq=False)
class Gain:
    """A gain in mean reward and its parts, ``total = by_length + at_same_length``.

    Parameters
    ----------
    total, by_length, at_same_length : float
        In the unit of the reward.
    intervals : dict of part to (lower, upper)
        Percentiles of a bootstrap.
    over_steps : bool
        Whole steps were resampled; else single answers, as there are fewer than :data:`FEWEST_STEPS` steps, so that the
        intervals leave out how steps differ.
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
    over_steps: bool
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
        bin, reward is taken to follow length along a straight line of the same slope in both stretches. Default: as
        many as leave :data:`ANSWERS_A_BIN` of the smaller stretch in each, at most :data:`MOST_BINS`.
    level : float in (0, 1)
    seed : int
        Of the bootstrap, which resamples whole steps, as answers of one step share a policy; of few steps, answers.

    Returns
    -------
    Gain
        A bin that one stretch left empty counts with the other's mean: going there is all length.
    """
    if bins is None:
        bins = min(MOST_BINS, max(1, min(len(before.length), len(after.length)) // ANSWERS_A_BIN))
    edges = length_edges(np.concatenate((before.length, after.length)), bins)
    over_steps = min(len(np.unique(answers.step)) for answers in (before, after)) >= FEWEST_STEPS
    tables = [_Table(answers, edges, over_steps=over_steps) for answers in (before, after)]
    parts = _parts(*(table.totals(None) for table in tables))
    rng = np.random.default_rng(seed)
    drawn = np.array([[*_parts(*(table.totals(rng) for table in tables))] for _ in range(RESAMPLES)])
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    names = ("total", "by_length", "at_same_length")
    intervals = {name: (float(low[i]), float(high[i])) for i, name in enumerate(names)}
    first, second = (table.totals(None) for table in tables)
    return Gain(
        *parts,
        intervals,
        over_steps,
        edges,
        first.n / first.n.sum(),
        second.n / second.n.sum(),
        first.means()[0],
        second.means()[0],
    )


def length_edges(length: Floats, bins: int) -> Floats:
    """Edges of bins that hold about equally many lengths; equal lengths share one."""
    edges = np.unique(np.quantile(length, np.linspace(0, 1, bins + 1)))
    return edges if len(edges) > 1 else np.array([edges[0], edges[0]])


class _Table:
    """Sums of answers by step and bin, or by lot of answers and bin, from which rows are resampled."""

    def __init__(self, answers: Answers, edges: Floats, *, over_steps: bool) -> None:
        self._n_bins = len(edges) - 1
        at = np.clip(np.searchsorted(edges, answers.length, side="right") - 1, 0, self._n_bins - 1)
        lots = answers.step if over_steps else np.arange(len(answers.step)) % _LOTS
        rows, row = np.unique(lots, return_inverse=True)
        cell = row * self._n_bins + at
        # About the middle of their bin, lengths lose no digits to their squares.
        length, reward = answers.length - (edges[at] + edges[at + 1]) / 2, answers.reward
        weights = (None, reward, length, length * length, length * reward)
        n_cells = len(rows) * self._n_bins
        self._sums = np.stack(
            [np.bincount(cell, weight, n_cells).reshape(len(rows), self._n_bins) for weight in weights], axis=1
        ).astype(np.float64)

    def totals(self, rng: np.random.Generator | None) -> _Totals:
        """Sum up by bin, over all rows or over as many drawn with replacement."""
        if rng is None:
            return _Totals(*self._sums.sum(axis=0))
        n = len(self._sums)
        times = np.bincount(rng.integers(n, size=n), minlength=n).astype(np.float64)
        return _Totals(*np.tensordot(times, self._sums, axes=1))


class _Totals(NamedTuple):
    """Sums by bin: answers, rewards, lengths about the middle of the bin, their squares, lengths times rewards."""

    n: Floats
    reward: Floats
    length: Floats
    length_squared: Floats
    product: Floats

    def means(self) -> tuple[Floats, Floats]:
        """Mean reward and length in each bin, NaN where it is empty."""
        with np.errstate(invalid="ignore"):
            return self.reward / self.n, self.length / self.n

    def spread(self) -> tuple[Floats, Floats]:
        """Sum squares of the lengths, and products with the reward, about the bin's means."""
        n = np.maximum(self.n, 1)
        return self.length_squared - self.length**2 / n, self.product - self.length * self.reward / n


def _parts(before: _Totals, after: _Totals) -> tuple[float, float, float]:
    share_before, share_after = before.n / before.n.sum(), after.n / after.n.sum()
    (reward_before, length_before), (reward_after, length_after) = before.means(), after.means()
    longer = np.where((before.n > 0) & (after.n > 0), length_after - length_before, 0.0)
    reward_before, reward_after = (
        np.where(before.n > 0, reward_before, reward_after),
        np.where(after.n > 0, reward_after, reward_before),
    )
    squares, products = (a + b for a, b in zip(before.spread(), after.spread(), strict=True))
    # What rounding leaves of equal lengths is no spread.
    is_spread = squares > 1e-9 * np.maximum(before.length_squared + after.length_squared, np.finfo(np.float64).tiny)
    slope = np.where(is_spread, products / np.where(is_spread, squares, 1), 0.0)
    used = (before.n > 0) | (after.n > 0)
    shares, means = (share_before + share_after)[used] / 2, (reward_before + reward_after)[used] / 2
    within_bins = float(shares @ (slope * longer)[used])
    by_length = float((share_after - share_before)[used] @ means) + within_bins
    at_same_length = float(shares @ (reward_after - reward_before)[used]) - within_bins
    return by_length + at_same_length, by_length, at_same_length
