"""Which runs belong together, and what their groups are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcompare as rlc
from rlcompare.demo import demo_folder
from rlcompare.errors import ParameterError
from rlcompare.grouping import NO_MATCH, GroupBy, config_keys, default_grouping, group_runs
from rlcompare.readers.configfiles import seed_of
from rlcompare.store import Snapshot
from rlcompare.store.record import RunRecord
from tests.logs import SHARED_DATA, needs_shared_data

SEED = GroupBy("seed")


def record(run: str, config: Mapping[str, Any], *, framework: str = "Lab", unit: str = "step") -> RunRecord:
    """Make a run of no values; a run id with a suffix is a file."""
    name = run.removesuffix(".csv").removesuffix(".jsonl")
    seed, _ = seed_of(config, name.rpartition("/")[2])
    return RunRecord(
        id=run,
        name=name,
        directory="",
        sources=(),
        metrics={},
        config=dict(config),
        config_stamp=[],
        config_issues=(),
        framework=framework,
        step_unit=unit,
        seed=seed,
        started=None,
        updated=0.0,
        finished=False,
        tentative=False,
    )


def runs_of(*records: RunRecord) -> rlc.Runs:
    return rlc.Runs.of(Snapshot(records, (), {}, Path()))


def library(configs: Mapping[str, Mapping[str, Any]]) -> rlc.Runs:
    return runs_of(*(record(run, config) for run, config in configs.items()))


def seed_groups(configs: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Runs of each group, by its label."""
    found: dict[str, list[str]] = {}
    for run, label in group_runs(library(configs), SEED).items():
        found.setdefault(label, []).append(run)
    return found


def test_the_demo_is_four_groups_of_three_seeds() -> None:
    runs = rlc.open_runs(demo_folder())
    labels = group_runs(runs, SEED)
    assert tuple(labels) == runs.ids
    assert list(labels.values()) == [
        *["cartpole/a2c"] * 3,
        *["cartpole/ppo"] * 3,
        *["grpo/grpo-length-penalty"] * 3,
        *["grpo/grpo-no-penalty"] * 3,
    ]
    assert default_grouping(runs) == SEED
    assert config_keys(runs) == [
        "algo",
        "hyperparameters.learning_rate",
        "hyperparameters.n_steps",
        "reward_weights",
        "hyperparameters.batch_size",
        "hyperparameters.n_epochs",
    ]


@needs_shared_data
def test_rl_zoos_runs_are_all_different() -> None:
    runs = rlc.open_runs(SHARED_DATA / "sb3-zoo")
    labels = group_runs(runs, SEED)
    assert [label + "_1" for label in labels.values()] == list(runs.ids)
    assert len(set(labels.values())) == 32
    assert default_grouping(runs) == GroupBy("none")
    assert config_keys(runs)[:2] == ["algo", "env_id"]


@needs_shared_data
def test_public_runs_without_seeds_stay_apart() -> None:
    for folder in ("rllib", "verl", "trl"):
        runs = rlc.open_runs(SHARED_DATA / folder)
        assert len(set(group_runs(runs, SEED).values())) == len(runs)
        assert default_grouping(runs) == GroupBy("none")


def test_a_swept_setting_splits_and_names_the_groups() -> None:
    def run(minute: int, lr: object, seed: int) -> tuple[str, dict[str, object]]:
        return f"ppo_2024-05-01_12-{minute:02d}-00", {"algo": "ppo", "optim.lr": lr, "seed": seed, "run_name": minute}

    swept = [run(0, "1e-3", 1), run(1, 0.001, 2), run(2, 1e-4, 1), run(3, "0.0001", 2)]
    a, b, c, d = (name for name, _ in swept)
    assert seed_groups(dict([*swept, ("dqn_s1", {"seed": 1})])) == {
        "ppo · lr=0.001": [a, b],
        "ppo · lr=0.0001": [c, d],
        "dqn": ["dqn_s1"],
    }


def test_labels_show_as_few_settings_as_tell_all_apart() -> None:
    grid = [(lr, gamma, lr * 100) for lr in (1, 2) for gamma in (0.9, 0.99)]
    configs = {
        f"ppo_1695730{i:03d}": {"a.lr": lr, "decay": decay, "gamma": gamma} for i, (lr, gamma, decay) in enumerate(grid)
    }
    assert list(seed_groups(configs)) == [
        "ppo · lr=1, gamma=0.9",
        "ppo · lr=1, gamma=0.99",
        "ppo · lr=2, gamma=0.9",
        "ppo · lr=2, gamma=0.99",
    ]


def test_keys_are_as_long_as_it_takes() -> None:
    configs = {
        "ppo_1695730001": {"actor.optim.lr": 1, "critic.optim.lr": 3, "critic.n": 1},
        "ppo_1695730002": {"actor.optim.lr": 2, "critic.optim.lr": 3, "critic.n": 1},
        "ppo_1695730003": {"actor.optim.lr": 2, "critic.optim.lr": 4, "critic.n": 1},
        "ppo_1695730004": {"actor.optim.lr": 2, "critic.n": 1},
    }
    assert list(seed_groups(configs)) == [
        "ppo · critic.optim.lr=3, actor.optim.lr=1",
        "ppo · critic.optim.lr=3, actor.optim.lr=2",
        "ppo · critic.optim.lr=4, actor.optim.lr=2",
        "ppo · critic.optim.lr not set, actor.optim.lr=2",
    ]


def test_what_cannot_be_a_setting_does_not_split() -> None:
    own = {
        "ppo-s1": {"seed": 1, "uuid": "a81", "output_dir": "x/ppo-s1", "host": "node1", "verbose": 0, "token": None},
        "ppo-s2": {"seed": 2, "uuid": "0c3", "output_dir": "y/ppo-s2", "host": "node2", "verbose": 1},
    }
    assert seed_groups({run: {"lr": 0.1, **config} for run, config in own.items()}) == {"ppo": ["ppo-s1", "ppo-s2"]}


def test_another_code_splits() -> None:
    configs = {f"ppo-s{i}": {"seed": i, "lr": 1, "git_commit": f"c{i % 2}"} for i in (1, 2, 3)}
    assert seed_groups(configs) == {
        "ppo · git_commit=c1": ["ppo-s1", "ppo-s3"],
        "ppo · git_commit=c0": ["ppo-s2"],
    }


def test_framework_step_unit_and_kind_of_file_split() -> None:
    runs = runs_of(
        record("ppo-seed1.csv", {}),
        record("ppo-seed2.csv", {}, framework="TRL"),
        record("ppo-seed3.jsonl", {}),
        record("ppo-seed4.csv", {}, unit="iteration"),
        record("ppo-seed5.csv", {}),
    )
    assert list(group_runs(runs, SEED).values()) == [
        "ppo · framework=Lab, step unit=step, file=.csv",
        "ppo · framework=TRL, step unit=step, file=.csv",
        "ppo · framework=Lab, step unit=step, file=.jsonl",
        "ppo · framework=Lab, step unit=iteration, file=.csv",
        "ppo · framework=Lab, step unit=step, file=.csv",
    ]


def test_a_number_that_changes_with_the_seed_is_the_seed() -> None:
    # Seed 3 of llama-3 keeps its 3.
    configs = {f"llama-3/{seed}": {"seed": seed, "lr": 1} for seed in (1, 2, 3)}
    assert seed_groups(configs) == {"llama-3": ["llama-3/1", "llama-3/2", "llama-3/3"]}
    lone = {"llama-3": {"seed": 3, "lr": 1}, "gpt-2": {"seed": 2, "lr": 1}}
    assert list(seed_groups(lone)) == ["llama-3", "gpt-2"]


def test_the_number_of_a_run_goes_if_every_run_has_a_seed_of_its_own() -> None:
    own = {f"ppo/CartPole-v1_{i}": {"seed": 1000 + i, "lr": 1} for i in (1, 2, 3)}
    assert seed_groups(own) == {"ppo/CartPole-v1": list(own)}
    same = {f"penalty_{i}": {"seed": 42, "lr": 1} for i in (1, 2)}
    assert seed_groups(same) == {"penalty_1": ["penalty_1"], "penalty_2": ["penalty_2"]}
    crossed = {f"penalty_{i}_2024-05-01_12-0{seed}-00": {"seed": seed, "lr": 1} for i in (3, 4) for seed in (1, 2)}
    assert list(seed_groups(crossed)) == ["penalty_3", "penalty_4"]


def test_rl_zoos_reruns_are_one_group_even_with_one_seed() -> None:
    configs = {f"ppo/CartPole-v1_{i}": {"env": "CartPole-v1", "seed": 0} for i in (1, 2)}
    assert seed_groups(configs) == {"ppo/CartPole-v1": ["ppo/CartPole-v1_1", "ppo/CartPole-v1_2"]}


def test_without_seeds_only_a_word_for_repetition_joins_runs() -> None:
    settings = {"lr": 0.1}
    assert seed_groups({"ppo/run_1": settings, "ppo/run_2": settings}) == {"ppo/run": ["ppo/run_1", "ppo/run_2"]}
    assert list(seed_groups({"ppo/model_1": settings, "ppo/model_2": settings})) == ["ppo/model_1", "ppo/model_2"]
    different = {"ppo/run_1": {"lr": 0.1}, "ppo/run_2": {"lr": 0.2}}
    assert list(seed_groups(different)) == ["ppo/run · lr=0.1", "ppo/run · lr=0.2"]


def test_repetitions_of_ray_tune_are_one_group() -> None:
    configs = {f"PPO_CartPole_3c1d2_0000{i}_{i}_2024-05-01_12-30-4{i}": {"lr": 0.1} for i in (0, 1)}
    assert seed_groups(configs) == {"PPO_CartPole": list(configs)}


def test_without_settings_only_a_seed_in_the_name_joins_runs() -> None:
    runs = ["run_1", "run_2", "ppo_20240501", "ppo_20240502", "a2c-seed1", "a2c-seed2", "a2c", "dqn_s1", "dqn_s2"]
    assert seed_groups({run: {} for run in runs}) == {
        "run_1": ["run_1"],
        "run_2": ["run_2"],
        "ppo_20240501": ["ppo_20240501"],
        "ppo_20240502": ["ppo_20240502"],
        "a2c": ["a2c-seed1", "a2c-seed2"],
        "a2c (2)": ["a2c"],
        "dqn": ["dqn_s1", "dqn_s2"],
    }


def test_a_name_that_is_all_seed_is_called_after_the_framework() -> None:
    assert seed_groups({"seed_1": {}, "seed_2": {}}) == {"Lab": ["seed_1", "seed_2"]}
    assert group_runs(runs_of(record("1", {"seed": 1, "lr": 1}), record("2", {"seed": 2, "lr": 1})), SEED) == {
        "1": "Lab",
        "2": "Lab",
    }
    assert group_runs(runs_of(record("seed1", {}, framework="")), SEED) == {"seed1": "runs"}


def test_a_setting_may_spell_another_group_s_name() -> None:
    configs = {
        "ppo_seed1": {"lr": 1},
        "ppo_seed2": {"lr": 2},
        "ppo · lr=1": {"lr": 1},
    }
    assert list(seed_groups(configs)) == ["ppo · lr=1 (2)", "ppo · lr=2", "ppo · lr=1"]


def test_seeds_are_worth_grouping_by_where_two_differ() -> None:
    assert default_grouping(library({"ppo-seed1": {}, "ppo-seed2": {}})) == SEED
    assert default_grouping(library({"ppo/seed1/tb": {}, "ppo/seed2/tb": {}})) == SEED
    same = {f"ppo_2024-05-01_12-00-0{i}": {"seed": 1, "lr": 1} for i in (1, 2)}
    assert len(seed_groups(same)) == 1
    assert default_grouping(library(same)) == GroupBy("none")
    assert default_grouping(library({"ppo-seed1": {}, "dqn-seed2": {}})) == GroupBy("none")
    assert default_grouping(runs_of()) == GroupBy("none")


def test_no_grouping_leaves_each_run_alone() -> None:
    assert group_runs(library({"b": {}, "a.csv": {}}), GroupBy()) == {"b": "b", "a.csv": "a.csv"}


def test_by_framework() -> None:
    runs = runs_of(record("a", {}, framework="TRL"), record("b", {}, framework=""), record("c", {}, framework="TRL"))
    assert group_runs(runs, GroupBy("framework")) == {"a": "TRL", "b": "unknown framework", "c": "TRL"}


def test_by_configuration() -> None:
    runs = library(
        {
            "a": {"optim.learning_rate": "1e-3", "optim.gamma": 0.99},
            "b": {"optim.learning_rate": 0.001, "optim.gamma": 0.99},
            "c": {"optim.gamma": None},
        }
    )
    by = GroupBy("config", ("optim.learning_rate", "optim.gamma"))
    assert group_runs(runs, by) == {
        "a": "learning_rate=0.001, gamma=0.99",
        "b": "learning_rate=0.001, gamma=0.99",
        "c": "learning_rate not set, gamma not set",
    }
    assert set(group_runs(runs, GroupBy("config")).values()) == {"all runs"}


def test_by_configuration_keys_of_one_ending_stay_apart() -> None:
    runs = library({"a": {"actor.lr": 1, "critic.lr": 2, "n": 3}})
    label = group_runs(runs, GroupBy("config", ("actor.lr", "critic.lr", "n")))["a"]
    assert label == "actor.lr=1, critic.lr=2, n=3"


def test_by_name() -> None:
    runs = library({run: {} for run in ("x/ppo-lr1-s1", "x/ppo-lr2-s1", "x/a2c-s1", "y")})
    assert list(group_runs(runs, GroupBy("name", pattern="ppo|a2c")).values()) == ["ppo", "ppo", "a2c", NO_MATCH]
    two = GroupBy("name", pattern=r"(ppo|a2c)-(?:lr(\d))?")
    assert list(group_runs(runs, two).values()) == ["ppo 1", "ppo 2", "a2c", NO_MATCH]
    assert set(group_runs(runs, GroupBy("name")).values()) == {NO_MATCH}


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("ppo(a", r"got 'ppo\(a': missing \), unterminated subpattern at character 4\. Hint: write"),
        ("*a", r"got '\*a': nothing to repeat at character 1\. Hint: "),
        ("a{99999999999999999999}", r"the repetition number is too large\. Hint: "),
    ],
)
def test_a_pattern_that_does_not_compile_says_where(pattern: str, told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        group_runs(runs_of(), GroupBy("name", pattern=pattern))


def test_an_unknown_grouping() -> None:
    with pytest.raises(ParameterError, match="Expected a grouping of none, seed, framework, config, name; got 'tag'"):
        group_runs(runs_of(), GroupBy("tag"))  # type: ignore[arg-type]


def test_keys_worth_grouping_by() -> None:
    configs = {
        f"run{i}": {
            "constant": 1,
            "random": i * 0.1,
            "algo": "ab"[i % 2],
            "lr": ("1e-3", 0.001, 2, 2, 3, 3)[i],
            "mostly": int(i == 0),
            "seed": i % 3,
            "save_dir": f"d{i % 3}",
            "run_name": f"n{i % 3}",
            "date": f"2024-05-0{1 + i % 2}",
        }
        for i in range(6)
    }
    configs["run5"]["extra"] = 5
    assert config_keys(library(configs)) == ["lr", "algo", "mostly", "extra"]


def test_what_only_another_framework_has_is_not_worth_grouping_by() -> None:
    sb3 = [record(f"a{i}", {"n_steps": 5, "lr": i}, framework="SB3") for i in (0, 0, 1)]
    trl = [record(f"b{i}", {"beta": 0.1, "lr": i}, framework="TRL") for i in (1, 2)]
    bare = record("c", {}, framework="TRL")
    assert config_keys(runs_of(*sb3, *trl, bare)) == ["lr"]


algorithms = st.sampled_from(["ppo", "a2c", "x/dqn"])
drawn_runs = st.lists(
    st.tuples(algorithms, st.sampled_from(["-seed{}", "_s{}", "/{}", "_run_{}", ""]), st.integers(0, 4)),
    unique_by=lambda run: run[0] + run[1].format(run[2]),
    max_size=12,
)


def drawn_library(drawn: Sequence[tuple[str, str, int]], rates: Sequence[float | None]) -> list[RunRecord]:
    return [
        record(algo + tail.format(seed), {} if rate is None else {"lr": rate, "seed": seed})
        for (algo, tail, seed), rate in zip(drawn, rates, strict=False)
    ]


rates = st.lists(st.sampled_from([None, 0.1, 0.2]), min_size=12, max_size=12)


@given(drawn_runs, rates)
def test_a_label_is_one_group_of_one_kind(drawn: list[tuple[str, str, int]], rates: list[float | None]) -> None:
    records = drawn_library(drawn, rates)
    labels = group_runs(runs_of(*records), SEED)
    assert list(labels) == [one.id for one in records]
    members: dict[str, list[RunRecord]] = {}
    for one in records:
        members.setdefault(labels[one.id], []).append(one)
    for group in members.values():
        assert len({one.config.get("lr") for one in group}) == 1
        assert len({algo for one in group for algo in ("ppo", "a2c", "dqn") if algo in one.id}) == 1


@given(drawn_runs, rates)
def test_a_run_of_another_name_renames_no_group(drawn: list[tuple[str, str, int]], rates: list[float | None]) -> None:
    records = drawn_library(drawn, rates)
    before = group_runs(runs_of(*records), SEED)
    after = group_runs(runs_of(record("sac-seed1", {"lr": 0.3, "gamma": 1}), *records), SEED)
    assert after == {"sac-seed1": "sac", **before}


@given(drawn_runs, rates, st.randoms(use_true_random=False))
def test_the_order_of_runs_does_not_decide_who_belongs_together(
    drawn: list[tuple[str, str, int]], rates: list[float | None], random: Any
) -> None:
    records = drawn_library(drawn, rates)
    shuffled = random.sample(records, len(records))

    def together(found: Mapping[str, str]) -> set[frozenset[str]]:
        return {frozenset(run for run in found if found[run] == label) for label in found.values()}

    assert together(group_runs(runs_of(*records), SEED)) == together(group_runs(runs_of(*shuffled), SEED))
