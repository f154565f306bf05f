"""The controls of the smoothing, above the charts. They live in the URL under ``curves_<name>``."""

from __future__ import annotations

import streamlit as st

from rlcompare.transforms import NO_SMOOTHING, SMOOTHERS, Smoothing
from rlcompare.ui.curve_controls import axis_unit
from rlcompare.ui.curve_options import XChoice

#: Close together where a small change of the weight changes much.
WEIGHTS = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999)


def choose_smoothing(x: XChoice) -> Smoothing:
    """Ask for the kind and width of the smoothing, and for what a window is counted in, side by side."""
    kind_place, width_place = st.columns([2, 3])
    with kind_place:
        kind = st.selectbox(
            "Smoothing",
            list(SMOOTHERS),
            format_func=lambda kind: SMOOTHERS[kind].title,
            index=list(SMOOTHERS).index("ema"),
            key="curves_smoothing",
            bind="query-params",
            help=(
                "EMA: exponential moving average over points; time-weighted over the x axis. Mean and Median: of what "
                "came last. Centred and Gaussian: of what stands around, so that they do not lag behind, but move at "
                "the newest end."
            ),
        )
    with width_place:
        return _choose_width(kind, x)


def _choose_width(kind: str, x: XChoice) -> Smoothing:
    smoother = SMOOTHERS[kind]
    if kind == "none":
        return NO_SMOOTHING
    if kind == "ema":
        weight = st.select_slider(
            "Weight",
            WEIGHTS,
            value=smoother.default_width,
            key="curves_weight",
            bind="query-params",
            help="How much of each drawn value is the average before it: 0 draws the values as they were logged.",
        )
        return Smoothing("ema", float(weight))
    unit = smoother.units[0]
    place = st.container()
    if len(smoother.units) > 1:
        unit_place, place = st.columns(2)
        with unit_place:
            unit = st.segmented_control(
                "Width counted in",
                ["points", "axis"],
                format_func={"points": "Points", "axis": axis_unit(x).capitalize()}.__getitem__,
                default="points",
                required=True,
                key=f"curves_{kind}_unit",
                bind="query-params",
            )
    with place:
        if unit == "points":
            points = st.number_input(
                smoother.width_name,
                min_value=1,
                value=int(smoother.default_width),
                key=f"curves_{kind}_width",
                bind="query-params",
            )
            return Smoothing(kind, float(points), "points")
        name = {"twema": "Half-life", "gaussian": "Standard deviation"}.get(kind, "Window")
        # As wide on every axis as the one before it was would mean something else: each has a width of its own.
        width = st.number_input(
            f"{name} in {axis_unit(x)}",
            min_value=0.0,
            value=5.0 if axis_unit(x) == "minutes" else 100.0,
            format="%g",
            key=f"curves_{kind}_{x.axis}_width",
            bind="query-params",
        )
    return Smoothing(kind, width, "axis") if width > 0 else NO_SMOOTHING
