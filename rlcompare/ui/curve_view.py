"""One metric on the Curves page: its charts, each with its caption."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from rlcompare.charts.learning_curve import XAxis, learning_curve
from rlcompare.charts.palette import color_domain
from rlcompare.metrics import title_of
from rlcompare.runs import Runs
from rlcompare.transforms import Axis, Formula, Smoothing
from rlcompare.ui import access, captions
from rlcompare.ui.controls import note


def show_metric(metric: str, runs: Runs, compared: Runs, *, axis: Axis, smoothing: Smoothing) -> None:
    """Draw a metric of the compared runs, coloured by their place among all runs."""
    labels = access.all_labels(runs.ids)
    title = title_of(metric)
    panels = access.panels(
        compared, compared.fingerprint, metric, axis, smoothing, tuple(labels[run] for run in compared.ids)
    )
    if len(panels) > 1:
        note(f"{title}: these runs count their steps in different units, so each unit has a chart of its own.")
    domain = tuple(color_domain(list(labels.values()), [labels[run] for run in compared.ids]))
    drawn = [panel for panel in panels if panel.labels]
    about = [captions.what_was_drawn(panel) for panel in drawn] or [""]
    about[-1] += " " + _what_stands_behind(
        metric, title, compared, {label for p in drawn for label in p.labels}, labels, axis
    )
    for number, panel in enumerate(drawn):
        unit = f", by {panel.x_axis.title.lower()}" if len(panels) > 1 else ""
        spec = _chart_spec(title + unit, panel.x_axis, domain, panel.labels)
        with st.container(key=f"curves_chart_{metric}_{number}"):
            st.vega_lite_chart(
                spec={**spec, "datasets": panel.frames.datasets()},
                alt=f"{title} of {captions.count(len(panel.labels), 'run')}",
            )
            note(about[number])
    if not drawn:
        note(about[0])


def _what_stands_behind(
    metric: str, title: str, compared: Runs, drawn: set[str], labels: Mapping[str, str], axis: Axis
) -> str:
    sources = access.sources(compared, compared.fingerprint, metric)
    logged_by = set(sources["run"])
    without = [labels[run] for run in compared.ids if run not in logged_by]
    untimed = [labels[run] for run in compared.ids if run in logged_by and labels[run] not in drawn]
    is_formula = isinstance(access.asked_for(compared, metric), Formula)
    where_from = captions.computed_from(title, sources) if is_formula else captions.where_from(metric, title, sources)
    told = [where_from, captions.left_out(title, without, untimed, axis)]
    return " ".join(filter(None, told))


@st.cache_data(max_entries=64, show_spinner=False)
def _chart_spec(title: str, x_axis: XAxis, domain: tuple[str, ...], legend: tuple[str, ...]) -> dict[str, Any]:
    """Build the chart as Vega-Lite: Altair takes a third of a second to build and check it, and it seldom changes."""
    spec: dict[str, Any] = learning_curve(title=title, x_axis=x_axis, domain=domain, legend=sorted(legend)).to_dict()
    return spec
