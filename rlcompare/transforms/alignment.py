"""The curves of one group at the same places on the x axis.

Every group is aligned on its own: what its curves look like never depends on another group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, cast

import numpy as np

from rlcompare.curves import CurveSet
from rlcompare.errors import ParameterError
from rlcompare.stats import Floats, Sample

#: What counts where curves of a group start or end at different x. ``common``: only the stretch that all of them
#: cover. ``carry``: a curve's last finite value goes on to the group's end. ``shrink``: whoever is there.
Ends = Literal["common", "carry", "shrink"]

#: Points of a grid at most.
MOST_POINTS = 200_000


@dataclass(frozen=True)
class Alignment:
    """How curves came to share their x.

    Parameters
    ----------
    exact : bool
        They had the same x where they overlap; nothing was interpolated.
    spacing : float, optional
        Distance of the points that were interpolated at, in the unit of x, where these are a grid.
    """

    exact: bool
    spacing: float | None = None


@dataclass(frozen=True, eq=False)
class _Track:
    """One curve: x ascending without repetition, floats or whole steps; values finite or NaN."""

    name: str
    x: Floats
    value: Floats


@dataclass(frozen=True, eq=False)
class Aligned:
    """The curves of one group at the same places.

    Parameters
    ----------
    members : tuple of str
        Names of the curves, sorted.
    x : ndarray, shape (n_x,), ascending
    sample : Sample of shape (n_members, n_x)
        NaN where a curve does not count.
    alignment : Alignment
    ends : tuple of (name, last x)
        Curves that end before the last one does.
    stretch : tuple of float
        From where to where the group reaches.
    """

    members: tuple[str, ...]
    x: Floats
    sample: Sample
    alignment: Alignment
    ends: tuple[tuple[str, float], ...]
    stretch: tuple[float, float]
    _tracks: tuple[_Track, ...]
    _carry: bool

    def at(self, x: Floats) -> tuple[Sample, Alignment]:
        """Return the curves at other places: those they have, or else by interpolation inside each curve.

        Parameters
        ----------
        x : ndarray, ascending, within `stretch`
        """
        if np.array_equal(x, self.x):
            return self.sample, self.alignment
        places = np.minimum(np.searchsorted(self.x, x), len(self.x) - 1)
        if len(self.x) and np.array_equal(self.x[places], x):
            return Sample(self.sample.values[:, places]), self.alignment
        return Sample(_interpolated(self._tracks, x, self._carry)), Alignment(exact=False)


def align(curves: CurveSet, numbers: Sequence[int], ends: Ends) -> Aligned:
    """Bring curves of one group to the same places.

    Where they have the same x over the stretch used, these are the places. Otherwise each curve is interpolated
    linearly, inside its own range only, at the multiples of a power of two (in the unit of x) that is at most the
    median interval of their x: the places are fixed by the axis, so that curves that grow keep them. A value that is
    not finite does not count, and nothing is interpolated from it. Several records at one x of a curve are averaged
    first, those that are finite.

    Parameters
    ----------
    curves : CurveSet
    numbers : sequence of int
        Which curves, at least one; each has at least one value.
    ends : {"common", "carry", "shrink"}

    Returns
    -------
    Aligned

    Raises
    ------
    ParameterError
        An x that falls within a curve, or is not finite.
    """
    # In the order of their names, so that the order of the curves does not even change how sums are rounded.
    tracks = sorted((_track(curves, number) for number in numbers), key=lambda track: track.name)
    firsts, lasts = ([float(track.x[place]) for track in tracks] for place in (0, -1))
    stretch = (max(firsts), min(lasts)) if ends == "common" else (min(firsts), max(lasts))
    cut = [_cut(track, stretch) for track in tracks]
    x = _shared_x([track.x for track in cut], everywhere=ends == "common")
    if x is not None:
        alignment = Alignment(exact=True)
        values = _placed(cut, x)
        if ends == "carry":
            _carry_on(values, cut, x)
    else:
        spacing = _spacing(tracks, stretch)
        alignment = Alignment(exact=False, spacing=spacing)
        x = _grid(stretch, spacing)
        values = _interpolated(tracks, x, carry=ends == "carry")
    return Aligned(
        members=tuple(track.name for track in tracks),
        x=x.astype(np.float64, copy=False),
        sample=Sample(values),
        alignment=alignment,
        ends=tuple((track.name, last) for track, last in zip(tracks, lasts, strict=True) if last < max(lasts)),
        stretch=stretch,
        _tracks=tuple(tracks),
        _carry=ends == "carry",
    )


def _track(curves: CurveSet, number: int) -> _Track:
    rows = slice(curves.starts[number], curves.starts[number + 1])
    # Whole steps stay whole: all of them as numbers of another kind would cost more than the alignment.
    name, x, value = curves.names[number], cast(Floats, curves.x[rows]), curves.value[rows]
    finite = np.isfinite(value)
    if not finite.all():
        value = np.where(finite, value, np.nan)
    if not (x[1:] > x[:-1]).all():
        x, value = _averaged(name, x, value)
    if not np.isfinite(x[[0, -1]]).all():
        raise ParameterError(f"Expected finite x; got {x[0]:g} to {x[-1]:g} in {name!r}. {_HINT}")
    return _Track(name, x, value)


def _averaged(name: str, x: Floats, value: Floats) -> tuple[Floats, Floats]:
    """One value an x: the mean of the finite ones."""
    falls = np.flatnonzero(~(x[1:] >= x[:-1]))
    if len(falls):
        before, after = x[falls[0]], x[falls[0] + 1]
        raise ParameterError(f"Expected x that never falls; {name!r} goes from {before:g} to {after:g}. {_HINT}")
    starts = np.flatnonzero(np.append(True, x[1:] > x[:-1]))
    counts = np.add.reduceat((~np.isnan(value)).astype(np.float64), starts)
    totals = np.add.reduceat(np.nan_to_num(value), starts)
    return x[starts], totals / np.where(counts > 0, counts, np.nan)


def _cut(track: _Track, stretch: tuple[float, float]) -> _Track:
    # Both are places of some curve, so exact in the kind of number that x is.
    first, last = np.array(stretch).astype(track.x.dtype)
    rows = slice(np.searchsorted(track.x, first, side="left"), np.searchsorted(track.x, last, side="right"))
    return _Track(track.name, track.x[rows], track.value[rows])


def _shared_x(curves: Sequence[Floats], *, everywhere: bool) -> Floats | None:
    """Return the x of all curves together if each has, `everywhere` or within its own range, all of them."""
    if everywhere:
        return curves[0] if all(np.array_equal(x, other) for x, other in pairwise(curves)) else None
    # From the first to begin on: what a curve shares with those before lies where it begins.
    first, *others = sorted(curves, key=lambda x: (x[0], -x[-1]))
    shared = first
    for x in others:
        start = np.searchsorted(shared, x[0])
        n_known = min(len(shared) - start, len(x))
        if not np.array_equal(shared[start : start + n_known], x[:n_known]):
            return None
        if n_known < len(x):
            shared = np.concatenate((shared, x[n_known:]))
    return shared


def _placed(tracks: Sequence[_Track], x: Floats) -> Floats:
    values = np.full((len(tracks), len(x)), np.nan)
    for row, track in zip(values, tracks, strict=True):
        if len(track.x):
            start = np.searchsorted(x, track.x[0])
            row[start : start + len(track.x)] = track.value
    return values


def _spacing(tracks: Sequence[_Track], stretch: tuple[float, float]) -> float:
    """Largest power of two up to the median interval of all curves, larger where the grid would be too long."""
    # The exponents stand in the order of the intervals and are found ten times as fast as the median.
    exponents = np.frexp(np.concatenate([np.diff(track.x) for track in tracks]))[1]
    middle = (len(exponents) - 1) // 2
    spacing = 2.0 ** (int(np.partition(exponents, middle)[middle]) - 1)
    while (stretch[1] - stretch[0]) / spacing > MOST_POINTS:
        spacing *= 2
    return spacing


def _grid(stretch: tuple[float, float], spacing: float) -> Floats:
    first, last = stretch
    return np.arange(np.ceil(first / spacing), np.floor(last / spacing) + 1) * spacing


def _interpolated(tracks: Sequence[_Track], x: Floats, carry: bool) -> Floats:
    # A NaN makes both intervals beside it NaN, so that nothing is interpolated over it.
    values = np.array([np.interp(x, track.x, track.value, left=np.nan, right=np.nan) for track in tracks])
    if carry:
        _carry_on(values, tracks, x)
    return values


def _carry_on(values: Floats, tracks: Sequence[_Track], x: Floats) -> None:
    for row, track in zip(values, tracks, strict=True):
        finite = np.flatnonzero(~np.isnan(track.value))
        if len(finite):
            row[np.searchsorted(x, track.x[-1], side="right") :] = track.value[finite[-1]]


_HINT = "Hint: draw these runs one by one, or choose the axis step."
