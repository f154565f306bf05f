"""MLflow's and Trackio's own readers, timed: run by databases.py in an environment that has both.

    python databases_peers.py write VALUES DIR       make a run of each, of so many values in 40 metrics
    python databases_peers.py mlflow.db DIR          MlflowClient.get_metric_history of every metric of the database
    python databases_peers.py mlruns DIR             the same of the file store
    python databases_peers.py trackio/bench.db DIR   Trackio's SQLiteStorage.get_logs

Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

FOLDER = Path(sys.argv[-1])
os.environ.update(
    MLFLOW_ALLOW_FILE_STORE="true", GIT_PYTHON_REFRESH="quiet", TRACKIO_DIR=str(FOLDER / "trackio"), HF_HUB_OFFLINE="1"
)
STORES = {"mlflow.db": f"sqlite:///{FOLDER / 'mlflow.db'}", "mlruns": (FOLDER / "mlruns").as_uri()}
KEYS = [f"group_{i % 4}_metric_{i}" for i in range(40)]
START = 1_700_000_000_000


def write(values: int) -> dict[str, str]:
    """Let the trackers make the runs and their tables; most values are put in as they would, but at once."""
    from mlflow.tracking import MlflowClient
    from trackio.sqlite_storage import SQLiteStorage

    steps = values // len(KEYS)
    table = [[random.random() for _ in KEYS] for _ in range(steps)]
    runs: dict[str, str] = {}
    for name, uri in STORES.items():
        client = MlflowClient(uri)
        runs[name] = client.create_run(client.create_experiment("bench")).info.run_id
        for key, value in zip(KEYS, table[0], strict=True):
            client.log_metric(runs[name], key, value, timestamp=START, step=0)
    rows = (
        (key, value, START + step, runs["mlflow.db"], step, 0)
        for step in range(1, steps)
        for key, value in zip(KEYS, table[step], strict=True)
    )
    with closing(sqlite3.connect(FOLDER / "mlflow.db")) as connection, connection:
        columns = "key, value, timestamp, run_uuid, step, is_nan"
        connection.executemany(f"INSERT INTO metrics ({columns}) VALUES (?, ?, ?, ?, ?, ?)", rows)
    (metrics,) = (FOLDER / "mlruns").glob(f"*/{runs['mlruns']}/metrics")
    for at, key in enumerate(KEYS):
        with (metrics / key).open("a") as stream:
            stream.writelines(f"{START + step} {table[step][at]} {step}\n" for step in range(1, steps))
    records = [dict(zip(KEYS, row, strict=True)) for row in table]
    SQLiteStorage.bulk_log("bench", "run", records, steps=list(range(steps)), run_id="run")
    runs["trackio/bench.db"] = "run"
    (FOLDER / "runs.json").write_text(json.dumps(runs))
    return runs


def read(name: str) -> dict[str, float]:
    run = json.loads((FOLDER / "runs.json").read_text())[name]
    if name in STORES:
        from mlflow.tracking import MlflowClient

        client = MlflowClient(STORES[name])
        client.get_run(run)
        started = time.perf_counter()
        n = sum(len(client.get_metric_history(run, key)) for key in KEYS)
    else:
        from trackio.sqlite_storage import SQLiteStorage

        started = time.perf_counter()
        n = len(KEYS) * len(SQLiteStorage.get_logs("bench", "run", run_id=run))
    return {"seconds": time.perf_counter() - started, "values": n}


if __name__ == "__main__":
    print(json.dumps(write(int(sys.argv[2])) if sys.argv[1] == "write" else read(sys.argv[1])))
