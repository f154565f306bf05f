"""The tabs of the Quantiles page, beneath its fans; only the open one is computed."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rlcompare.ui.quantile_distributions import show_distance, show_distributions
from rlcompare.ui.quantile_runs import show_heat_map, show_runs
from rlcompare.ui.quantile_table import show_tails
from rlcompare.ui.quantile_view import View

TABS: dict[str, Callable[[View], None]] = {
    "Distributions": show_distributions,
    "A against B": show_distance,
    "Between runs": show_runs,
    "Heat map": show_heat_map,
    "Tails": show_tails,
}


def show_tabs(view: View) -> None:
    """Show what looks at a stretch, at runs against each other, and at one run."""
    for tab, show in zip(st.tabs(list(TABS), key="quantiles_tab", bind="query-params"), TABS.values(), strict=True):
        if tab.open:
            with tab:
                show(view)
