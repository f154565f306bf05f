"""Several runs as one: what they answer together, by value."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

import rlcompare as rlc
from rlcompare.errors import ParameterError, UnknownRunError
from rlcompare.grouping import default_grouping
from rlcompare.store.joining import Chain
from tests.logs import rewards, write_verl
from tests.ui.conftest import write_events, write_sb3

Steps = Sequence[int]


def write(folder: Path, run: str, steps: Steps, value: float, **more: float) -> None:
    rows = [{"critic/score/mean": value * step, **more} for step in steps]
    write_verl(folder / f"{run}.jsonl", rows, first_step=steps[0])


def joined(folder: Path, *runs: str, shifted: bool = False) -> rlc.Runs:
    return rlc.open_runs(folder).joined([Chain(tuple(f"{run}.jsonl" for run in runs), shifted)])


def test_steps_that_go_on(tmp_path: Path) -> None:
    write(tmp_path, "a", range(1, 1001), 1.0)
    write(tmp_path, "b", range(1001, 2001), 1.0)
    write(tmp_path, "c", range(1, 3), 1.0)
    runs = joined(tmp_path, "a", "b")
    assert runs.ids == ("a.jsonl (joined)", "c.jsonl")
    assert rewards(runs)["a.jsonl (joined)"] == [(step, float(step)) for step in range(1, 2001)]
    assert runs.restarts("reward").rows() == [("a.jsonl (joined)", 1, 1001, None, 0)]
    row = runs.table().row(0, named=True)
    assert (row["name"], row["framework"], row["last_step"], row["n_records"]) == ("a", "verl", 2000, 2000)
    assert (row["last_reward"], row["best_reward"], row["reward_key"]) == (2000.0, 2000.0, "critic/score/mean")
    assert row["sparkline"] == pytest.approx([50.0 * i + 25.5 for i in range(40)])
    metrics = runs.metrics().row(0, named=True)
    assert (metrics["n"], metrics["last_step"], metrics["minimum"], metrics["maximum"]) == (2000, 2000, 1.0, 2000.0)


def test_the_later_run_wins_where_steps_overlap(tmp_path: Path) -> None:
    write(tmp_path, "a", range(1, 11), 1.0)
    write(tmp_path, "b", range(8, 16), 10.0)
    runs = joined(tmp_path, "a", "b")
    expected = [*((step, 1.0 * step) for step in range(1, 8)), *((step, 10.0 * step) for step in range(8, 16))]
    assert rewards(runs)["a.jsonl (joined)"] == expected
    assert runs.restarts("reward").select("step", "n_replaced").rows() == [(8, 3)]
    every = runs.curves("reward", restarts="all")
    assert every["step"].to_list() == [*range(1, 11), *range(8, 16)]
    apart = runs.curves("reward", restarts="segments")
    assert apart["run"].unique(maintain_order=True).to_list() == [
        "a.jsonl (joined) · history 1",
        "a.jsonl (joined) · history 2",
    ]
    assert runs.table()["best_reward"][0] == 150.0


@pytest.mark.parametrize(("first", "expected"), [(0, [*range(15)]), (1, [*range(1, 16)])])
def test_steps_that_count_anew_are_moved_behind_those_before(tmp_path: Path, first: int, expected: list[int]) -> None:
    for name, value in (("a", 1.0), ("b", 10.0), ("c", 100.0)):
        write(tmp_path, name, range(first, first + 5), value)
    runs = joined(tmp_path, "a", "b", "c", shifted=True)
    curve = runs.curves("reward")
    assert curve["step"].to_list() == expected
    assert curve["value"].to_list() == [
        value * step for value in (1.0, 10.0, 100.0) for step in range(first, first + 5)
    ]
    assert runs.restarts("reward").select("step", "n_replaced").rows() == [(first + 5, 0), (first + 10, 0)]
    assert runs.records[0].shifts == (0, 5, 10)
    assert runs.table()["last_step"][0] == expected[-1]
    assert rewards(rlc.open_runs(tmp_path))["b.jsonl"][0][0] == first, "what is kept in memory is not moved"


def test_a_metric_that_one_part_has_not_logged_is_absent_there(tmp_path: Path) -> None:
    write(tmp_path, "a", range(1, 4), 1.0)
    write(tmp_path, "b", range(4, 6), 1.0, kl=0.5)
    write(tmp_path, "c", range(6, 8), 1.0, kl=0.25, entropy=2.0)
    runs = joined(tmp_path, "a", "b", "c")
    assert rewards(runs, "kl")["a.jsonl (joined)"] == [(4, 0.5), (5, 0.5), (6, 0.25), (7, 0.25)]
    assert rewards(runs, "entropy")["a.jsonl (joined)"] == [(6, 2.0), (7, 2.0)]
    assert runs.restarts("entropy").is_empty()


def test_wall_times_keep_the_gap(tmp_path: Path) -> None:
    write_events(tmp_path / "exp_001", [(1, 100.0, 1.0), (2, 110.0, 2.0)])
    write_events(tmp_path / "exp_002", [(3, 900.0, 3.0)], [(4, 950.0, 4.0)])
    runs = rlc.open_runs(tmp_path).joined([Chain(("exp_001", "exp_002"))])
    assert runs.curves("reward")["wall_time"].to_list() == [100.0, 110.0, 900.0, 950.0]
    assert runs.restarts("reward").select("step", "wall_time").rows() == [(3, 900.0), (4, 950.0)]
    row = runs.table().row(0, named=True)
    assert (row["started"], row["updated"]) == (100.0, 950.0)


def test_workers_go_on_as_the_workers_they_were(tmp_path: Path) -> None:
    """One worker first, two later: the first of them goes on, the second is new."""
    write_events(tmp_path / "a", [(1, 100.0, 1.0), (2, 110.0, 2.0)])
    write_events(tmp_path / "b", [(2, 900.0, 10.0), (3, 910.0, 20.0)], [(2, 901.0, 30.0), (3, 911.0, 40.0)])
    runs = rlc.open_runs(tmp_path).joined([Chain(("a", "b"))])
    assert rewards(runs)["a (joined)"] == [(1, 1.0), (2, 20.0), (3, 30.0)]
    assert runs.has_workers("reward")


def test_configuration_and_seed_are_the_first_one_s_and_what_differs_is_told(tmp_path: Path) -> None:
    write_sb3(tmp_path / "a", [1.0, 2.0], lr=0.1, seed=7, total=1)
    write_sb3(tmp_path / "b", [1.0, 2.0], lr=0.2, seed=7, total=1)
    runs = rlc.open_runs(tmp_path).joined([Chain(("a", "b"), shifted=True)])
    assert dict(runs.config().select("key", "value").rows()) == {"lr": "0.1", "seed": "7", "total": "1"}
    assert runs.table()["seed"].to_list() == ["7"]
    note = runs.issues().row(0, named=True)
    assert (note["run"], note["severity"], note["file"]) == ("a (joined)", "note", "a → b")
    assert note["message"] == "The parts were configured differently in lr; the first's is shown."


def test_samples_of_all_parts(tmp_path: Path) -> None:
    for name, start in (("a", 100.0), ("b", 900.0)):
        head = json.dumps({"t_start": start, "env_id": "CartPole-v1"})
        (tmp_path / name).mkdir()
        (tmp_path / name / "0.monitor.csv").write_text(f"#{head}\nr,l,t\n1.0,5,1.0\n2.0,6,2.0\n")
    runs = rlc.open_runs(tmp_path).joined([Chain(("a", "b"), shifted=True)])
    samples = runs.samples()
    assert samples.select("run", "step", "reward", "source").rows() == [
        ("a (joined)", 5, 1.0, "a/0.monitor.csv"),
        ("a (joined)", 11, 2.0, "a/0.monitor.csv"),
        ("a (joined)", 16, 1.0, "b/0.monitor.csv"),
        ("a (joined)", 22, 2.0, "b/0.monitor.csv"),
    ]
    assert runs.curves("reward")["step"].to_list() == samples["step"].to_list()


def test_joined_runs_are_grouped_as_any_others(tmp_path: Path) -> None:
    for seed in (1, 2):
        write(tmp_path, f"ppo_seed{seed}", range(1, 5), 1.0)
    write(tmp_path, "rest", range(5, 9), 1.0)
    runs = rlc.open_runs(tmp_path).joined([Chain(("ppo_seed1.jsonl", "rest.jsonl"))])
    assert rlc.group_runs(runs, default_grouping(runs)) == {
        "ppo_seed1.jsonl (joined)": "ppo",
        "ppo_seed2.jsonl": "ppo",
    }


def test_it_changes_with_every_part(tmp_path: Path) -> None:
    write(tmp_path, "a", range(1, 5), 1.0)
    write(tmp_path, "b", range(5, 9), 1.0)
    before = joined(tmp_path, "a", "b")
    assert joined(tmp_path, "a", "b").fingerprint == before.fingerprint
    assert joined(tmp_path, "a", "b", shifted=True).fingerprint != before.fingerprint
    write_verl(tmp_path / "b.jsonl", [{"critic/score/mean": 0.0}], mode="a", first_step=9)
    after = joined(tmp_path, "a", "b")
    assert after.fingerprint != before.fingerprint
    assert after.ids == before.ids
    assert after.curves("reward").height == 9


def test_a_cache_that_is_gone_is_made_again(tmp_path: Path) -> None:
    logs, cache = tmp_path / "logs", tmp_path / "cache"
    write(logs, "a", range(1, 4), 1.0)
    write(logs, "b", range(1, 4), 1.0)
    opened = rlc.open_runs(logs, cache=cache)
    chain = Chain(("a.jsonl", "b.jsonl"), shifted=True)
    runs = opened.joined([chain])
    shutil.rmtree(cache)
    assert runs.curves("reward")["step"].to_list() == [1, 2, 3, 4, 5, 6]
    shutil.rmtree(cache)
    assert opened.joined([chain]).curves("reward")["step"].to_list() == [1, 2, 3, 4, 5, 6]


def test_what_is_joined_already_can_be_joined_further(tmp_path: Path) -> None:
    for name in "abc":
        write(tmp_path, name, range(1, 4), 1.0)
    pair = joined(tmp_path, "b", "c", shifted=True)
    runs = pair.joined([Chain(("a.jsonl", "b.jsonl (joined)"), shifted=True)])
    assert runs.ids == ("a.jsonl (joined)",)
    assert runs.curves("reward")["step"].to_list() == [*range(1, 10)]


def test_ids_stay_unique(tmp_path: Path) -> None:
    for name in ("a", "b", "a (joined)"):
        write_sb3(tmp_path / name, [1.0])
    runs = rlc.open_runs(tmp_path).joined([Chain(("a", "b"))])
    assert runs.ids == ("a (joined) (2)", "a (joined)")


def test_a_run_of_no_records_takes_part_and_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, "a", range(1, 4), 1.0)
    write_verl(tmp_path / "b.jsonl", [])
    write_sb3(tmp_path / "c", [])
    write(tmp_path, "d", range(1, 4), 1.0)
    runs = rlc.open_runs(tmp_path)
    assert "c" in runs.ids
    one = runs.joined([Chain(("a.jsonl", "c", "d.jsonl"), shifted=True)])
    assert one.curves("reward").filter(pl.col("run") == "a.jsonl (joined)")["step"].to_list() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("chains", "error", "message"),
    [
        ([("a.jsonl",)], ParameterError, r"Expected two runs or more to join; got a.jsonl\."),
        ([()], ParameterError, r"got none\."),
        ([("a.jsonl", "a.jsonl")], ParameterError, r"joined once; got 'a.jsonl' twice\."),
        ([("a.jsonl", "b.jsonl"), ("b.jsonl", "c.jsonl")], ParameterError, r"joined once; got 'b.jsonl' twice\."),
        ([("a.jsonl", "z.jsonl")], UnknownRunError, r"one of 3 runs to join, got 'z.jsonl'\. Hint: "),
    ],
)
def test_what_cannot_be_joined(
    tmp_path: Path, chains: list[tuple[str, ...]], error: type[Exception], message: str
) -> None:
    for name in "abc":
        write(tmp_path, name, range(1, 3), 1.0)
    with pytest.raises(error, match=message):
        rlc.open_runs(tmp_path).joined(map(Chain, chains))
