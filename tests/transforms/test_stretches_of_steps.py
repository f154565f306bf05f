"""Stretches of steps: fixed by the axis, full enough, and complete."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.transforms.stretches_of_steps import Values, stretches_of, values_of

steps = st.lists(st.integers(-50, 3_000), min_size=1, max_size=120).map(lambda s: np.array(sorted(s), np.int64))


def values(step: np.ndarray) -> Values:
    return values_of(step.astype(np.int64), np.zeros(len(step)))


@given(step=steps, most=st.integers(1, 12), fewest=st.integers(1, 9))
def test_every_step_is_in_the_stretch_that_holds_it(step: np.ndarray, most: int, fewest: int) -> None:
    found = stretches_of([values(step)], most, fewest)
    number = found.number(step)
    assert (number >= 0).all()
    assert ((found.start[number] <= step) & (step < found.start[number] + found.width)).all()
    assert (found.start % found.width == 0).all()
    assert np.bincount(number, minlength=len(found)).all(), "none is empty"
    at_least = 1 + (step[0] < 0 <= step[-1])
    assert len(found) <= most or len(found) == at_least
    assert len(step) >= fewest * len(found) or len(found) == at_least


@given(step=steps, most=st.integers(1, 12))
def test_a_narrower_width_would_be_too_many_or_too_empty(step: np.ndarray, most: int) -> None:
    found = stretches_of([values(step)], most, 3)
    if found.width > 1:
        narrower = len(np.unique(step // (found.width // 2)))
        assert narrower > most or len(step) < 3 * narrower


def test_a_run_that_goes_on_adds_stretches_and_keeps_the_borders() -> None:
    rng = np.random.default_rng(0)
    step = np.cumsum(rng.integers(1, 400, 20_000))
    widths = []
    for n in range(2_000, 20_001, 500):
        found = stretches_of([values(step[:n])])
        widths.append(found.width)
        before = stretches_of([values(step[: n - 500])])
        if before.width == found.width:
            assert np.array_equal(found.start[: len(before)], before.start)
    assert widths == sorted(widths)
    assert len(set(widths)) <= 5, "the width doubles with the training, and does not come and go"


def test_how_full_stretches_are_is_settled_early() -> None:
    """Episodes that become longer make later stretches emptier, but do not change the borders of earlier ones."""
    step = np.concatenate([np.arange(1_000) * 2, 2_000 + np.arange(1, 40) * 64])
    assert stretches_of([values(step[:1_000])], fewest=20).width == stretches_of([values(step)], fewest=20).width == 64


def test_sparse_steps_stay_apart() -> None:
    step = np.repeat(np.arange(50, 301, 50), 64)
    found = stretches_of([values(step)])
    assert (found.width, found.start.tolist()) == (1, [50, 100, 150, 200, 250, 300])


def test_steps_of_a_long_axis_are_told_apart_as_far_as_a_screen_can() -> None:
    step = np.array([0, 1, 10**12, 10**12 + 1], np.int64)
    found = stretches_of([values(step)], fewest=1)
    assert found.number(step).tolist() == [0, 0, 1, 1]


def test_runs_share_their_stretches() -> None:
    found = stretches_of([values(np.arange(0, 100)), values(np.arange(300, 400))], most=10, fewest=1)
    assert found.width == 32
    assert found.start.tolist() == [0, 32, 64, 96, 288, 320, 352, 384]
    assert found.number(np.array([31, 200, 399])).tolist() == [0, -1, 7]


def test_nothing_has_no_stretches() -> None:
    found = stretches_of([values(np.empty(0))])
    assert len(found) == 0
    assert found.number(np.array([3])).tolist() == [-1]


def test_values_are_ordered_and_only_finite_ones_stay() -> None:
    found = values_of(np.array([3, 1, 1, 2, 2]), np.array([30.0, 10, np.nan, np.inf, 20]))
    assert (found.step.tolist(), found.value.tolist(), found.n_left_out) == ([1, 2, 3], [10, 20, 30], 2)
    assert values_of(np.array([1, 2]), np.array([1.0, 1.7e308])).n_left_out == 1


@pytest.mark.parametrize(("low", "high", "expected"), [(2, 3, [2, 2, 3]), (0, 1, [1]), (4, 9, []), (2.5, 3.5, [3])])
def test_a_part_of_the_training_holds_both_ends(low: float, high: float, expected: list[int]) -> None:
    found = values_of(np.array([1, 2, 2, 3]), np.arange(4.0)).between(low, high)
    assert found.step.tolist() == expected
