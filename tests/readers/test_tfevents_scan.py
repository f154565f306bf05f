"""The fast way against the plain one: the same scalars, settings and problems, whatever the bytes are."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlcompare.readers.tfevents import fast, kinds, rows, scan, shapes, to_tables, walk, window
from rlcompare.readers.tfevents.log import EventLog
from rlcompare.readers.tfevents.shapes import ShapeCache
from tests.readers import tfevents_writer as w


@pytest.fixture(autouse=True)
def nothing_learnt() -> None:
    fast.ROWS.clear()
    kinds.KINDS.clear()


def by_tag(log: EventLog) -> dict[str, pl.DataFrame]:
    return {
        tag: table.select("step", "wall_time", tag).drop_nulls(tag)
        for table in to_tables(log)
        for tag in table.columns[2:]
    }


def assert_same(data: bytes) -> EventLog:
    """Read both ways, compare everything, and return what the fast one found."""
    plain, log = walk(io.BytesIO(data)), scan(io.BytesIO(data))
    expected, found = by_tag(plain), by_tag(log)
    assert found.keys() == expected.keys()
    for tag, table in expected.items():
        assert found[tag].equals(table), tag
    assert (log.offset, log.pending) == (plain.offset, plain.pending)
    assert log.all_problems() == plain.all_problems()
    assert (sorted(log.texts), sorted(log.hparams)) == (sorted(plain.texts), sorted(plain.hparams))
    return log


def n_in_rows(log: EventLog) -> int:
    return sum(taken.values.size for taken in log.rows)


TAGS = [f"group{i % 3}/metric_{'abcdefg'[: i % 7]}{i}" for i in range(12)]


@pytest.mark.parametrize("first", [0, 100, 16_300, 2**21 - 60, 2**48, 2**55, -60])
def test_a_loop_is_taken_as_rows_while_its_steps_grow(first: int) -> None:
    log = assert_same(w.log_of(w.loop(TAGS, range(first, first + 200))))
    widths = {len(w.varint(step)) for step in range(first, first + 200)}
    if max(widths) <= 7:
        assert n_in_rows(log) > 0.8 * 200 * len(TAGS)


def test_values_of_a_loop() -> None:
    logged = w.loop(TAGS, range(300))
    [table] = to_tables(scan(io.BytesIO(w.log_of(logged))))
    assert table["step"].to_list() == list(range(300))
    assert table["wall_time"].to_list() == [1.7e9 + step for step in range(300)]
    for i, tag in enumerate(TAGS):
        assert table[tag].to_list() == [0.5 * step + i for step in range(300)]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "int64", "uint16", "bool", "bfloat16"])
def test_tensors_are_taken_as_rows(dtype: str) -> None:
    records = []
    for step in range(1, 120):
        for i in range(4):
            value = step % 2 if dtype == "bool" else step % 100 + i
            content = w.bfloat16_tensor(0x3F80 + value) if dtype == "bfloat16" else w.number_tensor(dtype, value)
            records.append(w.frame(w.event(step, 1.7e9 + step, w.tensor(f"loss/{i}", content))))
    log = assert_same(b"".join(records))
    assert n_in_rows(log) > 300


def test_bytes_above_one_are_true() -> None:
    content = w.number_tensor("bool", 1)
    content = content[:-1] + b"\x07"
    data = b"".join(w.frame(w.event(step, 1.0 + step, w.tensor("done", content))) for step in range(1, 2000))
    log = assert_same(data)
    assert n_in_rows(log) > 300
    assert to_tables(log)[0]["done"].unique().to_list() == [1.0]


def test_several_values_in_one_event() -> None:
    data = b"".join(w.frame(w.event(step, 1.7e9, w.simple("a", step), w.simple("b", -step))) for step in range(1, 400))
    log = assert_same(data)
    assert n_in_rows(log) > 400


def test_other_records_among_the_rows() -> None:
    rng = random.Random(0)
    records = [w.version_record(), w.frame(w.event(0, 1.0, w.text("args/text_summary", '{"seed": 1}')))]
    for step in range(150):
        records += [w.scalar_record(logged) for logged in w.loop(TAGS, range(step, step + 1))]
        if step % 50 == 20:
            histogram = w.submessage(1, b"weights") + w.submessage(5, rng.randbytes(rng.randrange(500)))
            records.append(w.frame(w.event(step, 1.0, histogram)))
    log = assert_same(b"".join(records))
    assert n_in_rows(log) > 900
    assert [(tag, text) for _, tag, text in log.texts] == [("args/text_summary", b'{"seed": 1}')]


def test_records_in_no_order() -> None:
    rng = random.Random(1)
    logged = [
        w.Logged(tag, step, 1.7e9 + step, rng.gauss(0, 1))
        for step in range(60)
        for tag in rng.sample(TAGS, rng.randrange(1, 12))
    ]
    log = assert_same(w.log_of(logged))
    assert log.rows == []


def test_many_kinds_of_one_size_are_not_looked_at_many_times() -> None:
    records = []
    for i in range(2000):
        value = w.simple(f"t{i % 10}", i) + w.submessage(9, w.submessage(3, f"{i:06d}".encode()))
        records.append(w.frame(w.event(1 + i % 100, 1.0, value)))
    assert_same(b"".join(records))


PLACES = {"length": 0, "length's checksum": 8, "wall time": 13, "step": 22, "tag": 30, "value": -5, "checksum": -1}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("victim", [(0, 3), (57, 0), (57, 11), (199, 5)])
def test_a_flipped_bit_costs_one_record(place: str, victim: tuple[int, int]) -> None:
    logged = w.loop(TAGS, range(200, 400))
    index = victim[0] * len(TAGS) + victim[1]
    records = [w.scalar_record(one) for one in logged]
    damaged = bytearray(records[index])
    damaged[PLACES[place]] ^= 4
    start = len(w.version_record()) + sum(map(len, records[:index]))
    records[index] = bytes(damaged)
    log = assert_same(w.version_record() + b"".join(records))
    values = by_tag(log)
    assert sum(len(table) for table in values.values()) == len(logged) - 1
    lost = logged[index]
    assert lost.step not in values[lost.tag]["step"]
    [problem] = log.all_problems()
    assert problem.at == start
    assert ("length is wrong" in problem.message) == place.startswith("length")


def test_damage_in_neighbouring_records_of_a_row() -> None:
    records = [bytearray(w.scalar_record(one)) for one in w.loop(TAGS, range(200, 400))]
    for index in (600, 601, 605, 700):
        records[index][-1] ^= 1
        records[index][-5] ^= 1
    log = assert_same(b"".join(records))
    assert len(log.damaged) == 4
    assert sum(len(table) for table in by_tag(log).values()) == len(records) - 4


def test_a_length_that_leads_astray_is_found_out() -> None:
    records = [w.scalar_record(one) for one in w.loop(TAGS, range(200, 300))]
    # A right checksum over a wrong length, as if a part of the file had been cut out.
    records[500] = records[500][:20]
    log = assert_same(b"".join(records))
    assert sum(len(table) for table in by_tag(log).values()) == len(records) - 1
    [problem] = log.all_problems()
    assert problem.at == sum(map(len, records[:500]))


@pytest.mark.parametrize("zeros", [1, 11, 12, 16, 32, 1000])
def test_zero_bytes_at_the_end_wait(zeros: int) -> None:
    data = w.log_of(w.loop(TAGS, range(1, 60)))
    log = assert_same(data + bytes(zeros))
    assert log.offset == len(data)
    assert log.pending is not None
    assert log.all_problems() == []


def test_zero_bytes_in_between_are_passed() -> None:
    before, after = w.loop(TAGS, range(1, 60)), w.loop(TAGS, range(60, 99))
    data = w.log_of(before)
    log = assert_same(data + bytes(4096) + b"".join(map(w.scalar_record, after)))
    [problem] = log.all_problems()
    assert problem.at == len(data)
    assert "4,096 bytes" in problem.message
    assert sum(len(table) for table in by_tag(log).values()) == len(before) + len(after)


@pytest.mark.parametrize("size", [0, 1, 11, 12, 15, 16, 10_000])
def test_rubbish_is_left_where_it_is(size: int) -> None:
    log = assert_same(random.Random(size).randbytes(size))
    assert log.offset == 0
    assert (log.pending is None) == (size == 0)
    if size >= 12:
        assert log.pending is not None
        assert log.pending.severity == "error"


def test_a_record_that_is_no_event_is_named() -> None:
    data = w.log_of(w.loop(["a"], range(3))) + w.frame(b"\x0b\x0b") + w.scalar_record(w.Logged("a", 3, 1.0, 1.0))
    log = assert_same(data)
    [problem] = log.all_problems()
    assert "wire type 3" in problem.message
    assert by_tag(log)["a"]["step"].to_list() == [0, 1, 2, 3]


def test_signalling_nan_is_nan() -> None:
    quiet = w.scalar_record(w.Logged("a", 1, 1.0, 0.0))
    payload = bytearray(quiet[12:-4])
    payload[-4:] = b"\x01\x00\xa0\x7f"
    log = assert_same(w.frame(bytes(payload)) * 400)
    assert by_tag(log)["a"]["a"].is_nan().all()


def test_a_record_larger_than_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    image = w.frame(w.event(5, 1.0, w.submessage(1, b"image") + w.submessage(4, bytes(5 << 20))))
    data = w.log_of(w.loop(TAGS, range(1, 50))) + image + b"".join(map(w.scalar_record, w.loop(TAGS, range(50, 99))))
    log = assert_same(data)
    assert sum(len(table) for table in by_tag(log).values()) == 98 * len(TAGS)


def test_reading_on_from_any_record() -> None:
    records = [w.version_record(), *(w.scalar_record(one) for one in w.loop(TAGS, range(1, 100)))]
    data = b"".join(records)
    offset = sum(map(len, records[:500]))
    log = scan(io.BytesIO(data), offset)
    assert log.offset == len(data)
    assert sum(len(table) for table in by_tag(log).values()) == len(records) - 500
    assert min(int(taken.starts[0]) for taken in log.rows) > offset


def test_an_offset_behind_the_end_gives_nothing() -> None:
    for read in (walk, scan):
        log = read(io.BytesIO(b"short"), 100)
        assert (log.offset, to_tables(log), log.pending) == (100, (), None)


def test_what_was_learnt_from_one_file_changes_no_other() -> None:
    files = [
        w.log_of(w.loop(TAGS, range(1, 100))),
        w.log_of(w.loop(TAGS[::-1], range(1, 100))),
        w.log_of(w.loop(TAGS[:5], range(1, 200), value=0.25)),
        w.log_of(w.loop([*TAGS, "one/more"], range(90, 200))),
    ]
    cold = []
    for data in files:
        fast.ROWS.clear()
        cold.append(to_tables(scan(io.BytesIO(data))))
    for _ in range(2):
        for data, expected in zip(files, cold, strict=True):
            for found, table in zip(to_tables(scan(io.BytesIO(data))), expected, strict=True):
                assert found.equals(table)


def test_files_read_at_once() -> None:
    files = [w.log_of(w.loop(TAGS[: 3 + i % 9], range(1, 200 + i))) for i in range(40)]
    expected = [to_tables(walk(io.BytesIO(data))) for data in files]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda data: to_tables(scan(io.BytesIO(data))), files))
    for tables, others in zip(found, expected, strict=True):
        assert all(table.equals(other) for table, other in zip(tables, others, strict=True))


def test_the_cache_of_shapes_is_bounded() -> None:
    cache = ShapeCache(most_bytes=3000, most_alike=2)
    learnt = []
    for i in range(1, 30):
        fast.ROWS.clear()
        scan(io.BytesIO(w.log_of(w.loop([f"tag{'x' * i}", f"other{i:02d}", "third"], range(128, 900)))))
        [size] = fast.ROWS.by_first
        learnt += fast.ROWS.by_first[size]
    for shape in learnt:
        cache.add(shape)
    assert sum(shape.width for alike in cache.by_first.values() for shape in alike) <= 3000
    assert cache.by_first[learnt[-1].first] == (learnt[-1],)
    assert learnt[0].first not in cache.by_first


@st.composite
def logs(draw: st.DrawFn) -> bytes:
    """A training log with whatever loops do, then some damage."""
    tags = draw(st.sampled_from([TAGS[:1], TAGS[:2], TAGS[:5], TAGS]))
    rng = random.Random(draw(st.integers(0, 2**32)))
    step = draw(st.sampled_from([0, 1, 100, 16_380, -5, 2**31, 2**55]))
    skipped = draw(st.sampled_from([0.0, 0.0, 0.02, 0.3]))
    stay = draw(st.sampled_from([0.0, 0.0, 0.05, 1.0]))
    encoding = draw(st.sampled_from(["simple", "simple", "tensor", "mixed", "several"]))
    records = [w.version_record()]
    for _ in range(draw(st.integers(1, 80))):
        for i, tag in enumerate(tags):
            if rng.random() < skipped:
                continue
            value = rng.choice([rng.gauss(0, 1), rng.gauss(0, 1), float("nan"), float("inf")])
            values = [w.simple(tag, value)]
            if encoding == "tensor" or (encoding == "mixed" and i % 2):
                values = [w.tensor(tag, w.number_tensor("float64" if i % 3 else "float32", value))]
            elif encoding == "several":
                values.append(w.simple(tag + "/b", -value))
            elif encoding == "mixed" and rng.random() < 0.1:
                values = [w.tensor(tag, w.text_tensor("x" * rng.randrange(40)), "images")]
            records.append(w.frame(w.event(step, 1.7e9 + rng.random(), *values)))
        step += 0 if rng.random() < stay else rng.choice([1, 1, 1, 2, -3])
    data = bytearray(b"".join(records))
    for kind in draw(st.lists(st.sampled_from(["flip", "flip", "cut", "insert", "remove"]), max_size=4)):
        at = rng.randrange(len(data) + 1)
        if kind == "flip" and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == "cut":
            del data[at:]
        elif kind == "insert":
            data[at:at] = rng.choice([bytes(rng.randrange(40)), rng.randbytes(rng.randrange(40))])
        elif kind == "remove":
            del data[at : at + rng.randrange(2000)]
    return bytes(data)


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make windows, blocks and patience small, so that small logs meet their borders."""
    for module in (window, fast):
        monkeypatch.setattr(module, "WINDOW_BYTES", 12_000)
    monkeypatch.setattr(fast, "_MARGIN_BYTES", 1000)
    monkeypatch.setattr(fast, "_PATIENCE", 8)
    monkeypatch.setattr(rows, "_BLOCK_BYTES", 2000)
    monkeypatch.setattr(window, "_SPARE", type("Spare", (), {})())
    monkeypatch.setattr(shapes, "_FEWEST_SCALARS", 16)
    yield
    fast.ROWS.clear()


@given(logs())
@settings(max_examples=150, deadline=None)
def test_any_log_reads_the_same_both_ways(data: bytes) -> None:
    assert_same(data)


@pytest.mark.usefixtures("small_windows")
def test_any_log_reads_the_same_in_small_windows() -> None:
    @given(logs())
    @settings(max_examples=300, deadline=None)
    def check(data: bytes) -> None:
        assert_same(data)

    check()


@given(st.binary(max_size=400), st.integers(0, 30))
@settings(max_examples=200, deadline=None)
def test_any_payload_behind_right_checksums(payload: bytes, repeats: int) -> None:
    assert_same(w.frame(payload) * repeats + w.scalar_record(w.Logged("a", 1, 1.0, 2.0)))


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_event_behind_right_checksums(data: st.DataObject) -> None:
    """Flip bits within payloads whose checksums are then made right: nothing may be read into them."""
    payloads = [
        bytearray(w.event(step, 1.0 + step, w.simple(tag, step))) for step in range(100, 160) for tag in TAGS[:6]
    ]
    for _ in range(data.draw(st.integers(1, 6))):
        payload = payloads[data.draw(st.integers(0, len(payloads) - 1))]
        payload[data.draw(st.integers(0, len(payload) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert_same(b"".join(w.frame(bytes(payload)) for payload in payloads))


def test_wall_times_of_taken_apart_rows_are_their_own() -> None:
    """Rows of one step: the k-th row's time is that of its own first record."""
    records = [
        w.Logged(tag, 7, 100.0 * row + i, row + i / 10)
        for row in range(40)
        for i, tag in enumerate(["b", "a", "c"] * 3)
    ]
    log = assert_same(w.log_of(records))
    [table] = to_tables(log)
    assert table["wall_time"].to_list() == [100.0 * row + 3 * k for row in range(40) for k in range(3)]
    np.testing.assert_allclose(table["c"][:4], [0.2, 0.5, 0.8, 1.2], rtol=1e-6)
