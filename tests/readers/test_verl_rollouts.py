from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcompare as rlc
from rlcompare.readers.base import Chunk
from rlcompare.readers.samples import prompt_id
from rlcompare.readers.verl_rollouts import READER
from tests.logs import write_verl
from tests.readers.files import GOLDEN, claimed_run, folder_of, log_file, read_grown, written

ROOT = GOLDEN / "verl_rollouts"
LOG = (ROOT / "v0_9" / "rollout_data" / "10.jsonl").read_bytes()
SAMPLE = b'{"input": "q", "output": "a", "score": 1.0}\n'


def given_rows(case: str, file: str) -> list[dict[str, Any]]:
    rows = json.loads((ROOT / case / "expected.json").read_text())
    return [row for row in rows if row["file"] == file]


def samples(chunks: Chunk | list[Chunk]) -> pl.DataFrame:
    frames = [chunk.samples for chunk in ([chunks] if isinstance(chunks, Chunk) else chunks)]
    return pl.concat([frame for frame in frames if frame is not None])


FILES = [("v0_9", f"rollout_data/{step}.jsonl") for step in (1, 2, 10)]
FILES += [("v0_9", "validation_data/0.jsonl"), ("v0_9", "validation_data/10.jsonl"), ("v0_5", "rollout_data/1.jsonl")]


@pytest.mark.parametrize(("case", "name"), FILES)
def test_golden(case: str, name: str) -> None:
    chunk = READER.read(log_file(ROOT / case / name, ROOT / case), None)
    rows = given_rows(case, name)
    found = samples(chunk)
    assert found["step"].to_list() == [row["step"] for row in rows]
    assert repr(found["reward"].to_list()) == repr([row["score"] for row in rows])
    assert found["length"].to_list() == [len(row["output"]) for row in rows]
    assert found["correct"].to_list() == [row["acc"] for row in rows]
    assert found["prompt_id"].to_list() == [prompt_id(row["input"]) for row in rows]
    assert found["split"].unique().to_list() == ["validation" if "validation" in name else "train"]
    assert found["length_unit"].unique().to_list() == ["character"]
    assert (chunk.tables, chunk.issues, chunk.pending) == ((), (), None)
    assert (chunk.framework, chunk.step_unit) == ("verl", "step")


@pytest.mark.parametrize(("case", "name"), FILES)
def test_texts_of_the_golden(case: str, name: str) -> None:
    file = log_file(ROOT / case / name, ROOT / case)
    places = samples(READER.read(file, None))["place"].to_list()
    found = READER.texts(file, places)  # type: ignore[misc]
    rows = given_rows(case, name)
    assert [(text.prompt, text.response) for text in found] == [(row["input"], row["output"]) for row in rows]
    assert [text.others.get("pred") for text in found] == [row["pred"] for row in rows]
    assert [text.others["format_score"] for text in found] == [str(row["format_score"]) for row in rows]


@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, len(LOG)), max_size=4))
def test_a_read_resumed_anywhere_gives_the_same(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    path = tmp_path_factory.getbasetemp() / "rollouts" / "10.jsonl"
    chunks = read_grown(READER, path, LOG, cuts)
    whole = READER.read(written(path, LOG), None)
    assert samples(chunks).equals(samples(whole))
    assert (chunks[-1].offset, chunks[-1].state) == (whole.offset, whole.state)
    assert all(chunk.issues == () for chunk in chunks)


@settings(deadline=None)
@given(cut=st.integers(0, len(LOG)))
def test_any_prefix_gives_a_prefix_of_the_samples(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.getbasetemp() / "rollouts" / "10.jsonl"
    whole = samples(READER.read(written(path, LOG), None))
    found = READER.read(written(path, LOG[:cut]), None)
    assert found.samples is None or found.samples.equals(whole.head(found.samples.height))
    assert (found.pending is not None) == (found.offset < cut)


@settings(deadline=None)
@given(data=st.lists(st.sampled_from([LOG, b'{"input"', b': "a"', b'{"input": [], "output": {}}', b"\n", b"\xff"])))
def test_no_bytes_raise(tmp_path_factory: pytest.TempPathFactory, data: list[bytes]) -> None:
    READER.read(written(tmp_path_factory.getbasetemp() / "1.jsonl", b"".join(data)), None)


def test_a_token_count_is_the_length(tmp_path: Path) -> None:
    lines = [
        {"input": "q", "output": "aaaa", "score": True, "response_length": 3},
        {"input": "q", "output": "aaaa", "score": "NaN", "response_length": None},
        {"input": "q", "output": "aaaa", "score": [1], "step": 4.0},
        {"input": "q", "output": "aaaa", "score": 1, "step": 2.5},
    ]
    file = written(tmp_path / "9.jsonl", "".join(json.dumps(line) + "\n" for line in lines).encode())
    found = samples(READER.read(file, None))
    assert repr(found.select("step", "reward", "length", "length_unit").rows()) == repr(
        [
            (9, 1.0, 3.0, "token"),
            (9, float("nan"), 4.0, "character"),
            (4, None, 4.0, "character"),
            (9, 1.0, 4.0, "character"),
        ]
    )


@pytest.mark.parametrize(
    ("name", "data", "run"),
    [
        ("exp/rollout_data/3.jsonl", SAMPLE, "exp"),
        ("exp/rollouts/train/3.jsonl", SAMPLE, "exp"),
        ("exp/validation/3.jsonl", SAMPLE, "exp"),
        ("rollouts/3.jsonl", SAMPLE, "."),
        ("exp1_rollouts/3.jsonl", SAMPLE, "exp1_rollouts"),
        ("exp/3.jsonl", SAMPLE, "exp"),
        ("3.jsonl", SAMPLE, "."),
        ("exp/rollouts/3.jsonl", b'{"input": "' + b"x" * 100_000, "exp"),
        ("exp/rollouts/3.jsonl", SAMPLE[:-1], "exp"),
        ("exp/rollouts/three.jsonl", SAMPLE, None),
        ("exp/rollouts/3.json", SAMPLE, None),
        ("exp/rollouts/3.jsonl", b'{"input": "q", "output": "a"}\n', None),
        ("exp/rollouts/3.jsonl", b'{"step": 1, "data": {"a": 1}}\n', None),
        ("exp/rollouts/3.jsonl", b"[]\n", None),
        ("exp/rollouts/3.jsonl", b"", None),
        ("exp/rollouts/3.jsonl", b"\xff\xfe\x00\n", None),
    ],
)
def test_claims(tmp_path: Path, name: str, data: bytes, run: str | None) -> None:
    written(tmp_path / name, data)
    assert claimed_run(READER, log_file(tmp_path / name, tmp_path)) == run


@pytest.mark.parametrize(
    ("folder", "split"),
    [
        ("exp/rollout_data", "train"),
        ("exp/validation_data", "validation"),
        ("exp/val", "validation"),
        ("exp/test_generations", "validation"),
        ("exp/val/generations", "validation"),
        ("exp/eval-rollouts", "validation"),
        ("test/rollouts", "train"),
        ("eval-run-3/rollouts", "train"),
        ("exp/validate", "train"),
        ("exp/rollouts/train", "train"),
    ],
)
def test_the_folder_says_what_samples_are_for(tmp_path: Path, folder: str, split: str) -> None:
    written(tmp_path / folder / "3.jsonl", SAMPLE)
    chunk = READER.read(log_file(tmp_path / folder / "3.jsonl", tmp_path), None)
    assert samples(chunk)["split"].to_list() == [split]


def test_it_accompanies_a_run() -> None:
    file = log_file(ROOT / "v0_9" / "rollout_data" / "1.jsonl", ROOT)
    claim = READER.claim(file, folder_of(file))
    assert getattr(claim, "accompanies", None) is True


# --- as a run


def test_a_run_of_samples_alone_has_curves() -> None:
    runs = rlc.open_runs(ROOT / "v0_9")
    (row,) = runs.table().rows(named=True)
    assert (row["framework"], row["last_step"], row["step_unit"], row["reward_key"]) == (
        "verl",
        10,
        "step",
        "samples/reward/mean",
    )
    assert runs.samples().height == 5 * 8
    means = {
        step: sum(row["score"] for row in given_rows("v0_9", f"rollout_data/{step}.jsonl")) / 8 for step in (1, 2, 10)
    }
    curve = runs.curves("reward")
    assert dict(curve.select("step", "value").iter_rows()) == pytest.approx(means)
    assert runs.issues().is_empty()


def test_samples_come_home_to_the_log_nearby(tmp_path: Path) -> None:
    write_verl(tmp_path / "math" / "exp.jsonl", [{"critic/score/mean": 0.25}, {"critic/score/mean": 0.5}])
    for folder in ("rollout_data", "validation_data"):
        data = (ROOT / "v0_9" / folder / "10.jsonl").read_bytes()
        written(tmp_path / "math" / folder / "10.jsonl", data)
    runs = rlc.open_runs(tmp_path)
    assert runs.ids == ("math/exp.jsonl",)
    assert runs.samples()["split"].value_counts(sort=True)["count"].to_list() == [8, 8]
    (row,) = runs.table().rows(named=True)
    assert (row["reward_key"], row["n_records"], row["last_reward"]) == ("critic/score/mean", 2, 0.5)


def test_a_step_that_is_sampled_again_replaces_its_samples(tmp_path: Path) -> None:
    written(tmp_path / "rollouts" / "1.jsonl", SAMPLE * 3)
    assert rlc.open_runs(tmp_path).samples()["reward"].to_list() == [1.0] * 3
    written(tmp_path / "rollouts" / "1.jsonl", SAMPLE.replace(b"1.0", b"0.5") * 2)
    runs = rlc.open_runs(tmp_path)
    assert runs.samples()["reward"].to_list() == [0.5] * 2
    assert runs.curves("samples/reward/mean")["value"].to_list() == [0.5]


def test_a_folder_whose_name_is_not_utf8(tmp_path: Path) -> None:
    written(tmp_path / os.fsdecode(b"caf\xe9") / "rollouts" / "1.jsonl", SAMPLE)
    runs = rlc.open_runs(tmp_path)
    assert runs.ids == ("caf\\xe9",)
    assert runs.texts(runs.samples())["prompt"].to_list() == ["q"]
