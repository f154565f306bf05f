"""Text formats against the obvious loop over each: JSON lines, wide CSV, verl console lines, trainer_state.json.

Run: ``python benchmarks/text.py [--values N] [--repeat N]``. Files of ``N`` values in 40 metrics are written to a
temporary folder and read in turn, interleaved; prints medians in seconds and the ratio. Each peer ends, as the reader
does, in one Polars frame with a column a metric: the json module's loop over ``json.loads``, the csv module's over
``csv.reader`` and ``float``, a loop over ``re.findall``. ``parse only`` is the same loop without values gathered to
columns: what the module returns is all there is.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import json
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np
import polars as pl

from rlcompare.readers import console, generic_csv, generic_jsonl, verl_jsonl
from rlcompare.readers.base import LogFile, Reader

FAMILIES = ("critic/score", "critic/rewards", "critic/advantages", "response_length", "prompt_length")
FAMILIES += ("actor", "timing_s", "perf", "global_seqlen", "val-core")
KEYS = [f"{family}/{kind}" for family in FAMILIES for kind in ("mean", "max", "min", "clip_ratio")]
RAY = "\x1b[36m(TaskRunner pid=2829)\x1b[0m "

#: Splits on the last colon, as keys may hold one.
ITEM = re.compile(r"(\S+):(?:np\.float64\()?([^\s)]+)")

Columns = dict[str, list[float]]


def write_files(folder: Path, values: int) -> None:
    rng = np.random.default_rng(0)
    rows = (rng.normal(size=(values // len(KEYS), len(KEYS))) * 10 ** rng.uniform(-4, 4, size=len(KEYS))).tolist()
    records = [dict(zip(KEYS, row, strict=True)) for row in rows]
    with (folder / "nested.jsonl").open("w") as stream:
        stream.writelines(
            json.dumps({"step": step, "data": row}, separators=(",", ":")) + "\n" for step, row in enumerate(records)
        )
    with (folder / "flat.jsonl").open("w") as stream:
        stream.writelines(json.dumps({"step": step} | row) + "\n" for step, row in enumerate(records))
    with (folder / "wide.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["step", *KEYS])
        writer.writerows([step, *row] for step, row in enumerate(rows))
    for name, dressed in (("plain.log", "{}:{!r}"), ("numpy.log", "{}:np.float64({!r})")):
        with (folder / name).open("w") as stream:
            for step, row in enumerate(records):
                items = (dressed.format(key, value) for key, value in row.items())
                stream.write(" - ".join([f"{RAY}step:{step}", *items]) + "\n")
    state = {"global_step": len(rows), "log_history": [row | {"step": step} for step, row in enumerate(records, 1)]}
    with (folder / "trainer_state.json").open("w") as stream:
        json.dump(state, stream, indent=2, sort_keys=True)


def gather(columns: Columns, record: dict[str, float | dict[str, float]]) -> None:
    for key, value in record.items():
        if isinstance(value, dict):
            gather(columns, value)  # type: ignore[arg-type]
        else:
            columns.setdefault(key, []).append(value)


def json_lines(path: Path) -> pl.DataFrame:
    columns: Columns = {}
    with path.open("rb") as stream:
        for line in stream:
            gather(columns, json.loads(line))
    return pl.DataFrame(columns)


def json_lines_only(path: Path) -> list[object]:
    with path.open("rb") as stream:
        return [json.loads(line) for line in stream]


def csv_module(path: Path) -> pl.DataFrame:
    with path.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    columns = ([float(cell) for cell in column] for column in zip(*rows, strict=True))
    return pl.DataFrame(dict(zip(header, columns, strict=True)))


def csv_module_only(path: Path) -> list[list[str]]:
    with path.open(newline="") as stream:
        return list(csv.reader(stream))


def regex_loop(path: Path) -> pl.DataFrame:
    columns: Columns = {}
    with path.open() as stream:
        for line in stream:
            if "step:" in line:
                for key, value in ITEM.findall(line):
                    columns.setdefault(key, []).append(float(value))
    return pl.DataFrame(columns)


def regex_loop_only(path: Path) -> list[list[tuple[str, str]]]:
    with path.open() as stream:
        return [ITEM.findall(line) for line in stream if "step:" in line]


def json_document(path: Path) -> pl.DataFrame:
    columns: Columns = {}
    with path.open("rb") as stream:
        for record in json.load(stream)["log_history"]:
            gather(columns, record)
    return pl.DataFrame(columns)


def json_document_only(path: Path) -> object:
    with path.open("rb") as stream:
        return json.load(stream)


Peer = Callable[[Path], object]
CASES: list[tuple[str, Reader, str, Peer, Peer]] = [
    ("nested.jsonl", verl_jsonl.READER, "json", json_lines, json_lines_only),
    ("flat.jsonl", generic_jsonl.READER, "json", json_lines, json_lines_only),
    ("wide.csv", generic_csv.READER, "csv", csv_module, csv_module_only),
    ("plain.log", console.READER, "regex", regex_loop, regex_loop_only),
    ("numpy.log", console.READER, "regex", regex_loop, regex_loop_only),
]
try:
    TRAINER_STATE: Reader = importlib.import_module("rlcompare.readers.trainer_state").READER
    CASES.append(("trainer_state.json", TRAINER_STATE, "json", json_document, json_document_only))
except ImportError:
    pass


def log_file(path: Path) -> LogFile:
    stat = path.stat()
    return LogFile(path, PurePosixPath(path.name), stat.st_size, stat.st_mtime_ns, stat.st_ino)


def read(reader: Reader, path: Path) -> pl.DataFrame:
    chunk = reader.read(log_file(path), None)
    assert not chunk.issues, chunk.issues
    return pl.concat(chunk.tables, how="diagonal")


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--values", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    print(f"{'file':20}{'MB':>7}{'reader s':>10}{'peer':>8}{'peer s':>9}{'ratio':>8}{'parse only s':>14}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as temporary:
        write_files(Path(temporary), arguments.values)
        for name, reader, peer_name, peer, parse_only in CASES:
            path = Path(temporary) / name
            ours, theirs = read(reader, path), peer(path)
            assert isinstance(theirs, pl.DataFrame)
            assert ours.height == theirs.height == arguments.values // len(KEYS)
            assert ours.select(KEYS).equals(theirs.select(KEYS))
            del ours, theirs
            calls: list[Callable[[], object]] = [
                lambda reader=reader, path=path: read(reader, path),  # type: ignore[misc]
                lambda peer=peer, path=path: peer(path),  # type: ignore[misc]
                lambda parse_only=parse_only, path=path: parse_only(path),  # type: ignore[misc]
            ]
            rounds = [[seconds(call) for call in calls] for _ in range(arguments.repeat)]
            mine, full, only = (statistics.median(times) for times in zip(*rounds, strict=True))
            size = path.stat().st_size / 1e6
            print(
                f"{name:20}{size:7.0f}{mine:10.3f}{peer_name:>8}{full:9.3f}{full / mine:7.1f}x"
                f"{only:14.3f}{only / mine:7.1f}x"
            )


if __name__ == "__main__":
    main()
