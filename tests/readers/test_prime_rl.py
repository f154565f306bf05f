from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcompare as rlc
from rlcompare.readers.base import Chunk
from rlcompare.readers.prime_rl import READER
from tests.readers.files import GOLDEN, claimed_run, log_file, one_table, read_grown, written

CASE = GOLDEN / "prime"
LOG = (CASE / "run" / "metrics.jsonl").read_bytes()
GIVEN = json.loads((CASE / "expected_metrics.json").read_text())


def as_read(row: dict[str, Any]) -> dict[str, float]:
    """A row as the reader gives it: what both processes log under the name of its process, nothing of NaN."""
    named = {"time/step", "time/save_ckpt"}
    values = {
        (f"{row['who']}/{key}" if key in named else key): float(value)
        for key, value in row.items()
        if key not in ("who", "step", "time") and value == value
    }
    return {"step": int(row["step"]), "wall_time": row["time"], **values}


def records(chunks: Chunk | list[Chunk]) -> list[dict[str, float]]:
    rows = one_table(chunks).iter_rows(named=True)
    return [dict(sorted((key, value) for key, value in row.items() if value is not None)) for row in rows]


EXPECTED = [dict(sorted(as_read(row).items())) for row in GIVEN]


def test_golden() -> None:
    chunk = READER.read(log_file(CASE / "run" / "metrics.jsonl"), None)
    assert records(chunk) == EXPECTED
    assert (chunk.issues, chunk.pending, chunk.step_unit, chunk.framework) == ((), None, "step", "prime-rl")


@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, len(LOG)), max_size=4))
def test_a_read_resumed_anywhere_gives_the_same(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    chunks = read_grown(READER, tmp_path_factory.getbasetemp() / "metrics.jsonl", LOG, cuts)
    assert records(chunks) == EXPECTED
    assert chunks[-1].state["line"] == 1 + LOG.count(b"\n")


@settings(deadline=None)
@given(data=st.lists(st.sampled_from([LOG, b'{"step": 1, "time": ', b'1.5, "time/step": 1', b"}", b"\n", b"\xff"])))
def test_no_bytes_raise(tmp_path_factory: pytest.TempPathFactory, data: list[bytes]) -> None:
    READER.read(written(tmp_path_factory.getbasetemp() / "metrics.jsonl", b"".join(data)), None)


def test_a_name_that_one_process_has_stays(tmp_path: Path) -> None:
    lines = b'{"step": 1, "time": 1755850000.5, "time/step": 3.0}\n{"step": "x", "time": 1}\n'
    chunk = READER.read(written(tmp_path / "metrics.jsonl", lines), None)
    assert records(chunk) == [{"step": 1, "time/step": 3.0, "wall_time": 1755850000.5}]
    assert [issue.place for issue in chunk.issues] == ["column time", "line 2"]


@pytest.mark.parametrize(
    ("name", "data", "run"),
    [
        ("run/metrics.jsonl", LOG, "run"),
        ("metrics.jsonl", b'{"step": 0, "time": 1755850000.5, "perf/throughput_per_gpu": 1.0}\n', "."),
        ("metrics.jsonl", b'{"step": 0, "time": 1755850000.5, "loss": 1.0}\n', None),
        ("metrics.jsonl", b'{"step": 0, "perf/throughput_per_gpu": 1.0}\n', None),
        ("other.jsonl", LOG, None),
        ("metrics.jsonl", b"", None),
        ("metrics.jsonl", b"\0", None),
    ],
)
def test_claims(tmp_path: Path, name: str, data: bytes, run: str | None) -> None:
    written(tmp_path / name, data)
    assert claimed_run(READER, log_file(tmp_path / name, tmp_path)) == run


def test_both_processes_keep_every_step(tmp_path: Path) -> None:
    written(tmp_path / "run" / "metrics.jsonl", LOG)
    runs = rlc.open_runs(tmp_path)
    assert runs.ids == ("run",)
    (row,) = runs.table().rows(named=True)
    assert (row["framework"], row["step_unit"], row["last_step"], row["n_records"]) == ("prime-rl", "step", 3, 22)
    for metric in ("trainer/time/step", "orchestrator/time/step", "reward", "kl", "response_length", "loss/mean"):
        curve = runs.curves(metric)
        assert curve["step"].to_list() == [0, 1, 2, 3], metric
        assert curve["wall_time"].is_sorted()
    assert runs.curves("orchestrator/time/step")["value"].to_list() == [10.0, 11.0, 12.0, 13.0]
    assert runs.curves("validation_score").select("step", "value").rows() == [(0, 0.5), (2, 0.7)]
