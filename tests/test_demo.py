"""The demo runs: what is there, that it is small, and that it tells nothing of the machine that made it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import rlcompare as rlc
from rlcompare.demo import demo_folder

SEEDS = (1, 2, 3)
GRPO = [f"grpo/grpo-{setting}-seed{seed}" for setting in ("length-penalty", "no-penalty") for seed in SEEDS]
CARTPOLE = [f"cartpole/{algo}-seed{seed}" for algo in ("a2c", "ppo") for seed in SEEDS]
KILLED = "grpo/grpo-no-penalty-seed3"
RESUMED = "grpo/grpo-length-penalty-seed2"

#: Beginnings of absolute paths, as plain text in any encoding of one byte a character.
MACHINE = re.compile(
    rb"(?<![\w.])/(?:home|Users|root|tmp|var|opt|mnt|srv|usr|private|work|workspace|content|kaggle|scratch)/\w"
    rb"|(?<!\w)[A-Za-z]:\\{1,2}(?:Users|Windows|Temp)"
)


def files() -> list[Path]:
    return sorted(path for path in demo_folder().rglob("*") if path.is_file())


def contents(path: Path) -> bytes:
    """The bytes of a file, and of a Parquet file also its cells, which are compressed there."""
    cells = pl.read_parquet(path).write_csv().encode() if path.suffix == ".parquet" else b""
    return path.read_bytes() + cells


def test_the_folder_holds_six_runs_of_each_kind() -> None:
    root = demo_folder()
    assert root.is_absolute()
    assert sorted(str(path.relative_to(root).as_posix()) for path in root.glob("*/*")) == CARTPOLE + GRPO


def test_they_are_small() -> None:
    assert sum(path.stat().st_size for path in files()) <= 3_000_000


def test_no_file_tells_where_it_was_made() -> None:
    assert [str(path) for path in files() if MACHINE.search(contents(path))] == []


@pytest.mark.parametrize(
    "leak", [b'"output_dir": "/home/someone/runs"', b"\x12\x09/tmp/abc/d", rb'"C:\\Users\\someone"']
)
def test_a_path_would_be_found(leak: bytes) -> None:
    assert MACHINE.search(leak)


def test_no_name_holds_a_host() -> None:
    events = [path for path in files() if "tfevents" in path.name]
    assert len(events) == len(GRPO) + 1
    for path in events:
        assert re.fullmatch(r"events\.out\.tfevents\.\d{10}\.demo\.\d", path.name)
        assert re.fullmatch(r"[A-Z][a-z]{2}\d{2}_\d{2}-\d{2}-\d{2}_demo", path.parent.name)


def test_nothing_executable_or_heavy_was_left_in() -> None:
    assert {path.suffix for path in files() if "tfevents" not in path.name} == {".json", ".parquet", ".csv", ".npz"}


@pytest.mark.parametrize("run", GRPO)
def test_a_grpo_run_has_its_state_events_and_completions(run: str) -> None:
    folder = demo_folder() / run
    (state,) = folder.glob("checkpoint-*/trainer_state.json")
    last = 150 if run == KILLED else 300
    assert state.parent.name == f"checkpoint-{last}"
    assert [row["step"] for row in json.loads(state.read_text())["log_history"]] == list(range(2, last + 1, 2))
    assert len(list(folder.glob("runs/*/*"))) == (2 if run == RESUMED else 1)

    tables = sorted(folder.glob("completions/*.parquet"))
    assert [path.stem for path in tables] == [f"completions_{step:05d}" for step in range(50, last + 1, 50)]
    for path in tables:
        table = pl.read_parquet(path)
        assert table.columns == ["step", "prompt", "completion", "counting_reward", "length_penalty", "advantage"]
        assert table.height == 64


@pytest.mark.parametrize("run", CARTPOLE)
def test_a_cartpole_run_has_its_monitors_progress_and_evaluations(run: str) -> None:
    folder = demo_folder() / run
    assert sorted(path.name for path in folder.iterdir()) == [
        *(f"{worker}.monitor.csv" for worker in range(4)),
        "config.json",
        "evaluations.npz",
        "progress.csv",
    ]
    config = json.loads((folder / "config.json").read_text())
    assert run == f"cartpole/{config['algo']}-seed{config['seed']}"
    with np.load(folder / "evaluations.npz", allow_pickle=False) as evaluations:
        assert evaluations["timesteps"].tolist() == list(range(4_000, 80_001, 4_000))
        assert evaluations["results"].shape == (20, 5)


def test_one_run_was_killed_and_one_went_back_to_its_checkpoint() -> None:
    runs = rlc.open_runs(demo_folder())
    reward = runs.select(GRPO).curves("reward")
    steps = {str(run): frame["step"].to_list() for (run,), frame in reward.group_by("run")}
    assert steps == {run: list(range(2, 171 if run == KILLED else 301, 2)) for run in GRPO}
    assert runs.issues().is_empty()

    # Of the steps logged twice, the values are those of the last file, which are also the checkpoint's.
    (state,) = (demo_folder() / RESUMED).glob("checkpoint-300/trainer_state.json")
    later = [row["reward"] for row in json.loads(state.read_text())["log_history"]]
    assert reward.filter(run=RESUMED)["value"].to_list() == pytest.approx(later, rel=1e-6)


@pytest.mark.parametrize(
    ("setting", "metric", "start", "end"),
    [
        ("no-penalty", "reward", 0.05, 0.72),
        ("length-penalty", "reward", 0.00, 0.73),
        ("no-penalty", "response_length", 16.7, 57.8),
        ("length-penalty", "response_length", 10.6, 15.8),
    ],
)
def test_the_settings_part_in_length_and_not_in_reward(setting: str, metric: str, start: float, end: float) -> None:
    finished = [run for run in GRPO if setting in run and run != KILLED]
    curves = rlc.open_runs(demo_folder()).select(finished).curves(metric)
    assert curves.filter(pl.col("step") <= 20)["value"].mean() == pytest.approx(start, rel=0.02, abs=0.01)
    assert curves.filter(pl.col("step") > 280)["value"].mean() == pytest.approx(end, rel=0.02, abs=0.01)
