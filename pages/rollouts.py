"""Rollouts: the answers or episodes behind a point of a curve, down to their texts."""

import streamlit as st

from rlcompare.ui import access, controls, entry, joins
from rlcompare.ui.rollout_view import show_rollouts

entry.through_app(__file__)
st.title("Rollouts", anchor=False)

runs = access.all_runs()
with st.sidebar:
    chosen = controls.choose_runs(runs)
    joins.offer_joins()
controls.show_reading()

if len(runs):
    show_rollouts(runs, runs.select(chosen) if chosen else runs)
else:
    controls.show_no_runs()
