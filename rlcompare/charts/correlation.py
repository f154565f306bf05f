"""Two metrics against each other: their scatter, and how closely they move together along a training and at a lag.

Every chart draws named datasets, so that its specification is built once and stays while the data change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt

from rlcompare.charts.curve_axes import NUMBER_LABEL
from rlcompare.charts.curve_layers import MIDDLE_GREY
from rlcompare.charts.learning_curve import LEGEND_LINES

#: From early to late in a training; apart from a light and from a dark background.
PROGRESS = ["#d9a320", "#d8577a", "#5b62d8"]
#: From few to many; the background shines through where there are few.
COUNTS = ["rgba(59, 130, 214, 0.15)", "rgb(59, 130, 214)"]

#: Pixels. A row of facets is as wide as a page of 1,440 pixels has room for.
SCATTER_HEIGHT, LINES_HEIGHT = 380, 320
FACET_COLUMNS, FACET_HEIGHT = 3, 200
FACET_WIDTHS = {2: 410, 3: 268}

Colored = Literal["run", "progress"]


@dataclass(frozen=True)
class Names:
    """What the axes are called.

    Parameters
    ----------
    x, y : str
        Titles of the two metrics.
    step : str
        Of the axis of steps.
    """

    x: str
    y: str
    step: str = "Step"


@dataclass(frozen=True)
class Lines:
    """The labels of a chart's lines, and their colours.

    Parameters
    ----------
    domain : tuple of str
        Of the colour scale: see :func:`rlcompare.charts.palette.color_domain`.
    legend : tuple of str
        The labels drawn, in order.
    """

    domain: tuple[str, ...]
    legend: tuple[str, ...]

    def color(self, *, named: bool = True) -> alt.Color:
        """Encode the label as a colour of the theme; of very many, or of one, without a legend."""
        legend = None
        if named and 1 < len(self.legend) <= LEGEND_LINES:
            legend = alt.Legend(
                title=None, values=list(self.legend), symbolLimit=0, labelLimit=320, symbolOpacity=1, rowPadding=3
            )
        return alt.Color("label:N", scale=alt.Scale(domain=list(self.domain)), legend=legend)


def scatter(names: Names, lines: Lines, *, colored: Colored, faceted: bool, n_points: int) -> alt.TopLevelMixin:
    """Draw joint steps as points, from the dataset ``points``: ``label, step, x, y, progress``.

    Parameters
    ----------
    names : Names
    lines : Lines
    colored : {"run", "progress"}
        By run or group, or by the part of the training that has passed.
    faceted : bool
        A small chart a run.
    n_points : int
        The more there are, the fainter each one.
    """
    color = lines.color(named=not faceted) if colored == "run" else _progress(faceted=faceted)
    points = alt.Chart(alt.NamedData("points")).mark_circle(
        size=22 if faceted else 34, opacity=0.7 if n_points < 300 else 0.45 if n_points < 1_500 else 0.25, clip=True
    )
    drawn = points.encode(
        x=_value("x", names.x),
        y=_value("y", names.y),
        color=color,
        tooltip=[
            alt.Tooltip("label:N", title="of"),
            alt.Tooltip("step:Q", title=names.step, format=",d"),
            alt.Tooltip("x:Q", title=names.x, format=".5~g"),
            alt.Tooltip("y:Q", title=names.y, format=".5~g"),
        ],
    )
    return _facets(drawn, lines) if faceted else _plain(drawn, SCATTER_HEIGHT)


def binned_scatter(names: Names, lines: Lines, *, colored: Colored, faceted: bool) -> alt.TopLevelMixin:
    """Draw how many joint steps fall into each bin: ``bins`` with ``label, x0, x1, y0, y1, n, progress``.

    Parameters as of :func:`scatter`; ``progress`` is the mean of the bin's steps.
    """
    color = _progress(faceted=faceted)
    if colored == "run":
        color = alt.Color(
            "n:Q",
            title="Joint steps",
            scale=alt.Scale(type="log", range=COUNTS, nice=False),
            legend=_gradient(faceted=faceted, format="~s"),
        )
    told = [alt.Tooltip("n:Q", title="joint steps", format=",d")]
    told += [
        alt.Tooltip(f"{place}{end}:Q", title=f"{name} {word}", format=".5~g")
        for place, name in (("x", names.x), ("y", names.y))
        for end, word in (("0", "from"), ("1", "to"))
    ]
    told.append(alt.Tooltip("progress:Q", title="training passed", format=".0%"))
    drawn = (
        alt.Chart(alt.NamedData("bins"))
        .mark_rect(strokeWidth=0)
        .encode(x=_value("x0", names.x), x2="x1:Q", y=_value("y0", names.y), y2="y1:Q", color=color, tooltip=told)
    )
    return _facets(drawn, lines) if faceted else _plain(drawn, SCATTER_HEIGHT)


def rolling_chart(names: Names, lines: Lines, title: str) -> alt.TopLevelMixin:
    """Draw coefficients along a training: ``lines`` (``label, curve, x, first, value``) and ``null`` (``low, high``).

    ``hover`` has some rows of ``lines``.

    Parameters
    ----------
    names : Names
    lines : Lines
    title : str
        Of the y axis.
    """
    x = alt.X(
        "x:Q",
        title=names.step,
        scale=alt.Scale(zero=False, nice=False),
        axis=alt.Axis(labelExpr=NUMBER_LABEL, grid=False, tickCount=8),
    )
    told = [
        alt.Tooltip("label:N", title="of"),
        alt.Tooltip("first:Q", title="from step", format=",d"),
        alt.Tooltip("x:Q", title="to step", format=",d"),
        alt.Tooltip("value:Q", title="coefficient", format=".3f"),
    ]
    return _coefficients(x, lines, title, told, [])


def lag_chart(lines: Lines, title: str, x_title: str) -> alt.TopLevelMixin:
    """Draw coefficients by lag: ``lines`` (``label, curve, x, value``), ``null`` (``low, high``) and ``peaks``.

    ``hover`` has some rows of ``lines``.

    Parameters
    ----------
    lines : Lines
    title, x_title : str
        Of the axes.
    """
    x = alt.X("x:Q", title=x_title, scale=alt.Scale(nice=False), axis=alt.Axis(grid=False, tickCount=11, tickMinStep=1))
    told = [
        alt.Tooltip("label:N", title="of"),
        alt.Tooltip("x:Q", title="lag", format="+d"),
        alt.Tooltip("value:Q", title="coefficient", format=".3f"),
    ]
    peaks = (
        alt.Chart(alt.NamedData("peaks"))
        .mark_point(size=110, filled=True, shape="diamond")
        .encode(x=x, y=_coefficient(title), color=lines.color(), tooltip=told)
    )
    at_once = alt.Chart(alt.NamedData("null")).mark_rule(color=MIDDLE_GREY, strokeDash=[2, 3]).encode(x=alt.datum(0))
    return _coefficients(x, lines, title, told, [at_once, peaks])


def _coefficients(
    x: alt.X, lines: Lines, title: str, told: list[alt.Tooltip], more: list[alt.Chart]
) -> alt.TopLevelMixin:
    y = _coefficient(title)
    band = alt.Chart(alt.NamedData("null")).mark_rect(color=MIDDLE_GREY, opacity=0.18)
    low = y.copy()
    low.shorthand = "low:Q"
    band = band.encode(y=low, y2="high:Q", tooltip=alt.value(None))
    zero = alt.Chart(alt.NamedData("null")).mark_rule(color=MIDDLE_GREY).encode(y=alt.datum(0), tooltip=alt.value(None))
    n_lines = len(lines.legend)
    drawn = (
        alt.Chart(alt.NamedData("lines"))
        .mark_line(strokeWidth=1.8 if n_lines <= LEGEND_LINES else 1.0, order=False, clip=True)
        .encode(
            x=x,
            y=y,
            color=lines.color(),
            detail="curve:N",
            opacity=alt.value(1.0 if n_lines <= 8 else 0.6),
            tooltip=alt.value(None),
        )
    )
    # Points of their own answer to the pointer; a line would show one tooltip for all of it.
    hover = alt.Chart(alt.NamedData("hover")).mark_circle(size=90, opacity=0.0)
    hover = hover.encode(x=x, y=y, color=lines.color(), tooltip=told)
    return _plain(alt.LayerChart(layer=[band, zero, drawn, *more, hover]), LINES_HEIGHT)


def _coefficient(title: str) -> alt.Y:
    return alt.Y(
        "value:Q",
        title=title,
        scale=alt.Scale(domain=[-1, 1], nice=False),
        axis=alt.Axis(values=[-1, -0.5, 0, 0.5, 1], format=".1f"),
    )


def _value(field: str, title: str) -> Any:
    make = alt.X if field.startswith("x") else alt.Y
    return make(
        f"{field}:Q",
        title=title,
        scale=alt.Scale(zero=False),
        axis=alt.Axis(labelExpr=NUMBER_LABEL, tickCount=5, titleLimit=240),
    )


def _gradient(*, faceted: bool, **more: Any) -> alt.Legend:
    """Lay a gradient above small charts, which take the whole width, and beside a large one."""
    if faceted:
        return alt.Legend(gradientLength=200, gradientThickness=10, orient="top", **more)
    return alt.Legend(gradientLength=160, **more)


def _progress(*, faceted: bool) -> alt.Color:
    return alt.Color(
        "progress:Q",
        title="Training passed",
        scale=alt.Scale(domain=[0, 1], range=PROGRESS),
        legend=_gradient(faceted=faceted, format=".0%", values=[0, 0.5, 1]),
    )


def _facets(drawn: alt.Chart, lines: Lines) -> alt.TopLevelMixin:
    columns = min(FACET_COLUMNS, len(lines.legend))
    width = FACET_WIDTHS[columns]
    facets: alt.TopLevelMixin = (
        drawn.properties(width=width, height=FACET_HEIGHT)
        .facet(
            facet=alt.Facet(
                "label:N",
                title=None,
                sort=list(lines.legend),
                header=alt.Header(labelLimit=width, labelAnchor="start", labelFontSize=12),
            ),
            columns=columns,
        )
        .properties(usermeta=_CANVAS)
    )
    return facets


def _plain(drawn: alt.Chart | alt.LayerChart, height: int) -> alt.TopLevelMixin:
    plain: alt.TopLevelMixin = drawn.properties(height=height, usermeta=_CANVAS)
    return plain


def shown(labels: Sequence[str], domain: Sequence[str]) -> Lines:
    """Describe the lines of a chart by their labels, each once."""
    return Lines(tuple(domain), tuple(dict.fromkeys(labels)))


#: A canvas redraws faster than SVG.
_CANVAS = {"embedOptions": {"renderer": "canvas"}}
