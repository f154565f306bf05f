"""Write the golden files of Ray Tune and RLlib with Ray itself.

Made with ray 2.60.0 (``ray[rllib]``), torch 2.14.1 and gymnasium 1.2.2. Run it as ``python tests/golden/make_tune.py``.

``function`` is a training function that reports three results, ``restored`` one that fails twice and is restored with
other metrics each time, ``rllib`` PPO of the old API stack with an evaluation every second iteration, whose window of
episodes is 8. Host name, address, process id and storage path are replaced, and of RLlib's 200 settings some are kept.
``expected.json`` holds what was reported, one object a result with the step under ``step``; for ``rllib`` what the
callbacks counted: every episode as iteration, split, return and length, in the order in which they ended.
"""

import json
import math
import re
import shutil
import sys
import tempfile
from pathlib import Path

import ray
from ray import tune

HERE = Path(__file__).parent / "tune"
KEPT_SETTINGS = ("env", "gamma", "lr", "model", "seed", "train_batch_size")
MODEL_SETTINGS = ("fcnet_hiddens", "fcnet_activation")


def trimmed(settings):
    if "model" not in settings:
        return settings
    kept = {key: settings[key] for key in KEPT_SETTINGS}
    return kept | {"model": {key: kept["model"][key] for key in MODEL_SETTINGS}}


def keep(result, case, expected):
    """Copy a trial's files, without what tells of the machine."""
    folder = HERE / case
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    trial = Path(result.path)
    told = [json.loads(line) for line in (trial / "result.json").open()]
    names = {result.metrics["hostname"]: "host", result.metrics["node_ip"]: "10.0.0.1", str(trial): "trial"}

    def scrubbed(text):
        for name, other in names.items():
            text = text.replace(name, other)
        return text

    with (folder / "result.json").open("w") as stream:
        for record in told:
            json.dump(record | {"config": trimmed(record["config"]), "pid": 1}, stream)
            stream.write("\n")
    (folder / "result.json").write_text(scrubbed((folder / "result.json").read_text()))
    params = json.loads((trial / "params.json").read_text())
    (folder / "params.json").write_text(json.dumps(trimmed(params), indent=2, sort_keys=True))
    table = (trial / "progress.csv").read_bytes().decode()
    for pid in {record["pid"] for record in told}:
        table = re.sub(rf"(?<=,){pid}(?=,)", "1", table)
    (folder / "progress.csv").write_bytes(scrubbed(table).encode())
    (folder / "expected.json").write_text("".join(json.dumps(row) + "\n" for row in expected(told)))


def function_result(iteration):
    return {
        "env_runners": {"episode_return_mean": math.nan if iteration == 1 else 20.5 + iteration, "lengths": [20, 21]},
        "info": {"learner": {"default_policy": {"kl": 0.01 / iteration, "lr": 5e-05}}},
        "num_env_steps_sampled_lifetime": 4000 * iteration,
    }


def function(config):
    for iteration in range(1, 4):
        tune.report(function_result(iteration))


def function_expected(told):
    for iteration, record in enumerate(told, 1):
        given = function_result(iteration)
        yield {
            "step": iteration,
            "wall_time": record["timestamp"],
            "env_runners/episode_return_mean": given["env_runners"]["episode_return_mean"],
            "info/learner/default_policy/kl": given["info"]["learner"]["default_policy"]["kl"],
            "info/learner/default_policy/lr": 5e-05,
            "num_env_steps_sampled_lifetime": given["num_env_steps_sampled_lifetime"],
        }


#: Names of the metrics that each session reports, in its own order.
SESSIONS = (("loss", "score"), ("score", "loss"), ("score", "loss", "late"))
PER_SESSION = 2


def session_result(session, iteration):
    return {name: iteration + ("loss", "score", "late").index(name) / 4 for name in SESSIONS[session]}


def failing(config):
    first, session = 1, 0
    checkpoint = tune.get_checkpoint()
    if checkpoint:
        with checkpoint.as_directory() as folder:
            first, session = json.loads((Path(folder) / "state.json").read_text())
    for iteration in range(first, first + PER_SESSION):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "state.json").write_text(json.dumps([iteration + 1, session + 1]))
            tune.report(session_result(session, iteration), checkpoint=tune.Checkpoint.from_directory(folder))
    if session + 1 < len(SESSIONS):
        raise RuntimeError("the machine went away")


def failing_expected(told):
    for row, record in enumerate(told):
        given = session_result(row // PER_SESSION, record["training_iteration"])
        yield {"step": record["training_iteration"], "wall_time": record["timestamp"]} | given


def run_config(storage, **more):
    return tune.RunConfig(storage_path=storage, name="experiment", verbose=0, **more)


def make_function():
    with tempfile.TemporaryDirectory() as storage:
        tuner = tune.Tuner(function, param_space={"lr": 5e-05, "seed": 3}, run_config=run_config(storage))
        keep(tuner.fit()[0], "function", function_expected)


def make_restored():
    with tempfile.TemporaryDirectory() as storage:
        results = tune.Tuner(failing, param_space={"seed": 4}, run_config=run_config(storage)).fit()
        for _ in SESSIONS[1:]:
            tuner = tune.Tuner.restore(str(Path(storage) / "experiment"), failing, resume_errored=True)
            results = tuner.fit()
        keep(results[0], "restored", failing_expected)


def make_rllib():
    from ray.rllib.algorithms.callbacks import DefaultCallbacks
    from ray.rllib.algorithms.ppo import PPOConfig

    with tempfile.TemporaryDirectory() as storage:
        counted = Path(storage) / "episodes.jsonl"

        class Counter(DefaultCallbacks):
            def on_episode_end(self, *, worker, episode, **more):
                split = "validation" if worker.config.in_evaluation else "train"
                with counted.open("a") as stream:
                    stream.write(json.dumps([split, episode.total_reward, episode.length]) + "\n")

            def on_train_result(self, *, algorithm, result, **more):
                with counted.open("a") as stream:
                    stream.write(json.dumps(["iteration", result["training_iteration"], 0]) + "\n")

        config = (
            PPOConfig()
            .api_stack(enable_rl_module_and_learner=False, enable_env_runner_and_connector_v2=False)
            .environment("CartPole-v1")
            .env_runners(num_env_runners=0, rollout_fragment_length=100)
            .training(train_batch_size=100, minibatch_size=50, num_epochs=1, model={"fcnet_hiddens": [4]})
            .reporting(metrics_num_episodes_for_smoothing=8, min_sample_timesteps_per_iteration=100)
            .reporting(min_time_s_per_iteration=0)
            .evaluation(evaluation_interval=2, evaluation_duration=3, evaluation_num_env_runners=0)
            .callbacks(Counter)
            .framework("torch")
            .debugging(seed=5)
        )
        stop = {"training_iteration": 5}
        result = tune.Tuner("PPO", param_space=config, run_config=run_config(storage, stop=stop)).fit()[0]

        def episodes(told):
            waiting = []
            for split, reward, length in map(json.loads, counted.open()):
                if split == "iteration":
                    yield from ({"step": reward} | episode for episode in waiting)
                    waiting = []
                else:
                    waiting.append({"split": split, "reward": reward, "length": length})

        keep(result, "rllib", episodes)


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    cases = sys.argv[1:] or ["function", "restored", "rllib"]
    for case in cases:
        {"function": make_function, "restored": make_restored, "rllib": make_rllib}[case]()
