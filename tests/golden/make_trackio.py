"""Write the golden files of the Trackio reader, and what Trackio's own storage reads from them.

Run once with each of trackio 0.43.0 and trackio 0.23.0 (huggingface-hub 1.16.0), the last without ``run_id``; it
replaces ``trackio/v0_43/`` or ``trackio/v0_23/`` beside itself. The database is stripped as in ``make_five.py``.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
os.environ.update(TRACKIO_DIR=tempfile.mkdtemp(), HF_HUB_OFFLINE="1", LOGNAME="user", GRADIO_ANALYTICS_ENABLED="False")

import pandas as pd
import trackio
from make_five import TRACKIO_TABLES, strip
from trackio.sqlite_storage import SQLiteStorage

FOLDER = os.environ["TRACKIO_DIR"]
PROJECT = "grid world"
VERSION = f"v{'_'.join(trackio.__version__.split('.')[:2])}"
HERE = Path(__file__).parent / "trackio" / VERSION


def records(shift: float) -> list[dict[str, Any]]:
    """What a training logs: metrics of every step, one of every other, not finite numbers, objects and media."""
    rows: list[dict[str, Any]] = [{"train/loss": 1 / step + shift, "reward": 1.5 * step} for step in range(1, 7)]
    rows[1] |= {"eval/reward": 10.0, "note": "text", "flag": True, "nothing": None}
    rows[2] |= {"odd": math.nan, "nested": {"a": 1, "b": {"c": 2.5}}}
    rows[3] |= {"odd": math.inf, "eval/reward": 20.0}
    rows[4] |= {"odd": -math.inf, "count": 2**40, "list": [1, 2]}
    return rows


def log_run(name: str, shift: float, **config: Any) -> None:
    trackio.init(project=PROJECT, name=name, config={"lr": 3e-4, "seed": 7, **config}, embed=False)
    for step, row in enumerate(records(shift), 1):
        trackio.log(row, step=step * 10)
    trackio.log({"table": trackio.Table(dataframe=pd.DataFrame({"n": [1]})), "train/loss": 0.125}, step=60)
    trackio.finish()


def read_back() -> dict[str, Any]:
    """What Trackio's storage says of each run, not finite numbers as text."""
    found = {}
    for name in SQLiteStorage.get_runs(PROJECT):
        logs = SQLiteStorage.get_logs(PROJECT, name)
        system = SQLiteStorage.get_system_logs(PROJECT, name)
        found[name] = {"logs": [as_text(row) for row in logs], "system": [as_text(row) for row in system]}
    return found


def as_text(row: dict[str, Any]) -> dict[str, Any]:
    return {
        key: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in row.items()
    }


def main() -> None:
    log_run("ppo-1", 0.0)
    log_run("team a/ppo-2", 0.5, env={"id": "CartPole-v1", "layers": [64, 64]})
    system = [{"gpu/0/utilization": 50.0 + n, "gpu/power": 80} for n in range(3)]
    times = [f"2026-01-01T00:00:{10 * n:02}+00:00" for n in range(3)]
    SQLiteStorage.bulk_log_system(PROJECT, "ppo-1", system, timestamps=times, **same_run())
    expected = read_back()
    (database,) = Path(FOLDER).glob("*.db")
    strip(database, TRACKIO_TABLES)
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir(parents=True)
    shutil.copy(database, HERE)
    (HERE / "expected.json").write_text(json.dumps(expected) + "\n")
    for path in HERE.iterdir():
        assert FOLDER.encode() not in path.read_bytes(), f"{path} tells where it was made"


def same_run() -> dict[str, str]:
    """Name the first run as this version's tables do."""
    if not hasattr(SQLiteStorage, "get_run_records"):
        return {}
    return {"run_id": next(run["id"] for run in SQLiteStorage.get_run_records(PROJECT) if run["name"] == "ppo-1")}


if __name__ == "__main__":
    main()
