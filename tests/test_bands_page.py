"""docs/bands.md says what is so: every choice, and how often its band holds the mean."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.coverage import DISTRIBUTIONS, RUNS, coverage
from rlcompare.transforms import BANDS, CENTERS

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "bands.md").read_text()
COLUMNS = [(distribution, n) for distribution in DISTRIBUTIONS for n in RUNS]
KINDS = [kind for kind in BANDS if kind != "none"]


def measured(kind: str) -> dict[tuple[str, int], float]:
    """The numbers of a band's row in the table of coverage."""
    (row,) = re.findall(rf"^\| {re.escape(BANDS[kind].title)} \|((?: [\d.]+ \|)+)$", PAGE, re.MULTILINE)
    return dict(zip(COLUMNS, map(float, row.split("|")[:-1]), strict=True))


def test_every_choice_has_its_row() -> None:
    assert all(f"\n| {center.title.capitalize()} |" in PAGE for center in CENTERS.values())
    assert all(PAGE.count(f"\n| {BANDS[kind].title} |") == 2 for kind in KINDS)


def test_the_columns_are_the_simulated_ones() -> None:
    assert f"| Band | {' | '.join(f'{distribution}, {n}' for distribution, n in COLUMNS)} |" in PAGE


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_coverage_is_as_printed(kind: str) -> None:
    """20,000 experiments: a standard error of at most 0.35."""
    for (distribution, n), printed in measured(kind).items():
        assert coverage(kind, distribution, n, 20_000) == pytest.approx(printed, abs=1.2)


@pytest.mark.slow
@pytest.mark.parametrize("n", RUNS)
def test_student_t_holds_the_mean_of_normal_values_as_often_as_it_says(n: int) -> None:
    assert coverage("t", "normal", n, 200_000) == pytest.approx(95, abs=0.3)
    assert measured("t")["normal", n] == pytest.approx(95, abs=0.3)
