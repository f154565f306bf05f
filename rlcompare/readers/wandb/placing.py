"""The step that a logged value stands at.

W&B's ``_step`` counts calls of ``log``, not steps of the training. A value stands

1. at the step metric that ``define_metric`` names for its key, where that is logged as whole numbers;
2. else at the training step that the run logs: the first of ``TRAINING_STEP_KEYS`` that it has, in whole numbers. Rows
   without it stand at ``_step`` as long as that has been the same number in all other rows, since the trainer sets it
   then; else where it was last logged, or, before that, where it is first;
3. else at ``_step``.

Each choice is made by the first rows that allow it, so that it stays as the run grows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from rlcompare.readers import text
from rlcompare.readers.axes import STEP_COLUMNS, TRAINING_STEP_KEYS
from rlcompare.readers.wandb import wire

OWN_STEP, OWN_TIME = "_step", "_timestamp"

#: Counted by W&B for every row, and no metrics: the wall time says as much.
OWN = frozenset({OWN_STEP, OWN_TIME, "_runtime"})


@dataclass(frozen=True, eq=False)
class Column:
    """Values of a key and the rows that have them, ascending."""

    rows: NDArray[np.intp]
    values: NDArray[np.float64]

    @property
    def is_whole(self) -> bool:
        """Whether it can be a step: whole numbers, whatever is not finite aside."""
        finite = self.values[np.isfinite(self.values)]
        return bool(len(finite)) and bool(((finite == np.floor(finite)) & (np.abs(finite) < text.FLOAT_EXACT)).all())


@dataclass
class Placing:
    """What is known of a run's steps. JSON-able.

    Parameters
    ----------
    exact, globs : dict of key, or pattern of keys, to step metric
        As ``define_metric`` said.
    whole : dict of step metric to bool
        Whether it was logged as whole numbers; those not logged yet are not in it.
    step : str
        The run's own step key; empty while there is no history.
    reached : float or None
        Its last value.
    apart : bool
        It was seen to differ from ``_step``.
    """

    exact: dict[str, str] = field(default_factory=dict)
    globs: dict[str, str] = field(default_factory=dict)
    whole: dict[str, bool] = field(default_factory=dict)
    step: str = ""
    reached: float | None = None
    apart: bool = False

    def define(self, record: bytes) -> None:
        """Take up a metric record."""
        found = wire.texts(record)
        step = found.get(4, [""])[0]
        if step:
            self.exact |= dict.fromkeys(found.get(1, []), step)
            self.globs |= dict.fromkeys(found.get(2, []), step)

    def settle(self, columns: Mapping[str, Column]) -> None:
        """Choose by the rows of one read what has not been chosen yet."""
        for metric in {*self.exact.values(), *self.globs.values()} & columns.keys() - self.whole.keys():
            self.whole[metric] = columns[metric].is_whole
        if not self.step:
            logged = (key for key in TRAINING_STEP_KEYS if key in columns and columns[key].is_whole)
            self.step = next(logged, OWN_STEP)

    @property
    def index(self) -> set[str]:
        """Keys that are steps or times, and no metrics."""
        return {*OWN, self.step} | {metric for metric, whole in self.whole.items() if whole}

    @property
    def step_unit(self) -> str:
        """What the run's own step counts; empty if unknown."""
        return STEP_COLUMNS.get(self.step, "")

    def step_of(self, key: str) -> str:
        """Name the key whose value tells the step of this one; of several patterns the longest counts."""
        metric = self.exact.get(key, "")
        if not metric:
            fitting = [glob for glob in self.globs if fnmatchcase(key, glob)]
            metric = self.globs[max(fitting, key=len)] if fitting else ""
        return metric if self.whole.get(metric) else self.step

    def places(self, step: str, columns: Mapping[str, Column], n_rows: int) -> NDArray[np.float64]:
        """Give the place of each row on the axis ``step``, NaN where it has none."""
        places = np.full(n_rows, np.nan)
        if step in columns:
            found = columns[step].values
            exact = (found == np.floor(found)) & (np.abs(found) < text.FLOAT_EXACT)
            places[columns[step].rows] = np.where(exact, found, np.nan)
        if step != self.step or step == OWN_STEP:
            return places
        known = np.flatnonzero(~np.isnan(places))
        own = self.places(OWN_STEP, columns, n_rows)
        self.apart |= bool((places[known] != own[known]).any())
        if self.apart:
            before = np.searchsorted(known, np.arange(n_rows), side="right") - 1
            start = self.reached if self.reached is not None else places[known[0]] if len(known) else np.nan
            places = np.where(before >= 0, np.append(places[known], start)[before], start)
        else:
            places = np.where(np.isnan(places), own, places)
        if n_rows and not np.isnan(places[-1]):
            self.reached = float(places[-1])
        return places
