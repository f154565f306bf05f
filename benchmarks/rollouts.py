"""Rollouts with long texts: reading them in bounded memory, and single texts on demand.

Run: ``python benchmarks/rollouts.py [--megabytes N] [--repeat N] [--short N]``. Three log folders are written to a
temporary one: verl's rollouts as 200 files, ms-swift's completions as one file, both of ``N`` MB in all, and
``--short`` rollouts with texts of a few words in 100 files. Each is read in a new process with an empty cache, in turn
with a loop over ``json.loads`` that keeps three numbers of each sample and no texts, and stores nothing. Prints medians
in seconds, MB/s and the ratio, and the peak of the reader's memory, that of importing the package included.

Then, in a process with a warm cache: texts of samples chosen at random, one call each, the first one included, in
milliseconds; and the time to have three columns of all samples.
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
from collections.abc import Iterator
from pathlib import Path

VERL_FILES, SHORT_FILES = 200, 100
CHARACTERS = 4_000
SAMPLES_A_LINE = 64

READ = """
import json, resource, sys, time
import rlcompare as rlc
start = time.perf_counter()
runs = rlc.open_runs(sys.argv[1])
done = time.perf_counter()
assert runs.issues().is_empty(), runs.issues()
kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": done - start, "samples": runs.samples("step").height, "peak": kilobytes / 1e3}))
"""

LOOP = """
import json, sys, time
from pathlib import Path
start = time.perf_counter()
steps, rewards, lengths = [], [], []
for path in sorted(Path(sys.argv[1]).rglob("*.jsonl")):
    with path.open() as stream:
        for line in stream:
            record = json.loads(line)
            if "output" in record:
                steps.append(record["step"])
                rewards.append(record["score"])
                lengths.append(len(record["output"]))
            else:
                steps += map(int, record["step"])
                rewards += record["Accuracy"]
                lengths += map(len, record["completion"])
print(json.dumps({"seconds": time.perf_counter() - start, "samples": len(steps)}))
"""

TEXTS = """
import json, random, sys, time
import polars as pl
import rlcompare as rlc
runs = rlc.open_runs(sys.argv[1])
start = time.perf_counter()
columns = runs.samples(["step", "reward", "length"])
three = time.perf_counter() - start
where = runs.samples(["run", "source", "place"])
rng, milliseconds = random.Random(0), []
for _ in range(int(sys.argv[2])):
    row = where[rng.randrange(where.height)]
    start = time.perf_counter()
    (text,) = runs.texts(row)["response"]
    milliseconds.append(1e3 * (time.perf_counter() - start))
    assert text
print(json.dumps({"texts": milliseconds, "columns": three, "samples": columns.height}))
"""


def words(rng: random.Random, characters: int) -> str:
    """Text with the quotes, line ends and other letters that answers have."""
    known = ("so", "the sum", "equals", "5", "\n\n", '"x"', "größer", "<think>", "\\frac{1}{2}", "therefore", "—")
    text = " ".join(rng.choices(known, k=characters // 6))
    return text[:characters]


def samples(rng: random.Random, characters: int) -> Iterator[tuple[str, str, float]]:
    """Prompts, answers and scores; answers begin anywhere in a long text."""
    pool = words(rng, 40 * characters)
    while True:
        length = rng.randint(characters // 2, 3 * characters // 2)
        start = rng.randrange(len(pool) - length)
        yield pool[start : start + characters // 8], pool[start : start + length], float(rng.random() < 0.5)


def write_verl(folder: Path, files: int, size: float, characters: int) -> None:
    made = samples(random.Random(0), characters)
    folder.mkdir(parents=True)
    for step in range(1, files + 1):
        with (folder / f"{step}.jsonl").open("w") as stream:
            while stream.tell() < size / files:
                for _ in range(50):
                    prompt, answer, score = next(made)
                    record = {"input": prompt, "output": answer, "gts": "5", "score": score, "step": step, "acc": score}
                    stream.write(json.dumps(record, ensure_ascii=False) + "\n")


def write_swift(folder: Path, size: float) -> None:
    made = samples(random.Random(0), CHARACTERS)
    folder.mkdir(parents=True)
    with (folder / "completions.jsonl").open("w") as stream:
        step = 0
        while stream.tell() < size:
            step += 1
            prompts, answers, scores = zip(*(next(made) for _ in range(SAMPLES_A_LINE)), strict=True)
            table = {"step": [str(step)] * SAMPLES_A_LINE, "prompt": prompts, "completion": answers}
            table |= {"Accuracy": scores, "advantages": scores}
            stream.write(json.dumps(table, ensure_ascii=False) + "\n")


def run(code: str, *arguments: str, cache: Path) -> dict[str, float | list[float]]:
    command = [sys.executable, "-c", code, *arguments]
    environment = {**os.environ, "RLCOMPARE_CACHE": str(cache)}
    done: dict[str, float | list[float]] = json.loads(
        subprocess.run(command, env=environment, check=True, capture_output=True).stdout
    )
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--short", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--texts", type=int, default=50)
    arguments = parser.parse_args()
    size = arguments.megabytes * 1e6
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        write_verl(root / "verl" / "run" / "rollout_data", VERL_FILES, size, CHARACTERS)
        write_swift(root / "swift" / "run", size)
        write_verl(root / "short" / "run" / "rollout_data", SHORT_FILES, arguments.short * 105.0, 24)
        print(f"{'logs':8}{'MB':>7}{'samples':>10}{'reader s':>10}{'MB/s':>7}{'json s':>8}{'ratio':>7}{'peak MB':>9}")
        for name in ("verl", "swift", "short"):
            logs = root / name
            ours, theirs = [], []
            for repetition in range(arguments.repeat):
                ours.append(run(READ, str(logs), cache=root / f"{name}-{repetition}"))
                theirs.append(run(LOOP, str(logs), cache=root))
            assert all(mine["samples"] == other["samples"] for mine in ours for other in theirs)
            megabytes = sum(path.stat().st_size for path in logs.rglob("*.jsonl")) / 1e6
            mine, other = (statistics.median(figure["seconds"] for figure in figures) for figures in (ours, theirs))
            print(
                f"{name:8}{megabytes:7.0f}{ours[0]['samples']:10,}{mine:10.2f}{megabytes / mine:7.0f}{other:8.2f}"
                f"{other / mine:6.1f}x{max(figure['peak'] for figure in ours):9.0f}"
            )
        for name in ("verl", "swift", "short"):
            found = run(TEXTS, str(root / name), str(arguments.texts), cache=root / f"{name}-0")
            times = found["texts"]
            assert isinstance(times, list)
            print(
                f"{name}: a text in {statistics.median(times):.1f} ms, the first {times[0]:.1f}, at most"
                f" {max(times):.1f}; 3 columns of {found['samples']:,} samples in {1e3 * found['columns']:.0f} ms"  # type: ignore[operator]
            )


if __name__ == "__main__":
    main()
