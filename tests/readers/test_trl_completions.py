from __future__ import annotations

import gzip
import json
import os
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import rlcompare as rlc
from rlcompare.demo import demo_folder
from rlcompare.readers.base import Chunk
from rlcompare.readers.samples import prompt_id
from rlcompare.readers.trl_completions import READER
from tests.readers.files import GOLDEN, claimed_run, log_file, written

ROOT = GOLDEN / "trl_completions"
PARTS = ("share_of_a_reward", "length_reward")
PLAIN = (ROOT / "grpo" / "completions" / "completions_00001.parquet").read_bytes()


def given_rows(case: str, step: int) -> list[dict[str, Any]]:
    return [row for row in json.loads((ROOT / case / "expected.json").read_text()) if row["step"] == step]


def read_golden(case: str, step: int) -> Chunk:
    return READER.read(log_file(ROOT / case / "completions" / f"completions_{step:05d}.parquet", ROOT / case), None)


def read_frame(folder: Path, frame: pl.DataFrame, step: int = 12) -> Chunk:
    path = folder / "completions" / f"completions_{step:05d}.parquet"
    path.parent.mkdir(exist_ok=True)
    frame.write_parquet(path)
    return READER.read(log_file(path, folder), None)


def samples(chunk: Chunk) -> pl.DataFrame:
    assert chunk.samples is not None
    return chunk.samples


def total(row: dict[str, Any]) -> float:
    """The plain sum, without what a function did not say."""
    return sum(row[part] for part in PARTS if row[part] == row[part])


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else value[-1]["content"]


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("case", ["grpo", "weighted", "messages"])
def test_golden(case: str, step: int) -> None:
    chunk, rows = read_golden(case, step), given_rows(case, step)
    found = samples(chunk)
    assert found.height == 8
    assert found["step"].to_list() == [step] * 8
    rewards = [None] * 8 if case == "weighted" else pytest.approx([total(row) for row in rows])
    assert found["reward"].to_list() == rewards
    assert found["length"].to_list() == [len(text_of(row["completion"])) for row in rows]
    assert found["place"].to_list() == list(range(8))
    assert found.select("split", "length_unit").unique().rows() == [("train", "character")]
    first, *_, last = found["prompt_id"].to_list()
    assert (found["prompt_id"].n_unique(), first == last) == (2, False)
    assert (chunk.tables, chunk.framework, chunk.step_unit) == ((), "TRL", "step")


def test_prompts_are_hashed_as_texts() -> None:
    rows = given_rows("grpo", 1)
    assert samples(read_golden("grpo", 1))["prompt_id"].to_list() == [prompt_id(row["prompt"]) for row in rows]


@pytest.mark.parametrize("case", ["grpo", "messages"])
def test_advantages_that_follow_the_sum_are_no_issue(case: str) -> None:
    assert [read_golden(case, step).issues for step in (1, 2)] == [(), ()]


def test_advantages_of_weighted_rewards_are_told_once() -> None:
    (issue,) = read_golden("weighted", 1).issues
    assert (issue.path, issue.place, issue.severity) == ("completions", "column advantage", "warning")
    assert issue.message.startswith("Expected advantages that follow a sum of 'share_of_a_reward', 'length_reward', ")
    assert rlc.open_runs(ROOT / "weighted").issues().height == 1


@pytest.mark.parametrize("case", ["grpo", "messages"])
def test_texts_of_the_golden(case: str) -> None:
    file = log_file(ROOT / case / "completions" / "completions_00002.parquet", ROOT / case)
    rows = given_rows(case, 2)
    found = READER.texts(file, [5, 2, 2])  # type: ignore[misc]
    assert [text_of(rows[at]["completion"]) in text.response for at, text in zip([5, 2, 2], found, strict=True)] == [
        True
    ] * 3
    if case == "messages":
        assert found[0].prompt == f"[user]\n{rows[5]['prompt'][0]['content']}"
        assert found[0].response == f"[assistant]\n{rows[5]['completion'][0]['content']}"
    else:
        assert (found[0].prompt, found[0].response) == (rows[5]["prompt"], rows[5]["completion"])
    assert found[0].others["advantage"] == str(rows[5]["advantage"])
    assert READER.texts(file, []) == []  # type: ignore[misc]


# --- other columns


def test_a_reward_column_is_the_reward(tmp_path: Path) -> None:
    frame = pl.DataFrame({"prompt": ["p"], "completion": ["c"], "reward": [0.25], "format": [1.0]})
    found = samples(read_frame(tmp_path, frame))
    assert found.select("step", "reward", "correct").row(0) == (12, 0.25, None)


def test_what_is_logged_besides_is_no_reward(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"step": [3.0, None], "prompt": ["p", "p"], "completion": ["né", None], "right": [1.0, None]}
        | {"note": ["x", "y"], "count": [7, 8], "correct": [True, False], "accuracy": [0.5, 0.0]}
    )
    found = samples(read_frame(tmp_path, frame.with_columns(pl.col("accuracy").cast(pl.Float32))))
    assert found.select("step", "reward", "length", "correct").rows() == [
        (3, 1.5, 2.0, True),
        (12, 0.0, None, False),
    ]


@pytest.mark.parametrize(
    ("advantages", "rewards"),
    [
        ([0.7, -0.7, 0.5, -0.5], [7.0, 4.0, 1.0, 0.0]),  # of both
        ([0.7, -0.7, -0.5, 0.5], [1.0, 0.0, 0.0, 1.0]),  # of right alone
        ([0.0, 0.0, 0.0, 0.0], None),
        ([-0.7, 0.7, 0.5, -0.5], None),
    ],
)
def test_columns_whose_sum_the_advantages_follow(
    tmp_path: Path, advantages: list[float], rewards: list[float] | None
) -> None:
    frame = pl.DataFrame(
        {"prompt": ["p", "p", "q", "q"], "completion": "c", "advantage": advantages}
        | {"right": [1.0, 0.0, 0.0, 1.0], "besides": [6.0, 4.0, 1.0, -1.0]}
    )
    chunk = read_frame(tmp_path, frame)
    assert samples(chunk)["reward"].to_list() == (rewards or [None] * 4)
    assert len(chunk.issues) == (rewards is None)


def test_no_reward_at_all(tmp_path: Path) -> None:
    found = samples(read_frame(tmp_path, pl.DataFrame({"prompt": ["p"], "completion": ["c"]})))
    assert found.select("reward", "length").row(0) == (None, 1.0)


def test_rewards_that_nobody_gave(tmp_path: Path) -> None:
    frame = pl.DataFrame({"prompt": ["p", "p"], "completion": ["c", "d"], "a": [float("nan"), float("inf")]})
    assert samples(read_frame(tmp_path, frame))["reward"].to_list() == [None, float("inf")]


def test_a_file_without_rows(tmp_path: Path) -> None:
    frame = pl.DataFrame(schema={"step": pl.Int64, "prompt": pl.String, "completion": pl.String, "r": pl.Float64})
    chunk = read_frame(tmp_path, frame)
    assert (samples(chunk).height, chunk.issues) == (0, ())


def test_columns_of_something_else(tmp_path: Path) -> None:
    chunk = read_frame(tmp_path, pl.DataFrame({"text": ["a"], "label": [1]}))
    assert chunk.samples is None
    assert [(issue.severity, issue.message) for issue in chunk.issues] == [
        ("error", "Expected columns prompt and completion, came text, label.")
    ]


# --- damage


@pytest.mark.parametrize("cut", [0, 1, 4, 100, len(PLAIN) // 2, len(PLAIN) - 8, len(PLAIN) - 1])
def test_a_file_that_is_cut(tmp_path: Path, cut: int) -> None:
    chunk = READER.read(written(tmp_path / "completions_00001.parquet", PLAIN[:cut]), None)
    assert chunk.samples is None
    (issue,) = chunk.issues
    assert issue.severity == "error"
    assert issue.message.startswith(f"Expected a Parquet file, came {cut:,} bytes")


def test_rubbish_is_an_issue(tmp_path: Path) -> None:
    for at in range(0, len(PLAIN) - 64, 97):
        data = PLAIN[:at] + os.urandom(64) + PLAIN[at + 64 :]
        chunk = READER.read(written(tmp_path / "completions_00001.parquet", data), None)
        assert chunk.samples is not None or chunk.issues[0].severity == "error"


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    file = written(tmp_path / "completions_00001.parquet", PLAIN)
    file.path.unlink()
    with pytest.raises(FileNotFoundError):
        READER.read(file, None)
    with pytest.raises(FileNotFoundError):
        READER.texts(file, [0])  # type: ignore[misc]


@pytest.mark.parametrize("data", [PLAIN, PLAIN[:200]])
def test_a_place_that_holds_no_sample(tmp_path: Path, data: bytes) -> None:
    file = written(tmp_path / "completions_00001.parquet", data)
    with pytest.raises(ValueError, match="Expected a"):
        READER.texts(file, [3, 80])  # type: ignore[misc]


def test_a_packed_file_is_unpacked(tmp_path: Path) -> None:
    file = written(tmp_path / "completions_00001.parquet.gz", gzip.compress(PLAIN))
    assert samples(READER.read(file, None)).height == 8
    assert len(READER.texts(file, [7])) == 1  # type: ignore[misc]


# --- which run


@pytest.mark.parametrize(
    ("name", "run"),
    [
        ("out/completions/completions_00012.parquet", "out"),
        ("completions/completions_00012.parquet", "."),
        ("out/saved/completions_00012.parquet", "out/saved"),
        ("out/completions/completions_12.csv", None),
        ("out/completions/train-00000-of-00001.parquet", None),
    ],
)
def test_claims(tmp_path: Path, name: str, run: str | None) -> None:
    written(tmp_path / name, PLAIN)
    assert claimed_run(READER, log_file(tmp_path / name, tmp_path)) == run


def test_a_run_has_the_trainer_s_metrics_and_the_samples(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "grpo", tmp_path / "grpo")
    runs = rlc.open_runs(tmp_path)
    assert runs.ids == ("grpo",)
    (row,) = runs.table().rows(named=True)
    assert (row["framework"], row["last_step"], row["n_records"], row["reward_key"]) == ("TRL", 2, 2, "reward")
    trained = runs.curves("reward")["value"].to_list()
    assert runs.curves("samples/reward/mean")["value"].to_list() == pytest.approx(trained, abs=1e-6)
    assert runs.samples().height == 16
    assert runs.config().filter(pl.col("key") == "max_steps")["value"].to_list() == ["2"]


def test_the_demo_s_samples_agree_with_what_its_trainer_logged() -> None:
    """Of six real trainings, three with weights of 1 and 0, in which one prompt came twice in a batch."""
    runs = rlc.open_runs(demo_folder()).select("*/grpo-*")
    trained = runs.curves("reward").select("run", "step", "value")
    sampled = runs.curves("samples/reward/mean").select("run", "step", pl.col("value").alias("mean"))
    both = trained.join(sampled, on=["run", "step"])
    assert both.height == sampled.height == 33
    assert (both["value"] - both["mean"]).abs().max() < 1e-6  # type: ignore[operator]
