"""The pair of metrics on the Correlation page: over steps, in the table, and against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rlcompare.charts.correlation import Colored, Lines, Names, binned_scatter, scatter, shown
from rlcompare.charts.palette import color_domain
from rlcompare.curves import run_of
from rlcompare.runs import Runs
from rlcompare.transforms.correlations import correlate_groups
from rlcompare.ui import access, captions, controls, correlation_stages, curve_charts
from rlcompare.ui import correlation_words as words
from rlcompare.ui.correlation_controls import Asked, choose_colored, choose_run
from rlcompare.ui.correlation_frames import scattered
from rlcompare.ui.correlation_stages import Pairs
from rlcompare.ui.correlation_table import rows_of, show_table
from rlcompare.ui.curve_options import CurveOptions, Scales
from rlcompare.ui.curve_spec import curve_spec
from rlcompare.ui.pandas_import import IMPORTING

#: Pixels of the pair over steps: table and chart fit on one screen.
OVER_STEPS_HEIGHT = 290
SYMBOLS = {"pearson": "Pearson's r", "spearman": "Spearman's ρ", "kendall": "Kendall's τ"}


@dataclass(frozen=True, eq=False)
class View:
    """What the parts of the page share.

    Parameters
    ----------
    asked : Asked
    runs, compared : Runs
        The whole library, and those that are compared.
    found : Pairs
    label_of : mapping of run to its label, or to that of its group
    run_labels : mapping of run to its own label
    """

    asked: Asked
    runs: Runs
    compared: Runs
    found: Pairs
    label_of: Mapping[str, str]
    run_labels: Mapping[str, str]

    @property
    def has_groups(self) -> bool:
        """Whether runs are in groups."""
        return self.asked.grouping.kind != "none"

    @property
    def key(self) -> tuple[str, str, str]:
        """The key of what is computed of the pair."""
        return self.compared.fingerprint, self.asked.x, self.asked.y

    def lines(self, names: list[str]) -> Lines:
        """Describe lines of curves by name, in the colours that they have on every page."""
        labels = [self.label_of[run_of(name)] for name in names]
        domain = color_domain(list(dict.fromkeys(self.label_of.values())), list(dict.fromkeys(labels)))
        return shown(labels, domain)

    def step_title(self, names: list[str]) -> str:
        """Name the axis of steps of some curves."""
        units = {self.found.unit_of[run_of(name)] for name in names}
        return (units.pop().capitalize() or "Step (unit unknown)") if len(units) == 1 else "Step"


def view_of(asked: Asked, runs: Runs, compared: Runs) -> View:
    """Pair the metrics of the compared runs."""
    found = correlation_stages.pairs(compared, compared.fingerprint, asked.x, asked.y)
    labels = curve_charts.line_labels(runs, CurveOptions(grouping=asked.grouping))
    return View(asked, runs, compared, found, labels, access.all_labels(runs.ids))


def show_over_steps(view: View, corner: DeltaGenerator) -> None:
    """Draw the pair on two axes over steps, unsmoothed, of one run or of all.

    Parameters
    ----------
    view : View
    corner : DeltaGenerator
        Where the control stands that says of which run.
    """
    having = [run for run in view.found.unit_of if any(run_of(pair.name) == run for pair in view.found.pairs)]
    with corner:
        run = choose_run(having)
    drawn = view.compared.select([run] if run else having)
    options = CurveOptions(right=view.asked.y if view.asked.y != view.asked.x else "", scales=Scales())
    if not run:
        options = replace(options, grouping=view.asked.grouping, show_members=False)
    prepared = curve_charts.prepare(view.asked.x, view.runs, drawn, options)
    panels = curve_charts.panels(prepared, options, None, None)
    both = " and ".join(view.found.names)
    for number, (chart, panel) in enumerate(zip(prepared, panels, strict=True)):
        spec = curve_spec(
            view.run_labels[run]
            if run
            else chart.title.replace(view.found.names[0], " and ".join(view.found.names), 1),
            panel.window.x_axis,
            panel.left,
            panel.right,
            chart.domain,
            panel.labels,
            captions.legend_text(chart, options),
            replace(panel.look, zooms=False),
            OVER_STEPS_HEIGHT,
        )
        with st.container(key=f"correlation_steps_{number}"):
            st.vega_lite_chart(
                spec={**spec, "datasets": panel.frames.datasets()},
                key=f"correlation_over_steps_{number}",
                alt=f"{both} over steps",
            )
        told = (captions.what_was_drawn(panel, chart), captions.what_stands_behind(chart, drawn, options))
        controls.note(" ".join(["No smoothing.", *filter(None, told)]))


def show_coefficients(view: View) -> None:
    """Show the table of coefficients and what they say."""
    runs = correlation_stages.correlated(view.compared, *view.key, view.asked.kind)
    group_of = correlation_stages.group_names(runs, view.label_of, view.found.unit_of) if view.has_groups else {}
    groups = correlate_groups(runs, group_of) if view.has_groups else []
    with st.container(key="correlation_table"):
        show_table(rows_of(runs, groups, view.run_labels, group_of), SYMBOLS[view.asked.kind])
    controls.note(words.how_correlated(has_groups=view.has_groups))
    told = words.left_out(view.found, view.run_labels)
    if told:
        controls.note(told)


def show_scatter(view: View) -> None:
    """Draw the two metrics against each other."""
    if not view.found.n_joint:
        st.info("The two metrics were never logged at the same step. Choose others in the sidebar.")
        return
    colored = choose_colored(in_groups=view.has_groups)
    pairs = [pair for pair in view.found.pairs if len(pair.step)]
    points = scattered(pairs, view.label_of)
    names = [pair.name for pair in pairs]
    spec = _scatter(
        Names(*view.found.names, view.step_title(names)),
        view.lines(names),
        colored,
        points.faceted,
        points.is_binned,
        min(points.n, 1_500) // 300 * 300,
    )
    with st.container(key="correlation_scatter"):
        st.vega_lite_chart(
            spec={**spec, "datasets": {"bins" if points.is_binned else "points": points.frame}},
            key=f"correlation_scatter_{points.is_binned}_{points.faceted}",
            width="content" if points.faceted else "stretch",
            alt=f"{view.found.names[1]} against {view.found.names[0]}",
        )
    controls.note(words.how_scattered(points, colored))


@st.cache_data(max_entries=32, show_spinner=False)
def _scatter(
    names: Names, lines: Lines, colored: Colored, faceted: bool, is_binned: bool, n_points: int
) -> dict[str, Any]:
    with IMPORTING:
        chart = (
            binned_scatter(names, lines, colored=colored, faceted=faceted)
            if is_binned
            else scatter(names, lines, colored=colored, faceted=faceted, n_points=n_points)
        )
        spec: dict[str, Any] = chart.to_dict()
    return spec
