"""Histogram of the episodes behind a point."""

from __future__ import annotations

import altair as alt

HEIGHT = 220


def sample_histogram(title: str, noun: str) -> alt.Chart:
    """Draw bars from the named dataset ``bins``: ``start``, ``end`` and ``n``.

    Parameters
    ----------
    title : str
        Of the x axis, with the unit.
    noun : str
        What is counted, in the plural.
    """
    chart: alt.Chart = (
        alt.Chart(alt.NamedData("bins"), height=HEIGHT)
        .mark_bar(binSpacing=1)
        .encode(
            x=alt.X("start:Q", bin="binned", title=title, axis=alt.Axis(grid=False)),
            x2="end:Q",
            y=alt.Y("n:Q", title=noun.capitalize(), axis=alt.Axis(tickMinStep=1)),
            tooltip=[
                alt.Tooltip("start:Q", title="from", format=",~r"),
                alt.Tooltip("end:Q", title="to", format=",~r"),
                alt.Tooltip("n:Q", title=noun, format=","),
            ],
        )
    )
    return chart
