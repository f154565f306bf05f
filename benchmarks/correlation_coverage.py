"""How often each interval of a correlation holds the true one, for series that follow on themselves.

Run: ``python benchmarks/correlation_coverage.py [--experiments N]``. Prints the table of ``docs/correlation.md``: per
cent of N simulated pairs of AR(1) series of one φ whose innovations correlate at 0 or 0.6, at the level 95 %.
"""

from __future__ import annotations

import argparse
import math

import numpy as np
from scipy import signal

from rlcompare.stats.correlation import autocorrelation, correlate

PHIS = (0.0, 0.5, 0.9)
LENGTHS = (100, 500, 2_000)
RESAMPLES = 400


def series(phi: float, n: int, rho: float, rng: np.random.Generator) -> np.ndarray:
    """Two series, begun long enough before to have forgotten it."""
    noise = rng.standard_normal((2, n + 300))
    noise[1] = rho * noise[0] + math.sqrt(1 - rho**2) * noise[1]
    return np.asarray(signal.lfilter([1], [1, -phi], noise)[:, 300:])


def effective(x: np.ndarray, y: np.ndarray, _rng: np.random.Generator) -> tuple[float, float]:
    """Ours: Fisher's interval on the effective number of pairs."""
    found = correlate(x, y)
    return found.lower, found.upper


def naive(x: np.ndarray, y: np.ndarray, _rng: np.random.Generator) -> tuple[float, float]:
    """Fisher's interval as if steps were independent."""
    center, half = math.atanh(float(np.corrcoef(x, y)[0, 1])), 1.96 / math.sqrt(len(x) - 3)
    return math.tanh(center - half), math.tanh(center + half)


def moving_block_bootstrap(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Percentiles over resampled blocks (Künsch 1989), as long as Carlstein's rule (1986) has it for an AR(1)."""
    n = len(x)
    a = max(float(autocorrelation(x)[1] * autocorrelation(y)[1]), 0.0)
    block = min(max(1, math.ceil((2 * a / (1 - a**2)) ** (2 / 3) * n ** (1 / 3))), n // 3)
    starts = rng.integers(0, n - block + 1, (RESAMPLES, -(-n // block)))
    rows = (starts[:, :, None] + np.arange(block)).reshape(RESAMPLES, -1)[:, :n]
    parts = [values[rows] - values[rows].mean(axis=1, keepdims=True) for values in (x, y)]
    products = (parts[0] * parts[1]).sum(axis=1)
    drawn = products / np.sqrt((parts[0] ** 2).sum(axis=1) * (parts[1] ** 2).sum(axis=1))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


WAYS = {
    "Fisher, effective number of pairs (used)": effective,
    "Moving-block bootstrap": moving_block_bootstrap,
    "Fisher, as if steps were independent": naive,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiments", type=int, default=4_000)
    experiments = parser.parse_args().experiments
    columns = [(phi, n) for phi in PHIS for n in LENGTHS]
    print(f"| Interval | ρ | {' | '.join(f'φ {phi:g}, n {n:,}' for phi, n in columns)} |")
    print(f"|---|---:|{'---:|' * len(columns)}")
    for title, interval in WAYS.items():
        for rho in (0.0, 0.6):
            numbers = []
            for phi, n in columns:
                rng = np.random.default_rng(round(phi * 10) * 10_000 + n)
                held = 0
                for _ in range(experiments):
                    low, high = interval(*series(phi, n, rho, rng), rng)
                    held += low <= rho <= high
                numbers.append(100 * held / experiments)
            print(f"| {title} | {rho:g} | {' | '.join(f'{number:.1f}' for number in numbers)} |", flush=True)


if __name__ == "__main__":
    main()
