"""rlcompare: reinforcement-learning runs side by side. Start it with ``streamlit run app.py -- LOGS``."""

import streamlit as st

from rlcompare.ui import access, controls, entry

st.set_page_config(page_title="rlcompare", page_icon="📈", layout="wide")
page = st.navigation(
    [
        st.Page("pages/runs.py", title="Runs", icon=":material/table_rows:", default=True),
        st.Page("pages/curves.py", title="Curves", icon=":material/show_chart:"),
        st.Page("pages/correlation.py", title="Correlation", icon=":material/scatter_plot:"),
        st.Page("pages/quantiles.py", title="Quantiles", icon=":material/bar_chart_4_bars:"),
        st.Page("pages/rollouts.py", title="Rollouts", icon=":material/forum:"),
    ]
)
folders = access.current_folders()
controls.say_what_went_wrong(folders)
entry.enter()
page.run()
controls.say_where_runs_come_from(folders)
