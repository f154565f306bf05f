"""The ends of distributions, with hand-made numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rlcompare.transforms.stretches_of_steps import Values, values_of
from rlcompare.transforms.tails import cap_of, cut_off, means_of, median_run, share_of_zero, worst, worst_run


def lengths(*steps: list[float]) -> Values:
    """Lengths of the samples of each step, from step 0 on."""
    step = np.repeat(np.arange(len(steps)), [len(one) for one in steps])
    return values_of(step, np.array([length for one in steps for length in one]))


def test_the_cap_is_the_most_frequent_longest_length() -> None:
    assert cap_of(lengths([10, 512], [512, 7], [9, 400], [512, 512])) == 512
    assert cap_of(lengths([10, 20], [30, 7], [40, 8], [50, 1])) == 50, "each once, so at a quarter and more of steps"
    assert cap_of(lengths([5] * 4, [6] * 3 + [8], [8, 1, 1, 1])) == 8


def test_the_longest_of_many_is_no_cap() -> None:
    rng = np.random.default_rng(0)
    assert cap_of(lengths(*[list(rng.permutation(4_000)[:64] + 1.0) for _ in range(40)])) is None
    assert cap_of(lengths()) is None


def test_an_outlier_beyond_the_cap_is_not_the_cap() -> None:
    found = cut_off([lengths([100, 100, 5], [100, 3, 2], [900, 100, 1], [100, 1, 1])], 1, 3)
    assert found is not None
    assert (found.length, found.n, found.share) == (100, 9, pytest.approx(4 / 9))


def test_runs_of_different_caps_are_counted_each_against_its_own() -> None:
    found = cut_off([lengths([8, 8, 1, 1]), lengths([16, 2, 2, 8])], 0, 0)
    assert found is not None
    assert math.isnan(found.length)
    assert (found.share, found.n) == (pytest.approx(3 / 8), 8)
    assert cut_off([lengths([8.0, 8])], 5, 9) is None


def test_means_of_the_lowest_and_shares_of_zero() -> None:
    values = np.arange(100.0)
    assert worst(values) == pytest.approx(2.0)
    assert share_of_zero(np.array([0.0, 0, 1, -0.0])) == 0.75
    assert math.isnan(worst(np.empty(0)))
    assert math.isnan(share_of_zero(np.empty(0)))


@pytest.mark.parametrize(
    ("means", "middle", "lowest"),
    [
        ([3.0, 1.0, 2.0], 2, 1),
        ([4.0, 1.0, 3.0, 2.0], 3, 1),
        ([math.nan, 5.0, 7.0], 1, 1),
        ([2.0, 2.0], 0, None),
        ([math.nan], None, None),
        ([], None, None),
    ],
)
def test_who_is_in_the_middle_and_who_is_worst(means: list[float], middle: int | None, lowest: int | None) -> None:
    assert median_run(np.array(means)) == middle
    assert worst_run(np.array(means)) == lowest


def test_a_run_without_values_has_no_mean() -> None:
    assert means_of([lengths([1, 2]), lengths()]).tolist() == pytest.approx([1.5, math.nan], nan_ok=True)
