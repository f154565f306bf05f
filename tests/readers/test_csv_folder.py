from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import rlcompare as rlc
from rlcompare.readers.base import Chunk, Folder, Resume
from rlcompare.readers.csv_folder import GRADIENTS, READER, read
from tests.logs import SHARED_DATA, needs_shared_data
from tests.readers.files import GOLDEN, folder_of, golden_logs, log_file, one_table, read_grown, written

GOLDENS = GOLDEN / "csv_folder"
D3RLPY = GOLDENS / "d3rlpy" / "CQL_random_1_20240101120000"
PUBLIC = SHARED_DATA / "d3rlpy" / "takuseno_d3rlpy-benchmarks" / "atari"

#: A file of each kind, its bytes, and what it holds.
KINDS = pytest.mark.parametrize(
    ("place", "data", "rows"),
    [
        ("a/loss.csv", b"1,10,0.5\n1,20,nan\r\n2,30,-inf\n", [(10, 0.5), (20, math.nan), (30, -math.inf)]),
        ("scalars/a/loss.csv", b"0,0.5\n10,nan\r\n20,-inf\n", [(0, 0.5), (10, math.nan), (20, -math.inf)]),
    ],
    ids=["d3rlpy", "torchrl"],
)


def expected(case: str) -> dict[str, list[tuple[int, float]]]:
    lines = (GOLDENS / case / "expected.json").read_text().splitlines()
    return {name: [*map(tuple, rows)] for line in lines for name, rows in json.loads(line).items()}


def same(one: object, other: object) -> bool:
    return json.dumps(one) == json.dumps(other)


def read_at(root: Path, place: str, data: bytes) -> Chunk:
    written(root / place, data)
    return read(log_file(root / place, root), None)


def rows_of(chunks: Chunk | list[Chunk]) -> list[tuple[Any, ...]]:
    return one_table(chunks).rows()


def claimed(root: Path, place: str, data: bytes, *, beside: tuple[str, ...] = ()) -> str | None:
    written(root / place, data)
    file = log_file(root / place, root)
    folder = folder_of(file)
    claim = READER.claim(file, Folder(folder.relative, folder.files | {*beside}, folder.parent))
    return None if claim is None or isinstance(claim, list) else str(claim.run)  # type: ignore[union-attr]


# --- what the loggers were given


def test_golden_d3rlpy(tmp_path: Path) -> None:
    runs = rlc.open_runs(golden_logs("csv_folder/d3rlpy", tmp_path), cache=tmp_path / "cache")
    row = runs.table().row(0, named=True)
    told = ("run", "framework", "source", "step_unit", "last_step", "seed", "n_records", "started")
    assert tuple(row[name] for name in told) == (
        D3RLPY.name,
        "d3rlpy",
        "csv_folder",
        "gradient step",
        60,
        "1",
        24,
        None,
    )
    given_metrics = expected("d3rlpy")
    gradients = {f"q_funcs.0._fc.weight_grad/{name}" for name in GRADIENTS[2:]}
    assert set(runs.metrics()["metric"]) == given_metrics.keys() | gradients
    for metric, rows in given_metrics.items():
        assert runs.curves(metric).select("step", "value").rows() == rows
    assert runs.curves("reward").select("step", "value").rows() == given_metrics["environment"]
    lines = (D3RLPY / "q_funcs.0._fc.weight_grad.csv").read_text().splitlines()[1:]
    mean = runs.curves("q_funcs.0._fc.weight_grad/mean").select("step", "value").rows()
    assert mean == [(int(line.split(",")[1]), float(line.split(",")[4])) for line in lines]
    config = dict(runs.config().select("key", "value").rows())
    assert (config["action_size"], config["config.params.gamma"]) == ("2", "0.99")
    assert runs.issues().height == 0


def test_golden_torchrl(tmp_path: Path) -> None:
    runs = rlc.open_runs(golden_logs("csv_folder/torchrl", tmp_path), cache=tmp_path / "cache")
    row = runs.table().row(0, named=True)
    told = ("run", "framework", "source", "step_unit", "last_step", "seed", "n_records", "started")
    assert tuple(row[name] for name in told) == ("exp", "TorchRL", "csv_folder", "", 600, "7", 6, None)
    for metric, rows in expected("torchrl").items():
        assert same(runs.curves(metric).select("step", "value").rows(), rows)
    config = dict(runs.config().select("key", "value").rows())
    assert config == {"env.name": "CartPole-v1", "lr": "0.0003", "note": "a: b", "seed": "7"}
    assert runs.issues().height == 0


@needs_shared_data
def test_public_runs(tmp_path: Path) -> None:
    runs = rlc.open_runs(PUBLIC, cache=tmp_path)
    table = runs.table()
    assert table.height == 30
    assert set(table["framework"]) == {"d3rlpy"}
    algorithms = {name.split("_")[0] for name in table["run"]}
    assert algorithms == {"DiscreteBCQ", "DiscreteCQL", "QRDQN"}
    for algorithm in algorithms:
        seeds = table.filter(table["run"].str.starts_with(algorithm))["seed"]
        assert sorted(map(int, seeds)) == list(range(1, 11))
    reward = runs.metrics().filter(runs.metrics()["canonical"] == "reward")
    assert reward.select("metric", "n", "last_step").unique().rows() == [("environment", 100, 12_500_000)]
    for run in runs.ids:
        lines = (PUBLIC / run / "environment.csv").read_text().splitlines()
        values = [(int(step), float(value)) for _, step, value in (line.split(",") for line in lines)]
        assert runs.select([run]).curves("reward").select("step", "value").rows() == values
    assert runs.issues().height == 0


# --- which file, which run


@pytest.mark.parametrize(
    ("place", "data", "beside", "run"),
    [
        ("a/loss.csv", b"1,10,0.5\n", ("params.json",), "a"),
        ("a/loss.csv", b"1,10,0.5\n2,20,1e-05\n3,3", ("params.json",), "a"),
        ("a/loss.csv", b"1,10,0.5\n", (), None),
        ("a/loss.csv", b"1,10,0.5", ("params.json",), None),
        ("a/loss.csv", b"", ("params.json",), None),
        ("a/loss.csv", b"epoch,step,value\n1,10,0.5\n", ("params.json",), None),
        ("a/loss.csv", b"1,10,0.5\nx,20,1\n", ("params.json",), None),
        ("a/loss.csv", b"1.5,10,0.5\n", ("params.json",), None),
        ("a/loss.csv", b"1,-10,0.5\n", ("params.json",), None),
        ("a/loss.csv", b"1,10,a\n", ("params.json",), None),
        ("a/loss.csv", b"1,10\n", ("params.json",), None),
        ("a/loss.csv", b"\0\0\0,1,2\n", ("params.json",), None),
        ("a/loss.txt", b"1,10,0.5\n", ("params.json",), None),
        ("a/w_grad.csv", b"epoch,step,min,max,mean,std\n", ("params.json",), "a"),
        ("a/w_grad.csv", b"epoch,step,min,max,mean,std\n", (), None),
        ("a/w.csv", b"epoch,step,min,max,mean,std\n", ("params.json",), None),
        ("a/scalars/loss.csv", b"10,0.5\n", (), "a"),
        ("a/scalars/train/loss.csv", b"10,0.5\n", (), "a"),
        ("a/scalars/loss.csv", b"step,value\n10,0.5\n", (), None),
        ("a/scalars/loss.csv", b"10,0.5,1\n", (), None),
        ("a/scalar/loss.csv", b"10,0.5\n", (), None),
        ("a/loss.csv", b"10,0.5\n", (), None),
        ("a/texts/hparams0.txt", b"lr: 1\n", (), None),
    ],
)
def test_claim(tmp_path: Path, place: str, data: bytes, beside: tuple[str, ...], run: str | None) -> None:
    assert claimed(tmp_path, place, data, beside=beside) == run


def test_tables_with_a_header_beside_stay_with_their_readers(tmp_path: Path) -> None:
    written(tmp_path / "a" / "params.json", b'{"seed": 3}')
    written(tmp_path / "a" / "loss.csv", b"1,10,0.5\n")
    written(tmp_path / "a" / "other.csv", b"step,value\n1,2\n")
    runs = rlc.open_runs(tmp_path, cache=tmp_path / "cache")
    assert runs.table().select("run", "source").rows() == [("a", "csv_folder"), ("a/other.csv", "csv")]


def test_settings_alone_are_no_run(tmp_path: Path) -> None:
    written(tmp_path / "exp" / "texts" / "hparams0.txt", b"lr: 1\n")
    (tmp_path / "exp" / "scalars").mkdir()
    assert rlc.open_runs(tmp_path, cache=tmp_path / "cache").ids == ()


@pytest.mark.parametrize("name", ["step", "wall_time", "value", "epoch", "a b", "ünï", "<script>", "a.b"])
def test_a_metric_is_called_as_its_file(tmp_path: Path, name: str) -> None:
    key = f"{name} (logged)" if name in ("step", "wall_time") else name
    assert one_table(read_at(tmp_path, f"a/{name}.csv", b"1,10,0.5\n")).to_dicts() == [{"step": 10, key: 0.5}]
    table = one_table(read_at(tmp_path, f"scalars/x/{name}.csv", b"10,0.5\n"))
    assert table.to_dicts() == [{"step": 10, f"x/{name}": 0.5}]


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    written(tmp_path / "exp" / "params.json", b"{}")
    path = Path(str(tmp_path / "exp") + "/lo\udcffss.csv")
    path.write_bytes(b"1,10,0.5\n")
    runs = rlc.open_runs(tmp_path, cache=tmp_path / "cache")
    assert runs.metrics().select("run", "metric", "last").rows() == [("exp", r"lo\xffss", 0.5)]


# --- growing files


@KINDS
def test_a_whole_file(tmp_path: Path, place: str, data: bytes, rows: list[tuple[Any, ...]]) -> None:
    chunk = read_at(tmp_path, place, data)
    assert same(rows_of(chunk), rows)
    assert (chunk.issues, chunk.pending, chunk.offset) == ((), None, len(data))
    assert one_table(chunk).columns == ["step", "a/loss" if "scalars" in place else "loss"]


@KINDS
@settings(deadline=None, max_examples=60)
@given(cuts=st.lists(st.integers(0, 40), max_size=4))
def test_any_prefix_and_any_resumption(
    tmp_path_factory: pytest.TempPathFactory, place: str, data: bytes, rows: list[tuple[Any, ...]], cuts: list[int]
) -> None:
    root = tmp_path_factory.getbasetemp() / "grown"
    chunks: list[Chunk] = []
    resume = None
    for cut in [*sorted(min(cut, len(data)) for cut in cuts), len(data)]:
        written(root / place, data[:cut])
        chunks.append(read(log_file(root / place, root), resume))
        assert chunks[-1].offset == data.rfind(b"\n", 0, cut) + 1
        assert same(rows_of(chunks), rows[: data.count(b"\n", 0, cut)])
        resume = Resume(chunks[-1].offset, json.loads(json.dumps(chunks[-1].state)))
    assert all(chunk.issues == () for chunk in chunks)


def test_gradients_resumed_anywhere(tmp_path: Path) -> None:
    name = "q_funcs.0._fc.weight_grad.csv"
    data = (D3RLPY / name).read_bytes()
    whole = one_table(read(written(tmp_path / name, data), None))
    assert whole.shape == (3, 5)
    for cut in range(len(data)):
        assert_frame_equal(one_table(read_grown(READER, tmp_path / name, data, [cut])), whole)


# --- bad input


@KINDS
def test_an_empty_file(tmp_path: Path, place: str, data: bytes, rows: list[tuple[Any, ...]]) -> None:
    chunk = read_at(tmp_path, place, b"")
    assert (chunk.tables, chunk.issues, chunk.pending, chunk.offset) == ((), (), None, 0)


@KINDS
@pytest.mark.parametrize("line", [b"x", b"1", b"1,2,3,4", b"\0\0", b"\xff,\xff", b"1,1.5,2", b",,"])
def test_a_bad_line_costs_that_line(
    tmp_path: Path, place: str, data: bytes, rows: list[tuple[Any, ...]], line: bytes
) -> None:
    first, *rest = data.splitlines(keepends=True)
    chunk = read_at(tmp_path, place, first + line + b"\n" + b"".join(rest))
    assert same(rows_of(chunk), rows)
    assert "line 2" in {issue.place for issue in chunk.issues}


@KINDS
def test_rubbish_alone(tmp_path: Path, place: str, data: bytes, rows: list[tuple[Any, ...]]) -> None:
    for rubbish in (bytes(range(256)) * 40 + b"\n", data.decode().encode("utf-16")):
        chunk = read_at(tmp_path, place, rubbish)
        assert chunk.tables == ()
        assert chunk.issues


@KINDS
def test_ten_megabytes_on_one_line(tmp_path: Path, place: str, data: bytes, rows: list[tuple[Any, ...]]) -> None:
    chunk = read_at(tmp_path, place, data + b"7" * 10_000_000)
    assert same(rows_of(chunk), rows)
    assert chunk.pending is not None
    assert "10,000,000 bytes" in chunk.pending.message


@pytest.mark.parametrize(
    ("text", "config"),
    [
        (b"", {}),
        (
            b"lr: 0.5\nnote: [1, 2\nname: !!python/object:os.system {}\n",
            {"lr": 0.5, "note": "[1, 2", "name": "!!python/object:os.system {}"},
        ),
        (b"a: 1\nno colon\n: 2\n\xff: \xff\n", {"a": 1, "\ufffd": "\ufffd"}),
        (b"\0\1\2", {}),
        (b"x: " + b"[" * 100_000, {"x": "[" * 100_000}),
    ],
)
def test_settings_are_plain_data(tmp_path: Path, text: bytes, config: dict[str, Any]) -> None:
    chunk = read_at(tmp_path, "exp/texts/hparams0.txt", text)
    assert chunk.config == config
    assert (chunk.tables, chunk.offset) == ((), len(text))
