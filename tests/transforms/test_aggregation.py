"""Many runs as one line and one band: the values, and what must not change them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlcompare import schema
from rlcompare.curves import CurveSet
from rlcompare.errors import ParameterError
from rlcompare.transforms import BANDS, CENTERS, Aggregation, Alignment, GroupBand, aggregate, bands_frame
from tests.transforms.made_curves import anything, finite

NAN = math.nan

Points = Sequence[tuple[int, float]]

#: Every centre with every band that goes with it, and every way with ends.
CHOICES = [
    Aggregation(center, band, 0.9, ends)  # type: ignore[arg-type]
    for center, band, ends in product(CENTERS, BANDS, ("common", "carry", "shrink"))
    if center in BANDS[band].centers
]
choices = st.sampled_from(CHOICES)


def runs_of(values: st.SearchStrategy[float]) -> st.SearchStrategy[list[list[tuple[int, float]]]]:
    """Runs at ascending steps, some of them at the same."""
    own = st.dictionaries(st.integers(0, 40), values, min_size=1, max_size=12).map(lambda run: sorted(run.items()))
    same = st.lists(values, min_size=1, max_size=12).map(lambda run: list(enumerate(run)))
    return st.lists(own | same, min_size=1, max_size=5)


def curve_set(runs: Mapping[str, Points]) -> CurveSet:
    """Curves of (step, value)."""
    curves = [(np.array([step for step, _ in run]), np.array([value for _, value in run])) for run in runs.values()]
    return CurveSet.joined(list(runs), [(step, np.full(len(step), NAN), value) for step, value in curves])


def one_group(runs: Sequence[Points], how: Aggregation) -> GroupBand:
    named = {f"run {number}": run for number, run in enumerate(runs)}
    (band,) = aggregate(curve_set(named), dict.fromkeys(named, "all"), how)
    return band


def from_zero(*values: float) -> list[tuple[int, float]]:
    return list(enumerate(values))


def arrays(band: GroupBand) -> list[np.ndarray]:
    return [band.x, band.center, band.lower, band.upper, band.n]


def same_bits(one: GroupBand, other: GroupBand) -> bool:
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(arrays(one), arrays(other), strict=True))


def assert_close(got: np.ndarray, expected: np.ndarray, scale: float) -> None:
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-9 * scale)


THREE = [from_zero(1, 4), from_zero(3, 4), from_zero(8, 4)]


@pytest.mark.parametrize(
    ("center", "band", "expected"),
    [
        ("mean", "none", (4, NAN, NAN)),
        ("mean", "minmax", (4, 1, 8)),
        ("mean", "sd", (4, 4 - 13**0.5, 4 + 13**0.5)),
        ("mean", "se", (4, 4 - (13 / 3) ** 0.5, 4 + (13 / 3) ** 0.5)),
        ("mean", "t", (4, 4 - 4.302652729911275 * (13 / 3) ** 0.5, 4 + 4.302652729911275 * (13 / 3) ** 0.5)),
        ("mean", "bootstrap", (4, 1, 8)),
        ("median", "iqr", (3, 2, 5.5)),
        ("median", "p5_95", (3, 1.2, 7.5)),
        ("iqm", "minmax", (4, 1, 8)),
    ],
)
def test_by_hand(center: str, band: str, expected: tuple[float, float, float]) -> None:
    got = one_group(THREE, Aggregation(center, band))  # type: ignore[arg-type]
    assert (got.center[0], got.lower[0], got.upper[0]) == pytest.approx(expected, nan_ok=True)
    assert got.center[1] == 4
    assert band == "none" or (got.lower[1], got.upper[1]) == (4, 4)
    assert got.n.tolist() == [3, 3]
    assert (got.group, got.members, got.x.tolist()) == ("all", ("run 0", "run 1", "run 2"), [0, 1])


def test_student_t_is_that_of_scipy() -> None:
    values = np.random.default_rng(0).normal(size=(5, 20))
    band = one_group([from_zero(*run) for run in values.tolist()], Aggregation(level=0.8))
    lower, upper = stats.t.interval(0.8, 4, loc=values.mean(axis=0), scale=stats.sem(values, axis=0))
    np.testing.assert_allclose(band.lower, lower, rtol=1e-9)
    np.testing.assert_allclose(band.upper, upper, rtol=1e-9)


@pytest.mark.parametrize("ends", ["common", "carry"])
def test_a_dead_seed_leaves_the_mean_where_it_was(ends: str) -> None:
    """Four seeds rise as 0, 10, 20, 30, the worst died at step 1: the mean does not jump up without it."""
    runs = [from_zero(0, 10, 20, 30)] * 4 + [from_zero(0, 0)]
    band = one_group(runs, Aggregation(ends=ends))  # type: ignore[arg-type]
    assert band.center.tolist() == {"common": [0, 8], "carry": [0, 8, 16, 24]}[ends]
    assert set(band.n.tolist()) == {5}
    assert band.ends == (("run 4", 1.0),)
    assert band.alignment == Alignment(exact=True)


def test_whoever_is_there_counts_and_n_says_how_many() -> None:
    runs = [from_zero(0, 10, 20, 30)] * 4 + [from_zero(0, 0)]
    band = one_group(runs, Aggregation(ends="shrink"))
    assert band.center.tolist() == [0, 8, 20, 30]
    assert band.n.tolist() == [5, 5, 4, 4]
    assert band.description == "mean of 4–5 runs, 95 % Student-t interval"


@pytest.mark.parametrize("odd", [NAN, math.inf, -math.inf])
def test_what_is_no_number_does_not_count_where_it_stands(odd: float) -> None:
    band = one_group([from_zero(1, odd, 1), from_zero(3, 3, 3), from_zero(8, 4, 8)], Aggregation())
    assert band.center.tolist() == [4, 3.5, 4]
    assert band.n.tolist() == [3, 2, 3]
    half = 12.706204736432095 * 0.5
    assert (band.lower[1], band.upper[1]) == pytest.approx((3.5 - half, 3.5 + half))


@pytest.mark.parametrize("how", CHOICES)
def test_one_run_has_a_line_and_no_band(how: Aggregation) -> None:
    band = one_group([from_zero(1, NAN, 3)], how)
    assert band.center.tolist() == pytest.approx([1, NAN, 3], nan_ok=True)
    assert np.isnan([band.lower, band.upper]).all()
    assert band.n.tolist() == [1, 0, 1]


def test_groups_come_as_they_appear_and_what_has_no_group_or_no_value_is_left_out() -> None:
    curves = curve_set({"b": from_zero(1), "a": from_zero(2), "c": from_zero(3), "d": from_zero(4), "e": []})
    bands = aggregate(curves, {"a": "first", "b": "second", "d": "second", "e": "third", "x": "fourth"}, Aggregation())
    assert [(band.group, band.members) for band in bands] == [("second", ("b", "d")), ("first", ("a",))]
    assert [band.center.tolist() for band in bands] == [[2.5], [2.0]]
    assert aggregate(curves, {}, Aggregation()) == []


@given(runs_of(anything), choices)
def test_the_centre_is_within_its_band(runs: list[list[tuple[int, float]]], how: Aggregation) -> None:
    band = one_group(runs, how)
    there = ~np.isnan(band.lower)
    assert (there == (band.n >= 2)).all() or how.band == "none"
    assert (there == ~np.isnan(band.upper)).all()
    assert (np.isnan(band.center) == (band.n == 0)).all()
    assert (band.lower[there] <= band.center[there]).all()
    assert (band.center[there] <= band.upper[there]).all()


@given(runs_of(anything), runs_of(anything), choices)
def test_the_centre_of_a_difference_is_within_its_band(
    ours: list[list[tuple[int, float]]], theirs: list[list[tuple[int, float]]], how: Aggregation
) -> None:
    named = {f"a{i}": run for i, run in enumerate(ours)} | {f"b{i}": run for i, run in enumerate(theirs)}
    (band,) = aggregate(curve_set(named), {name: name[0] for name in named}, how, baseline="b")
    assert band.baseline is not None
    both = (band.n > 0) & (band.baseline.n > 0)
    assert (np.isnan(band.center) == ~both).all()
    there = ~np.isnan(band.lower)
    assert (there == (both & (band.n >= 2))).all() or how.band == "none"
    assert (band.lower[there] <= band.center[there]).all()
    assert (band.center[there] <= band.upper[there]).all()


@given(runs_of(anything), runs_of(anything), choices)
def test_another_group_changes_nothing(
    ours: list[list[tuple[int, float]]], theirs: list[list[tuple[int, float]]], how: Aggregation
) -> None:
    named = {f"a{i}": run for i, run in enumerate(ours)} | {f"b{i}": run for i, run in enumerate(theirs)}
    together = aggregate(curve_set(named), {name: name[0] for name in named}, how)
    alone = one_group(ours, how)
    assert same_bits(together[0], alone)
    assert together[0].alignment == alone.alignment


@given(runs_of(anything), choices, st.randoms())
def test_the_order_of_runs_is_nothing(runs: list[list[tuple[int, float]]], how: Aggregation, chance: object) -> None:
    named = [(f"run {i}", run) for i, run in enumerate(runs)]
    shuffled = named.copy()
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    group_of = dict.fromkeys(dict(named), "all")
    one, other = (aggregate(curve_set(dict(order)), group_of, how)[0] for order in (named, shuffled))
    assert same_bits(one, other)


@given(runs_of(finite), choices, st.sampled_from([-3.0, 0.5, 8.0]), st.sampled_from([-100.0, 0.0, 7.0]))
def test_other_units_scale_and_shift_the_band(
    runs: list[list[tuple[int, float]]], how: Aggregation, scale: float, shift: float
) -> None:
    band = one_group(runs, how)
    other = one_group([[(x, scale * value + shift) for x, value in run] for run in runs], how)
    size = 1 + max(abs(value) for run in runs for _, value in run) + abs(shift)
    low, high = (band.lower, band.upper) if scale > 0 else (band.upper, band.lower)
    assert_close(other.center, scale * band.center + shift, size)
    # Rounding of nearly equal values shows in their spread by its root.
    slack = 1e5 if how.band in {"sd", "se", "t"} else 1.0
    assert_close(other.lower, scale * low + shift, slack * size)
    assert_close(other.upper, scale * high + shift, slack * size)


@given(st.lists(st.lists(finite, min_size=30, max_size=30), min_size=2, max_size=4), st.integers(2, 29), choices)
def test_growth_does_not_move_what_was_drawn(values: list[list[float]], length: int, how: Aggregation) -> None:
    """Runs at their own steps, 24 apart but for the first: a grid of 16."""
    runs = [[(24 * step + late, value) for step, value in enumerate(run)] for late, run in enumerate(values)]
    how = Aggregation(how.center, how.band, how.level, "shrink")
    before, after = one_group([run[:length] for run in runs], how), one_group(runs, how)
    drawn = int((before.x <= 24 * (length - 1)).sum())
    assert drawn >= length
    for old, new in zip(arrays(before), arrays(after), strict=True):
        np.testing.assert_allclose(old[:drawn], new[:drawn], rtol=1e-12, atol=1e-8)
    assert np.array_equal(before.x[:drawn], after.x[:drawn])


def test_a_difference_is_welchs() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(5, 1, size=(4, 30)), rng.normal(2, 3, size=(3, 30))
    named = {f"a{i}": from_zero(*run) for i, run in enumerate(ours.tolist())}
    named |= {f"b{i}": from_zero(*run) for i, run in enumerate(theirs.tolist())}
    (band,) = aggregate(curve_set(named), {name: name[0] for name in named}, Aggregation(), baseline="b")
    expected = stats.ttest_ind(ours, theirs, equal_var=False).confidence_interval(0.95)
    np.testing.assert_allclose(band.center, ours.mean(axis=0) - theirs.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(band.lower, expected.low, rtol=1e-6)
    np.testing.assert_allclose(band.upper, expected.high, rtol=1e-6)
    assert band.group == "a"
    assert band.baseline is not None
    assert (band.baseline.group, band.baseline.members) == ("b", ("b0", "b1", "b2"))
    assert set(band.baseline.n.tolist()) == {3}
    assert band.description == "mean of 4 runs, difference to b (mean of 3 runs), 95 % Welch-t interval"


def test_a_baseline_is_interpolated_inside_its_own_range() -> None:
    named = {"a0": [(0, 5), (3, 5), (6, 9), (9, 5)], "a1": [(0, 7), (3, 7), (6, 9), (9, 7)], "b0": [(2, 2), (8, 8)]}
    (band,) = aggregate(curve_set(named), {name: name[0] for name in named}, Aggregation(), baseline="b")
    assert band.x.tolist() == [3, 6]
    assert band.center.tolist() == [6 - 3, 9 - 6]
    assert band.alignment == Alignment(exact=True)
    assert band.baseline is not None
    assert band.baseline.alignment == Alignment(exact=False)
    assert (band.upper[0] - band.center[0], band.upper[1]) == pytest.approx((12.706204736432095, 3))
    assert "difference to b (mean of 1 run, taken as fixed)" in band.description


def test_a_difference_is_where_both_have_a_centre() -> None:
    named = {"a": from_zero(1, 2, NAN, 4, 5), "b": from_zero(1, NAN, 1, 1)}
    (band,) = aggregate(curve_set(named), {"a": "a", "b": "b"}, Aggregation(band="none"), baseline="b")
    assert band.x.tolist() == [0, 1, 2, 3]
    assert band.center.tolist() == pytest.approx([0, NAN, NAN, 3], nan_ok=True)


def test_a_baseline_that_is_no_group_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"baseline of one, two; got 'three'\. Hint: "):
        aggregate(curve_set({"a": [(0, 1)], "b": [(0, 1)]}), {"a": "one", "b": "two"}, Aggregation(), baseline="three")


def test_steps_that_go_back_are_refused_with_the_name_of_the_run() -> None:
    with pytest.raises(ParameterError, match=r"'run 0' goes from 5 to 2.*Hint: draw these runs one by one"):
        one_group([[(5, 1.0), (2, 1.0)]], Aggregation())


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ({"center": "mode"}, "Expected a centre of mean, median, iqm; got 'mode'. Hint: "),
        ({"band": "z"}, "Expected a band of none, .*; got 'z'. Hint: "),
        ({"ends": "stop"}, "Expected a way with ends of common, carry, shrink; got 'stop'. Hint: "),
        (
            {"center": "median"},
            "goes with the centre 'median'; got 't'. Hint: choose one of none, minmax, bootstrap, iqr",
        ),
        ({"band": "iqr"}, "goes with the centre 'mean'; got 'iqr'. Hint: choose .*, or the centre 'median'"),
        ({"level": 95.0}, "Expected a level between 0 and 1; got 95. Hint: "),
        ({"level": NAN}, "Expected a level between 0 and 1; got nan. Hint: "),
    ],
)
def test_a_choice_that_is_none_is_refused(choice: dict[str, object], told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        Aggregation(**choice)  # type: ignore[arg-type]


def test_as_a_frame() -> None:
    curves = curve_set({"a": from_zero(1, NAN), "b": from_zero(3, NAN), "c": [(7, 5)]})
    bands = aggregate(curves, {"a": "two", "b": "two", "c": "one"}, Aggregation(band="minmax"))
    rows = [
        ("two", "reward", 0.0, 2.0, 1.0, 3.0, 2),
        ("two", "reward", 1.0, None, None, None, 0),
        ("one", "reward", 7.0, 5.0, None, None, 1),
    ]
    expected = pl.DataFrame(rows, schema=schema.BAND, orient="row")
    assert bands_frame(bands, "reward").equals(expected, null_equal=True)
    assert bands_frame(bands, "reward").schema == schema.BAND
    assert bands_frame([], "reward").equals(pl.DataFrame(schema=schema.BAND))
