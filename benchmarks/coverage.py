"""How often each band of a few runs holds the true mean.

Run: ``python benchmarks/coverage.py [--experiments N]``. Prints the table of ``docs/bands.md``: per cent of N simulated
experiments, each of 3, 5 or 10 runs, at the level 95 % where a band has one.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

import numpy as np

from rlcompare.stats import Sample
from rlcompare.transforms import BANDS, CENTERS

RUNS = (3, 5, 10)
LEVEL = 0.95

#: By name: how final returns of runs are drawn, and their mean.
DISTRIBUTIONS: dict[str, tuple[Callable[[np.random.Generator, tuple[int, int]], np.ndarray], float]] = {
    "normal": (lambda rng, shape: rng.normal(size=shape), 0.0),
    "lognormal": (lambda rng, shape: rng.lognormal(sigma=0.5, size=shape), math.exp(0.125)),
    "two modes": (lambda rng, shape: (rng.random(shape) < 0.7) + rng.normal(scale=0.1, size=shape), 0.7),
}


def coverage(kind: str, distribution: str, n: int, experiments: int) -> float:
    """Per cent of the experiments whose band holds the mean of the distribution."""
    draw, mean = DISTRIBUTIONS[distribution]
    band = BANDS[kind]
    sample = Sample(draw(np.random.default_rng(n), (n, experiments)))
    lower, upper = band.interval(sample, None, CENTERS[band.centers[0]], LEVEL)
    return 100 * float(np.mean((lower <= mean) & (mean <= upper)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiments", type=int, default=100_000)
    experiments = parser.parse_args().experiments
    titles = [f"{distribution}, {n}" for distribution in DISTRIBUTIONS for n in RUNS]
    print(f"| Band | {' | '.join(titles)} |")
    print(f"|---|{'---:|' * len(titles)}")
    for kind, band in BANDS.items():
        if kind != "none":
            numbers = [coverage(kind, distribution, n, experiments) for distribution in DISTRIBUTIONS for n in RUNS]
            print(f"| {band.title} | {' | '.join(f'{number:.1f}' for number in numbers)} |")


if __name__ == "__main__":
    main()
