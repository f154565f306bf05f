"""Centres and bands over runs: what there is to choose from, and the words that say what was drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlcompare.stats import (
    Floats,
    Interval,
    Sample,
    bootstrap_interval,
    iqm_weights,
    mean_weights,
    median_weights,
    min_max,
    quantile_range,
    standard_deviation,
    standard_error,
    student_t_interval,
)
from rlcompare.stats.sample import Weights

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Center:
    """One way to draw many runs as one line.

    Parameters
    ----------
    kind : str
        Its name in a URL and on the command line.
    title : str
        Its name on the screen, in lower case as within a sentence.
    estimate : callable (sample) -> ndarray, shape (n_x,)
    weights : callable (n) -> ndarray, shape (n,)
        The same as weights of the ordered values, for the bootstrap.
    """

    kind: str
    title: str
    estimate: Callable[[Sample], Floats]
    weights: Weights


@dataclass(frozen=True)
class Band:
    """One kind of band around a centre.

    Parameters
    ----------
    kind : str
        Its name in a URL and on the command line.
    title : str
        Its name on the screen.
    centers : tuple of str
        Keys of :data:`CENTERS` that it goes with.
    fewest_runs : int
        Of fewer runs there is no band.
    interval : callable (sample, baseline or None, center, level) -> (lower, upper)
    words, words_of_difference : str
        What it is, ``{level}`` standing for its level in per cent; empty for no band.
    """

    kind: str
    title: str
    centers: tuple[str, ...]
    fewest_runs: int
    interval: Callable[[Sample, Sample | None, Center, float], Interval]
    words: str
    words_of_difference: str

    def describe(
        self, level: float, n: Counts, *, center: str = "mean", baseline: str = "", n_baseline: Counts | None = None
    ) -> str:
        """Say what centre and band are: method, level, and how many runs.

        Parameters
        ----------
        level : float in (0, 1)
        n : ndarray of int64
            Runs that count at each x.
        center : str
            A key of :data:`CENTERS`.
        baseline : str
            The group that a difference is to; empty where none is drawn.
        n_baseline : ndarray of int64, optional
            Its runs that count at each x.

        Returns
        -------
        str
            Such as ``mean of 3 runs, 95 % Student-t interval``.
        """
        parts = [f"{CENTERS[center].title} of {_runs(n)}"]
        if n_baseline is not None:
            fixed = ""
            if self.words and (n_baseline == 1).any():
                fixed = ", taken as fixed" if n_baseline.max() == 1 else ", taken as fixed where it is 1"
            parts.append(f"difference to {baseline} ({CENTERS[center].title} of {_runs(n_baseline)}{fixed})")
        if self.words:
            told = self.words if n_baseline is None else self.words_of_difference
            told = told.format(level=f"{100 * level:g}")
            fewest, most = n[n > 0].min(initial=self.fewest_runs), n.max(initial=0)
            if most < self.fewest_runs:
                told = f"no band (fewer than {self.fewest_runs} runs)"
            elif fewest < self.fewest_runs:
                told += f" where at least {self.fewest_runs} runs count"
            parts.append(told)
        return ", ".join(parts)


def _runs(n: Counts) -> str:
    counted = n[n > 0]
    if not len(counted):
        return "no runs"
    fewest, most = counted.min(), counted.max()
    if fewest == most:
        return f"{most} run" if most == 1 else f"{most} runs"
    return f"{fewest}–{most} runs"


def _no_interval(sample: Sample, _baseline: Sample | None, _center: Center, _level: float) -> Interval:
    nowhere = np.full(len(sample.n), np.nan)
    return nowhere, nowhere


CENTERS: dict[str, Center] = {
    center.kind: center
    for center in (
        Center(kind="mean", title="mean", estimate=lambda sample: sample.mean, weights=mean_weights),
        Center(
            kind="median",
            title="median",
            estimate=lambda sample: sample.estimate(median_weights),
            weights=median_weights,
        ),
        Center(
            kind="iqm",
            title="interquartile mean",
            estimate=lambda sample: sample.estimate(iqm_weights),
            weights=iqm_weights,
        ),
    )
}

BANDS: dict[str, Band] = {
    band.kind: band
    for band in (
        Band(
            kind="none",
            title="None",
            centers=tuple(CENTERS),
            fewest_runs=1,
            interval=_no_interval,
            words="",
            words_of_difference="",
        ),
        Band(
            kind="minmax",
            title="Min–max",
            centers=tuple(CENTERS),
            fewest_runs=2,
            interval=lambda sample, baseline, _center, _level: min_max(sample, baseline),
            words="smallest to largest run",
            words_of_difference="smallest to largest difference between two runs",
        ),
        Band(
            kind="sd",
            title="Standard deviation",
            centers=("mean",),
            fewest_runs=2,
            interval=lambda sample, baseline, _center, _level: standard_deviation(sample, baseline),
            words="± 1 standard deviation (n − 1)",
            words_of_difference="± 1 standard deviation (n − 1) of the difference between two runs",
        ),
        Band(
            kind="se",
            title="Standard error",
            centers=("mean",),
            fewest_runs=2,
            interval=lambda sample, baseline, _center, _level: standard_error(sample, baseline),
            words="± 1 standard error",
            words_of_difference="± 1 standard error of the difference",
        ),
        Band(
            kind="t",
            title="Student t",
            centers=("mean",),
            fewest_runs=2,
            interval=lambda sample, baseline, _center, level: student_t_interval(sample, level, baseline),
            words="{level} % Student-t interval",
            words_of_difference="{level} % Welch-t interval",
        ),
        Band(
            kind="bootstrap",
            title="Bootstrap",
            centers=tuple(CENTERS),
            fewest_runs=2,
            interval=lambda sample, baseline, center, level: bootstrap_interval(
                sample, center.weights, level, baseline
            ),
            words="{level} % bootstrap interval (percentile, resampling runs)",
            words_of_difference="{level} % bootstrap interval (percentile, resampling the runs of both groups)",
        ),
        Band(
            kind="iqr",
            title="Quartiles",
            centers=("median",),
            fewest_runs=2,
            interval=lambda sample, baseline, _center, _level: quantile_range(sample, 0.25, 0.75, baseline),
            words="25th to 75th percentile of the runs",
            words_of_difference="25th to 75th percentile of the differences between two runs",
        ),
        Band(
            kind="p5_95",
            title="5–95 %",
            centers=("median",),
            fewest_runs=2,
            interval=lambda sample, baseline, _center, _level: quantile_range(sample, 0.05, 0.95, baseline),
            words="5th to 95th percentile of the runs",
            words_of_difference="5th to 95th percentile of the differences between two runs",
        ),
    )
}
