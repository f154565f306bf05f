"""The stages from runs to what is drawn, and that each is computed anew where its input changes only."""

from __future__ import annotations

from pathlib import Path

import pytest

import rlcompare as rlc
from rlcompare.grouping import GroupBy
from rlcompare.transforms import NO_SMOOTHING, Aggregation, Smoothing
from rlcompare.ui import curve_stages
from rlcompare.ui.curve_options import Which, XChoice
from tests.logs import write_verl
from tests.ui.conftest import write_events

LATER, STEP = Which(), XChoice()


def values(runs: rlc.Runs, metric: str) -> list[float]:
    return curve_stages.logged(runs, runs.fingerprint, metric, LATER).curves.value.tolist()


def places(runs: rlc.Runs, x: XChoice, metric: str = "reward") -> list[float]:
    return curve_stages.placed(runs, runs.fingerprint, metric, LATER, x).x.tolist()


def test_curves_are_read_anew_when_a_log_grows(tmp_path: Path) -> None:
    log = write_verl(tmp_path / "a.jsonl", [{"reward": 1.0}])
    assert values(rlc.open_runs(tmp_path), "reward") == [1.0]
    write_verl(log, [{"reward": 2.0}], mode="a", first_step=2)
    assert values(rlc.open_runs(tmp_path), "reward") == [1.0, 2.0]


def test_a_metric_that_no_run_has_gives_no_curves(tmp_path: Path) -> None:
    write_verl(tmp_path / "a.jsonl", [{"reward": 1.0}])
    runs = rlc.open_runs(tmp_path)
    found = curve_stages.logged(runs, runs.fingerprint, "kl", LATER)
    assert (len(found.curves), found.restarts.height) == (0, 0)


def test_a_formula_is_of_the_runs_that_have_all_of_it(tmp_path: Path) -> None:
    write_verl(tmp_path / "a.jsonl", [{"reward": 5.0, "kl": 1.0}, {"reward": 6.0}])
    write_verl(tmp_path / "b.jsonl", [{"reward": 5.0}])
    runs = rlc.open_runs(tmp_path)
    found = curve_stages.logged(runs, runs.fingerprint, "reward - 2 * kl", LATER).curves
    assert (found.names, found.value.tolist()) == (("a.jsonl",), [3.0])


def test_places_on_the_axes_of_the_clock(tmp_path: Path) -> None:
    write_events(tmp_path / "run", [(5, 600.0, 1.0), (9, 660.0, 2.0)])
    runs = rlc.open_runs(tmp_path)
    assert places(runs, STEP) == [5, 9]
    assert places(runs, XChoice("relative_step")) == [0, 4]
    assert places(runs, XChoice("relative")) == [0.0, 1.0]
    assert places(runs, XChoice("wall")) == [600.0, 660.0]


def test_what_is_logged_a_step_is_summed_up_on_the_x_axis(tmp_path: Path) -> None:
    rows = [{"critic/score/mean": 1.0, "perf/total_num_tokens": tokens} for tokens in (100.0, 50.0, 200.0)]
    write_verl(tmp_path / "a.jsonl", rows)
    assert places(rlc.open_runs(tmp_path), XChoice("metric", "tokens")) == [100.0, 150.0, 350.0]


def test_without_smoothing_the_curves_are_those_that_were_placed(tmp_path: Path) -> None:
    write_verl(tmp_path / "a.jsonl", [{"reward": 1.0}, {"reward": 3.0}])
    runs = rlc.open_runs(tmp_path)
    made_from = (runs.fingerprint, "reward", LATER, STEP)
    assert curve_stages.smoothed(runs, *made_from, NO_SMOOTHING) is curve_stages.placed(runs, *made_from)
    smooth = curve_stages.smoothed(runs, *made_from, Smoothing("mean", 2.0, "points"))
    assert smooth.value.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("axis", ["relative", "wall"])
def test_a_width_on_the_clock_is_in_minutes(tmp_path: Path, axis: str) -> None:
    write_events(tmp_path / "run", [(1, 600.0, 1.0), (2, 659.0, 3.0), (3, 661.0, 5.0), (4, 721.0, 9.0)])
    runs = rlc.open_runs(tmp_path)
    made_from = (runs.fingerprint, "reward", LATER, XChoice(axis))  # type: ignore[arg-type]
    smooth = curve_stages.smoothed(runs, *made_from, Smoothing("mean", 1.0, "axis"))
    assert smooth.value.tolist() == [1.0, 2.0, 4.0, 9.0], "of the last minute, its beginning left out"


def test_bands_are_kept_by_what_they_are_made_from(tmp_path: Path) -> None:
    write_verl(tmp_path / "a.jsonl", [{"reward": 1.0}])
    write_verl(tmp_path / "b.jsonl", [{"reward": 3.0}])
    runs = rlc.open_runs(tmp_path)
    curves = curve_stages.placed(runs, runs.fingerprint, "reward", LATER, STEP)
    together = {"a.jsonl": "g", "b.jsonl": "g"}
    first = curve_stages.bands(curves, ("key",), together, Aggregation(), "")
    assert first is curve_stages.bands(curves, ("key",), together, Aggregation(), "")
    assert first[0].center.tolist() == [2.0]
    (difference,) = curve_stages.bands(curves, ("key",), {"a.jsonl": "a", "b.jsonl": "b"}, Aggregation(), "a")
    assert (difference.group, difference.center.tolist()) == ("b", [2.0])


def test_groups_are_of_the_whole_library(tmp_path: Path) -> None:
    for name in ("ppo/a", "ppo/b", "sac/a"):
        write_verl(tmp_path / f"{name}.jsonl", [{"reward": 1.0}])
    runs = rlc.open_runs(tmp_path)
    found = curve_stages.groups(runs, runs.fingerprint, GroupBy("name", pattern="^([^/]+)"))
    assert found == {"ppo/a.jsonl": "ppo", "ppo/b.jsonl": "ppo", "sac/a.jsonl": "sac"}
