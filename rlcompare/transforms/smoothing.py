"""Smoothing of curves, from their arrays or from a frame of them.

A smoothing sees every point, so that it comes before :func:`rlcompare.transforms.thin`. Those that look back only are
causal: more data never changes what was drawn before. Values that are not finite stay as they are and are passed over:
the smoothing goes on from one finite value to the next.
"""

from __future__ import annotations

import math
import os
import sys
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from threading import Lock
from typing import cast, get_args

import numpy as np
import polars as pl

from rlcompare.curves import CurveSet, Floats
from rlcompare.errors import ParameterError
from rlcompare.transforms.groups import with_curves_together
from rlcompare.transforms.smoothers import LENGTH, SMOOTHERS, Smoother, WidthUnit, is_length

THREADS = os.cpu_count() or 1
_POOL = ThreadPoolExecutor(THREADS, thread_name_prefix="rlcompare-smooth")

#: Sums of larger values may overflow, so they are smoothed as a fraction; powers of two, which round nothing.
LARGE, FRACTION = 2.0**900, 2.0**-100
LARGEST = float(np.finfo(np.float64).max) * FRACTION


@dataclass(frozen=True)
class Smoothing:
    """A kind of smoothing and how much of it.

    Parameters
    ----------
    kind : str
        A key of :data:`SMOOTHERS`.
    width : float
        For ``ema`` the weight in [0, 1) of what came before, for ``twema`` the half-life, for ``gaussian`` the standard
        deviation, for ``mean`` and ``median`` the window. For ``centered`` the points on either side, or, on the x
        axis, the whole window. 0 for ``none``.
    unit : {"points", "axis"}
        What the width is counted in; ``axis``: the unit of ``CurveSet.x``.
    """

    kind: str
    width: float
    unit: WidthUnit = "points"


NO_SMOOTHING = Smoothing("none", 0.0)


def check_smoothing(smoothing: Smoothing) -> Smoother:
    """Look up a smoothing and check its width.

    Raises
    ------
    ParameterError
        No such kind, a unit that it does not know, or a width out of its range.
    """
    found = SMOOTHERS.get(smoothing.kind)
    if found is None:
        raise ParameterError(f"Expected a smoothing of {', '.join(SMOOTHERS)}; got {smoothing.kind!r}. {_HINT}")
    if smoothing.unit not in found.units:
        raise ParameterError(
            f"Expected a width in {' or '.join(found.units)} for the smoothing {found.kind!r}; got {smoothing.unit!r}. "
            f"{_HINT}"
        )
    is_usual = smoothing.unit == found.units[0]
    accepts, expects = (found.accepts, found.expects) if is_usual else (is_length, LENGTH)
    if not accepts(smoothing.width):
        raise ParameterError(f"Expected {expects} for the smoothing {found.kind!r}; got {smoothing.width:g}. {_HINT}")
    return found


def smooth_curves(curves: CurveSet, smoothing: Smoothing) -> CurveSet:
    """Smooth the values of each curve, over all of its points.

    Returns
    -------
    CurveSet
        The same curves with smoothed values; `curves` itself where the smoothing changes nothing. NaN and infinite
        values stay what they are.

    Raises
    ------
    ParameterError
        No such kind or unit, a width out of its range, or, for a width in the unit of the axis, x that falls.

    Notes
    -----
    Where the smoother is causal, a smoothed prefix is the prefix of the smoothed curve: exactly, or for ``axis`` within
    1e-12. Values stay between the smallest and largest finite value of their curve up to rounding (a few units in the
    last place of the largest).
    """
    smoother = check_smoothing(smoothing)
    if _is_idle(smoother, smoothing):
        return curves
    apply = smoother.apply[smoothing.unit]
    smoothed = _unused(len(curves.value))
    slices = curves.slices

    def smooth_share(numbers: range) -> None:
        for number in numbers:
            rows = slices[number]
            # Over points x is not looked at: whole steps are not copied to be numbers of another kind.
            x = cast(Floats, curves.x[rows])
            if smoothing.unit == "axis":
                x = x.astype(np.float64, copy=False)
                if not (np.diff(x) >= 0).all():
                    raise ParameterError(_falling(curves.names[number], smoothing))
            smoothed[rows] = _smooth_finite(curves.value[rows], x, apply, smoothing.width)

    list(_POOL.map(smooth_share, _shares(curves)))
    return curves.with_values(smoothed)


#: The latest results: whoever changes the smoothing of a few metrics gets the memory of the ones before.
_RESULTS: deque[Floats] = deque(maxlen=4)
_CHOOSING = Lock()
#: References to a result that nobody holds: the deque's, and that of the call which counts.
_UNHELD = 2


def _unused(n: int) -> Floats:
    """Return memory for a result: that of one of the latest, if nobody holds it any more, else new.

    Memory that a process has not used before is given to it page by page, which takes longer than smoothing into it.
    """
    with _CHOOSING:
        for number in range(len(_RESULTS)):
            if len(_RESULTS[number]) == n and sys.getrefcount(_RESULTS[number]) == _UNHELD:
                return _RESULTS[number]
        _RESULTS.append(np.empty(n))
        return _RESULTS[-1]


def smooth(frame: pl.DataFrame, smoothing: Smoothing) -> pl.DataFrame:
    """Smooth the values of each (run, metric) in row order, a width on the axis being one in steps.

    Parameters
    ----------
    frame : DataFrame with the columns of ``schema.CURVE``, the rows of a curve in step order
    smoothing : Smoothing

    Returns
    -------
    DataFrame
        The rows and columns of `frame` with smoothed ``value``, each curve's rows together; `frame` itself where the
        smoothing changes nothing. NaN, infinite and null values stay what they are.

    Raises
    ------
    ParameterError
        As :func:`smooth_curves`.
    """
    if _is_idle(check_smoothing(smoothing), smoothing):
        return frame
    together, slices = with_curves_together(frame)
    value = together["value"]
    step = together["step"].to_numpy()
    curves = CurveSet(
        tuple(together["run"].gather([rows.start for rows in slices])),
        np.array([0, *(rows.stop for rows in slices)], dtype=np.intp),
        step,
        together["wall_time"].to_numpy(),
        step.astype(np.float64),
        value.fill_null(np.nan).to_numpy(),
    )
    smoothed = pl.Series("value", smooth_curves(curves, smoothing).value)
    return together.with_columns(pl.when(value.is_not_null()).then(smoothed).alias("value"))


def parse_smoothing(text: str) -> Smoothing:
    """Read ``"none"``, ``"ema:0.9"``, ``"mean:50"`` or ``"mean:50:axis"``; without a unit, the usual one of the kind.

    Raises
    ------
    ParameterError
        Not of this form, no such kind, a unit that it does not know, or a width out of its range.
    """
    kind, colon, rest = text.partition(":")
    width_text, has_unit, unit = rest.partition(":")
    try:
        width = float(width_text) if colon else 0.0
    except ValueError:
        raise ParameterError(f"Expected a number after {kind + ':'!r}; got {width_text!r}. {_HINT}") from None
    smoother = SMOOTHERS.get(kind)
    if smoother and smoother.width_name and not colon:
        raise ParameterError(f"Expected a width after {kind!r}; got none. {_HINT}")
    if has_unit and unit not in get_args(WidthUnit):
        raise ParameterError(f"Expected points or axis after {kind}:{width_text}:; got {unit!r}. {_HINT}")
    usual = smoother.units[0] if smoother else "points"
    smoothing = Smoothing(kind, width, cast(WidthUnit, unit) if has_unit else usual)
    check_smoothing(smoothing)
    return smoothing


def _is_idle(smoother: Smoother, smoothing: Smoothing) -> bool:
    return smoothing.unit == "points" and smoothing.width == smoother.idle_width


def _shares(curves: CurveSet) -> list[range]:
    """Numbers of the curves, in shares of about as many points: few enough to hand out, enough to even out."""
    cuts = np.linspace(0, len(curves.value), 4 * THREADS + 1)
    bounds = np.searchsorted(curves.starts, cuts).tolist()
    return [range(*share) for share in pairwise(bounds) if share[0] < share[1]]


def _smooth_finite(values: Floats, x: Floats, apply: Callable[[Floats, Floats, float], Floats], width: float) -> Floats:
    if len(values) < 2:
        return values
    low, high = values.min(), values.max()
    if not (math.isfinite(low) and math.isfinite(high)):
        finite = np.isfinite(values)
        smoothed = values.copy()
        smoothed[finite] = _smooth_finite(values[finite], x[finite], apply, width)
        return smoothed
    if max(-low, high) > LARGE:
        return np.clip(apply(values * FRACTION, x, width), -LARGEST, LARGEST) / FRACTION
    return apply(values, x, width)


def _falling(name: str, smoothing: Smoothing) -> str:
    return (
        f"Expected an x axis that never falls for the smoothing {smoothing.kind!r} over its unit; that of {name!r} "
        f"does. Hint: sort by x, or count the width in points, such as mean:50 or ema:0.9."
    )


_HINT = "Hint: write none or KIND:WIDTH, such as ema:0.9, mean:50 or gaussian:5; mean:50:axis counts on the x axis."
