from __future__ import annotations

import numpy as np
import pytest

from rlcompare.transforms.truncation import length_cap


def cap(*steps: list[float]) -> float | None:
    step = np.repeat(np.arange(len(steps), dtype=np.int64), [len(lengths) for lengths in steps])
    return length_cap(step, np.array([length for lengths in steps for length in lengths], np.float64))


def test_the_length_at_which_the_longest_of_the_steps_pile_up() -> None:
    assert cap([3.0, 64.0, 64.0], [64.0, 5.0], [60.0, 1.0], [64.0]) == 64.0


def test_a_later_and_longer_answer_that_is_alone_is_no_cap() -> None:
    """A validation with a longer limit, or one answer that the log counts otherwise."""
    assert cap([64.0, 5.0], [64.0, 6.0], [900.0, 7.0]) == 64.0


def test_of_two_as_frequent_the_larger() -> None:
    assert cap([64.0], [64.0], [128.0], [128.0]) == 128.0


def test_the_longest_of_many_is_merely_the_longest() -> None:
    lengths = [float(length) for length in range(1, 201)]
    assert cap(lengths) is None
    assert cap([*lengths, 200.0, 200.0]) == 200.0


def test_the_order_of_steps_does_not_matter_and_nan_does_not_count() -> None:
    step = np.array([2, 1, 2, 1, 3], np.int64)
    assert length_cap(step, np.array([8.0, 8.0, 3.0, np.nan, 5.0])) == 8.0


@pytest.mark.parametrize("lengths", [[], [np.nan, np.nan]])
def test_without_lengths_there_is_none(lengths: list[float]) -> None:
    assert length_cap(np.zeros(len(lengths), np.int64), np.array(lengths, np.float64)) is None
