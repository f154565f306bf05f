"""Write the golden files of the two verl readers with verl's own loggers.

Made with verl 0.9.1 on ray 2.60.0, omegaconf 2.4.0, numpy 2.4 (cases ``v0_9``), and with the ``concat_dict_to_str``
of verl 0.2.0.post2 (case ``v0_2``, which prints three decimals). Run it as

    python tests/golden/make_verl.py FOLDER_OF_UNPACKED_VERL_0_2

in an environment with verl 0.9.1 (``pip install --no-deps verl`` and what ``verl.utils.tracking`` imports) and ray.
``expected.json`` holds what the loggers were given, ``config.json`` what the configuration was.
"""

import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from pprint import pprint

import numpy as np

HERE = Path(__file__).parent
STEPS = 5


def metrics(step):
    rng = np.random.default_rng(step)
    data = {
        "actor/entropy": float(rng.uniform(0, 2)),
        "actor/pg_loss": rng.normal() * 1e-3,
        "actor/grad_norm": np.float32(rng.uniform(0, 3)),
        "actor/lr": 1e-06,
        "critic/score/mean": np.float64(rng.uniform()),
        "critic/rewards/min": np.float64(-rng.uniform()),
        "response_length/mean": float(rng.integers(100, 900)) + 0.125,
        "response_length/max": np.int64(rng.integers(900, 1024)),
        "training/global_step": step,
        "actor/kl_loss": math.nan if step == 2 else float(rng.uniform()),
        "perf/mfu/actor": math.inf if step == 3 else float(rng.uniform()),
    }
    if step % 2 == 0:
        data["val-core/openai/gsm8k/acc/mean@4"] = np.float64(rng.uniform())
        data["val-aux/my set: hard/score/best@4/mean"] = np.float64(rng.uniform())
    return data


def as_printed(value):
    """What a reader can know of a number: NumPy prints the shortest text that gives the same number again."""
    return float(str(value))


def write_expected(folder, rows):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "expected.json").write_text("".join(json.dumps(row) + "\n" for row in rows))


CONFIG_KEYS = {
    "actor_rollout_ref": ("hybrid_engine", "nccl_timeout"),
    "algorithm": ("adv_estimator", "gamma", "lam", "use_kl_in_reward", "kl_ctrl"),
    "data": ("max_prompt_length", "max_response_length", "seed", "shuffle", "train_files", "tokenizer"),
    "trainer": ("logger", "project_name", "save_freq", "total_epochs", "val_before_train"),
}


def real_config():
    import verl
    from omegaconf import OmegaConf

    whole = OmegaConf.load(Path(verl.__file__).parent / "trainer/config/_generated_ppo_trainer.yaml")
    whole.data.seed = 42
    plain = OmegaConf.to_container(whole)
    return {part: {key: plain[part][key] for key in keys} for part, keys in CONFIG_KEYS.items()}


def train_in_ray():
    """Print as ``verl/trainer/main_ppo.py`` does, from a Ray actor of the same name."""
    import ray

    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR")

    @ray.remote
    class WorkerDict:
        def load(self):
            print("Qwen2ForCausalLM contains 494.03M parameters")
            print("step:1 - is how the answer begins, and step: 2 follows")

    @ray.remote
    class TaskRunner:
        def run(self):
            from verl.utils.tracking import Tracking

            pprint(real_config())
            tracking = Tracking("golden", "golden", default_backend=["console"])
            for step in range(STEPS):
                tracking.log(data=metrics(step), step=step)

    runner, worker = TaskRunner.remote(), WorkerDict.remote()
    ray.get(worker.load.remote())
    ray.get(runner.run.remote())


def main():
    rows = [{"step": step} | {key: as_printed(value) for key, value in metrics(step).items()} for step in range(STEPS)]

    console = HERE / "verl_console" / "v0_9"
    write_expected(console, rows)
    (console / "config.json").write_text(json.dumps(real_config(), indent=1) + "\n")
    printed = subprocess.run([sys.executable, __file__, "--ray"], stdout=subprocess.PIPE, check=True).stdout
    (console / "console.log").write_bytes(printed)

    spec = importlib.util.spec_from_file_location(
        "old_logger", Path(sys.argv[1]) / "verl" / "utils" / "logger" / "aggregate_logger.py"
    )
    old = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(old)
    console = HERE / "verl_console" / "v0_2"
    write_expected(
        console,
        [{key: value if key == "step" else float(f"{value:.3f}") for key, value in row.items()} for row in rows],
    )
    lines = [old.concat_dict_to_str(metrics(step), step) for step in range(STEPS)]
    (console / "console.log").write_text("\n".join(["Size of train dataloader: 29", *lines, ""]))

    from verl.utils.tracking import Tracking

    file = HERE / "verl_jsonl" / "v0_9" / "golden.jsonl"
    write_expected(file.parent, [{key: value for key, value in row.items() if math.isfinite(value)} for row in rows])
    os.environ["VERL_FILE_LOGGER_PATH"] = str(file)
    tracking = Tracking("golden", "golden", default_backend=["file"])
    for step in range(STEPS):
        tracking.log(data=metrics(step), step=step)
    tracking.logger["file"].finish()


if __name__ == "__main__":
    train_in_ray() if "--ray" in sys.argv else main()
