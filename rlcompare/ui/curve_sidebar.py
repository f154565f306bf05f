"""The sidebar of the Curves page: its controls in the order in which they are used."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from rlcompare.runs import Runs
from rlcompare.ui import curve_controls, group_controls
from rlcompare.ui.curve_charts import line_labels
from rlcompare.ui.curve_options import CurveOptions


def choose_what(runs: Runs, compared: Runs) -> list[str]:
    """Ask for metrics and a formula."""
    metrics = curve_controls.choose_metrics(runs, compared)
    return list(dict.fromkeys([*metrics, *curve_controls.choose_formula(runs)]))


def choose_options(runs: Runs, compared: Runs, metrics: list[str]) -> CurveOptions:
    """Ask for everything beside runs, metrics and smoothing.

    Parameters
    ----------
    runs : Runs
        The whole library.
    compared : Runs
        Those that are drawn.
    metrics : list of str
    """
    x = curve_controls.choose_axis(runs)
    grouping = group_controls.choose_grouping(runs)
    options = CurveOptions(x=x, grouping=grouping)
    with st.expander("Groups and bands", expanded=grouping.kind != "none"):
        if grouping.kind != "none":
            options = replace(
                options,
                aggregation=group_controls.choose_aggregation(),
                show_members=group_controls.choose_members(),
            )
        label_of = line_labels(runs, options)
        options = replace(
            options, baseline=group_controls.choose_baseline(list(dict.fromkeys(label_of[r] for r in compared.ids)))
        )
    with st.expander("Axes and layout"):
        right = curve_controls.choose_right(runs)
        options = replace(
            options, right=right, scales=curve_controls.choose_scales(), columns=curve_controls.choose_columns()
        )
    asked = [*metrics, *([right] if right else [])]
    is_grouped = grouping.kind != "none" or bool(options.baseline)
    return replace(options, which=curve_controls.choose_which(compared, asked, apart=not is_grouped))
