"""One look at trainings that are still going: 50 runs, 20,000 records of 10 metrics each, 3 more records at every look.

Run: ``python benchmarks/live.py [--runs N] [--records N] [--looks N]``. For each log format prints the CPU seconds of
one look, that is of ``Library.refresh()``, ``snapshot()`` and ``Runs.curve_set("reward")``, all threads together, and
how many times as much a look costs that reads every log anew.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import google_crc32c

from rlcompare.runs import Runs
from rlcompare.store import Library

METRICS, GROWTH = 10, 3
KEYS = ("critic/score/mean", *(f"actor/metric_{i}" for i in range(METRICS - 1)))


def verl_records(first: int, n: int) -> bytes:
    """Write records as verl's file logger does."""
    rng = random.Random(first)
    lines = [
        json.dumps({"step": step, "data": {key: rng.random() for key in KEYS}}) for step in range(first, first + n)
    ]
    return "".join(line + "\n" for line in lines).encode()


def event_records(first: int, n: int) -> bytes:
    """Write records as a TensorBoard summary writer does: an event a value."""
    rng = random.Random(first)
    written = bytearray(framed(b"\x09" + struct.pack("<d", 1.7e9) + field(3, b"brain.Event:2")) if first == 0 else b"")
    for step in range(first, first + n):
        for key in KEYS:
            value = field(1, key.encode()) + b"\x15" + struct.pack("<f", rng.random())
            head = b"\x09" + struct.pack("<d", 1.7e9 + step) + (b"\x10" + varint(step) if step else b"")
            written += framed(head + field(5, field(1, value)))
    return bytes(written)


def framed(payload: bytes) -> bytes:
    length = struct.pack("<Q", len(payload))
    return length + checksum(length) + payload + checksum(payload)


def checksum(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


FORMATS: dict[str, tuple[str, Callable[[int, int], bytes]]] = {
    "verl file logger": ("metrics.jsonl", verl_records),
    "event files": ("events.out.tfevents.1700000000.host.1.0", event_records),
}


def look(library: Library, n_runs: int) -> float:
    """Look once; return the CPU seconds that it took."""
    started = time.process_time()
    library.refresh()
    library.wait()
    curves = Runs.of(library.snapshot()).curve_set("reward")
    spent = time.process_time() - started
    if len(curves) != n_runs:
        raise SystemExit(f"expected {n_runs} curves, came {len(curves)}")
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--looks", type=int, default=40)
    arguments = parser.parse_args()
    for name, (file_name, records) in FORMATS.items():
        with tempfile.TemporaryDirectory() as temporary:
            logs, cache = Path(temporary) / "logs", Path(temporary) / "cache"
            files = [logs / f"run-{run:03d}" / file_name for run in range(arguments.runs)]
            written = records(0, arguments.records)
            for file in files:
                file.parent.mkdir(parents=True)
                file.write_bytes(written)
            library = Library([logs], cache=cache)
            look(library, arguments.runs)
            looks = []
            for number in range(arguments.looks):
                grown = records(arguments.records + GROWTH * number, GROWTH)
                for file in files:
                    with file.open("ab") as stream:
                        stream.write(grown)
                looks.append(look(library, arguments.runs))
            shutil.rmtree(cache)
            afresh = look(Library([logs], cache=cache), arguments.runs)
            print(
                f"{name}: median {median(looks):.3f} CPU s a look, mean {sum(looks) / len(looks):.3f}, "
                f"{min(looks):.3f} to {max(looks):.3f}; everything anew {afresh:.2f} CPU s, "
                f"{afresh / median(looks):.0f} times as much"
            )


if __name__ == "__main__":
    main()
