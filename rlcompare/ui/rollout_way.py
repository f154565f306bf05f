"""The way from a point of a curve to the samples behind it: links beneath the chart in which it was clicked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from rlcompare.curves import run_of
from rlcompare.runs import Runs
from rlcompare.ui import access
from rlcompare.ui.captions import LISTED, count
from rlcompare.ui.controls import note
from rlcompare.ui.curve_side import Drawn
from rlcompare.ui.rollout_link import PAGE, link_to

_CLICKED = "curves_clicked"


@dataclass(frozen=True)
class Clicked:
    """The point that was clicked last.

    Parameters
    ----------
    chart : str
        Key of its chart.
    label : str
        Of the line: a run, or a group.
    steps : dict of run to step
        The record of each of the line's runs that is nearest to the point.
    """

    chart: str
    label: str
    steps: dict[str, int]


def steps_behind(drawn: Drawn, label: str, x: float) -> dict[str, int]:
    """Tell the step of each run behind a point of a line.

    Parameters
    ----------
    drawn : Drawn
    label : str
        Of the line.
    x : float
        Place on the axis, in its unit.

    Returns
    -------
    dict of run to the step of its record nearest to x
    """
    curves = drawn.logged
    nearest: dict[str, tuple[float, int]] = {}
    for name, part in zip(curves.names, curves.slices, strict=True):
        if drawn.label_of[name] != label or part.start == part.stop:
            continue
        distance = np.abs(curves.x[part] - x)
        at = int(np.argmin(distance))
        found = (float(distance[at]), int(curves.step[part][at]))
        nearest[run_of(name)] = min(found, nearest.get(run_of(name), found))
    return {run: step for run, (_, step) in nearest.items()}


def invitation(compared: Runs) -> str:
    """Say that a point can be clicked; empty where no run has samples."""
    having = access.runs_with_samples(compared, compared.fingerprint)
    return "Click a point for links to the samples behind it." if having else ""


def take_point(chart: str, drawn: Drawn, label: str, x: float) -> None:
    """Remember the point that was clicked in a chart."""
    st.session_state[_CLICKED] = Clicked(chart, label, steps_behind(drawn, label, x))


def forget_point() -> None:
    """Show no links any more."""
    st.session_state.pop(_CLICKED, None)


def show_way(chart: str, compared: Runs) -> None:
    """Link to the samples behind the point that was clicked in a chart; nothing where none was."""
    clicked: Clicked | None = st.session_state.get(_CLICKED)
    if clicked is None or clicked.chart != chart:
        return
    having = [run for run in access.runs_with_samples(compared, compared.fingerprint) if run in clicked.steps]
    if not having:
        note(f"{clicked.label}: no samples were logged.")
    labels = access.all_labels(compared.ids)
    for run in having[:LISTED]:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            step = clicked.steps[run]
            st.page_link(
                PAGE, label=f"Samples at step {step:,}", icon=":material/forum:", query_params=link_to(run, step)
            )
            note(labels[run])
    if len(having) > LISTED:
        note(f"{count(len(having) - LISTED, 'more run')} of this group with samples: see the Rollouts page.")
