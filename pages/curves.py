"""Curves: the chosen runs or their groups overlaid, one chart a metric."""

import streamlit as st

from rlcompare.ui import access, controls, entry, joins
from rlcompare.ui.curve_sidebar import choose_options, choose_what
from rlcompare.ui.curve_view import choose_live, show_curves

entry.through_app(__file__)
heading, corner = st.columns([6, 1], vertical_alignment="bottom")
heading.title("Curves", anchor=False)

runs = access.all_runs()
with st.sidebar:
    chosen = controls.choose_runs(runs)
    joins.offer_joins()
controls.show_reading()

if len(runs):
    with corner:
        live = choose_live()
    compared = controls.runs_to_compare(runs, chosen)
    with st.sidebar:
        metrics = choose_what(runs, compared)
        options = choose_options(runs, compared, metrics)
    if metrics:
        show_curves(metrics, compared.ids, options, live=live)
    else:
        st.info("Choose a metric in the sidebar to see its curves.")
else:
    controls.show_no_runs()
