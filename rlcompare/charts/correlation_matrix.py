"""The matrix of correlations of many metrics: levels below the diagonal, first differences above."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

#: From against each other over nothing to together. The background shines through in the middle, light or dark.
DIVERGING = [
    "rgb(206, 82, 26)",
    "rgba(214, 92, 36, 0.8)",
    "rgba(128, 136, 150, 0.07)",
    "rgba(59, 125, 214, 0.8)",
    "rgb(40, 104, 196)",
]
#: Half way to either end the colour is strong enough for white numbers.
PLACES = [-1, -0.5, 0, 0.5, 1]
#: Stronger coefficients are written in white.
WHITE_FROM = 0.45

#: Pixels.
CELL, LEAST, MOST = 40, 260, 760
#: With more metrics the cells have no room for numbers.
NUMBERS_UP_TO = 16


def correlation_matrix_chart(metrics: Sequence[str], kind: str, text_color: str = "gray") -> alt.TopLevelMixin:
    """Draw the cells of dataset ``cells``: ``row, column, value, levels, differences, n, n_runs, x, y``.

    ``value`` is what the cell shows, ``levels`` and ``differences`` what its tooltip says; ``x`` and ``y`` are what a
    click asks for, null on the diagonal.

    Parameters
    ----------
    metrics : sequence of str
        Titles, in the order of rows and columns.
    kind : str
        What the coefficient is called.
    text_color : str
        Of numbers in pale cells.

    Returns
    -------
    Chart
        With a selection ``cell``, a point with ``x`` and ``y``.
    """
    order = list(metrics)
    side = min(MOST, max(LEAST, CELL * len(order)))
    cell = alt.selection_point(name="cell", fields=["x", "y"], on="click", empty=False)
    axis = alt.Axis(labelLimit=220, domain=False, ticks=False)
    turned = alt.Axis(labelLimit=180, domain=False, ticks=False, labelAngle=-40, labelOverlap=False)
    x = alt.X("column:N", sort=order, title=None, axis=turned)
    y = alt.Y("row:N", sort=order, title=None, axis=axis)
    told = [
        alt.Tooltip("row:N", title="metric"),
        alt.Tooltip("column:N", title="with"),
        alt.Tooltip("levels:Q", title=f"{kind}, levels", format=".3f"),
        alt.Tooltip("differences:Q", title=f"{kind}, first differences", format=".3f"),
        alt.Tooltip("n:Q", title="joint steps", format=",d"),
        alt.Tooltip("n_runs:Q", title="runs", format=",d"),
    ]
    base = alt.Chart(alt.NamedData("cells")).encode(x=x, y=y)
    rects = base.mark_rect(cornerRadius=2, strokeWidth=0, cursor="pointer").encode(
        color=alt.Color(
            "value:Q",
            title=kind,
            scale=alt.Scale(domain=PLACES, range=DIVERGING, interpolate="rgb"),
            legend=alt.Legend(gradientLength=180, values=PLACES, format="+.1f"),
        ),
        tooltip=told,
    )
    layers = [rects.add_params(cell)]
    if len(order) <= NUMBERS_UP_TO:
        numbers = base.mark_text(fontSize=11, baseline="middle").encode(
            text=alt.Text("value:Q", format=".2f"),
            tooltip=alt.value(None),
        )
        strong = f"abs(datum.value) >= {WHITE_FROM}"
        layers.append(numbers.transform_filter(strong).encode(color=alt.value("#ffffff")))
        weak = numbers.transform_filter(f"isValid(datum.value) && !({strong})")
        layers.append(weak.encode(color=alt.value(text_color)))
    chart: alt.TopLevelMixin = alt.LayerChart(layer=layers).properties(
        height=side, usermeta={"embedOptions": {"renderer": "canvas"}}
    )
    return chart
