"""Train the CartPole demo runs: PPO against A2C, three seeds each.

    python benchmarks/demo/make_sb3.py OUT

writes ``OUT/<algo>-seed<k>/`` with ``{0..3}.monitor.csv`` (one an environment), ``progress.csv``, ``evaluations.npz``
and a ``config.json`` with what the run was started with. Needs no network; about a minute a run on one core.

Made with stable-baselines3 2.9.2, gymnasium 1.4.0, torch 2.13.0 (CPU), Python 3.11. A second call on another machine
gives other wall times, and other curves where its floating point rounds differently.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import EvalCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.logger import configure

ENV_ID = "CartPole-v1"
N_ENVS = 4
TOTAL_TIMESTEPS = 80_000
EVAL_EVERY = 4_000
SEEDS = (1, 2, 3)

#: Everything not named here is the library's default. Both log once in about 2,000 environment steps.
HYPERPARAMETERS: dict[str, dict[str, float]] = {
    "ppo": {"learning_rate": 3e-4, "n_steps": 256, "batch_size": 64, "n_epochs": 10, "gamma": 0.99, "ent_coef": 0.0},
    "a2c": {"learning_rate": 7e-4, "n_steps": 5, "gamma": 0.99, "ent_coef": 0.0},
}
LOG_INTERVAL = {"ppo": 2, "a2c": 100}
ALGORITHMS: dict[str, type[BaseAlgorithm]] = {"ppo": PPO, "a2c": A2C}


def train(algo: str, seed: int, folder: Path) -> None:
    folder.mkdir(parents=True)
    config = {
        "algo": algo,
        "env_id": ENV_ID,
        "seed": seed,
        "n_envs": N_ENVS,
        "total_timesteps": TOTAL_TIMESTEPS,
        "hyperparameters": HYPERPARAMETERS[algo],
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")

    env = make_vec_env(ENV_ID, n_envs=N_ENVS, seed=seed, monitor_dir=str(folder))
    # An evaluation environment of its own seed, and without a monitor file among the four of the training.
    evaluation = make_vec_env(ENV_ID, n_envs=1, seed=1_000 + seed)
    model = ALGORITHMS[algo]("MlpPolicy", env, seed=seed, device="cpu", **HYPERPARAMETERS[algo])
    model.set_logger(configure(str(folder), ["csv"]))
    evaluate = EvalCallback(
        evaluation, log_path=str(folder), eval_freq=EVAL_EVERY // N_ENVS, n_eval_episodes=5, verbose=0
    )
    model.learn(TOTAL_TIMESTEPS, callback=evaluate, log_interval=LOG_INTERVAL[algo])
    env.close()
    evaluation.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder for the runs; a run that is there already is an error")
    out = parser.parse_args().out
    torch.set_num_threads(1)
    for algo in ALGORITHMS:
        for seed in SEEDS:
            print(f"{algo}-seed{seed}", flush=True)
            train(algo, seed, out / f"{algo}-seed{seed}")


if __name__ == "__main__":
    main()
