"""Which of several records of one step count."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.store.history import average_workers, later_history, workers


def kept(steps: list[int], writers: list[int] | None = None, worker: list[str] | None = None) -> list[tuple[int, int]]:
    n = len(steps)
    rows = pl.DataFrame(
        {
            "run": [0] * n,
            "worker": worker or [""] * n,
            "writer": writers or [0] * n,
            "step": steps,
            "at": range(n),
        }
    )
    return later_history(rows).select("step", "at").rows()


@pytest.mark.parametrize(
    ("steps", "writers", "expected"),
    [
        pytest.param([1, 2, 3], None, [(1, 0), (2, 1), (3, 2)], id="nothing to decide"),
        pytest.param(
            [1, 1, 2, 2], None, [(1, 0), (1, 1), (2, 2), (2, 3)], id="several records at one step are all kept"
        ),
        pytest.param([1, 2, 3, 2, 3, 4], None, [(1, 0), (2, 3), (3, 4), (4, 5)], id="restart within a file"),
        pytest.param([10, 11, 12, 13, 11], None, [(10, 0), (11, 4)], id="restart that has not caught up"),
        pytest.param([10, 12, 11, 13], None, [(10, 0), (11, 2), (12, 1), (13, 3)], id="disorder is not a restart"),
        pytest.param(
            [1, 2, 3, 3, 4], [0, 0, 0, 1, 1], [(1, 0), (2, 1), (3, 3), (4, 4)], id="a new file at the same step"
        ),
        pytest.param([5, 15, 25, 12, 22], [0, 0, 0, 1, 1], [(5, 0), (12, 3), (22, 4)], id="a new file at other steps"),
        pytest.param(
            [1, 2, 3, 4, 5], [0, 0, 0, 1, 1], [(i + 1, i) for i in range(5)], id="a continuation loses nothing"
        ),
        pytest.param(
            [1, 2, 3, 2, 3, 1, 2],
            [0, 0, 0, 1, 1, 2, 2],
            [(1, 5), (2, 6)],
            id="restarted twice, the last one from the start",
        ),
    ],
)
def test_the_later_history_wins(steps: list[int], writers: list[int] | None, expected: list[tuple[int, int]]) -> None:
    assert kept(steps, writers) == expected


def test_a_worker_does_not_replace_another() -> None:
    assert kept([1, 2, 1, 2], worker=["0", "0", "1", "1"]) == [(1, 0), (2, 1), (1, 2), (2, 3)]


def test_a_run_does_not_replace_another() -> None:
    rows = pl.DataFrame({"run": [0, 0, 1, 1, 1], "worker": "", "writer": 0, "step": [1, 9, 1, 2, 1], "at": range(5)})
    # Run 0 ends at 9 and run 1 begins at 1: no restart. Run 1 itself goes back to step 1 and has not reached 2 since.
    assert later_history(rows).select("run", "step", "at").rows() == [(0, 1, 0), (0, 9, 1), (1, 1, 4)]


@given(st.lists(st.integers(0, 30), max_size=40))
def test_every_step_that_is_kept_is_kept_from_its_last_stretch(steps: list[int]) -> None:
    result = kept(steps)
    assert [step for step, _ in result] == sorted(step for step, _ in result)
    last = {step: at for at, step in enumerate(steps)}
    assert all(last[step] in {at for s, at in result if s == step} for step, _ in result)
    if steps:
        assert steps[-1] in {step for step, _ in result}


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        pytest.param([(0.0, 10.0), (10.0, 20.0)], [("", 0), ("", 1)], id="one after another"),
        pytest.param([(20.0, 30.0), (0.0, 10.0)], [("", 1), ("", 0)], id="time order, not name order"),
        pytest.param([(0.0, 10.0), (5.0, 8.0)], [("0", 0), ("1", 0)], id="overlapping"),
        pytest.param(
            [(0.0, 10.0), (1.0, 9.0), (12.0, 20.0)], [("0", 0), ("1", 0), ("0", 1)], id="a worker that restarts"
        ),
        pytest.param([(None, None), (None, None)], [("", 0), ("", 1)], id="no times"),
    ],
)
def test_writers_whose_times_overlap_are_workers(
    times: list[tuple[float | None, float | None]], expected: list[tuple[str, int]]
) -> None:
    assert workers(times) == expected


def test_workers_are_averaged_at_each_step_and_a_single_one_is_left_alone() -> None:
    rows = pl.DataFrame(
        {
            "run": [0, 0, 0, 1, 1],
            "worker": ["0", "0", "1", "", ""],
            "writer": 0,
            "step": [1, 2, 1, 5, 5],
            "wall_time": [10.0, 11.0, 9.0, None, None],
            "value": [1.0, 4.0, 3.0, 7.0, 8.0],
        }
    )
    assert average_workers(rows).select("run", "step", "wall_time", "value").rows() == [
        (0, 1, 9.0, 2.0),
        (0, 2, 11.0, 4.0),
        (1, 5, None, 7.0),
        (1, 5, None, 8.0),
    ]
