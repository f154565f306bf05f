from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcompare as rlc
from rlcompare.readers import generic_csv, generic_jsonl
from rlcompare.readers.base import Chunk, Reader
from tests.readers.files import GOLDEN, claimed_run, golden_logs, log_file, one_table, read_grown, written

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
CSV, JSONL = generic_csv.READER, generic_jsonl.READER

TABLE = (
    b"\xef\xbb\xbfepoch,Step,loss,note,time\r\n0,1,0.5,a,1700000000\r\n0,2,,b,1700000001\r\n1,3,nan,,1700000002.5\r\n"
)
LINES = (
    b'{"step":1,"loss":0.5,"eval":{"acc":1},"timestamp":1700000000}\n'
    b'{"step":2,"loss":NaN,"timestamp":1700000001}\r\n'
    b'\n{"step":3,"loss":-Infinity,"late":7,"timestamp":1700000002.5}\n'
)
TABLE_ROWS: list[dict[str, Any]] = [
    {"step": 1, "wall_time": 1.7e9, "epoch": 0.0, "loss": 0.5},
    {"step": 2, "wall_time": 1700000001.0, "epoch": 0.0},
    {"step": 3, "wall_time": 1700000002.5, "epoch": 1.0, "loss": math.nan},
]
LINES_ROWS: list[dict[str, Any]] = [
    {"step": 1, "wall_time": 1.7e9, "loss": 0.5, "eval/acc": 1.0},
    {"step": 2, "wall_time": 1700000001.0, "loss": math.nan},
    {"step": 3, "wall_time": 1700000002.5, "loss": -math.inf, "late": 7.0},
]
BOTH = pytest.mark.parametrize(
    ("reader", "data", "rows"), [(CSV, TABLE, TABLE_ROWS), (JSONL, LINES, LINES_ROWS)], ids=["csv", "jsonl"]
)


def name_of(reader: Reader) -> str:
    return "run.csv" if reader is CSV else "run.jsonl"


def read(folder: Path, reader: Reader, data: bytes) -> Chunk:
    return reader.read(written(folder / name_of(reader), data), None)


def records(chunks: Chunk | list[Chunk]) -> list[dict[str, Any]]:
    rows = one_table(chunks).iter_rows(named=True)
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


def same(one: object, other: object) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@BOTH
def test_a_whole_file(tmp_path: Path, reader: Reader, data: bytes, rows: list[dict[str, Any]]) -> None:
    chunk = read(tmp_path, reader, data)
    assert same(records(chunk), rows)
    assert (chunk.offset, chunk.pending) == (len(data), None)
    assert [issue.message for issue in chunk.issues] == (
        ["Not numbers, so not shown as metrics: 'note'."] if reader is CSV else []
    )


@BOTH
@settings(deadline=None)
@given(cut=st.integers(0, 300))
def test_any_prefix_gives_a_prefix_of_the_rows(
    tmp_path_factory: pytest.TempPathFactory, reader: Reader, data: bytes, rows: list[dict[str, Any]], cut: int
) -> None:
    chunk = read(tmp_path_factory.getbasetemp(), reader, data[:cut])
    got = records(chunk)
    assert same(got, rows[: len(got)])
    assert all(issue.severity == "note" for issue in chunk.issues)
    assert (chunk.pending is not None) == bool(data[chunk.offset : cut].removeprefix(b"\xef\xbb\xbf").strip())


@BOTH
@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, 200), max_size=4))
def test_a_read_resumed_anywhere_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, reader: Reader, data: bytes, rows: list[dict[str, Any]], cuts: list[int]
) -> None:
    cuts = [min(cut, len(data)) for cut in cuts]
    path = tmp_path_factory.getbasetemp() / f"grown-{name_of(reader)}"
    chunks = read_grown(reader, path, data, cuts)
    assert same(records(chunks), rows)
    whole = reader.read(log_file(path), None)
    assert (chunks[-1].step_unit, chunks[-1].framework) == (whole.step_unit, whole.framework)
    assert chunks[-1].state["line"] == whole.state["line"]
    assert {issue for chunk in chunks for issue in chunk.issues} == set(whole.issues)


@BOTH
@settings(deadline=None)
@given(
    head=st.integers(0, 300),
    rubbish=st.lists(st.sampled_from([b"\n", b'"', b",", b"{", b"}", b"\xff", b"\0", b"1", b"step", b":", b"\r"])),
)
def test_no_bytes_raise_or_spoil_the_rows_before(
    tmp_path_factory: pytest.TempPathFactory,
    reader: Reader,
    data: bytes,
    rows: list[dict[str, Any]],
    head: int,
    rubbish: list[bytes],
) -> None:
    chunk = read(tmp_path_factory.getbasetemp(), reader, data[:head] + b"\n" + b"".join(rubbish))
    lines = [line for line in data[:head].split(b"\n")[:-1] if line.strip()]
    whole = max(len(lines) - (reader is CSV), 0)
    assert same(records(chunk)[:whole], rows[:whole])


@BOTH
def test_half_a_last_line_is_pending(tmp_path: Path, reader: Reader, data: bytes, rows: list[dict[str, Any]]) -> None:
    chunk = read(tmp_path, reader, data.rstrip()[:-1])
    assert same(records(chunk), rows[:-1])
    assert chunk.pending is not None
    assert (chunk.pending.severity, chunk.pending.place) == ("note", "line 4")


@BOTH
def test_an_empty_file(tmp_path: Path, reader: Reader, data: bytes, rows: list[dict[str, Any]]) -> None:
    chunk = read(tmp_path, reader, b"")
    assert (chunk.tables, chunk.offset, chunk.issues, chunk.pending) == ((), 0, (), None)
    assert claimed_run(reader, log_file(tmp_path / name_of(reader))) is None


@BOTH
def test_binary_rubbish_under_a_known_name_is_told(
    tmp_path: Path, reader: Reader, data: bytes, rows: list[dict[str, Any]]
) -> None:
    name = "metrics" + Path(name_of(reader)).suffix
    file = written(tmp_path / name, b"\x89PNG\0\0\1\2\n\0\3\n")
    assert claimed_run(reader, file) == "."
    chunk = reader.read(file, None)
    assert chunk.tables == ()
    assert chunk.issues[0].place == "line 1"
    assert r"'\\x89PNG\x00\x00\x01\x02'" in chunk.issues[0].message
    assert claimed_run(reader, written(tmp_path / name_of(reader), b"\x89PNG\0\n")) is None


@BOTH
def test_zeros_that_a_full_disk_left_cost_their_lines(
    tmp_path: Path, reader: Reader, data: bytes, rows: list[dict[str, Any]]
) -> None:
    file = written(tmp_path / name_of(reader), data + b"\0" * 4096 + b"\n")
    assert claimed_run(reader, file) == name_of(reader)
    chunk = reader.read(file, None)
    assert same(records(chunk), rows)
    assert [issue.place for issue in chunk.issues if issue.severity != "note"] == [f"line {data.count(10) + 1}"]


@BOTH
def test_utf16_is_claimed_and_refused(tmp_path: Path, reader: Reader, data: bytes, rows: list[dict[str, Any]]) -> None:
    file = written(tmp_path / name_of(reader), data.decode("utf-8-sig").encode("utf-16"))
    assert claimed_run(reader, file) == name_of(reader)
    chunk = reader.read(file, None)
    assert chunk.tables == ()
    assert [issue.severity for issue in chunk.issues] == ["error"]


@BOTH
def test_a_garbage_line_costs_that_line(
    tmp_path: Path, reader: Reader, data: bytes, rows: list[dict[str, Any]]
) -> None:
    lines = data.split(b"\n")
    lines.insert(2, b"gar\xffbage")
    chunk = read(tmp_path, reader, b"\n".join(lines))
    assert same(records(chunk), rows)
    (issue,) = (issue for issue in chunk.issues if issue.severity != "note")
    assert issue.place == "line 3"


@BOTH
def test_rows_without_a_step_are_issues(
    tmp_path: Path, reader: Reader, data: bytes, rows: list[dict[str, Any]]
) -> None:
    extra = b"0,,0.5,x,\n0,1.5,0.5,x,\n" if reader is CSV else b'{"loss":1}\n{"step":1.5,"loss":1}\n'
    chunk = read(tmp_path, reader, data + extra)
    assert same(records(chunk), rows)
    first = data.count(b"\n") + 1
    found = [issue.place for issue in chunk.issues if issue.message.startswith("Expected a whole number as ")]
    assert found == [f"line {first}", f"line {first + 1}"]


def test_the_step_column_stays_the_one_chosen_first(tmp_path: Path) -> None:
    data = b'{"epoch":1,"a":1}\n{"epoch":2,"step":20,"a":2}\n'
    for cut in (0, 18, len(data)):
        chunks = read_grown(JSONL, tmp_path / "run.jsonl", data, [cut])
        assert one_table(chunks)["step"].to_list() == [1, 2]
        assert chunks[-1].step_unit == "epoch"


def test_ten_thousand_columns(tmp_path: Path) -> None:
    names = [f"m{number}" for number in range(10_000)]
    table = (",".join(["step", *names]) + "\n" + ",".join(["1"] * 10_001) + "\n").encode()
    lines = (json.dumps({"step": 1} | dict.fromkeys(names, 1.0)) + "\n").encode()
    for reader, data in ((CSV, table), (JSONL, lines)):
        file = written(tmp_path / name_of(reader), data)
        assert claimed_run(reader, file) == name_of(reader)
        assert one_table(reader.read(file, None)).shape == (1, 10_001)


def test_a_single_line_of_10_mb(tmp_path: Path) -> None:
    lines = b'{"step":1,"a":1,"text":"' + b"x" * 10_000_000 + b'"}\n{"step":2,"a":2}\n'
    file = written(tmp_path / "run.jsonl", lines)
    assert claimed_run(JSONL, file) == "run.jsonl"
    assert one_table(JSONL.read(file, None))["a"].to_list() == [1.0, 2.0]
    table = b"step,text,a\n1," + b"x" * 10_000_000 + b",1\n2,y,2\n"
    file = written(tmp_path / "run.csv", table)
    assert claimed_run(CSV, file) == "run.csv"
    assert one_table(CSV.read(file, None))["a"].to_list() == [1.0, 2.0]


def test_a_duplicate_header(tmp_path: Path) -> None:
    chunk = read(tmp_path, CSV, b"step,loss,loss\n1,2,3\n")
    assert records(chunk) == [{"step": 1, "loss": 2.0, "loss (2)": 3.0}]
    assert "names 'loss' more than once" in chunk.issues[0].message


def test_a_tab_separated_table(tmp_path: Path) -> None:
    file = written(tmp_path / "progress.txt", b"Epoch\tTotalEnvInteracts\tAverageEpRet\tTime\n0\t4000\t20.5\t1.5\n")
    assert claimed_run(CSV, file) == "."
    chunk = CSV.read(file, None)
    assert records(chunk) == [{"step": 4000, "Epoch": 0.0, "AverageEpRet": 20.5, "Time": 1.5}]
    assert (chunk.framework, chunk.step_unit) == ("Spinning Up", "env step")


@pytest.mark.parametrize("name", ["a b.csv", "ünï.csv", "100%.csv", "a:b.csv", "<script>.csv"])
def test_names_are_only_names(tmp_path: Path, name: str) -> None:
    file = written(tmp_path / name, b"step,<script>\n1,2\n")
    assert claimed_run(CSV, file) == name
    assert records(CSV.read(file, None)) == [{"step": 1, "<script>": 2.0}]


@pytest.mark.parametrize(
    ("name", "head", "claimed"),
    [
        ("exp/metrics.csv", b"step,loss\n", "exp"),
        ("exp/progress.csv", b"training_iteration,loss\n1,2\n", "exp"),
        ("exp/seed_1.csv", b"step,loss\n1,2\n", "exp/seed_1.csv"),
        ("exp/seed_1.tsv", b"step\tloss\n1\t2\n", "exp/seed_1.tsv"),
        ("exp/seed_1.CSV", b'"Step","run - loss"\r\n"1","2"', "exp/seed_1.CSV"),
        ("exp/progress.txt", b"Epoch\tEpRet\n0\t1\n", "exp"),
        ("exp/notes.txt", b"Epoch\tEpRet\n0\t1\n", None),
        ("exp/0.monitor.csv", b"step,l\n1,2\n", None),
        ("exp/a.csv", b"step,loss", None),
        ("exp/a.csv", b"step\n1\n", None),
        ("exp/a.csv", b"sepal_length,sepal_width\n1,2\n", None),
        ("exp/a.csv", b"0,1,0.5\n1,2,0.25\n", None),
        ("exp/a.csv", b"epoch,loss\n0.5,1\n1.0,2\n", "exp/a.csv"),
        ("exp/a.csv", b"epoch,loss\n0.5,1\n1.5,2\n", None),
        ("exp/a.csv", b"step,loss\n" + b"1,2\n" * 50_000, "exp/a.csv"),
    ],
)
def test_claims_tables_with_a_step_column(tmp_path: Path, name: str, head: bytes, claimed: str | None) -> None:
    written(tmp_path / name, head)
    assert claimed_run(CSV, log_file(tmp_path / name, tmp_path)) == claimed


@pytest.mark.parametrize(
    ("name", "head", "claimed"),
    [
        ("exp/metrics.jsonl", b'{"step":1,"loss":2}\n', "exp"),
        ("exp/result.json", b'{"training_iteration":1,"a":{"b":2}}\n', "exp"),
        ("exp/logging.jsonl", b'{"loss":2,"global_step/max_steps":"1/8"}\n', "exp"),
        ("exp/seed_1.jsonl", b'{"progress/batch":1,"loss":2}\n', "exp/seed_1.jsonl"),
        ("exp/seed_1.ndjson", b'{"info":"x"}\n{"step":1,"loss":2}\n', "exp/seed_1.ndjson"),
        ("exp/lines.json", b'{"iteration":1,"loss":2}\n{"iteration":2,"loss":1}\n', "exp/lines.json"),
        ("exp/latest.json", b'{"step":1}\n', None),
        ("exp/state.json", b'{\n "step": 1\n}\n', None),
        ("exp/config.json", b'{"step":1}\n{"step":2}\n', None),
        ("exp/params.json", b'{"step":1}\n{"step":2}\n', None),
        ("exp/a.jsonl", b'{"loss":1}\n', None),
        ("exp/a.jsonl", b'{"epoch":0.5}\n', None),
        ("exp/a.jsonl", b"[1]\n", None),
        ("exp/1.jsonl", b'{"input":"q","output":"a","score":1,"step":1}\n', None),
        ("exp/completions.jsonl", b'{"step":[1],"prompt":["q"],"completion":["a"]}\n', None),
        ("exp/a.jsonl", b'{"step":1,"long":"' + b"x" * 100_000 + b'"}\n', "exp/a.jsonl"),
        ("exp/a.jsonl", b'{"long":"' + b"x" * 100_000 + b'"}\n', None),
    ],
)
def test_claims_json_lines_with_a_step(tmp_path: Path, name: str, head: bytes, claimed: str | None) -> None:
    written(tmp_path / name, head)
    assert claimed_run(JSONL, log_file(tmp_path / name, tmp_path)) == claimed


def expected(case: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (GOLDEN / "generic" / case / "expected.json").read_text().splitlines()]


def test_golden_lightning() -> None:
    chunk = CSV.read(log_file(GOLDEN / "generic" / "lightning" / "metrics.csv"), None)
    assert same(records(chunk), [row | {"epoch": float(row["epoch"])} for row in expected("lightning")])
    assert chunk.issues == ()


def test_golden_lightning_trainer(tmp_path: Path) -> None:
    """A step that was trained and validated has a row of each."""
    folder = GOLDEN / "generic" / "trainer"
    runs = rlc.open_runs(golden_logs("generic/trainer", tmp_path), cache=tmp_path / "cache")
    row = runs.table().row(0, named=True)
    told = (row["run"], row["framework"], row["step_unit"], row["last_step"], row["seed"])
    assert told == ("lightning_logs/version_0", "Lightning", "step", 7, "3")
    assert dict(runs.config().select("key", "value").rows()) == {"lr": "0.1", "seed": "3"}
    given_rows = expected("trainer")
    for metric in ("train_loss", "val_loss", "epoch"):
        found = runs.curves(metric).select("step", "value").rows()
        assert found == [(given_row["step"], given_row[metric]) for given_row in given_rows if metric in given_row]
    chunk = CSV.read(log_file(folder / "lightning_logs" / "version_0" / "metrics.csv"), None)
    assert same(records(chunk), [given_row | {"epoch": float(given_row["epoch"])} for given_row in given_rows])


def test_golden_keras(tmp_path: Path) -> None:
    """What was fitted later has no validation: Keras fills up with NA."""
    runs = rlc.open_runs(golden_logs("generic/keras", tmp_path), cache=tmp_path / "cache")
    row = runs.table().row(0, named=True)
    assert (row["run"], row["step_unit"], row["last_step"], row["n_records"]) == ("training.csv", "epoch", 3, 4)
    chunk = CSV.read(log_file(GOLDEN / "generic" / "keras" / "training.csv"), None)
    assert same(records(chunk), expected("keras"))
    assert chunk.issues == ()


def test_golden_tinker() -> None:
    folder = GOLDEN / "generic" / "tinker"
    chunk = JSONL.read(log_file(folder / "metrics.jsonl"), None)
    rows = json.loads((folder / "expected.json").read_text())
    assert same(records(chunk), [{key: row[key] if key == "step" else float(row[key]) for key in row} for row in rows])
    assert (chunk.step_unit, chunk.framework) == ("step", "Tinker cookbook")
    # The summary of the whole training has no step.
    assert [(issue.place, issue.severity) for issue in chunk.issues] == [("line 5", "warning")]
    runs = rlc.open_runs(folder)
    (found,) = runs.table().rows(named=True)
    assert (found["run"], found["seed"], found["last_step"], found["n_records"]) == ("tinker", "7", 3, 4)
    assert runs.curves("reward")["value"].to_list() == [0.0, 0.25, 0.5, 0.75]
    assert runs.curves("validation_score").select("step", "value").rows() == [(0, 0.0), (2, 0.2)]


@pytest.mark.skipif(not DATA.is_dir(), reason="the public logs are not beside the repository")
def test_public_wandb_export_is_whole_without_a_last_line_end() -> None:
    chunk = CSV.read(log_file(DATA / "wandb-csv-export" / "gradio-app_trackio" / "examples" / "logs.csv"), None)
    table = one_table(chunk)
    assert table.shape == (2270, 4)
    assert (table["step"].min(), table["step"].max()) == (4, 42509)
    assert chunk.pending is None
    assert table.columns[1] == "17/04/2025_22:06:37_elie-48n-1704-part1_tp_group_0 - lm_loss"
    assert table.dtypes == [pl.Int64, pl.Float64, pl.Float64, pl.Float64]
