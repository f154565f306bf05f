"""Distributions beside each other: distribution functions, histograms and boxes, from named datasets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt

from rlcompare.charts.curve_axes import NUMBER_LABEL
from rlcompare.charts.curve_layers import MIDDLE_GREY, view

#: Pixels. Two charts stand side by side, and the boxes beneath.
HEIGHT, LEGEND_ROW, BOX_ROW, BOX_MARGIN = 320, 17, 34, 84
#: Characters of labels that fit into the legend side by side.
SHORT = 24
_CANVAS = {"embedOptions": {"renderer": "canvas"}}
_NO_TOOLTIP = alt.value(None)


@dataclass(frozen=True)
class DistributionLook:
    """What the charts of some distributions share.

    Parameters
    ----------
    x_title : str
        The values.
    counted : str
        What they are of.
    domain : tuple of str
        Of the colours: see :func:`rlcompare.charts.palette.color_domain`.
    labels : tuple of str
        Of the distributions, in order.
    """

    x_title: str
    counted: str
    domain: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def _columns(self) -> int:
        return 1 + (len(self.labels) > 3 and max(map(len, self.labels)) <= SHORT)

    @property
    def height(self) -> int:
        """Pixels of a chart with a legend below."""
        return HEIGHT + LEGEND_ROW * (-(-len(self.labels) // self._columns) if len(self.labels) > 1 else 0)

    def color(self, *, legend: bool) -> alt.Color:
        """Encode the label as a colour of the theme."""
        shown = alt.Legend(
            title=None,
            values=list(self.labels),
            orient="bottom",
            direction="vertical",
            columns=self._columns,
            symbolType="stroke",
            symbolStrokeWidth=3,
            symbolLimit=0,
            symbolOpacity=1,
            labelLimit=260,
            rowPadding=3,
        )
        scale = alt.Scale(domain=list(self.domain))
        return alt.Color("label:N", scale=scale, legend=shown if legend and len(self.labels) > 1 else None)

    def value(self, field: str) -> alt.X:
        """Encode a value on the x axis, whose ends come from the dataset ``view``."""
        ends: list[Any] = [alt.ExprRef(f"data('view')[0].{end}") for end in ("x0", "x1")]
        return alt.X(
            f"{field}:Q",
            title=self.x_title,
            scale=alt.Scale(domain=ends, zero=False, nice=False),
            axis=alt.Axis(labelExpr=NUMBER_LABEL, tickCount=6, grid=False, titleLimit=320),
        )


def ecdf_chart(look: DistributionLook) -> alt.LayerChart:
    """Draw distribution functions as stairs.

    Datasets: ``view`` (``x0, x1``); ``stairs`` (``label, value, share``: the share of values that are at most so
    large); ``gap`` (``value, low, high``: where two of them differ most; may be empty).
    """
    y = alt.Y(
        "share:Q",
        title=f"Share of {look.counted}",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=".0%", tickCount=5),
    )
    stairs = (
        alt.Chart(alt.NamedData("stairs"))
        .mark_line(interpolate="step-after", strokeWidth=2, order=False, clip=True)
        .encode(x=look.value("value"), y=y, color=look.color(legend=True), tooltip=_NO_TOOLTIP)
    )
    hover = (
        alt.Chart(alt.NamedData("stairs"))
        .mark_circle(size=60, opacity=0, clip=True)
        .encode(
            x=look.value("value"),
            y=y,
            color=look.color(legend=True),
            tooltip=[
                alt.Tooltip("label:N", title="of"),
                alt.Tooltip("value:Q", title="at most", format=",.6~g"),
                alt.Tooltip("share:Q", title="share", format=".2%"),
            ],
        )
    )
    low = y.copy()
    low.shorthand = "low:Q"
    # Beneath, and wide: it most often stands where one of the stairs rises.
    gap = (
        alt.Chart(alt.NamedData("gap"))
        .mark_rule(strokeWidth=8, opacity=0.6, color=MIDDLE_GREY)
        .encode(x=look.value("value"), y=low, y2="high:Q", tooltip=_NO_TOOLTIP)
    )
    return _plain([view(), gap, stairs, hover], look.height)


def histogram_chart(look: DistributionLook) -> alt.LayerChart:
    """Draw the share of values in each bin, one outline a distribution.

    Datasets: ``view`` (``x0, x1``) and ``bins`` (``label, x, x1, share, n``: the bin's ends; after the last bin of each
    label a row that takes its outline back to zero).
    """
    y = alt.Y("share:Q", title=f"Share of {look.counted}", axis=alt.Axis(format=".1~%", tickCount=5))
    encoded = {"x": look.value("x"), "color": look.color(legend=True)}
    bins = alt.Chart(alt.NamedData("bins"))
    area = bins.mark_area(interpolate="step-after", opacity=0.18, order=False, clip=True, line=False)
    outline = bins.mark_line(interpolate="step-after", strokeWidth=1.5, order=False, clip=True)
    hover = bins.mark_rect(opacity=0, clip=True).encode(
        **encoded,
        x2="x1:Q",
        y=y,
        y2=alt.datum(0),
        tooltip=[
            alt.Tooltip("label:N", title="of"),
            alt.Tooltip("x:Q", title="from", format=",.6~g"),
            alt.Tooltip("x1:Q", title="to", format=",.6~g"),
            alt.Tooltip("n:Q", title=look.counted, format=",d"),
            alt.Tooltip("share:Q", title="share", format=".2%"),
        ],
    )
    return _plain(
        [
            view(),
            area.encode(**encoded, y=y.stack(False), tooltip=_NO_TOOLTIP),
            outline.encode(**encoded, y=y, tooltip=_NO_TOOLTIP),
            hover,
        ],
        look.height,
    )


def box_chart(look: DistributionLook) -> alt.LayerChart:
    """Draw a box a distribution: quartiles and median, whiskers from the 5th to the 95th percentile, a dot at the mean.

    Datasets: ``view`` (``x0, x1``) and ``boxes`` (``label, p5, p25, p50, p75, p95, mean, n``).
    """
    y = alt.Y("label:N", title=None, sort=list(look.labels), axis=alt.Axis(labelLimit=260, ticks=False, domain=False))
    told = [
        alt.Tooltip("label:N", title="of"),
        *(alt.Tooltip(f"p{q}:Q", title=f"{q}th percentile", format=",.6~g") for q in (5, 25, 50, 75, 95)),
        alt.Tooltip("mean:Q", format=",.6~g"),
        alt.Tooltip("n:Q", title=look.counted, format=",d"),
    ]
    boxes, color = alt.Chart(alt.NamedData("boxes")), look.color(legend=False)
    drawn = [
        boxes.mark_rule(strokeWidth=1.5, clip=True).encode(x=look.value("p5"), x2="p95:Q", y=y, color=color),
        boxes.mark_bar(size=16, opacity=0.45, clip=True).encode(x=look.value("p25"), x2="p75:Q", y=y, color=color),
        boxes.mark_tick(thickness=3, size=18, clip=True).encode(x=look.value("p50"), y=y, color=color),
        boxes.mark_point(filled=True, size=36, clip=True, color=MIDDLE_GREY, opacity=1).encode(
            x=look.value("mean"), y=y
        ),
    ]
    return _plain([view(), *(layer.encode(tooltip=told) for layer in drawn)], BOX_ROW * len(look.labels) + BOX_MARGIN)


def _plain(drawn: list[alt.Chart], height: int) -> alt.LayerChart:
    return alt.LayerChart(layer=drawn, height=height, usermeta=_CANVAS)
