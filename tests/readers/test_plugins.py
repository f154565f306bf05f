"""Readers that other packages register."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

#: A whole reader of another package: lines ``step reward``.
MODULE = """
import polars as pl
from rlcompare.readers import Chunk, Claim, Reader

def claim(file, folder):
    if file.name == "explode":
        raise RuntimeError("no such luck")
    return Claim(file.relative) if file.relative.suffix == ".mylog" else None

def read(file, resume):
    with file.open() as stream:
        rows = [line.split() for line in stream.read().decode().splitlines()]
    table = pl.DataFrame({"step": [int(s) for s, _ in rows], "reward": [float(r) for _, r in rows]})
    return Chunk((table,), file.size, framework="My framework", step_unit="step")

READER = Reader("mylog", "My log", "`*.mylog`", appends=False, claim=claim, read=read)
TAKEN = Reader("tensorboard", "Another", "`*`", appends=False, claim=claim, read=read)
NOTHING = 5
"""


def run_with(folder: Path, entries: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process that finds a package with these entry points."""
    packages = folder / "packages"
    (packages / "mylog-1.0.dist-info").mkdir(parents=True, exist_ok=True)
    (packages / "mylog.py").write_text(MODULE)
    (packages / "mylog-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: mylog\nVersion: 1.0\n")
    (packages / "mylog-1.0.dist-info" / "entry_points.txt").write_text(f"[rlcompare.readers]\n{entries}\n")
    path = os.pathsep.join([str(packages), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-m", "rlcompare.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.mylog").write_text("1 0.5\n2 0.75\n")
    return folder


def test_a_registered_reader_is_asked(tmp_path: Path, logs: Path) -> None:
    done = run_with(tmp_path, "mylog = mylog:READER", "runs", str(logs), "--format", "json")
    assert done.returncode == 0, done.stderr
    (run,) = json.loads(done.stdout)
    assert (run["run"], run["framework"], run["source"], run["last_step"], run["last_reward"]) == (
        "a.mylog",
        "My framework",
        "mylog",
        2,
        0.75,
    )


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("gone = nowhere:READER", "ModuleNotFoundError: No module named 'nowhere'"),
        ("nothing = mylog:NOTHING", "it is a int"),
        ("taken = mylog:TAKEN", "another reader is called 'tensorboard'"),
    ],
)
def test_one_that_cannot_be_used_is_told_and_the_others_work(
    tmp_path: Path, logs: Path, entry: str, reason: str
) -> None:
    done = run_with(tmp_path, f"{entry}\nmylog = mylog:READER", "runs", str(logs), "--format", "json")
    assert done.returncode == 0
    assert [run["run"] for run in json.loads(done.stdout)] == ["a.mylog"]
    assert reason in done.stderr


def test_one_that_raises_costs_its_file(tmp_path: Path, logs: Path) -> None:
    (logs / "explode").write_text("")
    done = run_with(tmp_path, "mylog = mylog:READER", "runs", str(logs), "--format", "json")
    assert done.returncode == 0
    assert [run["run"] for run in json.loads(done.stdout)] == ["a.mylog"]
    assert "The mylog reader failed: RuntimeError: no such luck" in done.stderr
