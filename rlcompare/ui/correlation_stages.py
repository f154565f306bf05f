"""What the Correlation page computes, each part cached by the runs' fingerprint and what was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import streamlit as st
from numpy.typing import NDArray

from rlcompare.curves import Floats, run_of
from rlcompare.metrics import title_of
from rlcompare.runs import Runs
from rlcompare.stats.correlation import Kind
from rlcompare.stats.matrix import (
    CorrelationMatrix,
    MeanMatrix,
    clustered_order,
    correlation_matrix,
    mean_matrix,
)
from rlcompare.transforms.correlations import Correlated, correlate_pair
from rlcompare.transforms.leads import Lead, Rolling, lead_of_pair, roll_pair
from rlcompare.transforms.pairs import AtSteps, Pair, at_steps, pair_curves, table_of
from rlcompare.transforms.sampled import SAMPLED, Course, Sampled, SampledGain, course, gain_between, sampled
from rlcompare.ui import access, curve_stages
from rlcompare.ui.curve_options import Which

#: Values of all metrics held in memory at a time: 160 MB with their steps.
VALUES_AT_ONCE = 10_000_000
#: Windows of all runs together at most, and of one run.
WINDOWS, WINDOWS_A_RUN = 20_000, 600


@dataclass(frozen=True, eq=False)
class Pairs:
    """Two metrics of the compared runs at the steps that have both.

    Parameters
    ----------
    x, y : str
        The metrics.
    pairs : tuple of Pair
        Of the runs that have both metrics, counted in one unit.
    unit_of : mapping of run to its unit of steps
    without : tuple of str
        Runs that have not logged both.
    apart : tuple of str
        Runs that count the steps of the two metrics in different units.
    """

    x: str
    y: str
    pairs: tuple[Pair, ...]
    unit_of: Mapping[str, str]
    without: tuple[str, ...]
    apart: tuple[str, ...]

    @property
    def names(self) -> tuple[str, str]:
        """What the screen calls the metrics."""
        return title_of(self.x), title_of(self.y)

    @property
    def n_joint(self) -> int:
        """Joint steps of all runs."""
        return sum(len(pair.step) for pair in self.pairs)


@st.cache_resource(max_entries=8, show_spinner="Reading the metrics …")
def pairs(_runs: Runs, fingerprint: str, x: str, y: str) -> Pairs:
    """Pair two metrics of the runs: of restarted runs the later history, of several workers the mean."""
    units = [
        dict(access.sources(_runs, fingerprint, metric).select("run", "step_unit").iter_rows()) for metric in (x, y)
    ]
    both = [run for run in _runs.ids if run in units[0] and run in units[1]]
    alike = {run: units[0][run] or "" for run in both if units[0][run] == units[1][run]}
    first, second = (curve_stages.logged(_runs, fingerprint, metric, Which()).curves for metric in (x, y))
    found = [pair for pair in pair_curves(first, second) if run_of(pair.name) in alike]
    return Pairs(
        x,
        y,
        tuple(found),
        alike,
        tuple(run for run in _runs.ids if run not in set(both)),
        tuple(run for run in both if run not in alike),
    )


@st.cache_resource(max_entries=24, show_spinner="Correlating …")
def correlated(_runs: Runs, fingerprint: str, x: str, y: str, kind: Kind) -> tuple[Correlated, ...]:
    """Coefficients of each run."""
    found = pairs(_runs, fingerprint, x, y)
    return tuple(correlate_pair(pair, kind, found.names) for pair in found.pairs)


def group_names(runs: Sequence[Correlated], label_of: Mapping[str, str], unit_of: Mapping[str, str]) -> dict[str, str]:
    """Name the group of each curve, apart for each unit that its runs count their steps in.

    Parameters
    ----------
    runs : sequence of Correlated
    label_of : mapping of run to the label of its group
    unit_of : mapping of run to its unit of steps
    """
    units: dict[str, set[str]] = {}
    for run in runs:
        units.setdefault(label_of[run_of(run.name)], set()).add(unit_of[run_of(run.name)])
    names = {}
    for run in runs:
        label, unit = label_of[run_of(run.name)], unit_of[run_of(run.name)]
        names[run.name] = label if len(units[label]) == 1 else f"{label}, by {unit or 'step of unknown unit'}"
    return names


@st.cache_resource(max_entries=8, show_spinner="Correlating …")
def rolling(_runs: Runs, fingerprint: str, x: str, y: str, window: int, on_differences: bool) -> tuple[Rolling, ...]:
    """Coefficients of each run along its training; runs shorter than a window have none."""
    found = pairs(_runs, fingerprint, x, y).pairs
    most = min(WINDOWS_A_RUN, max(2, WINDOWS // max(1, len(found))))
    rolled = [roll_pair(pair, window, on_differences=on_differences, most=most) for pair in found]
    return tuple(one for one in rolled if one is not None)


@st.cache_resource(max_entries=8, show_spinner="Correlating …")
def leads(_runs: Runs, fingerprint: str, x: str, y: str, most: int, on_differences: bool) -> tuple[Lead, ...]:
    """Coefficients of each run by lag; runs too short for it have none."""
    found = pairs(_runs, fingerprint, x, y).pairs
    made = [lead_of_pair(pair, most, on_differences=on_differences) for pair in found]
    return tuple(one for one in made if one is not None)


@dataclass(frozen=True, eq=False)
class Matrices:
    """Means over runs of the coefficients of all pairs of metrics, rows and columns in clustered order.

    Parameters
    ----------
    metrics : tuple of str
    levels, differences : MeanMatrix
    """

    metrics: tuple[str, ...]
    levels: MeanMatrix
    differences: MeanMatrix


@st.cache_resource(max_entries=8, show_spinner="Correlating all metrics …")
def matrices(_runs: Runs, fingerprint: str, metrics: tuple[str, ...], ranks: bool) -> Matrices:  # noqa: ARG001 - the key
    """Correlate all pairs of metrics in each run, and average over runs; metrics of two units are not joined."""
    unit_of = {metric: dict(_runs.sources(metric).select("run", "step_unit").iter_rows()) for metric in metrics}
    levels, differences = [], []
    for part in _in_parts(_runs, unit_of):
        values: dict[str, dict[str, AtSteps]] = {run: {} for run in part.ids}
        for metric in metrics:
            if not unit_of[metric].keys().isdisjoint(part.ids):
                curves = part.curve_set(metric)
                for name, at in zip(curves.names, at_steps(curves), strict=True):
                    values[run_of(name)][metric] = at
        for run, of_run in values.items():
            units = {metric: unit_of[metric][run] for metric in of_run}
            both = _of_run(metrics, of_run, units, ranks=ranks)
            levels.append(both[0])
            differences.append(both[1])
    means = mean_matrix(levels), mean_matrix(differences)
    order = clustered_order(means[0].value)
    ordered = [
        MeanMatrix(mean.value[order][:, order], mean.n[order][:, order], mean.n_runs[order][:, order]) for mean in means
    ]
    return Matrices(tuple(metrics[i] for i in order), ordered[0], ordered[1])


def _in_parts(runs: Runs, unit_of: Mapping[str, Mapping[str, str]]) -> list[Runs]:
    """Cut the runs into parts whose metrics fit into memory."""
    n_values = dict(runs.metrics().group_by("run").agg(pl.col("n").max()).iter_rows())
    parts: list[list[str]] = [[]]
    held = 0
    for run in runs.ids:
        here = n_values.get(run, 0) * sum(run in having for having in unit_of.values())
        if parts[-1] and held + here > VALUES_AT_ONCE:
            parts.append([])
            held = 0
        parts[-1].append(run)
        held += here
    return [runs.select(part) for part in parts]


def _of_run(
    metrics: Sequence[str], values: Mapping[str, AtSteps], units: Mapping[str, str], *, ranks: bool
) -> tuple[CorrelationMatrix, CorrelationMatrix]:
    """Correlate the metrics of one run, those of each unit of steps with each other."""
    m = len(metrics)
    both = []
    tables = []
    for unit in dict.fromkeys(units.values()):
        at = [i for i, metric in enumerate(metrics) if units.get(metric, None) == unit and metric in values]
        tables.append((np.ix_(at, at), table_of([values[metrics[i]] for i in at])))
    for on_differences in (False, True):
        value: Floats = np.full((m, m), np.nan)
        n: NDArray[np.int64] = np.zeros((m, m), np.int64)
        for place, table in tables:
            part = correlation_matrix(table, ranks=ranks, differences=on_differences)
            value[place], n[place] = part.value, part.n
        both.append(CorrelationMatrix(value, n))
    return both[0], both[1]


@st.cache_resource(max_entries=16, show_spinner="Reading samples …")
def samples_of(_runs: Runs, fingerprint: str) -> Sampled | None:  # noqa: ARG001 - the key of the cache
    """Lengths and rewards of the samples of one run; None where it has fewer than two."""
    found = sampled(_runs.samples(SAMPLED))
    return found if len(found.step) > 1 else None


@st.cache_resource(max_entries=16, show_spinner=False)
def sample_course(_runs: Runs, fingerprint: str) -> Course | None:
    """Length with reward along the training of one run."""
    found = samples_of(_runs, fingerprint)
    return course(found) if found else None


@st.cache_resource(max_entries=32, show_spinner=False)
def sample_gain(
    _runs: Runs, fingerprint: str, before: tuple[float, float], after: tuple[float, float]
) -> SampledGain | None:
    """Split the gain in reward of one run between two stretches of its training."""
    found = samples_of(_runs, fingerprint)
    return gain_between(found, before, after) if found else None
