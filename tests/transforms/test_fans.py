"""Fans and heat maps against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.transforms.fans import Logged, beside, fan_of_logged, fan_of_values, heat_map
from rlcompare.transforms.stretches_of_steps import Values, values_of

BANDS = ((0.25, 0.75), (0.05, 0.95))


def made(seed: int, n: int = 500, last: int = 1_000) -> Values:
    rng = np.random.default_rng(seed)
    step = np.sort(rng.integers(0, last, n))
    return values_of(step, rng.normal(size=n) + step / 100)


@given(seeds=st.lists(st.integers(0, 99), min_size=1, max_size=3, unique=True))
def test_a_fan_has_numpys_quantiles_of_all_runs_together(seeds: list[int]) -> None:
    runs = [made(seed) for seed in seeds]
    fan = fan_of_values(runs, BANDS)
    step = np.concatenate([run.step for run in runs])
    value = np.concatenate([run.value for run in runs])
    assert fan.n.sum() == len(step)
    for i, number in enumerate(np.unique(step // fan.width)):
        inside = step // fan.width == number
        part = value[inside]
        assert (fan.first[i], fan.last[i], fan.n[i]) == (step[inside].min(), step[inside].max(), len(part))
        assert fan.center[i] == pytest.approx(np.median(part))
        for band, (low, high) in enumerate(BANDS):
            assert fan.lower[band, i] == pytest.approx(np.quantile(part, low))
            assert fan.upper[band, i] == pytest.approx(np.quantile(part, high))


def test_a_fan_of_a_prefix_is_a_prefix_of_the_fan() -> None:
    """What was logged of full stretches does not move as the run goes on."""
    whole = made(0, n=2_000, last=4_000)
    fan = fan_of_values([whole], BANDS)
    before = fan_of_values([Values(whole.step[:1_600], whole.value[:1_600])], BANDS)
    assert before.width == fan.width
    full = len(before.n) - 1
    for name in ("first", "last", "n", "center"):
        assert getattr(before, name)[:full].tolist() == getattr(fan, name)[:full].tolist()
    assert before.upper[:, :full].tolist() == fan.upper[:, :full].tolist()


def test_without_bands_or_values_there_are_none() -> None:
    assert fan_of_values([made(1)], []).lower.shape[0] == 0
    assert len(fan_of_values([values_of(np.empty(0, np.int64), np.empty(0))], BANDS).n) == 0


def at(values: list[float], step: list[int] | None = None) -> Values:
    return values_of(np.array(step or range(len(values)), np.int64), np.array(values))


def test_logged_extremes_are_taken_as_they_are() -> None:
    run = Logged(at([1, 2, 3]), at([0, 0.5, 1]), at([2, 4, 3.5]))
    fan = fan_of_logged([run], extremes=True)
    assert (fan.width, fan.center.tolist()) == (1, [1, 2, 3])
    assert (fan.lower.tolist(), fan.upper.tolist()) == ([[0, 0.5, 1]], [[2, 4, 3.5]])


def test_of_many_steps_the_furthest_extremes_and_the_mean_of_means() -> None:
    n = 1_000
    mean = np.arange(n, dtype=np.float64)
    step = np.arange(n)
    run = Logged(values_of(step, mean), values_of(step, mean - 1 - step % 3), values_of(step, mean + 1))
    fan = fan_of_logged([run], extremes=True)
    assert fan.width == 4
    assert len(fan.n) == 250
    assert fan.center[:2].tolist() == [1.5, 5.5]
    assert fan.lower[0, :2].tolist() == [-1, 2]
    assert fan.upper[0, :2].tolist() == [4, 8]


def test_runs_of_a_group_reach_as_far_as_any_of_them() -> None:
    one, other = Logged(at([1, 2]), at([0, 1]), at([2, 3])), Logged(at([3, 4]), at([-1, 2]), at([2.5, 9]))
    fan = fan_of_logged([one, other], extremes=True)
    assert (fan.center.tolist(), fan.n.tolist()) == ([2, 3], [2, 2])
    assert (fan.lower.tolist(), fan.upper.tolist()) == ([[-1, 1]], [[2.5, 9]])


def test_a_deviation_stands_around_the_mean_where_both_were_logged() -> None:
    run = beside(at([1, 2, 3]), at([0.5, 0.25], [0, 2]))
    fan = fan_of_logged([run], extremes=False)
    assert fan.center.tolist() == [1, 2, 3]
    assert fan.lower[0].tolist() == pytest.approx([0.5, np.nan, 2.75], nan_ok=True)
    assert fan.upper[0].tolist() == pytest.approx([1.5, np.nan, 3.25], nan_ok=True)


def test_a_heat_map_counts_every_value_once() -> None:
    run = made(3)
    found = heat_map([run])
    assert found.n.sum() == len(run)
    number = found.stretches.number(run.step)
    expected = [np.histogram(run.value[number == i], found.edges)[0].tolist() for i in range(len(found.first))]
    assert found.n.tolist() == expected
