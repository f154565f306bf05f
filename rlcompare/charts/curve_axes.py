"""The axes of a learning curve and its legend: what its layers share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt

Side = Literal["left", "right"]
Encodings = Mapping[str, Any]

#: 2,500 and 40k, where Vega's own SI format writes 0.2k, 0.4k, …, 1k.
NUMBER_LABEL = "abs(datum.value) < 10000 ? format(datum.value, ',~r') : format(datum.value, '~s')"
#: Pixels at the foot of the plot that belong to the strip of counts, and those of them that stay empty.
STRIP, STRIP_GAP = 46, 14


@dataclass(frozen=True)
class XAxis:
    """The x axis of a curve.

    Parameters
    ----------
    title : str
    is_date, is_whole, is_log : bool
        It holds dates; whole numbers; a logarithmic scale.
    ticks : int
        About so many.
    """

    title: str
    is_date: bool = False
    is_whole: bool = False
    is_log: bool = False
    ticks: int = 8


@dataclass(frozen=True)
class YAxis:
    """A y axis: its title (empty where the chart's says it), and whether its scale is logarithmic.

    Parameters
    ----------
    title : str
    is_log : bool
    color_of : str
        The label in whose colour the title stands; empty: in the text's.
    """

    title: str = ""
    is_log: bool = False
    color_of: str = ""


@dataclass(frozen=True)
class LegendText:
    """What a legend says beside the labels.

    Parameters
    ----------
    title : str
        Above it: what lines and bands are; empty: none.
    said : tuple of (label, text)
        What stands for a label, where that is more than itself.
    """

    title: str = ""
    said: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Axes:
    """What the layers of one chart share.

    Parameters
    ----------
    x : XAxis
    domain : sequence of str
        Of the colour scale.
    legend : sequence of str or None
        The labels in it; None: no legend.
    strip : bool
        The strip of counts takes the foot of the plot.
    legend_below : bool
        The legend stands below the chart, not beside it.
    legend_text : LegendText
    """

    x: XAxis
    domain: Sequence[str]
    legend: Sequence[str] | None
    strip: bool
    legend_below: bool = False
    legend_text: LegendText = LegendText()

    def place(self) -> alt.X:
        """Encode the place on the x axis; its ends come from the dataset ``view``."""
        scale = alt.Scale(
            type="time" if self.x.is_date else "log" if self.x.is_log else "linear",
            domain=_ends("x0", "x1"),
            nice=False,
            zero=alt.Undefined if self.x.is_date or self.x.is_log else False,
        )
        if self.x.is_date:
            return alt.X("x:T", title=self.x.title, scale=scale, axis=alt.Axis(grid=False))
        axis = alt.Axis(
            labelExpr=NUMBER_LABEL, grid=False, tickCount=self.x.ticks, tickMinStep=1 if self.x.is_whole else 0
        )
        return alt.X("x:Q", title=self.x.title, axis=axis, scale=scale)

    def color(self) -> alt.Color:
        """Encode the label as a colour of the theme."""
        legend = None
        if self.legend is not None:
            below = self.legend_below
            said = json.dumps(dict(self.legend_text.said), ensure_ascii=False)
            legend = alt.Legend(
                title=self.legend_text.title or None,
                titleLimit=320,
                labelExpr=f"({said})[datum.label]" if self.legend_text.said else alt.Undefined,
                values=list(self.legend),
                symbolLimit=0,
                symbolType="stroke",
                symbolStrokeWidth=3,
                symbolOpacity=1,
                labelLimit=320,
                rowPadding=3,
                orient="bottom" if below else "right",
                direction="vertical",
                columns=1 + (below and len(self.legend) > 3),
                offset=10 if below else 24,
            )
        return alt.Color("label:N", scale=alt.Scale(domain=list(self.domain)), legend=legend)

    @property
    def foot(self) -> str:
        """Expression of the lowest pixel that belongs to the curves."""
        return f"height - {STRIP}" if self.strip else "height"

    def encodings(self, y_axis: YAxis, side: Side) -> dict[str, Any]:
        """Encode x, y and colour of one side."""
        low, high = ("y0", "y1") if side == "left" else ("r0", "r1")
        axis = alt.Axis(
            labelExpr=NUMBER_LABEL,
            tickCount=6,
            orient=side,
            grid=side == "left",
            titleColor=alt.ExprRef(f"scale('color', {_quoted(y_axis.color_of)})") if y_axis.color_of else alt.Undefined,
        )
        scale = alt.Scale(
            type="log" if y_axis.is_log else "linear",
            domain=_ends(low, high),
            nice=False,
            zero=alt.Undefined if y_axis.is_log else False,
            range=[alt.ExprRef(self.foot), 0],
        )
        return {
            "x": self.place(),
            "y": alt.Y("value:Q", title=y_axis.title or None, scale=scale, axis=axis),
            "color": self.color(),
        }


def _ends(low: str, high: str) -> list[Any]:
    return [alt.ExprRef(f"data('view')[0].{end}") for end in (low, high)]


def _quoted(label: str) -> str:
    escaped = label.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
