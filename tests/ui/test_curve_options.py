"""A range of the x axis, as the link holds it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.charts.curve_axes import XAxis
from rlcompare.errors import ParameterError
from rlcompare.ui.curve_options import XChoice, XRange, parse_range, range_text

STEP, MINUTES, DATE = XAxis("Step", is_whole=True), XAxis("Time since start (hours)"), XAxis("Wall time", is_date=True)


@pytest.mark.parametrize(
    ("text", "is_date", "found"),
    [
        ("", False, None),
        ("  ", True, None),
        ("1000..2000", False, XRange(1000, 2000)),
        (" 1,000 .. 2,000 env step ", False, XRange(1000, 2000, "env step")),
        ("-0.5..1e3 step", False, XRange(-0.5, 1000, "step")),
        ("1970-01-01T00:00:10Z..1970-01-01T01:00:00Z", True, XRange(10, 3600)),
        ("1970-01-01..1970-01-01T02:00:00+01:00", True, XRange(0, 3600)),
    ],
)
def test_reading(text: str, is_date: bool, found: XRange | None) -> None:
    assert parse_range(text, is_date=is_date) == found


@pytest.mark.parametrize("text", ["5", "..", "1..", "..2", "2..1", "1..1", "a..b", "nan..2", "0..inf", "1..2..3"])
def test_what_is_no_range_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(ParameterError, match=r"Expected LOW\.\.HIGH.*Hint: such as 1000\.\.2000"):
        parse_range(text, is_date=False)


def test_a_range_of_steps_is_none_of_dates() -> None:
    with pytest.raises(ParameterError, match=r"got '1000\.\.2000 step'.*Hint: such as 2026-01-31T12:00:00Z\.\."):
        parse_range("1000..2000 step", is_date=True)


@pytest.mark.parametrize(
    ("x_range", "axis", "text"),
    [
        (XRange(1000.4, 1999.5, "env step"), STEP, "1000..2000 env step"),
        (XRange(0.123456789, 12.0), MINUTES, "0.1234568..12"),
        (XRange(10.9, 3599.1), DATE, "1970-01-01T00:00:10Z..1970-01-01T01:00:00Z"),
    ],
)
def test_writing(x_range: XRange, axis: XAxis, text: str) -> None:
    assert range_text(x_range, axis) == text


@given(st.floats(-1e9, 4e9), st.floats(1.0, 1e9), st.sampled_from(["", "step", "env step"]))
def test_what_was_written_is_read_and_holds_the_range(low: float, length: float, unit: str) -> None:
    x_range = XRange(low, low + length, unit)
    found = parse_range(range_text(x_range, STEP), is_date=False)
    assert found == XRange(math.floor(low), math.ceil(low + length), unit)


@given(st.integers(0, 4_000_000_000), st.integers(1, 1_000_000))
def test_dates_are_read_as_written(low: int, length: int) -> None:
    x_range = XRange(low, low + length)
    assert parse_range(range_text(x_range, DATE), is_date=True) == x_range


@pytest.mark.parametrize(
    ("choice", "by_step"),
    [
        (XChoice(), True),
        (XChoice("relative_step"), True),
        (XChoice("relative"), False),
        (XChoice("wall"), False),
        (XChoice("metric", "tokens"), False),
    ],
)
def test_only_axes_of_steps_are_counted_in_units_of_steps(choice: XChoice, by_step: bool) -> None:
    assert choice.by_step is by_step
