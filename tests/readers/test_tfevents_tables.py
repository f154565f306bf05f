"""Rows and tables of an event file, against a plain Python arrangement of the same scalars."""

from __future__ import annotations

import io
import math
import random
from collections import Counter, defaultdict

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from rlcompare.readers.tfevents import scan, to_tables
from tests.readers import tfevents_writer as w


def tables_of(logged: list[w.Logged]) -> tuple[pl.DataFrame, ...]:
    return to_tables(scan(io.BytesIO(w.log_of(logged))))


def arranged(logged: list[w.Logged]) -> list[tuple[int, float, dict[str, float]]]:
    """Rows as (step, time, values): the k-th value of a tag within a stretch of one step stands in its k-th row."""
    rows: list[tuple[int, float, dict[str, float]]] = []
    first, seen = 0, Counter[str]()
    for i, one in enumerate(logged):
        if i == 0 or one.step != logged[i - 1].step:
            first, seen = len(rows), Counter()
        nth = first + seen[one.tag]
        seen[one.tag] += 1
        if nth == len(rows):
            rows.append((one.step, one.wall_time, {}))
        rows[nth][2][one.tag] = one.value
    return rows


def assert_arranged(logged: list[w.Logged]) -> tuple[pl.DataFrame, ...]:
    tables = tables_of(logged)
    expected = arranged(logged)
    met: set[str] = set()
    for table in tables:
        assert table.schema["step"] == pl.Int64
        assert set(table.dtypes[1:]) == {pl.Float64}
        tags = table.columns[2:]
        assert not met & set(tags)
        met |= set(tags)
        rows = [row for row in expected if row[2].keys() & set(tags)]
        assert table["step"].to_list() == [step for step, _, _ in rows]
        assert table["wall_time"].to_list() == [time for _, time, _ in rows]
        for tag in tags:
            for found, (_, _, values) in zip(table[tag].to_list(), rows, strict=True):
                value = values.get(tag)
                assert found == value or (value is not None and math.isnan(value) and math.isnan(found))
    assert met == {one.tag for one in logged}
    return tables


def test_no_scalars_no_tables() -> None:
    assert tables_of([]) == ()


def test_several_records_of_one_step_are_all_kept() -> None:
    episodes = [(5, 1), (9, 2), (9, 3), (9, 4), (12, 5)]
    logged = [w.Logged(tag, step, 1.0 * n, n) for step, n in episodes for tag in ("return", "length")]
    [table] = assert_arranged(logged)
    assert table["step"].to_list() == [5, 9, 9, 9, 12]
    assert table["return"].to_list() == [1, 2, 3, 4, 5]


def test_a_step_that_comes_back_begins_new_rows() -> None:
    logged = [w.Logged("a", step, float(i), i) for i, step in enumerate([1, 2, 3, 2, 3, 4])]
    [table] = assert_arranged(logged)
    assert table["step"].to_list() == [1, 2, 3, 2, 3, 4]


def test_rows_and_single_scalars_keep_file_order() -> None:
    logged = [
        *w.loop(["a", "b", "c", "d"], range(100)),
        w.Logged("evaluation", 99, 5.0, 1.0),
        *w.loop(["a", "b", "c", "d"], range(99, 200)),
    ]
    [table] = assert_arranged(logged)
    assert table["step"].to_list() == [*range(100), *range(99, 200)]


def test_nan_was_logged_and_null_was_not() -> None:
    [table] = tables_of([w.Logged("a", 1, 1.0, math.nan), w.Logged("b", 1, 1.0, 1.0), w.Logged("b", 2, 2.0, math.inf)])
    assert table["a"].is_null().to_list() == [False, True]
    assert table["a"].is_nan().to_list() == [True, None]
    assert table["b"].to_list() == [1.0, math.inf]


def test_a_time_that_was_not_written_is_null() -> None:
    data = w.frame(w.event(1, None, w.simple("a", 1))) + w.frame(w.event(2, 7.5, w.simple("a", 2)))
    [table] = to_tables(scan(io.BytesIO(data)))
    assert table["wall_time"].to_list() == [None, 7.5]


def test_tags_named_like_the_index_columns() -> None:
    tags = ["step", "wall_time", "step (metric)"]
    [table] = tables_of([w.Logged(tag, 3, 1.0, i) for i, tag in enumerate(tags)])
    assert table["step"].to_list() == [3]
    assert table["wall_time"].to_list() == [1.0]
    assert sorted(table.columns[2:]) == ["step (metric)", "step (metric) (metric)", "wall_time (metric)"]
    assert sorted(table.row(0)[2:]) == [0.0, 1.0, 2.0]


def test_tags_that_are_not_utf8_stay_apart() -> None:
    tags = [b"a\xff", b"a\xfe", "ä ".encode()]
    data = b"".join(w.frame(w.event(1, 1.0, w.simple(tag, i))) for i, tag in enumerate(tags))
    [table] = to_tables(scan(io.BytesIO(data)))
    assert dict(zip(table.columns[2:], table.row(0)[2:], strict=True)) == {"a\\xff": 0.0, "a\\xfe": 1.0, "ä ": 2.0}


def test_tags_logged_at_different_steps_do_not_fill_memory_with_nulls() -> None:
    """One table would have 40 million cells for 80 thousand values."""
    logged = [w.Logged(f"expert_{i % 1000}/load", i, 1.0 + i, i) for i in range(40_000)]
    logged += [w.Logged("loss", 50_000 + i, 1.0, i) for i in range(40_000)]
    tables = tables_of(logged)
    assert sum(table.height * table.width for table in tables) <= 4 * len(logged)
    found: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for table in tables:
        for tag in table.columns[2:]:
            found[tag] += table.select("step", tag).drop_nulls().iter_rows()
    assert found["expert_17/load"] == [(i, float(i)) for i in range(17, 40_000, 1000)]
    assert len(found["loss"]) == 40_000


def test_tags_with_nearly_the_same_rows_share_a_table() -> None:
    rng = random.Random(0)
    logged = []
    for step in range(3000):
        logged += [w.Logged(f"train/{k}", step, 1.0, k) for k in range(5) if rng.random() < 0.95]
        if step % 100 == 50:
            logged += [w.Logged(f"eval/{k}", step + 10_000, 1.0, k) for k in range(40)]
    tables = assert_arranged(logged)
    assert sorted(table.width - 2 for table in tables) == [5, 40]


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from([0, 1, 1, 2, -1]), st.floats(width=32)),
        max_size=60,
    ),
    st.integers(0, 40),
)
@settings(max_examples=150, deadline=None)
def test_any_order_of_scalars(parts: list[tuple[str, int, float]], length: int) -> None:
    logged, step = w.loop(list("abcdefgh"), range(200, 200 + length)), 0
    for i, (tag, more, value) in enumerate(parts):
        step += more
        logged.append(w.Logged(tag, step, 100.0 + i, value))
    assert_arranged(logged + w.loop(list("abcdefgh"), range(step, step + length)))
