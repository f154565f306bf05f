"""Along a training and at a lag: made relations are found, and chance is not."""

from __future__ import annotations

import numpy as np
import pytest

from rlcompare.stats.sample import Floats
from rlcompare.transforms.leads import lead_of_pair, roll_pair
from rlcompare.transforms.pairs import Pair
from tests.stats.test_correlation import autoregressive


def pair(x: Floats, y: Floats, every: int = 10) -> Pair:
    n = len(x)
    return Pair("run", np.arange(n) * every, np.full(n, np.nan), x, y, n, n)


def shifted(lag: int, n: int = 500, seed: int = 0) -> Pair:
    """Length that follows reward ``lag`` records later."""
    leader, noise = autoregressive(0.3, n + 40, np.random.default_rng(seed))
    return pair(leader[20 : n + 20], leader[20 - lag : n + 20 - lag] + 0.4 * noise[20 : n + 20])


@pytest.mark.parametrize("lag", [-7, 0, 7])
@pytest.mark.parametrize("on_differences", [False, True])
def test_a_built_in_lag_is_found(lag: int, on_differences: bool) -> None:
    found = lead_of_pair(shifted(lag), 20, on_differences=on_differences)
    assert found is not None
    assert (found.peak, found.spacing, found.is_even) == (lag, (10, 10, 10), True)


def test_among_all_lags_one_seldom_stands_out_by_chance() -> None:
    rng = np.random.default_rng(1)
    told = 0
    for _ in range(200):
        found = lead_of_pair(pair(*autoregressive(0.5, 400, rng)), 30, on_differences=True)
        assert found is not None
        told += found.peak is not None
    assert told <= 0.1 * 200


def test_uneven_spacing_is_told() -> None:
    x, y = autoregressive(0.3, 60, np.random.default_rng(2))
    step = np.cumsum(np.where(np.arange(60) % 3 == 0, 5, 1))
    found = lead_of_pair(Pair("run", step, np.full(60, np.nan), x, y, 60, 60), 5, on_differences=True)
    assert found is not None
    assert (found.spacing, found.is_even) == ((1, 1, 5), False)


def test_what_does_not_change_or_is_too_short_has_no_lead() -> None:
    rising = np.arange(50.0)
    assert lead_of_pair(pair(rising, np.ones(50)), 5, on_differences=False) is None
    assert lead_of_pair(pair(rising, rising**2), 5, on_differences=True) is None
    assert lead_of_pair(pair(rising[:5], rising[:5] ** 2), 5, on_differences=False) is None


def test_lags_are_a_quarter_of_the_run_at_most() -> None:
    found = lead_of_pair(shifted(2, n=40), 500, on_differences=False)
    assert found is not None
    assert (found.lag[0], found.lag[-1]) == (-10, 10)


def test_windows_end_at_the_step_they_are_drawn_at() -> None:
    found = roll_pair(shifted(0, n=50), 10, on_differences=False, most=100)
    assert found is not None
    assert (found.first[0], found.last[0], found.last[-1], len(found.value)) == (0, 90, 490, 41)
    changes = roll_pair(shifted(0, n=50), 10, on_differences=True, most=100)
    assert changes is not None
    assert (changes.first[0], changes.last[0], changes.last[-1]) == (10, 100, 490)
    x, y = shifted(0, n=50).x, shifted(0, n=50).y
    assert changes.value[0] == pytest.approx(np.corrcoef(np.diff(x)[:10], np.diff(y)[:10])[0, 1], abs=1e-12)


def test_a_run_shorter_than_the_window_has_none() -> None:
    assert roll_pair(shifted(0, n=30), 31, on_differences=False, most=10) is None
    assert roll_pair(shifted(0, n=30), 30, on_differences=True, most=10) is None
