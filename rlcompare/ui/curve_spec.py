"""The specification of a learning curve, kept between redraws, which seldom change it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from rlcompare.charts.curve_axes import LegendText, XAxis, YAxis
from rlcompare.charts.learning_curve import HEIGHT, Look, learning_curve
from rlcompare.ui.pandas_import import IMPORTING


@st.cache_data(max_entries=96, show_spinner=False)
def curve_spec(
    title: str,
    x_axis: XAxis,
    left: YAxis,
    right: YAxis | None,
    domain: tuple[str, ...],
    legend: tuple[str, ...],
    legend_text: LegendText,
    look: Look,
    height: int = HEIGHT,
) -> dict[str, Any]:
    """Build the chart as Vega-Lite: Altair takes a third of a second to build and check it, and it seldom changes."""
    with IMPORTING:
        spec: dict[str, Any] = learning_curve(
            title=title,
            x_axis=x_axis,
            left=left,
            right=right,
            domain=domain,
            legend=legend,
            legend_text=legend_text,
            look=look,
            height=height,
        ).to_dict()
    return spec
