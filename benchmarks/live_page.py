"""What a live Curves page costs: 50 trainings, one more record each every second, one browser that watches them.

Prints the share of one core that the server and the browser take, all their threads and processes together, over half
a minute. Reads /proc, so Linux only.

Run: ``python benchmarks/live_page.py [--runs 50] [--records 2000] [--seconds 30]``. Needs Playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import tempfile
import threading
import time
from pathlib import Path

from curves_page import IDLE, server
from playwright.sync_api import sync_playwright

import rlcompare as rlc

KEYS = ("critic/score/mean", "response_length/mean", *(f"actor/metric_{i}" for i in range(8)))


def record(step: int) -> str:
    """A line of verl's file logger."""
    return json.dumps({"step": step, "data": {key: random.random() for key in KEYS}}) + "\n"


def cpu_seconds(part_of_command: str) -> float:
    """CPU time so far of all processes whose command line holds this."""
    ticks = 0
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and part_of_command in (process / "cmdline").read_text():
                fields = (process / "stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        except OSError:
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--records", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=30)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        logs, cache = Path(home) / "logs", Path(home) / "cache"
        logs.mkdir()
        files = [logs / f"set{i // 5}_seed{i % 5}.jsonl" for i in range(args.runs)]
        for file in files:
            file.write_text("".join(map(record, range(args.records))))
        rlc.open_runs(logs, cache=cache)
        stop = threading.Event()

        def train() -> None:
            step = args.records
            while not stop.wait(1):
                for file in files:
                    with file.open("a") as stream:
                        stream.write(record(step))
                step += 1

        chromium = shutil.which("chromium") or shutil.which("google-chrome") or playwright.chromium.executable_path
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        with server(logs, cache) as address:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            chosen = "&".join(f"runs={file.name}" for file in files)
            page.goto(f"{address}/curves?curves_metrics=reward&curves_live=true&{chosen}")
            page.wait_for_selector("[data-testid=stVegaLiteChart] canvas")
            page.wait_for_function(IDLE)
            training = threading.Thread(target=train)
            training.start()
            time.sleep(6)
            who = {"server": "streamlit.web.cli", "browser": Path(chromium).name}
            before = {name: cpu_seconds(command) for name, command in who.items()}
            start = time.perf_counter()
            time.sleep(args.seconds)
            waited = time.perf_counter() - start
            for name, command in who.items():
                print(f"{name:8} {100 * (cpu_seconds(command) - before[name]) / waited:5.1f} % of one core")
            stop.set()
            training.join()
        browser.close()


if __name__ == "__main__":
    main()
