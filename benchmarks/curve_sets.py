"""One metric of many runs out of a warm cache: ``Runs.curve_set`` against plain Polars on the same Parquet files.

Run: ``python benchmarks/curve_sets.py [--repeat N]``. Each repetition is a new process, so that nothing is warm but the
files. Prints medians in seconds: plain Polars (read each file's three columns, name the run, concatenate),
``Runs.curve_set``, the same once more (up to 256 MB are kept in memory), and the ratio of the first two.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl

from rlcompare.runs import Runs
from rlcompare.store import Snapshot
from rlcompare.store.cache import RunCache
from rlcompare.store.record import MetricRecord, RunRecord, Slice, describe

SIZES = ((200, 100_000), (10, 1_000_000), (1_000, 1_000))
METRICS = 5
PART = "000000.parquet"


def write_cache(folder: Path, runs: int, steps: int) -> None:
    """Store what the reading of ``runs`` logs stores."""
    rng = np.random.default_rng(0)
    for run in range(runs):
        store = RunCache(folder / f"{run:04d}")
        store.directory.mkdir(parents=True)
        metrics = {f"metric_{i}": rng.standard_normal(steps) for i in range(METRICS - 1)}
        times = 1.7e9 + np.cumsum(rng.random(steps))
        columns = {"step": np.arange(steps) * 8, "wall_time": times, "reward": rng.standard_normal(steps), **metrics}
        store.write(PART, pl.DataFrame(columns))


def record(directory: Path) -> RunRecord:
    stats = describe(pl.read_parquet(directory / PART, columns=["step", "wall_time", "reward"]), PART).metrics["reward"]
    return RunRecord(
        id=directory.name,
        name=directory.name,
        directory=str(directory),
        sources=(),
        metrics={"reward": MetricRecord((Slice(PART, "reward", "", 0),), stats, "verl_jsonl", (), "step")},
        config={},
        config_stamp=[],
        config_issues=(),
        framework="verl",
        step_unit="step",
        seed=None,
        started=None,
        updated=0.0,
        finished=True,
        tentative=False,
    )


def plain(folder: Path) -> int:
    frames = [
        pl.read_parquet(path, columns=["step", "wall_time", "reward"]).with_columns(run=pl.lit(path.parent.name))
        for path in sorted(folder.glob(f"*/{PART}"))
    ]
    return pl.concat(frames).height


def measure(folder: Path) -> dict[str, float]:
    """Time each way once."""
    runs = Runs.of(Snapshot(tuple(map(record, sorted(folder.iterdir()))), (), {}, folder))
    figures = {}
    for name, work in {
        "plain Polars": lambda: plain(folder),
        "curve_set": lambda: len(runs.curve_set("reward").value),
        "curve_set again": lambda: len(runs.curve_set("reward").value),
    }.items():
        started = time.perf_counter()
        values = work()
        figures[name] = time.perf_counter() - started
        figures["values"] = values
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--measure", type=Path, help="time one repetition on this folder; what the script calls itself")
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure)))
        return
    for runs, steps in SIZES:
        with tempfile.TemporaryDirectory() as temporary:
            write_cache(Path(temporary), runs, steps)
            command = [sys.executable, __file__, "--measure", temporary]
            figures = [
                json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
                for _ in range(arguments.repeat)
            ]
        if any(figure["values"] != runs * steps for figure in figures):
            raise SystemExit(f"expected {runs * steps:,} values, came {figures[0]['values']:,}")
        times = {name: median(figure[name] for figure in figures) for name in figures[0] if name != "values"}
        told = ", ".join(f"{name} {seconds:.3f} s" for name, seconds in times.items())
        ratio = median(figure["curve_set"] / figure["plain Polars"] for figure in figures)
        print(f"{runs:,} runs x {steps:,} points: {told}; curve_set / plain Polars {ratio:.2f}")


if __name__ == "__main__":
    main()
