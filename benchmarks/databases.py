"""Runs in databases and file stores against the trackers' own readers and against a plain loop over the rows.

Run: ``python benchmarks/databases.py --peers PYTHON [--values N] [--repeat N]``, PYTHON being that of an environment
with mlflow and trackio. ``databases_peers.py`` has them make a run of ``N`` values in 40 metrics each: MLflow's
database and file store, and Trackio's database. Then each is read in turn, interleaved; prints medians in seconds and
ratios. ``plain`` is the loop that their documentation leads to: ``sqlite3`` and ``json``, or a split of each line,
gathered to one Polars frame a metric.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path, PurePosixPath

import polars as pl

from rlcompare.readers import mlflow, mlflow_files, trackio
from rlcompare.readers.base import LogFile

PEERS = Path(__file__).with_name("databases_peers.py")
Case = tuple[str, Callable[[Path, str], object], Callable[[Path, str], object]]
Rows = dict[str, tuple[list[int], list[float], list[float]]]


def log_file(path: Path, root: Path, within: str = "") -> LogFile:
    stat = path.stat()
    relative = PurePosixPath(path.relative_to(root))
    return replace(LogFile(path, relative, stat.st_size, stat.st_mtime_ns, stat.st_ino), within=within)


def frames(rows: Rows) -> list[pl.DataFrame]:
    return [pl.DataFrame({"step": s, "wall_time": t, key: v}) for key, (s, t, v) in rows.items()]


def read_mlflow(path: Path, run: str) -> tuple[pl.DataFrame, ...]:
    return mlflow.read(log_file(path, path.parent, run), None).tables


def plain_mlflow(path: Path, run: str) -> list[pl.DataFrame]:
    rows: Rows = {}
    query = "SELECT key, value, timestamp, step, is_nan FROM metrics WHERE run_uuid = ? ORDER BY step"
    with closing(sqlite3.connect(path)) as connection:
        for key, value, timestamp, step, is_nan in connection.execute(query, (run,)):
            steps, times, values = rows.setdefault(key, ([], [], []))
            steps.append(step)
            times.append(timestamp / 1000)
            values.append(float("nan") if is_nan else value)
    return frames(rows)


def read_trackio(path: Path, run: str) -> tuple[pl.DataFrame, ...]:
    return trackio.read(log_file(path, path.parent, run), None).tables


def plain_trackio(path: Path, run: str) -> list[pl.DataFrame]:
    rows: Rows = {}
    query = "SELECT step, timestamp, metrics FROM metrics WHERE run_id = ? ORDER BY id"
    with closing(sqlite3.connect(path)) as connection:
        for step, _, metrics in connection.execute(query, (run,)):
            for key, value in json.loads(metrics).items():
                steps, times, values = rows.setdefault(key, ([], [], []))
                steps.append(step)
                times.append(0.0)
                values.append(value)
    return frames(rows)


def metric_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("metrics/**/*") if path.is_file())


def read_files(folder: Path) -> list[pl.DataFrame]:
    root = folder.parent
    return [table for path in metric_files(folder) for table in mlflow_files.read(log_file(path, root), None).tables]


def plain_files(folder: Path) -> list[pl.DataFrame]:
    rows: Rows = {}
    for path in metric_files(folder):
        steps, times, values = rows.setdefault(path.name, ([], [], []))
        with path.open() as stream:
            for line in stream:
                timestamp, value, step = line.split()
                steps.append(int(step))
                times.append(int(timestamp) / 1000)
                values.append(float(value))
    return frames(rows)


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def total(tables: object) -> float:
    assert isinstance(tables, list | tuple)
    return sum(table[key].sum() for table in tables for key in table.columns if key not in ("step", "wall_time"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", required=True)
    parser.add_argument("--values", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:

        def peer(*command: str) -> dict[str, str | float]:
            run = [arguments.peers, str(PEERS), *command, temporary]
            answer = subprocess.run(run, check=True, capture_output=True, text=True)
            found: dict[str, str | float] = json.loads(answer.stdout.splitlines()[-1])
            return found

        runs = peer("write", str(arguments.values))
        cases: list[Case] = [
            ("mlflow.db", read_mlflow, plain_mlflow),
            ("mlruns", lambda path, _: read_files(path), lambda path, _: plain_files(path)),
            ("trackio/bench.db", read_trackio, plain_trackio),
        ]
        print(f"{'log':20}{'reader s':>10}{'plain s':>9}{'ratio':>8}{'own reader s':>14}{'ratio':>8}")
        for name, ours, plain in cases:
            path, run = Path(temporary) / name, str(runs[name])
            assert abs(total(ours(path, run)) / total(plain(path, run)) - 1) < 1e-9
            rounds = [
                (
                    seconds(lambda: ours(path, run)),  # noqa: B023
                    seconds(lambda: plain(path, run)),  # noqa: B023
                    float(peer(name)["seconds"]),
                )
                for _ in range(arguments.repeat)
            ]
            mine, simple, own = (statistics.median(times) for times in zip(*rounds, strict=True))
            print(f"{name:20}{mine:10.3f}{simple:9.3f}{simple / mine:7.1f}x{own:14.3f}{own / mine:7.1f}x")


if __name__ == "__main__":
    main()
