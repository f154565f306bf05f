"""Which entries of a configuration are settings, and when two values are one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.readers import Scalar
from rlcompare.readers.configfiles import SEED_KEYS
from rlcompare.settings import canonical, is_setting, settings_of


@pytest.mark.parametrize(
    "key",
    [
        *SEED_KEYS,
        *("data_seed", "worker.env_seed", "seed_everything", "randomSeed", "algo.random_state"),
        *("output_dir", "log_folder", "logdir", "tensorboard_log", "trainer.default_local_dir", "save_path"),
        *("checkpoint_dir", "optimization_log_path", "args.best_model_save_path", "outputDir"),
        *("run_name", "exp_name", "trainer.experiment_name", "wandb_project", "name", "run.name", "wandb.group"),
        *("uuid", "id", "run_id", "slurm.job_id", "trackio_space_id", "config_hash"),
        *("date", "timestamp", "start_time", "args.created_at", "run_date"),
        *("hostname", "vllm_server_host", "user", "device", "gpu_id", "vllm_group_port", "master_addr", "local-rank"),
        *("verbose", "log_level", "log_level_replica", "report_to", "disable_tqdm", "trainer.logger"),
    ],
)
def test_what_cannot_be_a_setting(key: str) -> None:
    assert not is_setting(key)


@pytest.mark.parametrize(
    "key",
    [
        *("learning_rate", "env_id", "env.id", "model_id", "optimizer.name", "rollout.name", "env_name", "model_name"),
        *("actor_rollout_ref.model.path", "data.train_files", "load_path", "init_checkpoint_dir", "resume_log_path"),
        *("resume_from_checkpoint", "checkpoint_path", "train_start_date", "update", "timesteps", "max_time"),
        *("accelerator_config.use_seedable_sampler", "num_gpus", "lora.rank", "git_commit", "epsilon.start"),
        *("logging_steps", "report", "support", "sapo_temperature_pos", "n_seeds", "CartPole-v1/config.yml:n_steps"),
    ],
)
def test_what_can_be_a_setting(key: str) -> None:
    assert is_setting(key)


@pytest.mark.parametrize(
    ("values", "spelled"),
    [
        ((0.001, "0.001", "1e-3", "1E-03", " .001"), "0.001"),
        ((1, 1.0, "1", "1.0", "+1", "01"), "1"),
        ((1e-6, "1e-06", "0.000001"), "1e-6"),
        ((0, -0.0, "0"), "0"),
        ((10**18, "1000000000000000000"), "1000000000000000000"),
        ((True, "True"), "true"),
        ((None, "None", "null", "~"), None),
        (("lin_0.001",), "lin_0.001"),
        (("1_1",), "1_1"),
        (("1" * 5000,), "1" * 5000),
    ],
)
def test_equal_values_are_spelled_alike(values: tuple[Scalar, ...], spelled: str | None) -> None:
    assert {canonical(value) for value in values} == {spelled}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_and_its_text_are_one_value(number: float) -> None:
    assert canonical(number) == canonical(repr(number)) == canonical(f"{number:.17e}")


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_different_numbers_stay_different(one: float, other: float) -> None:
    assert (canonical(one) == canonical(other)) == (one == other)


def test_settings_are_what_is_left() -> None:
    configs: list[dict[str, Scalar]] = [
        {"lr": "1e-3", "seed": 1, "save_dir": "a", "on": True, "n": 1, "off": False, "zero": 0, "unset": None},
        {"agent": "runs/ppo_seed3/best.zip", "token": "0b9c2c9e-95e7-4d0c-b5a6-0d3f6d4b7f11", "nan": float("nan")},
        {},
    ]
    assert settings_of(configs) == [
        {"lr": "0.001", "on": "true", "n": "1", "off": "false", "zero": "0"},
        {"agent": "runs/ppo/best.zip", "nan": "nan"},
        {},
    ]
