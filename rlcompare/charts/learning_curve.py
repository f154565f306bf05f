"""The learning curve: a line a run or a group, with what belongs to it, and how many runs stand behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import altair as alt
import polars as pl

from rlcompare.charts import curve_layers as layers
from rlcompare.charts.curve_axes import Axes, LegendText, Side, XAxis, YAxis

#: More lines than this have no legend: it would be taller than the chart.
LEGEND_LINES = 24
#: Pixels, title and axes included: Streamlit fits the whole chart into its height.
HEIGHT = 400
LEGEND_ROW = 17
LEGEND_MARGIN = 50
NO_TEXT = LegendText()


@dataclass(frozen=True)
class SideFrames:
    """What is drawn against one y axis, one frame a layer.

    ``label`` is the run's or group's label and gives the colour; ``curve`` tells lines of one label apart; ``x`` is a
    number or a date.

    Parameters
    ----------
    lines : DataFrame ``label, curve, x, value``
        A null value breaks the line.
    faint : DataFrame ``label, curve, x, value``
        The values before smoothing, or the members of a group; may be empty.
    bands : DataFrame ``label, curve, x, lower, upper``
        A null breaks the band; may be empty.
    dots : DataFrame ``label, x, value``
        Values that no line would show, because both neighbours are missing.
    marks : DataFrame ``label, run, x, kind``
        Values that are not numbers: ``kind`` is ``NaN``, ``+inf`` or ``-inf``.
    hover : DataFrame ``label, x, value`` and ``logged``, or ``lower, upper, n`` where there are bands
        At most a few hundred points that answer to the pointer; ``logged`` is the unsmoothed value.
    """

    lines: pl.DataFrame
    faint: pl.DataFrame
    bands: pl.DataFrame
    dots: pl.DataFrame
    marks: pl.DataFrame
    hover: pl.DataFrame


@dataclass(frozen=True)
class CurveFrames:
    """What a chart is drawn from.

    Parameters
    ----------
    view : DataFrame ``x0, x1, y0, y1, r0, r1, zero``, one row
        The ends of the axes: x, the left and the right y axis. Of dates milliseconds since 1970. ``zero`` is 0.
    left : SideFrames
    right : SideFrames or None
    restarts, ends, silent : DataFrame ``label, run, x, value, text``
        Where a run was restarted (without ``value``), where a member ends before its group does, and the newest point
        of a run that stopped growing; ``text`` says so.
    counts : DataFrame ``label, x, n``
        How many runs a group has from x on.
    """

    view: pl.DataFrame
    left: SideFrames
    right: SideFrames | None
    restarts: pl.DataFrame
    ends: pl.DataFrame
    silent: pl.DataFrame
    counts: pl.DataFrame

    def datasets(self) -> dict[str, pl.DataFrame]:
        """Return the frames by the names under which :func:`learning_curve` looks for its data."""
        found = {
            "view": self.view,
            "restarts": self.restarts,
            "ends": self.ends,
            "silent": self.silent,
            "counts": self.counts,
        }
        for name, side in (("left", self.left), ("right", self.right)):
            if side is not None:
                found |= {f"{name} {layer.name}": getattr(side, layer.name) for layer in fields(side)}
        return found


@dataclass(frozen=True)
class Look:
    """What a chart shows beside its lines. Each adds layers, and each layer costs the browser time.

    Parameters
    ----------
    bands : bool
        Areas around the lines.
    faint : bool
        Thin lines beneath: the values before smoothing, or the members of the groups.
    strip : bool
        A strip at the foot: how many runs there are at each place on the x axis.
    notes : bool
        Marks of restarts, of runs that end early, and of those that stopped growing.
    zero : bool
        A line at zero, which differences are read against.
    narrow : bool
        Other charts stand beside it: the legend goes below.
    zooms : bool
        A stretch of the x axis can be marked.
    """

    bands: bool = False
    faint: bool = False
    strip: bool = False
    notes: bool = False
    zero: bool = False
    narrow: bool = False
    zooms: bool = True


def learning_curve(
    *,
    title: str,
    x_axis: XAxis,
    left: YAxis,
    right: YAxis | None = None,
    domain: Sequence[str],
    legend: Sequence[str],
    legend_text: LegendText = NO_TEXT,
    look: Look,
    height: int = HEIGHT,
) -> alt.LayerChart:
    """Draw curves from the named datasets of :class:`CurveFrames`.

    The data stays outside, and the ends of the axes are data too: they change with every move of a slider, with every
    record of a live run and with every zoom, while the specification does not. The page builds and validates it once,
    and the browser keeps the chart in place.

    Parameters
    ----------
    title : str
        The metric, above the chart.
    x_axis : XAxis
    left, right : YAxis
        The right axis has dashed lines of the same colours. Where there is only one line a side, each metric has a
        colour of its own instead, which its axis' title shares.
    domain : sequence of str
        Of the colour scale: see :func:`rlcompare.charts.palette.color_domain`.
    legend : sequence of str
        The labels drawn, in order.
    legend_text : LegendText
    look : Look
    height : int
        In pixels, at least.

    Returns
    -------
    alt.LayerChart
        Where it zooms, with the selections ``zoom``, an interval of x, and ``point``, label and x of the point clicked.
    """
    many = len(legend) > LEGEND_LINES
    rows = 0 if many else (len(legend) + 1) // 2 if look.narrow and len(legend) > 3 else len(legend)
    axes = Axes(
        x_axis, domain, None if many else legend, strip=look.strip, legend_below=look.narrow, legend_text=legend_text
    )
    chosen = layers.highlight(many=many)
    sides: list[alt.Chart | alt.LayerChart] = [layers.view(), _side(axes, left, "left", look, chosen)]
    if right is not None:
        sides.append(_side(axes, right, "right", look, chosen))
    if look.strip:
        sides.append(layers.counts(axes))
    chart = alt.LayerChart(
        layer=sides,
        title=alt.Title(title, anchor="start", frame="group", fontSize=15, offset=12),
        height=height + LEGEND_ROW * rows if look.narrow else max(height, LEGEND_ROW * rows + LEGEND_MARGIN),
        # A canvas redraws a seventh faster than SVG.
        usermeta={"embedOptions": {"renderer": "canvas"}},
    )
    independent: alt.LayerChart = chart.resolve_scale(y="independent")
    return independent


def _side(axes: Axes, y_axis: YAxis, side: Side, look: Look, chosen: alt.Parameter) -> alt.LayerChart:
    encodings = axes.encodings(y_axis, side)
    n_lines = len(axes.legend) if axes.legend is not None else LEGEND_LINES + 1
    many = n_lines > LEGEND_LINES
    drawn: list[alt.Chart] = []
    if look.zero:
        drawn.append(layers.zero(encodings))
    if look.bands:
        drawn.append(layers.band(encodings, side, chosen))
    if look.faint:
        opacity = layers.faded(chosen, 0.3 if n_lines <= 8 else 0.14, 0.02)
        drawn.append(layers.line(encodings, f"{side} faint", 1.0, opacity))
    opacity = layers.faded(chosen, 0.6 if many else 1.0)
    drawn.append(layers.line(encodings, f"{side} lines", 1.0 if many else 1.8, opacity, dashed=side == "right"))
    drawn += [layers.lone_points(encodings, side, chosen), *layers.not_numbers(axes, encodings, side, chosen)]
    if look.notes and side == "left":
        drawn += layers.notes(axes, encodings, chosen)
    drawn.append(layers.hover(axes, encodings, y_axis, side, chosen, with_band=look.bands, zooms=look.zooms))
    return alt.LayerChart(layer=drawn)
