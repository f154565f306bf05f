"""The controls of the Curves page for groups of runs, their centre and band, and the baseline."""

from __future__ import annotations

from typing import get_args

import streamlit as st

from rlcompare.errors import ParameterError
from rlcompare.grouping import GroupBy, Kind, config_keys, default_grouping
from rlcompare.runs import Runs
from rlcompare.transforms import BANDS, Aggregation, BandKind, CenterKind, Ends
from rlcompare.ui import controls, curve_stages
from rlcompare.ui.curve_side import MEMBERS_DRAWN

GROUP_KEY = "curves_group"
SUGGESTED_KEY = "curves_suggested_group"

KINDS: dict[Kind, str] = {
    "none": "Nothing: a line a run",
    "seed": "Everything but the seed",
    "framework": "Framework",
    "config": "Settings",
    "name": "Name",
}
#: Short enough to stand side by side.
TITLES: dict[CenterKind, str] = {"mean": "Mean", "median": "Median", "iqm": "IQM"}
#: The band at first, of each centre.
USUAL: dict[CenterKind, BandKind] = {"mean": "t", "median": "iqr", "iqm": "bootstrap"}
ENDS: dict[Ends, str] = {"common": "Common range", "carry": "Carry the last value on", "shrink": "Let the group shrink"}
LEVELS = (0.5, 0.68, 0.8, 0.9, 0.95, 0.99)


def choose_grouping(runs: Runs) -> GroupBy:
    """Ask what makes runs one group; where seeds are found, everything but the seed."""
    controls.follow_suggestion(GROUP_KEY, SUGGESTED_KEY, _default(runs, runs.fingerprint).kind)
    # Without a default of the control's own, so that every choice stands in the link, also that of no groups.
    kind = st.selectbox(
        "Group by",
        list(KINDS),
        index=None,
        format_func=KINDS.__getitem__,
        key=GROUP_KEY,
        bind="query-params",
        placeholder=KINDS["none"],
    )
    if kind == "config":
        keys = st.multiselect(
            "Settings that tell groups apart",
            _config_keys(runs, runs.fingerprint),
            key="curves_group_settings",
            bind="query-params",
            placeholder="Choose settings",
        )
        return GroupBy("config", keys=tuple(keys)) if keys else GroupBy()
    if kind == "name":
        pattern = st.text_input(
            "Pattern of the name",
            key="curves_group_pattern",
            bind="query-params",
            placeholder="^([^/]+)",
            help="A regular expression. Runs are one group where its parentheses, or all of it, match the same text.",
        )
        if not pattern:
            return GroupBy()
        by = GroupBy("name", pattern=pattern)
        try:
            curve_stages.groups(runs, runs.fingerprint, by)
        except ParameterError as error:
            controls.show_error("This pattern cannot be read.", str(error))
            return GroupBy()
        return by
    return GroupBy(kind or "none")


@st.cache_data(max_entries=8, show_spinner=False)
def _default(_runs: Runs, fingerprint: str) -> GroupBy:  # noqa: ARG001 - the key of the cache
    return default_grouping(_runs)


@st.cache_data(max_entries=8, show_spinner=False)
def _config_keys(_runs: Runs, fingerprint: str) -> list[str]:  # noqa: ARG001 - the key of the cache
    return config_keys(_runs)


def choose_aggregation() -> Aggregation:
    """Ask for centre, band and what happens where runs end at different steps."""
    center = st.segmented_control(
        "Centre",
        list(TITLES),
        format_func=TITLES.__getitem__,
        default="mean",
        required=True,
        key="curves_center",
        bind="query-params",
        help="IQM: interquartile mean, the mean of the middle half of the runs.",
    )
    fitting = [kind for kind in get_args(BandKind) if center in BANDS[kind].centers]
    # What goes with a median does not go with a mean: each centre has a choice of its own.
    band = st.selectbox(
        "Band",
        fitting,
        index=fitting.index(USUAL[center]),
        format_func=lambda kind: BANDS[kind].title,
        key=f"curves_band_{center}",
        bind="query-params",
        help="The caption below each chart says what it is, at which level and of how many runs.",
    )
    level = 0.95
    if band in ("t", "bootstrap"):
        level = st.select_slider(
            "Level",
            LEVELS,
            value=0.95,
            format_func="{:.0%}".format,
            key="curves_level",
            bind="query-params",
        )
    ends = st.selectbox(
        "Where runs end at different steps",
        list(ENDS),
        format_func=ENDS.__getitem__,
        key="curves_ends",
        bind="query-params",
        help=(
            "Common range: only what all runs of a group cover. Carry: a run's last value goes on to the group's end. "
            "Shrink: whoever is still there counts, so that the line may jump where a run ends."
        ),
    )
    return Aggregation(center, band, float(level), ends)


def choose_members() -> bool:
    """Ask whether the runs of a group are drawn beneath it."""
    return st.checkbox(
        "Show the runs of each group",
        value=True,
        key="curves_members",
        bind="query-params",
        help=f"Faint beneath, for up to {MEMBERS_DRAWN} runs a chart; not beneath differences.",
    )


def choose_baseline(labels: list[str]) -> str:
    """Ask for the line that others are drawn as differences to; empty: none."""
    chosen = st.selectbox(
        "Difference to",
        controls.known_or_asked(labels, "curves_baseline"),
        index=None,
        key="curves_baseline",
        bind="query-params",
        placeholder="None: the values themselves",
        help="A group or a run. The others are drawn as their difference to it, with the band of a difference.",
    )
    return chosen if chosen in labels else ""
