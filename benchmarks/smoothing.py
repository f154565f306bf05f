"""Smoothing of arrays against TensorBoard's loop over points: 200 curves of 100,000 points, 10 curves of 1,000,000.

Run: ``python benchmarks/smoothing.py [--repeat N]``. Prints medians in seconds of each kind, interleaved, over all
curves at even and at uneven steps. The loop is that of ``resmoothDataset`` in TensorBoard's front end, written in
Python; it is timed on 200,000 points and scaled to as many as there are. Ratios are to that loop whatever the kind.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from rlcompare.curves import CurveSet
from rlcompare.transforms import parse_smoothing, smooth_curves

SMOOTHINGS = ("ema:0.99", "mean:50", "centered:25", "gaussian:5", "median:50")
SMOOTHINGS += ("twema:50", "mean:50:axis", "centered:50:axis", "gaussian:5:axis", "median:50:axis")
LOOP_POINTS = 200_000


def make_curves(n_curves: int, n_points: int, *, even: bool) -> CurveSet:
    rng = np.random.default_rng(0)
    if even:
        step = np.tile(np.arange(n_points), n_curves)
    else:
        step = rng.integers(1, 4, (n_curves, n_points)).cumsum(axis=1).ravel()
    return CurveSet(
        tuple(f"run {i}" for i in range(n_curves)),
        np.arange(n_curves + 1) * n_points,
        step,
        np.full(len(step), np.nan),
        step.astype(np.float64),
        rng.normal(size=len(step)),
    )


def tensorboard_loop(values: NDArray[np.float64], weight: float) -> list[float]:
    last, smoothed = 0.0, []
    for n, value in enumerate(values.tolist(), 1):
        last = last * weight + (1 - weight) * value
        smoothed.append(last / (1 - weight**n))
    return smoothed


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    some = np.random.default_rng(0).normal(size=LOOP_POINTS)
    loop = statistics.median(seconds(lambda: tensorboard_loop(some, 0.99)) for _ in range(arguments.repeat))
    print(f"{'curves':>18} {'steps':8}{'smoothing':20}{'seconds':>9}{'loop':>8}{'ratio':>8}")
    for n_curves, n_points in ((200, 100_000), (10, 1_000_000)):
        theirs = loop * n_curves * n_points / LOOP_POINTS
        for even in (True, False):
            curves = make_curves(n_curves, n_points, even=even)
            names = [text for text in SMOOTHINGS if even or text.startswith("twema") or text.endswith("axis")]
            calls = [partial(smooth_curves, curves, parse_smoothing(name)) for name in names]
            rounds = [[seconds(call) for call in calls] for _ in range(arguments.repeat)]
            for name, times in zip(names, zip(*rounds, strict=True), strict=True):
                mine = statistics.median(times)
                print(
                    f"{n_curves:5} x {n_points:10,} {'even' if even else 'uneven':8}{name:20}{mine:9.3f}{theirs:8.2f}"
                    f"{theirs / mine:7.0f}x",
                    flush=True,
                )


if __name__ == "__main__":
    main()
