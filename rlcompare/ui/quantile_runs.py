"""Quantiles across runs at each step, and one run's values as a heat map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from rlcompare.charts.quantiles import FanLook, columns_of, heat_map_chart
from rlcompare.curves import CurveSet, Points
from rlcompare.metrics import title_of
from rlcompare.transforms import GroupBand
from rlcompare.transforms.stretches_of_steps import Values
from rlcompare.transforms.tails import means_of, median_run
from rlcompare.ui import controls, quantile_frames, quantile_parts, quantile_stages
from rlcompare.ui import quantile_words as words
from rlcompare.ui.captions import listing
from rlcompare.ui.pandas_import import IMPORTING
from rlcompare.ui.quantile_controls import choose_run
from rlcompare.ui.quantile_parts import Part
from rlcompare.ui.quantile_stages import Stretch
from rlcompare.ui.quantile_view import View, bands_told, draw_fan, steps_axis, x_title

#: Of the runs at each step: the bands of the aggregation.
RUN_BANDS = ((0.25, 0.75), (0.05, 0.95))


@dataclass(frozen=True, eq=False)
class Group:
    """Runs whose quantiles are drawn, those that have values.

    Parameters
    ----------
    label : str
    values : dict of run to Values
        As logged.
    curves : CurveSet
        The same.
    inner, outer : GroupBand
        Their median, with quartiles and with the 5th and 95th percentile.
    """

    label: str
    values: dict[str, Values]
    curves: CurveSet
    inner: GroupBand
    outer: GroupBand

    def middle(self, stretch: Stretch) -> str | None:
        """Return the run whose mean over a stretch is the median of all; None where none has a value there."""
        at = median_run(means_of([one.between(stretch.low, stretch.high) for one in self.values.values()]))
        return None if at is None else list(self.values)[at]


def show_runs(view: View) -> None:
    """Draw for each group the quantiles of its runs at each step, and mark the run in the middle."""
    groups = _groups(view)
    if not groups:
        st.info("Two runs or more are needed. Choose more runs in the sidebar.")
        return
    narrow = len(groups) > 1
    ends = [quantile_frames.runs_ends(group.outer, group.curves) for group in groups]
    axes = quantile_frames.shared_view(ends, view.stretch)
    columns: list[Any] = []
    for number, group in enumerate(groups):
        if not columns:
            columns = list(st.columns(columns_of(len(groups)))) if narrow else [st.container()]
        look = FanLook(
            x=steps_axis(view.unit, narrow=narrow),
            y_title=title_of(view.asked.metric),
            domain=(group.label,) if view.asked.grouping.kind == "none" else view.domain,
            counted="runs",
            told=(("n", "runs"), ("center", "median"), *bands_told(RUN_BANDS)),
            with_runs=True,
            narrow=narrow,
        )
        middle = group.middle(view.stretch)
        with columns.pop(0), st.container(key=f"quantiles_runs_{number}"):
            frames = quantile_frames.runs_frames(group.inner, group.outer, group.curves, middle)
            draw_fan(group.label, look, {"view": axes, **frames}, f"quantiles_runs_chart_{number}")
            name = view.run_labels[middle] if middle else ""
            controls.note(words.runs_note(group.inner, name, view.stretch, view.unit))
    alone = [part.label for part in view.parts if len(part.runs) < 2]
    if alone and view.asked.grouping.kind != "none":
        controls.note(f"One run alone has no quantiles across runs: {listing(alone)}.")


def _groups(view: View) -> list[Group]:
    """Find groups of two runs or more; without groups all runs together, those of training or else of validation."""
    if view.asked.grouping.kind != "none":
        found = [_group(part.label, [part], view.asked.metric) for part in view.parts]
    else:
        parts = [part for part in view.every_part if not part.is_validation] or list(view.every_part)
        found = [_group("", parts, view.asked.metric)]
    return [group for group in found if group is not None]


def _group(label: str, parts: list[Part], metric: str) -> Group | None:
    runs = [part.runs.select([run]) for part in parts for run in part.runs.ids]
    logged = {run.ids[0]: quantile_stages.logged(run, run.fingerprint, metric) for run in runs}
    values = {run: one for run, one in logged.items() if len(one)}
    if len(values) < 2:
        return None
    points = [Points(one.step, np.full(len(one), np.nan), one.value) for one in values.values()]
    curves = CurveSet.joined(list(values), points)
    key = " ".join(part.runs.fingerprint for part in parts)
    label = label or f"{len(values)} runs"
    return Group(label, values, curves, *quantile_stages.quartiles_of_runs(curves, key, metric, label))


def show_heat_map(view: View) -> None:
    """Draw where the values of one run lie, over its whole training."""
    part_of = {run: part for part in view.parts for run in part.runs.ids}
    run = choose_run(list(part_of))
    part = part_of[run]
    values = quantile_parts.values_of(part, view.asked.metric)[part.runs.ids.index(run)]
    if not len(values):
        st.info("This run has no values. Choose another one.")
        return
    fingerprint = part.runs.select([run]).fingerprint
    found, fan = quantile_stages.heat_map_of(values, fingerprint, part.what or view.asked.metric)
    title = quantile_parts.value_title(part, view.asked.metric)
    counted = f"{part.noun}s" if part.source == "samples" else "logged values"
    with st.container(key="quantiles_heat_map"):
        st.vega_lite_chart(
            spec={
                **_heat_spec(x_title(view.unit), title, counted),
                "datasets": quantile_frames.heat_frames(found, fan),
            },
            key="quantiles_heat_map_chart",
            alt=f"{title} over the training",
        )
    label = view.run_labels[run]
    controls.note(words.heat_note(part, label, view.asked.metric, found))


@st.cache_data(max_entries=32, show_spinner=False)
def _heat_spec(x_title: str, y_title: str, counted: str) -> dict[str, Any]:
    with IMPORTING:
        spec: dict[str, Any] = heat_map_chart(x_title, y_title, counted).to_dict()
    return spec
