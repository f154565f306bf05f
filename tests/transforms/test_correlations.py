"""Verdicts on pairs of metrics whose relation is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from rlcompare.stats.correlation import Correlation
from rlcompare.stats.sample import Floats
from rlcompare.transforms.correlations import (
    CORRELATIONS,
    Correlated,
    correlate_groups,
    correlate_pair,
    correlations_frame,
)
from rlcompare.transforms.pairs import Pair
from tests.stats.test_correlation import autoregressive


def pair(x: Floats, y: Floats, name: str = "run") -> Pair:
    n = len(x)
    return Pair(name, np.arange(n), np.full(n, np.nan), np.asarray(x), np.asarray(y), n, n)


def trended(rng: np.random.Generator, n: int = 500) -> tuple[Floats, Floats]:
    """Two series that both rise and have nothing else in common."""
    time = np.linspace(0, 1, n)
    return 3 * time + 0.2 * rng.standard_normal(n), np.tanh(2 * time) + 0.1 * rng.standard_normal(n)


def test_two_independent_trends_are_warned_about() -> None:
    warned = 0
    for seed in range(100):
        found = correlate_pair(pair(*trended(np.random.default_rng(seed))))
        assert found.levels.value > 0.8
        warned += found.verdict.is_warning and "shared trend" in found.verdict.text
    # One in twenty intervals of the differences leaves 0 outside by chance.
    assert warned >= 90


def test_what_moves_together_step_by_step_is_not_warned_about() -> None:
    x, y = autoregressive(0.5, 500, np.random.default_rng(0), rho=0.8)
    verdict = correlate_pair(pair(x, y)).verdict
    assert verdict.text == "They rise and fall together, over the training and from step to step."
    assert not verdict.is_warning
    opposite = correlate_pair(pair(x, -y)).verdict
    assert opposite.text == "They move against each other, over the training and from step to step."


def test_a_common_rise_with_steps_against_each_other_is_warned_about() -> None:
    rng = np.random.default_rng(1)
    noise = rng.standard_normal(500)
    rise = np.repeat(rng.standard_normal(50), 10) * 2
    found = correlate_pair(pair(rise + noise, rise - noise))
    assert found.levels.excludes_zero
    assert found.differences.value < 0
    assert found.verdict.is_warning
    assert "against each other: two different relations" in found.verdict.text


def test_noise_is_told_as_such() -> None:
    x, y = np.random.default_rng(2).standard_normal((2, 300))
    verdict = correlate_pair(pair(x, y)).verdict
    assert verdict.text == "Nothing that could be told from chance, over the training or from step to step."


def test_a_constant_metric_says_so() -> None:
    found = correlate_pair(pair(np.arange(9.0), np.full(9, 0.5)))
    assert found.verdict.text == "No coefficient: the second metric does not change."
    assert math.isnan(found.levels.value)


def test_a_steady_rise_has_no_differences_to_correlate() -> None:
    found = correlate_pair(pair(np.arange(9.0), np.arange(9.0) ** 2), names=("Tokens", "Reward"))
    assert found.levels.value > 0.9
    assert found.verdict.text == (
        "They rise and fall together over the training; from step to step nothing can be told: the step-to-step change "
        "of Tokens does not change."
    )
    assert found.verdict.is_warning


def test_metrics_are_called_by_their_names() -> None:
    found = correlate_pair(pair(np.arange(9.0), np.full(9, 0.5)), names=("Reward", "KL"))
    assert found.verdict.text == "No coefficient: KL does not change."


def test_a_coefficient_too_small_to_see_is_no_trend() -> None:
    """Of very many steps any coefficient would be significant if they were independent."""
    levels = Correlation(0.05, -0.3, 0.4, 10_000, 30.0)
    steps = Correlation(0.0, -0.02, 0.02, 9_999, 9_999.0)
    found = Correlated("run", "pearson", levels, steps)
    assert found.verdict.text == "Nothing that could be told from chance, over the training or from step to step."
    assert Correlated("run", "pearson", replace(levels, value=0.5, upper=0.8), steps).verdict.is_warning
    sure = Correlation(0.03, 0.01, 0.05, 9_999, 9_999.0)
    found = Correlated("run", "pearson", levels, sure)
    assert found.verdict.text == "Next to nothing, over the training or from step to step."
    assert not found.verdict.is_warning


def test_steps_move_together_while_the_course_may_be_chance() -> None:
    levels = Correlation(0.93, -0.28, 0.998, 150, 5.0)
    verdict = Correlated("run", "pearson", levels, Correlation(0.42, 0.25, 0.57, 149, 106.0)).verdict
    assert verdict.is_warning
    assert "they rise and fall together, but values that follow on each other so closely may do so" in verdict.text


def test_a_group_is_the_mean_of_its_runs() -> None:
    rng = np.random.default_rng(3)
    runs = [correlate_pair(pair(*autoregressive(0.3, 200, rng, rho=0.5), name=f"r{i}")) for i in range(4)]
    groups = {"r0": "a", "r1": "b", "r2": "a", "r3": "a"}
    a, b = correlate_groups(runs, groups)
    assert (a.name, a.n_runs, b.name, b.n_runs) == ("a", 3, "b", 1)
    z = np.arctanh([runs[i].levels.value for i in (0, 2, 3)])
    half = stats.t.ppf(0.975, 2) * z.std(ddof=1) / math.sqrt(3)
    assert (a.levels.value, a.levels.lower, a.levels.upper) == pytest.approx(
        (math.tanh(z.mean()), math.tanh(z.mean() - half), math.tanh(z.mean() + half)), abs=1e-12
    )
    assert a.levels.n == 600
    assert b.levels == runs[1].levels


def test_a_run_without_a_coefficient_does_not_count_in_its_group() -> None:
    rng = np.random.default_rng(4)
    runs = [correlate_pair(pair(*autoregressive(0.3, 200, rng, rho=0.5), name=f"r{i}")) for i in range(2)]
    runs.append(correlate_pair(pair(np.arange(9.0), np.ones(9), name="r2")))
    (with_it,) = correlate_groups(runs, dict.fromkeys(("r0", "r1", "r2"), "a"))
    (without,) = correlate_groups(runs[:2], dict.fromkeys(("r0", "r1"), "a"))
    assert with_it.levels == without.levels
    assert with_it.n_runs == 2


def test_the_frame_has_a_row_a_basis() -> None:
    found = [correlate_pair(pair(*trended(np.random.default_rng(5)))), correlate_pair(pair(np.ones(5), np.ones(5)))]
    frame = correlations_frame(found)
    assert dict(frame.schema) == CORRELATIONS
    assert frame["basis"].to_list() == ["levels", "differences"] * 2
    assert frame["value"].to_list()[:2] == [found[0].levels.value, found[0].differences.value]
    assert frame["value"].to_list()[2:] == [None, None]
