"""Joint steps of two metrics."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.curves import CurveSet
from rlcompare.transforms.pairs import at_steps, pair_curves, table_of

Rows = dict[int, float]


def curve_set(curves: dict[str, list[tuple[int, float]]]) -> CurveSet:
    parts = [
        (
            np.array([step for step, _ in rows], np.int64),
            np.full(len(rows), np.nan),
            np.array([value for _, value in rows], np.float64),
        )
        for rows in curves.values()
    ]
    return CurveSet.joined(list(curves), parts)


def test_only_steps_that_have_both_count() -> None:
    x = curve_set({"a": [(1, 1.0), (2, 2.0), (3, np.nan), (5, 5.0)], "b": [(1, 0.0)]})
    y = curve_set({"a": [(2, 20.0), (3, 30.0), (4, 40.0), (5, 50.0)], "c": [(1, 0.0)]})
    (pair,) = pair_curves(x, y)
    assert (pair.name, pair.step.tolist(), pair.x.tolist(), pair.y.tolist()) == ("a", [2, 5], [2.0, 5.0], [20.0, 50.0])
    assert (pair.n_x, pair.n_y) == (3, 4)


def test_several_values_at_a_step_are_their_mean_without_what_is_not_finite() -> None:
    x = curve_set({"a": [(1, 1.0), (1, 3.0), (1, np.inf), (2, 5.0), (2, np.nan)]})
    y = curve_set({"a": [(2, 7.0), (1, 8.0)]})
    (pair,) = pair_curves(x, y)
    assert (pair.step.tolist(), pair.x.tolist(), pair.y.tolist()) == ([1, 2], [2.0, 5.0], [8.0, 7.0])


def test_no_common_step_is_an_empty_pair() -> None:
    (pair,) = pair_curves(curve_set({"a": [(1, 1.0)]}), curve_set({"a": [(2, 1.0)]}))
    assert (len(pair.step), pair.n_x, pair.n_y) == (0, 1, 1)


LOGGED = st.dictionaries(st.integers(0, 12), st.floats(-5, 5), max_size=8)


@given(a=LOGGED, b=LOGGED)
def test_a_pair_is_the_intersection(a: Rows, b: Rows) -> None:
    (pair,) = pair_curves(curve_set({"r": sorted(a.items())}), curve_set({"r": sorted(b.items())}))
    both = sorted(a.keys() & b.keys())
    assert pair.step.tolist() == both
    assert list(zip(pair.x, pair.y, strict=True)) == [(a[step], b[step]) for step in both]


@given(columns=st.lists(LOGGED, min_size=1, max_size=4))
def test_a_table_has_a_row_a_step(columns: list[Rows]) -> None:
    metrics = [at_steps(curve_set({"r": sorted(column.items())}))[0] for column in columns]
    table = table_of(metrics)
    steps = sorted(set().union(*columns))
    assert table.shape == (len(steps), len(columns))
    for row, step in enumerate(steps):
        for place, column in enumerate(columns):
            assert table[row, place] == column[step] if step in column else np.isnan(table[row, place])
