"""What lies in the tails of each run or group, as a table."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
import streamlit as st

from rlcompare.metrics import SampledAs, Split, resolve
from rlcompare.runs import Runs
from rlcompare.transforms.stretches_of_steps import Values
from rlcompare.transforms.tails import Cap, cut_off, means_of, share_of_zero, worst, worst_run
from rlcompare.ui import access, controls, quantile_stages
from rlcompare.ui.captions import listing
from rlcompare.ui.pandas_import import import_pandas
from rlcompare.ui.quantile_parts import Part, values_of
from rlcompare.ui.quantile_stages import Stretch
from rlcompare.ui.quantile_view import View

#: The share of truncated answers, as trainers log it.
TRUNCATED = "truncated_share"
NONE = "–"


@dataclass(frozen=True)
class Row:
    """What is told of one run or group.

    Parameters
    ----------
    label : str
    n : int
        Samples with a reward in the stretch.
    truncated : str
        Share of samples that were cut off, and where.
    zero, worst : float
        Share of rewards that are 0, and the mean of the lowest 5 % of them; NaN without samples.
    worst_run : str
        Of a group the run with the lowest mean of the quantity.
    """

    label: str
    n: int
    truncated: str
    zero: float
    worst: float
    worst_run: str


def show_tails(view: View) -> None:
    """Show the table and what its columns are."""
    rows = [row_of(part, view) for part in view.parts]
    frame = pl.DataFrame(
        {
            "": [row.label for row in rows],
            "Samples": [row.n for row in rows],
            "Truncated": [row.truncated for row in rows],
            "Reward of zero": [_percent(row.zero) for row in rows],
            "Worst 5 % of rewards": [f"{row.worst:.4g}" if math.isfinite(row.worst) else NONE for row in rows],
            "Worst run": [row.worst_run for row in rows],
        }
    )
    import_pandas()
    with st.container(key="quantiles_tails"):
        st.dataframe(
            frame, hide_index=True, key="quantiles_tails_table", column_config={"": st.column_config.TextColumn(" ")}
        )
    controls.note(
        f"In steps {view.stretch.low:,} to {view.stretch.high:,}. Truncated: samples as long as the most frequent "
        "longest length, which must be the length of 1 % of all; without such samples the share that the trainer "
        "logged. Worst 5 %: the mean of the lowest rewards (CVaR). Worst run: of a group, by its mean of the quantity."
    )


def row_of(part: Part, view: View) -> Row:
    """Compute the row of a run or group."""
    stretch, split = view.stretch, _split(part)
    runs = [part.runs.select([run]) for run in part.runs.ids]
    rewards = np.empty(0)
    cut = None
    if len(access.runs_with_samples(part.runs, part.runs.fingerprint)) == len(runs):
        reward = SampledAs("reward", split)
        of_runs = [quantile_stages.sampled(run, run.fingerprint, reward) for run in runs]
        rewards = np.concatenate([one.between(stretch.low, stretch.high).value for one in of_runs])
        cut = _cut_off(part, runs, stretch)
    return Row(
        label=part.label,
        n=len(rewards),
        truncated=_truncated(cut) if cut else _logged_share(runs, stretch),
        zero=share_of_zero(rewards),
        worst=worst(rewards),
        worst_run=_worst_run(part, view),
    )


def _split(part: Part) -> Split:
    return "validation" if part.is_validation else "train"


def _cut_off(part: Part, runs: list[Runs], stretch: Stretch) -> Cap | None:
    """Of lengths in tokens or in steps of the environment; a text of many characters was not cut off at a number."""
    for unit in ("token", "env step"):
        what = SampledAs("length", _split(part), unit)
        lengths: list[Values] = [quantile_stages.sampled(run, run.fingerprint, what) for run in runs]
        found = cut_off(lengths, stretch.low, stretch.high)
        if found:
            return found
    return None


def _truncated(cut: Cap) -> str:
    where = f"at {cut.length:,.0f}" if math.isfinite(cut.length) else "at lengths that differ by run"
    return f"{_percent(cut.share)} {where}"


def _logged_share(runs: list[Runs], stretch: Stretch) -> str:
    """Return the mean of the share that trainers logged, where all of the runs did."""
    if not all(resolve(TRUNCATED, run.records[0].metrics.keys()) for run in runs):
        return NONE
    logged = [quantile_stages.logged(run, run.fingerprint, TRUNCATED) for run in runs]
    means = means_of([one.between(stretch.low, stretch.high) for one in logged])
    if not np.isfinite(means).any():
        return NONE
    keys = [str(resolve(TRUNCATED, run.records[0].metrics.keys())) for run in runs]
    return f"{_percent(float(np.nanmean(means)))} ({listing(list(dict.fromkeys(keys)))})"


def _worst_run(part: Part, view: View) -> str:
    if len(part.runs) < 2:
        return NONE
    values = values_of(part, view.asked.metric)
    means = means_of([one.between(view.stretch.low, view.stretch.high) for one in values])
    at = worst_run(means)
    return NONE if at is None else f"{view.run_labels[part.runs.ids[at]]} ({means[at]:.4g})"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %" if math.isfinite(share) else NONE
