"""Aggregation of many runs: a centre and a band a group.

Run: ``python benchmarks/aggregation.py [--curves N] [--points N] [--groups N] [--repeat N]``. Random walks in equal
groups, once at the same steps in every run and once each at its own; prints medians in milliseconds. ``difference`` is
every group but one minus that one.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from rlcompare.curves import CurveSet
from rlcompare.transforms import Aggregation, aggregate

CASES = {
    "mean, t": Aggregation(),
    "median, iqr": Aggregation("median", "iqr"),
    "iqm, minmax": Aggregation("iqm", "minmax"),
    "mean, t, carry": Aggregation(ends="carry"),
}


def curves_at(steps: Callable[[np.random.Generator], np.ndarray], n_curves: int) -> CurveSet:
    rng = np.random.default_rng(0)
    runs = []
    for _ in range(n_curves):
        step = steps(rng)
        runs.append((step, step * 1.0, np.cumsum(rng.normal(size=len(step)))))
    return CurveSet.joined([f"run {number:04}" for number in range(n_curves)], runs)


def milliseconds(call: Callable[[], object], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--curves", type=int, default=200)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--groups", type=int, default=40)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    n = arguments.points
    same = curves_at(lambda _rng: np.arange(n) * 64, arguments.curves)
    own = curves_at(lambda rng: np.cumsum(rng.integers(32, 96, size=n)), arguments.curves)
    group_of = {name: str(number * arguments.groups // arguments.curves) for number, name in enumerate(same.names)}
    print(f"{'':20}{'same steps, ms':>16}{'own steps, ms':>16}")
    for title, how in CASES.items():
        times = [
            milliseconds(lambda curves=curves, how=how: aggregate(curves, group_of, how), arguments.repeat)  # type: ignore[misc]
            for curves in (same, own)
        ]
        print(f"{title:20}{times[0]:16.0f}{times[1]:16.0f}")
    times = [
        milliseconds(
            lambda curves=curves: aggregate(curves, group_of, Aggregation(), baseline="0"),  # type: ignore[misc]
            arguments.repeat,
        )
        for curves in (same, own)
    ]
    print(f"{'difference, t':20}{times[0]:16.0f}{times[1]:16.0f}")
    # Few points: each place is resampled.
    few = {name: number for number, name in enumerate(same.names[:10])}
    part = same.only(few)
    for size in (5, 10):
        groups = {name: str(number // size) for name, number in few.items()}
        time_ = milliseconds(lambda groups=groups: aggregate(part, groups, Aggregation(band="bootstrap")), 1)  # type: ignore[misc]
        print(f"bootstrap of the mean, {10 // size} × {size} runs × {n:,} points: {time_:.0f} ms")


if __name__ == "__main__":
    main()
