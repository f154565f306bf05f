from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcompare as rlc
from rlcompare.readers.base import Chunk
from rlcompare.readers.sample_lines import SAMPLES_A_LINE
from rlcompare.readers.samples import prompt_id
from rlcompare.readers.swift_completions import READER
from tests.readers.files import GOLDEN, claimed_run, log_file, read_grown, written

ROOT = GOLDEN / "swift_completions"
LOG = (ROOT / "grpo" / "completions.jsonl").read_bytes()


def given_rows(case: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((ROOT / case / "expected.json").read_text())
    return rows


def read(folder: Path, *lines: object) -> Chunk:
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    return READER.read(written(folder / "completions.jsonl", data), None)


def samples(chunks: Chunk | list[Chunk]) -> pl.DataFrame:
    frames = [chunk.samples for chunk in ([chunks] if isinstance(chunks, Chunk) else chunks)]
    return pl.concat([frame for frame in frames if frame is not None])


def total(row: dict[str, Any]) -> float:
    if "reward" in row:
        return float(row["reward"])
    return sum(row[part] for part in ("Accuracy", "Format") if row[part] == row[part])


@pytest.mark.parametrize("case", ["grpo", "ray", "megatron"])
def test_golden(case: str) -> None:
    chunk = READER.read(log_file(ROOT / case / "completions.jsonl"), None)
    rows, found = given_rows(case), samples(chunk)
    assert found["step"].to_list() == [row["step"] for row in rows]
    assert found["reward"].to_list() == pytest.approx([total(row) for row in rows])
    assert found["length"].to_list() == [len(row["completion"]) for row in rows]
    assert found.select("split", "length_unit").unique().rows() == [("train", "character")]
    assert (chunk.tables, chunk.issues, chunk.pending) == ((), (), None)
    assert (chunk.framework, chunk.step_unit) == ("ms-swift", "step")


def test_prompts_and_texts_of_the_golden() -> None:
    file = log_file(ROOT / "grpo" / "completions.jsonl")
    rows, found = given_rows("grpo"), samples(READER.read(file, None))
    assert found["prompt_id"].to_list() == [prompt_id(row["prompt"]) for row in rows]
    texts = READER.texts(file, found["place"].to_list()[::-1])[::-1]  # type: ignore[misc]
    assert [(text.prompt, text.response) for text in texts] == [(row["prompt"], row["completion"]) for row in rows]
    assert texts[1].others == {
        "step": "5",
        "Accuracy": "0.0",
        "Format": "0.25",
        "advantages": "-1.0",
        "solution": "2",
        "num_turns": "2",
    }


@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, len(LOG)), max_size=4))
def test_a_read_resumed_anywhere_gives_the_same(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    path = tmp_path_factory.getbasetemp() / "completions.jsonl"
    chunks = read_grown(READER, path, LOG, cuts)
    whole = READER.read(written(path, LOG), None)
    assert samples(chunks).equals(samples(whole))
    assert (chunks[-1].offset, chunks[-1].state) == (whole.offset, whole.state)


@settings(deadline=None)
@given(
    data=st.lists(st.sampled_from([LOG, b'{"step": [1], ', b'"prompt": ["a"], "completion": ', b"[]}", b"\n", b"1"]))
)
def test_no_bytes_raise(tmp_path_factory: pytest.TempPathFactory, data: list[bytes]) -> None:
    READER.read(written(tmp_path_factory.getbasetemp() / "completions.jsonl", b"".join(data)), None)


def test_lists_of_other_lengths(tmp_path: Path) -> None:
    chunk = read(tmp_path, {"step": ["1", "1"], "prompt": ["p"], "completion": ["a", "bb"], "R": [0.5]})
    assert samples(chunk).select("step", "reward", "length").rows() == [(1, 0.5, 1.0), (1, None, 2.0)]


def test_a_line_without_a_step_or_a_text_costs_that_line(tmp_path: Path) -> None:
    chunk = read(
        tmp_path,
        {"step": ["1"], "prompt": ["p"], "completion": ["a"]},
        {"step": ["one"], "prompt": ["p"], "completion": ["a"]},
        {"step": ["3"], "prompt": ["p"]},
        {"step": ["4"], "prompt": ["p"], "completion": []},
        {"gen_step": 5, "prompt": "p", "completion": "a"},
    )
    assert samples(chunk).select("step", "reward").rows() == [(1, None), (5, None)]
    assert [(issue.place, issue.message) for issue in chunk.issues] == [
        ("line 2", "Expected a whole number as step or gen_step, found 'one'; left out."),
        ("line 3", "Expected prompt and completion, found 'step', 'prompt'; left out."),
    ]


def test_more_samples_on_a_line_than_have_a_place(tmp_path: Path) -> None:
    n = SAMPLES_A_LINE + 2
    chunk = read(tmp_path, {"step": [1] * n, "prompt": [""] * n, "completion": [""] * n})
    assert samples(chunk)["place"].null_count() == 2
    assert samples(chunk).height == n


@pytest.mark.parametrize(
    ("name", "data", "run"),
    [
        ("out/v0/completions.jsonl", b'{"step": ["5"], "prompt": ["', "out/v0"),
        ("out/completions.jsonl", b'{"gen_step": 5, "prompt": "p", "completion": "c"}\n', "out"),
        ("completions.jsonl", b'{"gen_step": null, "prompt": "' + b"x" * 100_000, "."),
        ("out/completions.jsonl", b'{"prompt": "p", "completion": "c"}\n', None),
        ("out/other.jsonl", b'{"step": ["5"]}\n', None),
        ("out/completions.jsonl", b"", None),
        ("out/completions.jsonl", b"\0\0", None),
    ],
)
def test_claims(tmp_path: Path, name: str, data: bytes, run: str | None) -> None:
    written(tmp_path / name, data)
    assert claimed_run(READER, log_file(tmp_path / name, tmp_path)) == run


def test_a_run_with_metrics_and_completions(tmp_path: Path) -> None:
    for source in (GOLDEN / "ms_swift" / "grpo" / "logging.jsonl", ROOT / "grpo" / "completions.jsonl"):
        written(tmp_path / "v0-20260101" / source.name, source.read_bytes())
    (tmp_path / "v0-20260101" / "args.json").write_text('{"seed": 42, "learning_rate": 1e-05, "beta": 0.04}')
    runs = rlc.open_runs(tmp_path)
    (row,) = runs.table().rows(named=True)
    assert (row["run"], row["framework"], row["seed"], row["reward_key"]) == ("v0-20260101", "ms-swift", "42", "reward")
    assert runs.curves("samples/reward/mean").select("step", "value").rows() == [(5, 0.7), (10, 0.7125), (15, 0.725)]
    assert runs.issues().is_empty()
