"""The controls of the Curves page. Each lives in the URL under ``curves_<name>``."""

from __future__ import annotations

import streamlit as st

from rlcompare.errors import ParameterError
from rlcompare.metrics import PER_STEP
from rlcompare.runs import Runs
from rlcompare.transforms import metric_or_formula
from rlcompare.ui import access, controls, curve_stages
from rlcompare.ui.curve_options import Restarts, Scales, Which, Workers, XChoice

METRICS_KEY = "curves_metrics"
SUGGESTED_KEY = "curves_suggested_metrics"

#: Drawn at first, of those that the runs have.
SUGGESTED: tuple[str, ...] = ("reward", "response_length", "episode_length")

#: What the x axis can count without a metric.
AXES: dict[str, XChoice] = {
    "Step": XChoice("step"),
    "Step since the start": XChoice("relative_step"),
    "Time since the start": XChoice("relative"),
    "Wall time": XChoice("wall"),
}
#: Counts that are an x axis of their own where runs log them.
COUNTS = {"episodes": "Episodes", "tokens": "Tokens", "samples": "Samples"}
OTHER_METRIC = "A metric …"

RESTARTS: dict[Restarts, str] = {"later": "The later history", "all": "Every record", "segments": "Each history apart"}
WORKERS: dict[Workers, str] = {
    "mean": "Mean",
    "sum": "Sum",
    "min": "Smallest",
    "max": "Largest",
    "each": "Each worker apart",
}


def choose_metrics(runs: Runs, compared: Runs) -> list[str]:
    """Ask for the metrics to draw; at first the reward and the length of what the compared runs did."""
    names = access.metric_names(runs, runs.fingerprint)["metric"].to_list()
    suggested = _suggested(access.metric_names(compared, compared.fingerprint)["metric"].to_list())
    controls.follow_suggestion(METRICS_KEY, SUGGESTED_KEY, suggested)
    return st.multiselect(
        "Metrics",
        controls.known_or_asked(names, METRICS_KEY),
        key=METRICS_KEY,
        bind="query-params",
        placeholder="Choose metrics",
    )


def _suggested(names: list[str]) -> list[str]:
    return [name for name in SUGGESTED if name in names] or names[:1]


def choose_right(runs: Runs) -> str:
    """Ask for a metric of the right y axis; empty: none."""
    names = access.metric_names(runs, runs.fingerprint)["metric"].to_list()
    chosen = st.selectbox(
        "Right axis",
        controls.known_or_asked(names, "curves_right"),
        index=None,
        key="curves_right",
        bind="query-params",
        placeholder="None",
        help="A second metric in the same charts, drawn dashed against an axis on the right.",
    )
    return chosen or ""


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
        controls.show_error("This formula cannot be read.", str(error))
        return []
    unknown = [name for name in ([text] if isinstance(asked, str) else asked.metrics) if name not in names]
    if unknown:
        controls.show_error("No run has logged this.", ", ".join(unknown))
        return []
    return [text]


def axis_unit(x: XChoice) -> str:
    """Say in words what a window on this axis is counted in."""
    if x.by_step:
        return "steps"
    if x.axis == "metric":
        return COUNTS.get(x.metric, "units of the axis").lower()
    return "minutes"


def choose_axis(runs: Runs) -> XChoice:
    """Ask what the x axis counts."""
    names = access.metric_names(runs, runs.fingerprint)["metric"].to_list()
    known = set(names)
    counted = {
        title: XChoice("metric", name)
        for name, title in COUNTS.items()
        if not known.isdisjoint([name, *PER_STEP.get(name, ())])
    }
    choices = {**AXES, **counted}
    chosen = st.selectbox(
        "X axis",
        controls.known_or_asked([*choices, OTHER_METRIC], "curves_axis"),
        key="curves_axis",
        bind="query-params",
        help=(
            "Step: the trainer's own count. Since the start: from the run's first record on. A metric: over another "
            "metric's value at the same step."
        ),
    )
    if chosen in choices:
        return choices[chosen]
    metric = st.selectbox(
        "Metric of the x axis",
        controls.known_or_asked(names, "curves_axis_metric"),
        index=None,
        key="curves_axis_metric",
        bind="query-params",
        placeholder="Choose a metric",
    )
    return XChoice("metric", metric) if metric else XChoice()


def choose_scales() -> Scales:
    """Ask for logarithmic axes and for a y axis that outliers do not stretch."""
    left, right = st.columns(2)
    with left:
        log_x = st.checkbox("Log x", key="curves_log_x", bind="query-params")
    with right:
        log_y = st.checkbox("Log y", key="curves_log_y", bind="query-params")
    robust = st.checkbox(
        "Y axis without outliers",
        key="curves_robust",
        bind="query-params",
        help="The y axis covers 1 to 99 % of the values in view. The caption says how many lie outside.",
    )
    return Scales(log_x, log_y, robust)


def choose_which(compared: Runs, metrics: list[str], *, apart: bool) -> Which:
    """Ask which records count where a run was restarted or several workers logged it; nothing where none was.

    Parameters
    ----------
    compared : Runs
    metrics : list of str
    apart : bool
        Parts of a run may be lines of their own. In a group each would count as a run, and a band as narrow as if there
        were that many.
    """
    restarts: Restarts = "later"
    workers: Workers = "mean"
    read = [curve_stages.logged(compared, compared.fingerprint, metric, Which()) for metric in metrics]
    if any(one.restarts.height for one in read):
        restarts = st.selectbox(
            "Restarted runs",
            [choice for choice in RESTARTS if apart or choice != "segments"],
            format_func=RESTARTS.__getitem__,
            key="curves_restarts",
            bind="query-params",
            help="Where a run went back to a checkpoint it logged steps again. A thin vertical line marks the place.",
        )
    if any(access.has_workers(compared, compared.fingerprint, metric) for metric in metrics):
        workers = st.selectbox(
            "Workers at one step",
            [choice for choice in WORKERS if apart or choice != "each"],
            format_func=WORKERS.__getitem__,
            key="curves_workers",
            bind="query-params",
            help="Several writers of one run logged at the same time: what is drawn of their values at a step.",
        )
    return Which(restarts, workers)


def choose_columns() -> int:
    """Ask how many charts stand side by side."""
    return st.segmented_control(
        "Charts a row",
        [1, 2, 3],
        default=1,
        required=True,
        key="curves_columns",
        bind="query-params",
        help="All charts of one step unit share the x axis, and a stretch marked in one is shown in all.",
    )
