"""Console logs against the loop that one would write: slime's and SkyRL's dicts, Logic-RL's samples, and prose.

Run: ``python benchmarks/consoles.py [--megabytes N] [--repeat N]``. Logs of about ``N`` MB are written to a temporary
folder and read in turn, interleaved; prints medians in seconds and the ratio. The peers look for one thing only, where
the reader looks for the lines of all frameworks and for samples: loops over ``ast.literal_eval`` of each dict (which is
why none holds NaN here), a regular expression for response and total of each sample in all of the text, a loop over
lines for a mark that is not there. Each ends, as the reader does, in one frame with a column a key.
"""

from __future__ import annotations

import argparse
import ast
import pprint
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import numpy as np
import polars as pl

from rlcompare.readers.base import Chunk, LogFile
from rlcompare.readers.console import READER

KEYS = [
    f"{family}/{kind}" for family in ("rollout", "perf", "train") for kind in ("mean", "median", "max", "min", "std")
]
SLIME = "[2026-08-01 12:00:00] rollout_metrics.py:268 - "
SKYRL = "2026-08-01 12:00:00.000 | INFO     | skyrl.train.utils.tracking:log:189 - "
SENTENCE = "so we know that the first of them lies and says: 'I am {no} knave' which is step 2 of the proof - done"
SAMPLE = re.compile(r"\n\[Model Response\]\n(.*?)\n\n\[Structure Validation\]\n.*?\n  Total: (\S+)\n", re.DOTALL)

Columns = dict[str, list[float]]


def prose(rng: np.random.Generator, lines: int) -> str:
    return "".join(" ".join(rng.choice(SENTENCE.split(), size=15)) + "\n" for _ in range(lines))


def slime_log(rng: np.random.Generator) -> Iterator[str]:
    step = 0
    while True:
        yield f"{SLIME}rollout {step}: {dict(zip(KEYS, rng.normal(size=len(KEYS)).tolist(), strict=True))}\n"
        step += 1


def skyrl_log(rng: np.random.Generator) -> Iterator[str]:
    step = 0
    while True:
        printed = {key: f"{value:.4f}" for key, value in zip(KEYS, rng.normal(size=len(KEYS)), strict=True)}
        yield f"{SKYRL}Step {step}: \n{pprint.pformat(printed)}\n"
        step += 1


def samples_log(rng: np.random.Generator) -> Iterator[str]:
    step, response = 0, prose(rng, 30)
    while True:
        yield f"epoch 0, step {step}\n"
        for total in rng.choice([3, -0.5, -1, -3], size=64):
            yield (
                f"\n{'=' * 80}\n{' Processing New Sample '.center(80, '=')}\n\n[Ground Truth Parsing]\n"
                f"[Ground Truth] Final identities: {{'Zoey': 'knave'}}\n\n[Model Response]\n{response}\n\n"
                f"[Structure Validation]\n\n{'-' * 80}\n{' Final Score '.center(80, '-')}\n  Format: 1\n  Answer: 2\n"
                f"  Total: {total}\n{'=' * 80}\n\n"
            )
        step += 1


def prose_log(rng: np.random.Generator) -> Iterator[str]:
    some = prose(rng, 10_000)
    while True:
        yield some


def gather(columns: Columns, record: dict[str, object]) -> None:
    for key, value in record.items():
        columns.setdefault(key, []).append(float(value))  # type: ignore[arg-type]


def slime_loop(path: Path) -> pl.DataFrame:
    columns: Columns = {}
    with path.open() as stream:
        for line in stream:
            if " - rollout " in line:
                gather(columns, ast.literal_eval(line.split(": ", 1)[1]))
    return pl.DataFrame(columns)


def skyrl_loop(path: Path) -> pl.DataFrame:
    columns: Columns = {}
    printed: list[str] = []
    with path.open() as stream:
        for line in stream:
            if " - Step " in line:
                printed = []
            else:
                printed.append(line)
                if line.endswith("}\n"):
                    gather(columns, ast.literal_eval("".join(printed)))
    return pl.DataFrame(columns)


def samples_loop(path: Path) -> pl.DataFrame:
    found = SAMPLE.findall(path.read_text())
    rewards, lengths = [float(total) for _, total in found], [float(len(response)) for response, _ in found]
    return pl.DataFrame({"reward": rewards, "length": lengths})


def prose_loop(path: Path) -> pl.DataFrame:
    with path.open() as stream:
        return pl.DataFrame({"step": [line for line in stream if "step:" in line]})


CASES: list[tuple[str, Callable[[np.random.Generator], Iterator[str]], Callable[[Path], pl.DataFrame]]] = [
    ("slime.log", slime_log, slime_loop),
    ("skyrl.log", skyrl_log, skyrl_loop),
    ("samples.log", samples_log, samples_loop),
    ("prose.log", prose_log, prose_loop),
]


def write_log(path: Path, pieces: Iterator[str], size: int) -> None:
    with path.open("w") as stream:
        while stream.tell() < size:
            stream.write(next(pieces))


def read(path: Path) -> Chunk:
    stat = path.stat()
    return READER.read(LogFile(path, PurePosixPath(path.name), stat.st_size, stat.st_mtime_ns, stat.st_ino), None)


def same(ours: Chunk, theirs: pl.DataFrame) -> bool:
    if ours.samples is not None:
        return ours.samples.select(theirs.columns).equals(theirs)
    return ours.tables[0].select(theirs.columns).equals(theirs) if ours.tables else not theirs.height


def seconds(call: Callable[[Path], object], path: Path) -> float:
    start = time.perf_counter()
    call(path)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=30)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    print(f"{'file':14}{'MB':>6}{'reader s':>10}{'MB/s':>7}{'loop s':>9}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as temporary:
        for name, made, loop in CASES:
            path = Path(temporary) / name
            write_log(path, made(np.random.default_rng(0)), arguments.megabytes * 10**6)
            assert same(read(path), loop(path)), name
            rounds = [(seconds(read, path), seconds(loop, path)) for _ in range(arguments.repeat)]
            mine, theirs = (statistics.median(times) for times in zip(*rounds, strict=True))
            size = path.stat().st_size / 1e6
            print(f"{name:14}{size:6.0f}{mine:10.3f}{size / mine:7.0f}{theirs:9.3f}{theirs / mine:7.1f}x")


if __name__ == "__main__":
    main()
