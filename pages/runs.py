"""Runs: what was found in the log folders, and which of it to compare."""

import streamlit as st

from rlcompare.ui import access, controls, entry, joins
from rlcompare.ui.run_filter import choose_filter
from rlcompare.ui.run_table import show_issues, show_summary, show_table

entry.through_app(__file__)
st.title("Runs", anchor=False)

runs = access.all_runs()
with st.sidebar:
    controls.choose_runs(runs)
    joins.offer_joins()
controls.show_reading()
issues = runs.issues()
show_summary(runs, issues)
if len(runs):
    show_table(runs, choose_filter(runs))
else:
    controls.show_no_runs()
show_issues(issues)
