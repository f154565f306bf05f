"""Grouping of 1,000 runs with 150 configuration keys: a sweep of 200 settings, five seeds each.

Run: ``python benchmarks/grouping.py [--runs N] [--keys N] [--repeat N]``. Prints medians in milliseconds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from rlcompare.grouping import GroupBy, config_keys, default_grouping, group_runs
from rlcompare.readers import Scalar
from rlcompare.runs import Runs
from rlcompare.store import Snapshot
from rlcompare.store.record import RunRecord

SEEDS = 5


def made_run(number: int, keys: int, name: str) -> RunRecord:
    swept, seed = divmod(number, SEEDS)
    run = name.format(number=number, swept=swept, seed=seed)
    config: dict[str, Scalar] = {f"section_{k % 7}.key_{k}": (k / 2, f"text {k}", True)[k % 3] for k in range(keys - 5)}
    config |= {
        "seed": seed,
        "lr": 10.0 ** -(swept % 20),
        "gamma": 1 - swept // 20 / 1000,
        "save_dir": run,
        "id": number,
    }
    return RunRecord(
        id=run,
        name=run,
        directory="",
        sources=(),
        metrics={},
        config=config,
        config_stamp=[],
        config_issues=(),
        framework="Lab",
        step_unit="step",
        seed=str(seed),
        started=None,
        updated=0.0,
        finished=False,
        tentative=False,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--keys", type=int, default=150)
    parser.add_argument("--repeat", type=int, default=9)
    options = parser.parse_args()
    names = {
        "names that tell seeds and settings": "lab/ppo_{swept}-seed{seed}",
        "names whose numbers must be borne out": "lab/{swept}/ppo_{seed}",
        "names that tell the time only, settings in labels": "lab/ppo_16957{number:05d}",
    }
    for title, name in names.items():
        records = tuple(made_run(number, options.keys, name) for number in range(options.runs))
        runs = Runs.of(Snapshot(records, (), {}, Path()))
        asked: dict[str, Callable[[Runs], object]] = {
            "group_runs, seed": lambda runs: group_runs(runs, GroupBy("seed")),
            "group_runs, config": lambda runs: group_runs(runs, GroupBy("config", ("lr", "gamma"))),
            "default_grouping": default_grouping,
            "config_keys": config_keys,
        }
        print(f"{title}: {len(set(group_runs(runs, GroupBy('seed')).values()))} groups")
        for what, call in asked.items():
            took = []
            for _ in range(options.repeat):
                start = time.perf_counter()
                call(runs)
                took.append(1000 * (time.perf_counter() - start))
            print(f"  {what:<20} {statistics.median(took):6.0f} ms")


if __name__ == "__main__":
    main()
