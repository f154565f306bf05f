"""What the Quantiles page computes, each part cached by the runs' fingerprint and what was chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import streamlit as st

from rlcompare.curves import CurveSet
from rlcompare.metrics import SampledAs, Siblings
from rlcompare.runs import Runs
from rlcompare.stats.quantiles import (
    Distribution,
    counts_by_stretch,
    distribution,
    histogram_edges,
    of_sorted,
)
from rlcompare.stats.sample import Floats
from rlcompare.store.samples import parts_of
from rlcompare.transforms import Aggregation, GroupBand, aggregate
from rlcompare.transforms.apart import Apart, apart
from rlcompare.transforms.fans import (
    Fan,
    HeatMap,
    Logged,
    Quantiles,
    beside,
    fan_of_logged,
    fan_of_values,
    heat_map,
)
from rlcompare.transforms.stretches_of_steps import Values, values_of
from rlcompare.transforms.worker_steps import NEEDED, on_one_axis

#: Bins of a histogram at most, for which half a page has room, and at least where there are many values.
MOST_BINS, FEWEST_BINS = 80, 30
#: Quantiles of a box: whiskers, quartiles and median.
BOX = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Stretch:
    """A part of the training, in steps, both ends included."""

    low: int
    high: int


@st.cache_resource(max_entries=256, show_spinner="Reading samples …")
def sampled(_run: Runs, fingerprint: str, what: SampledAs) -> Values:  # noqa: ARG001 - the key of the cache
    """Single values of one run; none where it has no such samples."""
    wanted = ["step", "split", what.column, *(["length_unit"] if what.length_unit else [])]
    # Several logs may be of as many environments.
    several = any(sum(map(bool, logs)) > 1 for logs in _sample_logs(_run))
    frame = _run.samples(dict.fromkeys([*wanted, *NEEDED]) if several else wanted)
    if several:
        frame = on_one_axis(frame)
    is_meant = (pl.col("split") == what.split) & pl.col(what.column).is_not_null()
    if what.length_unit:
        is_meant &= pl.col("length_unit") == what.length_unit
    found = frame.lazy().filter(is_meant).select("step", what.column).collect()
    return values_of(found["step"].to_numpy(), found[what.column].to_numpy())


def _sample_logs(run: Runs) -> list[list[tuple[str, ...]]]:
    """List of each run that is not joined of others which files of samples its logs have."""
    return [[source.samples for source in part.sources] for record in run.records for part, _ in parts_of(record)]


@st.cache_resource(max_entries=256, show_spinner="Reading the curves …")
def logged(_run: Runs, fingerprint: str, metric: str) -> Values:  # noqa: ARG001 - the key of the cache
    """Return what one run logged of a metric: of a restarted one the later history, of several workers the mean."""
    return _values(_run.curve_set(metric))


@st.cache_resource(max_entries=256, show_spinner="Reading the curves …")
def logged_spread(_run: Runs, fingerprint: str, metric: str, siblings: Siblings) -> Logged:
    """Return what one run logged as mean, and what it logged beside it."""
    mean = logged(_run, fingerprint, metric)
    if siblings.spread:
        return beside(mean, _values(_run.curve_set(siblings.spread)))
    low, high = _run.curve_set(siblings.low, workers="min"), _run.curve_set(siblings.high, workers="max")
    return Logged(mean, _values(low), _values(high))


def _values(curves: CurveSet) -> Values:
    return values_of(curves.step, curves.value)


@st.cache_resource(max_entries=64, show_spinner="Computing quantiles …")
def fan_of_samples(
    _runs: Sequence[Values],
    fingerprint: str,  # noqa: ARG001 - the key of the cache, with what the values are
    what: SampledAs | str,  # noqa: ARG001
    bands: tuple[Quantiles, ...],
) -> Fan:
    """Median and bands of single values."""
    return fan_of_values(_runs, bands)


@st.cache_resource(max_entries=64, show_spinner=False)
def fan_of_spread(
    _runs: Sequence[Logged],
    fingerprint: str,  # noqa: ARG001 - the key of the cache, with the metric
    metric: str,  # noqa: ARG001
    extremes: bool,
) -> Fan:
    """Mean and what was logged of the spread."""
    return fan_of_logged(_runs, extremes=extremes)


@dataclass(frozen=True, eq=False)
class Compared:
    """Distributions of several runs or groups in a stretch of their trainings.

    Parameters
    ----------
    labels : tuple of str
        Of those that have values there.
    functions : tuple of Distribution
    boxes : ndarray, shape (n_labels, 5)
        Quantiles of :data:`BOX`.
    means : ndarray, shape (n_labels,)
    edges : ndarray, shape (n_bins + 1,)
        Of the bins that all share.
    counts : ndarray of int64, shape (n_labels, n_bins)
    low, high : float
        Ends of the x axis.
    n_outside : int
        Values beyond them.
    """

    labels: tuple[str, ...]
    functions: tuple[Distribution, ...]
    boxes: Floats
    means: Floats
    edges: Floats
    counts: np.ndarray[tuple[int, int], np.dtype[np.int64]]
    low: float
    high: float
    n_outside: int


@st.cache_resource(max_entries=32, show_spinner="Comparing distributions …")
def compared(
    _values_of: dict[str, Sequence[Values]],
    fingerprint: tuple[tuple[str, str], ...],  # noqa: ARG001 - the key of the cache, with what the values are
    what: tuple[SampledAs | str, ...],  # noqa: ARG001
    stretch: Stretch,
    without_outliers: bool,
) -> Compared | None:
    """Compare the values of a stretch; None where nobody has any.

    Parameters
    ----------
    _values_of : dict of label to Values of its runs
    fingerprint, what
        Of the runs behind each label, and which values they are.
    stretch : Stretch
    without_outliers : bool
        The x axis covers 1 to 99 % of each.
    """
    samples = {
        label: np.sort(np.concatenate([run.between(stretch.low, stretch.high).value for run in runs]))
        for label, runs in _values_of.items()
    }
    samples = {label: values for label, values in samples.items() if len(values)}
    if not samples:
        return None
    ends = [of_sorted(values, (0.01, 0.99) if without_outliers else (0.0, 1.0)) for values in samples.values()]
    low, high = min(float(pair[0]) for pair in ends), max(float(pair[1]) for pair in ends)
    inside = [values[(values >= low) & (values <= high)] for values in samples.values()]
    edges = histogram_edges(inside, MOST_BINS, min(FEWEST_BINS, math.isqrt(min(map(len, inside)))))
    counts = [counts_by_stretch(np.zeros(len(v), np.intp), v, edges, 1)[0] for v in inside]
    return Compared(
        labels=tuple(samples),
        functions=tuple(distribution(values) for values in samples.values()),
        boxes=np.array([of_sorted(values, BOX) for values in samples.values()]),
        means=np.array([values.mean() for values in samples.values()]),
        edges=edges,
        counts=np.array(counts),
        low=min(low, float(edges[0])),
        high=max(high, float(edges[-1])),
        n_outside=sum(len(v) for v in samples.values()) - sum(len(v) for v in inside),
    )


@st.cache_resource(max_entries=32, show_spinner="Permuting …")
def distance_of(
    _one: Sequence[Values],
    _other: Sequence[Values],
    fingerprints: tuple[str, str],  # noqa: ARG001 - the key of the cache, with what the values are
    what: tuple[SampledAs | str, ...],  # noqa: ARG001
    stretch: Stretch,
) -> Apart | None:
    """Distance of two samples in a stretch; None where one is empty."""
    sides = [[run.between(stretch.low, stretch.high) for run in side] for side in (_one, _other)]
    return apart(sides[0], sides[1])


@st.cache_resource(max_entries=16, show_spinner=False)
def heat_map_of(
    _values: Values,
    fingerprint: str,  # noqa: ARG001 - the key of the cache, with what the values are
    what: SampledAs | str,  # noqa: ARG001
) -> tuple[HeatMap, Fan]:
    """Count values by stretch and bin, and find the median of each stretch."""
    return heat_map([_values]), fan_of_values([_values], [])


@st.cache_resource(max_entries=16, show_spinner="Aggregating …")
def quartiles_of_runs(
    _curves: CurveSet,
    fingerprint: str,  # noqa: ARG001 - the key of the cache
    metric: str,  # noqa: ARG001
    label: str,
) -> tuple[GroupBand, GroupBand]:
    """Median of runs at each step, once between the quartiles and once between the 5th and 95th percentile."""
    group_of = dict.fromkeys(_curves.names, label)
    (inner,) = aggregate(_curves, group_of, Aggregation("median", "iqr", ends="shrink"))
    (outer,) = aggregate(_curves, group_of, Aggregation("median", "p5_95", ends="shrink"))
    return inner, outer
