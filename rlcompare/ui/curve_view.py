"""The charts of the Curves page on the screen: kept in place while live, zoomed by a stretch marked in one of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from rlcompare.charts.curve_axes import LegendText
from rlcompare.errors import ParameterError
from rlcompare.runs import Runs
from rlcompare.ui import access, captions, controls, curve_charts, rollout_way
from rlcompare.ui.curve_charts import Prepared
from rlcompare.ui.curve_options import CurveOptions, XRange, parse_range, range_text
from rlcompare.ui.curve_panel import CurvePanel
from rlcompare.ui.curve_spec import curve_spec
from rlcompare.ui.smoothing_controls import choose_smoothing

RANGE_KEY = "curves_range"
#: Counts the zooms: a chart under a new key has no stretch marked any more.
ZOOMS_KEY = "curves_zooms"

#: Seconds between two looks at the logs while live, and after which a run's silence is told.
LIVE_EVERY = 3.0
SILENT_AFTER = 60.0


def choose_live() -> bool:
    """Ask whether the charts follow the logs."""
    return st.toggle(
        "Live",
        key="curves_live",
        bind="query-params",
        help=f"Looks for news every {LIVE_EVERY:.0f} seconds and reads only that. Zoom and controls stay as they are.",
    )


def show_curves(metrics: Sequence[str], compared: Sequence[str], options: CurveOptions, *, live: bool) -> None:
    """Draw metrics of runs, and while live draw them again with what is new.

    Parameters
    ----------
    metrics : sequence of str
        Or formulas.
    compared : sequence of str
        Ids of the runs.
    options : CurveOptions
    live : bool
    """
    # The fragment alone runs again: for the next look at the logs, and for a zoom.
    st.fragment(_show, run_every=LIVE_EVERY if live else None)(metrics, compared, options, live)


def _show(metrics: Sequence[str], compared_ids: Sequence[str], options: CurveOptions, live: bool) -> None:
    runs = access.all_runs(LIVE_EVERY - 0.5) if live else access.all_runs()
    ready = set(runs.ids)
    compared = runs.select([run for run in compared_ids if run in ready])
    # Here, so that a change draws the charts alone anew.
    smoothing_place, range_place = st.columns([4, 5], vertical_alignment="bottom")
    with smoothing_place:
        options = replace(options, smoothing=choose_smoothing(options.x))
    with range_place:
        x_range = _choose_range(options)
    prepared = [chart for metric in metrics for chart in curve_charts.prepare(metric, runs, compared, options)]
    silent = _silent(compared) if live else None
    panels = curve_charts.panels(prepared, options, x_range, silent)
    controls.note(f"{captions.how_drawn(options, prepared)} {rollout_way.invitation(compared)}")
    joined = captions.what_is_joined(compared)
    if joined:
        controls.note(joined)
    places: list[Any] = []
    for number, (chart, panel) in enumerate(zip(prepared, panels, strict=True)):
        if not places:
            places = list(st.columns(options.columns)) if options.columns > 1 else [st.container()]
        with places.pop(0), st.container(key=f"curves_chart_{number}"):
            key = _show_chart(number, chart, panel, captions.legend_text(chart, options))
            rollout_way.show_way(key, compared)
            controls.note(captions.what_was_drawn(panel, chart))
            controls.note(captions.what_stands_behind(chart, compared, options))
    for metric in metrics:
        told = captions.left_out(metric, [c for c in prepared if c.metric == metric], compared, options)
        if told:
            controls.note(told)
    if silent:
        controls.note(captions.who_is_silent(silent, access.all_labels(runs.ids)))


def _show_chart(number: int, chart: Prepared, panel: CurvePanel, text: LegendText) -> str:
    """Draw one chart and return its key."""
    window = panel.window
    legend = tuple(sorted(panel.labels))
    spec = curve_spec(chart.title, window.x_axis, panel.left, panel.right, chart.domain, legend, text, panel.look)
    key = f"curves_{number}_{chart.metric}_{chart.unit}_{st.session_state.get(ZOOMS_KEY, 0)}"

    def take() -> None:
        selected = st.session_state[key]["selection"]
        ends, points = selected.get("zoom", {}).get("x"), selected.get("point")
        # Where a drag ends the browser sees a click too.
        if ends:
            low, high = (end / window.screen.scale for end in sorted(ends))
            _set_range(range_text(XRange(low, high, chart.unit), window.x_axis))
        elif points:
            rollout_way.take_point(key, chart.left, points[0]["label"], points[0]["x"] / window.screen.scale)
        else:
            rollout_way.forget_point()

    st.vega_lite_chart(
        spec={**spec, "datasets": panel.frames.datasets()},
        key=key,
        on_select=take,
        selection_mode=["zoom", "point"],
        alt=f"{chart.title}: {captions.count(len(panel.labels), 'line')}",
    )
    return key


def _choose_range(options: CurveOptions) -> XRange | None:
    """Show which part of the x axis is drawn; marking a stretch in a chart sets it, the button takes it back."""
    is_date = options.x.axis == "wall"
    text_place, button_place = st.columns([2, 1], vertical_alignment="bottom")
    with text_place:
        text = st.text_input(
            "Part of the x axis",
            key=RANGE_KEY,
            bind="query-params",
            placeholder="All of it. Drag across a chart to zoom in.",
            label_visibility="collapsed",
        )
    with button_place:
        st.button(
            "Show all",
            key="curves_show_all",
            icon=":material/zoom_out_map:",
            disabled=not text,
            on_click=_set_range,
            args=("",),
            width="stretch",
        )
    try:
        return parse_range(text, is_date=is_date)
    except ParameterError as error:
        controls.show_error("This part of the axis cannot be read.", str(error))
        return None


def _set_range(text: str) -> None:
    rollout_way.forget_point()
    st.session_state[RANGE_KEY] = text
    st.session_state[ZOOMS_KEY] = st.session_state.get(ZOOMS_KEY, 0) + 1


def _silent(compared: Runs) -> dict[str, str]:
    """Tell of each run that has stopped growing for how long it has."""
    now = time.time()
    ages = {run: now - updated for run, updated in compared.table().select("run", "updated").rows()}
    return {run: f"silent for {captions.duration(age)}" for run, age in ages.items() if age > SILENT_AFTER}
