"""Which of several records of one step count."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.curves import Points
from rlcompare.store.history import Lane, Workers, resolve, workers


def made(steps: list[int], writers: list[int] | None = None, values: list[float] | None = None) -> Lane:
    """One worker's log, unless told otherwise with its row numbers as values, a row a second."""
    n = len(steps)
    files = [0] * n if writers is None else writers
    joints = tuple(i for i in range(1, n) if files[i] != files[i - 1])
    at = np.arange(n, dtype=np.float64)
    return Lane(Points(np.array(steps, np.int64), at, at if values is None else np.array(values)), joints)


def rows_of(points: Points) -> list[tuple[int, float]]:
    return list(zip(points.step.tolist(), points.value.tolist(), strict=True))


def kept(steps: list[int], writers: list[int] | None = None) -> list[tuple[int, float]]:
    return rows_of(made(steps, writers).later())


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
    two = [made([1, 2], values=[0.0, 1.0]), made([1, 2], values=[2.0, 3.0])]
    apart = resolve(two, combine="each")
    assert [(worker, rows_of(points)) for worker, _, points in apart] == [
        (1, [(1, 0.0), (2, 1.0)]),
        (2, [(1, 2.0), (2, 3.0)]),
    ]


@given(st.lists(st.integers(0, 30), max_size=40))
def test_every_step_that_is_kept_is_kept_from_its_last_stretch(steps: list[int]) -> None:
    result = kept(steps)
    assert [step for step, _ in result] == sorted(step for step, _ in result)
    last = {step: at for at, step in enumerate(steps)}
    assert all(last[step] in {at for s, at in result if s == step} for step, _ in result)
    if steps:
        assert steps[-1] in {step for step, _ in result}


@pytest.mark.parametrize(
    ("steps", "writers", "expected"),
    [
        pytest.param([1, 2, 3], None, [], id="one history"),
        pytest.param([1, 2, 3, 2, 3, 4], None, [(3, 2)], id="restart within a file"),
        pytest.param([10, 11, 12, 13, 11], None, [(4, 3)], id="restart that has not caught up"),
        pytest.param([10, 12, 11, 13], None, [], id="disorder is not a restart"),
        pytest.param([1, 3, 2, 4, 3, 4, 5], None, [(4, 2)], id="restart after disorder"),
        pytest.param([5, 15, 25, 12, 22], [0, 0, 0, 1, 1], [(3, 2)], id="a new file at other steps"),
        pytest.param([1, 2, 3, 4, 5], [0, 0, 0, 1, 1], [(3, 0)], id="a continuation replaces nothing"),
        pytest.param([1, 2, 3, 2, 3, 1, 2], [0, 0, 0, 1, 1, 2, 2], [(3, 2), (5, 3)], id="restarted twice"),
        pytest.param([1, 2, 3, 4, 3, 4, 4], None, [(4, 2)], id="what was logged again is counted once"),
    ],
)
def test_restarts_and_what_they_replaced(
    steps: list[int], writers: list[int] | None, expected: list[tuple[int, int]]
) -> None:
    lane = made(steps, writers)
    assert [(row, lane.n_replaced(row)) for row in lane.restarts.tolist()] == expected


#: A worker's log: steps of one file after another, in any order.
logs = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=8), min_size=1, max_size=4).map(
    lambda files: made([step for file in files for step in file], [i for i, file in enumerate(files) for _ in file])
)


@given(logs)
def test_histories_are_all_that_was_written_and_the_later_history_is_some_of_it(lane: Lane) -> None:
    ((_, _, everything),) = resolve([lane], "all")
    assert everything is lane.points
    segments = [points for _, _, points in resolve([lane], "segments")]
    assert sorted(value for points in segments for value in points.value) == everything.value.tolist()
    assert all((np.diff(points.step) >= 0).all() for points in segments)
    later = rows_of(lane.later())
    assert set(later) <= set(rows_of(everything))
    n_replaced = sum(lane.n_replaced(row) for row in lane.restarts.tolist())
    assert len(later) + n_replaced == len(everything.value)


TWO_WORKERS = [made([1, 2, 3, 2, 3], values=[1.0, 2.0, 3.0, 20.0, 30.0]), made([1, 2, 2], values=[5.0, math.nan, 7.0])]


@pytest.mark.parametrize(
    ("combine", "expected"),
    [
        ("mean", [(1, 3.0), (2, math.nan), (3, 30.0)]),
        ("sum", [(1, 6.0), (2, math.nan), (3, 30.0)]),
        ("min", [(1, 1.0), (2, math.nan), (3, 30.0)]),
        ("max", [(1, 5.0), (2, math.nan), (3, 30.0)]),
    ],
)
def test_workers_are_put_together_at_each_step(combine: Workers, expected: list[tuple[int, float]]) -> None:
    ((worker, history, points),) = resolve(TWO_WORKERS, combine=combine)
    assert (worker, history) == (None, None)
    assert str(rows_of(points)) == str(expected)  # NaN equals itself only as text


def test_an_infinity_of_either_sign_makes_no_number() -> None:
    ((_, _, points),) = resolve([made([1], values=[math.inf]), made([1], values=[-math.inf])])
    assert np.isnan(points.value).all()


def test_workers_apart_each_with_its_own_histories() -> None:
    found = [(worker, history, rows_of(points)) for worker, history, points in resolve(TWO_WORKERS, "segments", "each")]
    assert found[:2] == [(1, 1, [(1, 1.0), (2, 2.0), (3, 3.0)]), (1, 2, [(2, 20.0), (3, 30.0)])]
    assert found[2][:2] == (2, None)
    assert str(found[2][2]) == str([(1, 5.0), (2, math.nan), (2, 7.0)])


def test_workers_are_put_together_history_by_history() -> None:
    two = [made([1, 2, 1, 2], values=[1.0, 2.0, 3.0, 4.0]), made([1, 2, 1], values=[10.0, 20.0, 30.0])]
    segments = [(history, rows_of(points)) for _, history, points in resolve(two, "segments", "sum")]
    assert segments == [(1, [(1, 11.0), (2, 22.0)]), (2, [(1, 33.0), (2, 4.0)])]
    ((_, _, everything),) = resolve(two, "all", "sum")
    assert rows_of(everything) == [(1, 11.0), (2, 22.0), (1, 33.0), (2, 4.0)]


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
    first = Lane(Points(np.array([1, 2]), np.array([10.0, 11.0]), np.array([1.0, 4.0])), ())
    second = Lane(Points(np.array([1]), np.array([9.0]), np.array([3.0])), ())
    ((worker, history, points),) = resolve([first, second])
    assert (worker, history) == (None, None)
    assert (rows_of(points), points.wall_time.tolist()) == ([(1, 2.0), (2, 4.0)], [9.0, 11.0])
    untimed = Lane(Points(np.array([5, 5]), np.array([np.nan, np.nan]), np.array([7.0, 8.0])), ())
    ((_, _, points),) = resolve([untimed])
    assert rows_of(points) == [(5, 7.0), (5, 8.0)]
    assert np.isnan(points.wall_time).all()
