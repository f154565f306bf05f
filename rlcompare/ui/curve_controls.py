"""The controls of the Curves page. Each lives in the URL under ``curves_<name>``."""

from __future__ import annotations

import streamlit as st

from rlcompare.errors import ParameterError
from rlcompare.runs import Runs
from rlcompare.transforms import NO_SMOOTHING, SMOOTHERS, Axis, Smoothing, metric_or_formula
from rlcompare.ui import access, controls

METRICS_KEY = "curves_metrics"
SUGGESTED_KEY = "curves_suggested_metrics"

#: Drawn at first, of those that the runs have.
SUGGESTED: tuple[str, ...] = ("reward", "response_length", "episode_length")

#: Close together where a small change of the weight changes much.
WEIGHTS = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999)

AXES: dict[Axis, str] = {"step": "Step", "relative": "Relative", "wall": "Wall"}


def choose_metrics(runs: Runs, compared: Runs) -> list[str]:
    """Ask for the metrics to draw; at first the reward and the length of what the compared runs did."""
    names = access.metric_names(runs, runs.fingerprint)["metric"].to_list()
    suggested = _suggested(access.metric_names(compared, compared.fingerprint)["metric"].to_list())
    untouched = st.session_state.get(METRICS_KEY) == st.session_state.get(SUGGESTED_KEY)
    asked = METRICS_KEY in st.query_params and METRICS_KEY not in st.session_state
    if untouched and not asked:
        st.session_state[METRICS_KEY] = st.session_state[SUGGESTED_KEY] = suggested
    return st.multiselect(
        "Metrics",
        controls.known_or_asked(names, METRICS_KEY),
        key=METRICS_KEY,
        bind="query-params",
        placeholder="Choose metrics",
    )


def choose_formula(runs: Runs) -> list[str]:
    """Ask for a formula over metrics, to be drawn like one; what is wrong with it is said beneath.

    Returns
    -------
    list of str
        The formula; empty where there is none, or none that parses.
    """
    text = st.text_input(
        "Formula",
        key="curves_formula",
        bind="query-params",
        placeholder="reward - 0.1 * kl",
        help=(
            "Metrics and numbers with + - * /, log, exp, abs, min, max, diff and cumsum, at the steps at which a run "
            "logged them all. Names hold / and - too: put spaces around to divide or subtract."
        ),
    ).strip()
    if not text:
        return []
    names = access.metric_names(runs, runs.fingerprint)["metric"].to_list()
    try:
        asked = metric_or_formula(text, names)
    except ParameterError as error:
        st.error("This formula cannot be read.", icon=":material/error:")
        st.text(str(error))
        return []
    unknown = [name for name in ([text] if isinstance(asked, str) else asked.metrics) if name not in names]
    if unknown:
        st.error("No run has logged this.", icon=":material/error:")
        st.text(", ".join(unknown))
        return []
    return [text]


def _suggested(names: list[str]) -> list[str]:
    return [name for name in SUGGESTED if name in names] or names[:1]


def choose_smoothing() -> Smoothing:
    """Ask for the kind and width of the smoothing."""
    kind = st.selectbox(
        "Smoothing",
        list(SMOOTHERS),
        format_func=lambda kind: SMOOTHERS[kind].title,
        index=list(SMOOTHERS).index("ema"),
        key="curves_smoothing",
        bind="query-params",
        help=(
            "EMA: exponential moving average. Time-weighted EMA: by distance in steps. Mean and Median: of the last "
            "points. Centred and Gaussian: of the points around, so that they do not lag behind, but move at the "
            "newest end."
        ),
    )
    if kind == "none":
        return NO_SMOOTHING
    smoother = SMOOTHERS[kind]
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
    width = st.number_input(
        smoother.width_name,
        min_value=1,
        value=int(smoother.default_width),
        key=f"curves_{kind}_width",
        bind="query-params",
    )
    return Smoothing(kind, float(width), smoother.units[0])


def choose_axis() -> Axis:
    """Ask what the x axis counts."""
    return st.segmented_control(
        "X axis",
        list(AXES),
        format_func=AXES.__getitem__,
        default="step",
        required=True,
        key="curves_axis",
        bind="query-params",
        help="Step: the trainer's own count. Relative: time since the run's first record. Wall: date and time.",
    )
