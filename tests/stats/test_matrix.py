"""All pairs of metrics at once, against one pair at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from rlcompare.stats.matrix import CorrelationMatrix, clustered_order, correlation_matrix, mean_matrix
from rlcompare.stats.sample import Floats

COLUMNS = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 40), st.integers(1, 5)),
    elements=st.one_of(st.just(np.nan), st.integers(-8, 8).map(lambda n: n / 4 + 1000)),
)


@pytest.mark.parametrize("ranks", [False, True])
@pytest.mark.parametrize("differences", [False, True])
@given(columns=COLUMNS)
def test_each_pair_is_scipys(ranks: bool, differences: bool, columns: Floats) -> None:
    found = correlation_matrix(columns, ranks=ranks, differences=differences)
    of = stats.spearmanr if ranks else stats.pearsonr
    m = columns.shape[1]
    for i in range(m):
        for j in range(m):
            x, y = columns[~np.isnan(columns[:, [i, j]]).any(axis=1)][:, [i, j]].T
            if differences:
                x, y = np.diff(x), np.diff(y)
            assert found.n[i, j] == len(x)
            if len(x) < 4 or len(set(x)) == 1 or len(set(y)) == 1:
                assert np.isnan(found.value[i, j])
            else:
                assert found.value[i, j] == pytest.approx(of(x, y).statistic, abs=1e-12)


def test_the_mean_counts_each_run_once_and_does_not_pool() -> None:
    rng = np.random.default_rng(0)
    matrices = []
    for offset, n in ((0.0, 50), (100.0, 5_000)):
        x = rng.standard_normal(n)
        matrices.append(correlation_matrix(np.stack((x + offset, -x + offset + 0.5 * rng.standard_normal(n)), axis=1)))
    mean = mean_matrix(matrices)
    expected = np.mean([matrix.value[0, 1] for matrix in matrices])
    assert mean.value[0, 1] == pytest.approx(expected, abs=1e-12)
    assert mean.value[0, 1] < -0.8
    assert mean.value[0, 0] == 1
    assert mean.n[0, 1] == 5_050
    assert mean.n_runs.tolist() == [[2, 2], [2, 2]]


def test_a_run_without_a_coefficient_does_not_count() -> None:
    one = CorrelationMatrix(np.array([[1.0, 0.5], [0.5, 1.0]]), np.full((2, 2), 10))
    none = CorrelationMatrix(np.array([[1.0, np.nan], [np.nan, np.nan]]), np.full((2, 2), 3))
    assert mean_matrix([one, none]).value.tolist() == [[1.0, pytest.approx(0.5)], [pytest.approx(0.5), 1.0]]
    assert (mean_matrix([one, none]).n_runs[0, 1], mean_matrix([one, none]).n[0, 1]) == (1, 10)
    assert np.isnan(mean_matrix([none, none]).value[0, 1])


def test_what_moves_together_stands_together() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 500))
    columns = np.stack((a, b, -a, b, a), axis=1) + 0.1 * rng.standard_normal((500, 5))
    order = clustered_order(correlation_matrix(columns).value)
    places = [order.index(column) for column in (0, 2, 4)]
    assert max(places) - min(places) == 2


@pytest.mark.parametrize("m", [0, 1, 2])
def test_few_metrics_keep_their_order(m: int) -> None:
    assert clustered_order(np.eye(m)) == list(range(m))


def test_pairs_without_a_coefficient_are_placed_too() -> None:
    value = np.full((4, 4), np.nan)
    assert sorted(clustered_order(value)) == [0, 1, 2, 3]
