"""The Quantiles page below its first controls: fans over the training, and beneath them what goes further."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import streamlit as st

from rlcompare.charts.curve_axes import XAxis
from rlcompare.charts.quantiles import FanLook, columns_of, fan_chart
from rlcompare.metrics import title_of
from rlcompare.runs import Runs
from rlcompare.ui import access, captions, controls, curve_charts, quantile_frames, quantile_parts
from rlcompare.ui import quantile_words as words
from rlcompare.ui.curve_options import CurveOptions
from rlcompare.ui.pandas_import import IMPORTING
from rlcompare.ui.quantile_controls import choose_panels, choose_stretch, choose_unit
from rlcompare.ui.quantile_parts import Asked, Part
from rlcompare.ui.quantile_stages import Stretch


@dataclass(frozen=True, eq=False)
class View:
    """What the parts of the page share.

    Parameters
    ----------
    asked : Asked
    runs, compared : Runs
        The whole library, and those that are compared.
    parts : tuple of Part
        Runs or groups that have a chart, of one unit of steps.
    every_part : tuple of Part
        Also those without one.
    unit : str
    stretch : Stretch
    domain : tuple of str
        Of their colours.
    """

    asked: Asked
    runs: Runs
    compared: Runs
    parts: tuple[Part, ...]
    every_part: tuple[Part, ...]
    unit: str
    stretch: Stretch
    domain: tuple[str, ...]

    @property
    def run_labels(self) -> dict[str, str]:
        """Labels of all runs of the library."""
        return access.all_labels(self.runs.ids)

    @property
    def alike(self) -> list[Part]:
        """Those whose distributions may be compared."""
        return quantile_parts.compared_alike(self.parts)


def view_of(asked: Asked, runs: Runs, compared: Runs) -> View | None:
    """Find what there is of the quantity, and ask for what hangs on it; None where there is nothing."""
    found = quantile_parts.parts_of(asked, runs, compared)
    units = quantile_parts.units_of(found)
    if not units:
        return None
    unit = choose_unit(units)
    of_unit = quantile_parts.of_unit(found, unit)
    shown = set(choose_panels([part.label for part in of_unit]))
    parts = [part for part in of_unit if part.label in shown]
    ends = [ends for part in parts if (ends := quantile_parts.ends_of(part, asked.metric))]
    if not ends:
        return None
    stretch = choose_stretch(ends, unit)
    labels = curve_charts.line_labels(runs, CurveOptions(grouping=asked.grouping))
    domain = quantile_parts.domain_of(found, labels, [part.label for part in of_unit])
    return View(asked, runs, compared, tuple(parts), tuple(of_unit), unit, stretch, domain)


def show_fans(view: View) -> None:
    """Draw the fans of all parts on the same axes."""
    fans = [quantile_parts.fan_of(part, view.asked) for part in view.parts]
    drawn = [(part, fan) for part, fan in zip(view.parts, fans, strict=True) if len(fan.n)]
    axes = quantile_frames.shared_view([quantile_frames.fan_ends(fan) for _, fan in drawn], view.stretch)
    with_counts = any((fan.n > 1).any() for _, fan in drawn)
    columns: list[Any] = []
    for number, (part, fan) in enumerate(drawn):
        if not columns:
            columns = list(st.columns(columns_of(len(drawn)))) if len(drawn) > 1 else [st.container()]
        look = FanLook(
            x=steps_axis(view.unit, narrow=len(drawn) > 1),
            y_title=quantile_parts.value_title(part, view.asked.metric),
            domain=view.domain,
            counted=f"{part.noun}s" if part.source == "samples" else "values",
            told=told_by_hover(part, view.asked),
            with_counts=with_counts,
            narrow=len(drawn) > 1,
        )
        with columns.pop(0), st.container(key=f"quantiles_fan_{number}"):
            datasets = {"view": axes, **quantile_frames.fan_frames(fan, part.label)}
            draw_fan(part.label, look, datasets, f"quantiles_fan_chart_{number}")
            left_out = sum(one.n_left_out for one in quantile_parts.values_of(part, view.asked.metric))
            controls.note(words.fan_note(part, fan, view.asked.metric, left_out))
    controls.note(words.how_fanned([part for part, _ in drawn], view.asked.bands, with_counts=with_counts))
    empty = [part.label for part, fan in zip(view.parts, fans, strict=True) if not len(fan.n)]
    if empty:
        controls.note(f"Nothing but NaN and infinite values: {captions.listing(empty)}.")


def draw_fan(title: str, look: FanLook, datasets: quantile_frames.Frames, key: str) -> None:
    """Draw one fan chart."""
    titled = datasets["view"].with_columns(title=pl.lit(title))
    st.vega_lite_chart(
        spec={**_fan_spec(look), "datasets": {**datasets, "view": titled}},
        key=key,
        alt=f"{look.y_title} of {title} over the training",
    )


@st.cache_data(max_entries=64, show_spinner=False)
def _fan_spec(look: FanLook) -> dict[str, Any]:
    with IMPORTING:
        spec: dict[str, Any] = fan_chart(look).to_dict()
    return spec


def told_by_hover(part: Part, asked: Asked) -> tuple[tuple[str, str], ...]:
    """Name the numbers of a stretch."""
    counted = f"{part.noun}s" if part.source == "samples" else "values"
    if part.source in ("samples", "values"):
        return (("n", counted), ("center", "median"), *bands_told(asked.bands))
    low, high = ("smallest", "largest") if part.source == "extremes" else ("mean − 1 SD", "mean + 1 SD")
    return (("n", counted), ("center", "mean"), ("lower0", low), ("upper0", high))


def bands_told(bands: Sequence[tuple[float, float]]) -> tuple[tuple[str, str], ...]:
    """Name the ends of bands, the lowest quantile first."""
    ends = [
        (quantile, f"{side}{number}")
        for number, pair in enumerate(bands)
        for side, quantile in zip(("lower", "upper"), pair, strict=True)
    ]
    return tuple((field, f"{100 * quantile:g} %") for quantile, field in sorted(ends))


def x_title(unit: str) -> str:
    """Name the axis of steps."""
    return unit.capitalize() or "Step (unit unknown)"


def steps_axis(unit: str, *, narrow: bool) -> XAxis:
    """Describe the axis of steps of a fan."""
    return XAxis(x_title(unit), is_whole=True, ticks=4 if narrow else 8)


def show_left_out(view: View | None, asked: Asked, runs: Runs, compared: Runs) -> None:
    """Say which keys stand behind the quantity, and which runs are not on the page."""
    found = access.sources(compared, compared.fingerprint, asked.metric)
    units = dict(found.group_by("step_unit").len().iter_rows())
    others = {unit: n for unit, n in units.items() if view is not None and (unit or "") != view.unit}
    labels = access.all_labels(runs.ids)
    without = [labels[run] for run in compared.ids if run not in set(found["run"])]
    shown = [run for part in (view.every_part if view else ()) for run in part.runs.ids]
    behind = found.filter(pl.col("run").is_in(shown))
    for text in (
        captions.where_from(asked.metric, title_of(asked.metric), behind) if shown else "",
        words.left_out(asked, without, others),
        captions.what_is_joined(compared),
    ):
        if text:
            controls.note(text)
