"""Distributions in a stretch of the training: beside each other, and how far two of them are apart."""

from __future__ import annotations

from typing import Any, Literal

import streamlit as st

from rlcompare.charts.distributions import DistributionLook, box_chart, ecdf_chart, histogram_chart
from rlcompare.ui import controls, quantile_frames, quantile_parts, quantile_stages
from rlcompare.ui import quantile_words as words
from rlcompare.ui.pandas_import import IMPORTING
from rlcompare.ui.quantile_controls import choose_pair, choose_without_outliers
from rlcompare.ui.quantile_parts import Part
from rlcompare.ui.quantile_stages import Compared
from rlcompare.ui.quantile_view import View

Figure = Literal["ecdf", "histogram", "boxes"]
_CHARTS = {"ecdf": ecdf_chart, "histogram": histogram_chart, "boxes": box_chart}
_ALT = {"ecdf": "Distribution functions", "histogram": "Histograms", "boxes": "Boxes"}

NOTHING_THERE = "Nothing was logged in this stretch of the training. Move the slider in the sidebar."


def show_distributions(view: View) -> None:
    """Draw distribution functions, histograms and boxes of all parts that can be compared."""
    robust = choose_without_outliers()
    found = _compared(view, view.alike, without_outliers=robust)
    if found is None:
        st.info(NOTHING_THERE)
        return
    frames = quantile_frames.distribution_frames(found)
    look = _look(view, view.alike, found)
    left, right = st.columns(2)
    with left:
        _draw("ecdf", look, frames)
        controls.note("Steps up to the share of values that are at most so large.")
    with right:
        _draw("histogram", look, frames)
        controls.note(f"Share of values in bins of {found.edges[1] - found.edges[0]:.4g}, the same for all.")
    _draw("boxes", look, frames)
    controls.note(f"{words.box_note(found)} {words.of_stretch(view.alike, found, view.stretch, view.parts)}")


def show_distance(view: View) -> None:
    """Draw two distribution functions and say how far they are apart."""
    labels = [part.label for part in view.alike]
    if len(labels) < 2:
        st.info("Two runs or groups are needed. Choose more runs in the sidebar, or other groups.")
        return
    by_label = {part.label: part for part in view.alike}
    one, other = (by_label[label] for label in choose_pair(labels))
    if one is other:
        st.info("Choose two different runs or groups.")
        return
    found = _compared(view, [one, other], without_outliers=False)
    sides = [quantile_parts.values_of(part, view.asked.metric) for part in (one, other)]
    distance = quantile_stages.distance_of(
        sides[0],
        sides[1],
        (one.runs.fingerprint, other.runs.fingerprint),
        (one.what or view.asked.metric, other.what or view.asked.metric),
        view.stretch,
    )
    if found is None or distance is None:
        st.info("One of the two logged nothing in this stretch of the training. Move the slider in the sidebar.")
        return
    title = quantile_parts.value_title(one, view.asked.metric)
    picture, text = st.columns([3, 2], vertical_alignment="center")
    with picture:
        frames = quantile_frames.distribution_frames(found, distance)
        _draw("ecdf", _look(view, [one, other], found), frames, name="pair")
        controls.note("Grey: where they differ most.")
    with text:
        controls.say(words.apart_sentence(distance, one.label, other.label, title))
        controls.note(words.apart_note(distance, one, other))
    controls.note(words.of_stretch([one, other], found, view.stretch, [one, other]))


def _compared(view: View, parts: list[Part], *, without_outliers: bool) -> Compared | None:
    metric = view.asked.metric
    return quantile_stages.compared(
        {part.label: quantile_parts.values_of(part, metric) for part in parts},
        tuple((part.label, part.runs.fingerprint) for part in parts),
        tuple(part.what or metric for part in parts),
        view.stretch,
        without_outliers,
    )


def _look(view: View, parts: list[Part], found: Compared) -> DistributionLook:
    title = quantile_parts.value_title(parts[0], view.asked.metric)
    counted = f"{parts[0].noun}s" if parts[0].source == "samples" else "logged values"
    return DistributionLook(title, counted, view.domain, found.labels)


def _draw(figure: Figure, look: DistributionLook, frames: quantile_frames.Frames, *, name: str = "") -> None:
    name = name or figure
    used = {"ecdf": ("view", "stairs", "gap"), "histogram": ("view", "bins"), "boxes": ("view", "boxes")}[figure]
    with st.container(key=f"quantiles_{name}"):
        st.vega_lite_chart(
            spec={**_spec(figure, look), "datasets": {dataset: frames[dataset] for dataset in used}},
            key=f"quantiles_{name}_chart",
            alt=f"{_ALT[figure]} of {look.x_title}",
        )


@st.cache_data(max_entries=64, show_spinner=False)
def _spec(figure: Figure, look: DistributionLook) -> dict[str, Any]:
    with IMPORTING:
        spec: dict[str, Any] = _CHARTS[figure](look).to_dict()
    return spec
