"""Logs of classic RL against how their own tools and docs read them.

Run: ``python benchmarks/classic_rl.py [--results N] [--repeat N]``. Files as RLlib, Spinning Up and d3rlpy write them
are made in a temporary folder and read in turn, interleaved; prints medians in seconds and the ratios. ``result.json``
has ``N`` lines of 6 KB, half of them settings, with a window of 100 episodes; our reader also finds the new episodes.
Peers: Ray Tune's ``ExperimentAnalysis`` reads ``result.json`` by ``json.loads`` and ``pandas.json_normalize``,
``progress.csv`` by ``pandas.read_csv``; Spinning Up's plotter reads ``progress.txt`` by ``pandas.read_table``; d3rlpy's
reads ``<metric>.csv`` by ``numpy.loadtxt``. ``plain`` is the json or the csv module, with numbers gathered to columns.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import polars as pl

from rlcompare.readers import csv_folder, spinningup, tune_csv, tune_json
from rlcompare.readers.base import LogFile, Reader

WINDOW = 100
NEW = 4
METRICS = 40

Columns = dict[str, list[float]]


def write_files(folder: Path, results: int) -> None:
    rng = np.random.default_rng(0)
    settings = {f"setting_{i}": "<class 'ray.rllib.agents.callbacks.DefaultCallbacks'>" for i in range(40)}
    names = [f"learner_stats_{i}" for i in range(METRICS)]
    returns = rng.normal(size=WINDOW + NEW * results).tolist()
    lengths = rng.integers(10, 1000, size=WINDOW + NEW * results).tolist()
    lines = (folder / "result.json").open("w")
    table = csv.writer((folder / "progress.csv").open("w", newline=""))
    tabs = (folder / "progress.txt").open("w")
    one = (folder / "loss.csv").open("w")
    for i in range(results):
        values = rng.normal(size=METRICS).tolist()
        stats = dict(zip(names, values, strict=True))
        window = slice(NEW * i, NEW * i + WINDOW)
        lists = {"episode_reward": [round(r, 2) for r in returns[window]], "episode_lengths": lengths[window]}
        told = {"timestamp": 1_700_000_000 + i, "date": "2023-11-14_22-13-20", "done": False, "time_total_s": i / 2}
        told |= {"training_iteration": i + 1, "hostname": "host", "node_ip": "10.0.0.1", "agent_timesteps_total": i}
        if i == 0:
            flat = [
                *told,
                "episodes_this_iter",
                *(f"info/{name}" for name in names),
                *(f"hist_stats/{n}" for n in lists),
            ]
            table.writerow(flat)
            tabs.write("\t".join(["Epoch", "TotalEnvInteracts", *names]) + "\n")
        record = told | {"episodes_this_iter": NEW, "info": stats, "hist_stats": lists, "config": settings}
        lines.write(json.dumps(record) + "\n")
        table.writerow([*told.values(), NEW, *values, *lists.values()])
        tabs.write("\t".join(map(str, [i, 4000 * (i + 1), *values])) + "\n")
        one.write(f"{i},{1000 * (i + 1)},{values[0]}\n")


def gather(columns: Columns, record: dict[str, object], prefix: str = "") -> None:
    for key, value in record.items():
        if isinstance(value, dict) and key != "config":
            gather(columns, value, f"{prefix}{key}/")
        elif isinstance(value, int | float):
            columns.setdefault(prefix + key, []).append(value)


def json_module(path: Path) -> pl.DataFrame:
    columns: Columns = {}
    with path.open("rb") as stream:
        for line in stream:
            gather(columns, json.loads(line))
    return pl.DataFrame(columns)


def tunes_own(path: Path) -> object:
    with path.open() as stream:
        return pd.json_normalize([json.loads(line) for line in stream if line], sep="/")


def csv_module(path: Path, separator: str = ",") -> pl.DataFrame:
    columns: Columns = {}
    with path.open(newline="") as stream:
        for row in csv.DictReader(stream, delimiter=separator):
            for key, value in row.items():
                try:
                    columns.setdefault(key, []).append(float(value))
                except ValueError:
                    continue
    return pl.DataFrame({key: values for key, values in columns.items() if values})


def csv_columns(path: Path) -> pl.DataFrame:
    with path.open(newline="") as stream:
        columns = zip(*csv.reader(stream), strict=True)
        return pl.DataFrame([[*map(float, column)] for column in columns])


Peer = Callable[[Path], object]
CASES: list[tuple[str, Reader, str, Peer, Peer]] = [
    ("result.json", tune_json.READER, "json", json_module, tunes_own),
    ("progress.csv", tune_csv.READER, "csv", csv_module, pd.read_csv),
    ("progress.txt", spinningup.READER, "csv", lambda path: csv_module(path, "\t"), pd.read_table),
    ("loss.csv", csv_folder.READER, "csv", csv_columns, lambda path: np.loadtxt(path, delimiter=",")),
]


def log_file(path: Path) -> LogFile:
    stat = path.stat()
    return LogFile(path, PurePosixPath(path.name), stat.st_size, stat.st_mtime_ns, stat.st_ino)


def read(reader: Reader, path: Path) -> pl.DataFrame:
    return pl.concat(reader.read(log_file(path), None).tables, how="diagonal")


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=int, default=2_000)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    print(f"{'file':14}{'MB':>6}{'reader s':>10}{'plain':>7}{'plain s':>9}{'ratio':>8}{'own tool s':>12}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as temporary:
        write_files(Path(temporary), arguments.results)
        samples = tune_json.READER.read(log_file(Path(temporary) / "result.json"), None).samples
        assert samples is not None
        assert samples.height == NEW * arguments.results
        for name, reader, plain_name, plain, own in CASES:
            path = Path(temporary) / name
            assert read(reader, path).height == arguments.results
            calls: list[Callable[[], object]] = [
                lambda reader=reader, path=path: read(reader, path),  # type: ignore[misc]
                lambda plain=plain, path=path: plain(path),  # type: ignore[misc]
                lambda own=own, path=path: own(path),  # type: ignore[misc]
            ]
            rounds = [[seconds(call) for call in calls] for _ in range(arguments.repeat)]
            ours, theirs, tool = (statistics.median(times) for times in zip(*rounds, strict=True))
            size = path.stat().st_size / 1e6
            print(
                f"{name:14}{size:6.1f}{ours:10.4f}{plain_name:>7}{theirs:9.4f}{theirs / ours:7.1f}x"
                f"{tool:12.4f}{tool / ours:7.1f}x"
            )


if __name__ == "__main__":
    main()
