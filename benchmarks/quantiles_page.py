"""The Quantiles page on millions of episodes: what its parts compute, and its first draw in a real browser.

The logs are Stable-Baselines3's monitors, in groups of ten seeds; they are read into the cache before. Prints medians:
first of the computation alone (fans and distributions of all groups, from the stored samples), then of what a visitor
waits for and the server's share of it, in a fresh process each time.

Run: ``python benchmarks/quantiles_page.py [--runs 50] [--episodes 100000]``. Needs Playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import numpy as np
import polars as pl
from curves_page import DRAWN, IDLE, last_script, open_page, server
from playwright.sync_api import Page, sync_playwright

import rlcompare as rlc
from rlcompare.metrics import SampledAs
from rlcompare.transforms.apart import apart
from rlcompare.transforms.fans import fan_of_values
from rlcompare.transforms.stretches_of_steps import Values
from rlcompare.ui import quantile_stages

SEEDS = 10
BANDS = ((0.25, 0.75), (0.05, 0.95))
REWARD = SampledAs("reward", "train")


def write_logs(folder: Path, runs: int, episodes: int) -> None:
    """Returns that rise and spread, a monitor a run."""
    rng = np.random.default_rng(0)
    for run in range(runs):
        path = folder / f"setting_{run // SEEDS}" / f"seed_{run % SEEDS}" / "0.monitor.csv"
        path.parent.mkdir(parents=True)
        returns = rng.gamma(4, 20, episodes) * np.linspace(0.5, 2 + run // SEEDS, episodes)
        table = {"r": returns.round(3), "l": rng.integers(20, 500, episodes), "t": np.arange(episodes) * 0.1}
        with path.open("wb") as stream:
            stream.write(b'#{"t_start": 1700000000.0, "env_id": "Made-v0"}\n')
            pl.DataFrame(table).write_csv(stream)


def read(runs: rlc.Runs) -> list[list[Values]]:
    """Samples of each group, from the store."""
    groups: dict[str, list[Values]] = {}
    for run in runs.ids:
        values = quantile_stages.sampled.__wrapped__(runs.select([run]), "", REWARD)
        groups.setdefault(run.split("/")[0], []).append(values)
    return list(groups.values())


def timed(found: dict[str, list[float]], name: str, do: Callable[[], object]) -> object:
    start = time.perf_counter()
    result = do()
    found.setdefault(name, []).append(time.perf_counter() - start)
    return result


def compute(runs: rlc.Runs, found: dict[str, list[float]]) -> None:
    begun = time.perf_counter()
    groups: list[list[Values]] = timed(found, "reading the samples", lambda: read(runs))  # type: ignore[assignment]
    timed(found, "fans of all groups", lambda: [fan_of_values(group, BANDS) for group in groups])
    last = max(int(run.step[-1]) for group in groups for run in group)
    stretch = quantile_stages.Stretch(last * 4 // 5, last)
    by_name = {str(number): group for number, group in enumerate(groups)}
    compare = quantile_stages.compared.__wrapped__
    timed(found, "distributions of the last fifth", lambda: compare(by_name, (), (), stretch, False))
    found.setdefault("all of these", []).append(time.perf_counter() - begun)
    sides = [[run.between(stretch.low, stretch.high) for run in group] for group in groups[:2]]
    timed(found, "distance of two groups", lambda: apart(sides[0], sides[1]))


def draw(page: Page, logs: Path, address: str, found: dict[str, list[float]]) -> None:
    page.goto(address)
    page.wait_for_selector("[data-testid=stDataFrame]")
    page.wait_for_function(IDLE)
    runs = "&".join(f"runs={quote(run, safe='')}" for run in rlc.open_runs(logs, cache=logs.parent / "cache").ids)
    start = time.perf_counter()
    page.goto(f"{address}/quantiles?{runs}")
    page.wait_for_selector(".st-key-quantiles_boxes canvas")
    page.wait_for_function(IDLE)
    page.wait_for_function(f"() => ({DRAWN})() > 0")
    found.setdefault("first draw", []).append(time.perf_counter() - start)
    page.wait_for_timeout(500)
    found.setdefault("  of it the server", []).append(last_script(logs))
    start = time.perf_counter()
    page.get_by_role("tab", name="A against B").click()
    page.wait_for_selector(".st-key-quantiles_pair canvas")
    page.wait_for_function(IDLE)
    found.setdefault("another tab: the distance of two", []).append(time.perf_counter() - start)
    page.wait_for_timeout(500)
    found.setdefault("  of it the server (tab)", []).append(last_script(logs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--episodes", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        logs, cache = Path(home) / "logs", Path(home) / "cache"
        write_logs(logs, args.runs, args.episodes)
        start = time.perf_counter()
        rlc.open_runs(logs, cache=cache)
        print(f"{args.runs * args.episodes:,} episodes; read into the cache in {time.perf_counter() - start:.1f} s")
        for _ in range(args.repeat):
            compute(rlc.open_runs(logs, cache=cache), found)
        chromium = shutil.which("chromium") or shutil.which("google-chrome") or playwright.chromium.executable_path
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(args.repeat):
            with server(logs, cache) as address:
                page = open_page(browser)
                draw(page, logs, address, found)
                page.close()
        browser.close()
    for name, values in found.items():
        print(f"{name:36} {statistics.median(values):6.2f} s  ({min(values):.2f} to {max(values):.2f})")


if __name__ == "__main__":
    main()
