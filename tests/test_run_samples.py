"""Columns of samples, and their texts on demand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

import rlcompare as rlc
from rlcompare import schema
from rlcompare.errors import ParameterError, SampleTextError, UnknownRunError
from rlcompare.store.joining import Chain
from tests.logs import write_rollouts
from tests.readers.files import GOLDEN


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    for run in ("a", "b"):
        for step in (1, 2):
            write_rollouts(tmp_path / run / "rollouts" / f"{step}.jsonl", [0.0, 1.0], gts=run)
    return tmp_path


def test_all_columns(logs: Path) -> None:
    found = rlc.open_runs(logs).samples()
    assert found.schema == schema.SAMPLES
    assert found.select("run", "source", "step", "reward").rows() == [
        (run, f"{run}/rollouts/{step}.jsonl", step, reward) for run in "ab" for step in (1, 2) for reward in (0.0, 1.0)
    ]


@pytest.mark.parametrize(
    "columns",
    [["reward"], ["run", "reward"], ["source"], ["source", "run", "place"], ["split", "length_unit", "correct"], []],
)
def test_chosen_columns_are_those_of_all(logs: Path, columns: list[str]) -> None:
    runs = rlc.open_runs(logs)
    order = [name for name in schema.SAMPLES if name in columns]
    found = runs.samples(columns)
    assert found.columns == order
    assert found.equals(runs.samples().select(order))
    assert found.schema == {name: schema.SAMPLES[name] for name in order}


def test_one_column_by_its_name(logs: Path) -> None:
    assert rlc.open_runs(logs).select("b").samples("step").to_series().to_list() == [1, 1, 2, 2]


def test_an_unknown_column(logs: Path) -> None:
    with pytest.raises(ParameterError, match=r"got 'texts'"):
        rlc.open_runs(logs).samples(["reward", "texts"])


def test_no_samples_at_all(tmp_path: Path) -> None:
    found = rlc.open_runs(tmp_path).samples(["run", "reward"])
    assert found.is_empty()
    assert found.schema == {"run": pl.String, "reward": pl.Float64}


@pytest.mark.parametrize("rubbish", [None, b"rubbish" * 10])
def test_a_damaged_cache_is_made_again(logs: Path, own_cache: Path, rubbish: bytes | None) -> None:
    runs = rlc.open_runs(logs)
    before = runs.samples()
    for path in own_cache.rglob("*.parquet"):
        path.unlink() if rubbish is None else path.write_bytes(rubbish)
    assert runs.samples().equals(before)


def test_runs_that_were_joined(logs: Path) -> None:
    runs = rlc.open_runs(logs).joined([Chain(("a", "b"), shifted=True)])
    assert runs.samples(["run", "step"]).rows() == [("a (joined)", step) for step in (1, 1, 2, 2, 3, 3, 4, 4)]
    assert runs.samples("reward").height == 8
    assert runs.curves("samples/reward/mean").select("step", "value").rows() == [(s, 0.5) for s in (1, 2, 3, 4)]
    others = runs.texts(runs.samples())["others"]
    assert [json.loads(text)["gts"] for text in others] == ["a"] * 4 + ["b"] * 4


# --- texts


def test_texts_in_the_order_asked(logs: Path) -> None:
    runs = rlc.open_runs(logs)
    asked = runs.samples().filter(pl.col("reward") == 1.0)[::-1]
    found = runs.texts(asked)
    assert found.schema == schema.SAMPLE_TEXTS
    assert found.select("run", "source", "place").equals(asked.select("run", "source", "place"))
    assert found.select("prompt", "response").rows() == [("q", "a")] * 4
    assert [json.loads(others) for others in found["others"]] == [
        {"score": "1.0", "gts": run} for run in ("b", "b", "a", "a")
    ]


def test_a_sample_asked_twice_and_one_without_texts(logs: Path) -> None:
    runs = rlc.open_runs(logs)
    row = runs.samples(["run", "source", "place"]).head(1)
    nowhere = row.with_columns(pl.lit(None, pl.Int64).alias("place"))
    found = runs.texts(pl.concat([row, nowhere, row]))
    assert found["prompt"].to_list() == ["q", None, "q"]
    assert found["others"][1] is None
    assert runs.texts(row.clear()).is_empty()


def test_texts_are_not_cached(logs: Path, own_cache: Path) -> None:
    write_rollouts(logs / "a" / "rollouts" / "3.jsonl", [1.0], input="a secret question")
    runs = rlc.open_runs(logs)
    runs.texts(runs.samples())
    assert not any(b"secret" in path.read_bytes() for path in own_cache.rglob("*") if path.is_file())


def test_a_log_that_has_grown_still_holds_them(logs: Path) -> None:
    runs = rlc.open_runs(logs)
    write_rollouts(logs / "a" / "rollouts" / "1.jsonl", [0.5] * 3, mode="a")
    assert runs.texts(runs.samples())["prompt"].to_list() == ["q"] * 8


def test_a_log_that_is_gone(logs: Path) -> None:
    runs = rlc.open_runs(logs)
    (logs / "a" / "rollouts" / "1.jsonl").unlink()
    with pytest.raises(SampleTextError, match=r"a/rollouts/1.jsonl of run 'a', the system says: No such file.*Hint:"):
        runs.texts(runs.samples())
    assert runs.texts(runs.samples().filter(pl.col("run") == "b")).height == 4


def test_a_log_that_was_written_anew(logs: Path) -> None:
    runs = rlc.open_runs(logs)
    write_rollouts(logs / "a" / "rollouts" / "1.jsonl", [0.5, 0.25], gts="another")
    with pytest.raises(SampleTextError, match=r"a/rollouts/1.jsonl of run 'a' as it was.*written anew. Hint:"):
        runs.texts(runs.samples())


def test_a_parquet_that_was_written_anew(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "trl_completions" / "grpo", tmp_path / "grpo")
    runs = rlc.open_runs(tmp_path)
    assert runs.texts(runs.samples()).height == 16
    completions = tmp_path / "grpo" / "completions"
    shutil.copyfile(completions / "completions_00002.parquet", completions / "completions_00001.parquet")
    with pytest.raises(SampleTextError, match=r"completions_00001.parquet.*written anew"):
        runs.texts(runs.samples())


def test_a_place_that_holds_none(logs: Path) -> None:
    runs = rlc.open_runs(logs)
    off = runs.samples().head(1).with_columns(pl.col("place") + 3)
    with pytest.raises(SampleTextError, match=r"Expected a sample at byte 3, there is none, in the log a/rollouts"):
        runs.texts(off)


def test_samples_of_other_runs(logs: Path) -> None:
    runs = rlc.open_runs(logs)
    with pytest.raises(UnknownRunError, match="got some of 'b'"):
        runs.select("a").texts(runs.samples())


def test_samples_without_the_columns_that_find_them(logs: Path) -> None:
    runs = rlc.open_runs(logs)
    with pytest.raises(ParameterError, match=r"without source, place. Hint:"):
        runs.texts(runs.samples(["run", "reward"]))


def test_a_log_without_texts(tmp_path: Path) -> None:
    (tmp_path / "0.monitor.csv").write_text('#{"t_start": 1.0, "env_id": "CartPole-v1"}\nr,l,t\n1.0,5,0.1\n')
    runs = rlc.open_runs(tmp_path)
    assert runs.texts(runs.samples())["prompt"].to_list() == [None]
    with pytest.raises(SampleTextError, match="Expected a log with texts of samples"):
        runs.texts(runs.samples().with_columns(pl.lit(0, pl.Int64).alias("place")))
