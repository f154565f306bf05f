"""Correlation of two metrics, run by run and group by group, on levels and on first differences, with a verdict.

Two curves that both rise correlate whatever they have to do with each other. First differences, the changes from one
common step to the next, do so only where the metrics move together step by step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import special

from rlcompare.stats.correlation import Correlation, Kind, correlate
from rlcompare.transforms.pairs import Pair

#: One row a run or group, basis and kind of coefficient. ``basis`` is ``levels`` or ``differences``. ``lower`` and
#: ``upper`` bound the 95 % interval; ``reason`` says why there is no coefficient. ``n_runs`` is 1 for a run.
CORRELATIONS: dict[str, pl.DataType] = {
    "name": pl.String(),
    "basis": pl.String(),
    "kind": pl.String(),
    "value": pl.Float64(),
    "lower": pl.Float64(),
    "upper": pl.Float64(),
    "n": pl.Int64(),
    "n_effective": pl.Float64(),
    "n_runs": pl.Int64(),
    "reason": pl.String(),
}

LEVELS, DIFFERENCES = "levels", "differences"

#: A smaller coefficient, of less than 4 % of the variance, is no trend to warn of, however many steps it is of.
SMALLEST_SEEN = 0.2

#: A smaller coefficient of differences, of less than 1 % of the variance, counts as none, however sure its sign is.
SMALLEST_STEP = 0.1

#: What rounding takes off the coefficient of two metrics that are one quantity.
SAME = 1e-9


@dataclass(frozen=True)
class Verdict:
    """What levels and differences say together, in one sentence.

    Parameters
    ----------
    text : str
    is_warning : bool
        The two disagree in sign or in whether there is a correlation at all, or the interval is optimistic.
    """

    text: str
    is_warning: bool


@dataclass(frozen=True)
class Correlated:
    """The coefficients of one kind of a run, or of a group, on both bases."""

    name: str
    kind: Kind
    levels: Correlation
    differences: Correlation
    n_runs: int = 1

    @property
    def verdict(self) -> Verdict:
        """Say what the two mean together."""
        return _verdict(self.levels, self.differences)


def correlate_pair(
    pair: Pair, kind: Kind = "pearson", names: tuple[str, str] = ("the first metric", "the second metric")
) -> Correlated:
    """Correlate the two metrics of one run, called by their names where there is no coefficient."""
    steps = tuple(f"the step-to-step change of {name}" for name in names)
    return Correlated(
        pair.name,
        kind,
        correlate(pair.x, pair.y, kind, names=names),
        correlate(np.diff(pair.x), np.diff(pair.y), kind, names=(steps[0], steps[1])),
    )


def correlate_groups(runs: Sequence[Correlated], groups: Mapping[str, str], level: float = 0.95) -> list[Correlated]:
    """Average the coefficients of the runs of each group.

    Parameters
    ----------
    runs : sequence of Correlated, of one kind
    groups : mapping of run to group
    level : float in (0, 1)

    Returns
    -------
    list of Correlated
        In the order of each group's first run. The mean is taken of ``atanh(r)`` over runs, and its interval is
        Student's t over runs: what runs have in common, not what their steps have. A group of one run has the run's.
        Runs without a coefficient do not count, nor in ``n_runs``.
    """
    members: dict[str, list[Correlated]] = {}
    for run in runs:
        members.setdefault(groups[run.name], []).append(run)
    return [
        Correlated(
            name,
            found[0].kind,
            _mean([run.levels for run in found], level),
            _mean([run.differences for run in found], level),
            sum(not run.levels.reason for run in found) or len(found),
        )
        for name, found in members.items()
    ]


def correlations_frame(found: Sequence[Correlated]) -> pl.DataFrame:
    """Put coefficients into a frame: :data:`CORRELATIONS`."""
    rows = [
        (one.name, basis, one.kind, c.value, c.lower, c.upper, c.n, c.n_effective, one.n_runs, c.reason)
        for one in found
        for basis, c in ((LEVELS, one.levels), (DIFFERENCES, one.differences))
    ]
    return pl.DataFrame(rows, schema=CORRELATIONS, orient="row").with_columns(
        pl.col("value", "lower", "upper", "n_effective").fill_nan(None)
    )


def _mean(found: Sequence[Correlation], level: float) -> Correlation:
    with_value = [one for one in found if not math.isnan(one.value)]
    if len(found) == 1 or not with_value:
        return found[0]
    n, n_effective = sum(one.n for one in with_value), sum(one.n_effective for one in with_value)
    if len(with_value) == 1:
        alone = with_value[0]
        return Correlation(alone.value, alone.lower, alone.upper, n, n_effective)
    perfect = math.nextafter(1.0, 0.0)
    z = np.arctanh(np.clip([one.value for one in with_value], -perfect, perfect))
    center = float(z.mean())
    half = float(special.stdtrit(len(z) - 1, (1 + level) / 2)) * float(z.std(ddof=1)) / math.sqrt(len(z))
    return Correlation(math.tanh(center), math.tanh(center - half), math.tanh(center + half), n, n_effective)


def _verdict(levels: Correlation, differences: Correlation) -> Verdict:
    if levels.reason:
        return Verdict(f"No coefficient: {levels.reason}.", is_warning=False)
    up, step_up = levels.value > 0, differences.value > 0
    together = "rise and fall together" if up else "move against each other"
    if differences.reason:
        return Verdict(
            f"They {together} over the training; from step to step nothing can be told: {differences.reason}.",
            is_warning=True,
        )
    if abs(levels.value) > 1 - SAME and abs(differences.value) > 1 - SAME:
        return Verdict("They go together exactly: each can be computed from the other.", is_warning=False)
    moves = differences.excludes_zero and abs(differences.value) >= SMALLEST_STEP
    if moves and levels.excludes_zero:
        if up == step_up:
            return _with_care(f"They {together}, over the training and from step to step.", levels)
        steps = "with" if step_up else "against"
        return Verdict(
            f"They {together} over the training, but from step to step they move {steps} each other: two different "
            "relations.",
            is_warning=True,
        )
    if moves:
        steps = "with" if step_up else "against"
        course = "no common course can be told"
        if _looks_correlated(levels):
            course = f"they {together}, but values that follow on each other so closely may do so by chance"
        return Verdict(f"From step to step they move {steps} each other; over the training {course}.", is_warning=True)
    if _looks_correlated(levels):
        return Verdict(
            f"They {together} over the training, but not from step to step: a shared trend, which any two metrics that "
            "both change with training have.",
            is_warning=True,
        )
    if differences.excludes_zero or levels.excludes_zero:
        return Verdict("Next to nothing, over the training or from step to step.", is_warning=False)
    return Verdict("Nothing that could be told from chance, over the training or from step to step.", is_warning=False)


def _with_care(text: str, found: Correlation) -> Verdict:
    if not found.is_optimistic:
        return Verdict(text, is_warning=False)
    return Verdict(
        f"{text} Its values follow on each other so closely that they tell as little as {found.n_effective:.0f} "
        "independent ones: the interval is optimistic.",
        is_warning=True,
    )


def _looks_correlated(found: Correlation) -> bool:
    """Whether the coefficient is of a size to catch the eye, and would be called significant with independent steps."""
    if found.n < 4 or abs(found.value) < SMALLEST_SEEN:
        return False
    return abs(math.atanh(min(abs(found.value), math.nextafter(1.0, 0.0)))) * math.sqrt(found.n - 3) > 1.96
