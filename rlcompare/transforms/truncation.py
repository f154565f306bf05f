"""The length at which samples were cut off, told from the lengths alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rlcompare.curves import Floats

#: So many of all lengths must be the cap itself; else the longest is merely the longest.
AT_CAP = 0.01


def length_cap(step: NDArray[np.int64], length: Floats) -> float | None:
    """Find the length at which a run's samples were cut off.

    Where answers are cut off, the longest ones of one step after the other are equally long: the cap is the most
    frequent one among the largest lengths of the steps, the larger of two that are equally frequent.

    Parameters
    ----------
    step : ndarray of int64, shape (n,)
        In any order.
    length : ndarray, shape (n,)
        Of one unit; NaN does not count.

    Returns
    -------
    float or None
        None unless at least 1 % of all samples are exactly so long.
    """
    counts = np.isfinite(length)
    order = np.argsort(step[counts], kind="stable")
    step, length = step[counts][order], length[counts][order]
    if not len(length):
        return None
    begins = np.flatnonzero(np.diff(step, prepend=step[0] - 1))
    largest, n = np.unique(np.maximum.reduceat(length, begins), return_counts=True)
    cap = float(largest[np.flatnonzero(n == n.max())[-1]])
    return cap if np.mean(length == cap) >= AT_CAP else None
