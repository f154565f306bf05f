"""A second start on a warm cache: 1,000 runs x 20 metrics x 1,000 steps.

Run: ``python benchmarks/cache.py [--runs N] [--repeat N]``. Each repetition is a new process, so that nothing is warm
but the cache on disk. Prints medians in seconds: reading the run table, then one metric of half of the runs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

METRICS, STEPS = 20, 1000

SECOND_START = """
import json, sys, time
start = time.perf_counter()
import rlcompare as rlc
imported = time.perf_counter()
runs = rlc.open_runs(sys.argv[1])
table = runs.table()
listed = time.perf_counter()
half = runs.select(runs.ids[: len(runs) // 2])
selected = time.perf_counter()
curves = half.curves("reward")
done = time.perf_counter()
assert table.height == int(sys.argv[2]), table.height
assert curves.height == table.height // 2 * int(sys.argv[3]), curves.height
print(json.dumps({"import": imported - start, "run table": listed - imported, "one metric of half": done - selected}))
"""


def write_logs(folder: Path, runs: int) -> None:
    """Write ``runs`` logs as verl's file logger does."""
    rng = random.Random(0)
    keys = ["critic/score/mean", *(f"actor/metric_{i}" for i in range(METRICS - 1))]
    for run in range(runs):
        with (folder / f"run-{run:04d}.jsonl").open("w") as stream:
            for step in range(STEPS):
                stream.write(json.dumps({"step": step, "data": {key: rng.random() for key in keys}}) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        logs, cache = Path(temporary) / "logs", Path(temporary) / "cache"
        logs.mkdir()
        write_logs(logs, arguments.runs)
        environment = {**os.environ, "RLCOMPARE_CACHE": str(cache)}
        command = [sys.executable, "-c", SECOND_START, str(logs), str(arguments.runs), str(STEPS)]
        start = time.perf_counter()
        subprocess.run(command, env=environment, check=True, capture_output=True)
        print(f"first start, everything read: {time.perf_counter() - start:.1f} s")
        figures = [
            json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)
            for _ in range(arguments.repeat)
        ]
        for name in figures[0]:
            values = [figure[name] for figure in figures]
            print(f"{name}: median {statistics.median(values):.3f} s, {min(values):.3f} to {max(values):.3f}")


if __name__ == "__main__":
    main()
