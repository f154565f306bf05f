"""Quantiles across runs at each step, and one run's values as a heat map."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from rlcompare.charts.quantiles import FanLook, columns_of, heat_map_chart
from rlcompare.curves import CurveSet, Points
from rlcompare.errors import ParameterError
from rlcompare.metrics import title_of
from rlcompare.transforms.stretches_of_steps import Values
from rlcompare.transforms.tails import means_of, median_run
from rlcompare.ui import controls, quantile_frames, quantile_parts, quantile_stages
from rlcompare.ui import quantile_words as words
from rlcompare.ui.captions import listing
from rlcompare.ui.pandas_import import IMPORTING
from rlcompare.ui.quantile_controls import choose_run
from rlcompare.ui.quantile_parts import Part
from rlcompare.ui.quantile_view import View, bands_told, draw_fan, steps_axis, x_title

#: Of the runs at each step: the bands of the aggregation.
RUN_BANDS = ((0.25, 0.75), (0.05, 0.95))


def show_runs(view: View) -> None:
    """Draw for each group the quantiles of its runs at each step, and mark the run in the middle."""
    groups = _groups(view)
    if not groups:
        st.info("Two runs or more are needed. Choose more runs in the sidebar.")
        return
    columns: list[Any] = []
    narrow = len(groups) > 1
    made = []
    for label, parts in groups:
        values = {run: one for part in parts for run, one in _logged(part, view.asked.metric).items() if len(one)}
        try:
            made.append((label, values, *_bands(label, parts, values, view.asked.metric)))
        except ParameterError as error:
            controls.show_error("The quantiles of these runs cannot be drawn.", f"{label}: {error}")
    ends = [quantile_frames.runs_ends(outer, curves) for _, _, _, outer, curves in made]
    for number, (label, values, inner, outer, curves) in enumerate(made):
        if not columns:
            columns = list(st.columns(columns_of(len(made)))) if narrow else [st.container()]
        at = median_run(means_of([one.between(view.stretch.low, view.stretch.high) for one in values.values()]))
        middle = None if at is None else list(values)[at]
        look = FanLook(
            title=label,
            x=steps_axis(view.unit, narrow=narrow),
            y_title=title_of(view.asked.metric),
            domain=view.domain if narrow else (label,),
            counted="runs",
            told=(("n", "runs"), ("center", "median"), *bands_told(RUN_BANDS)),
            with_runs=True,
            narrow=narrow,
        )
        axes = quantile_frames.view(
            (min(x[0] for x, _ in ends), max(x[1] for x, _ in ends)),
            (min(y[0] for _, y in ends), max(y[1] for _, y in ends)),
            view.stretch,
        )
        with columns.pop(0), st.container(key=f"quantiles_runs_{number}"):
            frames = quantile_frames.runs_frames(inner, outer, curves, middle)
            draw_fan(look, {"view": axes, **frames}, f"quantiles_runs_chart_{number}")
            name = view.run_labels[middle] if middle else ""
            controls.note(words.runs_note(inner, name, view.stretch, view.unit))
    alone = [part.label for part in view.parts if len(part.runs) < 2]
    if narrow and alone:
        controls.note(f"One run alone has no quantiles across runs: {listing(alone)}.")


def _groups(view: View) -> list[tuple[str, list[Part]]]:
    """Find groups of two runs or more; without groups all runs together, those of training or else of validation."""
    if view.asked.grouping.kind != "none":
        return [(part.label, [part]) for part in view.parts if len(part.runs) > 1]
    parts = [part for part in view.parts if not part.is_validation] or list(view.parts)
    return [(f"{len(parts)} runs", parts)] if len(parts) > 1 else []


def _logged(part: Part, metric: str) -> dict[str, Values]:
    single = {run: part.runs.select([run]) for run in part.runs.ids}
    return {run: quantile_stages.logged(one, one.fingerprint, metric) for run, one in single.items()}


def _bands(label: str, parts: list[Part], values: dict[str, Values], metric: str) -> tuple[Any, Any, CurveSet]:
    points = [Points(one.step, np.full(len(one), np.nan), one.value) for one in values.values()]
    curves = CurveSet.joined(list(values), points)
    key = " ".join(part.runs.fingerprint for part in parts)
    inner, outer = quantile_stages.quartiles_of_runs(curves, key, metric, label)
    return inner, outer, curves


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
