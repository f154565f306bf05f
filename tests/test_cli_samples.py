"""Episodes and rollouts on the command line."""

from __future__ import annotations

import io
import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from rlcompare import schema
from rlcompare.cli import main


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "exp" / "rollouts"
    folder.mkdir(parents=True)
    for step in (1, 2):
        rows = [
            {"input": f"prompt {i}", "output": "<b>" * (i + step), "gts": "7", "score": i / 2, "step": step}
            for i in range(2)
        ]
        (folder / f"{step}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_a_row_a_rollout(logs: Path) -> None:
    done = call("samples", logs)
    assert done.exit_code == 0, done.stderr
    frame = pl.read_csv(io.BytesIO(done.stdout_bytes))
    assert frame.columns == list(schema.SAMPLES)
    assert frame.select("run", "step", "split", "reward", "length", "length_unit").rows() == [
        ("exp", 1, "train", 0.0, 3.0, "character"),
        ("exp", 1, "train", 0.5, 6.0, "character"),
        ("exp", 2, "train", 0.0, 6.0, "character"),
        ("exp", 2, "train", 0.5, 9.0, "character"),
    ]


def test_texts_of_the_steps_asked_for(logs: Path, tmp_path: Path) -> None:
    target = tmp_path / "samples.parquet"
    done = call("samples", logs, "--run", "e*", "--step", 2, "--texts", "--format", "parquet", "-o", target)
    assert done.exit_code == 0, done.stderr
    frame = pl.read_parquet(target)
    assert frame.columns == [*schema.SAMPLES, "prompt", "response", "others"]
    assert frame.select("step", "prompt", "response").rows() == [(2, "prompt 0", "<b>" * 2), (2, "prompt 1", "<b>" * 3)]
    assert json.loads(frame["others"][0])["gts"] == "7"


def test_a_log_that_is_gone_is_told(logs: Path) -> None:
    assert call("samples", logs).exit_code == 0
    done = call("samples", logs, "--run", "nothing")
    assert (done.exit_code, "Expected the id or pattern of one of 1 runs" in done.stderr) == (1, True)
