"""Make small event files as frameworks write them, and what TensorBoard's own EventAccumulator reads from them.

``expected.json`` beside each ``log/`` holds ``[file, tag, [[step, value], ...]]``.

By the frameworks' own loggers: skrl 2.1.1, rsl-rl-lib 5.5.1 (with GitPython), tianshou 2.0.1, stable-baselines3 2.9.2,
lightning 2.6.6, d3rlpy 2.8.1 and openrlhf 0.11.2 (the last two: the logger's module taken alone). The others are
scripts or need GPUs to be imported: what their source hands to its SummaryWriter is handed here to torch 2.14.1's or,
where they use it, tensorboardX 2.6.5's (CleanRL as of April, AReaL as of May, NeMo-RL, ROLL, slime and SkyRL as of
August 2026, Sample Factory 2.1.1).

    python tests/golden/make_frameworks.py

The clock is set, and host names and process ids are taken out of file names; see make_tensorboard.py.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from unittest import mock

import tensorboardX
from make_tensorboard import START, as_read
from torch.utils.tensorboard import SummaryWriter

HERE = Path(__file__).parent / "frameworks"


class Clock:
    """Stands still but when it is told; ``time.time`` asks it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


CLOCK = Clock()


def module_alone(package: str, path: str) -> ModuleType:
    """Import one module of an installed package without the package around it."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    name = "alone_" + Path(path).stem
    alone = importlib.util.spec_from_file_location(name, Path(spec.origin).parent / path)
    assert alone is not None
    assert alone.loader is not None
    module = importlib.util.module_from_spec(alone)
    alone.loader.exec_module(module)
    return module


def add(writer: SummaryWriter, scalars: Mapping[str, float], step: int) -> None:
    for tag, value in scalars.items():
        writer.add_scalar(tag, value, step)


def steps(every: int = 1, n: int = 3) -> Iterable[tuple[int, float]]:
    """Numbers of ``n`` logging steps, ten seconds apart, and a value that differs at each."""
    for i in range(1, n + 1):
        CLOCK.now = START + 10 * i
        yield i * every, i / 8


def cleanrl(folder: Path) -> None:
    writer = SummaryWriter(str(folder / "CartPole-v1__ppo__7__1700000000"))
    settings = {"exp_name": "ppo", "seed": 7, "env_id": "CartPole-v1", "learning_rate": 0.00025}
    table = "\n".join(f"|{key}|{value}|" for key, value in settings.items())
    writer.add_text("hyperparameters", f"|param|value|\n|-|-|\n{table}")
    for step, x in steps(256):
        add(writer, {"charts/episodic_return": 100 * x, "charts/episodic_length": 100 * x}, step - 9)
        add(writer, {"charts/episodic_return": 200 * x, "charts/episodic_length": 200 * x}, step - 9)
        scalars = {"charts/learning_rate": 0.00025, "losses/value_loss": x, "losses/policy_loss": -x}
        scalars |= {"losses/entropy": 1 - x, "losses/old_approx_kl": -x, "losses/approx_kl": x / 2}
        scalars |= {"losses/clipfrac": x / 4, "losses/explained_variance": x, "charts/SPS": 900}
        add(writer, scalars, step)
    for episode in range(3):
        writer.add_scalar("eval/episodic_return", 300 + episode, episode)
    writer.close()


def stable_baselines3(folder: Path) -> None:
    from stable_baselines3.common.logger import configure

    logger = configure(str(folder / "PPO_1"), ["tensorboard"])
    for step, x in steps(2048):
        scalars = {"rollout/ep_rew_mean": 100 * x, "rollout/ep_len_mean": 100 * x, "time/fps": 900}
        scalars |= {"train/learning_rate": 0.0003, "train/entropy_loss": x - 1, "train/approx_kl": x / 100}
        scalars |= {"train/policy_gradient_loss": -x, "train/loss": x, "train/clip_fraction": x / 4}
        scalars |= {"train/clip_range": 0.2, "eval/mean_reward": 110 * x, "eval/mean_ep_length": 90 * x}
        for key, value in scalars.items():
            logger.record(key, value)
        logger.dump(step)
    logger.close()


def sample_factory(folder: Path) -> None:
    (folder / "doom").mkdir(parents=True)
    (folder / "doom" / "config.json").write_text(json.dumps({"env": "doom_basic", "seed": 5, "num_policies": 1}))
    writer = SummaryWriter(str(folder / "doom" / ".summary" / "0"))
    for step, x in steps(4096):
        scalars = {"train/lr": 0.0001, "train/loss": x, "train/entropy": 1 - x, "train/policy_loss": -x}
        scalars |= {"train/kl_divergence": x / 100, "train/fraction_clipped": x / 4, "train/grad_norm": x}
        scalars |= {"perf/_fps": 9000, "perf/_sample_throughput": 9100, "reward/reward": 10 * x, "len/len": 100 * x}
        scalars |= {"reward/reward_min": x, "reward/reward_max": 20 * x}
        add(writer, scalars, step)
    writer.close()


def skrl(folder: Path) -> None:
    import torch
    from skrl.agents.torch.base import Agent, AgentCfg, ExperimentCfg

    experiment = ExperimentCfg(directory=str(folder), experiment_name="ant", write_interval=16, checkpoint_interval=0)
    with mock.patch.object(Agent, "__abstractmethods__", frozenset()):
        agent = Agent(cfg=AgentCfg(experiment=experiment), models={}, device="cpu")
    agent.init()
    for step, x in steps(16):
        done = torch.ones(2, 1, dtype=torch.bool)
        rewards = torch.tensor([[x], [3 * x]])
        unused = dict.fromkeys(("observations", "states", "actions", "next_observations", "next_states", "infos"))
        agent.record_transition(
            **unused, rewards=rewards, terminated=done, truncated=~done, timestep=step, timesteps=64
        )
        agent.track_data("Loss / Policy loss", -x)
        agent.track_data("Loss / Value loss", x)
        agent.track_data("Loss / Entropy loss", x - 1)
        agent.track_data("Learning / Learning rate", 0.0005)
        agent.write_tracking_data(timestep=step, timesteps=64)
    agent.writer.close()


def rsl_rl(folder: Path) -> None:
    import torch
    from rsl_rl.utils.logger import Logger

    cfg = {"num_steps_per_env": 24, "algorithm": {}, "logger": "tensorboard"}
    with mock.patch.object(Logger, "_store_code_state", return_value=[]):
        logger = Logger(str(folder / "anymal"), cfg, {}, 4, False, 1, 0, "cpu")
        logger.init_logging_writer()
    for step, x in steps():
        logger.process_env_step(torch.full((4,), x), torch.ones(4), {})
        losses = {"value": x, "surrogate": -x, "entropy": 1 - x}
        logger.log(step - 1, 0, 4, 20.0, 5.5, losses, 0.001, torch.ones(3), None, print_minimal=True)
    logger.writer.close()


def tianshou(folder: Path) -> None:
    from tianshou.utils import TensorboardLogger

    writer = SummaryWriter(str(folder / "ppo"))
    logger = TensorboardLogger(writer, training_interval=1, update_interval=1)

    def statistics(mean: float) -> dict[str, float]:
        return {"mean": mean, "std": 0.5, "max": mean + 1, "min": mean - 1}

    for step, x in steps(1000):
        collected = {"n_collected_episodes": 8, "returns_stat": statistics(100 * x), "lens_stat": statistics(100 * x)}
        logger.log_training_data(logger.prepare_dict_for_logging(collected), step)
        collected["returns_stat"] = statistics(110 * x)
        logger.log_test_data(logger.prepare_dict_for_logging(collected), step)
        learned = {"loss": statistics(x), "actor_loss": statistics(-x), "ent_loss": statistics(1 - x)}
        logger.log_update_data(logger.prepare_dict_for_logging(learned), step // 100)
        logger.log_info_data({"best_reward": 110 * x}, step // 1000)
    logger.finalize()


def lightning(folder: Path) -> None:
    from lightning.pytorch.loggers import TensorBoardLogger

    logger = TensorBoardLogger(str(folder), name="agent", version=0)
    logger.log_hyperparams({"seed": 11, "lr": 0.001})
    for step, x in steps(50):
        logger.log_metrics({"train/loss": x, "train/reward": 100 * x, "epoch": step // 100}, step)
    logger.finalize("success")


def d3rlpy(folder: Path) -> None:
    # The adapter's module needs only the names that it imports for its annotations.
    fake = SimpleNamespace(LoggerAdapter=object, AlgProtocol=object, SaveProtocol=object, LoggerAdapterFactory=object)
    sys.modules["d3rlpy_logging.logger"] = fake  # type: ignore[assignment]
    origin = importlib.util.find_spec("d3rlpy").submodule_search_locations[0]  # type: ignore[union-attr,index]
    path = Path(origin) / "logging" / "tensorboard_adapter.py"
    spec = importlib.util.spec_from_file_location("d3rlpy_logging.tensorboard_adapter", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    adapter = module.TensorboardAdapter(None, str(folder), "CQL_20260101")
    adapter.write_params({"seed": 2, "gamma": 0.99, "batch_size": 256, "config": {"n": 1}})
    for step, x in steps(100):
        adapter.before_write_metric(step // 100, step)
        for name, value in {"time_algorithm_update": 0.5, "loss": x, "actor_loss": -x, "environment": 90 * x}.items():
            adapter.write_metric(step // 100, step, name, value)
        adapter.after_write_metric(step // 100, step)
    adapter._writer.close()


def openrlhf(folder: Path) -> None:
    module = module_alone("openrlhf", "utils/logging_utils.py")
    wandb = SimpleNamespace(run_name="ppo_math")
    logger = module.TensorboardLogger(SimpleNamespace(logger=SimpleNamespace(tensorboard_dir=str(folder), wandb=wandb)))
    for step, x in steps():
        logs = {"policy_loss": -x, "actor_lr": 5e-7, "actor_grad_norm": x, "ppo_kl": x / 100, "ppo_clip_ratio": x / 4}
        logs |= {"kl": x / 10, "entropy_loss": 1 - x, "reward": x, "return": x - 0.25, "response_length": 80 * x}
        logs |= {"rollout/reward_mean": x / 2, "rollout/response_length_mean": 90 * x, "rollout/truncated_rate": x / 8}
        logs |= {"timing/step_total": 30.0, "critic_loss": None, "generated_samples": ("2+2=4", x)}
        logger.log_train(step, logs)
        if step % 2 == 0:
            logger.log_eval(step, {"eval_aime_pass1": x, "eval_aime_pass8": x, "eval_response_length_mean": 85 * x})
    logger.close()


def nemo_rl(folder: Path) -> None:
    writer = SummaryWriter(log_dir=str(folder / "exp_001" / "tensorboard"))
    writer.add_hparams({"grpo.seed": 42, "grpo.num_prompts_per_step": 32, "policy.model_name": "tiny"}, {})
    for step, x in steps():
        train = {"loss": -x, "reward": x, "kl_penalty": x / 100, "approx_entropy": 1 - x, "lr": 5e-6, "grad_norm": x}
        train |= {"mean_gen_tokens_per_sample": 80 * x, "mean_total_tokens_per_sample": 200 * x}
        train |= {"truncation_rate": x / 8, "global_valid_toks": 1000, "token_mult_prob_error": 1.01}
        add(writer, {f"train/{key}": value for key, value in train.items()}, step)
        add(writer, {"performance/tokens_per_sec": 5000.0, "timing/train/total_step_time": 30.0}, step)
        if step % 2 == 0:
            add(writer, {"validation/accuracy": x, "validation/avg_length": 85 * x}, step)
    writer.close()


def roll(folder: Path) -> None:
    writer = SummaryWriter(log_dir=str(folder / "frozen_lake"))
    writer.add_hparams(hparam_dict={"seed": 42, "rollout_batch_size": 8, "pretrain": "tiny"}, metric_dict={})
    for step, x in steps():
        scalars = {"system/step": step, "critic/score/mean": x, "critic/rewards/mean": x - 0.1, "val/score/mean": x}
        scalars |= {"tokens/response_length/mean": 80 * x, "actor/pg_loss": -x, "actor/kl_loss": x / 100}
        scalars |= {"critic/entropy/mean": 1 - x, "actor/ppo_ratio_clipfrac": x / 4, "actor/lr": 1e-6}
        scalars |= {"actor_train/grad_norm": x, "time/step_total": 30.0, "system/samples": 8 * step}
        add(writer, scalars, step)
        writer.add_scalars("memory/device", {"max": 10 * x, "mean": 5 * x}, step)
    writer.close()


def slime(folder: Path) -> None:
    writer = SummaryWriter(str(folder / "tensorboard_log" / "math" / "run1"))
    for rollout, x in steps():
        scalars = {"rollout/raw_reward": x, "rollout/rewards": 0.0, "rollout/response_len/mean": 80 * x}
        scalars |= {"rollout/truncated_ratio": x / 8, "perf/step_time": 30.0, "perf/actor_train_tok_per_s": 5000.0}
        add(writer, scalars, rollout)
        for step in (2 * rollout, 2 * rollout + 1):
            scalars = {"train/loss": x, "train/pg_loss": -x, "train/entropy_loss": 1 - x, "train/pg_clipfrac": x / 4}
            scalars |= {"train/ppo_kl": x / 100, "train/kl_loss": x / 10, "train/grad_norm": x, "train/lr-pg_0": 1e-6}
            add(writer, scalars, step)
        if rollout % 2 == 0:
            add(writer, {"eval/aime": x, "eval/aime-truncated_ratio": 0.5, "eval/aime/response_len/mean": 9.0}, rollout)
    writer.close()


def skyrl(folder: Path) -> None:
    writer = SummaryWriter(str(folder / "tensorboard_log"))
    for step, x in steps():
        scalars = {"reward/avg_raw_reward": x, "reward/avg_pass_at_8": x, "generate/avg_num_tokens": 80 * x}
        scalars |= {"policy/policy_loss": -x, "policy/final_loss": x, "policy/policy_entropy": 1 - x}
        scalars |= {"policy/policy_kl": x / 100, "policy/policy_lr": 1e-6, "policy/grad_norm": x}
        scalars |= {"policy/loss_metrics/clip_ratio": x / 4, "eval/all/avg_score": x, "timing/step": 30.0}
        scalars |= {"trainer/global_step": step, "trainer/epoch": 0}
        add(writer, scalars, step)
    writer.close()


def areal(folder: Path) -> None:
    writer = tensorboardX.SummaryWriter(log_dir=str(folder / "gsm8k" / "trial0"))
    for step, x in steps():
        scalars = {"rollout/reward": x, "eval-rollout/reward": x, "timeperf/train_step": 30.0}
        actor = {
            "task_reward/avg": x / 2,
            "seq_len/avg": 200 * x,
            "prompt_len/avg": 100 * x,
            "no_eos_ratios/avg": x / 8,
        }
        actor |= {"update/actor_loss/avg": -x, "update/entropy/avg": 1 - x, "update/approx_kl/avg": x / 100}
        actor |= {"update/clip_ratio/avg": x / 4, "update/lr": 1e-6, "update/grad_norm": x}
        add(writer, scalars | {f"ppo_actor/{key}": value for key, value in actor.items()}, step)
    writer.close()


def anonymous(folder: Path) -> None:
    """Take host and process out of the names of event files, and number those of one folder in their order."""
    for place in {path.parent for path in folder.rglob("*tfevents*")}:
        for number, path in enumerate(sorted(place.glob("*tfevents*"))):
            path.rename(path.with_name(f"events.out.tfevents.1700000000.host.1.{number}"))


CASES: dict[str, Callable[[Path], None]] = {
    make.__name__: make
    for make in (
        areal,
        cleanrl,
        d3rlpy,
        lightning,
        nemo_rl,
        openrlhf,
        roll,
        rsl_rl,
        sample_factory,
        skrl,
        skyrl,
        slime,
        stable_baselines3,
        tianshou,
    )
}


def main() -> None:
    for name, make in CASES.items():
        case = HERE / name
        shutil.rmtree(case, ignore_errors=True)
        CLOCK.now = START
        with mock.patch("time.time", CLOCK):
            make(case / "log")
        anonymous(case / "log")
        points = [
            (str(path.relative_to(case / "log")), tag, [[step, value] for step, _, value in curve])
            for path in sorted(case.rglob("*tfevents*"))
            for tag, curve in as_read(path).items()
        ]
        (case / "expected.json").write_text("[\n" + ",\n".join(map(json.dumps, points)) + "\n]\n")


if __name__ == "__main__":
    main()
