from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcompare as rlc
from rlcompare.readers.base import Chunk, Folder
from rlcompare.readers.dvclive import READER, SUMMARY_READER, claim, claim_summary, read, read_summary
from tests.readers.files import GOLDEN, claimed_run, golden_logs, log_file, one_table, read_grown, written

CASE = GOLDEN / "dvclive" / "resumed"
LIVE = CASE / "exp" / "dvclive"
EXPECTED: dict[str, list[list[Any]]] = json.loads((CASE / "expected.json").read_text())
REWARD = (LIVE / "plots" / "metrics" / "train" / "reward.tsv").read_bytes()

#: Times are exact to the millisecond that was logged.
WHOLE = [(step, pytest.approx(time, abs=1e-6), value) for step, time, value in EXPECTED["train/reward"]]

METRICS = "exp/dvclive/plots/metrics"


def read_bytes(folder: Path, data: bytes, name: str = "loss.tsv") -> Chunk:
    path = folder / METRICS / name
    written(path, data)
    return read(log_file(path, folder), None)


def rows(chunks: Chunk | list[Chunk]) -> list[tuple[Any, ...]]:
    return one_table(chunks).rows()


# --- what DVCLive's own parse_metrics says


@pytest.mark.parametrize("key", EXPECTED)
def test_golden(key: str) -> None:
    chunk = read(log_file(LIVE / "plots" / "metrics" / f"{key}.tsv", CASE), None)
    table = one_table(chunk)
    steps, times, values = zip(*EXPECTED[key], strict=True)
    has_times = times[0] is not None
    assert table.columns == (["step", "wall_time", key] if has_times else ["step", key])
    assert table["step"].to_list() == [*steps]
    assert repr(table[key].to_list()) == repr([*values])
    if has_times:
        assert table["wall_time"].to_list() == pytest.approx([*times], abs=1e-6)
    assert (chunk.issues, chunk.pending) == ((), None)


def test_golden_text_is_no_metric() -> None:
    chunk = read(log_file(LIVE / "plots" / "metrics" / "phase.tsv", CASE), None)
    assert chunk.tables == ()
    assert [issue.message for issue in chunk.issues] == ["Not numbers, so not shown as metrics: 'phase'."]


def test_golden_settings() -> None:
    chunk = read(log_file(LIVE / "params.yaml", CASE), None)
    assert chunk.config == {"lr": 0.001, "seed": 3, "net.width": 64, "net.layers": "[1, 2]"}
    assert (chunk.tables, chunk.issues) == ((), ())


def test_golden_summary() -> None:
    (table,) = read_summary(log_file(LIVE / "metrics.json", CASE), None).tables
    summary = json.loads((LIVE / "metrics.json").read_text())
    assert table.row(0, named=True) == {
        "step": summary["step"],
        "train/reward": 9.5,
        "train/deep/len": summary["train"]["deep"]["len"],
        "loss": float("inf"),
        "test/accuracy": 0.75,
    }


def test_open_runs_lists_the_run(tmp_path: Path) -> None:
    runs = rlc.open_runs(golden_logs("dvclive/resumed", tmp_path), cache=tmp_path / "cache")
    assert runs.ids == ("exp",)
    row = runs.table().row(0, named=True)
    assert (row["name"], row["last_step"], row["seed"], row["reward_key"]) == ("exp", 4, "3", "train/reward")
    assert row["started"] == pytest.approx(EXPECTED["train/reward"][0][1], abs=1e-6)
    found = {metric: (source, n) for metric, source, n in runs.metrics().select("metric", "source", "n").iter_rows()}
    assert found == {
        "loss": ("dvclive", 4),
        "train/reward": ("dvclive", 5),
        "train/deep/len": ("dvclive", 4),
        "test/accuracy": ("dvclive_summary", 1),
    }
    curve = runs.curves("train/reward")
    assert curve["value"].to_list() == [value for _, _, value in EXPECTED["train/reward"]]
    assert dict(runs.config().select("key", "value").iter_rows())["net.width"] == "64"


def test_experiments_side_by_side(tmp_path: Path) -> None:
    for name in ("a/dvclive", "b/dvclive", "logs/c", "dvclive"):
        written(tmp_path / "root" / name / "plots" / "metrics" / "loss.tsv", b"step\tloss\n1\t2.5\n")
    runs = rlc.open_runs(tmp_path / "root", cache=tmp_path / "cache")
    assert runs.ids == ("a", "b", "logs/c", "root")
    assert runs.table()["n_records"].to_list() == [1, 1, 1, 1]


# --- which file, which run


@pytest.mark.parametrize(
    ("name", "head", "run"),
    [
        ("exp/dvclive/plots/metrics/loss.tsv", b"step\tloss\n", "exp"),
        ("exp/dvclive/plots/metrics/train/loss.tsv", b"timestamp\tstep\tloss\r\n", "exp"),
        ("dvclive/plots/metrics/loss.tsv", b"step\tloss\n", "."),
        ("exp/results/plots/metrics/loss.tsv", b"step\tloss\n", "exp/results"),
        ("plots/metrics/loss.tsv", b"step\tloss\n", "."),
        ("exp/plots/metrics/loss.csv", b"step,loss\n", None),
        ("exp/plots/metrics/loss.tsv", b"epoch\tloss\n", None),
        ("exp/plots/metrics/loss.tsv", b"a\tb\tstep\n", None),
        ("exp/plots/metrics/loss.tsv", b"", None),
        ("exp/metrics/loss.tsv", b"step\tloss\n", None),
    ],
)
def test_claim(tmp_path: Path, name: str, head: bytes, run: str | None) -> None:
    written(tmp_path / name, head)
    assert claimed_run(READER, log_file(tmp_path / name, tmp_path)) == run


@pytest.mark.parametrize(
    ("folder", "folders", "run"),
    [("exp/dvclive", {"plots"}, "exp"), ("exp/dvclive", set(), "exp"), ("exp", {"plots"}, "exp"), ("exp", set(), None)],
)
def test_files_beside_the_plots(tmp_path: Path, folder: str, folders: set[str], run: str | None) -> None:
    for name, ask in (("params.yaml", claim), ("metrics.json", claim_summary)):
        file = log_file(written(tmp_path / folder / name, b'{\n    "step": 1\n}\n').path, tmp_path)
        found = ask(file, Folder(file.relative.parent, frozenset({name}), None, frozenset(folders)))
        assert (None if found is None else (str(found.run), found.tentative)) == (None if run is None else (run, True))


def test_metrics_of_a_pipeline_without_dvclive_make_no_run(tmp_path: Path) -> None:
    root = tmp_path / "root"
    written(root / "params.yaml", b"lr: 1\n")
    written(root / "metrics.json", b'{\n  "accuracy": 0.5\n}\n')
    written(root / "plots" / "confusion.csv", b"actual,predicted\na,b\n")
    assert rlc.open_runs(root, cache=tmp_path / "cache").ids == ()


def test_json_lines_of_this_name_are_left_to_others(tmp_path: Path) -> None:
    file = written(tmp_path / "metrics.json", b'{"step": 1, "loss": 2}\n{"step": 2, "loss": 1}\n')
    folder = Folder(file.relative.parent, frozenset({file.name}), None, frozenset({"plots"}))
    assert claim_summary(file, folder) is None


# --- growing files


@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, len(REWARD)), max_size=4))
def test_reads_in_between_change_nothing(cuts: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    chunks = read_grown(READER, tmp_path_factory.mktemp("log") / "plots/metrics/reward.tsv", REWARD, cuts)
    assert [row for chunk in chunks for row in rows(chunk)] == WHOLE
    assert chunks[-1].offset == len(REWARD)


@given(cut=st.integers(0, len(REWARD)))
def test_a_prefix_gives_a_prefix(cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    chunk = read_bytes(tmp_path_factory.mktemp("log"), REWARD[:cut], "train/reward.tsv")
    found = rows(chunk)
    assert found == WHOLE[: len(found)]
    assert len(found) == max(0, REWARD[:cut].count(b"\n") - 1)
    assert chunk.issues == ()


def test_text_is_named_once(tmp_path: Path) -> None:
    data = b"step\tphase\n0\tone\n1\ttwo\n"
    chunks = read_grown(READER, tmp_path / "phase.tsv", data, [18])
    assert [len(chunk.issues) for chunk in chunks] == [1, 0]


# --- bad input


def test_empty_file(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, b"")
    assert (chunk.tables, chunk.issues, chunk.pending, chunk.offset) == ((), (), None, 0)


def test_nan_infinities_and_missing_values(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, b"step\tloss\n0\tnan\n1\tinf\n2\t-inf\n3\t\n4\t1e-3\n")
    assert repr(rows(chunk)) == "[(0, nan), (1, inf), (2, -inf), (3, None), (4, 0.001)]"


def test_rows_that_are_none_cost_themselves(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, b"step\tloss\n0\t1\nx\t2\n2\n3\t4\t5\n4\t\x00\xff\n5\t6\n")
    assert [row for row in rows(chunk) if row[1] is not None] == [(0, 1.0), (5, 6.0)]
    assert len(chunk.issues) == 4


def test_a_header_written_again(tmp_path: Path) -> None:
    assert rows(read_bytes(tmp_path, b"step\tloss\n0\t1\nstep\tloss\n1\t2\n")) == [(0, 1.0), (1, 2.0)]


def test_metrics_called_like_the_index(tmp_path: Path) -> None:
    assert one_table(read_bytes(tmp_path, b"step\ttimestamp\n7\t5\n", "timestamp.tsv")).columns == ["step", "timestamp"]
    times = one_table(read_bytes(tmp_path, b"step\twall_time\n7\t5\n", "wall_time.tsv"))
    assert times.columns == ["step", "wall_time (logged)"]
    assert times.rows() == [(7, 5.0)]
    assert read_bytes(tmp_path, b"step\n5\n", "step.tsv").tables == ()


def test_the_same_name_in_another_folder(tmp_path: Path) -> None:
    written(tmp_path / METRICS / "train" / "loss.tsv", b"step\tloss\n0\t1\n")
    written(tmp_path / METRICS / "eval" / "loss.tsv", b"step\tloss\n0\t2\n")
    runs = rlc.open_runs(tmp_path, cache=tmp_path.with_name("cache"))
    assert sorted(runs.metrics()["metric"]) == ["eval/loss", "train/loss"]


def test_binary_rubbish(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, bytes(range(256)) * 40 + b"\n")
    assert chunk.tables == ()
    assert any(issue.severity == "error" for issue in chunk.issues)


def test_utf16_is_refused_with_a_reason(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, "step\tloss\n0\t1\n".encode("utf-16"))
    assert "UTF-16" in chunk.issues[0].message


def test_ten_megabytes_on_one_line(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, b"step\tloss\n0\t1\n" + b"7" * 10_000_000)
    assert rows(chunk) == [(0, 1.0)]
    assert chunk.pending is not None


@pytest.mark.parametrize("data", [b"", b"{\n", b"{\n" + b"[" * 100_000, b"\xff\xfe"])
def test_a_summary_that_is_not_whole(tmp_path: Path, data: bytes) -> None:
    chunk = read_summary(written(tmp_path / "metrics.json", data), None)
    assert chunk.tables == ()
    assert [(issue.severity, "Hint:" in issue.message) for issue in chunk.issues] == [("error", True)]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"[]", None),
        (b'{\n"loss": 1}', None),
        (b'{\n"step": 3}', None),
        (b'{\n"step": 3, "loss": "nan", "word": "x", "list": [1]}', "{'step': 3, 'loss': nan}"),
        (b'{\n"step": 3, "a": {"b": {"c": 1}}}', "{'step': 3, 'a/b/c': 1.0}"),
    ],
)
def test_summaries(tmp_path: Path, data: bytes, found: str | None) -> None:
    tables = read_summary(written(tmp_path / "metrics.json", data), None).tables
    assert ([repr(table.row(0, named=True)) for table in tables] or [None]) == [found]


def test_a_summary_with_a_step_that_is_none_is_an_issue(tmp_path: Path) -> None:
    chunk = read_summary(written(tmp_path / "metrics.json", b'{\n"step": "x", "loss": 1}'), None)
    assert chunk.tables == ()
    assert [issue.place for issue in chunk.issues] == ["object 1"]


@given(data=st.binary(max_size=100))
def test_no_bytes_raise(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("log")
    read_bytes(folder, data)
    read(written(folder / "params.yaml", data), None)
    file = written(folder / "metrics.json", data)
    claimed_run(SUMMARY_READER, file)
    read_summary(file, None)
