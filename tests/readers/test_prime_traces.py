from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcompare as rlc
from rlcompare.readers.base import Chunk
from rlcompare.readers.prime_traces import READER, choose
from tests.readers.files import GOLDEN, claimed_run, log_file, read_grown, written

ROOT = GOLDEN / "prime"
TRAIN = "run/rollouts/step_1/train/all/traces.jsonl"
EVAL = "run/rollouts/step_2/eval/all/traces.jsonl"
LOG = (ROOT / TRAIN).read_bytes()


def given_rows(step: int) -> list[dict[str, Any]]:
    return [row for row in json.loads((ROOT / "expected_samples.json").read_text()) if row["step"] == step]


def samples(chunks: Chunk | list[Chunk]) -> pl.DataFrame:
    frames = [chunk.samples for chunk in ([chunks] if isinstance(chunks, Chunk) else chunks)]
    return pl.concat([frame for frame in frames if frame is not None])


def read(folder: Path, *episodes: object) -> Chunk:
    data = "".join(json.dumps(episode) + "\n" for episode in episodes).encode()
    path = folder / "rollouts" / "step_7" / "eval" / "effective" / "traces.jsonl"
    written(path, data)
    return READER.read(log_file(path, folder), None)


@pytest.mark.parametrize(("name", "step", "split"), [(TRAIN, 1, "train"), (EVAL, 2, "validation")])
def test_golden(name: str, step: int, split: str) -> None:
    chunk, rows = READER.read(log_file(ROOT / name, ROOT), None), given_rows(step)
    found = samples(chunk)
    assert len(rows) == 4
    assert found["reward"].to_list() == [row["reward"] for row in rows]
    assert found["length"].to_list() == [row["tokens"] for row in rows]
    assert found["wall_time"].to_list() == [row["wall_time"] for row in rows]
    assert found["correct"].to_list() == [row["correct"] for row in rows]
    assert found.select("step", "split", "length_unit").unique().rows() == [(step, split, "token")]
    same = [rows[a]["question"] == rows[b]["question"] for a in range(4) for b in range(4)]
    ids = found["prompt_id"].to_list()
    assert [ids[a] == ids[b] for a in range(4) for b in range(4)] == same
    assert (chunk.tables, chunk.issues, chunk.pending) == ((), (), None)
    assert (chunk.framework, chunk.step_unit) == ("prime-rl", "step")


def test_texts_of_the_golden() -> None:
    file = log_file(ROOT / TRAIN, ROOT)
    texts = READER.texts(file, samples(READER.read(file, None))["place"].to_list())  # type: ignore[misc]
    rows = given_rows(1)
    assert [text.prompt for text in texts] == [f"[system]\nUse the tool.\n\n[user]\n{row['question']}" for row in rows]
    assert texts[0].response == (
        '[assistant]\nLet me see.\n[{"id": "1", "type": "function", "name": "add", "arguments": '
        '"{\\"a\\": 2, \\"b\\": 3}"}]'
        "\n\n[tool]\n5\n\n[assistant]\n5\nSo it is."
    )
    assert all(row["reply"] in text.response for row, text in zip(rows, texts, strict=True))
    assert json.loads(texts[0].others["rewards"]) == {
        "sum": {"score": 1.0, "weight": 1.0},
        "form": {"score": 0.5, "weight": 0.2},
    }
    assert json.loads(texts[2].others["errors"])[0]["type"] == "Timeout"
    assert texts[2].others["stop_condition"] == "scoring_error"


@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, len(LOG)), max_size=3))
def test_a_read_resumed_anywhere_gives_the_same(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    path = tmp_path_factory.getbasetemp() / "traces.jsonl"
    chunks = read_grown(READER, path, LOG, cuts)
    whole = READER.read(written(path, LOG), None)
    assert samples(chunks).equals(samples(whole))
    assert (chunks[-1].offset, chunks[-1].state) == (whole.offset, whole.state)


@settings(deadline=None)
@given(
    data=st.lists(st.sampled_from([b'{"traces": [', b"{", b"}", b"]", b'"rewards": {"a": {"score": 1}}', b"\n", b", "]))
)
def test_no_bytes_raise(tmp_path_factory: pytest.TempPathFactory, data: list[bytes]) -> None:
    READER.read(written(tmp_path_factory.getbasetemp() / "traces.jsonl", b"".join(data)), None)


def test_what_a_record_lacks_is_null(tmp_path: Path) -> None:
    trace = {"rewards": {"a": {"score": "NaN"}, "b": 3, "c": {"score": 1, "weight": None}}, "agent": None, "calls": 5}
    chunk = read(
        tmp_path,
        {"traces": [{}]},
        {"traces": [trace], "task": {"data": {"x": 1}}},
        {"traces": [{"calls": [{"usage": {"completion_tokens": 4}}, {"usage": None}]}]},
        {"traces": []},
        {"trace": 1},
        {"traces": [1]},
    )
    assert repr(samples(chunk).select("step", "split", "reward", "length").rows()) == repr(
        [(7, "validation", None, None), (7, "validation", float("nan"), None), (7, "validation", None, 4.0)]
    )
    assert [(issue.place, issue.message) for issue in chunk.issues] == [
        ("line 5", "Expected an episode with traces, found 'trace'; left out."),
        ("line 6", "Expected an episode with traces, found 'traces'; left out."),
    ]


def test_parents_that_go_round_end(tmp_path: Path) -> None:
    nodes = [{"parent": 1, "message": {"role": "user", "content": "a"}}, {"parent": 0, "sampled": True, "message": {}}]
    chunk = read(tmp_path, {"traces": [{"nodes": nodes}]})
    path = tmp_path / "rollouts" / "step_7" / "eval" / "effective" / "traces.jsonl"
    (text,) = READER.texts(log_file(path, tmp_path), samples(chunk)["place"].to_list())  # type: ignore[misc]
    assert "a" in text.prompt + text.response


@pytest.mark.parametrize(
    ("name", "run"),
    [
        ("a/run/rollouts/step_3/train/all/traces.jsonl", "a/run"),
        ("rollouts/step_3/eval/effective/traces.jsonl", "."),
        ("rollouts/step_3/eval/other/traces.jsonl", None),
        ("rollouts/step_x/eval/all/traces.jsonl", None),
        ("run/step_3/eval/all/traces.jsonl", None),
        ("traces.jsonl", None),
    ],
)
def test_claims(tmp_path: Path, name: str, run: str | None) -> None:
    written(tmp_path / name, LOG)
    assert claimed_run(READER, log_file(tmp_path / name, tmp_path)) == run


def test_effective_counts_only_where_there_is_no_all() -> None:
    files = [log_file(path, ROOT) for path in sorted(ROOT.rglob("traces.jsonl"))]
    assert len(files) == 3
    assert sorted(str(file.relative) for file in choose(files)) == [TRAIN, EVAL]
    alone = [file for file in files if "effective" in file.relative.parts]
    assert choose(alone) == alone


def test_as_a_run(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "run", tmp_path / "run")
    (tmp_path / "run" / "configs").mkdir()
    (tmp_path / "run" / "configs" / "rl.json").write_text('{"max_steps": 4, "orchestrator": {"seed": 11}}')
    runs = rlc.open_runs(tmp_path)
    assert runs.ids == ("run",)
    (row,) = runs.table().rows(named=True)
    assert (row["framework"], row["last_step"], row["seed"]) == ("prime-rl", 3, "11")
    assert row["reward_key"] == "train/agg/effective/agent/reward/mean"
    found = runs.samples()
    assert found.height == 8
    assert not found["source"].str.contains("effective").any()
    assert runs.curves("samples/response_length/mean").select("step", "value").rows() == [(1, 11.0)]
    assert runs.curves("samples/validation/correct_share").select("step", "value").rows() == [(2, 0.5)]
    assert runs.curves("samples/reward/mean")["wall_time"].to_list() == [1_755_850_012.75]
    assert runs.issues().is_empty()
