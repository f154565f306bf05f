"""The learning curve: one line a run, the unsmoothed values faint beneath."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import polars as pl

#: More runs than this have no legend: it would be taller than the chart.
LEGEND_RUNS = 24
#: Pixels, title and axis included: Streamlit fits the whole chart into its height.
HEIGHT = 400
LEGEND_ROW = 17
LEGEND_MARGIN = 50


@dataclass(frozen=True)
class CurveFrames:
    """What is drawn, one frame a layer. ``run`` is the run's label, ``x`` a number or a date.

    Parameters
    ----------
    lines : DataFrame ``run, x, value``
        A null value breaks the line.
    raw : DataFrame ``run, x, value``
        The same before smoothing; may be empty.
    dots : DataFrame ``run, x, value``
        Values that no line would show, because both neighbours are missing.
    marks : DataFrame ``run, x, kind``
        Values that are not numbers: ``kind`` is ``NaN``, ``+inf`` or ``-inf``.
    hover : DataFrame ``run, x, value, logged``
        At most a few hundred points that answer to the pointer; ``logged`` is the unsmoothed value.
    """

    lines: pl.DataFrame
    raw: pl.DataFrame
    dots: pl.DataFrame
    marks: pl.DataFrame
    hover: pl.DataFrame

    def datasets(self) -> dict[str, pl.DataFrame]:
        """Return the frames by the names under which :func:`learning_curve` looks for its data."""
        return {"lines": self.lines, "raw": self.raw, "dots": self.dots, "marks": self.marks, "hover": self.hover}


@dataclass(frozen=True)
class XAxis:
    """The x axis of a curve: its title, and whether it holds dates or whole numbers."""

    title: str
    is_date: bool = False
    is_whole: bool = False


def learning_curve(*, title: str, x_axis: XAxis, domain: Sequence[str], legend: Sequence[str]) -> alt.LayerChart:
    """Draw curves of one metric from the datasets ``lines``, ``raw``, ``dots``, ``marks`` and ``hover``.

    The data stays outside (:meth:`CurveFrames.datasets`), because it changes with every move of a slider and the
    specification does not: the page builds and validates it once, and the browser keeps the chart in place.

    Parameters
    ----------
    title : str
        The metric, above the chart.
    x_axis : XAxis
    domain : sequence of str
        Of the colour scale: see :func:`rlcompare.charts.palette.color_domain`.
    legend : sequence of str
        The labels drawn, in order.

    Returns
    -------
    alt.LayerChart
    """
    many = len(legend) > LEGEND_RUNS
    chosen = _highlight(many=many)
    shared = _shared_encodings(x_axis, domain, legend, many=many)
    layers = [
        _line("raw", 1.0, _faded(chosen, 0.25 if len(legend) <= 8 else 0.12, 0.02), shared),
        _line("lines", 1.0 if many else 1.8, _faded(chosen, 0.6 if many else 1.0, 0.08), shared),
        _lone_points(chosen, shared),
        *_not_numbers(chosen, shared),
        _hover(x_axis, chosen, shared),
    ]
    return alt.LayerChart(
        layer=layers,
        title=alt.Title(title, anchor="start", frame="group", fontSize=15, offset=12),
        height=HEIGHT if many else max(HEIGHT, LEGEND_ROW * len(legend) + LEGEND_MARGIN),
        # A canvas redraws a seventh faster than SVG.
        usermeta={"embedOptions": {"renderer": "canvas"}},
    )


Encodings = Mapping[str, Any]

#: 2,500 and 40k, where Vega's own SI format writes 0.2k, 0.4k, …, 1k.
_NUMBER_LABEL = "abs(datum.value) < 10000 ? format(datum.value, ',~r') : format(datum.value, '~s')"


def _highlight(*, many: bool) -> alt.Parameter:
    """Chosen by a click on the legend, or, without a legend, near a line."""
    if many:
        return alt.selection_point(name="highlight", fields=["run"], on="click", nearest=True, clear="dblclick")
    return alt.selection_point(name="highlight", fields=["run"], bind="legend")


def _faded(chosen: alt.Parameter, opacity: float, otherwise: float) -> Any:
    return alt.when(chosen).then(alt.value(opacity)).otherwise(alt.value(otherwise))


def _shared_encodings(x_axis: XAxis, domain: Sequence[str], legend: Sequence[str], *, many: bool) -> dict[str, Any]:
    x: alt.X
    if x_axis.is_date:
        x = alt.X("x:T", title=x_axis.title, scale=alt.Scale(nice=False))
    else:
        axis = alt.Axis(labelExpr=_NUMBER_LABEL, grid=False, tickCount=8, tickMinStep=1 if x_axis.is_whole else 0)
        x = alt.X("x:Q", title=x_axis.title, axis=axis, scale=alt.Scale(nice=False, zero=False))
    key = (
        None
        if many
        else alt.Legend(
            title=None,
            values=list(legend),
            symbolLimit=0,
            symbolType="stroke",
            symbolStrokeWidth=3,
            symbolOpacity=1,
            labelLimit=320,
            orient="right",
            rowPadding=3,
        )
    )
    return {
        "x": x,
        "y": alt.Y(
            "value:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(labelExpr=_NUMBER_LABEL, tickCount=6)
        ),
        "color": alt.Color("run:N", scale=alt.Scale(domain=list(domain)), legend=key),
    }


def _line(dataset: str, width: float, opacity: Any, shared: Encodings) -> alt.Chart:
    # Without the null tooltip Streamlit's theme puts one on every point, a quarter of a redraw's time.
    chart = alt.Chart(alt.NamedData(dataset)).mark_line(strokeWidth=width, strokeJoin="round", clip=True)
    return _encoded(chart, shared, opacity=opacity, tooltip=alt.value(None))


def _lone_points(chosen: alt.Parameter, shared: Encodings) -> alt.Chart:
    chart = alt.Chart(alt.NamedData("dots")).mark_circle(size=28)
    return _encoded(chart, shared, opacity=_faded(chosen, 1.0, 0.08), tooltip=alt.value(None))


def _not_numbers(chosen: alt.Parameter, shared: Encodings) -> list[alt.Chart]:
    """Mark values at the axis: +inf at the upper edge, NaN and -inf at the lower."""
    shape = alt.Shape(
        "kind:N",
        scale=alt.Scale(domain=["NaN", "+inf", "-inf"], range=["cross", "triangle-up", "triangle-down"]),
        legend=None,
    )
    upper = alt.datum.kind == "+inf"
    return [
        alt.Chart(alt.NamedData("marks"))
        .transform_filter(where)
        .mark_point(size=45, filled=True, yOffset=offset)
        .encode(
            x=shared["x"],
            y=edge,
            color=shared["color"],
            shape=shape,
            opacity=_faded(chosen, 1.0, 0.08),
            tooltip=[alt.Tooltip("run:N"), alt.Tooltip("kind:N", title="logged")],
        )
        for where, edge, offset in ((upper, alt.value(0), 5), (~upper, alt.value("height"), -5))
    ]


def _hover(x_axis: XAxis, chosen: alt.Parameter, shared: Encodings) -> alt.Chart:
    """Draw points on a layer of their own: on the dense one they would make a redraw several times slower."""
    near = alt.selection_point(name="near", on="pointermove", nearest=True, empty=False, clear="pointerout")
    if x_axis.is_date:
        x = alt.Tooltip("x:T", title=x_axis.title, format="%Y-%m-%d %H:%M:%S")
    else:
        x = alt.Tooltip("x:Q", title=x_axis.title, format=",~r")
    chart = alt.Chart(alt.NamedData("hover")).mark_circle(size=70).add_params(near, chosen)
    return _encoded(
        chart,
        shared,
        opacity=alt.when(near).then(alt.value(1.0)).otherwise(alt.value(0.0)),
        tooltip=[
            alt.Tooltip("run:N"),
            x,
            alt.Tooltip("value:Q", title="drawn", format=".6~g"),
            alt.Tooltip("logged:Q", format=".6~g"),
        ],
    )


def _encoded(chart: alt.Chart, shared: Encodings, **own: Any) -> alt.Chart:
    encoded: alt.Chart = chart.encode(**shared, **own)
    return encoded
