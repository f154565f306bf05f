"""Correlation: what two metrics, such as reward and response length, do together."""

import streamlit as st

from rlcompare.ui import access, controls, entry, joins
from rlcompare.ui.correlation_controls import choose_asked
from rlcompare.ui.correlation_view import show_correlation

entry.through_app(__file__)
heading, corner = st.columns([3, 2], vertical_alignment="bottom")
heading.title("Correlation", anchor=False)

runs = access.all_runs()
with st.sidebar:
    chosen = controls.choose_runs(runs)
    joins.offer_joins()
controls.show_reading()

if len(runs):
    compared = controls.runs_to_compare(runs, chosen)
    with st.sidebar:
        asked = choose_asked(runs, compared)
    show_correlation(asked, runs, compared, corner)
else:
    controls.show_no_runs()
