"""Quantiles: how rewards, lengths and other metrics are spread, over a training and between runs."""

import streamlit as st

from rlcompare.ui import access, controls, entry, joins
from rlcompare.ui.quantile_controls import choose_asked
from rlcompare.ui.quantile_tabs import show_tabs
from rlcompare.ui.quantile_view import show_fans, show_left_out, view_of

entry.through_app(__file__)
st.title("Quantiles", anchor=False)

runs = access.all_runs()
with st.sidebar:
    chosen = controls.choose_runs(runs)
    joins.offer_joins()
controls.show_reading()

if len(runs):
    compared = controls.runs_to_compare(runs, chosen)
    with st.sidebar:
        asked = choose_asked(runs, compared)
        view = view_of(asked, runs, compared) if asked else None
    if view:
        show_fans(view)
        show_tabs(view)
    elif access.metric_names(compared, compared.fingerprint).is_empty():
        st.info("These runs have logged nothing yet. The Runs page lists what could not be read.")
    elif asked:
        st.info("There is nothing to show of this quantity. Choose another one, or other runs, in the sidebar.")
    else:
        st.info("Choose a quantity in the sidebar to see how it is spread.")
    if asked:
        show_left_out(view, asked, runs, compared)
else:
    controls.show_no_runs()
