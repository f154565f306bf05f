"""The controls of the Quantiles page. Each lives in the URL under ``quantiles_<name>``."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from rlcompare.runs import Runs
from rlcompare.transforms.fans import Quantiles
from rlcompare.ui import access, controls, group_controls
from rlcompare.ui.quantile_parts import Asked
from rlcompare.ui.quantile_stages import Stretch

METRIC_KEY = "quantiles_metric"
PANELS_KEY = "quantiles_panels"
STRETCH_KEY = "quantiles_stretch"
#: Bounds of the slider when it was drawn last, and its value if it was not moved.
BOUNDS_KEY = "quantiles_stretch_bounds"

#: Fan charts at most: more cannot be compared by eye.
MOST_PANELS = 6

SAMPLES, LOGGED = "Samples", "Logged values"
BANDS: dict[str, Quantiles] = {"25–75 %": (0.25, 0.75), "5–95 %": (0.05, 0.95), "Min–max": (0.0, 1.0)}
USUAL_BANDS = ("25–75 %", "5–95 %")

#: The stretch at first: the last part of the training.
LAST = 0.2
#: Places of the slider up to the end of the median run, or a few times as many.
PLACES = 200


def choose_asked(runs: Runs, compared: Runs) -> Asked | None:
    """Ask for the quantity, where its values come from, groups and bands; None until there is a quantity."""
    names = access.metric_names(runs, runs.fingerprint)["metric"].to_list()
    own = access.metric_names(compared, compared.fingerprint)["metric"].to_list()
    suggested = "reward" if "reward" in own else next(iter(own), None)
    controls.follow_suggestion(METRIC_KEY, f"{METRIC_KEY}_suggested", suggested)
    # Without a default of the control's own, so that every choice stands in the link.
    metric = st.selectbox(
        "Quantity",
        controls.known_or_asked(names, METRIC_KEY),
        index=None,
        key=METRIC_KEY,
        bind="query-params",
        placeholder="Choose a metric",
    )
    values = st.segmented_control(
        "Spread of",
        [SAMPLES, LOGGED],
        default=SAMPLES,
        required=True,
        key="quantiles_values",
        bind="query-params",
        help=(
            "Samples: single episodes or answers, of runs that log them. Logged values: what the trainer logged of the "
            "metric, most often one mean of many samples a step, which is spread far less."
        ),
    )
    grouping = group_controls.choose_grouping(runs)
    bands = st.pills(
        "Bands",
        list(BANDS),
        selection_mode="multi",
        default=list(USUAL_BANDS),
        key="quantiles_bands",
        bind="query-params",
    )
    chosen = tuple(BANDS[band] for band in BANDS if band in bands)
    return Asked(metric, grouping, values == SAMPLES, chosen) if metric else None


def choose_unit(units: Sequence[str]) -> str:
    """Ask in which unit steps are counted, where runs count them differently; nothing where all do it alike.

    Parameters
    ----------
    units : sequence of str
        At least one.
    """
    if len(units) == 1:
        return units[0]
    titles = {f"{unit or 'steps of unknown unit'}{'s' if unit else ''}": unit for unit in units}
    return titles[_choose_one("Runs that count", "quantiles_unit", list(titles), 0)]


def choose_panels(labels: list[str]) -> list[str]:
    """Ask which of many runs or groups have a chart; nothing where all of them can have one."""
    if len(labels) <= MOST_PANELS:
        return labels
    controls.follow_suggestion(PANELS_KEY, f"{PANELS_KEY}_suggested", labels[:MOST_PANELS])
    chosen = st.multiselect(
        f"Charts of {len(labels)} runs or groups",
        controls.known_or_asked(labels, PANELS_KEY),
        key=PANELS_KEY,
        bind="query-params",
        max_selections=MOST_PANELS,
        placeholder=f"Choose up to {MOST_PANELS}",
    )
    return [label for label in chosen if label in labels]


def choose_stretch(ends: Sequence[tuple[int, int]], unit: str) -> Stretch:
    """Ask for a stretch of the training, at first the last fifth of the run or group that is the median one by length.

    Parameters
    ----------
    ends : sequence of (first, last)
        Steps of each run or group, at least one.
    unit : str
    """
    low, high, step, usual = bounds(ends)
    if low == high:
        return Stretch(low, high)
    drawn = (low, high, usual)
    before = st.session_state.get(BOUNDS_KEY, drawn)
    if before != drawn and STRETCH_KEY in st.session_state:
        # With other bounds it is another slider: what the visitor has chosen is set anew, as far as it fits.
        start, end = st.session_state[STRETCH_KEY]
        fitting = (min(max(low, start), high), min(max(low, end), high))
        if (start, end) == before[2] or fitting[0] == fitting[1]:
            del st.session_state[STRETCH_KEY]
        else:
            st.session_state[STRETCH_KEY] = fitting
    st.session_state[BOUNDS_KEY] = drawn
    start, end = st.slider(
        f"Stretch of the training ({unit or 'step'}s)",
        low,
        high,
        usual,
        step=step,
        format="localized",
        key=STRETCH_KEY,
        bind="query-params",
        help="Grey in the charts over the training. Distributions, distances and the table look at it alone.",
    )
    return Stretch(start, end)


def bounds(ends: Sequence[tuple[int, int]]) -> tuple[int, int, int, tuple[int, int]]:
    """Round the ends of a slider outwards to its step, a power of ten, and find where it stands at first.

    A run that ended early is then the one without values there, not the one at whose end all others are looked at.

    Parameters
    ----------
    ends : sequence of (first, last)

    Returns
    -------
    low, high, step : int
    usual : (start, end)
    """
    first, last = min(first for first, _ in ends), max(last for _, last in ends)
    middle = sorted(last for _, last in ends)[(len(ends) - 1) // 2]
    step = max(1, 10 ** math.floor(math.log10(max(1, (middle - first) / PLACES))))
    low, high, end = first // step * step, -(-last // step) * step, -(-middle // step) * step
    return low, high, step, (end - max(1, round((end - low) * LAST / step)) * step, end)


def choose_pair(labels: list[str]) -> tuple[str, str]:
    """Ask which two are measured against each other, at first the first two.

    Parameters
    ----------
    labels : list of str
        At least two.
    """
    left, right = st.columns(2)
    with left:
        one = _choose_one("A", "quantiles_a", labels, 0)
    with right:
        other = _choose_one("B", "quantiles_b", labels, 1)
    return one, other


def choose_run(having: list[str]) -> str:
    """Ask of which run the heat map is.

    Parameters
    ----------
    having : list of str
        Runs that have values, at least one.
    """
    return _choose_one("Run", "quantiles_run", having, 0)


def _choose_one(title: str, key: str, options: list[str], at: int) -> str:
    if st.session_state.get(key) not in [None, *options]:
        # What was chosen is no longer compared.
        del st.session_state[key]
    controls.follow_suggestion(key, f"{key}_suggested", options[at])
    chosen = st.selectbox(
        title,
        controls.known_or_asked(options, key),
        index=None,
        key=key,
        bind="query-params",
        placeholder=options[at],
    )
    return chosen if chosen in options else options[at]


def choose_without_outliers() -> bool:
    """Ask whether the axis of values leaves out the ends of the distributions."""
    return st.checkbox(
        "Value axis without outliers",
        key="quantiles_robust",
        bind="query-params",
        help="It covers 1 to 99 % of each distribution. The caption says how many values lie outside.",
    )
