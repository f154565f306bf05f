"""A gain in reward, split into longer and better answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.stats.decomposition import Answers, decompose, length_edges


def answers(rng: np.random.Generator, mean: float, offset: float, n: int = 40_000, slope: float = 0.01) -> Answers:
    """Answers whose reward grows with length, and by ``offset`` at the same length."""
    length = rng.normal(mean, 40, n).clip(1).round()
    return Answers(rng.integers(0, 50, n), length, slope * length + offset + 0.1 * rng.standard_normal(n))


@pytest.mark.parametrize(("longer", "better"), [(30.0, 0.0), (0.0, 0.4), (20.0, 0.2), (-20.0, 0.5)])
def test_planted_shares_are_recovered(longer: float, better: float) -> None:
    rng = np.random.default_rng(0)
    gain = decompose(answers(rng, 200, 0.0), answers(rng, 200 + longer, better))
    scale = abs(0.01 * longer) + better
    assert gain.total == pytest.approx(0.01 * longer + better, abs=0.02 * scale)
    assert gain.by_length == pytest.approx(0.01 * longer, abs=0.02 * scale)
    assert gain.at_same_length == pytest.approx(better, abs=0.02 * scale)
    for name, truth in (("total", 0.01 * longer + better), ("by_length", 0.01 * longer), ("at_same_length", better)):
        low, high = gain.intervals[name]
        assert low - 0.02 * scale <= truth <= high + 0.02 * scale


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 30), bins=st.integers(1, 10))
def test_the_parts_add_up_to_the_difference_of_means(seed: int, n: int, bins: int) -> None:
    rng = np.random.default_rng(seed)
    before, after = (
        Answers(rng.integers(0, 3, n), rng.integers(1, 9, n).astype(float), rng.standard_normal(n)) for _ in range(2)
    )
    gain = decompose(before, after, bins)
    assert gain.by_length + gain.at_same_length == pytest.approx(gain.total, abs=1e-12)
    assert gain.total == pytest.approx(after.reward.mean() - before.reward.mean(), abs=1e-9)
    assert gain.share_before.sum() == pytest.approx(1)


def test_lengths_that_one_stretch_lacks_are_all_length() -> None:
    step = np.zeros(4, np.int64)
    before = Answers(step, np.full(4, 10.0), np.zeros(4))
    after = Answers(step, np.full(4, 90.0), np.ones(4))
    gain = decompose(before, after, bins=2)
    assert (gain.total, gain.by_length, gain.at_same_length) == (1.0, 1.0, 0.0)


def test_reward_that_is_length_is_all_length_however_wide_the_bins() -> None:
    """As CartPole's, of few episodes."""
    rng = np.random.default_rng(3)
    early, late = rng.integers(10, 60, 45).astype(float), rng.integers(40, 200, 45).astype(float)
    gain = decompose(Answers(np.arange(45), early, early), Answers(np.arange(45), late, late))
    assert len(gain.edges) < 5
    assert gain.by_length == pytest.approx(late.mean() - early.mean(), rel=1e-9)
    assert gain.at_same_length == pytest.approx(0, abs=1e-9)


def test_of_few_steps_the_interval_is_one_of_answers() -> None:
    """Of one step each, resampling steps would tell that the gain is certain."""
    rng = np.random.default_rng(4)
    before, after = (Answers(np.full(200, step), rng.normal(100, 20, 200), rng.normal(step, 1, 200)) for step in (0, 1))
    gain = decompose(before, after)
    assert not gain.over_steps
    low, high = gain.intervals["total"]
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(2 / 200), rel=0.15)
    assert low < 1 < high


def test_equal_lengths_are_one_bin() -> None:
    assert length_edges(np.full(9, 7.0), 20).tolist() == [7.0, 7.0]
    step = np.arange(3)
    gain = decompose(Answers(step, np.full(3, 7.0), np.zeros(3)), Answers(step, np.full(3, 7.0), np.ones(3)))
    assert (gain.by_length, gain.at_same_length) == (0.0, 1.0)


def test_the_interval_is_seeded() -> None:
    rng = np.random.default_rng(1)
    before, after = answers(rng, 200, 0.0, 2_000), answers(rng, 220, 0.1, 2_000)
    assert decompose(before, after).intervals == decompose(before, after).intervals
    assert decompose(before, after, seed=1).intervals != decompose(before, after).intervals


@pytest.mark.slow
def test_the_interval_holds_the_truth() -> None:
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(400):
        sides = []
        for mean, offset in ((200.0, 0.0), (220.0, 0.2)):
            step = np.repeat(np.arange(40), 50)
            length = rng.normal(mean, 40, 2_000).clip(1) + 5 * rng.standard_normal(40)[step]
            reward = 0.01 * length + offset + 0.1 * rng.standard_normal(2_000) + 0.05 * rng.standard_normal(40)[step]
            sides.append(Answers(step, length, reward))
        low, high = decompose(*sides).intervals["total"]
        held += low <= 0.4 <= high
    assert held / 400 == pytest.approx(0.95, abs=0.03)
