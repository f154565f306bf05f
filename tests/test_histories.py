"""Restarts and workers of whole runs, as they were asked for."""

from __future__ import annotations

import math
from pathlib import Path

import polars as pl
import pytest

import rlcompare as rlc
from rlcompare.curves import CurveSet
from rlcompare.errors import ParameterError
from rlcompare.histories import RESTART
from tests.logs import write_verl
from tests.readers.tfevents_writer import Logged, log_of


@pytest.fixture
def restarted(tmp_path: Path) -> rlc.Runs:
    log = write_verl(tmp_path / "a.jsonl", [{"reward": 1.0}, {"reward": 2.0}, {"reward": 3.0}])
    write_verl(log, [{"reward": 20.0}, {"reward": 30.0}], mode="a", first_step=2)
    write_verl(tmp_path / "b.jsonl", [{"reward": 7.0}])
    return rlc.open_runs(tmp_path)


def curves_of(curves: CurveSet) -> dict[str, list[tuple[int, float]]]:
    return {
        name: list(zip(curves.step[rows].tolist(), curves.value[rows].tolist(), strict=True))
        for name, rows in zip(curves.names, curves.slices, strict=True)
    }


@pytest.mark.parametrize(
    ("restarts", "expected"),
    [
        ("later", {"a.jsonl": [(1, 1.0), (2, 20.0), (3, 30.0)]}),
        ("all", {"a.jsonl": [(1, 1.0), (2, 2.0), (3, 3.0), (2, 20.0), (3, 30.0)]}),
        (
            "segments",
            {
                "a.jsonl · history 1": [(1, 1.0), (2, 2.0), (3, 3.0)],
                "a.jsonl · history 2": [(2, 20.0), (3, 30.0)],
            },
        ),
    ],
)
def test_what_becomes_of_a_restart(restarted: rlc.Runs, restarts, expected) -> None:
    assert curves_of(restarted.curve_set("reward", restarts=restarts)) == {**expected, "b.jsonl": [(1, 7.0)]}
    frame = restarted.curves("reward", restarts=restarts)
    assert frame["run"].unique(maintain_order=True).to_list() == [*expected, "b.jsonl"]
    assert frame["value"].to_list() == [value for curve in expected.values() for _, value in curve] + [7.0]


def test_restarts_are_listed(restarted: rlc.Runs) -> None:
    table = restarted.restarts("reward")
    assert table.schema == RESTART
    assert table.rows() == [("a.jsonl", 1, 2, None, 2)]
    assert not restarted.has_workers("reward")


def test_a_run_does_not_replace_another(tmp_path: Path) -> None:
    write_verl(tmp_path / "a.jsonl", [{"reward": 1.0}, {"reward": 2.0}], first_step=8)
    log = write_verl(tmp_path / "b.jsonl", [{"reward": 3.0}, {"reward": 4.0}])
    write_verl(log, [{"reward": 5.0}], mode="a")
    # Run a ends at 9 and run b begins at 1: no restart. Run b itself goes back to step 1 and has not reached 2 since.
    assert curves_of(rlc.open_runs(tmp_path).curve_set("reward")) == {
        "a.jsonl": [(8, 1.0), (9, 2.0)],
        "b.jsonl": [(1, 5.0)],
    }


@pytest.fixture
def two_workers(tmp_path: Path) -> rlc.Runs:
    """Two event files of one training written at the same time; the first worker goes on in a third file."""
    files = [
        [Logged("reward", 1, 100.0, 1.0), Logged("reward", 2, 110.0, 2.0)],
        [Logged("reward", 1, 101.0, 5.0), Logged("reward", 2, 111.0, math.nan)],
        [Logged("reward", 3, 120.0, 3.0)],
    ]
    (tmp_path / "run").mkdir()
    for number, scalars in enumerate(files):
        (tmp_path / "run" / f"events.out.tfevents.170000000{number}.host.1.0").write_bytes(log_of(scalars))
    write_verl(tmp_path / "single.jsonl", [{"reward": 9.0}])
    return rlc.open_runs(tmp_path)


def test_workers_are_one_curve_or_each_its_own(two_workers: rlc.Runs) -> None:
    together = two_workers.curves("reward", workers="max")
    assert together["run"].to_list() == ["run"] * 3 + ["single.jsonl"]
    assert together["value"].to_list() == pytest.approx([5.0, math.nan, 3.0, 9.0], nan_ok=True)
    assert together["wall_time"].to_list() == [100.0, 110.0, 120.0, None]
    each = curves_of(two_workers.curve_set("reward", workers="each"))
    assert list(each) == ["run · worker 1", "run · worker 2", "single.jsonl"]
    assert each["run · worker 1"] == [(1, 1.0), (2, 2.0), (3, 3.0)]
    assert str(each["run · worker 2"]) == str([(1, 5.0), (2, math.nan)])


def test_both_choices_together(two_workers: rlc.Runs) -> None:
    curves = two_workers.curve_set("reward", restarts="segments", workers="each")
    assert curves.names == (
        "run · worker 1 · history 1",
        "run · worker 1 · history 2",
        "run · worker 2",
        "single.jsonl",
    )
    assert curves_of(curves)["run · worker 1 · history 2"] == [(3, 3.0)]


def test_a_continuation_in_a_new_file_replaces_nothing(two_workers: rlc.Runs) -> None:
    assert two_workers.restarts("reward").rows() == [("run", 1, 3, 120.0, 0)]
    assert two_workers.has_workers("reward")
    assert not two_workers.select("single.jsonl").has_workers("reward")
    assert two_workers.select("single.jsonl").restarts("reward").is_empty()


@pytest.mark.parametrize("choice", [{"restarts": "first"}, {"workers": "median"}])
def test_an_unknown_choice_is_refused(restarted: rlc.Runs, choice) -> None:
    ((name, value),) = choice.items()
    with pytest.raises(ParameterError, match=rf"Expected {name} of \w+, .*; got '{value}'.*Hint: "):
        restarted.curve_set("reward", **choice)


@pytest.mark.parametrize("restarts", ["later", "all", "segments"])
@pytest.mark.parametrize("workers", ["mean", "sum", "min", "max", "each"])
def test_a_run_of_one_worker_that_never_restarted_is_always_the_same(tmp_path: Path, restarts, workers) -> None:
    write_verl(tmp_path / "a.jsonl", [{"reward": 1.0}, {"reward": math.nan}, {"reward": math.inf}])
    frame = rlc.open_runs(tmp_path).curves("reward", restarts=restarts, workers=workers)
    assert frame.select("run", "step", pl.col("value").cast(pl.String)).rows() == [
        ("a.jsonl", 1, "1.0"),
        ("a.jsonl", 2, "NaN"),
        ("a.jsonl", 3, "inf"),
    ]
