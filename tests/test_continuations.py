"""Which runs are offered as one training, and which never are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlcompare as rlc
from rlcompare.continuations import chain_of, continuations
from rlcompare.demo import demo_folder
from rlcompare.readers.configfiles import seed_of
from rlcompare.store.joining import Chain
from rlcompare.store.record import MetricRecord, MetricStats, RunRecord
from tests.logs import SHARED_DATA, needs_shared_data

HOUR = 3600.0
LR = {"lr": 1e-6}


def run(
    name: str,
    steps: tuple[int, int],
    hours: tuple[float, float] | None = None,
    config: Mapping[str, object] = LR,
    *,
    n: int | None = None,
    framework: str = "verl",
    unit: str = "step",
) -> RunRecord:
    """Make a run that logged from one step to another, every one of them or `n` of them, within hours of a day."""
    first, last = steps
    stats = MetricStats(n or last - first + 1, first, last, 1.0, 0.0, 1.0)
    begun, ended = (None, 1e9) if hours is None else (hours[0] * HOUR, hours[1] * HOUR)
    return RunRecord(
        id=name,
        name=name.removesuffix(".jsonl"),
        directory="",
        sources=(),
        metrics={"reward": MetricRecord((), stats, "verl_jsonl", (), unit)},
        config=dict(config),
        config_stamp=[],
        config_issues=(),
        framework=framework,
        step_unit=unit,
        seed=seed_of(config, name.rpartition("/")[2])[0],
        started=begun,
        updated=ended,
        finished=False,
        tentative=False,
    )


def offered(*records: RunRecord) -> list[Chain]:
    return continuations(records)


def starts_from(path: str) -> dict[str, object]:
    return {**LR, "actor.model.path": path}


STEPS_GO_ON: dict[str, Sequence[RunRecord]] = {
    "a range in the name": [run("ppo_it_1_1000", (1, 1000)), run("ppo_it_1001_2000", (1001, 2000))],
    "NeMo-RL's folders": [run("exp_001", (1, 40), (0, 1)), run("exp_002", (41, 90), (2, 3))],
    "one after another, twice": [run("exp_001", (1, 40)), run("exp_002", (41, 90)), run("exp_003", (91, 120))],
    "a number that the first has not": [run("grpo.jsonl", (0, 99)), run("grpo_2.jsonl", (100, 150))],
    "folders of the time": [
        run("2024-05-01/12-30-45", (0, 99), (12, 13)),
        run("2024-05-02/09-00-00", (100, 150), (33, 34)),
    ],
    "from a checkpoint of some steps before": [run("a_1", (1, 239)), run("a_2", (220, 594))],
    "a few steps that nobody logged": [run("a_1", (0, 239)), run("a_2", (244, 594))],
    "records of every 2,048 steps": [run("a_1", (2048, 204800), n=100), run("a_2", (206848, 409600), n=100)],
    "longer, from a checkpoint": [
        run("a_1", (1, 100), config={**LR, "total_epochs": 1}),
        run("a_2", (101, 200), config={**LR, "total_epochs": 2, "resume_from_path": "a_1/step_100", "log_dir": "b"}),
    ],
    "the same seed": [run("a_seed3/1", (1, 9)), run("a_seed3/2", (10, 19))],
    "a curriculum whose steps go on": [
        run("grpo-3ppl", (1, 100)),
        run("grpo-4ppl", (101, 150), config=starts_from("ckpt/grpo-3ppl/actor/global_step_100")),
    ],
}


@pytest.mark.parametrize("records", STEPS_GO_ON.values(), ids=STEPS_GO_ON.keys())
@pytest.mark.parametrize("backwards", [False, True])
def test_offered_where_the_steps_go_on(records: Sequence[RunRecord], backwards: bool) -> None:
    (chain,) = offered(*(reversed(records) if backwards else records))
    assert chain.runs == tuple(record.id for record in records)
    assert not chain.shifted
    first, second = records[0].first_step, records[1].first_step
    assert f"the steps go on: {first:,}–{records[0].last_step:,}, then {second:,}–" in chain.reason


NOT_ONE: dict[str, Sequence[RunRecord]] = {
    "seeds": [run("ppo_seed1", (1, 100)), run("ppo_seed2", (101, 200))],
    "seeds of the configuration": [
        run("ppo_1", (1, 100), config={"seed": 1}),
        run("ppo_2", (101, 200), config={"seed": 2}),
    ],
    "repetitions": [run(f"dqn/CartPole-v1_{i}", (1024, 102400), (i, i + 0.9), n=100) for i in (1, 2, 3)],
    "repetitions of which one ended early": [run("a_1", (1, 10), (0, 1)), run("a_2", (1, 100), (1, 2))],
    "at the same time": [run("a_1", (1, 100), (0, 2)), run("a_2", (101, 200), (1, 3))],
    "before": [run("a_1", (1, 100), (5, 6)), run("a_2", (101, 200), (1, 3))],
    "other settings": [run("a_1", (1, 100), config={"lr": 1e-6}), run("a_2", (101, 200), config={"lr": 1e-5})],
    "other names": [run("ppo_1", (1, 100)), run("grpo_2", (101, 200))],
    "another experiment's next folder": [run("lab1/exp_1", (1, 100)), run("lab2/exp_2", (101, 200))],
    "a range that does not go on": [run("a_1_100", (1, 100)), run("a_2_200", (101, 200))],
    "two numbers more": [run("a", (1, 100)), run("a_1_2", (101, 200))],
    "other folders": [run("ppo/1", (1, 100)), run("grpo/1", (101, 200))],
    "other kinds of file": [run("a_1.jsonl", (1, 100)), run("a_2.csv", (101, 200))],
    "another framework": [run("a_1", (1, 100)), run("a_2", (101, 200), framework="slime")],
    "another unit": [run("a_1", (1, 100)), run("a_2", (101, 200), unit="env step")],
    "a large gap": [run("a_1", (1, 100)), run("a_2", (201, 300))],
    "a large overlap": [run("a_1", (1, 100)), run("a_2", (60, 160))],
    "nothing further": [run("a_1", (1, 100)), run("a_2", (95, 99))],
    "two ways on": [run("a_1", (1, 100)), run("a_2", (101, 200)), run("a_3", (101, 180))],
    "two ways back": [run("a_1", (1, 100)), run("a_2", (1, 100)), run("a_3", (101, 180))],
    "one record each": [run("a_1", (5, 5)), run("a_2", (5, 5))],
    "no records": [replace(run("a_1", (1, 9)), metrics={}), run("a_2", (10, 19))],
    "attempts of one W&B run": [
        run(f"wandb/run-20250302_11433{i}-abcdefgh", (0, 20 + i), (i, i + 0.5), {"wandb.id": "abcdefgh"})
        for i in range(9)
    ],
    "stages at the same time": [
        run(f"grpo-{i}ppl", (1, 100), (0, 2), starts_from("ckpt/grpo-3ppl") if i == 4 else LR) for i in (3, 4)
    ],
    "two from one model": [
        run("grpo-3ppl", (1, 100), (0, 1)),
        run("grpo-4ppl", (1, 100), (1, 2), starts_from("ckpt/grpo-3ppl")),
        run("grpo-5ppl", (1, 100), (1, 2), starts_from("ckpt/grpo-3ppl")),
    ],
    "the same settings long after": [run("grpo-3ppl", (1, 100), (0, 1)), run("grpo-4ppl", (1, 100), (3, 4))],
    "the same settings, without times": [run("grpo-3ppl", (1, 100)), run("grpo-4ppl", (1, 100))],
    "no settings": [run("grpo-3ppl", (1, 9), (0, 1), {}), run("grpo-4ppl", (1, 9), (1, 2), {})],
    "model sizes in turn": [run(f"qwen-{i}b", (1, 100), (i, i + 1), {"model.path": f"Qwen-{i}B"}) for i in (1, 2, 3)],
    "a sweep in turn": [run(f"bs-{i}k", (1, 100), (i, i + 1), {"data.batch": i}) for i in (1, 2, 3)],
    "stages from the last to the first": [run(f"grpo-{i}ppl", (1, 9), (9 - i, 10 - i)) for i in (5, 4, 3)],
    "models one after another": [run(f"model{i}_ppo", (1, 50), (i, i + 0.9)) for i in (1, 2, 3, 4)],
}


@pytest.mark.parametrize("records", NOT_ONE.values(), ids=NOT_ONE.keys())
def test_not_offered(records: Sequence[RunRecord]) -> None:
    assert offered(*records) == []


def test_records_of_one_wandb_run_may_overlap_more() -> None:
    records = [
        run("wandb/run-20250302_114336-m950nfkl", (0, 239), (0, 1), {"wandb.id": "m950nfkl", "lr": 1e-6}),
        run("wandb/run-20250303_114336-m950nfkl", (160, 594), (2, 3), {"wandb.id": "m950nfkl", "lr": 1e-5}),
        run("wandb/run-20250303_114336-wntzruuo", (160, 594), (2, 3), {"wandb.id": "wntzruuo", "lr": 1e-5}),
    ]
    (chain,) = offered(*records)
    assert chain.runs == (records[0].id, records[1].id)
    assert chain.reason == "the same W&B run m950nfkl; the steps go on: 0–239, then 160–594"


def test_a_curriculum_that_names_what_it_began_from() -> None:
    records = [
        run("grpo-3ppl", (1, 100), (0, 10)),
        run("grpo-4ppl", (1, 200), (90, 110), {"lr": 1e-7, "model.path": "/ckpt/grpo-3ppl/actor/global_step_100"}),
        run("grpo-5ppl", (0, 50), (190, 210), {"lr": 1e-8, "model.path": "/ckpt/grpo-4ppl/actor/global_step_200"}),
    ]
    assert offered(*records) == [
        Chain(
            ("grpo-3ppl", "grpo-4ppl", "grpo-5ppl"),
            shifted=True,
            reason="a curriculum: grpo-3ppl, grpo-4ppl, grpo-5ppl; each later one began from the one before",
        )
    ]


def test_a_curriculum_is_called_by_its_experiments_where_folders_are_called_by_the_time() -> None:
    records = [
        run("wandb/run-20250302_114336-aaaaaaaa", (1, 9), (0, 1), {"trainer.experiment_name": "logic-3ppl"}),
        run(
            "wandb/run-20250303_114336-bbbbbbbb",
            (1, 9),
            (2, 3),
            {"trainer.experiment_name": "logic-4ppl", "model.path": "out/logic-3ppl/best"},
        ),
    ]
    (chain,) = offered(*records)
    assert chain.runs == (records[0].id, records[1].id)
    assert chain.reason.startswith("a curriculum: logic-3ppl, logic-4ppl; ")


def test_stages_trained_right_after_one_another() -> None:
    records = [
        run(f"grpo-{i}ppl", (1, 100), (i, i + 0.9), {**LR, "data.train": f"kk/{i}ppl.parquet"}) for i in (3, 4, 5)
    ]
    (chain,) = offered(*records)
    assert (chain.runs, chain.shifted) == (("grpo-3ppl", "grpo-4ppl", "grpo-5ppl"), True)
    assert chain.reason.endswith("; trained right after one another, alike but for the stage")


def test_only_some_steps_of_a_long_chain_are_told() -> None:
    (chain,) = offered(*(run(f"exp_{i:03d}", (10 * i + 1, 10 * i + 10)) for i in range(9)))
    assert len(chain.runs) == 9
    assert chain.reason == "the steps go on: 1–10, then 11–20, then …, then 81–90"


def test_chains_beside_each_other_are_told_apart_by_their_names() -> None:
    records = [run(f"lab{lab}/exp_{i:03d}", (10 * i + 1, 10 * i + 10)) for lab in (1, 2) for i in range(3)]
    assert [chain.runs for chain in offered(*records)] == [
        ("lab1/exp_000", "lab1/exp_001", "lab1/exp_002"),
        ("lab2/exp_000", "lab2/exp_001", "lab2/exp_002"),
    ]


def test_offers_are_in_the_order_of_the_runs() -> None:
    records = [run(f"{name}_{i}", (10 * i + 1, 10 * i + 10)) for name in "ba" for i in range(2)]
    assert [chain.id for chain in offered(*records)] == ["b_0 (joined)", "a_0 (joined)"]


@pytest.mark.parametrize(
    ("second", "shifted"), [((101, 200), False), ((60, 200), False), ((1, 200), True), ((40, 50), True)]
)
def test_runs_that_somebody_calls_one_training(second: tuple[int, int], shifted: bool) -> None:
    assert chain_of([run("a", (1, 100)), run("b", second)]) == Chain(("a", "b"), shifted)


names = st.sampled_from(["a", "a_1", "a_2", "b-3ppl", "b-4ppl", "b-5ppl", "exp_001", "exp_002", "c_seed1", "c_seed2"])
configs = st.sampled_from(
    [{}, LR, {"wandb.id": "x"}, starts_from("ckpt/b-3ppl/1"), starts_from("ckpt/b-4ppl/1"), {"data.train": "3"}]
)


@st.composite
def made_runs(draw: st.DrawFn) -> list[RunRecord]:
    made = []
    for i in range(draw(st.integers(0, 12))):
        first, length = draw(st.integers(0, 60)), draw(st.integers(0, 30))
        begun = draw(st.integers(0, 8))
        hours = draw(st.sampled_from([None, (begun, begun + 1)]))
        made.append(run(f"{i // 4}/{draw(names)}/{i % 2}", (first, first + length), hours, draw(configs)))
    return list({record.id: record for record in made}.values())


@given(made_runs())
def test_no_run_is_in_two_offers_and_those_of_one_are_in_the_order_of_their_training(records: list[RunRecord]) -> None:
    by_id = {record.id: record for record in records}
    chains = continuations(records)
    every = [run for chain in chains for run in chain.runs]
    assert len(every) == len(set(every))
    for chain in chains:
        parts = [by_id[run] for run in chain.runs]
        assert len(parts) > 1
        assert len({(part.framework, part.step_unit) for part in parts}) == 1
        if not chain.shifted:
            assert [part.last_step for part in parts] == sorted(part.last_step or 0 for part in parts)
        for a, b in pairwise(parts):
            assert (b.started or math.inf) >= (a.updated if a.started is not None else -math.inf)


@given(st.randoms(use_true_random=False), made_runs())
def test_the_order_of_the_runs_does_not_matter(random, records: list[RunRecord]) -> None:
    shuffled = random.sample(records, len(records))
    assert {chain.runs for chain in continuations(shuffled)} == {chain.runs for chain in continuations(records)}


def test_nothing_is_offered_of_the_demo_runs() -> None:
    assert continuations(rlc.open_runs(demo_folder()).records) == []


@needs_shared_data
def test_of_the_public_logs_the_two_halves_of_one_training_are_offered() -> None:
    runs = rlc.open_runs(SHARED_DATA)
    of_rllib = [chain for chain in continuations(runs.records) if chain.runs[0].startswith("rllib/")]
    (chain,) = of_rllib
    assert [run.rpartition("/")[2] for run in chain.runs] == ["model1_ppo_gpu_it_1_1000", "model1_ppo_gpu_it_1001_2000"]
    assert (chain.shifted, chain.reason) == (False, "the steps go on: 1–1,000, then 1,001–2,000")
    joined = runs.joined([chain]).select(chain.id)
    curve = joined.curves("reward")
    assert curve["step"].to_list() == list(range(1, 2001))
    assert curve["value"].to_list()[-1] == -9.23
    assert joined.restarts("reward").select("step", "n_replaced").rows() == [(1001, 0)]
