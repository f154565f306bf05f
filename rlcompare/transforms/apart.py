"""How far the values of two runs, or of two groups of runs, are apart in a stretch of their trainings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlcompare.stats.distances import Distance, distance
from rlcompare.transforms.stretches_of_steps import Values, stretches_of

#: Parts of a training that are dealt out as one, at most, for each side.
MOST_BLOCKS = 64


@dataclass(frozen=True)
class Apart:
    """The distance of two samples, and what was permuted for its p values.

    Parameters
    ----------
    distance : Distance
    width : int
        Steps of a block: 1 where single steps were permuted.
    """

    distance: Distance
    width: int


def apart(one: Sequence[Values], other: Sequence[Values]) -> Apart | None:
    """Measure how far two samples are apart; None where one of them is empty.

    Whole steps are permuted, each of one run; of more than :data:`MOST_BLOCKS` whole blocks of neighbouring steps,
    because values close to each other in a training resemble each other.

    Parameters
    ----------
    one, other : sequence of Values
        Of the runs of either side.
    """
    both = [[run for run in side if len(run)] for side in (one, other)]
    if not all(both):
        return None
    most = max(1, MOST_BLOCKS // max(len(side) for side in both))
    width = max(stretches_of([run], most=most, fewest=1).width for side in both for run in side)
    values = [np.concatenate([run.value for run in side]) for side in both]
    blocks = [_blocks(side, width) for side in both]
    return Apart(distance(values[0], blocks[0], values[1], blocks[1]), width)


def _blocks(runs: Sequence[Values], width: int) -> NDArray[np.intp]:
    """Count the blocks of all runs through, from 0."""
    numbers: list[NDArray[np.intp]] = []
    n = 0
    for run in runs:
        numbers.append(n + np.cumsum(np.diff(run.step // width, prepend=run.step[0] // width) != 0))
        n = int(numbers[-1][-1]) + 1
    return np.concatenate(numbers)
