"""The table of coefficients: a row a run or group, levels and first differences side by side, and what they mean.

It is HTML, so that sentences wrap and nothing is cut; every text in it is escaped.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from rlcompare.curves import run_of
from rlcompare.stats.correlation import Correlation
from rlcompare.transforms.correlations import Correlated

#: Pixels of the table before it scrolls, and rows that fit.
TALLEST, ROWS_SHOWN = 420, 7

_STYLE = """<style>
.rlc-corr {border-collapse: collapse; width: 100%; font-size: 0.875rem; line-height: 1.35;
  font-variant-numeric: tabular-nums}
.rlc-corr th {text-align: left; font-weight: 600; padding: 0.3rem 0.7rem; white-space: nowrap;
  border-bottom: 1px solid rgba(128, 136, 150, 0.5)}
.rlc-corr td {padding: 0.35rem 0.7rem; vertical-align: top; border-bottom: 1px solid rgba(128, 136, 150, 0.25)}
.rlc-corr th:last-child {width: 42%}
.rlc-corr td.number {white-space: nowrap}
.rlc-corr td.name {min-width: 9rem; max-width: 17rem; overflow-wrap: anywhere}
.rlc-corr tr.group td {font-weight: 600}
.rlc-corr tr.member td.name {padding-left: 1.7rem}
.rlc-corr .quiet {opacity: 0.7; font-weight: 400; white-space: nowrap}
.rlc-corr .warns {font-weight: 600; white-space: nowrap}
.rlc-corr .scale {position: relative; width: 7rem; height: 0.55rem; margin-top: 0.15rem;
  background: linear-gradient(to right, rgba(128, 136, 150, 0.18), rgba(128, 136, 150, 0.18))}
.rlc-corr .scale i {position: absolute; top: 0; bottom: 0; background: #3b82d6; opacity: 0.45}
.rlc-corr .scale b {position: absolute; top: -0.1rem; bottom: -0.1rem; width: 3px; margin-left: -1.5px;
  background: #3b82d6}
.rlc-corr .scale u {position: absolute; top: -0.15rem; bottom: -0.15rem; left: 50%; width: 1px;
  background: rgba(128, 136, 150, 0.9)}
</style>"""


@dataclass(frozen=True)
class Row:
    """One row.

    Parameters
    ----------
    label : str
    found : Correlated
    of_runs : int
        Runs that a group has, with and without a coefficient; 0: the row is a run.
    beneath : Correlated or None
        The group that the run stands beneath.
    """

    label: str
    found: Correlated
    of_runs: int = 0
    beneath: Correlated | None = None


def rows_of(
    runs: Sequence[Correlated],
    groups: Sequence[Correlated],
    run_labels: Mapping[str, str],
    group_of: Mapping[str, str],
) -> list[Row]:
    """Order the rows: each group with its runs beneath it; without groups the runs.

    Parameters
    ----------
    runs : sequence of Correlated
    groups : sequence of Correlated
        Empty: runs are not grouped.
    run_labels : mapping of run to its own label
    group_of : mapping of curve name to the name of its group
    """
    if not groups:
        return [Row(run_labels[run_of(run.name)], run) for run in runs]
    rows = []
    for group in groups:
        members = [run for run in runs if group_of[run.name] == group.name]
        rows.append(Row(group.name, group, of_runs=len(members)))
        if len(members) > 1:
            rows += [Row(run_labels[run_of(run.name)], run, beneath=group) for run in members]
    return rows


def show_table(rows: Sequence[Row], symbol: str) -> None:
    """Show the rows; a long table scrolls.

    Parameters
    ----------
    rows : sequence of Row
    symbol : str
        Of the coefficient.
    """
    place = st.container(height=TALLEST) if len(rows) > ROWS_SHOWN else st.container()
    with place:
        st.html(table_html(rows, symbol))


def table_html(rows: Sequence[Row], symbol: str) -> str:
    """Write the table."""
    head = "".join(
        f"<th>{html.escape(title)}</th>"
        for title in (
            "Group or run" if any(row.of_runs for row in rows) else "Run",
            f"{symbol}, levels",
            f"{symbol}, first differences",
            "Steps, effective",
            "What it says",
        )
    )
    body = "".join(map(_row, rows))
    return f'{_STYLE}<table class="rlc-corr"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _row(row: Row) -> str:
    found = row.found
    name = html.escape(row.label)
    if row.of_runs:
        counted = f"{found.n_runs:,}" if found.n_runs == row.of_runs else f"{found.n_runs:,} of {row.of_runs:,}"
        name += f' <span class="quiet">({counted} run{"" if row.of_runs == 1 else "s"})</span>'
    kind = "group" if row.of_runs else "member" if row.beneath else "run"
    verdict = found.verdict
    as_group = row.beneath is not None and verdict.text == row.beneath.verdict.text
    said = '<span class="quiet">As its group.</span>' if as_group else html.escape(verdict.text)
    if verdict.is_warning:
        said = f'<span class="warns">⚠ Warning:</span> {said}'
    effective = f"{_count(found.levels.n_effective)} · {_count(found.differences.n_effective)}"
    return (
        f'<tr class="{kind}"><td class="name">{name}</td>{_coefficient(found.levels)}{_coefficient(found.differences)}'
        f'<td class="number">{found.levels.n:,}<br><span class="quiet">{effective}</span></td><td>{said}</td></tr>'
    )


def _coefficient(found: Correlation) -> str:
    if found.reason:
        return f'<td class="number"><span title="{html.escape(found.reason)}">none</span></td>'
    told = f'{number(found.value)} <span class="quiet">[{number(found.lower)}, {number(found.upper)}]</span>'
    left, right = ((1 + end) * 50 for end in (found.lower, found.upper))
    bar = (
        f'<div class="scale"><u></u><i style="left: {left:.1f}%; width: {max(0.0, right - left):.1f}%"></i>'
        f'<b style="left: {(1 + found.value) * 50:.1f}%"></b></div>'
    )
    return f'<td class="number">{told}{bar}</td>'


def number(value: float) -> str:
    """Write a coefficient with its sign; one that would only round to 1 keeps up to four digits that tell it from 1."""
    digits = next((n for n in (2, 3, 4) if round(abs(value), n) < 1), 2)
    return f"{value:+.{digits}f}".replace("-", "−")


def _count(n: float) -> str:
    return "–" if math.isnan(n) else f"{n:,.0f}"
