"""Curves: the chosen runs overlaid, one chart a metric."""

import streamlit as st

from rlcompare.ui import access, controls, entry
from rlcompare.ui.captions import how_smoothed
from rlcompare.ui.curve_controls import choose_axis, choose_formula, choose_metrics, choose_smoothing
from rlcompare.ui.curve_view import show_metric

entry.through_app(__file__)
st.title("Curves", anchor=False)

runs = access.all_runs()
with st.sidebar:
    chosen = controls.choose_runs(runs)
controls.show_reading()

if len(runs):
    compared = controls.runs_to_compare(runs, chosen)
    with st.sidebar:
        metrics = list(dict.fromkeys([*choose_metrics(runs, compared), *choose_formula(runs)]))
        smoothing = choose_smoothing()
        axis = choose_axis()
    if metrics:
        controls.note(how_smoothed(smoothing))
    else:
        st.info("Choose a metric in the sidebar to see its curves.")
    for metric in metrics:
        show_metric(metric, runs, compared, axis=axis, smoothing=smoothing)
else:
    controls.show_no_runs()
