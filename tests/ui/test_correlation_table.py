"""The table of coefficients, and the words of the Correlation page."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from rlcompare.stats.correlation import Correlation
from rlcompare.transforms.correlations import Correlated, correlate_groups
from rlcompare.transforms.leads import Lead
from rlcompare.ui.correlation_stages import group_names
from rlcompare.ui.correlation_table import Row, number, rows_of, table_html
from rlcompare.ui.correlation_words import how_lagged, who_leads

TREND = Correlation(0.9, 0.2, 0.99, 100, 9.0)
NOISE = Correlation(0.02, -0.2, 0.24, 99, 99.0)
NAMES = ("Reward", "Length")


def run(name: str, levels: Correlation = TREND, differences: Correlation = NOISE) -> Correlated:
    return Correlated(name, "pearson", levels, differences)


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL))


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.5, "+0.50"), (-0.123, "−0.12"), (1.0, "+1.00"), (0.9981, "+0.998"), (-0.99999, "−1.00"), (0.994, "+0.99")],
)
def test_a_coefficient_just_below_one_is_not_written_as_one(value: float, written: str) -> None:
    assert number(value) == written


def test_a_warning_is_a_word_and_a_sign() -> None:
    told = text(table_html([Row("a", run("a"))], "Pearson's r"))
    assert "⚠ Warning: They rise and fall together over the training, but not from step to step" in told
    assert "+0.90 [+0.20, +0.99]" in told
    assert "100 9 · 99" in told


def test_without_a_coefficient_there_is_a_reason() -> None:
    none = Correlation(math.nan, math.nan, math.nan, 5, math.nan, "KL does not change")
    told = text(table_html([Row("a", Correlated("a", "pearson", none, none))], "r"))
    assert "none" in told
    assert "No coefficient: KL does not change." in told
    assert "Warning" not in told


def test_a_run_that_says_what_its_group_says_does_not_repeat_it() -> None:
    other = Correlation(-0.03, -0.25, 0.19, 99, 99.0)
    runs = [run("a"), run("b", differences=other), run("c", Correlation(0.05, -0.3, 0.4, 100, 30.0))]
    group_of = {"a": "g", "b": "g", "c": "other"}
    rows = rows_of(runs, correlate_groups(runs, group_of), {name: name.upper() for name in "abc"}, group_of)
    assert [(row.label, row.of_runs, row.beneath is not None) for row in rows] == [
        ("g", 2, False),
        ("A", 0, True),
        ("B", 0, True),
        ("other", 1, False),
    ]
    told = text(table_html(rows, "r"))
    assert told.count("As its group.") == 2
    assert "(2 runs)" in told


def test_names_are_escaped() -> None:
    told = table_html([Row("<img src=x>", run("a"))], "r")
    assert "<img" not in told
    assert "&lt;img src=x&gt;" in told


def test_groups_are_apart_by_the_unit_of_steps() -> None:
    names = group_names([run("a"), run("b"), run("c")], {"a": "g", "b": "g", "c": "h"}, {"a": "step", "b": "", "c": ""})
    assert names == {"a": "g, by step", "b": "g, by step of unknown unit", "c": "h"}


def lead(peak: int | None, spacing: tuple[int, int, int] = (10, 10, 10), sign: float = 1.0) -> Lead:
    lag = np.arange(-9, 10)
    value = np.where(lag == (99 if peak is None else peak), 0.8 * sign, 0.0)
    return Lead("a", lag, value, 0.3, peak, spacing)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (
            lead(7),
            "Reward leads Length by 7 records, 70 env steps: where it rises, Length rises that much later (+0.80).",
        ),
        (
            lead(-1, sign=-1.0),
            "Length leads Reward by 1 record, 10 env steps: where it rises, Reward falls that much later (-0.80).",
        ),
        (lead(0), "They move at the same step: the coefficient is largest at lag 0 (+0.80)."),
        (lead(None), "No lag stands out from chance: neither leads the other."),
        (
            lead(2, (1, 2, 9)),
            "Reward leads Length by 2 records, which are unevenly spaced: where it rises, Length rises",
        ),
    ],
)
def test_who_leads(found: Lead, told: str) -> None:
    assert who_leads([found], NAMES, "env step", {"a": "a"}).startswith(told)


def test_how_long_a_lag_is() -> None:
    assert "One record is 10 env steps." in how_lagged([lead(0)], NAMES, "env step")
    assert "the largest of all 19 coefficients" in how_lagged([lead(0)], NAMES, "env step")
    uneven = how_lagged([lead(0, (1, 2, 9))], NAMES, "env step")
    assert "unevenly spaced, 1 to 9 env steps apart (median 2): a lag counts records" in uneven
