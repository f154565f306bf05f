"""Log one training to five formats at once: TensorBoard, W&B offline, MLflow, Trackio and ``trainer_state.json``.

Made with trl 1.16.0, transformers 5.24.0, torch 2.14.1 (CPU), wandb 0.31.0, mlflow 3.17.2, trackio 0.43.0. Nothing is
downloaded and nothing leaves the machine: the model is the tiny Llama of ``make_trl.py``. Run it from anywhere; it
replaces ``five/`` beside itself.

The databases are stripped of the tables and tags that no reader needs: a user's name, paths and 400 KB of empty pages.
The rest is as the frameworks wrote it.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import sqlite3
import sys
import tempfile
from contextlib import chdir, closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

HERE = Path(__file__).parent / "five"

#: The databases' tables that hold runs.
MLFLOW_TABLES = {"experiments", "runs", "metrics", "latest_metrics", "params", "tags", "alembic_version"}
TRACKIO_TABLES = {"metrics", "configs", "system_metrics"}

#: Where the frameworks write, and who they think runs them.
SURROUNDINGS = {
    "WANDB_MODE": "offline",
    "WANDB_PROJECT": "five",
    "WANDB_RUN_ID": "fivefive",
    "WANDB_HOST": "host",
    "WANDB_USERNAME": "user",
    "WANDB_CONSOLE": "off",
    "WANDB_DISABLE_GIT": "true",
    "WANDB_DISABLE_CODE": "true",
    "WANDB_X_DISABLE_META": "true",
    "WANDB_X_DISABLE_STATS": "true",
    "WANDB_X_DISABLE_MACHINE_INFO": "true",
    "MLFLOW_TRACKING_URI": "sqlite:///mlflow.db",
    "MLFLOW_EXPERIMENT_NAME": "five",
    "TRACKIO_DIR": "trackio",
    "HF_HUB_OFFLINE": "1",
}


def train() -> None:
    """GRPO for 12 steps, evaluated every 4, logged to everything."""
    import wandb
    from datasets import Dataset
    from make_trl import share_of_a, tiny_llama, tokenizer
    from trl import GRPOConfig, GRPOTrainer

    prompts = Dataset.from_dict({"prompt": ["ab", "cd", "ef", "gh"]})
    trainer = GRPOTrainer(
        model=tiny_llama(),
        reward_funcs=[share_of_a],
        args=GRPOConfig(
            output_dir="output",
            run_name="five-formats",
            project="five",
            trackio_space_id=None,
            max_steps=12,
            save_strategy="no",
            eval_steps=4,
            eval_strategy="steps",
            logging_steps=1,
            per_device_train_batch_size=4,
            per_device_eval_batch_size=4,
            num_generations=2,
            max_completion_length=8,
            learning_rate=1e-2,
            report_to=["tensorboard", "wandb", "mlflow", "trackio"],
            use_cpu=True,
            bf16=False,
            disable_tqdm=True,
            seed=3,
        ),
        train_dataset=prompts,
        eval_dataset=prompts,
        processing_class=tokenizer(),
    )
    trainer.train()
    trainer.save_state()
    wandb.finish()


def strip(database: Path, tables: set[str]) -> None:
    """Leave a database the tables that hold runs, without who and where, in small pages."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if table not in tables and not table.startswith("sqlite_"):
                connection.execute(f"DROP TABLE {table}")
        if "runs" in tables:
            connection.execute("DELETE FROM tags WHERE key IN ('mlflow.user', 'mlflow.source.name')")
            connection.execute("UPDATE runs SET user_id = '', source_name = '', artifact_uri = ''")
            connection.execute("UPDATE experiments SET artifact_location = ''")
        connection.commit()
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA page_size = 1024")
        connection.execute("VACUUM")


def keep() -> None:
    shutil.rmtree(HERE, ignore_errors=True)
    for source, target in [
        (Path("output/trainer_state.json"), "trainer_state/trainer_state.json"),
        (next(Path("output").rglob("events.out.tfevents.*")), "tensorboard/events.out.tfevents.1700000000.host.1.0"),
        (next(Path("wandb").glob("offline-run-*/run-*.wandb")), "wandb/offline-run-20260101_000000-fivefive/"),
        (Path("mlflow.db"), "mlflow.db"),
        (next(Path("trackio").glob("*.db")), "trackio/"),
    ]:
        where = HERE / target
        if target.endswith("/"):
            where = where / source.name
        where.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, where)


def check() -> None:
    """Nothing kept may tell where it was made."""
    private = [socket.gethostname(), str(Path.cwd()), sys.prefix, str(Path(__file__).parent)]
    if getpass.getuser() != "root":
        private.append(getpass.getuser())
    for path in HERE.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            for name in private:
                assert name.encode() not in data, f"{path} holds {name}"


if __name__ == "__main__":
    os.environ.update(SURROUNDINGS)
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        os.environ["HOME"] = folder
        train()
        strip(Path("mlflow.db"), MLFLOW_TABLES)
        strip(next(Path("trackio").glob("*.db")), TRACKIO_TABLES)
        keep()
        check()
