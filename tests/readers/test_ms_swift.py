from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import rlcompare as rlc
from rlcompare.readers.base import Chunk
from rlcompare.readers.ms_swift import READER
from tests.readers.files import GOLDEN, claimed_run, log_file, one_table, read_grown, written

ROOT = GOLDEN / "ms_swift"
LOG = (ROOT / "grpo" / "logging.jsonl").read_bytes()
SUMMARY = {
    "last_model_checkpoint": None,
    "best_metric": None,
    "global_step": 2,
    "log_history": [{"loss": 1, "step": 1}],
}


def as_read(row: dict[str, Any]) -> dict[str, float]:
    """What is logged of a row: its step as a number, the time that passed in seconds."""
    step = row.get("global_step/max_steps", row.get("iteration"))
    seconds = sum(int(part[:-1]) * {"h": 3600, "m": 60, "s": 1}[part[-1]] for part in row["elapsed_time"].split())
    texts = ("global_step/max_steps", "iteration", "elapsed_time", "remaining_time")
    numbers = {key: float(value) for key, value in row.items() if key not in texts}
    return {"step": int(step.split("/")[0]), "elapsed_time": float(seconds), **numbers}


def expected(case: str) -> list[dict[str, float]]:
    rows = json.loads((ROOT / case / "expected.json").read_text())
    return [as_read(row) for row in rows if "train_runtime" not in row]


def records(chunks: Chunk | list[Chunk]) -> list[dict[str, float]]:
    rows = one_table(chunks).iter_rows(named=True)
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


def same(found: list[dict[str, float]], rows: list[dict[str, float]]) -> bool:
    return repr([sorted(row.items()) for row in found]) == repr([sorted(row.items()) for row in rows])


def row(step: str, **more: object) -> dict[str, object]:
    return {"loss": 0.5, "global_step/max_steps": step, "elapsed_time": "1m 42s", "remaining_time": "5s", **more}


def read(folder: Path, *lines: object) -> Chunk:
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    return READER.read(written(folder / "logging.jsonl", data), None)


@pytest.mark.parametrize("case", ["grpo", "megatron"])
def test_golden(case: str) -> None:
    chunk = READER.read(log_file(ROOT / case / "logging.jsonl"), None)
    assert same(records(chunk), expected(case))
    assert (chunk.issues, chunk.pending, chunk.finished) == ((), None, True)
    assert (chunk.framework, chunk.step_unit) == ("ms-swift", "step")


def test_the_restart_of_the_golden_goes_back() -> None:
    steps = one_table(READER.read(log_file(ROOT / "grpo" / "logging.jsonl"), None))["step"].to_list()
    assert steps == [1, 2, 3, 3, 3, 3, 4, 5, 6, 6]


def test_nan_stays_nan() -> None:
    table = one_table(READER.read(log_file(ROOT / "megatron" / "logging.jsonl"), None))
    assert math.isnan(table["grad_norm"][1])
    assert table["memory(GiB)"].to_list() == [61.23] * 4


@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, len(LOG)), max_size=4))
@example(cuts=[len(LOG) - 1])
def test_a_read_resumed_anywhere_gives_the_same(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    chunks = read_grown(READER, tmp_path_factory.getbasetemp() / "logging.jsonl", LOG, cuts)
    assert same(records(chunks), expected("grpo"))
    assert chunks[-1].finished
    assert chunks[-1].state["line"] == 1 + LOG.count(b"\n")


@settings(deadline=None)
@given(
    data=st.lists(
        st.sampled_from(
            [LOG, b'{"global_step/max_steps": "1', b'"last_model_checkpoint":', b'/2"}', b"\n", b"[1]", b"\xff"]
        )
    ).map(b"".join)
)
def test_no_bytes_raise(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    READER.read(written(tmp_path_factory.getbasetemp() / "logging.jsonl", data), None)


def test_the_summary_is_no_record(tmp_path: Path) -> None:
    chunk = read(tmp_path, row("1/2"), row("2/2"), SUMMARY, row("1/2", loss=7.0))
    assert [found["loss"] for found in records(chunk)] == [0.5, 0.5, 7.0]
    assert chunk.issues == ()


@pytest.mark.parametrize(
    ("lines", "finished"),
    [
        ([row("1/2")], False),
        ([row("2/2")], False),
        ([row("2/2"), SUMMARY], True),
        ([row("1/2"), SUMMARY], False),  # it failed
        ([row("1/2"), row("1/2", train_runtime=3.5), SUMMARY], True),  # it was stopped early, as planned
        ([row("2/2"), SUMMARY, row("1/2")], False),
        ([row("1/2"), row("1/2", train_runtime=3.5), SUMMARY, row("1/2"), SUMMARY], False),
    ],
)
def test_finished_means_to_the_end(tmp_path: Path, lines: list[object], finished: bool) -> None:
    assert read(tmp_path, *lines).finished is finished
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    cuts = [at + 1 for at, byte in enumerate(data) if byte == ord("\n")]
    assert read_grown(READER, tmp_path / "logging.jsonl", data, cuts)[-1].finished is finished


def test_the_trainer_s_runtime_is_a_setting() -> None:
    chunk = READER.read(log_file(ROOT / "grpo" / "logging.jsonl"), None)
    rows = json.loads((ROOT / "grpo" / "expected.json").read_text())
    assert chunk.config == {"train_runtime": rows[-1]["train_runtime"]}
    assert "train_loss" not in one_table(chunk).columns


@pytest.mark.parametrize(
    ("elapsed", "seconds"),
    [("9s", 9.0), ("1m 42s", 102.0), ("2h 0m 1s", 7201.0), ("1d 1h 1m 1s", 90061.0), ("soon", None), ("5", None)],
)
def test_elapsed_time_in_seconds(tmp_path: Path, elapsed: str, seconds: float | None) -> None:
    (found,) = records(read(tmp_path, row("1/2", elapsed_time=elapsed)))
    assert found.get("elapsed_time") == seconds


def test_rows_without_a_step_and_texts(tmp_path: Path) -> None:
    chunk = read(tmp_path, row("1/9", note="x"), {"loss": 1.0, "elapsed_time": "1s"}, row("x/9"), row("3/9"))
    assert [found["step"] for found in records(chunk)] == [1, 3]
    assert [(issue.place, issue.message) for issue in chunk.issues] == [
        ("", "Not numbers, so not shown as metrics: 'note'."),
        ("line 2", "Expected a whole number as 'global_step/max_steps', there is none; left out."),
        ("line 3", "Expected a whole number as 'global_step/max_steps', there is none; left out."),
    ]


@pytest.mark.parametrize(
    ("name", "data", "run"),
    [
        ("out/v0/logging.jsonl", LOG, "out/v0"),
        ("logging.jsonl", b'{"loss": 1, "iteration": "1/4"}\n', "."),
        ("out/other.jsonl", LOG, None),
        ("out/logging.jsonl", b'{"step": 1, "loss": 2}\n', None),
        ("out/logging.jsonl", b'{"iteration": 4, "loss": 2}\n', None),
        ("out/logging.jsonl", json.dumps(SUMMARY).encode(), None),
        ("out/logging.jsonl", b"", None),
        ("out/logging.jsonl", b"\0\1", None),
    ],
)
def test_claims(tmp_path: Path, name: str, data: bytes, run: str | None) -> None:
    written(tmp_path / name, data)
    assert claimed_run(READER, log_file(tmp_path / name, tmp_path)) == run


def test_as_a_run_beside_the_state_of_its_trainer(tmp_path: Path) -> None:
    out = tmp_path / "output" / "v0-20260101-000000"
    shutil.copytree(ROOT / "grpo", out)
    shutil.copy(GOLDEN / "trainer_state" / "grpo" / "trainer_state.json", out)
    (out / "args.json").write_text('{"seed": 42, "rlhf_type": "grpo"}')
    runs = rlc.open_runs(tmp_path)
    (found,) = runs.table().rows(named=True)
    assert (found["framework"], found["seed"], found["last_step"], found["step_unit"], found["status"]) == (
        "ms-swift",
        "42",
        6,
        "step",
        "finished",
    )
    curve = runs.curves("reward", restarts="later")
    assert curve["step"].to_list()[-3:] == [4, 5, 6]
    assert dict(runs.config().select("key", "value").iter_rows())["rlhf_type"] == "grpo"
