"""The layers of a learning curve, one function each: encodings over named datasets."""

from __future__ import annotations

from typing import Any

import altair as alt

from rlcompare.charts.curve_axes import STRIP, STRIP_GAP, Axes, Encodings, Side, YAxis

DASH = (5, 4)
FADED = 0.08
#: Seen on a light and on a dark background.
MIDDLE_GREY = "#8a8f98"


def view() -> alt.Chart:
    """Draw nothing: expressions find a dataset only where a layer uses it."""
    drawn: alt.Chart = alt.Chart(alt.NamedData("view")).mark_point(opacity=0, tooltip=None)
    return drawn


def highlight(*, many: bool) -> alt.Parameter:
    """Chosen by a click on the legend, or, without a legend, near a line."""
    if many:
        return alt.selection_point(name="highlight", fields=["label"], on="click", nearest=True, clear="dblclick")
    return alt.selection_point(name="highlight", fields=["label"], bind="legend")


def _encoded(chart: alt.Chart, **encodings: Any) -> alt.Chart:
    encoded: alt.Chart = chart.encode(**encodings)
    return encoded


def faded(chosen: alt.Parameter, opacity: float, otherwise: float = FADED) -> Any:
    """Fade what is not highlighted."""
    return alt.when(chosen).then(alt.value(opacity)).otherwise(alt.value(otherwise))


def line(encodings: Encodings, dataset: str, width: float, opacity: Any, *, dashed: bool = False) -> alt.Chart:
    """Draw lines in the order of the data, which is that of the training."""
    chart = alt.Chart(alt.NamedData(dataset)).mark_line(
        strokeWidth=width,
        strokeJoin="round",
        strokeDash=list(DASH) if dashed else alt.Undefined,
        clip=True,
        order=False,
    )
    # Without the null tooltip Streamlit's theme puts one on every point, a quarter of a redraw's time.
    return _encoded(chart, **encodings, detail="curve:N", opacity=opacity, tooltip=alt.value(None))


def band(encodings: Encodings, side: Side, chosen: alt.Parameter) -> alt.Chart:
    """Fill from lower to upper."""
    chart = alt.Chart(alt.NamedData(f"{side} bands")).mark_area(clip=True, order=False, line=False)
    y = encodings["y"].copy()
    y.shorthand = "lower:Q"
    shown = {**encodings, "y": y}
    return _encoded(
        chart, **shown, y2="upper:Q", detail="curve:N", opacity=faded(chosen, 0.18, 0.03), tooltip=alt.value(None)
    )


def zero(encodings: Encodings) -> alt.Chart:
    """Draw the line that differences are read against."""
    y = encodings["y"].copy()
    y.shorthand = "zero:Q"
    at_zero = alt.Chart(alt.NamedData("view")).mark_rule(strokeWidth=1.5, color=MIDDLE_GREY, clip=True)
    return _encoded(at_zero, y=y, tooltip=alt.value(None))


def lone_points(encodings: Encodings, side: Side, chosen: alt.Parameter) -> alt.Chart:
    """Dot what no line would show."""
    chart = alt.Chart(alt.NamedData(f"{side} dots")).mark_circle(size=28, clip=True)
    return _encoded(chart, **encodings, opacity=faded(chosen, 1.0), tooltip=alt.value(None))


def not_numbers(axes: Axes, encodings: Encodings, side: Side, chosen: alt.Parameter) -> list[alt.Chart]:
    """Mark values at the axis: +inf at the upper edge, NaN and -inf at the lower."""
    shape = alt.Shape(
        "kind:N",
        scale=alt.Scale(domain=["NaN", "+inf", "-inf"], range=["cross", "triangle-up", "triangle-down"]),
        legend=None,
    )
    upper = alt.datum.kind == "+inf"
    return [
        alt.Chart(alt.NamedData(f"{side} marks"))
        .transform_filter(where)
        .mark_point(size=45, filled=True, yOffset=offset)
        .encode(
            x=encodings["x"],
            y=alt.value(alt.ExprRef(edge)),
            color=encodings["color"],
            shape=shape,
            opacity=faded(chosen, 1.0),
            tooltip=[alt.Tooltip("run:N"), alt.Tooltip("kind:N", title="logged")],
        )
        for where, edge, offset in ((upper, "0", 5), (~upper, axes.foot, -5))
    ]


def notes(axes: Axes, encodings: Encodings, chosen: alt.Parameter) -> list[alt.Chart]:
    """Draw where a run was restarted, where one ends before its group does, and how long one has been silent."""
    told = [alt.Tooltip("run:N"), alt.Tooltip("text:N", title="note")]
    shown = {"x": encodings["x"], "color": encodings["color"]}
    restarts = alt.Chart(alt.NamedData("restarts")).mark_rule(strokeWidth=1, strokeDash=[2, 3], clip=True)
    # Filled: beside rings Vega-Lite makes a legend that no longer answers to a click.
    ends = alt.Chart(alt.NamedData("ends")).mark_point(size=60, filled=True, clip=True)
    silent = alt.Chart(alt.NamedData("silent")).mark_text(align="right", dx=-5, dy=-9, fontSize=11, clip=True)
    return [
        restarts.encode(
            **shown,
            y=alt.value(0),
            y2=alt.value(alt.ExprRef(axes.foot)),
            opacity=faded(chosen, 0.8),
            tooltip=told,
        ),
        ends.encode(**encodings, opacity=faded(chosen, 1.0), tooltip=told),
        silent.encode(**encodings, text="text:N", opacity=faded(chosen, 1.0), tooltip=told),
    ]


def hover(
    axes: Axes,
    encodings: Encodings,
    y_axis: YAxis,
    side: Side,
    chosen: alt.Parameter,
    *,
    with_band: bool,
    zooms: bool = True,
) -> alt.Chart:
    """Draw points on a layer of their own: on the dense one they would make a redraw several times slower."""
    near = alt.selection_point(name=f"near_{side}", on="pointermove", nearest=True, empty=False, clear="pointerout")
    if axes.x.is_date:
        x = alt.Tooltip("x:T", title=axes.x.title, format="%Y-%m-%d %H:%M:%S")
    else:
        x = alt.Tooltip("x:Q", title=axes.x.title, format=",~r")
    own = [alt.Tooltip("logged:Q", format=".6~g")]
    if with_band:
        own = [
            *(alt.Tooltip(f"{end}:Q", format=".6~g") for end in ("lower", "upper")),
            alt.Tooltip("n:Q", title="runs"),
        ]
    chart = alt.Chart(alt.NamedData(f"{side} hover")).mark_circle(size=70, clip=True).add_params(near)
    if side == "left":
        zoom = alt.selection_interval(name="zoom", encodings=["x"])
        point = alt.selection_point(
            name="point", fields=["label", "x"], on="click", nearest=True, empty=False, clear="dblclick"
        )
        chart = chart.add_params(chosen, zoom, point) if zooms else chart.add_params(chosen)
    return _encoded(
        chart,
        **encodings,
        opacity=alt.when(near).then(alt.value(1.0)).otherwise(alt.value(0.0)),
        tooltip=[
            alt.Tooltip("label:N", title="of"),
            x,
            alt.Tooltip("value:Q", title=y_axis.title or "drawn", format=".6~g"),
            *own,
        ],
    )


def counts(axes: Axes) -> alt.Chart:
    """Draw how many runs there are, in a strip below the curves."""
    y = alt.Y(
        "n:Q",
        title="runs",
        scale=alt.Scale(
            domainMin=0, nice=False, range=[alt.ExprRef("height"), alt.ExprRef(f"height - {STRIP - STRIP_GAP}")]
        ),
        axis=alt.Axis(orient="left", grid=False, tickCount=2, tickMinStep=1, titleFontSize=11, labelFontSize=10),
    )
    chart = alt.Chart(alt.NamedData("counts")).mark_line(
        interpolate="step-after", strokeWidth=1.5, clip=True, order=False
    )
    return _encoded(chart, x=axes.place(), y=y, color=axes.color(), tooltip=alt.value(None))
