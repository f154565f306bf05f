"""The Correlation page below its controls: the pair and its table, and beneath them what goes further."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rlcompare.runs import Runs
from rlcompare.ui import controls, correlation_pair
from rlcompare.ui import correlation_words as words
from rlcompare.ui.correlation_controls import Asked
from rlcompare.ui.correlation_course import show_course
from rlcompare.ui.correlation_matrix import show_matrix
from rlcompare.ui.correlation_samples import show_samples

TABS = ("Scatter", "Along the training", "All metrics", "Single samples")


def show_correlation(asked: Asked | None, runs: Runs, compared: Runs, corner: DeltaGenerator) -> None:
    """Show the pair that was asked for, and the tabs.

    Parameters
    ----------
    asked : Asked or None
        None: no two metrics are chosen.
    runs, compared : Runs
        The whole library, and those that are compared.
    corner : DeltaGenerator
        Beside the page's title.
    """
    if len({key for record in compared.records for key in record.metrics}) < 2:
        st.info(
            "The compared runs have logged fewer than two metrics. Choose others in the sidebar; the Runs page lists "
            "what could not be read."
        )
        return
    view = None
    if asked is None or asked.x == asked.y:
        st.info("Choose two different metrics in the sidebar to see what they do together.")
    else:
        view = correlation_pair.view_of(asked, runs, compared)
        if view.found.pairs:
            correlation_pair.show_over_steps(view, corner)
            correlation_pair.show_coefficients(view)
        else:
            st.info("None of the compared runs has logged both metrics. Choose others in the sidebar.")
            controls.note(words.left_out(view.found, view.run_labels))
    # Only the open tab is computed.
    scatter, course, matrix, samples = st.tabs(TABS, key="correlation_tab", bind="query-params")
    has_pairs = view is not None and bool(view.found.pairs)
    if scatter.open and view is not None and has_pairs:
        with scatter:
            correlation_pair.show_scatter(view)
    if course.open and view is not None and has_pairs:
        with course:
            show_course(view)
    if matrix.open:
        with matrix:
            show_matrix(runs, compared, asked.kind if asked else "pearson")
    if samples.open:
        with samples:
            show_samples(compared)
