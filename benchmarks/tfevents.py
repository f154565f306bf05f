"""Reading event files: rlcompare against TensorBoard's Rust data server and EventAccumulator.

    python benchmarks/tfevents.py --peers PYTHON [--logs DIR] [--rounds N]

PYTHON is an interpreter with tensorboard and torch. The logs are written there once, by torch's SummaryWriter, into DIR
(default: a temporary folder). Rounds are interleaved and medians printed. rlcompare checks both checksums of every
record and ends with wide frames; the Rust server runs as TensorBoard starts it, without checksums, its start included,
until all points have come back over gRPC. EventAccumulator reads some of the runs and is compared by events a second.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from statistics import median
from typing import Any

from rlcompare.readers.base import LogFile, Resume
from rlcompare.readers.tensorboard import read
from rlcompare.readers.tfevents.fast import ROWS
from rlcompare.readers.tfevents.kinds import KINDS

PEERS = Path(__file__).with_name("tfevents_peers.py")


def log_file(path: Path) -> LogFile:
    stat = path.stat()
    return LogFile(path, PurePosixPath(path.name), stat.st_size, stat.st_mtime_ns, stat.st_ino)


def event_files(folder: Path) -> list[LogFile]:
    return [log_file(path) for path in sorted(folder.glob("*/events.out.tfevents.*"))]


def read_all(files: list[LogFile], threads: int) -> int:
    """Read files into frames and count their values."""
    with ThreadPoolExecutor(threads) as pool:
        chunks = list(pool.map(lambda file: read(file, None), files))
    return sum(table.height * (table.width - 2) for chunk in chunks for table in chunk.tables)


def timed(work: Callable[[], int], expected: int) -> float:
    ROWS.clear()
    KINDS.clear()
    started = time.perf_counter()
    points = work()
    seconds = time.perf_counter() - started
    if points != expected:
        raise SystemExit(f"expected {expected:,} points, came {points:,}")
    return seconds


def peer(python: str, *words: object) -> dict[str, Any]:
    done = subprocess.run([python, str(PEERS), *map(str, words)], check=True, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def written(python: str, folder: Path, runs: int, tags: int, steps: int) -> list[LogFile]:
    if not folder.is_dir():
        peer(python, "write", folder, runs, tags, steps)
    return event_files(folder)


def line(name: str, seconds: float, events: int, reference: float | None = None) -> None:
    ratio = f"   rlcompare is {seconds / reference:5.1f}x as fast" if reference else ""
    print(f"  {name:<34}{seconds:9.3f} s {events / seconds / 1e6:8.2f} M events/s{ratio}", flush=True)


def large(python: str, logs: Path, rounds: int) -> None:
    runs, tags, steps, sample = 20, 40, 5000, 2
    files = written(python, logs / "large", runs, tags, steps)
    points = runs * tags * steps
    megabytes = sum(file.size for file in files) / 1e6
    print(f"{runs} runs x {tags} tags x {steps:,} steps: {points:,} events, {megabytes:.0f} MB, to wide frames")
    cores = os.cpu_count() or 1
    ours, threaded, rust, accumulator = [], [], [], []
    for i in range(rounds):
        ours.append(timed(lambda: read_all(files, 1), points))
        rust.append(float(peer(python, "rust", logs / "large")["seconds"]))
        threaded.append(timed(lambda: read_all(files, cores), points))
        if i < 3:
            answer = peer(python, "accumulator", logs / "large", sample)
            accumulator.append(answer["seconds"] / answer["points"] * points)
    best = median(ours)
    line("rlcompare, 1 thread", best, points)
    line(f"rlcompare, {cores} threads", median(threaded), points)
    line(f"Rust data server ({cores} cores)", median(rust), points, best)
    line(f"EventAccumulator (from {sample} runs)", median(accumulator), points, best)


def short(python: str, logs: Path, rounds: int) -> None:
    runs, tags, steps, copies = 50, 40, 200, 20
    files = written(python, logs / "short", runs, tags, steps) * copies
    points = runs * copies * tags * steps
    print(f"{runs * copies:,} short files of {tags * steps:,} events ({runs} files, each read {copies} times)")
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for threads, times in seconds.items():
            times.append(timed(lambda threads=threads: read_all(files, threads), points))
    for threads, times in seconds.items():
        line(f"rlcompare, {threads} thread{'s' if threads > 1 else ''}", median(times), points)
        print(f"  {median(times) / len(files) * 1e3:.2f} ms a file")


def tail(python: str, logs: Path, rounds: int) -> None:
    runs, tags, steps = 1, 40, 50_000
    (file,) = written(python, logs / "long", runs, tags, steps)
    points = tags * steps
    print(f"1 % appended to a file of {points:,} events")
    # Cut into a record, as a flush of the writer does.
    cut = int(file.size * 0.99)
    with tempfile.TemporaryDirectory() as temporary:
        shutil.copyfile(file.path, Path(temporary) / file.name)
        os.truncate(Path(temporary) / file.name, cut)
        first = read(log_file(Path(temporary) / file.name), None)
    resume = Resume(first.offset, first.state)
    whole, new = [], []
    for _ in range(max(rounds, 7)):
        whole.append(timed(lambda: read_all([file], 1), points))
        started = time.perf_counter()
        read(file, resume)
        new.append(time.perf_counter() - started)
    line("all of it", median(whole), points)
    line("what was appended", median(new), points // 100)
    print(f"  1/{median(whole) / median(new):.0f} of the time")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", required=True, help="interpreter with tensorboard and torch")
    parser.add_argument("--logs", type=Path, help="where the logs are kept between calls")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        logs = options.logs or Path(temporary)
        logs.mkdir(parents=True, exist_ok=True)
        for part in (large, short, tail):
            part(options.peers, logs, options.rounds)


if __name__ == "__main__":
    main()
