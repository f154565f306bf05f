"""Length and reward of sampled answers or episodes: together, as parts of a gain, and by right and wrong answers."""

from __future__ import annotations

from typing import Any

import altair as alt

from rlcompare.charts.curve_axes import NUMBER_LABEL
from rlcompare.charts.curve_layers import MIDDLE_GREY

HEIGHT, BARS_HEIGHT = 300, 150
_CANVAS = {"embedOptions": {"renderer": "canvas"}}


def within_chart(bases: tuple[str, ...], step: str) -> alt.TopLevelMixin:
    """Draw coefficients with intervals by stretch of the training.

    Dataset ``stretches``: ``basis, first, last, x, value, lower, upper, n``.

    Parameters
    ----------
    bases : tuple of str
        What samples were compared within, in order.
    step : str
        Title of the x axis.
    """
    y = alt.Y(
        "value:Q",
        title="Pearson's r of length and reward",
        scale=alt.Scale(domain=[-1, 1], nice=False),
        axis=alt.Axis(values=[-1, -0.5, 0, 0.5, 1], format=".1f"),
    )
    zero = alt.Chart(alt.NamedData("stretches")).mark_rule(color=MIDDLE_GREY).encode(y=alt.datum(0))
    return alt.LayerChart(layer=[zero, *_banded("stretches", "basis", bases, y, step)]).properties(
        height=HEIGHT, usermeta=_CANVAS
    )


def lengths_chart(unit: str, step: str) -> alt.TopLevelMixin:
    """Draw mean lengths of right and wrong answers by stretch of the training.

    Dataset ``lengths``: ``answer, first, last, x, value, lower, upper, n``.

    Parameters
    ----------
    unit : str
        What a length counts.
    step : str
        Title of the x axis.
    """
    y = alt.Y(
        "value:Q",
        title=f"Length ({unit}s)",
        scale=alt.Scale(zero=False),
        axis=alt.Axis(labelExpr=NUMBER_LABEL, tickCount=6),
    )
    # Names that no answer has hold the theme's first colour: these two are orange and green.
    layers = _banded("lengths", "answer", ("\0", "incorrect", "correct"), y, step)
    chart: alt.TopLevelMixin = alt.LayerChart(layer=layers).properties(height=HEIGHT, usermeta=_CANVAS)
    return chart


def _banded(dataset: str, of: str, domain: tuple[str, ...], y: alt.Y, step: str) -> list[alt.Chart]:
    named = [name for name in domain if not name.startswith("\0")]
    x = alt.X(
        "x:Q",
        title=step,
        scale=alt.Scale(zero=False, nice=False),
        axis=alt.Axis(labelExpr=NUMBER_LABEL, grid=False, tickCount=8),
    )
    color = alt.Color(
        f"{of}:N",
        scale=alt.Scale(domain=list(domain)),
        legend=alt.Legend(
            title=None,
            values=named,
            symbolType="stroke",
            symbolStrokeWidth=3,
            symbolOpacity=1,
            labelLimit=320,
            orient="top",
        ),
    )
    dash = alt.StrokeDash(f"{of}:N", scale=alt.Scale(domain=named, range=[[1, 0], [6, 4]]), legend=None)
    lower = y.copy()
    lower.shorthand = "lower:Q"
    base = alt.Chart(alt.NamedData(dataset))
    told = [
        alt.Tooltip(f"{of}:N", title="of"),
        alt.Tooltip("first:Q", title="from step", format=",d"),
        alt.Tooltip("last:Q", title="to step", format=",d"),
        alt.Tooltip("value:Q", title="value", format=".4~g"),
        alt.Tooltip("lower:Q", title="95 % from", format=".4~g"),
        alt.Tooltip("upper:Q", title="to", format=".4~g"),
        alt.Tooltip("n:Q", title="samples", format=",d"),
    ]
    shared: dict[str, Any] = {"x": x, "color": color}
    return [
        base.mark_area(opacity=0.16, line=False).encode(**shared, y=lower, y2="upper:Q", tooltip=alt.value(None)),
        base.mark_line(strokeWidth=1.8).encode(**shared, y=y, strokeDash=dash, tooltip=alt.value(None)),
        base.mark_circle(size=50, opacity=1).encode(**shared, y=y, tooltip=told),
    ]


def gain_chart(parts: tuple[str, ...]) -> alt.TopLevelMixin:
    """Draw a gain in reward and its parts: ``parts`` with ``part, value, lower, upper``.

    Parameters
    ----------
    parts : tuple of str
        In order, from above.
    """
    y = alt.Y(
        "part:N",
        sort=list(parts),
        title=None,
        scale=alt.Scale(domain=list(parts), padding=0.35),
        axis=alt.Axis(labelLimit=320, labelFontSize=13, domain=False, ticks=False),
    )
    x = alt.X("value:Q", title="Gain in reward", axis=alt.Axis(labelExpr=NUMBER_LABEL, tickCount=7))
    told = [
        alt.Tooltip("part:N", title="part"),
        alt.Tooltip("value:Q", title="gain", format="+.4~g"),
        alt.Tooltip("lower:Q", title="95 % from", format="+.4~g"),
        alt.Tooltip("upper:Q", title="to", format="+.4~g"),
    ]
    base = alt.Chart(alt.NamedData("parts")).encode(y=y)
    color = alt.Color("part:N", scale=alt.Scale(domain=list(parts)), legend=None)
    lower = x.copy()
    lower.shorthand = "lower:Q"
    zero = base.mark_rule(color=MIDDLE_GREY).encode(x=alt.datum(0), y=alt.Undefined)
    bars = base.mark_bar(opacity=0.75).encode(x=x, color=color, tooltip=told)
    whiskers = base.mark_rule(strokeWidth=2, color=MIDDLE_GREY).encode(x=lower, x2="upper:Q", tooltip=alt.value(None))
    chart: alt.TopLevelMixin = alt.LayerChart(layer=[bars, zero, whiskers]).properties(
        height=BARS_HEIGHT, usermeta=_CANVAS
    )
    return chart
