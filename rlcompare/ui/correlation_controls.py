"""The controls of the Correlation page. Each lives in the URL under ``correlation_<name>``."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from rlcompare.charts.correlation import Colored
from rlcompare.grouping import GroupBy
from rlcompare.metrics import BY_NAME
from rlcompare.runs import Runs
from rlcompare.stats.correlation import FEWEST, KINDS, Kind
from rlcompare.ui import access, controls, group_controls

X_KEY, Y_KEY = "correlation_x", "correlation_y"
RUN_KEY = "correlation_run"
SAMPLE_RUN_KEY = "correlation_sample_run"
METRICS_KEY = "correlation_metrics"
ALL_RUNS = "All runs"

KIND_TITLES: dict[Kind, str] = {"pearson": "Pearson's r", "spearman": "Spearman's ρ", "kendall": "Kendall's τ"}
#: What the second metric is at first, of those that the runs have.
SECOND = ("response_length", "episode_length")
#: Counts of what was done so far: they rise with every step, whatever the training does.
COUNTS = {"episodes", "tokens", "samples"}
#: Metrics of the matrix at first.
SUGGESTED_METRICS = 14


@dataclass(frozen=True)
class Asked:
    """What the visitor wants correlated.

    Parameters
    ----------
    x, y : str
        Metrics.
    kind : {"pearson", "spearman", "kendall"}
    grouping : GroupBy
    """

    x: str
    y: str
    kind: Kind
    grouping: GroupBy


def choose_asked(runs: Runs, compared: Runs) -> Asked | None:
    """Ask for two metrics, the coefficient and groups; None until there are two metrics."""
    names = access.metric_names(runs, runs.fingerprint)["metric"].to_list()
    first, second = _suggested(compared)
    x = _choose_metric("First metric", X_KEY, first, names)
    y = _choose_metric("Second metric", Y_KEY, second, names)
    kind = st.segmented_control(
        "Coefficient",
        list(KINDS),
        format_func=lambda kind: KIND_TITLES[kind].split("'")[0],
        default="pearson",
        required=True,
        key="correlation_kind",
        bind="query-params",
        help=(
            "Pearson: how close to a straight line. Spearman and Kendall: how much one rises where the other does, by "
            "ranks; outliers weigh less."
        ),
    )
    grouping = group_controls.choose_grouping(runs)
    return Asked(x, y, kind, grouping) if x and y else None


def _choose_metric(title: str, key: str, suggested: str | None, names: list[str]) -> str | None:
    controls.follow_suggestion(key, f"{key}_suggested", suggested)
    # Without a default of the control's own, so that every choice stands in the link.
    return st.selectbox(
        title,
        controls.known_or_asked(names, key),
        index=None,
        key=key,
        bind="query-params",
        placeholder="Choose a metric",
    )


def _suggested(compared: Runs) -> tuple[str | None, str | None]:
    """Suggest the reward and the length of what the compared runs did, else metrics that they have."""
    names = access.metric_names(compared, compared.fingerprint)["metric"].to_list()
    if not names:
        return None, None
    first = "reward" if "reward" in names else names[0]
    same = {first, *access.sources(compared, compared.fingerprint, first)["key"]}
    others = [name for name in names if name not in same]
    return first, next((name for name in SECOND if name in others), next(iter(others), None))


def choose_run(having: list[str]) -> str | None:
    """Ask which run is drawn on the two axes, at first the first; None: all of them.

    Parameters
    ----------
    having : list of str
        Runs that have both metrics, at least one.
    """
    options = [ALL_RUNS, *having]
    _suggest_run(RUN_KEY, options, having[0])
    chosen = st.selectbox(
        "Drawn over steps",
        controls.known_or_asked(options, RUN_KEY),
        index=None,
        key=RUN_KEY,
        bind="query-params",
        placeholder=ALL_RUNS,
    )
    return chosen if chosen in having else None


def _suggest_run(key: str, options: list[str], suggested: str) -> None:
    """Suggest a run, also in the place of one that is no longer compared."""
    if st.session_state.get(key) not in [None, *options]:
        st.session_state[key] = st.session_state[f"{key}_suggested"] = suggested
    controls.follow_suggestion(key, f"{key}_suggested", suggested)


def choose_colored(*, in_groups: bool) -> Colored:
    """Ask what colour tells in the scatter."""
    titles: dict[Colored, str] = {"run": "Group" if in_groups else "Run", "progress": "Training passed"}
    return st.segmented_control(
        "Colour",
        list(titles),
        format_func=titles.__getitem__,
        default="run",
        required=True,
        key="correlation_color",
        bind="query-params",
    )


def choose_basis() -> bool:
    """Ask whether changes or values are correlated along the training; True: changes."""
    titles = {"differences": "First differences", "levels": "Levels"}
    basis = st.segmented_control(
        "Correlate",
        list(titles),
        format_func=titles.__getitem__,
        default="differences",
        required=True,
        key="correlation_basis",
        bind="query-params",
        help=(
            "First differences: the changes from one joint step to the next. Levels: the values themselves; two that "
            "both follow a trend correlate at every lag."
        ),
    )
    return basis == "differences"


def choose_window(shortest: int) -> int:
    """Ask how many joint steps a window has, at first a fifth of the shortest run's.

    Parameters
    ----------
    shortest : int
        Joint steps of the shortest run.
    """
    controls.follow_suggestion(
        "correlation_window",
        "correlation_window_suggested",
        max(min(20, shortest), min(200, _round(shortest // 5)), FEWEST),
    )
    return int(
        st.number_input(
            "Window (joint steps)",
            min_value=FEWEST,
            step=5,
            key="correlation_window",
            bind="query-params",
        )
    )


def _round(n: int) -> int:
    return n if n < 20 else n // 10 * 10


def choose_most_lags() -> int:
    """Ask for the largest lag, in records."""
    return int(
        st.number_input(
            "Largest lag (records)",
            min_value=1,
            max_value=500,
            value=30,
            step=5,
            key="correlation_lags",
            bind="query-params",
            help="Either way; a quarter of a run's joint steps at most.",
        )
    )


def choose_matrix_metrics(runs: Runs, compared: Runs) -> list[str]:
    """Ask for the metrics of the matrix: at first the canonical ones, as far as they do not merely count."""
    names = access.metric_names(runs, runs.fingerprint)["metric"].to_list()
    known = access.metric_names(compared, compared.fingerprint)
    usual = [name for name in known["metric"].to_list() if name in BY_NAME and name not in COUNTS]
    suggested = (usual if len(usual) > 1 else known["metric"].to_list())[:SUGGESTED_METRICS]
    controls.follow_suggestion(METRICS_KEY, f"{METRICS_KEY}_suggested", suggested)
    return st.multiselect(
        "Metrics of the matrix",
        controls.known_or_asked(names, METRICS_KEY),
        key=METRICS_KEY,
        bind="query-params",
        placeholder="Choose metrics",
    )


def choose_sample_run(having: list[str]) -> str:
    """Ask of which run the samples are shown.

    Parameters
    ----------
    having : list of str
        Runs that have samples, at least one.
    """
    _suggest_run(SAMPLE_RUN_KEY, having, having[0])
    chosen = st.selectbox("Run", having, index=None, key=SAMPLE_RUN_KEY, bind="query-params", placeholder=having[0])
    return chosen or having[0]


def choose_stretch(title: str, key: str, usual: tuple[int, int]) -> tuple[float, float]:
    """Ask for a part of the training, as parts of 1."""
    low, high = st.slider(title, 0, 100, usual, step=5, format="%d %%", key=key, bind="query-params")
    return low / 100, high / 100
