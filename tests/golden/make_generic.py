"""Write the golden files of the generic readers with real loggers.

Made with ray 2.60.0 (Tune's ``result.json`` and ``progress.csv``) and lightning 2.6.6 (``CSVLogger``). Run it as
``python tests/golden/make_generic.py``; host name, address and process id are replaced. ``expected.json`` holds what
the loggers were given: one object a record, with the step under ``step``.
"""

import json
import math
import re
import shutil
import tempfile
from pathlib import Path

HERE = Path(__file__).parent / "generic"
ITERATIONS = 3


def tune_result(iteration):
    return {
        "env_runners": {
            "episode_return_mean": math.nan if iteration == 1 else 20.5 + iteration,
            "hist_stats": {"episode_reward": [20.0, 21.5]},
        },
        "info": {"learner": {"default_policy": {"kl": 0.01 / iteration, "lr": 5e-05}}},
        "num_env_steps_sampled_lifetime": 4000 * iteration,
    }


def train(config):
    from ray import tune

    for iteration in range(1, ITERATIONS + 1):
        tune.report(tune_result(iteration))


def make_tune():
    from ray import tune

    folder = HERE / "tune"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as storage:
        tuner = tune.Tuner(
            train, param_space={"lr": 5e-05, "seed": 3}, run_config=tune.RunConfig(storage_path=storage, verbose=0)
        )
        result = tuner.fit()[0]
        for name in ("result.json", "progress.csv"):
            text = (Path(result.path) / name).read_bytes().decode()
            times = [json.loads(line)["timestamp"] for line in (Path(result.path) / "result.json").open()]
            text = text.replace(result.metrics["hostname"], "host").replace(result.metrics["node_ip"], "10.0.0.1")
            text = re.sub(rf"\b{result.metrics['pid']}\b", "1", text)
            (folder / name).write_bytes(text.encode())
    expected = []
    for iteration, time in enumerate(times, 1):
        given = tune_result(iteration)
        expected.append(
            {
                "step": iteration,
                "wall_time": time,
                "env_runners/episode_return_mean": given["env_runners"]["episode_return_mean"],
                "info/learner/default_policy/kl": given["info"]["learner"]["default_policy"]["kl"],
                "info/learner/default_policy/lr": 5e-05,
                "num_env_steps_sampled_lifetime": given["num_env_steps_sampled_lifetime"],
            }
        )
    (folder / "expected.json").write_text("".join(json.dumps(row) + "\n" for row in expected))


def make_lightning():
    from lightning.fabric.loggers import CSVLogger

    with tempfile.TemporaryDirectory() as root:
        logger = CSVLogger(root, name="", version="v", flush_logs_every_n_steps=2)
        expected = []
        for step in range(0, 12, 2):
            row = {"train_loss": 1 / (step + 3), "epoch": step // 6}
            if step == 6:
                row = {"val_acc": 0.25, "epoch": 1}
            if step == 8:
                row["train_loss"] = math.nan
            logger.log_metrics(row, step)
            expected.append({"step": step} | row)
        logger.save()
        folder = HERE / "lightning"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(logger.log_dir) / "metrics.csv", folder)
    (folder / "expected.json").write_text("".join(json.dumps(row) + "\n" for row in expected))


if __name__ == "__main__":
    make_lightning()
    make_tune()
