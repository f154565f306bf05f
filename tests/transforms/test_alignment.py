"""Curves at the same places: when they are as they were logged, and when and where they are interpolated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.curves import CurveSet
from rlcompare.errors import ParameterError
from rlcompare.transforms import Alignment
from rlcompare.transforms.alignment import MOST_POINTS, Aligned, Ends, align
from tests.transforms.made_curves import anything

NAN = math.nan

#: Ascending integer steps with a value each, of several runs.
runs = st.lists(
    st.dictionaries(st.integers(0, 60), anything, min_size=1, max_size=25).map(lambda run: sorted(run.items())),
    min_size=1,
    max_size=4,
)


def curve_set(curves: Mapping[str, Sequence[tuple[float, float]]]) -> CurveSet:
    """Curves of (x, value); the steps count the values."""
    points = [np.array(list(curve), dtype=np.float64).reshape(-1, 2) for curve in curves.values()]
    joined = CurveSet.joined(
        list(curves), [(np.arange(len(each)), np.full(len(each), NAN), each[:, 1]) for each in points]
    )
    return CurveSet(
        joined.names,
        joined.starts,
        joined.step,
        joined.wall_time,
        np.concatenate([each[:, 0] for each in points]) if points else joined.x,
        joined.value,
    )


def aligned(*curves: Sequence[tuple[float, float]], ends: Ends = "shrink") -> Aligned:
    named = curve_set({f"run {number}": curve for number, curve in enumerate(curves)})
    return align(named, range(len(named)), ends)


def rows(result: Aligned) -> list[list[float | None]]:
    """The values, None where a run does not count."""
    return [[None if math.isnan(v) else v for v in row] for row in result.sample.values.tolist()]


@pytest.mark.parametrize("ends", ["common", "carry", "shrink"])
def test_the_same_x_is_taken_as_it_is(ends: Ends) -> None:
    result = aligned([(0.3, 1), (0.7, 2), (9.1, 3)], [(0.3, 4), (0.7, 5), (9.1, 6)], ends=ends)
    assert result.alignment == Alignment(exact=True)
    assert result.x.tolist() == [0.3, 0.7, 9.1]
    assert rows(result) == [[1, 2, 3], [4, 5, 6]]
    assert result.ends == ()


@pytest.mark.parametrize(
    ("ends", "x", "short"),
    [("common", [0, 3], [4, 5]), ("carry", [0, 3, 7, 9], [4, 5, 5, 5]), ("shrink", [0, 3, 7, 9], [4, 5, None, None])],
)
def test_a_run_that_ended_is_exact_too(ends: Ends, x: list[float], short: list[float | None]) -> None:
    result = aligned([(0, 1), (3, 2), (7, 3), (9, 8)], [(0, 4), (3, 5)], ends=ends)
    assert result.alignment.exact
    assert result.x.tolist() == x
    assert rows(result)[1] == short
    assert result.ends == (("run 1", 3.0),)


def test_a_run_that_started_late_is_exact_and_never_carried_back() -> None:
    result = aligned([(0, 1), (3, 2)], [(3, 4), (7, 5)], [(8, 6)], ends="carry")
    assert result.alignment.exact
    assert result.x.tolist() == [0, 3, 7, 8]
    assert rows(result) == [[1, 2, 2, 2], [None, 4, 5, 5], [None, None, None, 6]]


def test_x_that_differs_only_outside_the_common_stretch_is_exact() -> None:
    long, short = [(0, 1), (3, 2), (7, 3), (9, 8)], [(3, 5), (7, 6), (8, 7)]
    assert aligned(long, short[:2], ends="common").alignment.exact
    assert aligned(long, short, ends="common").x.tolist() == [4, 6, 8]
    assert not aligned(long, short, ends="shrink").alignment.exact


def test_a_record_that_the_others_lack_is_no_shared_x() -> None:
    result = aligned([(0, 0), (10, 10)], [(0, 0), (4, 2), (10, 8)])
    assert result.alignment == Alignment(exact=False, spacing=4.0)
    assert result.x.tolist() == [0, 4, 8]
    assert rows(result) == [[0, 4, 8], [0, 2, 6]]


def test_between_records_on_a_grid_inside_each_run_alone() -> None:
    """Intervals 3, 3, 3, 5: the grid is the even numbers."""
    result = aligned([(1, 10), (4, 40), (7, 70)], [(2, 0), (5, 3), (10, 8)])
    assert result.alignment == Alignment(exact=False, spacing=2.0)
    assert result.x.tolist() == [2, 4, 6, 8, 10]
    assert rows(result) == [[20, 40, 60, None, None], [0, 2, 4, 6, 8]]
    assert aligned([(1, 10), (4, 40), (7, 70)], [(2, 0), (5, 3), (10, 8)], ends="common").x.tolist() == [2, 4, 6]
    carried = aligned([(1, 10), (4, 40), (7, 70)], [(2, 0), (5, 3), (10, 8)], ends="carry")
    assert rows(carried)[0] == [20, 40, 60, 70, 70]


@pytest.mark.parametrize("odd", [NAN, math.inf, -math.inf])
def test_nothing_is_interpolated_over_what_is_no_number(odd: float) -> None:
    result = aligned([(0, 0), (2, 2), (4, odd), (6, 6), (8, 8)], [(1, 5), (3, 5), (5, 5), (7, 5)])
    assert result.x.tolist() == [0, 2, 4, 6, 8]
    assert rows(result) == [[0, 2, None, 6, 8], [None, 5, 5, 5, None]]
    finer = aligned([(0, 0), (2, 2), (4, odd), (6, 6)], [(0, 5), (1, 5), (2, 5), (3, 5), (4, 5), (5, 5)])
    assert rows(finer)[0] == [0, 1, 2, None, None, None, 6]


@pytest.mark.parametrize("odd", [NAN, math.inf])
def test_what_is_carried_is_the_last_number_and_only_after_the_end(odd: float) -> None:
    result = aligned([(0, 1), (1, 2), (2, odd)], [(0, 0), (1, 0), (2, 0), (3, 0)], ends="carry")
    assert rows(result)[0] == [1, 2, None, 2]
    assert rows(aligned([(0, odd)], [(0, 0), (1, 0)], ends="carry"))[0] == [None, None]


def test_several_records_at_one_x_are_averaged_first() -> None:
    result = aligned([(0, 1), (0, 3), (1, 5), (1, NAN), (2, NAN), (2, math.inf)], [(0, 0), (1, 0), (2, 0)])
    assert result.alignment.exact
    assert rows(result)[0] == [2, 5, None]


def test_the_grid_stays_short() -> None:
    result = aligned([(0, 0), (1, 1), (2, 2), (1e9, 0)], [(0, 0), (1.5, 1), (1e9, 0)])
    assert result.alignment.spacing == 8192.0
    assert len(result.x) <= MOST_POINTS + 1


def test_runs_that_share_no_stretch_have_nothing_in_common() -> None:
    result = aligned([(0, 1), (1, 2)], [(5, 3)], ends="common")
    assert (result.x.tolist(), result.sample.n.tolist()) == ([], [])


def test_x_that_falls_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"'run 1' goes from 7 to 3.*Hint: draw these runs one by one"):
        aligned([(0, 1)], [(7, 1), (3, 2)])


@pytest.mark.parametrize("curve", [[(0, 1), (NAN, 2), (3, 4)], [(NAN, 1)], [(0, 1), (math.inf, 2)]])
def test_x_that_is_no_number_is_refused(curve: list[tuple[float, float]]) -> None:
    with pytest.raises(ParameterError, match=r"Expected .*'run 0'.*Hint: "):
        aligned(curve)


def test_at_other_places() -> None:
    exact = aligned([(0, 0), (4, 4), (8, 0)], [(0, 1), (4, 1)], ends="carry")
    sample, alignment = exact.at(np.array([0.0, 8.0]))
    assert (sample.values.tolist(), alignment) == ([[0, 0], [1, 1]], Alignment(exact=True))
    sample, alignment = exact.at(np.array([2.0, 8.0]))
    assert (sample.values.tolist(), alignment) == ([[2, 0], [1, 1]], Alignment(exact=False))
    assert exact.at(exact.x.copy())[0] is exact.sample


@given(runs, st.sampled_from(["common", "carry", "shrink"]))
def test_no_run_counts_where_it_has_not_been(curves: list[list[tuple[float, float]]], ends: Ends) -> None:
    result = aligned(*curves, ends=ends)
    assert (np.diff(result.x) > 0).all()
    for curve, values in zip(curves, result.sample.values, strict=True):
        finite = [value for _, value in curve if math.isfinite(value)]
        outside = (result.x < curve[0][0]) | ((result.x > curve[-1][0]) & (ends != "carry"))
        assert np.isnan(values[outside]).all()
        there = values[~np.isnan(values)]
        assert len(finite) or not len(there)
        if finite:
            slack = 1e-9 * max(map(abs, finite))
            assert ((there >= min(finite) - slack) & (there <= max(finite) + slack)).all()


@given(runs)
def test_a_logged_place_has_its_logged_value(curves: list[list[tuple[float, float]]]) -> None:
    result = aligned(*curves)
    for curve, values in zip(curves, result.sample.values, strict=True):
        logged = {x: value if math.isfinite(value) else NAN for x, value in curve}
        for x, value in zip(result.x.tolist(), values, strict=True):
            if x in logged:
                np.testing.assert_equal(value, logged[x])


@given(st.integers(0, 9), st.lists(st.integers(1, 6), min_size=12, max_size=40), st.integers(2, 11))
def test_growth_moves_nothing(doublings: int, late: list[int], length: int) -> None:
    """Two runs of one pace, one of them with late records: intervals of 19 to 29 units, a grid of 16."""
    unit = 2**doublings
    values = np.random.default_rng(0).normal(size=(2, len(late)))
    ours = [(unit * (24 * i + late[i]), value) for i, value in enumerate(values[0])]
    theirs = [(unit * 24 * i, value) for i, value in enumerate(values[1])]
    before, after = aligned(ours[:length], theirs[:length]), aligned(ours, theirs)
    assert before.alignment == after.alignment == Alignment(exact=False, spacing=16.0 * unit)
    drawn = int((before.x <= theirs[length - 1][0]).sum())
    assert drawn >= length
    assert np.array_equal(before.x[:drawn], after.x[:drawn])
    assert np.array_equal(before.sample.values[:, :drawn], after.sample.values[:, :drawn], equal_nan=True)
