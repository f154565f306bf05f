"""The words that say what was drawn."""

from __future__ import annotations

import numpy as np
import pytest

from rlcompare.transforms import BANDS, CENTERS


def counts(*n: int) -> np.ndarray:
    return np.array(n, dtype=np.int64)


@pytest.mark.parametrize(
    ("kind", "level", "n", "center", "told"),
    [
        ("t", 0.95, (3, 3), "mean", "mean of 3 runs, 95 % Student-t interval"),
        ("t", 0.9, (2, 3, 0), "mean", "mean of 2–3 runs, 90 % Student-t interval"),
        ("t", 0.95, (1, 3), "mean", "mean of 1–3 runs, 95 % Student-t interval where at least 2 runs count"),
        ("sd", 0.95, (1, 0), "mean", "mean of 1 run, no band (fewer than 2 runs)"),
        ("none", 0.95, (1,), "iqm", "interquartile mean of 1 run"),
        ("iqr", 0.95, (5,), "median", "median of 5 runs, 25th to 75th percentile of the runs"),
        ("minmax", 0.95, (), "median", "median of no runs, no band (fewer than 2 runs)"),
    ],
)
def test_centre_n_method_and_level_are_told(
    kind: str, level: float, n: tuple[int, ...], center: str, told: str
) -> None:
    assert BANDS[kind].describe(level, counts(*n), center=center) == told


def test_a_difference_names_its_baseline() -> None:
    assert BANDS["t"].describe(0.95, counts(3), baseline="ppo", n_baseline=counts(4, 5)) == (
        "mean of 3 runs, difference to ppo (mean of 4–5 runs), 95 % Welch-t interval"
    )
    assert BANDS["t"].describe(0.95, counts(3), baseline="ppo", n_baseline=counts(1)) == (
        "mean of 3 runs, difference to ppo (mean of 1 run, taken as fixed), 95 % Welch-t interval"
    )
    assert "(mean of 1–2 runs, taken as fixed where it is 1)" in BANDS["se"].describe(
        0.95, counts(3), baseline="ppo", n_baseline=counts(1, 2)
    )
    assert BANDS["none"].describe(0.95, counts(3), center="median", baseline="ppo", n_baseline=counts(1)) == (
        "median of 3 runs, difference to ppo (median of 1 run)"
    )


def test_every_band_goes_with_a_centre_and_has_words() -> None:
    assert set(CENTERS) == {"mean", "median", "iqm"}
    for kind, band in BANDS.items():
        assert kind == band.kind
        assert band.centers
        assert set(band.centers) <= set(CENTERS)
        assert bool(band.words) == bool(band.words_of_difference) == (kind != "none")
        assert ("{level}" in band.words) == ("{level}" in band.words_of_difference) == (kind in {"t", "bootstrap"})
