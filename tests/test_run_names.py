"""Names of runs without their seeds, times and numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.run_names import SeedlessName, numberless, seedless, seedless_text

#: The folders of takuseno/d3rlpy-benchmarks.
D3RLPY = (
    "DiscreteBCQ_breakout_10_20220520160349",
    "DiscreteBCQ_breakout_1_20211206035738",
    "DiscreteBCQ_breakout_2_20211206035812",
    "DiscreteCQL_breakout_10_20220529120520",
    "DiscreteCQL_breakout_1_20211118104929",
    "QRDQN_breakout_10_20220511012642",
    "QRDQN_breakout_3_20211201030627",
)


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("cartpole/ppo-seed1", "cartpole/ppo"),
        ("ppo/seed_3", "ppo"),
        ("ppo/seed3/tb", "ppo/tb"),
        ("seed=3,lr=0.1", "lr=0.1"),
        ("ppo_lr=0.1,seed=3", "ppo_lr=0.1"),
        ("ppo_seed3_long", "ppo_long"),
        ("ppo2seed3", "ppo2"),
        ("ppo-s3", "ppo"),
        ("ppo_s0/run", "ppo/run"),
        ("runs/CartPole-v1__ppo__3__1695730000", "runs/CartPole-v1__ppo"),
        ("DiscreteBCQ_breakout_10_20220520160349", "DiscreteBCQ_breakout"),
        ("ppo_seed3_20240501", "ppo"),
        ("ppo_s3_2024-05-01_12-30-45", "ppo"),
        ("2024-05-01_exp/2024-05-01_12-30-45-exp_s3", "exp/exp"),
        ("seed_3", ""),
    ],
)
def test_a_seed_that_the_path_names_goes(name: str, left: str) -> None:
    found = seedless(name, None)
    assert (found.name, found.held_seed) == (left, True)


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("PPO_CartPole_3c1d2_00003_3_2024-05-01_12-30-45", "PPO_CartPole"),
        ("PPO_CartPole_3c1d2_00003_3_lr=0.001_2024-05-01_12-30-45", "PPO_CartPole_lr=0.001"),
        ("ppo_20240501123045", "ppo"),
        ("ppo-20240501-123045", "ppo"),
        ("ppo_20240501", "ppo"),
        ("ppo_1695730000", "ppo"),
        ("ppo_1695730000123", "ppo"),
        ("outputs/2024-05-01/12-30-45", "outputs"),
        ("ppo/Nov22_10-44-52_node7", "ppo/node7"),
        ("wandb/run-20250302_114336-m950nfkl", "wandb"),
    ],
)
def test_the_time_of_a_run_goes(name: str, left: str) -> None:
    found = seedless(name, None)
    assert (found.name, found.held_seed) == (left, False)


@pytest.mark.parametrize(
    "name",
    [
        "ppo_20000000",
        "ppo_1500000000",
        "hidden_2048_1024",
        "gpt-4o-2024-05-13/run",
        "data-20240501/ppo",
        "gsm8k_v20240501",
        "seedling",
        "proceed_a",
        "model1_ppo_it_1_50",
        "lr_1e-3",
        "CartPole-v1_2",
    ],
)
def test_other_numbers_stay(name: str) -> None:
    found = seedless(name, None)
    assert (found.name, found.seed, found.held_seed) == (name, None, False)


def test_what_is_shaped_like_a_seed_is_none_if_the_seed_is_another() -> None:
    assert seedless("exp/exp_s10", "10").name == "exp/exp"
    assert seedless("resnet_s2", "7") == SeedlessName("resnet_s2", "7", held_seed=False)
    assert seedless("ppo_seed2", "7").name == "ppo", "it is called one"


def test_the_seed_is_found_in_any_folder_of_the_path() -> None:
    assert seedless("ppo/seed_3/tb", None).seed == "3"
    assert seedless("ppo_s4_2024-05-01_12-30-45", None).seed == "4"
    assert seedless("ppo/seed_3/tb", "5").seed == "5", "what the configuration says counts more"


def test_d3rlpys_folders_are_three_algorithms() -> None:
    found = [seedless(name, None) for name in D3RLPY]
    assert [one.name for one in found] == ["DiscreteBCQ_breakout"] * 3 + ["DiscreteCQL_breakout"] * 2 + [
        "QRDQN_breakout"
    ] * 2
    assert [one.seed for one in found] == ["10", "1", "2", "10", "1", "10", "3"]


def test_rl_zoos_number_of_a_run_goes_where_the_environment_is_known() -> None:
    assert seedless("ppo/CartPole-v1_2", "1648070233", "CartPole-v1").name == "ppo/CartPole-v1"
    assert seedless("ppo/ALE-Pong-v5_1", "3", "ALE/Pong-v5").name == "ppo/ALE-Pong-v5"
    assert seedless("ppo/CartPole-v1_2", "1648070233", "Pong-v5").name == "ppo/CartPole-v1_2"


@pytest.mark.parametrize(
    ("name", "seed", "expected"),
    [
        ("ppo_2", "2", {"ppo": {"seed", "last"}}),
        ("2/ppo", "2", {"ppo": {"seed"}}),
        ("ppo/2/tb", "2", {"ppo/tb": {"seed"}}),
        ("dqn-2-layers-2", "2", {"dqn-layers-2": {"seed"}, "dqn-2-layers": {"seed", "last"}, "dqn-layers": {"seed"}}),
        ("ppo_02", "2", {"ppo": {"seed", "last"}}),
        ("CartPole-v2", "2", {}),
        ("lr_0.2", "2", {}),
        ("layers=2", "2", {}),
        ("lr_1e-3", "3", {}),
        ("ppo/run_1", None, {"ppo/run": {"repetition"}}),
        ("ppo/run1", None, {"ppo/run": {"repetition"}}),
        ("ppo_1", None, {"ppo": {"last"}}),
        ("ppo/1", None, {"ppo": {"last"}}),
        ("model4_2_iters", None, {}),
    ],
)
def test_numbers_that_other_runs_must_bear_out(name: str, seed: str | None, expected: dict[str, set[str]]) -> None:
    assert numberless(name, seed) == expected


def test_a_setting_s_text_keeps_what_is_not_of_the_run() -> None:
    assert seedless_text("runs/ppo_seed3/model.zip") == "runs/ppo/model.zip"
    assert seedless_text("runs/ppo_2024-05-01_12-30-45/model.zip") == "runs/ppo/model.zip"
    for text in ("2024-05-01", "2024-05-01 12:30:45", "gpt-4o-2024-05-13", "Qwen-20240501", "[64, 64]", "lin_0.001"):
        assert seedless_text(text) == text


words = st.text("abcdxyz", min_size=1, max_size=6)


@given(st.lists(words, min_size=1, max_size=3), st.sampled_from("_-"), st.integers(0, 10**9), st.booleans())
def test_a_name_is_the_same_for_every_seed(parts: list[str], separator: str, seed: int, in_front: bool) -> None:
    path = "/".join(parts)
    name = f"{path}/seed{seed}{separator}{parts[-1]}" if in_front else f"{path}{separator}seed{separator}{seed}"
    found = seedless(name, None)
    assert (found.name, found.seed) == (f"{path}/{parts[-1]}" if in_front else path, str(seed))


@given(st.text("seed0123_-./=Tab", max_size=30), st.none() | st.integers(0, 30).map(str))
def test_taking_out_the_seed_never_fails_and_adds_nothing(name: str, seed: str | None) -> None:
    found = seedless(name, seed)
    assert len(found.name) <= len(name)
    for shorter in numberless(found.name, found.seed):
        assert len(shorter) < len(found.name)
