"""Thinning: what must survive, and what must not move."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.curves import CurveSet
from rlcompare.errors import ParameterError
from rlcompare.transforms import thin, thin_curves, thinned_rows
from rlcompare.transforms.downsampling import POINTS_A_BUCKET, SAMPLES
from tests.transforms.made_curves import anything, curves_of, finite, values_of

few_points = st.integers(POINTS_A_BUCKET, 40)


@given(st.lists(anything, max_size=11), st.lists(anything, max_size=11))
def test_a_short_curve_is_untouched(a: list[float], b: list[float]) -> None:
    curves = curves_of({"a": a, "b": b})
    assert thin(curves, "step", 11).equals(curves, null_equal=True)


@given(st.lists(finite, min_size=50, max_size=300), few_points)
def test_first_last_and_extremes_stay_and_the_budget_holds(values: list[float], points: int) -> None:
    curves = curves_of({"a": values})
    thinned = thin(curves, "step", points)
    kept = values_of(thinned)
    assert len(kept) <= points
    assert (kept[0], kept[-1]) == (values[0], values[-1])
    assert {min(values), max(values)} <= set(kept)
    assert thinned.join(curves, on=curves.columns, how="anti").is_empty()
    assert thinned["step"].is_sorted()


@given(st.integers(0, 9_999), st.sampled_from([1e3, -1e3]), few_points)
def test_a_spike_survives(place: int, height: float, points: int) -> None:
    values = np.random.default_rng(0).normal(size=10_000)
    values[place] = height
    assert height in values_of(thin(curves_of({"a": values.tolist()}), "step", points))


@given(
    st.lists(finite, min_size=50, max_size=200),
    st.lists(st.tuples(st.integers(0, 199), st.sampled_from([math.nan, math.inf, -math.inf])), min_size=1, max_size=5),
)
def test_the_first_of_each_gap_survives_and_hides_nothing(values: list[float], gaps: list[tuple[int, float]]) -> None:
    for place, odd in gaps:
        values[place % len(values)] = odd
    kept = [v for v in values_of(thin(curves_of({"a": values}), "step", 22)) if v is not None]
    assert {str(v) for v in kept if not math.isfinite(v)} == {str(v) for v in values if not math.isfinite(v)}
    numbers, kept_numbers = ([v for v in some if math.isfinite(v)] for some in (values, kept))
    assert (min(kept_numbers), max(kept_numbers)) == (min(numbers), max(numbers))


def test_a_curve_of_nan_alone_keeps_its_marks() -> None:
    kept = values_of(thin(curves_of({"a": [math.nan] * 100}), "step", 22))
    assert 1 <= len(kept) <= 2
    assert all(math.isnan(v) for v in kept if v is not None)


@given(st.lists(finite, min_size=60, max_size=300), st.integers(50, 299), few_points)
def test_history_never_gains_a_point(values: list[float], length: int, points: int) -> None:
    """What a longer curve shows of its past, a shorter one had shown, up to the bucket that was still open."""
    before = thin(curves_of({"a": values[:length]}), "step", points)
    after = thin(curves_of({"a": values}), "step", points)
    steps_before, n = set(before["step"]), min(length, len(values))
    buckets = points // POINTS_A_BUCKET
    width = 2.0 ** math.floor(math.log2(max(1, len(values) - 1) / buckets))
    while math.floor((len(values) - 1) / width) + 1 > buckets:
        width *= 2
    closed = math.floor((n - 1) / width) * width
    assert {step for step in after["step"] if step < closed} <= steps_before


def test_edges_do_not_follow_the_newest_point() -> None:
    """Bucket width 128 from 1,001 steps on: one more point adds itself alone."""
    values = np.random.default_rng(1).normal(size=1_020).tolist()
    kept = [set(thin(curves_of({"a": values[:n]}), "step", 88)["step"]) for n in (1_001, 1_010, 1_020)]
    closed = [{step for step in steps if step < 896} for steps in kept]
    assert closed[0] == closed[1] == closed[2]
    assert len(closed[0]) >= 7 * SAMPLES


@given(st.lists(st.lists(anything, min_size=20, max_size=60), min_size=2, max_size=4))
def test_no_run_leaks_into_another(runs: list[list[float]]) -> None:
    named = {f"run {i}": values for i, values in enumerate(runs)}
    together = thin(curves_of(named), "step", 22)
    alone = pl.concat([thin(curves_of({run: values}), "step", 22) for run, values in named.items()])
    assert together.equals(alone, null_equal=True)


def test_steps_that_go_back_keep_their_order() -> None:
    curves = curves_of({"a": [float(i) for i in range(100)]})
    steps = [*range(60), *range(20, 60)]
    back = curves.with_columns(pl.Series("step", steps))
    kept = thin(back, "step", 22)
    assert {0.0, 99.0} <= set(values_of(kept))
    assert kept["value"].is_sorted()


def test_many_records_at_one_step() -> None:
    values = [0.0] * 50 + [9.0, -9.0] + [0.0] * 48
    kept = thin(curves_of({"a": values}).with_columns(step=pl.lit(7, pl.Int64)), "step", 22)
    assert {9.0, -9.0} <= set(values_of(kept))
    assert kept.height <= 22


def test_by_wall_time() -> None:
    curves = curves_of({"a": [float(i % 17) for i in range(5_000)]})
    kept = thin(curves, "wall_time", 110)
    assert kept.height <= 110
    assert kept["wall_time"][-1] == 1_700_000_000.0 + 49_990


@pytest.mark.parametrize("missing", [None, math.nan, math.inf])
def test_a_place_that_is_no_number_is_refused(missing: float | None) -> None:
    curves = curves_of({"a": [0.0] * 50}).with_columns(
        wall_time=pl.when(pl.col("step") == 3).then(pl.lit(missing, pl.Float64)).otherwise("wall_time")
    )
    with pytest.raises(ParameterError, match=r"finite numbers in 'wall_time'.*Hint: "):
        thin(curves, "wall_time", 22)


def test_too_few_points_are_refused() -> None:
    with pytest.raises(ParameterError, match="at least 11 points a curve, got 10"):
        thin(curves_of({"a": [0.0]}), "step", 10)


def test_ten_thousand_spikes_at_random_places_survive() -> None:
    rng = np.random.default_rng(2)
    n = 10_000
    values = rng.normal(size=(n, 300))
    places, heights = rng.integers(0, 300, n), rng.choice([50.0, -50.0], n)
    values[np.arange(n), places] = heights
    steps = np.cumsum(rng.integers(1, 9, size=(n, 300)), axis=1)
    times = np.zeros(300)
    curves = CurveSet.joined([str(i) for i in range(n)], [(steps[i], times, values[i]) for i in range(n)])
    thinned = thin_curves(curves, 22)
    assert thinned.value.size <= 22 * n
    assert len(thinned) == n
    for i, part in enumerate(thinned.slices):
        spike = thinned.value[part] == heights[i]
        assert thinned.step[part][spike].tolist() == [steps[i, places[i]]]


def one(values: list[float], x: list[float] | None = None) -> CurveSet:
    curves = CurveSet.from_frame(curves_of({"a": values}))
    return curves if x is None else replace(curves, x=np.array(x))


@given(st.lists(anything, min_size=1, max_size=300), st.floats(-20, 320), st.floats(0, 200), few_points)
def test_a_view_shows_its_stretch_at_its_own_detail(values: list[float], low: float, width: float, points: int) -> None:
    high = low + width
    seen = thin_curves(one(values), points, view=(low, high))
    rows = [i for i in range(len(values)) if low <= i <= high]
    if len(rows) + 2 <= points and len(seen):
        around = list(range(rows[0] - 1, rows[-1] + 2)) if rows else [math.floor(low), math.floor(low) + 1]
        assert seen.step.tolist() == [i for i in around if 0 <= i < len(values)]
    inside = [v for i, v in enumerate(values) if i in rows and math.isfinite(v)]
    if inside:
        drawn = seen.value[(seen.step >= low) & (seen.step <= high) & np.isfinite(seen.value)]
        assert (drawn.min(), drawn.max()) == (min(inside), max(inside))


def test_a_curve_outside_of_the_view_is_left_out() -> None:
    curves = CurveSet.from_frame(curves_of({"short": [1.0] * 5, "long": [2.0] * 50}))
    assert thin_curves(curves, 22, view=(10, 20)).names == ("long",)


def test_zooming_in_shows_every_record_and_out_again_what_was_shown() -> None:
    values = np.random.default_rng(3).normal(size=100_000).tolist()
    curves = one(values)
    assert thin_curves(curves, 1_000, view=(500, 600)).step.tolist() == list(range(499, 602))
    whole = thin_curves(curves, 1_000, view=(0, 99_999)).step
    assert whole.tolist() == thin_curves(curves, 1_000).step.tolist()


def test_a_path_keeps_its_order_and_its_extremes_both_ways() -> None:
    angle = np.linspace(0, 20 * np.pi, 5_000)
    x, y = (angle * np.cos(angle)).tolist(), (angle * np.sin(angle)).tolist()
    path = thin_curves(one(y, x), 220)
    assert np.all(np.diff(path.step) > 0)
    assert (path.x.min(), path.x.max()) == (min(x), max(x))
    assert (path.value.min(), path.value.max()) == (min(y), max(y))
    near = thin_curves(one(y, x), 5_000, view=(30.0, 40.0))
    inside = [i for i, place in enumerate(x) if 30 <= place <= 40]
    assert set(inside) <= set(near.step.tolist())
    assert near.step.size <= 3 * len(inside)


@given(st.lists(st.tuples(finite, finite, finite), min_size=40, max_size=200), few_points)
def test_of_a_band_the_extremes_of_each_line_stay(rows: list[tuple[float, float, float]], points: int) -> None:
    columns = np.array(rows).T.copy()
    kept = thinned_rows(np.arange(len(rows), dtype=float), list(columns), points)
    for column in columns:
        assert {column.min(), column.max()} <= set(column[kept])
    assert len(kept) <= points * len(columns)
    assert np.all(np.diff(kept) > 0)
