"""Write the golden files of the W&B readers with W&B itself, offline, and what its own decoder finds in them.

Made with wandb 0.31.0. Run it from anywhere; it replaces ``wandb/`` beside itself. Nothing leaves the machine.

``run/`` logs what trainings log: metrics with step metrics defined for them, nested keys, NaN and infinities, text and
a histogram, a configuration that is changed, tags and a group. ``console/`` prints a training's step lines and logs no
history, as Logic-RL's killed runs do.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import sys
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import wandb
from wandb.proto import wandb_internal_pb2

HERE = Path(__file__).parent / "wandb"

SURROUNDINGS = {
    "WANDB_MODE": "offline",
    "WANDB_HOST": "host",
    "WANDB_USERNAME": "user",
    "WANDB_DISABLE_GIT": "true",
    "WANDB_DISABLE_CODE": "true",
    "WANDB_SILENT": "true",
    "WANDB_X_DISABLE_META": "true",
    "WANDB_X_DISABLE_STATS": "true",
    "WANDB_X_DISABLE_MACHINE_INFO": "true",
}


def log_history() -> None:
    settings = wandb.Settings(console="off")
    run = wandb.init(
        project="golden",
        id="abc12345",
        name="ppo-seed-7",
        group="ppo",
        tags=["a", "b c"],
        config={"lr": 1e-3, "model": {"layers": 2, "name": "tiny"}, "seed": 7},
        settings=settings,
    )
    run.define_metric("train/step")
    run.define_metric("train/*", step_metric="train/step")
    run.define_metric("rollout/step")
    run.define_metric("rollout/*", step_metric="rollout/step")
    run.config.update({"lr": 2e-3}, allow_val_change=True)
    rng = np.random.default_rng(0)
    for rollout in range(10):
        run.log({"rollout/step": rollout, "rollout/reward": float(rng.random()), "rollout/len": {"mean": 10 + rollout}})
        for update in range(2):
            loss = [0.5, float("nan"), float("inf"), -float("inf")][rollout] if rollout < 4 else float(rng.random())
            run.log({"train/step": 2 * rollout + update, "train/loss": loss, "train/µ-größe": 1e-30 * update})
        if rollout % 5 == 0:
            run.log({"note": "text", "hist": wandb.Histogram([1, 2, 3]), "plain": rollout, "flag": True, "none": None})
    run.finish()


def print_steps() -> None:
    run = wandb.init(project="golden", id="consol01", settings=wandb.Settings(console="wrap"))
    print("some prose before")
    for step in range(3):
        print(f"step:{step} - critic/score/mean:{step / 4} - actor/lr:0.000")
    run.finish()


def records(path: Path) -> list[Any]:
    """Walk the chunks plainly and let protobuf decode the records."""
    data, at, found, parts = path.read_bytes(), 7, [], b""
    while at + 7 <= len(data):
        left = 32_768 - at % 32_768
        if left < 7:
            at += left
            continue
        _, length, kind = struct.unpack_from("<IHB", data, at)
        if kind == 0:
            break
        parts = (parts if kind in (3, 4) else b"") + data[at + 7 : at + 7 + length]
        if kind in (1, 4):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(parts)
            found.append(record)
        at += 7 + length
    return found


def expected(path: Path) -> list[dict[str, str]]:
    """The history, each value as the JSON that W&B wrote."""
    return [
        {".".join(item.nested_key) or item.key: item.value_json for item in record.history.item}
        for record in records(path)
        if record.HasField("history")
    ]


def keep(made: Path, name: str) -> None:
    (found,) = made.glob("wandb/offline-run-*/run-*.wandb")
    target = HERE / name / "wandb" / f"offline-run-20260101_000000-{found.stem.removeprefix('run-')}" / found.name
    target.parent.mkdir(parents=True)
    shutil.copy(found, target)
    (HERE / name / "expected.json").write_text(json.dumps(expected(target), indent=1, ensure_ascii=False) + "\n")
    for private in (socket.gethostname(), str(made), sys.prefix, str(Path(__file__).parent)):
        assert private.encode() not in target.read_bytes(), f"{target} holds {private}"


if __name__ == "__main__":
    os.environ.update(SURROUNDINGS)
    shutil.rmtree(HERE, ignore_errors=True)
    for make, name in ((log_history, "run"), (print_steps, "console")):
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            make()
            # Its process may still be writing.
            wandb.teardown()
            keep(Path(folder), name)
