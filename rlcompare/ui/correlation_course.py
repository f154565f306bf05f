"""Along the training: the rolling coefficient, and at which lag the two metrics go together most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from rlcompare.charts.correlation import Lines, Names, lag_chart, rolling_chart
from rlcompare.curves import run_of
from rlcompare.ui import controls, correlation_stages
from rlcompare.ui import correlation_words as words
from rlcompare.ui.correlation_controls import choose_basis, choose_most_lags, choose_window
from rlcompare.ui.correlation_frames import lagged, rolled
from rlcompare.ui.correlation_pair import View
from rlcompare.ui.pandas_import import IMPORTING


def show_course(view: View) -> None:
    """Show both charts, each unit of steps apart."""
    lengths = [len(pair.step) for pair in view.found.pairs if len(pair.step)]
    if not lengths:
        st.info("The two metrics were never logged at the same step. Choose others in the sidebar.")
        return
    basis, window_place, lags_place = st.columns([2, 1, 1], vertical_alignment="bottom")
    with basis:
        on_differences = choose_basis()
    with window_place:
        window = choose_window(min(lengths))
    with lags_place:
        most = choose_most_lags()
    _show_rolling(view, window, on_differences=on_differences)
    _show_lags(view, most, on_differences=on_differences)


def _units(view: View, names: Sequence[str]) -> list[tuple[str, set[str]]]:
    """Units of steps, the most common first, each with its curves."""
    units: dict[str, set[str]] = {}
    for name in names:
        units.setdefault(view.found.unit_of[run_of(name)], set()).add(name)
    return sorted(units.items(), key=lambda item: (-len(item[1]), item[0]))


def _behind(units: Sequence[object], unit: str) -> str:
    return f", by {unit or 'step of unknown unit'}" if len(units) > 1 else ""


def _show_rolling(view: View, window: int, *, on_differences: bool) -> None:
    found = correlation_stages.rolling(view.compared, *view.key, window, on_differences)
    units = _units(view, [one.name for one in found])
    if not found:
        st.subheader("When they move together", anchor=False)
        st.info(words.too_short(window))
    for unit, names in units:
        st.subheader(f"When they move together{_behind(units, unit)}", anchor=False)
        some = [one for one in found if one.name in names]
        spec = _rolling_spec(
            Names(*view.found.names, view.step_title(list(names))),
            view.lines([one.name for one in some]),
            _y_title(on_differences=on_differences),
        )
        _show(f"correlation_rolling_{unit}", spec, rolled(some, view.label_of), "Rolling correlation")
    controls.note(words.how_rolled(found, window, len(view.found.pairs), on_differences=on_differences))


def _show_lags(view: View, most: int, *, on_differences: bool) -> None:
    found = correlation_stages.leads(view.compared, *view.key, most, on_differences)
    units = _units(view, [one.name for one in found])
    if not found:
        st.subheader("Which leads", anchor=False)
        st.info("No run has enough joint steps, with both metrics changing, to look for a lag.")
    for unit, names in units:
        st.subheader(f"Which leads{_behind(units, unit)}", anchor=False)
        some = [one for one in found if one.name in names]
        controls.say(words.who_leads(some, view.found.names, unit, view.run_labels))
        spec = _lag_spec(
            view.lines([one.name for one in some]),
            _y_title(on_differences=on_differences),
            f"Lag in records: {view.found.names[1]} after {view.found.names[0]}",
        )
        _show(f"correlation_lags_{unit}", spec, lagged(some, view.label_of), "Correlation by lag")
        controls.note(words.how_lagged(some, view.found.names, unit))


def _y_title(*, on_differences: bool) -> str:
    return f"Pearson's r of {'first differences' if on_differences else 'levels'}"


def _show(key: str, spec: dict[str, Any], datasets: dict[str, Any], alt: str) -> None:
    with st.container(key=f"{key}_chart"):
        st.vega_lite_chart(spec={**spec, "datasets": datasets}, key=key, alt=alt)


@st.cache_data(max_entries=16, show_spinner=False)
def _rolling_spec(names: Names, lines: Lines, title: str) -> dict[str, Any]:
    with IMPORTING:
        spec: dict[str, Any] = rolling_chart(names, lines, title).to_dict()
    return spec


@st.cache_data(max_entries=16, show_spinner=False)
def _lag_spec(lines: Lines, title: str, x_title: str) -> dict[str, Any]:
    with IMPORTING:
        spec: dict[str, Any] = lag_chart(lines, title, x_title).to_dict()
    return spec
