from __future__ import annotations

import contextlib
import json
import math
import struct
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcompare as rlc
from rlcompare.readers.base import Chunk, Folder, Resume
from rlcompare.readers.swanlab import HEADER, MAGIC, MARK, READER, claim, read
from rlcompare.readers.swanlab_records import RecordError, SwanLog
from tests.readers.files import GOLDEN, claimed_run, golden_logs, log_file, read_grown, written
from tests.readers.leveldb_writer import framed

CASES = GOLDEN / "swanlab"
RUN = "run-20260101_120000-golden"
LOGS = {
    "v0": CASES / "v0" / RUN / "backup.swanlab",
    "v1": CASES / "v1" / RUN / "backup.swanlab",
    "v2": CASES / "v2" / RUN / "run-golden.swanlab",
    "v2_crashed": CASES / "v2_crashed" / RUN / "run-golden.swanlab",
}

#: The old versions write one word for both infinities.
WORDS = {"NaN": math.nan, "INF": math.inf}

V1, V2 = HEADER.pack(MARK, MAGIC, 1), HEADER.pack(MARK, MAGIC, 2)

Values = dict[str, list[tuple[int, float]]]


def expected(case: str) -> dict[str, list[list[Any]]]:
    found = json.loads((CASES / case / "expected.json").read_text())
    return {key: values for key, values in found.items() if not key.startswith("__swanlab__.")}


def values(chunks: Chunk | list[Chunk]) -> Values:
    """The values of each metric in file order."""
    found: Values = {}
    for chunk in [chunks] if isinstance(chunks, Chunk) else chunks:
        for table in chunk.tables:
            for key in table.columns[2:]:
                found.setdefault(key, []).extend(table.select("step", key).drop_nulls().iter_rows())
    return found


def same(found: Values, wanted: Values) -> bool:
    return repr(sorted(found.items())) == repr(sorted(wanted.items()))


def read_bytes(folder: Path, data: bytes, name: str = "run-x.swanlab") -> Chunk:
    return read(written(folder / name, data), None)


def scalar(step: object = 1, data: object = 0.5, key: object = "a", time: object = None) -> bytes:
    """A record as versions 0 and 1 have it."""
    metric = {"index": step, "data": data, "create_time": time}
    return json.dumps({"model_type": "Scalar", "data": {"key": key, "step": step, "metric": metric}}).encode()


def field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2, len(content)]) + content


# --- what SwanLab's own reader says


@pytest.mark.parametrize("case", LOGS)
def test_golden(case: str) -> None:
    chunk = read(log_file(LOGS[case]), None)
    wanted = {
        key: [(step, float(WORDS.get(value, value))) for step, _, value in rows] for key, rows in expected(case).items()
    }
    assert same(values(chunk), wanted)
    assert (chunk.issues, chunk.pending, chunk.offset) == ((), None, LOGS[case].stat().st_size)
    assert chunk.config == {"swanlab.project": "golden", "swanlab.name": "ppo_s3"}
    assert chunk.finished == (case != "v2_crashed")


@pytest.mark.parametrize("case", LOGS)
def test_golden_times(case: str) -> None:
    """A row's time is that of its first value."""
    (table,) = read(log_file(LOGS[case]), None).tables
    assert table.select("step", "wall_time").rows() == [
        (step, pytest.approx(time, abs=1e-6)) for step, time, _ in expected(case)["reward"]
    ]


@pytest.mark.parametrize("case", LOGS)
def test_golden_settings(case: str) -> None:
    file = log_file(CASES / case / RUN / "files" / "config.yaml", CASES / case)
    chunk = read(file, None)
    assert chunk.config == {"lr": 0.001, "net.layers": "[1, 2]", "net.width": 64, "seed": 3}
    assert (chunk.tables, chunk.issues, chunk.pending) == ((), (), None)


@pytest.mark.parametrize("case", LOGS)
def test_open_runs_lists_the_run(case: str, tmp_path: Path) -> None:
    runs = rlc.open_runs(golden_logs(f"swanlab/{case}", tmp_path), cache=tmp_path / "cache")
    assert runs.ids == (RUN,)
    row = runs.table().row(0, named=True)
    assert (row["name"], row["source"], row["last_step"], row["n_records"]) == (f"{RUN}/ppo_s3", "swanlab", 4, 5)
    assert (row["seed"], row["last_reward"]) == ("3", 2.0)
    assert (row["status"] == "finished") == (case != "v2_crashed")
    config = dict(runs.config().select("key", "value").iter_rows())
    assert (config["lr"], config["net.width"], config["swanlab.name"]) == ("0.001", "64", "ppo_s3")
    assert runs.issues().height == 0


def test_what_local_mode_adds_is_no_second_run(tmp_path: Path) -> None:
    root = golden_logs("swanlab/v2", tmp_path)
    record = '{"index": 0, "data": 0.5, "create_time": "2026-01-01T12:00:00+00:00"}\n'
    written(root / RUN / "logs" / "1" / "1000.log", record.encode() * 3)
    written(root / RUN / "logs" / "1" / "_summary.json", b'{"num": 3, "max": 0.5, "max_step": 0}')
    written(root / RUN / "console" / "2026-01-01.log", b"a line of the console\n")
    written(root / RUN / "files" / "swanlab-metadata.json", b'{"_version": 2}')
    written(root / "runs.swanlab", b"SQLite format 3\0" + bytes(100))
    runs = rlc.open_runs(root, cache=tmp_path / "cache")
    assert runs.ids == (RUN,)
    assert runs.table()["source"].to_list() == ["swanlab"]


# --- growing files


@pytest.mark.parametrize("case", LOGS)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_reads_in_between_change_nothing(
    case: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = LOGS[case].read_bytes()
    cuts = data.draw(st.lists(st.integers(0, len(log)), max_size=4))
    chunks = read_grown(READER, tmp_path_factory.mktemp("log") / LOGS[case].name, log, cuts)
    whole = read(log_file(LOGS[case]), None)
    assert same(values(chunks), values(whole))
    assert {key: value for chunk in chunks for key, value in chunk.config.items()} == whole.config
    assert (chunks[-1].offset, chunks[-1].finished) == (whole.offset, whole.finished)
    assert all(chunk.issues == () for chunk in chunks)


def test_every_prefix_gives_a_prefix(tmp_path: Path) -> None:
    log = LOGS["v2_crashed"].read_bytes()
    whole = values(read(log_file(LOGS["v2_crashed"]), None))
    for cut in range(len(log)):
        chunk = read_bytes(tmp_path, log[:cut])
        assert chunk.issues == ()
        assert chunk.offset <= cut
        for key, found in values(chunk).items():
            assert repr(found) == repr(whole[key][: len(found)])


def test_a_file_that_is_touched_stays_finished(tmp_path: Path) -> None:
    log = LOGS["v2"].read_bytes()
    chunks = read_grown(READER, tmp_path / "run-x.swanlab", log, [len(log)])
    assert [chunk.finished for chunk in chunks] == [True, True]
    assert chunks[1].tables == ()


def test_several_values_of_one_step_are_all_kept(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, framed([scalar(1, 0.5), scalar(1, 0.75), scalar(2, 1)], V1))
    assert values(chunk) == {"a": [(1, 0.5), (1, 0.75), (2, 1.0)]}


# --- which file, which run


@pytest.mark.parametrize(
    ("name", "head", "run"),
    [
        ("swanlog/run-1-a/run-a.swanlab", V2, "swanlog/run-1-a"),
        ("swanlog/run-1-a/backup.swanlab", V1, "swanlog/run-1-a"),
        ("swanlog/run-1-a/run-a.swanlab", b"", "swanlog/run-1-a"),
        ("swanlog/run-1-a/other.swanlab", b"", None),
        ("swanlog/run-1-a/other.swanlab", V2, "swanlog/run-1-a"),
        ("swanlog/runs.swanlab", b"SQLite format 3\0", None),
        ("swanlog/run-1-a/run-a.swanlab", b"SQLite format 3\0", None),
        ("swanlog/run-1-a/run-a.swanlab.bak", V2, None),
    ],
)
def test_claim(tmp_path: Path, name: str, head: bytes, run: str | None) -> None:
    written(tmp_path / name, head)
    assert claimed_run(READER, log_file(tmp_path / name, tmp_path)) == run


@pytest.mark.parametrize(
    ("name", "beside", "run"),
    [
        ("run-1/files/config.yaml", "run-a.swanlab", "run-1"),
        ("run-1/files/config.yaml", "backup.swanlab", "run-1"),
        ("run-1/files/config.yaml", "runs.swanlab", None),
        ("run-1/files/config.yaml", "run-a.wandb", None),
        ("run-1/config.yaml", "run-a.swanlab", None),
        ("run-1/files/other.yaml", "run-a.swanlab", None),
    ],
)
def test_settings_are_claimed_beside_a_log(tmp_path: Path, name: str, beside: str, run: str | None) -> None:
    file = log_file(written(tmp_path / name, b"lr: 1\n").path, tmp_path)
    above = Folder(file.relative.parent.parent, frozenset({beside}), None)
    found = claim(file, Folder(file.relative.parent, frozenset({file.name}), above))
    assert (None if found is None else str(found.run)) == run


def test_the_experiment_names_the_run(tmp_path: Path) -> None:
    named = framed([json.dumps({"model_type": "Experiment", "data": {"name": "/ppo/s3"}}).encode()], V1)
    for data, name in [(named, "ppo/s3"), (V1, ""), (V1 + b"rubbish" * 9, ""), (framed([b"{"], V1), "")]:
        file = written(tmp_path / "run-x.swanlab", data)
        found = claim(file, Folder(file.relative.parent, frozenset(), None))
        assert found is not None
        assert found.name == name


# --- records


def test_protobuf_fields_in_another_order() -> None:
    """What the usual order of fields is, is the writer's choice: the same values come from any."""
    number = b"\x09" + struct.pack("<d", 0.25)
    parts = [
        field(1, b"key"),
        b"\x10\x07",
        b"\x18\x01",
        field(4, b"\x08\x0a\x10\x80\xca\xb5\xee\x01"),
        field(5, number),
    ]
    found = []
    for order in (parts, parts[::-1]):
        log = SwanLog(2)
        log.add(0, b"\x08\x05" + field(2, b"\x08\x01") + field(13, b"".join(order)))
        (table,) = log.scalars.tables()
        found.append(table.rows())
    assert found[0] == found[1] == [(7, 10.5, 0.25)]


def test_protobuf_leaves_zeros_out() -> None:
    log = SwanLog(2)
    log.add(0, b"\x08\x05" + field(13, field(1, b"key") + b"\x18\x01" + field(5, b"")))
    log.add(0, b"\x08\x06" + field(13, field(5, b"") + field(1, b"other")))
    (table,) = log.scalars.tables()
    assert table.columns == ["step", "wall_time", "key", "other"]
    assert table.rows() == [(0, None, 0.0, 0.0)]


@pytest.mark.parametrize("step", [-1, 0, 1, 127, 128, 300, 2**31, 2**62])
def test_protobuf_steps(step: int) -> None:
    unsigned, written_step = step % 2**64, bytearray()
    while True:
        unsigned, low = unsigned >> 7, unsigned & 0x7F
        written_step.append(low | (0x80 if unsigned else 0))
        if not unsigned:
            break
    log = SwanLog(2)
    log.add(0, field(13, field(1, b"key") + b"\x10" + bytes(written_step) + b"\x18\x01" + field(5, b"")))
    assert log.scalars.tables()[0]["step"].to_list() == [step]


@pytest.mark.parametrize(
    ("version", "record", "wrong"),
    [
        (1, b"{", "unexpected end"),
        (1, b"[1]", "no model_type and data"),
        (1, b'{"model_type":"Scalar","data":[]}', "no model_type and data"),
        (1, scalar(step=1.5), "no whole number"),
        (1, scalar(step=True), "no whole number"),
        (1, scalar(step=2**63), "no whole number"),
        (1, scalar(data="much"), "no number"),
        (1, scalar(data=True), "no number"),
        (1, scalar(data=None), "no number"),
        (1, scalar(key=""), "no key"),
        (1, scalar(key=5), "no key"),
        (2, field(13, field(1, b"key")), "no value"),
        (2, field(13, field(5, b"")), "no key"),
        (2, b"\x6a\x05\x0a", "expected a field of 5 bytes"),
        (2, b"\xff", "varint"),
    ],
)
def test_what_is_no_record_says_why(version: int, record: bytes, wrong: str) -> None:
    with pytest.raises(RecordError, match=wrong):
        SwanLog(version).add(0, record)


@pytest.mark.parametrize("time", [None, 5, "", "yesterday", "2026-01-01T00:00:00"])
def test_what_is_no_time_is_null(time: object) -> None:
    log = SwanLog(1)
    log.add(0, scalar(time=time))
    assert log.scalars.tables()[0].rows() == [(1, None, 0.5)]


def test_metrics_of_the_machine_are_left_out(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, framed([scalar(key="__swanlab__.cpu.pct"), scalar(key="a")], V1))
    assert list(values(chunk)) == ["a"]


def test_keys_like_the_index(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, framed([scalar(key="step"), scalar(key="wall_time"), scalar(key="a:b c")], V1))
    assert chunk.tables[0].columns == ["step", "wall_time", "a:b c", "step (metric)", "wall_time (metric)"]


# --- bad input


def test_empty_file(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, b"")
    assert (chunk.tables, chunk.issues, chunk.offset) == ((), (), 0)
    assert chunk.pending is not None
    assert "nothing yet" in chunk.pending.message


def test_only_a_header(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, V2)
    assert (chunk.tables, chunk.issues, chunk.pending, chunk.offset) == ((), (), None, 7)


@pytest.mark.parametrize("data", [HEADER.pack(MARK, MAGIC, 3), HEADER.pack(MARK, 1, 2), b":SWLabc", b"\0" * 50])
def test_another_format_is_refused_with_a_reason(tmp_path: Path, data: bytes) -> None:
    chunk = read_bytes(tmp_path, data)
    (issue,) = chunk.issues
    assert issue.severity == "error"
    assert issue.message.startswith("Expected a SwanLab log of version 0, 1, 2, it begins with ")
    assert (chunk.tables, chunk.offset) == ((), len(data))


def test_a_damaged_record_costs_itself(tmp_path: Path) -> None:
    data = bytearray(framed([scalar(1), scalar(2), scalar(3)], V1))
    data[len(data) // 2] ^= 1
    chunk = read_bytes(tmp_path, bytes(data))
    assert values(chunk) == {"a": [(1, 0.5), (3, 0.5)]}
    assert [(issue.place, issue.severity) for issue in chunk.issues] == [(f"byte {7 + 7 + len(scalar())}", "warning")]


def test_a_sound_record_of_something_else_costs_itself(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, framed([scalar(1), b"\x80\xff", scalar(3)], V1))
    assert values(chunk) == {"a": [(1, 0.5), (3, 0.5)]}
    assert chunk.issues[0].message.startswith("Expected a SwanLab record: ")


def test_zeros_at_the_end_wait_for_more(tmp_path: Path) -> None:
    """A machine that stopped can leave them where the file was to be written."""
    chunk = read_bytes(tmp_path, framed([scalar(1)], V1) + bytes(100))
    assert values(chunk) == {"a": [(1, 0.5)]}
    assert chunk.pending is not None
    assert (chunk.pending.severity, chunk.pending.path) == ("warning", "run-x.swanlab")


def test_ten_megabytes_in_one_record(tmp_path: Path) -> None:
    huge = json.dumps({"model_type": "Log", "data": {"message": "x" * 10_000_000}}).encode()
    chunk = read_bytes(tmp_path, framed([scalar(1), huge, scalar(2)], V1))
    assert values(chunk) == {"a": [(1, 0.5), (2, 0.5)]}
    assert chunk.issues == ()


@settings(deadline=None, max_examples=150)
@given(data=st.data(), case=st.sampled_from(["v1", "v2_crashed"]))
def test_any_damage_gives_issues_or_the_right_numbers(
    data: st.DataObject, case: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    broken = bytearray(LOGS[case].read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    whole = values(read(log_file(LOGS[case]), None))
    chunk = read_bytes(tmp_path_factory.mktemp("log"), bytes(broken))
    for key, found in values(chunk).items():
        assert {*map(repr, found)} <= {*map(repr, whole[key])}


@settings(deadline=None)
@given(data=st.binary(max_size=200), header=st.sampled_from([V1, V2, b""]))
def test_no_bytes_raise(data: bytes, header: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("log")
    for content in (header + data, framed([data], header)):
        file = written(folder / "run-x.swanlab", content)
        claimed_run(READER, file)
        read(file, None)
        read(file, Resume(min(7, len(content)), {}))


@pytest.mark.parametrize(
    ("content", "config", "severity"),
    [
        (b"", {}, "note"),
        (b"- 1\n", {}, "warning"),
        (b"{", {}, "error"),
        (b"\xff\xfe\x00", {}, "error"),
        (b"a: {value: 1, desc: '', sort: 0}\nb: {value: 2, desc: '', sort: 1}\n", {"a": 1, "b": 2}, None),
        (b"a: {value: 1, desc: '', sort: 0}\nb: 2\n", {"a.value": 1, "a.desc": "", "a.sort": 0, "b": 2}, None),
    ],
)
def test_settings(tmp_path: Path, content: bytes, config: dict[str, Any], severity: str | None) -> None:
    chunk = read(written(tmp_path / "files" / "config.yaml", content), None)
    assert chunk.config == config
    assert [issue.severity for issue in chunk.issues] == ([severity] if severity else [])


def test_the_table_is_the_stores(tmp_path: Path) -> None:
    (table,) = read_bytes(tmp_path, framed([scalar(2**40, 3)], V1)).tables
    assert dict(table.schema) == {"step": pl.Int64, "wall_time": pl.Float64, "a": pl.Float64}


# --- many records at once


def protobuf_scalar(num: int, key: bytes, step: int, nanos: int, value: float, *, with_time: bool = True) -> bytes:
    """A scalar as SwanLab 0.10 writes it: what is zero is left out."""

    def varint(number: int) -> bytes:
        low, rest = number & 0x7F, number >> 7
        return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])

    def time(seconds: int) -> bytes:
        return b"\x08" + varint(seconds) + (b"\x10" + varint(nanos) if nanos else b"")

    content = field(1, key) + (b"\x10" + varint(step) if step else b"") + b"\x18\x01"
    content += field(4, time(1_700_000_000)) if with_time else b""
    content += field(5, b"\x09" + struct.pack("<d", value) if value else b"")
    return b"\x08" + varint(num) + field(2, time(1_700_000_001)) + field(13, content)


@settings(deadline=None, max_examples=60)
@given(
    scalars=st.lists(
        st.tuples(
            st.sampled_from([b"a", b"b", b"loss", b"__swanlab__.cpu.pct", "长度".encode()]),
            st.integers(0, 2**40),
            st.integers(0, 999_999_999),
            st.sampled_from([0.0, -1.5, math.inf, 1e300]),
            st.booleans(),
        ),
        min_size=1,
        max_size=60,
    ),
    others=st.lists(st.sampled_from([field(16, b"a line"), field(12, b"\x1a\x01a"), b"\xff", b"", field(13, b"")])),
)
def test_many_at_once_are_what_each_is_alone(
    scalars: list[tuple[bytes, int, int, float, bool]], others: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    records = [
        protobuf_scalar(num, key, step, nanos, value, with_time=timed)
        for num, (key, step, nanos, value, timed) in enumerate(scalars)
    ]
    records = [record for record in records for _ in range(2)] * 5 + others
    alone = SwanLog(2)
    for place, record in enumerate(records):
        with contextlib.suppress(RecordError):
            alone.add(place, record)
    chunk = read_bytes(tmp_path_factory.mktemp("log"), framed(records, V2))
    assert [table.columns for table in chunk.tables] == [table.columns for table in alone.scalars.tables()]
    assert [table.rows() for table in chunk.tables] == [table.rows() for table in alone.scalars.tables()]


def test_many_records_of_one_size_that_are_no_scalars(tmp_path: Path) -> None:
    scalars = [protobuf_scalar(num, b"a", num + 1, 5, 0.5) for num in range(20)]
    size = len(scalars[0])
    logs = [b"\x08\x01" + field(16, b"x" * (size - 4)) for _ in range(20)]
    rubbish = [bytes([255 - number % 100]) * size for number in range(200)]
    chunk = read_bytes(tmp_path, framed([*logs, *rubbish, *scalars], V2))
    assert values(chunk) == {"a": [(step, 0.5) for step in range(1, 21)]}
    assert len(chunk.issues) == 21
