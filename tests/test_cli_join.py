"""``--join`` and what is told of runs that look like one training."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest

from tests.logs import write_verl
from tests.test_cli import call


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    write_verl(tmp_path / "a_1.jsonl", [{"reward": 1.0}] * 20)
    write_verl(tmp_path / "a_2.jsonl", [{"reward": 2.0}] * 10, first_step=21)
    write_verl(tmp_path / "b.jsonl", [{"reward": 3.0}] * 20)
    return tmp_path


def test_runs_tells_of_offers_and_joins_nothing(logs: Path) -> None:
    done = call("runs", logs)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["run", "a_1.jsonl", "a_2.jsonl", "b.jsonl"]
    assert done.stderr.splitlines() == [
        "rlcompare: 2 runs look like one training: a_1.jsonl → a_2.jsonl (the steps go on: 1–20, then 21–30).",
        "Hint: --join offered makes one run of each.",
    ]


def test_offered_runs_are_joined_where_that_is_asked_for(logs: Path) -> None:
    done = call("curves", logs, "--metric", "reward", "--join", "offered", "--run", "a*")
    frame = pl.read_csv(io.BytesIO(done.stdout_bytes))
    assert frame["run"].unique().to_list() == ["a_1.jsonl (joined)"]
    assert frame["step"].to_list() == list(range(1, 31))
    assert done.stderr == "rlcompare: joined a_1.jsonl → a_2.jsonl; the steps go on\n"
    assert "look like one training" not in call("runs", logs, "--join", "offered").stderr


def test_named_runs_are_joined_in_the_order_named(logs: Path) -> None:
    done = call("runs", logs, "--join", "b.jsonl,a_1.jsonl", "--format", "csv")
    frame = pl.read_csv(io.BytesIO(done.stdout_bytes))
    assert frame.select("run", "last_step").rows() == [("a_2.jsonl", 30), ("b.jsonl (joined)", 40)]
    assert "joined b.jsonl → a_1.jsonl; each begins at its own step: later ones are shifted" in done.stderr


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["a_1.jsonl"], "Expected two runs or more to join; got a_1.jsonl."),
        (["offered", "a_2.jsonl,b.jsonl"], "Expected each run to be joined once; got 'a_2.jsonl' twice."),
        (["a_1.jsonl,c.jsonl"], "got 'c.jsonl'"),
    ],
)
def test_what_cannot_be_joined_ends_with_one_line(logs: Path, asked: list[str], message: str) -> None:
    done = call("metrics", logs, *(word for one in asked for word in ("--join", one)))
    assert done.exit_code == 1
    assert not done.stdout
    assert done.stderr.startswith("rlcompare: ")
    assert message in done.stderr


def test_bands_take_a_joined_run_as_one(logs: Path) -> None:
    done = call("bands", logs, "--metric", "reward", "--join", "offered", "--group-by", "framework")
    frame = pl.read_csv(io.BytesIO(done.stdout_bytes))
    assert frame["step"].to_list() == list(range(1, 21))
    assert frame["center"].to_list() == [2.0] * 20
    assert frame["n_runs"].to_list() == [2] * 20
