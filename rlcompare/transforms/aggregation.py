"""Many runs as one line and one band a group, honest about method, level and number of runs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from rlcompare import schema
from rlcompare.curves import CurveSet, Floats
from rlcompare.errors import ParameterError
from rlcompare.stats import Interval, Sample
from rlcompare.transforms.alignment import Aligned, Alignment, Ends, align
from rlcompare.transforms.bands import BANDS, CENTERS

#: Keys of :data:`CENTERS` and of :data:`BANDS`.
CenterKind = Literal["mean", "median", "iqm"]
BandKind = Literal["none", "minmax", "sd", "se", "t", "bootstrap", "iqr", "p5_95"]


@dataclass(frozen=True)
class Aggregation:
    """How the runs of a group become one line and one band.

    Parameters
    ----------
    center : {"mean", "median", "iqm"}
        A key of :data:`CENTERS`.
    band : {"none", "minmax", "sd", "se", "t", "bootstrap", "iqr", "p5_95"}
        A key of :data:`BANDS`, one that goes with the centre.
    level : float in (0, 1)
        Of ``t`` and ``bootstrap``.
    ends : {"common", "carry", "shrink"}
        Where runs start or end at different x. ``common``: only the stretch that every run covers. ``carry``: a run's
        last finite value goes on to the group's last x and still counts. ``shrink``: whoever is there counts.

    Raises
    ------
    ParameterError
        No such choice, a band that does not go with the centre, or a level out of its range.
    """

    center: CenterKind = "mean"
    band: BandKind = "t"
    level: float = 0.95
    ends: Ends = "common"

    def __post_init__(self) -> None:
        for name, got, known in (
            ("centre", self.center, tuple(CENTERS)),
            ("band", self.band, tuple(BANDS)),
            ("way with ends", self.ends, get_args(Ends)),
        ):
            if got not in known:
                raise ParameterError(f"Expected a {name} of {', '.join(known)}; got {got!r}. Hint: choose one of them.")
        if self.center not in BANDS[self.band].centers:
            fitting = ", ".join(kind for kind, band in BANDS.items() if self.center in band.centers)
            raise ParameterError(
                f"Expected a band that goes with the centre {self.center!r}; got {self.band!r}. "
                f"Hint: choose one of {fitting}, or the centre {BANDS[self.band].centers[0]!r}."
            )
        if not 0 < self.level < 1:
            raise ParameterError(f"Expected a level between 0 and 1; got {self.level:g}. Hint: 0.95 is 95 %.")


@dataclass(frozen=True, eq=False)
class Baseline:
    """The group that a difference is to.

    Parameters
    ----------
    group : str
    members : tuple of str
        Names of its curves, sorted.
    n : ndarray of int64, shape (n_x,)
        Its runs that count at each x. Where it is 1 their spread is unknown: the baseline is taken as fixed.
    alignment : Alignment
        How its runs came to the x of the other group.
    """

    group: str
    members: tuple[str, ...]
    n: NDArray[np.int64]
    alignment: Alignment


@dataclass(frozen=True, eq=False)
class GroupBand:
    """One line and one band for the runs of a group.

    Parameters
    ----------
    group : str
    members : tuple of str
        Names of its curves, sorted.
    x : ndarray, shape (n_x,), ascending
        In the unit of the curves' x.
    center, lower, upper : ndarray, shape (n_x,)
        ``lower <= center <= upper``; `center` is NaN where no run counts, the bounds also where too few do.
    n : ndarray of int64, shape (n_x,)
        Runs that count at each x.
    alignment : Alignment
        Whether its runs had the same x or were interpolated, and at which distance.
    ends : tuple of (name, last x)
        Curves that end before the last one of the group does.
    description : str
        What was drawn: centre, n, method and level of the band, and the baseline.
    baseline : Baseline, optional
        What was subtracted.
    """

    group: str
    members: tuple[str, ...]
    x: Floats
    center: Floats
    lower: Floats
    upper: Floats
    n: NDArray[np.int64]
    alignment: Alignment
    ends: tuple[tuple[str, float], ...]
    description: str
    baseline: Baseline | None = None


def aggregate(
    curves: CurveSet, group_of: Mapping[str, str], how: Aggregation, *, baseline: str | None = None
) -> list[GroupBand]:
    """Draw the runs of each group as one line and one band.

    Each group is aligned on its own, see :func:`rlcompare.transforms.alignment.align`: adding or hiding a group never
    changes another. A value that is not finite does not count at its x. Several records at one x of a run are averaged
    first.

    Parameters
    ----------
    curves : CurveSet
        Placed on their axis and smoothed.
    group_of : mapping of curve name to group
        A curve that it does not name is left out, as is one without values.
    how : Aggregation
    baseline : str, optional
        A group. Every other one is drawn as its centre minus that of this group, over the stretch that both reach; the
        band is that of a difference of independent groups, and the baseline itself is left out. A baseline of one run
        is taken as fixed.

    Returns
    -------
    list of GroupBand, groups in order of first appearance in `curves`

    Raises
    ------
    ParameterError
        An x that falls within a curve, or a baseline that is not one of the groups.

    Notes
    -----
    A bootstrap interval, or percentiles of differences between runs, may in rare cases not hold the centre: the band is
    then extended to it.
    """
    groups: dict[str, list[int]] = {}
    lengths = np.diff(curves.starts).tolist()
    for number, (name, length) in enumerate(zip(curves.names, lengths, strict=True)):
        if length and name in group_of:
            groups.setdefault(group_of[name], []).append(number)
    fixed = None
    if baseline is not None:
        if baseline not in groups:
            known = ", ".join(groups) or "no group"
            raise ParameterError(f"Expected a baseline of {known}; got {baseline!r}. Hint: choose one that is drawn.")
        fixed = (baseline, align(curves, groups.pop(baseline), how.ends))

    def band(group: str) -> GroupBand:
        aligned = align(curves, groups[group], how.ends)
        return _band(group, aligned, how) if fixed is None else _difference(group, aligned, how, *fixed)

    # NumPy lets other threads run while it computes.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(band, groups))


def bands_frame(bands: Sequence[GroupBand], metric: str) -> pl.DataFrame:
    """Return bands as one frame.

    Parameters
    ----------
    bands : sequence of GroupBand
    metric : str

    Returns
    -------
    DataFrame with the columns of ``schema.BAND``: ``step`` is x; what there is none of is null
    """
    frames = [
        pl.DataFrame(
            {
                "step": band.x,
                "center": band.center,
                "lower": band.lower,
                "upper": band.upper,
                "n_runs": band.n,
            }
        ).select(
            pl.lit(band.group).alias("group"),
            pl.lit(metric).alias("metric"),
            "step",
            pl.col("center", "lower", "upper").fill_nan(None),
            "n_runs",
        )
        for band in bands
    ]
    return pl.concat([pl.DataFrame(schema=schema.BAND), *frames])


def _band(group: str, aligned: Aligned, how: Aggregation) -> GroupBand:
    center = CENTERS[how.center].estimate(aligned.sample)
    lower, upper = _bounds(center, aligned.sample, None, how)
    return GroupBand(
        group=group,
        members=aligned.members,
        x=aligned.x,
        center=center,
        lower=lower,
        upper=upper,
        n=aligned.sample.n,
        alignment=aligned.alignment,
        ends=aligned.ends,
        description=BANDS[how.band].describe(how.level, aligned.sample.n, center=how.center),
    )


def _difference(group: str, aligned: Aligned, how: Aggregation, baseline: str, fixed: Aligned) -> GroupBand:
    first, last = fixed.stretch
    rows = slice(np.searchsorted(aligned.x, first, side="left"), np.searchsorted(aligned.x, last, side="right"))
    x = aligned.x[rows]
    sample = aligned.sample if len(x) == len(aligned.x) else Sample(aligned.sample.values[:, rows])
    other, alignment = fixed.at(x)
    estimate = CENTERS[how.center].estimate
    center = estimate(sample) - estimate(other)
    lower, upper = _bounds(center, sample, other, how)
    return GroupBand(
        group=group,
        members=aligned.members,
        x=x,
        center=center,
        lower=lower,
        upper=upper,
        n=sample.n,
        alignment=aligned.alignment,
        ends=aligned.ends,
        description=BANDS[how.band].describe(
            how.level, sample.n, center=how.center, baseline=baseline, n_baseline=other.n
        ),
        baseline=Baseline(baseline, fixed.members, other.n, alignment),
    )


def _bounds(center: Floats, sample: Sample, other: Sample | None, how: Aggregation) -> Interval:
    band = BANDS[how.band]
    lower, upper = band.interval(sample, other, CENTERS[how.center], how.level)
    there = sample.n >= band.fewest_runs
    # Also where a mean of equal values is rounded to beside them.
    lower, upper = np.minimum(lower, center), np.maximum(upper, center)
    return np.where(there, lower, np.nan), np.where(there, upper, np.nan)
