"""Trackers' files against the trackers' own readers: SwanLab, DVCLive, Comet.

Run: ``python benchmarks/trackers.py [--values N] [--repeat N]``, where swanlab 0.8 or later is installed beside what
rlcompare needs; without it SwanLab is left out. Files of ``N`` values in 40 metrics are written to a temporary folder
and read in turn, interleaved; prints medians in seconds and the ratio. Peers: SwanLab's ``DataStoreReader`` and its
protobuf messages, both as ``swanlab sync`` uses them; DVCLive's ``parse_tsv``, which is ``csv.DictReader``; the json
module's loop over ``messages.json``, with which Comet's upload begins. Each gathers its numbers into lists; the readers
end in Polars frames.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np

from rlcompare.readers import comet, dvclive, swanlab
from rlcompare.readers.base import LogFile, Reader

try:
    from swanlab.proto.swanlab.record.v1.record_pb2 import Record
    from swanlab.sdk.internal.core_python.store import DataStoreReader, DataStoreWriter
except ImportError:
    DataStoreReader = None

METRICS = [f"{family}/{kind}" for family in ("actor", "critic", "perf", "response") for kind in "abcdefghij"]

Columns = dict[str, list[float]]


def write_swanlab(path: Path, steps: int, numbers: list[list[float]]) -> None:
    writer = DataStoreWriter()
    writer.open(path)
    for step in range(steps):
        for key, value in zip(METRICS, numbers[step], strict=True):
            record = Record(num=step + 1)
            record.timestamp.FromMilliseconds(1_700_000_000_000 + step)
            scalar = record.scalar
            scalar.key, scalar.step, scalar.type, scalar.value.number = key, step, 1, value
            scalar.timestamp.FromMilliseconds(1_700_000_000_000 + step)
            writer.write(record.SerializeToString())
    writer.close()


def write_dvclive(path: Path, _steps: int, numbers: list[list[float]]) -> None:
    path.parent.mkdir(parents=True)
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerow(["timestamp", "step", "loss"])
        flat = (value for row in numbers for value in row)
        writer.writerows([1_700_000_000_000 + step, step, value] for step, value in enumerate(flat))


def write_comet(path: Path, steps: int, numbers: list[list[float]]) -> None:
    lines = []
    for step in range(steps):
        for key, value in zip(METRICS, numbers[step], strict=True):
            metric = {"epoch": None, "metricName": key, "metricValue": value, "step": step}
            payload = {"local_timestamp": 1_700_000_000_000 + step, "message_id": step, "metric": metric}
            lines.append(json.dumps({"payload": payload, "type": "metric_msg"}, separators=(",", ":")))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("experiment.json", "{}")
        archive.writestr("messages.json", "\n".join([*lines, ""]))


def swanlab_own(path: Path) -> Columns:
    columns: Columns = {}
    reader = DataStoreReader()
    reader.open(path)
    for data in reader:
        record = Record()
        record.ParseFromString(data)
        if record.HasField("scalar"):
            columns.setdefault(record.scalar.key, []).append(record.scalar.value.number)
    return columns


def dvclive_own(path: Path) -> Columns:
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    return {"loss": [float(row["loss"]) for row in rows]}


def comet_own(path: Path) -> Columns:
    columns: Columns = {}
    with zipfile.ZipFile(path) as archive, archive.open("messages.json") as stream:
        for line in stream:
            metric = json.loads(line)["payload"]["metric"]
            columns.setdefault(metric["metricName"], []).append(metric["metricValue"])
    return columns


Case = tuple[str, Reader, Callable[[Path, int, list[list[float]]], None], Callable[[Path], Columns]]
CASES: list[Case] = [
    ("run-a.swanlab", swanlab.READER, write_swanlab, swanlab_own),
    ("plots/metrics/loss.tsv", dvclive.READER, write_dvclive, dvclive_own),
    ("a.zip", comet.READER, write_comet, comet_own),
]


def read(reader: Reader, path: Path, root: Path) -> Columns:
    stat = path.stat()
    file = LogFile(path, PurePosixPath(path.relative_to(root)), stat.st_size, stat.st_mtime_ns, stat.st_ino)
    chunk = reader.read(file, None)
    assert not chunk.issues, chunk.issues
    return {key: table[key] for table in chunk.tables for key in table.columns if key not in ("step", "wall_time")}  # type: ignore[misc]


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--values", type=int, default=400_000)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    steps = arguments.values // len(METRICS)
    numbers = np.random.default_rng(0).normal(size=(steps, len(METRICS))).tolist()
    print(f"{'file':26}{'MB':>7}{'reader s':>10}{'own s':>9}{'ratio':>8}")
    for name, reader, write, own in CASES:
        if own is swanlab_own and DataStoreReader is None:
            print(f"{name:26} left out: swanlab is not installed")
            continue
        with tempfile.TemporaryDirectory() as temporary:
            root = Path(temporary)
            path = root / name
            write(path, steps, numbers)
            ours, theirs = read(reader, path, root), own(path)
            assert {key: list(values) for key, values in ours.items()} == theirs
            rounds = [
                (seconds(lambda: read(reader, path, root)), seconds(lambda: own(path)))  # noqa: B023
                for _ in range(arguments.repeat)
            ]
            mine, peer = (statistics.median(times) for times in zip(*rounds, strict=True))
            print(f"{name:26}{path.stat().st_size / 1e6:7.0f}{mine:10.3f}{peer:9.3f}{peer / mine:7.1f}x")


if __name__ == "__main__":
    main()
