from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.schema import SAMPLES
from rlcompare.transforms.rollouts import (
    BINS,
    EPISODES_SHOWN,
    Filter,
    Groups,
    groups_of,
    histogram,
    is_one_by_one,
    nearest_step,
    next_steps,
    number_prompts,
    on_one_axis,
    passing,
    samples_at,
)


def samples(**columns: list[object]) -> pl.DataFrame:
    """Samples with some columns; the others are null."""
    n = len(next(iter(columns.values())))
    nothing = {name: [None] * n for name in SAMPLES}
    return pl.DataFrame({**nothing, **columns}, schema=SAMPLES)


def test_prompts_are_numbered_by_the_step_at_which_they_come_first() -> None:
    found = number_prompts(samples(step=[10, 10, 2, 2, 2], prompt_id=[7, 9, 9, 5, None]))
    assert found["prompt"].to_list() == [3, 1, 1, 2, None]
    assert found["step"].to_list() == [10, 10, 2, 2, 2], "as logged"


def test_more_steps_renumber_no_prompt() -> None:
    early = samples(step=[1, 1, 2], prompt_id=[8, 3, 5])
    late = samples(step=[3, 3], prompt_id=[1, 3])
    before = number_prompts(early)["prompt"].to_list()
    assert number_prompts(pl.concat([late, early]))["prompt"].to_list() == [4, 2, *before]


@pytest.mark.parametrize(
    ("unit", "steps", "expected"),
    [("env step", [1, 2, 3], True), ("env step", [1, 1, 2, 2], False), ("token", [1, 2, 3], False)],
)
def test_episodes_that_end_one_by_one(unit: str, steps: list[int], expected: bool) -> None:
    assert is_one_by_one(samples(step=steps, length_unit=[unit] * len(steps))) is expected


def test_samples_of_a_step_are_numbered_as_logged() -> None:
    found = samples_at(samples(step=[1, 2, 1], reward=[0.1, 0.2, 0.3]), 1, one_by_one=False)
    assert found.select("number", "reward").rows() == [(1, 0.1), (2, 0.3)]


def test_of_episodes_the_last_up_to_the_step() -> None:
    n = EPISODES_SHOWN + 50
    found = samples_at(samples(step=[*range(n, 0, -1)]), n - 10, one_by_one=True)
    assert found["step"].to_list() == [*range(41, n - 9)]
    assert found["number"].to_list() == found["step"].to_list(), "counted from the run's first"


@pytest.mark.parametrize(("asked", "expected"), [(-5, 10), (14, 10), (15, 10), (16, 20), (99, 40)])
def test_nearest_step(asked: int, expected: int) -> None:
    assert nearest_step(np.array([10, 20, 40]), asked) == expected


@pytest.mark.parametrize(
    ("at", "stride", "expected"),
    [(10, 1, (None, 20)), (20, 1, (10, 40)), (40, 1, (20, None)), (30, 1, (20, 40)), (40, 5, (10, None))],
)
def test_next_steps(at: int, stride: int, expected: tuple[int | None, int | None]) -> None:
    assert next_steps(np.array([10, 20, 40]), at, stride) == expected


def test_filters() -> None:
    rows = number_prompts(
        samples(
            step=[1] * 5,
            reward=[0.0, 0.5, 1.0, math.nan, None],
            correct=[False, None, True, True, None],
            prompt_id=[4, 4, 6, 6, None],
        )
    ).with_row_index("number", 1)

    def numbers(wanted: Filter, some: list[int] | None = None) -> list[int]:
        return passing(rows, wanted, some)["number"].to_list()

    assert numbers(Filter()) == [1, 2, 3, 4, 5]
    assert numbers(Filter(reward_from=0.5)) == [2, 3], "what is no number is in no range"
    assert numbers(Filter(reward_to=0.5)) == [1, 2]
    assert numbers(Filter(reward_from=0.5, reward_to=0.5)) == [2]
    assert numbers(Filter(answer="correct")) == [3, 4]
    assert numbers(Filter(answer="incorrect")) == [1]
    assert numbers(Filter(answer="unknown")) == [2, 5]
    assert numbers(Filter(prompt=2)) == [3, 4]
    assert numbers(Filter(answer="correct"), [1, 4]) == [4]
    assert numbers(Filter(), []) == []


def test_groups_whose_answers_all_have_the_same_reward() -> None:
    rows = number_prompts(
        samples(
            step=[1] * 8,
            prompt_id=[1, 1, 2, 2, 3, 4, 4, None],
            reward=[0.5, 0.5, 0.0, 1.0, 1.0, math.nan, math.nan, 0.0],
        )
    )
    assert groups_of(rows) == Groups(n=4, fewest=1, most=2, n_alike=1)
    assert groups_of(rows.filter(pl.col("prompt").is_null())) is None


def test_workers_that_count_their_own_steps_come_onto_one_axis() -> None:
    episodes = samples(
        worker=["0", "0", "1", "1"],
        step=[10, 30, 5, 50],
        length=[10.0, 20.0, 5.0, 45.0],
        wall_time=[1.0, 3.0, 2.0, 4.0],
        reward=[1.0, 3.0, 2.0, 4.0],
    )
    found = on_one_axis(episodes)
    assert found["reward"].to_list() == [1.0, 2.0, 3.0, 4.0]
    assert found["step"].to_list() == [10, 15, 35, 80]


def test_steps_that_are_the_runs_own_stay() -> None:
    own = samples(worker=["0", "1"], step=[100, 100], length=[10.0, 20.0], wall_time=[2.0, 1.0])
    assert on_one_axis(own).equals(own)
    alone = samples(worker=["0", "0"], step=[10, 30], length=[10.0, 20.0], wall_time=[2.0, 1.0])
    assert on_one_axis(alone).equals(alone)


@given(st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=1))
def test_a_histogram_counts_every_value_in_its_bin(values: list[float]) -> None:
    bins = histogram(np.array(values))
    assert bins["n"].sum() == len(values)
    assert 1 <= bins.height <= BINS + 2
    assert bins["start"][0] <= min(values) <= max(values) <= bins["end"][-1]
    assert bins["end"][:-1].equals(bins["start"][1:], null_equal=True) or bins.height == 1


def test_bins_of_a_histogram() -> None:
    bins = histogram(np.array([0.0, 1.0, 1.0, 29.0, math.nan]))
    assert bins.rows()[:2] == [(0.0, 1.0, 1), (1.0, 2.0, 2)]
    assert bins.rows()[-1] == (29.0, 30.0, 1)
    assert histogram(np.array([7.0])).rows() == [(6.5, 7.5, 1)]
    assert histogram(np.array([math.nan])).is_empty()
