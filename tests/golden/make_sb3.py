"""Write the golden files of the Stable-Baselines3 readers, and what the framework itself says they hold.

Made with stable-baselines3 2.9.2, gymnasium 1.4.0, torch 2.13.0 (CPU), NumPy 2.4.6, pandas 3.1.1, PyYAML 6.0.3. Run it
from anywhere; it replaces ``sb3_progress/``, ``monitor/``, ``evaluations/`` and ``configfiles/`` beside itself.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import yaml
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.callbacks import BaseCallback, EvalCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.logger import CSVOutputFormat, JSONOutputFormat, KVWriter, Logger
from stable_baselines3.common.monitor import Monitor, load_results

HERE = Path(__file__).parent


class Kept(KVWriter):
    """Keeps what the logger hands to its writers."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        self.rows.append(dict(key_values))

    def close(self) -> None:
        """Nothing is open."""


class OwnDump(BaseCallback):
    """Dumps once without the step, as one's own callback may, with values that are no plain numbers."""

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        self.logger.record("custom/nan", float("nan"))
        self.logger.record("custom/text", 'a "quoted", comma')
        if self.num_timesteps == 64:
            self.logger.record("custom/lost", 1.5)
            self.logger.dump(self.num_timesteps)


class Success(gym.Wrapper):
    """Tells whether an episode lasted for 40 steps."""

    def reset(self, **kwargs: Any) -> Any:
        self.length = 0
        return self.env.reset(**kwargs)

    def step(self, action: Any) -> Any:
        observation, reward, terminated, truncated, info = self.env.step(action)
        self.length += 1
        return observation, reward, terminated, truncated, {**info, "is_success": self.length >= 40}


def fresh(*parts: str) -> Path:
    folder = HERE.joinpath(*parts)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n")


def as_csv(value: Any) -> float | str | None:
    """Give back what a reader of the CSV finds: the format writes ``str(value)``."""
    return value if isinstance(value, str) or value is None else float(str(value))


def monitors_of(folder: Path) -> dict[str, object]:
    """Say what ``load_results`` reads; ``t`` there counts from the first monitor's start."""
    headers = [json.loads(path.read_text().splitlines()[0][1:]) for path in sorted(folder.glob("*monitor.csv"))]
    results = load_results(str(folder))
    return {
        "t_start": min(header["t_start"] for header in headers),
        "rows": results.drop(columns="index").astype(float).to_dict("list"),
    }


def evaluations_of(path: Path) -> dict[str, list[float]]:
    with np.load(path) as arrays:
        expected = {
            "step": arrays["timesteps"].tolist(),
            "eval/mean_reward": np.mean(arrays["results"], axis=1).tolist(),
            "eval/std_reward": np.std(arrays["results"], axis=1).tolist(),
            "eval/mean_ep_length": np.mean(arrays["ep_lengths"], axis=1).tolist(),
        }
        if "successes" in arrays:
            expected["eval/success_rate"] = np.mean(arrays["successes"], axis=1).tolist()
    return expected


def train_ppo() -> None:
    """PPO on 2 environments: progress in both formats, 2 monitors, evaluations."""
    progress, monitor, evaluations = (fresh(name, "ppo") for name in ("sb3_progress", "monitor", "evaluations"))
    with tempfile.TemporaryDirectory() as scratch:
        env = make_vec_env("CartPole-v1", n_envs=2, seed=0, monitor_dir=scratch)
        kept = Kept()
        logger = Logger(
            None,
            [kept, CSVOutputFormat(str(progress / "progress.csv")), JSONOutputFormat(str(progress / "progress.json"))],
        )
        evaluate = EvalCallback(
            Monitor(gym.make("CartPole-v1")),
            n_eval_episodes=3,
            eval_freq=40,
            log_path=str(evaluations),
            verbose=0,
            warn=False,
        )
        model = PPO("MlpPolicy", env, n_steps=32, batch_size=32, n_epochs=2, seed=0, device="cpu")
        model.set_logger(logger)
        model.learn(256, callback=[evaluate, OwnDump()])
        logger.close()
        env.close()
        for path in Path(scratch).glob("*.monitor.csv"):
            shutil.copy(path, monitor)
    write_json(progress / "expected_csv.json", [{k: as_csv(v) for k, v in row.items()} for row in kept.rows])
    write_json(
        progress / "expected_json.json",
        [{k: v if isinstance(v, str) else float(v) for k, v in row.items()} for row in kept.rows],
    )
    write_json(monitor / "expected.json", monitors_of(monitor))
    write_json(evaluations / "expected.json", evaluations_of(evaluations / "evaluations.npz"))


def train_a2c_twice() -> None:
    """A2C into one monitor, then once more into the same file: the second start leaves no header."""
    monitor, evaluations = fresh("monitor", "appended"), fresh("evaluations", "successes")
    for override in (True, False):
        env = Monitor(
            Success(gym.make("CartPole-v1")),
            str(monitor / "0.monitor.csv"),
            info_keywords=("is_success",),
            override_existing=override,
        )
        evaluate = EvalCallback(
            Monitor(Success(gym.make("CartPole-v1"))),
            n_eval_episodes=4,
            eval_freq=60,
            log_path=str(evaluations),
            verbose=0,
            warn=False,
        )
        A2C("MlpPolicy", env, seed=1, device="cpu").learn(150, callback=evaluate)
        env.close()
    write_json(monitor / "expected.json", monitors_of(monitor))
    write_json(evaluations / "expected.json", evaluations_of(evaluations / "evaluations.npz"))


def open_monitor_only() -> None:
    """Write a monitor whose environment never ended an episode."""
    Monitor(gym.make("CartPole-v1"), str(fresh("monitor", "no_episode") / "0.monitor.csv")).close()


def save_zoo_config() -> None:
    """Save settings with the statements of rl_zoo3 2.9.2, ``ExperimentManager._save_config``."""
    folder = fresh("configfiles", "zoo", "ppo", "CartPole-v1_2", "CartPole-v1")
    saved_hyperparams = OrderedDict(
        clip_range="lin_0.2", ent_coef=0.0, n_envs=8, n_timesteps=1e5, policy_kwargs="dict(net_arch=[64, 64])"
    )
    args = {
        "algo": "ppo",
        "env": "CartPole-v1",
        "env_kwargs": {"sutton_barto_reward": True},
        "gym_packages": [],
        "hyperparams": None,
        "n_timesteps": -1,
        "seed": 1734087245,
        "tensorboard_log": "",
        "uuid": False,
    }
    with (folder / "config.yml").open("w") as stream:
        yaml.dump(saved_hyperparams, stream)
    with (folder / "args.yml").open("w") as stream:
        yaml.dump(OrderedDict([(key, args[key]) for key in sorted(args)]), stream)
    write_json(HERE / "configfiles" / "zoo" / "expected.json", {"args": args, "config": saved_hyperparams})


if __name__ == "__main__":
    train_ppo()
    train_a2c_twice()
    open_monitor_only()
    save_zoo_config()
