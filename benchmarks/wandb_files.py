"""Reading W&B run files: ours against W&B's own protobuf classes with the json module.

Run: ``python benchmarks/wandb_files.py`` where ``wandb`` is installed too. Writes a run of 20,000 rows of 40 metrics in
W&B's framing and encoding, each row followed by the update of the summary that W&B 0.31 writes, and prints medians of
interleaved runs. The peer walks the chunks in Python, as W&B's own reader of Python did, lets protobuf decode the
records and parses each value of history with json, into a list a key. ``history alone`` is the same without summaries.
"""

from __future__ import annotations

import json
import random
import statistics
import struct
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from rlcompare.readers import LogFile
from rlcompare.readers.leveldb_log import BLOCK_BYTES
from rlcompare.readers.wandb import READER
from rlcompare.readers.wandb.run import HEAD
from tests.readers.leveldb_writer import framed

ROWS, KEYS, REPEATS = 20_000, 40, 5


def write(path: Path, *, summaries: bool) -> None:
    from wandb.proto import wandb_internal_pb2

    rng = random.Random(0)

    def records() -> Iterator[bytes]:
        for number in range(ROWS):
            row = {f"train/metric_{k}": rng.random() for k in range(KEYS)}
            items = list((row | {"_step": number, "_timestamp": 1.7e9 + number}).items())
            record = wandb_internal_pb2.Record(num=number)
            record.history.step.num = number
            for key, value in rng.sample(items, len(items)):
                record.history.item.add(nested_key=[key], value_json=json.dumps(value))
            yield record.SerializeToString()
            if summaries:
                record = wandb_internal_pb2.Record(num=number)
                for key, value in rng.sample(items, len(items)):
                    record.summary.update.add(nested_key=[key], value_json=json.dumps(value))
                yield record.SerializeToString()

    path.write_bytes(framed(records(), HEAD))


def ours(path: Path) -> int:
    stat = path.stat()
    file = LogFile(path, PurePosixPath(path.name), stat.st_size, stat.st_mtime_ns, stat.st_ino)
    return sum(table.height * (table.width - 2) for table in READER.read(file, None).tables)


def protobuf(path: Path) -> int:
    from wandb.proto import wandb_internal_pb2

    data, at, parts = path.read_bytes(), len(HEAD), b""
    columns: dict[str, list[float]] = {}
    while at + 7 <= len(data):
        left = BLOCK_BYTES - at % BLOCK_BYTES
        if left < 7:
            at += left
            continue
        _, length, kind = struct.unpack_from("<IHB", data, at)
        parts = (parts if kind in (3, 4) else b"") + data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(parts)
            for item in record.history.item:
                columns.setdefault(".".join(item.nested_key), []).append(json.loads(item.value_json))
    return sum(len(values) for key, values in columns.items() if not key.startswith("_"))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for what, summaries in (("as W&B writes", True), ("history alone", False)):
            path = Path(folder) / "run-a.wandb"
            write(path, summaries=summaries)
            times: dict[str, list[float]] = {"ours": [], "protobuf and json": []}
            for _ in range(REPEATS):
                for name, way in (("ours", ours), ("protobuf and json", protobuf)):
                    start = time.perf_counter()
                    assert way(path) == ROWS * KEYS, name
                    times[name].append(time.perf_counter() - start)
            medians = {name: statistics.median(found) for name, found in times.items()}
            print(f"{what}: {path.stat().st_size / 1e6:.0f} MB, {ROWS * KEYS:,} values")
            for name, median in medians.items():
                print(f"{name:20} {median:6.2f} s")
            print(f"ours is {medians['protobuf and json'] / medians['ours']:.1f} x as fast")


if __name__ == "__main__":
    main()
