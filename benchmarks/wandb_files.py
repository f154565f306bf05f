"""Reading W&B run files: ours against W&B's own protobuf classes with the json module.

Run: ``python benchmarks/wandb_files.py`` where ``wandb`` is installed too. Writes a run of 20,000 rows of 40 metrics in
W&B's framing and encoding, and prints medians of interleaved runs. The peer walks the chunks in Python, as W&B's own
reader of Python did, lets protobuf decode the records and parses each value with json, into a list a key.
"""

from __future__ import annotations

import json
import random
import statistics
import struct
import tempfile
import time
import zlib
from pathlib import Path, PurePosixPath

from rlcompare.readers import LogFile
from rlcompare.readers.leveldb_log import BLOCK_BYTES
from rlcompare.readers.wandb import READER
from rlcompare.readers.wandb.run import HEAD

ROWS, KEYS, REPEATS = 20_000, 40, 5


def write(path: Path) -> None:
    from wandb.proto import wandb_internal_pb2

    rng = random.Random(0)
    out = bytearray(HEAD)
    for number in range(ROWS):
        record = wandb_internal_pb2.Record(num=number)
        row = {f"train/metric_{k}": rng.random() for k in range(KEYS)} | {"_step": number, "_timestamp": 1.7e9 + number}
        for key in rng.sample(list(row), len(row)):
            record.history.item.add(nested_key=[key], value_json=json.dumps(row[key]))
        data = record.SerializeToString()
        first = True
        while data or first:
            left = BLOCK_BYTES - len(out) % BLOCK_BYTES
            if left < 7:
                out += bytes(left)
                continue
            piece, data = data[: left - 7], data[left - 7 :]
            kind = (1 if first else 4) if not data else (2 if first else 3)
            out += struct.pack("<IHB", zlib.crc32(bytes([kind]) + piece), len(piece), kind) + piece
            first = False
    path.write_bytes(out)


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
        path = Path(folder) / "run-a.wandb"
        write(path)
        times: dict[str, list[float]] = {"ours": [], "protobuf and json": []}
        for _ in range(REPEATS):
            for name, way in (("ours", ours), ("protobuf and json", protobuf)):
                start = time.perf_counter()
                assert way(path) == ROWS * KEYS, name
                times[name].append(time.perf_counter() - start)
        medians = {name: statistics.median(found) for name, found in times.items()}
        print(f"{path.stat().st_size / 1e6:.0f} MB, {ROWS * KEYS:,} values")
        for name, median in medians.items():
            print(f"{name:20} {median:6.2f} s")
        print(f"ours is {medians['protobuf and json'] / medians['ours']:.1f} x as fast")


if __name__ == "__main__":
    main()
