"""Episodes of several environments on one axis of steps."""

from __future__ import annotations

import polars as pl

from rlcompare.readers.samples import sample_frame
from rlcompare.transforms.worker_steps import on_one_axis


def episodes(worker: str | None, lengths: list[float], ended: list[float], split: str = "train") -> pl.DataFrame:
    step = pl.Series(lengths).cum_sum().cast(pl.Int64)
    return sample_frame(step, split=split, length_unit="env step", length=lengths, wall_time=ended, worker=worker)


def test_steps_of_all_environments_are_counted_together() -> None:
    found = on_one_axis(pl.concat([episodes("0", [10, 20, 5], [1, 3, 4]), episodes("1", [15, 30], [2, 5])]))
    assert found["step"].to_list() == [10, 25, 45, 50, 80]
    assert found["length"].to_list() == [10, 15, 20, 5, 30]


def test_one_environment_and_evaluations_keep_their_steps() -> None:
    alone = episodes("0", [10, 20], [1, 2])
    assert on_one_axis(alone).equals(alone)
    evaluations = episodes(None, [9, 9], [3, 3], split="validation").with_columns(step=pl.lit(4_000, pl.Int64))
    both = pl.concat([alone, episodes("1", [5], [1.5]), evaluations])
    found = on_one_axis(both)
    assert found.filter(pl.col("split") == "validation")["step"].to_list() == [4_000, 4_000]
    assert found.filter(pl.col("split") == "train")["step"].to_list() == [10, 15, 35]


def test_answers_of_a_language_model_keep_their_steps() -> None:
    answers = sample_frame(
        [1, 1, 2], split="train", length_unit="token", length=[3, 4, 5], wall_time=[1, 2, 3], worker="0"
    )
    several = pl.concat([answers, answers.with_columns(worker=pl.lit("1"))])
    assert on_one_axis(several).equals(several)
