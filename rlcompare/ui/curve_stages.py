"""The way from runs to what is drawn, stage by stage, each cached: a choice redoes only what comes after it.

Large results are shared between sessions, not copied: nobody changes them in place. The runs themselves are not hashed;
their fingerprint stands for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

import numpy as np
import polars as pl
import streamlit as st

from rlcompare.curves import CurveSet, Points, run_of
from rlcompare.errors import UnknownMetricError
from rlcompare.grouping import GroupBy, group_runs
from rlcompare.histories import RESTART, Logged
from rlcompare.metrics import PER_STEP
from rlcompare.runs import Runs
from rlcompare.transforms import (
    Aggregation,
    GroupBand,
    Smoothing,
    aggregate,
    place_on_axis,
    place_on_metric,
    smooth_curves,
)
from rlcompare.ui import access
from rlcompare.ui.curve_options import Which, XChoice

SECONDS_A_MINUTE = 60

T = TypeVar("T")


@st.cache_resource(max_entries=12, show_spinner="Reading the curves …")
def logged(_runs: Runs, fingerprint: str, metric: str, which: Which) -> Logged:
    """Curves and restarts of a metric or formula, none where no run has it."""
    asked = access.asked_for(_runs, metric)
    try:
        read = [
            _runs.logged(name, restarts=which.restarts, workers=which.workers)
            for name in ([asked] if isinstance(asked, str) else asked.metrics)
        ]
    except UnknownMetricError:
        return Logged(CurveSet.joined([], []), pl.DataFrame(schema=RESTART))
    if isinstance(asked, str):
        return read[0]
    has_it = set(access.sources(_runs, fingerprint, metric)["run"])
    frames = [
        one.curves.only([name for name in one.curves.names if run_of(name) in has_it]).frame(key)
        for one, key in zip(read, asked.metrics, strict=True)
    ]
    restarts = pl.concat([one.restarts for one in read]).unique(["run", "step"], keep="first", maintain_order=True)
    return Logged(CurveSet.from_frame(asked.of(pl.concat(frames))), restarts)


@st.cache_resource(max_entries=12, show_spinner=False)
def placed(_runs: Runs, fingerprint: str, metric: str, which: Which, x: XChoice) -> CurveSet:
    """Curves of a metric on the x axis: in steps, in minutes, in Unix seconds, or in the unit of a metric."""
    curves = logged(_runs, fingerprint, metric, which).curves
    if x.axis == "metric":
        return place_on_metric(curves, _counted(_runs, fingerprint, x.metric, which))
    if x.axis == "step":
        return curves
    table = access.run_table(_runs, fingerprint, 0)
    started = {run: at for run, at in table.select("run", "started").rows() if at is not None}
    return place_on_axis(curves, x.axis, started)


def _counted(runs: Runs, fingerprint: str, metric: str, which: Which) -> CurveSet:
    """Curves of what the x axis counts; what is logged a step is summed up where no run logs the sum."""
    curves = logged(runs, fingerprint, metric, which).curves
    have = {name: (curves, part) for name, part in zip(curves.names, curves.slices, strict=True)}
    for key in PER_STEP.get(metric, ()):
        each = logged(runs, fingerprint, key, which).curves
        sums = each.with_values(np.concatenate([np.empty(0), *(np.nancumsum(each.value[p]) for p in each.slices)]))
        have |= {n: (sums, part) for n, part in zip(sums.names, sums.slices, strict=True) if n not in have}
    points = [Points(of.step[part], of.wall_time[part], of.value[part]) for of, part in have.values()]
    return CurveSet.joined(list(have), points)


class _Latest:
    """The last result of a stage, and what it was made with.

    Results of every smoothing that was ever chosen would fill the memory, and memory that was never used is slow.
    """

    def __init__(self) -> None:
        self._held: tuple[object, Any] = (None, None)

    def get(self, made_with: object, make: Callable[[], T]) -> T:
        known, result = self._held
        if known == made_with:
            return cast(T, result)
        made = make()
        self._held = (made_with, made)
        return made


@st.cache_resource(max_entries=24, show_spinner=False)
def _latest(stage: str, *made_from: object) -> _Latest:  # noqa: ARG001 - the key of the cache
    return _Latest()


def smoothed(runs: Runs, fingerprint: str, metric: str, which: Which, x: XChoice, smoothing: Smoothing) -> CurveSet:
    """Smooth every point of the placed curves; those themselves where nothing is to be smoothed.

    A width in the x axis' unit is one in minutes where the axis is the clock.
    """
    curves = placed(runs, fingerprint, metric, which, x)
    if x.axis == "wall" and smoothing.unit == "axis":
        smoothing = replace(smoothing, width=smoothing.width * SECONDS_A_MINUTE)
    latest = _latest("smoothed", fingerprint, metric, which, x)
    return latest.get(smoothing, lambda: smooth_curves(curves, smoothing))


@st.cache_data(max_entries=16, show_spinner=False)
def groups(_runs: Runs, fingerprint: str, by: GroupBy) -> dict[str, str]:  # noqa: ARG001 - the key of the cache
    """Group of each run of the whole library."""
    return group_runs(_runs, by)


def bands(
    curves: CurveSet,
    made_from: tuple[object, ...],
    label_of: Mapping[str, str],
    how: Aggregation,
    baseline: str,
) -> tuple[GroupBand, ...]:
    """Centre and band of each group.

    Parameters
    ----------
    curves : CurveSet
        Placed and smoothed.
    made_from : tuple
        What the curves were made from before they were smoothed.
    label_of : mapping of curve name to the label of its group
    how : Aggregation
    baseline : str
        Label of a group, or empty.

    Raises
    ------
    ParameterError
        An x that falls within a curve.
    """
    # The curves are the same object as long as nothing before this stage has changed.
    made_with = (id(curves), tuple(label_of.items()), how, baseline)
    latest = _latest("bands", *made_from)
    _, found = latest.get(
        made_with, lambda: (curves, tuple(aggregate(curves, label_of, how, baseline=baseline or None)))
    )
    return found
