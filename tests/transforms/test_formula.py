"""Formula metrics: values by hand, and what a mistake is told."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare import schema
from rlcompare.errors import ParameterError
from rlcompare.transforms import parse_formula
from tests.transforms.made_curves import curves_of


@pytest.fixture
def curves() -> pl.DataFrame:
    """Run ``a`` has both metrics at steps 0, 1 and 2 and the reward alone at 3; ``b`` has them at step 0."""
    return pl.concat(
        [
            curves_of({"a": [1.0, 2.0, 4.0, 8.0], "b": [5.0]}),
            curves_of({"a": [10.0, 0.0, 40.0], "b": [math.nan]}, "kl"),
            curves_of({"a": [100.0, 50.0]}, "response_length/max"),
        ]
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("reward - 0.1*kl", [0.0, 2.0, 0.0]),
        ("reward - 1 - 1", [-1.0, 0.0, 2.0, 6.0]),
        ("2 + reward * 3", [5.0, 8.0, 14.0, 26.0]),
        ("(2 + reward) * 3", [9.0, 12.0, 18.0, 30.0]),
        ("-reward", [-1.0, -2.0, -4.0, -8.0]),
        ("reward × 2 ÷ 4", [0.5, 1.0, 2.0, 4.0]),
        ("reward / kl", [0.1, math.inf, 0.1]),
        ("reward/2 ", None),
        ("response_length/max / reward", [100.0, 25.0]),
        ("diff(reward)", [1.0, 2.0, 4.0]),
        ("cumsum(reward)", [1.0, 3.0, 7.0, 15.0]),
        ("log(exp(reward))", [1.0, 2.0, 4.0, 8.0]),
        ("abs(reward - 3)", [2.0, 1.0, 1.0, 5.0]),
        ("max(reward, 3)", [3.0, 3.0, 4.0, 8.0]),
        ("min(reward, 3, kl)", [1.0, 0.0, 3.0]),
        ("log(reward - 4)", [math.nan, math.nan, -math.inf, math.log(4)]),
        ('"reward" * 1e1', [10.0, 20.0, 40.0, 80.0]),
    ],
)
def test_by_hand(curves: pl.DataFrame, text: str, expected: list[float] | None) -> None:
    formula = parse_formula(text)
    if expected is None:
        assert formula.metrics == ("reward/2",), "a key holds slashes: to divide takes a space"
        return
    made = formula.of(curves)
    assert made.schema == schema.CURVE
    assert made["metric"].unique().to_list() == [text]
    assert made.filter(pl.col("run") == "a")["value"].to_list() == pytest.approx(expected, nan_ok=True)


def test_nothing_is_filled_in(curves: pl.DataFrame) -> None:
    made = parse_formula("reward + kl").of(curves).filter(pl.col("run") == "a")
    assert made["step"].to_list() == [0, 1, 2]
    assert made["wall_time"].to_list() == [1_700_000_000.0, 1_700_000_010.0, 1_700_000_020.0]


@pytest.mark.parametrize("text", ["reward + kl", "min(reward, kl)", "max(kl, reward)"])
def test_nan_in_one_is_nan_in_all(curves: pl.DataFrame, text: str) -> None:
    (value,) = parse_formula(text).of(curves).filter(pl.col("run") == "b")["value"]
    assert math.isnan(value)


def test_a_run_does_not_leak_into_the_next() -> None:
    curves = curves_of({"a": [1.0, 2.0], "b": [10.0, 20.0]})
    assert parse_formula("cumsum(reward)").of(curves)["value"].to_list() == [1.0, 3.0, 10.0, 30.0]
    assert parse_formula("diff(reward)").of(curves)["value"].to_list() == [1.0, 10.0]


def test_records_of_one_step_meet_in_their_order() -> None:
    twice = curves_of({"a": [1.0, 2.0]}).with_columns(pl.lit(7, pl.Int64).alias("step"))
    other = curves_of({"a": [10.0, 20.0]}, "kl").with_columns(pl.lit(7, pl.Int64).alias("step"))
    assert parse_formula("reward + kl").of(pl.concat([twice, other]))["value"].to_list() == [11.0, 22.0]


def test_metrics_are_named_in_order_of_appearance() -> None:
    assert parse_formula("kl * reward - kl").metrics == ("kl", "reward")
    assert parse_formula("val-core/math/acc/mean@8 - val/test_score/gsm8k").metrics == (
        "val-core/math/acc/mean@8",
        "val/test_score/gsm8k",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expected a metric, a number or `\\(` at character 1 .* found the end"),
        ("1 + 2", "Expected at least one metric"),
        ("reward +", "at character 9 .* found the end"),
        ("reward kl", "Expected an operator or the end at character 8 .* found 'kl'"),
        ("(reward", "Expected `\\)` at character 8"),
        ("reward $ kl", "at character 8 .* found '\\$'"),
        ("sqrt(reward)", "Expected a function of log, exp, .* got 'sqrt'"),
        ("min(reward)", "Expected 2 to 9 arguments of 'min' .* got 1"),
        ("log(reward, kl)", "Expected 1 arguments of 'log' .* got 2"),
        ("__import__('os')", 'found "\'"'),
        ("(" * 60 + "reward", "at most 50 levels"),
        ("-" * 60 + "reward", "at most 50 levels"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        parse_formula(text)


@given(st.text(max_size=30))
def test_whatever_is_typed_parses_or_is_told(text: str) -> None:
    try:
        formula = parse_formula(text)
    except ParameterError:
        return
    assert formula.metrics


@given(st.text('reward+-*/()., 0123456789eE"klogxpabsminmaxdiffcumsum', max_size=25))
def test_whatever_parses_can_be_computed(text: str) -> None:
    try:
        formula = parse_formula(text)
    except ParameterError:
        return
    curves = pl.concat([curves_of({"a": [1.0, 2.0]}, metric) for metric in formula.metrics])
    assert formula.of(curves).schema == schema.CURVE
