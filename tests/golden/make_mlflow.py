"""Write the golden files of the MLflow readers: its SQLite and its file store, and what its client reads from them.

Run once with each of mlflow-skinny 3.17.2 (SQLAlchemy 2.1.9) and mlflow-skinny 1.30.1 (SQLAlchemy 1.4); it replaces
``mlflow/v<major>/`` and ``mlflow_files/v<major>/`` beside itself. The database is stripped as in ``make_five.py``; in
the file store the folder it was made in is taken out of ``meta.yaml``.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
os.environ.update(LOGNAME="user", GIT_PYTHON_REFRESH="quiet", MLFLOW_ALLOW_FILE_STORE="true")

import mlflow
from make_five import MLFLOW_TABLES, strip
from mlflow.entities import Metric
from mlflow.tracking import MlflowClient

HERE = Path(__file__).parent
VERSION = f"v{mlflow.__version__.split('.')[0]}"
START = 1_700_000_000_000


def train(client: MlflowClient, experiment: str, name: str, **tags: str) -> str:
    """Begin a run with some params, and log as a training does: several metrics a step, one every other step."""
    told = {"mlflow.runName": name, "mlflow.user": "user", "mlflow.source.name": "train.py", **tags}
    run = client.create_run(experiment, start_time=START, tags=told).info.run_id
    for key, value in {"lr": 3e-4, "env/id": "CartPole-v1", "seed": 7, "layers": [64, 64]}.items():
        client.log_param(run, key, value)
    for step in range(1, 6):
        at = START + step * 1000
        values = {"train/loss": 1 / step, "reward": step * 1.5}
        client.log_batch(run, metrics=[Metric(key, value, at, step) for key, value in values.items()])
        if step % 2 == 0:
            client.log_metric(run, "eval_reward", step * 10.0, timestamp=at + 5, step=step)
        client.log_metric(run, "system/cpu_utilization_percentage", 50.0 + step, timestamp=at + 7, step=step - 1)
    return run


def log_all(uri: str) -> dict[str, Any]:
    """Log every kind of run and of value there is; return what the client reads back."""
    client = MlflowClient(uri)
    grid, other = client.create_experiment("grid/world"), client.create_experiment("dropped")
    parent = train(client, grid, "ppo-1", team="rl")
    client.set_terminated(parent, "FINISHED", end_time=START + 9000)
    odd = train(client, grid, "odd values", **{"mlflow.parentRunId": parent})
    for step, value in enumerate([float("nan"), float("inf"), float("-inf"), 0.0, 1.5, 1.5]):
        client.log_metric(odd, "odd", value, timestamp=START + step, step=min(step, 4))
    if VERSION == "v3":
        client.log_metric(odd, "on_data", 0.25, timestamp=START, step=3, dataset_name="half", dataset_digest="c0ffee")
    client.set_terminated(odd, "FAILED", end_time=START + 9000)
    stepless = client.create_run(grid, start_time=START, tags={"mlflow.runName": "no steps"}).info.run_id
    for number in range(4):
        client.log_metric(stepless, "loss", 4.0 - number, timestamp=START + number * 1000)
    client.log_metric(stepless, "best", 1.0, timestamp=START + 4000)
    deleted = train(client, grid, "deleted")
    client.delete_run(deleted)
    train(client, other, "of a deleted experiment")
    client.delete_experiment(other)
    return {run: read_back(client, run) for run in (parent, odd, stepless)}


def read_back(client: MlflowClient, run: str) -> dict[str, Any]:
    """What the client says of a run: [time in ms, step, value] of each metric, not finite values as text."""
    data = client.get_run(run)
    return {
        "name": data.data.tags["mlflow.runName"],
        "status": data.info.status,
        "params": data.data.params,
        "metrics": {
            key: [[m.timestamp, m.step, str(m.value)] for m in client.get_metric_history(run, key)]
            for key in sorted(data.data.metrics)
        },
    }


def fresh(reader: str) -> Path:
    folder = HERE / reader / VERSION
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value) + "\n")


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        database = Path(scratch, "mlflow.db")
        expected = log_all(f"sqlite:///{database}")
        strip(database, MLFLOW_TABLES)
        folder = fresh("mlflow")
        shutil.copy(database, folder)
        write_json(folder / "expected.json", expected)

        store = Path(scratch, "mlruns")
        expected = log_all(store.as_uri())
        for meta in store.rglob("meta.yaml"):
            meta.write_text(meta.read_text().replace(scratch, ""))
        folder = fresh("mlflow_files")
        shutil.copytree(store, folder / "mlruns")
        write_json(folder / "expected.json", expected)
        for path in (*HERE.glob(f"mlflow*/{VERSION}/**/*"),):
            assert path.is_dir() or scratch.encode() not in path.read_bytes(), f"{path} tells where it was made"


if __name__ == "__main__":
    main()
