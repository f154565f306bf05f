"""Spread along a training: a line with bands around it, and where its values lie.

Every chart draws named datasets, so that its specification is built once and stays while the data change.
"""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt

from rlcompare.charts import curve_layers as layers
from rlcompare.charts.curve_axes import STRIP, STRIP_GAP, Axes, Encodings, XAxis, YAxis

#: Pixels, title and axes included.
HEIGHT, NARROW_HEIGHT, HEAT_HEIGHT = 380, 300, 420
#: Of the y axis' title, of a chart alone and beside others.
TITLE_LIMITS = (230, 160)
#: Of bands, from the narrowest to the widest.
OPACITIES = (0.42, 0.24, 0.13)
#: From few to many; the background shines through where there are few.
DENSITY = ["rgba(59, 130, 214, 0.08)", "rgb(59, 130, 214)"]
#: Apart from the cells and from a light and a dark background.
MEDIAN_LINE = "#e0702e"
#: A canvas redraws faster than SVG.
_CANVAS = {"embedOptions": {"renderer": "canvas"}}
_NO_TOOLTIP = alt.value(None)
_TITLE = alt.ExprRef("data('view')[0].title")


@dataclass(frozen=True)
class FanLook:
    """What a fan chart shows.

    Parameters
    ----------
    x : XAxis
    y_title : str
    domain : tuple of str
        Of the colours: see :func:`rlcompare.charts.palette.color_domain`.
    counted : str
        What the strip at the foot counts.
    told : tuple of (field, title)
        Numbers of a stretch that its tooltip tells.
    with_counts : bool
        The strip is there.
    with_runs : bool
        Thin lines beneath, and a dashed one on top.
    narrow : bool
        Other charts stand beside it.
    """

    x: XAxis
    y_title: str
    domain: tuple[str, ...]
    counted: str
    told: tuple[tuple[str, str], ...]
    with_counts: bool = True
    with_runs: bool = False
    narrow: bool = False


def fan_chart(look: FanLook) -> alt.LayerChart:
    """Draw a line and bands around it, and how many values stand behind each place.

    Datasets: ``view`` (``title``: the run or group; ``x0, x1, y0, y1``: ends of the axes; ``s0, s1``: ends of the
    stretch that is chosen), so that the charts of all runs have one specification; ``bands``
    (``label, band, x, lower, upper``; ``band`` counts from the narrowest, 0); ``bars`` (the same, drawn upright where
    there is one stretch only); ``line`` (``label, curve, x, value``); ``counts`` (``label, x, n``); ``hover`` (``x,
    first, last`` and what is told). With runs: ``runs`` and ``marked`` (``label, curve, x, value``).
    """
    axes = Axes(look.x, look.domain, None, strip=look.with_counts)
    encodings = axes.encodings(YAxis(look.y_title), "left")
    if look.narrow:
        # What a length counts stands on a line of its own: side by side both are longer than the axis.
        encodings["y"] = encodings["y"].title(look.y_title.replace(" (", "\n(", 1).split("\n"))
    encodings["y"]["axis"]["titleLimit"] = TITLE_LIMITS[look.narrow]
    drawn = [_chosen(axes), _bands(encodings), _bars(encodings)]
    if look.with_runs:
        drawn.append(layers.line(encodings, "runs", 1.0, alt.value(0.25)))
    drawn += [layers.line(encodings, "line", 2.2, alt.value(1.0)), _dots(encodings)]
    if look.with_runs:
        drawn.append(layers.line(encodings, "marked", 1.8, alt.value(1.0), dashed=True))
    if look.with_counts:
        drawn.append(_counts(axes, look.counted))
    drawn.append(_hover(axes, look))
    chart = alt.LayerChart(
        layer=drawn,
        title=alt.Title(
            alt.ExprRef("data('view')[0].title"), anchor="start", frame="group", fontSize=14, offset=8, limit=600
        ),
        height=NARROW_HEIGHT if look.narrow else HEIGHT,
        usermeta=_CANVAS,
    )
    independent: alt.LayerChart = chart.resolve_scale(y="independent")
    return independent


def _chosen(axes: Axes) -> alt.Chart:
    """Shade the stretch of the training that the charts beneath look at."""
    x = axes.place()
    x.shorthand = "s0:Q"
    rect = alt.Chart(alt.NamedData("view")).mark_rect(color=layers.MIDDLE_GREY, opacity=0.14, clip=True)
    chosen: alt.Chart = rect.encode(
        x=x, x2="s1:Q", y=alt.value(0), y2=alt.value(alt.ExprRef(axes.foot)), tooltip=_NO_TOOLTIP
    )
    return chosen


def _opacity() -> alt.Opacity:
    return alt.Opacity(
        "band:O", scale=alt.Scale(domain=list(range(len(OPACITIES))), range=list(OPACITIES)), legend=None
    )


def _bands(encodings: Encodings) -> alt.Chart:
    area = alt.Chart(alt.NamedData("bands")).mark_area(clip=True, order=False, line=False)
    return _between(area, encodings).encode(detail="band:O")


def _bars(encodings: Encodings) -> alt.Chart:
    return _between(alt.Chart(alt.NamedData("bars")).mark_rule(strokeWidth=14, clip=True), encodings)


def _between(chart: alt.Chart, encodings: Encodings) -> alt.Chart:
    y = encodings["y"].copy()
    y.shorthand = "lower:Q"
    shown = {**encodings, "y": y}
    encoded: alt.Chart = chart.encode(**shown, y2="upper:Q", opacity=_opacity(), tooltip=_NO_TOOLTIP)
    return encoded


def _dots(encodings: Encodings) -> alt.Chart:
    """Dot the line where there is one stretch only."""
    dots: alt.Chart = (
        alt.Chart(alt.NamedData("dots")).mark_circle(size=60, clip=True).encode(**encodings, tooltip=_NO_TOOLTIP)
    )
    return dots


def _counts(axes: Axes, counted: str) -> alt.Chart:
    y = alt.Y(
        "n:Q",
        title=counted,
        scale=alt.Scale(
            domainMin=0, nice=False, range=[alt.ExprRef("height"), alt.ExprRef(f"height - {STRIP - STRIP_GAP}")]
        ),
        axis=alt.Axis(
            orient="left", grid=False, tickCount=2, tickMinStep=1, titleFontSize=11, labelFontSize=10, format="~s"
        ),
    )
    line = alt.Chart(alt.NamedData("counts")).mark_line(interpolate="step", strokeWidth=1.2, clip=True, order=False)
    counts: alt.Chart = line.encode(x=axes.place(), y=y, color=axes.color(), tooltip=_NO_TOOLTIP)
    return counts


def _hover(axes: Axes, look: FanLook) -> alt.Chart:
    """Tell the numbers of the stretch under the pointer, wherever above it that is."""
    numbers = [alt.Tooltip(f"{field}:Q", title=title, format=",.6~g") for field, title in look.told]
    column = alt.Chart(alt.NamedData("hover")).mark_rule(strokeWidth=9, opacity=0, clip=True)
    hover: alt.Chart = column.encode(
        x=axes.place(),
        y=alt.value(0),
        y2=alt.value(alt.ExprRef("height")),
        tooltip=[
            alt.Tooltip("first:Q", title=f"{look.x.title.lower()}, from", format=",d"),
            alt.Tooltip("last:Q", title="to", format=",d"),
            *numbers,
        ],
    )
    return hover


def heat_map_chart(x_title: str, y_title: str, counted: str) -> alt.LayerChart:
    """Draw where the values of each stretch lie.

    Datasets: ``cells`` (``x0, x1``: ends of the stretch; ``first, last``: its steps that have values; ``y0, y1``: ends
    of the bin; ``share`` of the stretch's values in it; ``n``) and ``line`` (``x, value``: the medians).

    Parameters
    ----------
    x_title, y_title : str
    counted : str
        What the values are of.
    """
    x = alt.X(
        "x0:Q",
        title=x_title,
        scale=alt.Scale(zero=False, nice=False),
        axis=alt.Axis(grid=False, tickCount=8, format="~s"),
    )
    y = alt.Y("y0:Q", title=y_title, scale=alt.Scale(zero=False, nice=False), axis=alt.Axis(grid=False, tickCount=6))
    color = alt.Color(
        "share:Q",
        title=f"Share of {counted}",
        scale=alt.Scale(type="log", range=DENSITY, nice=False),
        legend=alt.Legend(format=".1~%", gradientLength=180),
    )
    told = [
        alt.Tooltip("first:Q", title=f"{x_title.lower()}, from", format=",d"),
        alt.Tooltip("last:Q", title="to", format=",d"),
        alt.Tooltip("y0:Q", title=f"{y_title.lower()}, from", format=",.5~g"),
        alt.Tooltip("y1:Q", title="to", format=",.5~g"),
        alt.Tooltip("n:Q", title=counted, format=",d"),
        alt.Tooltip("share:Q", title="share of the stretch", format=".2%"),
    ]
    cells = (
        alt.Chart(alt.NamedData("cells"))
        .mark_rect(strokeWidth=0)
        .encode(x=x, x2="x1:Q", y=y, y2="y1:Q", color=color, tooltip=told)
    )
    line_x, line_y = x.copy(), y.copy()
    line_x.shorthand, line_y.shorthand = "x:Q", "value:Q"
    medians = (
        alt.Chart(alt.NamedData("line"))
        .mark_line(strokeWidth=2, color=MEDIAN_LINE, order=False)
        .encode(x=line_x, y=line_y, tooltip=_NO_TOOLTIP)
    )
    return alt.LayerChart(layer=[cells, medians], height=HEAT_HEIGHT, usermeta=_CANVAS)


def columns_of(n: int) -> int:
    """Tell how many fan charts stand side by side."""
    return 3 if n in (3, 5, 6) else min(n, 2)
