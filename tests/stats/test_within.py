"""Correlation within steps and within prompts."""

from __future__ import annotations

import numpy as np
import pytest

from rlcompare.stats.within import within_correlation


def test_each_step_is_numpys_coefficient() -> None:
    rng = np.random.default_rng(0)
    step = np.repeat(np.arange(5), 30)
    x = rng.standard_normal(150) + 10 * step
    y = 0.5 * x + rng.standard_normal(150)
    found = within_correlation(step, x, y)
    expected = [np.corrcoef(x[step == k], y[step == k])[0, 1] for k in range(5)]
    assert found.value.tolist() == pytest.approx(expected, abs=1e-12)
    assert found.n.tolist() == [30] * 5
    z, half = np.arctanh(expected[0]), 1.959963984540054 / np.sqrt(27)
    assert (found.lower[0], found.upper[0]) == pytest.approx((np.tanh(z - half), np.tanh(z + half)), abs=1e-12)


def test_hard_prompts_with_long_answers_do_not_count() -> None:
    rng = np.random.default_rng(1)
    n_groups, size = 200, 8
    group = np.repeat(np.arange(n_groups), size)
    difficulty = rng.standard_normal(n_groups)[group]
    length = 3 * difficulty + rng.standard_normal(n_groups * size)
    reward = -3 * difficulty + 0.5 * (length - 3 * difficulty) + rng.standard_normal(n_groups * size)
    step = np.zeros(n_groups * size, np.intp)
    plain, within = within_correlation(step, length, reward), within_correlation(step, length, reward, group)
    assert plain.upper[0] < -0.5
    assert within.lower[0] > 0.3
    less = [values - (np.bincount(group, values) / size)[group] for values in (length, reward)]
    assert within.value[0] == pytest.approx(np.corrcoef(*less)[0, 1], abs=1e-12)


def test_intervals_within_prompts_hold_the_truth() -> None:
    rng = np.random.default_rng(2)
    n_steps, n_groups, size = 3_000, 6, 4
    step = np.repeat(np.arange(n_steps), n_groups * size)
    group = np.repeat(np.arange(n_steps * n_groups), size)
    x = rng.standard_normal(len(step)) + rng.standard_normal(n_steps * n_groups)[group]
    found = within_correlation(step, x, rng.standard_normal(len(step)), group)
    assert np.mean((found.lower <= 0) & (found.upper >= 0)) == pytest.approx(0.95, abs=0.015)


def test_a_prompt_with_one_answer_tells_nothing() -> None:
    step = np.array([0, 0, 0, 0, 0, 0, 0, 0, 1, 1])
    group = np.array([0, 0, 0, 0, 0, 0, 1, 2, 3, 4])
    x = np.array([1.0, 2, 3, 4, 5, 6, 1e6, -1e6, 3, 4])
    found = within_correlation(step, x, np.array([2.0, 1, 4, 3, 6, 5, 1e9, 7, 1, 2]), group)
    assert found.n.tolist() == [6, 0]
    assert found.value[0] == pytest.approx(np.corrcoef([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5])[0, 1], abs=1e-12)
    assert np.isnan(found.value[1])


@pytest.mark.parametrize("y", [np.full(6, 0.1), np.arange(6.0)])
def test_too_few_or_constant_have_none(y: np.ndarray) -> None:
    step = np.zeros(6, np.intp) if y[0] == y[1] else np.repeat([0, 1], 3)
    found = within_correlation(step, np.arange(6.0), y)
    assert np.isnan(found.value).all()
    assert np.isnan(found.lower).all()


def test_nothing_gives_nothing() -> None:
    none = np.empty(0, np.intp)
    assert len(within_correlation(none, np.empty(0), np.empty(0)).value) == 0
