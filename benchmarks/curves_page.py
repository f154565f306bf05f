"""The Curves page in a real browser: how long the first draw takes, and a change of the smoothing.

Prints medians of what a visitor waits for, and the server's share of it: the run of its script, while the browser
works too. The logs are read into the cache before, the server is a fresh process each time.

Run: ``python benchmarks/curves_page.py [--runs 200] [--points 100000] [--grouped]``. Needs Playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
from playwright.sync_api import Browser, Page, sync_playwright

import rlcompare as rlc

ROOT = Path(__file__).parents[1]
IDLE = "() => document.querySelector('[data-testid=stApp]')?.getAttribute('data-test-script-state') === 'notRunning'"
#: A number for what the middle of the first chart shows; it changes when the chart is drawn anew.
DRAWN = """() => {
    const canvas = document.querySelector('[data-testid=stVegaLiteChart] canvas');
    if (!canvas) return 0;
    const context = canvas.getContext('2d', {willReadFrequently: true});
    const {data} = context.getImageData(canvas.width * 0.3, canvas.height * 0.3, 200, 100);
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) sum = (sum * 31 + data[i] + data[i + 1] + data[i + 3]) % 1000000007;
    return sum;
}"""
#: Milliseconds from now until the chart differs from ``before``. Looked at seldom: two cores have other things to do.
UNTIL_DRAWN = """before => new Promise(done => {
    const start = performance.now(), drawn = DRAWN;
    const look = () => drawn() !== before ? done(performance.now() - start) : setTimeout(look, 25);
    look();
})""".replace("DRAWN", DRAWN)


def write_logs(folder: Path, runs: int, points: int) -> None:
    """Noisy learning curves of groups of five seeds, as Stable-Baselines3 would log them."""
    rng = np.random.default_rng(0)
    steps = np.arange(points) * 4
    for run in range(runs):
        path = folder / f"setting_{run // 5:02d}" / f"seed_{run % 5}" / "progress.csv"
        path.parent.mkdir(parents=True)
        rise = 100 * (1 + run // 5) / (1 + np.exp(-(steps / steps[-1] - 0.4) * 9))
        reward = (rise + rng.normal(scale=12, size=points)).astype(np.float32)
        pl.DataFrame({"time/total_timesteps": steps, "rollout/ep_rew_mean": reward}).write_csv(path)


#: Streamlit's own command, that says how long each run of the script took.
TIMED_SERVER = """
import sys, time
from streamlit.runtime.scriptrunner import script_runner

run = script_runner.exec_func_with_error_handling

def timed(*args, **keywords):
    start = time.perf_counter()
    result = run(*args, **keywords)
    with open(sys.argv[-1] + ".seconds", "a") as stream:
        print(time.perf_counter() - start, file=stream)
    return result

script_runner.exec_func_with_error_handling = timed
from streamlit.web.cli import main
main()
"""


@contextlib.contextmanager
def server(folder: Path, cache: Path) -> Iterator[str]:
    """A fresh server on the logs; the seconds of each run of the script stand in a file beside the folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", TIMED_SERVER, "run", "app.py", f"--server.port={port}", "--", str(folder)],
        cwd=ROOT,
        env={**os.environ, "RLCOMPARE_CACHE": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(600):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                break
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait()


def last_script(folder: Path) -> float:
    """Seconds of the last run of the server's script."""
    return float(Path(f"{folder}.seconds").read_text().split()[-1])


def open_page(browser: Browser) -> Page:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(180_000)
    return page


def first_draw(page: Page, go: Callable[[], object]) -> float:
    """Go to the Curves page; seconds until its charts are drawn and the script is idle."""
    start = time.perf_counter()
    go()
    page.wait_for_selector("[data-testid=stVegaLiteChart] canvas")
    page.wait_for_function(IDLE)
    page.wait_for_function(f"() => ({DRAWN})() > 0")
    return time.perf_counter() - start


def change_smoothing(page: Page, folder: Path, key: str) -> tuple[float, float]:
    """Move the slider by one; seconds until the charts are drawn anew, and those of the server's script."""
    page.get_by_role("slider", name="Weight").focus()
    before = page.evaluate(DRAWN)
    start = time.perf_counter()
    page.keyboard.press(key)
    page.evaluate(UNTIL_DRAWN, before)
    waited = time.perf_counter() - start
    page.wait_for_function(IDLE)
    page.wait_for_timeout(300)
    return waited, last_script(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--grouped", action="store_true", help="Groups of five with a t interval instead of runs.")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        logs, cache = Path(home) / "logs", Path(home) / "cache"
        write_logs(logs, args.runs, args.points)
        start = time.perf_counter()
        ids = rlc.open_runs(logs, cache=cache).ids
        print(f"{len(ids):,} runs × {args.points:,} points; read into the cache in {time.perf_counter() - start:.1f} s")
        chromium = shutil.which("chromium") or shutil.which("google-chrome") or playwright.chromium.executable_path
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        group = "Everything+but+the+seed" if args.grouped else "Nothing%3A+a+line+a+run"
        chosen = "&".join(f"runs={run.replace('/', '%2F')}" for run in ids)
        link = f"curves_group={group}&curves_metrics=reward&{chosen}"
        found: dict[str, list[float]] = {}
        for _ in range(args.repeat):
            with server(logs, cache) as address:
                page = open_page(browser)
                seconds = first_draw(page, lambda page=page, to=f"{address}/curves?{link}": page.goto(to))
                found.setdefault("first draw, fresh server", []).append(seconds)
                page.close()
            with server(logs, cache) as address:
                page = open_page(browser)
                page.goto(address)
                page.wait_for_selector("[data-testid=stDataFrame]")
                page.wait_for_function(IDLE)
                seconds = first_draw(page, lambda page=page, to=f"{address}/curves?{link}": page.goto(to))
                found.setdefault("server that has served a page", []).append(seconds)
                for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight"):
                    waited, share = change_smoothing(page, logs, key)
                    found.setdefault("smoothing changed", []).append(waited)
                    found.setdefault("  of it the server", []).append(share)
                page.close()
        browser.close()
        for name, values in found.items():
            print(f"{name:32} {statistics.median(values):6.2f} s  ({min(values):.2f} to {max(values):.2f})")


if __name__ == "__main__":
    main()
