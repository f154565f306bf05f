"""The arithmetic of the smoothings: finite values of one curve in, as many out.

Windows are sums of the values they hold and of nothing else: a running sum that adds what enters and subtracts what
leaves would keep the rounding error of a huge value for good.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.linalg.lapack import dtbtrs

from rlcompare.curves import Floats

Rows = NDArray[np.intp]

#: Parts of a window that ``median_within`` tells apart: Polars rolls over whole numbers only.
TICKS = 2**20


def smooth_ema(values: Floats, weight: float) -> Floats:
    """Exponential moving average with the bias correction of TensorBoard's front end.

    ``s_i = weight * s_(i-1) + (1 - weight) * y_i`` from ``s_0 = 0``, divided by ``1 - weight ** i``: over points, not
    over steps. Polars' ``adjust=True`` is the same quotient.

    Parameters
    ----------
    values : ndarray, shape (n_values,)
    weight : float in [0, 1)

    References
    ----------
    ``resmoothDataset`` in tensorboard/components/vz_line_chart2/line-chart.ts.
    """
    return pl.Series(values).ewm_mean(alpha=1 - weight, adjust=True).to_numpy()


def smooth_twema(values: Floats, x: Floats, half_life: float) -> Floats:
    """Exponential moving average weighted by distance on the x axis, with bias correction.

    ``s_i = s_(i-1) * d_i + y_i`` and ``w_i = w_(i-1) * d_i + 1`` with ``d_i = 2 ** -((x_i - x_(i-1)) / half_life)``;
    the value is ``s_i / w_i``. W&B's ``d_i = weight ** (1000 * (x_i - x_(i-1)) / range_of_x)`` is the half-life
    ``range_of_x * log(2) / (-1000 * log(weight))``, which changes as the range grows; a half-life that stays keeps
    what was drawn.

    Parameters
    ----------
    values : ndarray, shape (n_values,)
    x : ndarray, shape (n_values,), never falling
    half_life : float, in the unit of `x`

    References
    ----------
    https://docs.wandb.ai/guides/app/features/panels/line-plot/smoothing, time weighted exponential moving average.
    """
    spacing = even_spacing(x)
    decay = 2 ** -(spacing / half_life)
    if decay < 1:
        return smooth_ema(values, decay)
    # The recurrence is a lower bidiagonal system of equations with ones on its diagonal: LAPACK runs through it once.
    bands = np.empty((len(values), 2)).T
    bands[1, :-1] = -np.exp2(np.diff(x) / -half_life)
    sums = np.empty((2, len(values))).T
    sums[:, 0], sums[:, 1] = values, 1
    solved: Floats = dtbtrs(bands, sums, uplo="L", diag="U", overwrite_b=True)[0]
    return solved[:, 0] / solved[:, 1]


def smooth_mean(values: Floats, n_points: int) -> Floats:
    """Mean of the last `n_points` values, or of those there are at the start."""
    counts = np.minimum(np.arange(1, len(values) + 1), min(n_points, len(values)))
    return _sums_of_last(values, n_points) / counts


def mean_within(values: Floats, x: Floats, width: float) -> Floats:
    """Mean of the values so far whose place is in ``(x_i - width, x_i]``."""
    if spacing := even_spacing(x):
        return smooth_mean(values, math.ceil(width / spacing))
    rows = np.arange(len(x))
    starts = np.minimum(np.searchsorted(x, x - width, side="right"), rows)
    return _sums_between(values, starts, rows + 1) / (rows + 1 - starts)


def smooth_centered(values: Floats, reach: int) -> Floats:
    """Mean of a value and up to `reach` values on either side."""
    reach = min(reach, len(values) - 1)
    before = np.minimum(np.arange(len(values)), reach)
    sums = _sums_of_last(np.append(values, np.zeros(reach)), 2 * reach + 1)
    centered: Floats = sums[reach:] / (before + before[::-1] + 1)
    return centered


def centered_within(values: Floats, x: Floats, width: float) -> Floats:
    """Mean of the values whose place is at most ``width / 2`` away."""
    if spacing := even_spacing(x):
        return smooth_centered(values, math.floor(width / 2 / spacing))
    starts = np.searchsorted(x, x - width / 2, side="left")
    stops = np.searchsorted(x, x + width / 2, side="right")
    return _sums_between(values, starts, stops) / (stops - starts)


def smooth_median(values: Floats, n_points: int) -> Floats:
    """Median of the last `n_points` values, or of those there are at the start."""
    window = min(n_points, len(values))
    return pl.Series(values).rolling_median(window_size=window, min_samples=1).to_numpy()


def median_within(values: Floats, x: Floats, width: float) -> Floats:
    """Median of the values so far whose place is in ``(x_i - width, x_i]``, to a millionth of the width."""
    if spacing := even_spacing(x):
        return smooth_median(values, math.ceil(width / spacing))
    # What is further away than a window is out of it: so shortened, the numbers stay small whatever the unit.
    gaps = np.minimum(np.diff(x, prepend=x[0]), 2 * width)
    ticks = np.rint(np.cumsum(gaps) * (TICKS / width)).astype(np.int64)
    # Polars takes in all that share a place, later ones too. Told apart by their rank, and the window shorter by the
    # largest rank, exactly the earlier ones are in it.
    rank = _rank_among_equals(ticks)
    largest = int(rank.max())
    place = pl.Series("place", ticks * (2 * largest + 1) + rank)
    window = f"{TICKS * (2 * largest + 1) - largest}i"
    frame = pl.DataFrame({"place": place, "value": values})
    return frame.select(pl.col("value").rolling_median_by("place", window_size=window)).to_series().to_numpy()


def even_spacing(x: Floats) -> float:
    """Distance from each place to the next, if it is the same all along; 0 if not, or if all are one place."""
    gaps = np.diff(x)
    return float(gaps[0]) if (gaps == gaps[0]).all() else 0.0


def _sums_of_last(values: Floats, n: int) -> Floats:
    """Sum the last `n` values up to each, in ``log2(n)`` passes."""
    sums = np.zeros_like(values)
    done = 0
    for size, block in _blocks(values, n):
        if n & size:
            sums[done:] += block[: len(values) - done]
            done += size
        if done >= len(values):
            break
    return sums


def _sums_between(values: Floats, starts: Rows, stops: Rows) -> Floats:
    """Sum ``values[start:stop]`` for as many windows as there are values, in as many passes as the longest has bits."""
    sums = np.zeros_like(values)
    last = stops - 1
    lengths = stops - starts
    for size, block in _blocks(values, int(lengths.max())):
        part = lengths & size
        sums += np.where(part, block[last], 0.0)
        last -= part
    return sums


def _blocks(values: Floats, longest: int) -> Iterator[tuple[int, Floats]]:
    """Yield the sums of the last 1, 2, 4, … values up to each, or of those there are at the start."""
    size, sums = 1, values
    while size <= longest:
        yield size, sums
        if size < len(values):
            longer = np.empty_like(sums)
            longer[:size] = sums[:size]
            np.add(sums[size:], sums[:-size], out=longer[size:])
            sums = longer
        size *= 2


def _rank_among_equals(ticks: NDArray[np.int64]) -> NDArray[np.int64]:
    rows = np.arange(len(ticks))
    begins = np.diff(ticks, prepend=ticks[0] - 1) > 0
    return rows - np.maximum.accumulate(np.where(begins, rows, 0))
