"""The Correlation page in a real browser: its first draw, a change of the coefficient, and the matrix of all metrics.

Prints medians of what a visitor waits for, and the server's share of it: the run of its script, while the browser
works too. The logs are read into the cache before, the server is a fresh process each time.

Run: ``python benchmarks/correlation_page.py [--runs 50] [--points 10000] [--metrics 20]``. Needs Playwright and a
Chromium.
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


def write_logs(folder: Path, runs: int, points: int, metrics: int) -> list[str]:
    """Runs in groups of five seeds whose metrics share a trend and follow on themselves; returns the metrics."""
    rng = np.random.default_rng(0)
    steps = np.arange(1, points + 1)
    names = ["reward", "response_length", *(f"metric_{i:02d}" for i in range(metrics - 2))]
    for run in range(runs):
        path = folder / f"setting_{run // 5:02d}" / f"seed_{run % 5}" / "progress.csv"
        path.parent.mkdir(parents=True)
        common = np.cumsum(rng.standard_normal(points)) * 0.02
        table = {name: (common * rng.uniform(-1, 1) + rng.standard_normal(points)).astype(np.float32) for name in names}
        pl.DataFrame({"step": steps, **table}).write_csv(path)
    return names


def wait_until_drawn(page: Page, tabbed: str) -> None:
    page.wait_for_selector(f".st-key-{tabbed} canvas")
    page.wait_for_function(IDLE)
    page.wait_for_function(f"() => ({DRAWN})() > 0")


#: Milliseconds until the table's text differs, and then the page's script is idle and the browser has painted.
UNTIL_CHANGED = """([selector, before]) => new Promise(done => {
    const start = performance.now(), idle = IDLE;
    const look = () => document.querySelector(selector)?.innerText !== before && idle()
        ? requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)))
        : setTimeout(look, 10);
    look();
})""".replace("IDLE", IDLE)


def timed(page: Page, folder: Path, do: Callable[[], object]) -> tuple[float, float]:
    """Do something that changes the table; seconds until it is drawn, and those of the server's script."""
    before = page.locator(".rlc-corr").inner_text()
    start = time.perf_counter()
    do()
    page.evaluate(UNTIL_CHANGED, [".rlc-corr", before])
    waited = time.perf_counter() - start
    page.wait_for_timeout(500)
    return waited, last_script(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--metrics", type=int, default=20)
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        logs, cache = Path(home) / "logs", Path(home) / "cache"
        names = write_logs(logs, args.runs, args.points, args.metrics)
        start = time.perf_counter()
        ids = rlc.open_runs(logs, cache=cache).ids
        print(
            f"{len(ids):,} runs × {args.points:,} steps × {len(names)} metrics; read into the cache in "
            f"{time.perf_counter() - start:.1f} s"
        )
        chromium = shutil.which("chromium") or shutil.which("google-chrome") or playwright.chromium.executable_path
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        chosen = "&".join(
            [*(f"runs={quote(run, safe='')}" for run in ids), *(f"correlation_metrics={name}" for name in names)]
        )
        for _ in range(args.repeat):
            with server(logs, cache) as address:
                page = open_page(browser)
                page.goto(address)
                page.wait_for_selector("[data-testid=stDataFrame]")
                page.wait_for_function(IDLE)
                start = time.perf_counter()
                page.goto(f"{address}/correlation?{chosen}")
                wait_until_drawn(page, "correlation_scatter")
                found.setdefault("first draw of the pair", []).append(time.perf_counter() - start)
                page.wait_for_timeout(500)
                found.setdefault("  of it the server", []).append(last_script(logs))
                for kind, title in (
                    ("Spearman", "Spearman, for the first time"),
                    ("Pearson", "the pair drawn again"),
                    ("Spearman", "the pair drawn again"),
                    ("Pearson", "the pair drawn again"),
                ):
                    click = page.get_by_role("radio", name=kind)
                    waited, share = timed(page, logs, click.click)
                    found.setdefault(title, []).append(waited)
                    found.setdefault(f"  of it the server ({title})", []).append(share)
                start = time.perf_counter()
                page.get_by_role("tab", name="All metrics").click()
                page.wait_for_selector(".st-key-correlation_matrix canvas")
                page.wait_for_function(IDLE)
                found.setdefault("the matrix, for the first time", []).append(time.perf_counter() - start)
                page.wait_for_timeout(500)
                found.setdefault("  of it the server (matrix)", []).append(last_script(logs))
                page.close()
        browser.close()
    for name, values in found.items():
        print(f"{name:50} {statistics.median(values):6.2f} s  ({min(values):.2f} to {max(values):.2f})")


if __name__ == "__main__":
    main()
