"""What lies at the ends of a distribution: answers cut off at the longest length, rewards of zero, the worst of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rlcompare.stats.quantiles import tail_mean
from rlcompare.stats.sample import Floats
from rlcompare.transforms.stretches_of_steps import Values

#: Share of the rewards whose mean is that of the tail.
TAIL = 0.05

#: So many of all lengths must be the cap itself; else the longest is merely the longest.
AT_CAP = 0.01


@dataclass(frozen=True)
class Cap:
    """A length at which samples were cut off.

    Parameters
    ----------
    length : float
    share : float
        Of the samples of a stretch that are at least so long.
    n : int
        Samples of the stretch.
    """

    length: float
    share: float
    n: int


def cap_of(lengths: Values) -> float | None:
    """Find the length at which a run's samples were cut off.

    It is the most frequent one among the largest lengths of the run's steps, the larger of two that are equally
    frequent; None unless at least 1 % of all samples are exactly so long.

    Parameters
    ----------
    lengths : Values
        Of the whole training.
    """
    if not len(lengths):
        return None
    begins = np.flatnonzero(np.diff(lengths.step, prepend=lengths.step[0] - 1))
    largest, n = np.unique(np.maximum.reduceat(lengths.value, begins), return_counts=True)
    cap = float(largest[np.flatnonzero(n == n.max())[-1]])
    return cap if np.mean(lengths.value == cap) >= AT_CAP else None


def cut_off(whole: Sequence[Values], low: float, high: float) -> Cap | None:
    """Tell the share of samples that were cut off in a stretch of the training.

    Parameters
    ----------
    whole : sequence of Values
        Lengths of the runs over their whole trainings; each run has a cap of its own.
    low, high : float
        First and last step of the stretch.

    Returns
    -------
    Cap or None
        None unless all runs with samples in the stretch have a cap; `length` is NaN where they differ.
    """
    shown = [(cap_of(run), run.between(low, high)) for run in whole]
    shown = [(cap, part) for cap, part in shown if len(part)]
    caps = [cap for cap, _ in shown if cap is not None]
    if not shown or len(caps) < len(shown):
        return None
    n = sum(len(part) for _, part in shown)
    n_cut = sum(int((part.value >= cap).sum()) for cap, (_, part) in zip(caps, shown, strict=True))
    return Cap(caps[0] if len(set(caps)) == 1 else float("nan"), n_cut / n, n)


def share_of_zero(values: Floats) -> float:
    """Share of values that are 0; NaN of none."""
    return float(np.mean(values == 0)) if len(values) else float("nan")


def worst(values: Floats) -> float:
    """Mean of the lowest 5 %; NaN of none."""
    return tail_mean(values, TAIL) if len(values) else float("nan")


def means_of(runs: Sequence[Values]) -> Floats:
    """Mean of each run's values; NaN of a run without any."""
    return np.array([run.value.mean() if len(run) else np.nan for run in runs], np.float64)


def median_run(means: Floats) -> int | None:
    """Which run is in the middle of all: of an even number the lower of the two; None where none has a mean.

    Parameters
    ----------
    means : ndarray, shape (n_runs,)
        NaN does not count.
    """
    order = np.argsort(means, kind="stable")
    n = int(np.isfinite(means).sum())
    return int(order[(n - 1) // 2]) if n else None


def worst_run(means: Floats) -> int | None:
    """Which run has the lowest mean; None where no two means differ."""
    finite = means[np.isfinite(means)]
    return int(np.nanargmin(means)) if len(finite) and finite.min() < finite.max() else None
