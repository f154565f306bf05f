"""All metrics against each other; a click on a cell opens the pair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from rlcompare.charts.correlation_matrix import correlation_matrix_chart
from rlcompare.metrics import title_of
from rlcompare.runs import Runs
from rlcompare.stats.correlation import Kind
from rlcompare.ui import access, controls, correlation_stages
from rlcompare.ui.captions import count
from rlcompare.ui.correlation_controls import X_KEY, Y_KEY, choose_matrix_metrics
from rlcompare.ui.correlation_frames import cells
from rlcompare.ui.pandas_import import IMPORTING

#: Counts the clicks: a chart under a new key has no cell marked any more.
CLICKS_KEY = "correlation_clicks"
#: Vega-Lite's text is black, which a dark page swallows.
TEXT_COLORS = {"light": "#1a1f29", "dark": "#e8ebf0"}


def show_matrix(runs: Runs, compared: Runs, kind: Kind) -> None:
    """Ask for metrics and draw their matrix."""
    metrics = choose_matrix_metrics(runs, compared)
    known = set(access.metric_names(compared, compared.fingerprint)["metric"])
    logged = [metric for metric in metrics if metric in known]
    if len(logged) < 2:
        st.info("Choose two metrics or more that the compared runs have logged.")
        return
    # Kendall's takes seconds a pair of long curves.
    ranks = kind != "pearson"
    found = correlation_stages.matrices(compared, compared.fingerprint, tuple(logged), ranks)
    titles = _titles(found.metrics)
    symbol = "Spearman's ρ" if ranks else "Pearson's r"
    spec = _matrix_spec(tuple(titles), symbol, TEXT_COLORS.get(st.context.theme.type or "", "gray"))
    key = f"correlation_matrix_{st.session_state.get(CLICKS_KEY, 0)}"

    def open_pair() -> None:
        chosen = st.session_state[key]["selection"].get("cell") or []
        if chosen and chosen[0].get("x") and chosen[0].get("y"):
            st.session_state[X_KEY], st.session_state[Y_KEY] = chosen[0]["x"], chosen[0]["y"]
            st.session_state[CLICKS_KEY] = st.session_state.get(CLICKS_KEY, 0) + 1

    with st.container(key="correlation_matrix"):
        st.vega_lite_chart(
            spec={**spec, "datasets": {"cells": cells(found, titles)}},
            key=key,
            on_select=open_pair,
            selection_mode="cell",
            alt=f"Correlations of {count(len(titles), 'metric')}",
        )
    told = (
        f"Below the diagonal {symbol} of levels, above it of first differences; each cell the mean over the runs that "
        "have both metrics, at all their joint steps; empty: no run has a coefficient. Metrics that move alike stand "
        "side by side. Click a cell to see the pair above."
    )
    if kind == "kendall":
        told += " Spearman's stands in for Kendall's, which is slow for so many pairs."
    missing = [metric for metric in metrics if metric not in known]
    if missing:
        told += f" Not logged by these runs: {', '.join(missing)}."
    controls.note(told)


def _titles(metrics: Sequence[str]) -> list[str]:
    """Call each metric what the screen calls it, but no two alike."""
    titles = [title_of(metric) for metric in metrics]
    return [title if titles.count(title) == 1 else metric for metric, title in zip(metrics, titles, strict=True)]


@st.cache_data(max_entries=16, show_spinner=False)
def _matrix_spec(titles: tuple[str, ...], symbol: str, text_color: str) -> dict[str, Any]:
    with IMPORTING:
        spec: dict[str, Any] = correlation_matrix_chart(titles, symbol, text_color).to_dict()
    return spec
