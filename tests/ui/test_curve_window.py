"""What is in view, and the ends of the y axis, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.ui.curve_window import MARGIN, is_outside, y_ends
from tests.ui.made import curves, finite, window

THREE = curves({"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0]})


def test_a_part_of_the_axis_holds_its_ends() -> None:
    part = window(1, 1, is_part=True)
    assert part.view == (1, 1)
    assert part.values(THREE).tolist() == [2.0, 5.0]
    cut = part.cut(THREE)
    assert (cut.names, cut.starts.tolist(), cut.value.tolist()) == (("a", "b"), [0, 1, 2], [2.0, 5.0])


def test_all_of_the_axis_is_not_searched() -> None:
    whole = window(0, 2)
    assert whole.view is None
    assert whole.values(THREE) is THREE.value


def test_a_curve_out_of_view_is_cut_to_nothing() -> None:
    cut = window(2, 9, is_part=True).cut(THREE)
    assert (cut.names, cut.starts.tolist(), cut.value.tolist()) == (("a", "b"), [0, 1, 1], [3.0])


def test_the_axis_reaches_over_all_that_is_drawn_with_a_margin() -> None:
    low, high = y_ends([], [np.array([1.0, np.nan, 3.0]), np.array([np.inf, 11.0])], window(0, 9))
    assert (low, high) == pytest.approx((1 - MARGIN * 10, 11 + MARGIN * 10))


def test_the_robust_axis_reaches_over_the_middle_of_all_values() -> None:
    values = np.arange(101.0)
    values[100] = 1e9
    low, high = y_ends([values], [values], window(0, 100, robust=True))
    assert (low, high) == pytest.approx((1 - MARGIN * 98, 99 + MARGIN * 98))
    assert values[is_outside(values, low, high)].tolist() == [1e9], "0 lies within the margin"


def test_the_logarithmic_axis_has_its_margin_in_decades() -> None:
    low, high = y_ends([], [np.array([-5.0, 0.0, 1.0, 100.0])], window(0, 9, log_y=True))
    assert (low, high) == pytest.approx((10 ** (-2 * MARGIN), 10 ** (2 + 2 * MARGIN)))


@pytest.mark.parametrize(
    ("values", "log_y", "ends"),
    [
        ([], False, (0.0, 1.0)),
        ([math.nan, math.inf], False, (0.0, 1.0)),
        ([-1.0, 0.0], True, (1.0, 10.0)),
        ([0.0, 0.0], False, (-0.5, 0.5)),
        ([20.0], False, (19.0, 21.0)),
        ([-20.0], False, (-21.0, -19.0)),
        ([10.0], True, (10**0.9, 10**1.1)),
    ],
)
def test_a_constant_or_nothing_has_an_axis_too(values: list[float], log_y: bool, ends: tuple[float, float]) -> None:
    assert y_ends([], [np.array(values)], window(0, 9, log_y=log_y)) == pytest.approx(ends)


@given(st.lists(finite, min_size=1), st.booleans())
def test_the_axis_holds_what_has_a_place_on_it(values: list[float], log_y: bool) -> None:
    low, high = y_ends([], [np.array(values)], window(0, 9, log_y=log_y))
    assert low < high
    assert all(low <= value <= high for value in values if value > 0 or not log_y)
    assert low > 0 or not log_y
