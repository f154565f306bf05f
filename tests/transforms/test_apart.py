"""Distances of runs in a stretch of their trainings."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rlcompare.transforms.apart import MOST_BLOCKS, apart
from rlcompare.transforms.stretches_of_steps import Values, values_of


def made(seed: int, shift: float = 0.0, n_steps: int = 30, each: int = 16) -> Values:
    rng = np.random.default_rng(seed)
    return values_of(np.repeat(np.arange(n_steps), each), rng.normal(shift, 1, n_steps * each))


def test_single_steps_are_permuted_where_they_are_few() -> None:
    one, other = made(0), made(1, 0.5)
    found = apart([one], [other])
    assert found is not None
    assert (found.width, found.distance.n_clusters) == (1, 60)
    assert found.distance.ks == pytest.approx(stats.ks_2samp(one.value, other.value).statistic)
    assert found.distance.ks_p < 0.01


def test_blocks_of_steps_are_permuted_where_there_are_many() -> None:
    found = apart([made(0, n_steps=5_000, each=1)], [made(1, n_steps=2_000, each=1)])
    assert found is not None
    assert found.width == 128
    assert found.distance.n_clusters == 40 + 16


def test_each_run_has_blocks_of_its_own() -> None:
    found = apart([made(0), made(1)], [made(2)])
    assert found is not None
    assert (found.width, found.distance.n_clusters) == (1, 90)


def test_what_follows_on_itself_is_seldom_found_different() -> None:
    """Two stretches of one slowly wandering series: single values would be told apart nearly always."""
    rng = np.random.default_rng(4)
    rejected = 0
    for _ in range(60):
        sides = []
        for _ in range(2):
            noise = rng.normal(size=3_000)
            wandering = np.zeros(3_000)
            for i in range(1, 3_000):
                wandering[i] = 0.9 * wandering[i - 1] + noise[i]
            sides.append([values_of(np.arange(3_000), wandering)])
        found = apart(*sides)
        assert found is not None
        assert found.distance.n_clusters <= 2 * MOST_BLOCKS
        rejected += found.distance.wasserstein_p <= 0.05
    assert rejected <= 8


def test_without_values_there_is_no_distance() -> None:
    assert apart([made(0)], [made(1).between(100, 200)]) is None
    found = apart([made(0), made(1).between(100, 200)], [made(2)])
    assert found is not None
    assert found.distance.n_clusters == 60
