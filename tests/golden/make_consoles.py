"""Write the golden files of the console reader with the frameworks' own loggers.

Made with slime at 624b824, ROLL at 8eb27cc, SkyRL 0.3.0 (the wheel, unpacked) and Logic-RL at 9d2c457, on ray 2.60.0,
loguru 0.7.3 and numpy 2.4. Run it as

    python tests/golden/make_consoles.py FOLDER_OF_SLIME FOLDER_OF_ROLL FOLDER_OF_SKYRL FOLDER_OF_LOGIC_RL

in an environment with ray, loguru, numpy and omegaconf. Torch, wandb and what else the loggers' modules import but do
not need for logging are stood in for. What is the framework's own:

- slime: ``configure_logger``, ``log_rollout_data``, ``log_eval_rollout_data`` and ``gather_log_data``. The statement
  that logs a step of the optimizer stands within Megatron's training loop and is written out here.
- ROLL: ``get_logger`` and ``StdoutTracker``.
- SkyRL: ``ConsoleLogger``, in a Ray task; loguru's format is that of ``configure_ray_worker_logging``.
- Logic-RL: ``kk.compute_score`` and ``concat_dict_to_str``, in a Ray task between the lines that its trainer prints.

``expected.json`` holds what the loggers were given, one line a record; of Logic-RL, what the samples were.
"""

import importlib.util
import json
import math
import os
import subprocess
import sys
import time
import types
from datetime import UTC, datetime, timedelta
from pathlib import Path
from pprint import pprint
from unittest import mock

HERE = Path(__file__).parent / "console"
BEGIN = datetime(2026, 8, 1, 12, 0, 0, tzinfo=UTC)


class Clock:
    """Half a minute passes between two records."""

    def __init__(self):
        self.now = BEGIN

    def tick(self):
        self.now += timedelta(seconds=30)

    def time(self):
        return self.now.timestamp()


def write_expected(case, rows):
    (HERE / case).mkdir(parents=True, exist_ok=True)
    (HERE / case / "expected.json").write_text("".join(json.dumps(row) + "\n" for row in rows))


def stand_in(*names):
    """Give modules that a logger's module imports and does not need for logging."""
    for name in names:
        sys.modules[name] = mock.MagicMock()


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


# --- slime


def slime(folder):
    import logging

    import numpy as np

    sys.path.insert(0, folder)
    stand_in("torch", "torch.distributed", "wandb", "slime.utils.http_utils", "slime.utils.flops_utils")
    stand_in("slime.observability.wandb_utils", "slime.observability.tensorboard_utils", "megatron", "megatron.core")
    from slime.observability import logging_utils, rollout_metrics, train_metric_utils
    from slime.utils.types import Sample

    clock = Clock()
    logging.Formatter.converter = time.gmtime
    logging_utils.configure_logger()
    args = types.SimpleNamespace(
        custom_eval_rollout_log_function_path=None,
        custom_rollout_log_function_path=None,
        load_debug_rollout_data=False,
        advantage_estimator="grpo",
        sglang_speculative_algorithm=None,
        log_reward_category=None,
        log_passrate=True,
        n_samples_per_eval_prompt=2,
        rollout_num_gpus=8,
        reward_key=None,
        wandb_always_use_train_step=False,
        use_wandb=False,
        use_tensorboard=False,
    )
    rows = []

    def note(step, record):
        rows.append({"step": step, "wall_time": clock.time(), **record})
        clock.tick()

    def samples(rollout):
        rng = np.random.default_rng(rollout)
        return [
            Sample(group_index=i // 2, response="x", response_length=int(rng.integers(10, 900)), reward=float(i % 2))
            for i in range(4)
        ]

    def printed(record):
        """Take what a logger returned or was given, as far as a number can be printed and read again."""
        return {key: float(value) for key, value in record.items() if not key.endswith("/step")}

    with mock.patch("time.time", clock.time):
        for rollout in range(3):
            taken = {}
            with mock.patch.object(logging_utils, "log", lambda _, given, step_key: taken.update(given)):  # noqa: B023
                rollout_metrics.log_rollout_data(rollout, args, samples(rollout), {"rollout/extra": math.nan}, 12.5)
                note(rollout, printed(taken))
                rewards = {"rollout/raw_reward": rollout / 7, "rollout/rewards": -math.inf if rollout == 1 else 0.0}
                reduced = {key.removeprefix("rollout/"): value for key, value in rewards.items()}
                with mock.patch.object(train_metric_utils, "gather_and_reduce_log_dict", lambda given, *_, **__: given):
                    train_metric_utils.gather_log_data("rollout", args, rollout, reduced)
                note(rollout, rewards)
                for step in (2 * rollout, 2 * rollout + 1):
                    log_dict = {
                        "train/loss": 1 / (step + 1),
                        "train/grad_norm": np.float64(step) / 3,
                    }
                    log_dict |= {"train/lr-pg_0": 1e-06, "train/global_batch_size": 2, "train/step": step}
                    logging.getLogger("slime").info(f"step {step}: {log_dict}")
                    note(step, printed(log_dict))
                if rollout != 1:
                    taken.clear()
                    data = {"aime": {"rewards": [1.0, 0.0, rollout / 2, 1.0], "truncated": [False, False, True, False]}}
                    rollout_metrics.log_eval_rollout_data(rollout, args, data)
                    note(rollout, printed(taken))
    write_expected("slime", rows)


# --- ROLL


def roll(folder):
    import logging

    stand_in("torch", "roll", "roll.utils")
    logging.Formatter.converter = time.gmtime
    os.environ["ROLL_LOG_DIR"] = os.environ["SCRATCH"]
    with mock.patch("os.getpid", return_value=1234):
        load("roll.utils.logging", Path(folder) / "roll/utils/logging.py")
        tracking = load("roll.utils.tracking", Path(folder) / "roll/utils/tracking.py")
    clock, rows = Clock(), []
    with mock.patch("time.time", clock.time):
        tracker = tracking.create_tracker("stdout", {})
        for step in range(3):
            metrics = {
                "critic/score/mean@mean": step / 7,
                "actor/lr": 1e-06,
                "actor/kl_loss": [0.5, math.nan, math.inf][step],
            }
            if step == 2:
                metrics["val_score/all/mean"] = 0.25
            tracker.log(values=metrics, step=step)
            named = {key.split("@")[0]: value for key, value in metrics.items()}
            rows.append({"step": step, "wall_time": clock.time(), **named})
            clock.tick()
    write_expected("roll", rows)


# --- SkyRL

SKYRL_FORMAT = (
    "<green>{time:YYYY-MM-DD HH:mm:ss.SSS}</green> | <level>{level: <8}</level> | "
    "<cyan>{name}</cyan>:<cyan>{function}</cyan>:<cyan>{line}</cyan> - <level>{message}</level>"
)


def skyrl_metrics(step):
    metrics = {
        "policy/policy_loss": -0.123456 * step,
        "policy/grad_norm": math.nan if step == 2 else 1.5,
        "reward/avg_raw_reward": step / 7,
        "generate/avg_num_tokens": 250.0 + step,
        "trainer/global_step": step,
        "trainer/epoch": 0,
        "timing/step": 12.34567,
        "generate/batch_num_seq": 16,
    }
    return metrics | ({"eval/all/avg_score": math.inf} if step == 3 else {})


def skyrl(folder):
    import ray

    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR")

    @ray.remote
    class Worker:
        def load(self, step):
            print(f"Step {step}: loading weights", file=sys.stderr)

    @ray.remote
    def skyrl_entrypoint(folder, worker):
        from loguru import logger

        stand_in("skyrl", "skyrl.train", "skyrl.train.config", "skyrl.train.utils")
        tracking = load("skyrl.train.utils.tracking", Path(folder) / "skyrl/train/utils/tracking.py")
        clock = Clock()
        logger.remove()
        logger.level("INFO", color="<bold><green>")
        logger.add(sys.stderr, colorize=True, enqueue=True, format=SKYRL_FORMAT)
        logger.configure(
            patcher=lambda record: record.update(time=type(record["time"]).fromtimestamp(clock.time(), UTC))
        )
        tracker, rows = tracking.Tracking("golden", "golden", backend="console"), []
        for step in (1, 2, 3):
            metrics = skyrl_metrics(step)
            tracker.log(metrics, step=step, commit=True)
            ray.get(worker.load.remote(step))
            read = {key: float(f"{value:.4f}") if isinstance(value, float) else value for key, value in metrics.items()}
            rows.append({"step": step, "wall_time": clock.time(), **read})
            clock.tick()
        logger.complete()
        return rows

    rows = ray.get(skyrl_entrypoint.remote(folder, Worker.remote()))
    time.sleep(2)  # until Ray has forwarded what was printed
    ray.shutdown()
    write_expected("skyrl", rows)


# --- Logic-RL

CONFIG = {
    "actor_rollout_ref": {"model": {"path": "Qwen/Qwen2.5-7B-Instruct-1M"}, "rollout": {"n": 2, "temperature": 1.0}},
    "data": {"max_prompt_length": 400, "max_response_length": 2048, "seed": 42, "train_batch_size": 2},
    "trainer": {"experiment_name": "golden", "logger": ["console"], "test_freq": 2, "val_before_train": True},
}

PUZZLES = [
    ("(1) Zoey is a knave\n(2) Oliver is a knight", "Zoey says that Oliver lies. Who is what?"),
    ("(1) Mia is a knight\n(2) Ella is a knave", "Ella says that Mia is a knave. Who is what?"),
]
GOOD = "\n<think>One of them lies → naïve.\nSo the other does not.</think>\n<answer>\n{}\n</answer><|im_end|>"
RESPONSES = {
    "right": lambda truth: GOOD.format(truth),
    "wrong": lambda truth: GOOD.format(truth.replace("knight", "KNAVE")),
    "untagged": lambda truth: f" It is clear: {truth}\nTotal: 3\n\n  Total: 9",
    "unread": lambda truth: GOOD.format("I do not know"),
}


def logic_rl(folder):
    import ray

    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR")

    @ray.remote
    class WorkerDict:
        def update(self, step):
            print(f"  Total: {step} parameters updated\nstep:{step} is over for this worker")

    @ray.remote
    def main_task(folder, worker):
        sys.path.insert(0, folder)
        kk = load("kk", Path(folder) / "verl/utils/reward_score/kk.py")
        tracking = load("aggregate_logger", Path(folder) / "verl/utils/logger/aggregate_logger.py")
        rows = []

        def score(step, split, kinds, examined=0):
            for i, kind in enumerate(kinds):
                truth, question = PUZZLES[i % 2]
                prompt = f"<|im_start|>user\n{question}\n<|im_end|>\n<|im_start|>assistant"
                response = RESPONSES[kind](truth)
                reward = kk.compute_score(prompt + response, {"solution_text_format": truth})
                if i < examined:
                    print(prompt + response)
                row = {"step": step, "split": split, "reward": reward, "correct": kind == "right", "response": response}
                rows.append(row | {"prompt": prompt if i < examined else "", "puzzle": i % 2})
            ray.get(worker.update.remote(step))

        pprint(CONFIG)
        print("validation generation end")
        score(0, "validation", ["wrong", "right"], examined=1)
        print(tracking.concat_dict_to_str({"val/test_score/kk_logic": 0.5}, 0))
        for step in (1, 2):
            print(f"epoch 0, step {step}")
            score(step, "train", ["right", "untagged", "unread", "wrong"])
            metrics = {"critic/score/mean": sum(row["reward"] for row in rows[-4:]) / 4, "actor/lr": 4e-07}
            if step == 2:
                print("validation generation end")
                score(step, "validation", ["right", "right"])
                metrics["val/test_score/kk_logic"] = 1.0
            print(tracking.concat_dict_to_str(metrics, step))
        print("epoch 0, step 3")
        score(3, "train", ["right"])
        return rows

    rows = ray.get(main_task.remote(folder, WorkerDict.remote()))
    time.sleep(2)
    ray.shutdown()
    write_expected("logic_rl", rows)


def main():
    import tempfile

    for case, folder in zip(("slime", "roll", "skyrl", "logic_rl"), sys.argv[1:], strict=True):
        (HERE / case).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            command = [sys.executable, __file__, "--case", case, folder]
            environment = os.environ | {"SCRATCH": scratch, "PYTHONUNBUFFERED": "1"}
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
            printed = subprocess.run(command, **pipes, check=True, env=environment).stdout
            lines = printed.splitlines(keepends=True)
            # ROLL names the folders that it writes to.
            whole = b"".join(line for line in lines if scratch.encode() not in line)
            (HERE / case / "train.log").write_bytes(whole)


if __name__ == "__main__":
    if sys.argv[1] == "--case":
        globals()[sys.argv[2]](sys.argv[3])
    else:
        main()
