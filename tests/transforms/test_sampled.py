"""Samples of one run, in stretches of its training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlcompare import schema
from rlcompare.transforms.sampled import Sampled, course, gain_between, length_by_answer, sampled, stretches


def samples(
    step: Sequence[int],
    length: Sequence[float | None],
    reward: Sequence[float | None],
    *,
    unit: str = "token",
    **more: Sequence[object],
) -> pl.DataFrame:
    """A frame of ``schema.SAMPLES`` of one run."""
    n = len(step)
    given_: dict[str, Sequence[object]] = {
        "run": ["a"] * n,
        "step": step,
        "split": ["train"] * n,
        "length": length,
        "reward": reward,
        "length_unit": [unit] * n,
        **more,
    }
    columns = [pl.Series(name, given_.get(name, [None] * n)).cast(dtype) for name, dtype in schema.SAMPLES.items()]
    return pl.DataFrame(columns)


def made(rng: np.random.Generator, steps: int = 20, prompts: int = 8, each: int = 8) -> Sampled:
    """Hard prompts have long answers and little reward; at the same prompt longer answers have more."""
    n = steps * prompts * each
    step, prompt = np.repeat(np.arange(steps), prompts * each), np.tile(np.repeat(np.arange(prompts), each), steps)
    own = rng.normal(0, 10, n)
    reward = 0.05 * own - 0.5 * prompt + 0.01 * step + rng.normal(0, 0.3, n)
    frame = samples(
        step.tolist(), (200 + 30 * prompt + own).tolist(), reward.tolist(), prompt_id=prompt.astype(np.uint64).tolist()
    )
    return sampled(frame)


def test_within_prompts_the_sign_is_another_than_within_steps() -> None:
    found = course(made(np.random.default_rng(0)))
    assert len(found.first) == 20
    assert (found.first == found.last).all(), "a step of 64 samples is a stretch"
    assert found.by_prompt is not None
    assert (found.by_step.upper < 0).all()
    assert (found.by_prompt.lower > 0.5).all()


def test_episodes_that_share_no_step_are_compared_within_a_stretch() -> None:
    rng = np.random.default_rng(1)
    length = rng.normal(100, 20, 120)
    found = sampled(samples(list(range(120)), length.tolist(), (2 * length).tolist(), unit="env step"))
    assert not found.is_of_steps
    along = course(found)
    assert along.by_prompt is None
    assert along.by_step.n.tolist() == [50, 70]
    assert along.by_step.value.tolist() == pytest.approx([1.0, 1.0])
    assert (along.first.tolist(), along.last.tolist()) == ([0, 50], [49, 119])


@given(st.lists(st.integers(0, 30), min_size=1, max_size=300), st.integers(1, 60), st.integers(1, 10))
def test_stretches_are_whole_steps_of_enough_samples(steps: list[int], least: int, most: int) -> None:
    step = np.sort(np.array(steps, np.int64))
    number = stretches(step, least, most)
    assert number[0] == 0
    assert set(np.diff(number)) <= {0, 1}
    assert number.max() < most
    for one in np.unique(step):
        assert len(set(number[step == one])) == 1
    if number.max():
        assert np.bincount(number).min() >= least


def test_what_was_not_logged_does_not_count_and_training_goes_before_validation() -> None:
    frame = samples(
        [3, 1, 2, 4],
        [1.0, 2.0, None, 4.0],
        [1.0, float("nan"), 3.0, 4.0],
        split=["train", "train", "train", "validation"],
    )
    assert sampled(frame).step.tolist() == [3]
    only = sampled(frame.filter(pl.col("split").cast(pl.String) == "validation"))
    assert (only.step.tolist(), only.prompt) == ([4], None)


def test_lengths_of_right_and_wrong_answers() -> None:
    rng = np.random.default_rng(2)
    correct = [bool(i % 3) for i in range(100)]
    length = [float(v) + 50 * right for v, right in zip(rng.normal(100, 5, 100), correct, strict=True)]
    frame = length_by_answer(sampled(samples([7] * 100, length, [1.0] * 100, correct=correct)))
    assert frame["answer"].to_list() == ["correct", "incorrect"]
    assert frame["n"].to_list() == [66, 34]
    own = np.array([v for v, right in zip(length, correct, strict=True) if right])
    low, high = stats.t.interval(0.95, 65, own.mean(), stats.sem(own))
    assert frame.row(0)[3:6] == pytest.approx((own.mean(), low, high))


def test_a_gain_between_the_first_and_the_last_fifth() -> None:
    rng = np.random.default_rng(3)
    step = np.repeat(np.arange(50), 20)
    length = rng.normal(100, 20, 1_000) + 2.0 * step
    found = gain_between(
        sampled(samples(step.tolist(), length.tolist(), (0.01 * length).tolist())), (0.0, 0.2), (0.8, 1.0)
    )
    assert found is not None
    assert (found.before, found.after) == ((0, 9, 200), (40, 49, 200))
    assert found.length_after > found.length_before
    assert found.gain.by_length == pytest.approx(found.gain.total)
    assert found.gain.over_steps


def test_a_gain_needs_two_steps() -> None:
    one = sampled(samples([5] * 9, [1.0] * 9, [1.0] * 9))
    assert gain_between(one, (0.0, 0.2), (0.8, 1.0)) is None
    two = sampled(samples([5, 5, 6], [1.0] * 3, [1.0, 1.0, 2.0]))
    found = gain_between(two, (0.0, 0.2), (0.8, 1.0))
    assert found is not None
    assert found.gain.total == pytest.approx(1)
