"""Small logs written as the frameworks write them, and what reads them back for comparing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

import rlcompare as rlc

#: Real public logs, present where the project is developed only.
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

needs_shared_data = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the real public logs are not on this machine")


def write_verl(path: Path, rows: Iterable[Mapping[str, float]], *, mode: str = "w", first_step: int = 1) -> Path:
    """Write rows as verl's file logger does, one step each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open(mode) as stream:
        for step, row in enumerate(rows, first_step):
            stream.write(json.dumps({"step": step, "data": dict(row)}) + "\n")
    return path


def write_rollouts(path: Path, scores: list[float], *, mode: str = "w", **more: object) -> Path:
    """Write samples as verl does: the answer is as many characters long as there are before it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open(mode) as stream:
        for number, score in enumerate(scores):
            record = {"input": "q", "output": "a" * number, "score": score, **more}
            stream.write(json.dumps(record) + "\n")
    return path


def rewards(runs: rlc.Runs, metric: str = "reward") -> dict[str, list[tuple[int, float]]]:
    """The (step, value) pairs of each run, for comparing by value."""
    curves = runs.curves(metric)
    found: dict[str, list[tuple[int, float]]] = {run: [] for run in runs.ids}
    for run, step, value in curves.select("run", "step", "value").iter_rows():
        found[run].append((step, value))
    return found
