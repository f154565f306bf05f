"""From what was chosen to charts: units, colours, groups, differences and axes, on small logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rlcompare as rlc
from rlcompare.charts.palette import N_COLORS
from rlcompare.grouping import GroupBy
from rlcompare.transforms import Aggregation, Smoothing
from rlcompare.ui.curve_charts import Prepared, line_labels, panels, prepare, x_axis
from rlcompare.ui.curve_options import CurveOptions, Scales, Which, XChoice, XRange
from tests.logs import write_verl
from tests.ui.conftest import write_events, write_sb3

PLAIN = CurveOptions()
BY_SEED = CurveOptions(grouping=GroupBy("seed"), aggregation=Aggregation(band="minmax"))


def chart(metric: str, runs: rlc.Runs, options: CurveOptions = PLAIN, compared: rlc.Runs | None = None) -> Prepared:
    """The only chart of a metric."""
    (found,) = prepare(metric, runs, compared or runs, options)
    return found


def lines(found: Prepared) -> dict[str, list[float]]:
    """Values of each line, or centres of each group."""
    if found.left.groups:
        return {group.group: group.center.tolist() for group in found.left.groups}
    curves = found.left.smoothed
    return {name: curves.value[part].tolist() for name, part in zip(curves.names, curves.slices, strict=True)}


def colors(found: Prepared) -> Mapping[str, int]:
    return {label: found.domain.index(label) % N_COLORS for label in found.left.labels}


@pytest.fixture
def seeds(tmp_path: Path) -> rlc.Runs:
    """Three groups of two seeds."""
    for group, low in (("a2c", 0.0), ("ppo", 10.0), ("sac", 100.0)):
        for seed in (1, 2):
            write_sb3(tmp_path / f"{group}_seed{seed}", [low + seed, low + 2 * seed], seed=seed)
    return rlc.open_runs(tmp_path)


def test_units_of_steps_are_apart_the_most_common_first(tmp_path: Path) -> None:
    write_sb3(tmp_path / "sb3", [1.0, 2.0])
    for name in "ab":
        write_verl(tmp_path / f"{name}.jsonl", [{"critic/score/mean": 3.0}])
    runs = rlc.open_runs(tmp_path)
    by_step, by_env_step = prepare("reward", runs, runs, PLAIN)
    assert (by_step.unit, by_env_step.unit) == ("step", "env step")
    assert (by_step.title, by_env_step.title) == ("Reward, by step", "Reward, by env step")
    assert (list(lines(by_step)), list(lines(by_env_step))) == (["a.jsonl", "b.jsonl"], ["sb3"])
    only = chart("reward", runs, compared=runs.select(["sb3"]))
    assert (only.title, only.one_of_several) == ("Reward", False)


def test_on_an_axis_that_is_no_step_units_are_together(tmp_path: Path) -> None:
    write_sb3(tmp_path / "sb3", [1.0, 2.0])
    write_verl(tmp_path / "a.jsonl", [{"critic/score/mean": 3.0, "loss": 1.0}])
    runs = rlc.open_runs(tmp_path)
    found = chart("reward", runs, CurveOptions(x=XChoice("metric", "reward")))
    assert (found.unit, set(lines(found))) == ("", {"sb3", "a.jsonl"})
    assert found.left.logged.x.tolist() == found.left.logged.value.tolist()


def test_groups_by_value(seeds: rlc.Runs) -> None:
    found = chart("reward", seeds, BY_SEED)
    assert lines(found) == {"a2c": [1.5, 3.0], "ppo": [11.5, 13.0], "sac": [101.5, 103.0]}
    ppo = found.left.groups[1]
    assert (ppo.x.tolist(), ppo.lower.tolist(), ppo.upper.tolist()) == ([1024.0, 2048.0], [11.0, 12.0], [12.0, 14.0])
    assert ppo.members == ("ppo_seed1", "ppo_seed2")
    assert found.left.label_of["ppo_seed2"] == "ppo"
    assert found.problem == ""


def test_runs_are_smoothed_before_they_are_summed_up(seeds: rlc.Runs) -> None:
    smooth = replace(BY_SEED, smoothing=Smoothing("mean", 2.0, "points"))
    assert lines(chart("reward", seeds, smooth))["ppo"] == [11.5, 12.25]


def test_hiding_a_group_changes_neither_colour_nor_band_of_another(seeds: rlc.Runs) -> None:
    whole = chart("reward", seeds, BY_SEED)
    part = chart("reward", seeds, BY_SEED, compared=seeds.select(["ppo_seed*", "sac_seed*"]))
    assert colors(whole) == {"a2c": 0, "ppo": 1, "sac": 2}
    assert colors(part) == {"ppo": 1, "sac": 2}
    for before, after in zip(whole.left.groups[1:], part.left.groups, strict=True):
        assert before.group == after.group
        for name in ("x", "center", "lower", "upper", "n"):
            assert np.array_equal(getattr(before, name), getattr(after, name))


def test_members_wear_the_label_of_their_group(seeds: rlc.Runs) -> None:
    (panel,) = panels([chart("reward", seeds, BY_SEED)], BY_SEED, None, {})
    faint = panel.frames.left.faint
    assert faint.group_by("label", maintain_order=True).agg("value").rows() == [
        ("a2c", [1.0, 2.0, 2.0, 4.0]),
        ("ppo", [11.0, 12.0, 12.0, 14.0]),
        ("sac", [101.0, 102.0, 102.0, 104.0]),
    ]


def test_labels_of_runs_and_of_groups_told_apart_by_settings(tmp_path: Path) -> None:
    for lr in (0.1, 0.2):
        for seed in (1, 2):
            write_sb3(tmp_path / f"logs/ppo/lr{lr}_s{seed}", [1.0], seed=seed, path="a/b", lr=lr)
    runs = rlc.open_runs(tmp_path)
    assert list(line_labels(runs, PLAIN).values()) == ["lr0.1_s1", "lr0.1_s2", "lr0.2_s1", "lr0.2_s2"]
    groups = line_labels(runs, CurveOptions(grouping=GroupBy("config", keys=("lr",))))
    assert [len({groups[run] for run in runs.ids if f"lr{lr}" in run}) for lr in (0.1, 0.2)] == [1, 1]
    assert len(set(groups.values())) == 2


def test_differences_to_a_group_by_value(seeds: rlc.Runs) -> None:
    found = chart("reward", seeds, replace(BY_SEED, baseline="a2c"))
    assert lines(found) == {"ppo": [10.0, 10.0], "sac": [100.0, 100.0]}
    ppo = found.left.groups[0]
    assert (ppo.lower.tolist(), ppo.upper.tolist()) == ([9.0, 8.0], [11.0, 12.0]), "11 − 2 to 12 − 1, then 12 − 4 …"
    assert found.left.logged.names == ("ppo_seed1", "ppo_seed2", "sac_seed1", "sac_seed2")
    (panel,) = panels([found], replace(BY_SEED, baseline="a2c"), None, {})
    assert panel.frames.left.faint.is_empty(), "the members would be values, not differences"


def test_differences_to_a_run(seeds: rlc.Runs) -> None:
    found = chart(
        "reward",
        seeds,
        CurveOptions(baseline="ppo_seed1"),
        compared=seeds.select(["ppo_seed1", "ppo_seed2", "sac_seed1"]),
    )
    assert lines(found) == {"ppo_seed2": [1.0, 2.0], "sac_seed1": [90.0, 90.0]}


def test_a_baseline_without_the_metric_leaves_the_values_and_says_why(seeds: rlc.Runs, tmp_path: Path) -> None:
    write_sb3(tmp_path / "dqn_seed1", [1.0, 2.0], seed=1)
    runs = rlc.open_runs(tmp_path)
    options = replace(BY_SEED, baseline="a2c")
    found = chart("reward", runs, options, compared=runs.select(["ppo_seed*"]))
    assert lines(found) == {"ppo_seed1": [11.0, 12.0], "ppo_seed2": [12.0, 14.0]}
    assert "Expected a baseline of ppo; got 'a2c'" in found.problem
    alone = chart("reward", runs, options, compared=runs.select(["a2c_seed*"]))
    assert lines(alone) == {"a2c_seed1": [1.0, 2.0], "a2c_seed2": [2.0, 4.0]}
    assert "got nothing else of 'Reward'" in alone.problem


def test_both_sides_are_differences_or_neither(tmp_path: Path) -> None:
    for name, more in (("a", {}), ("b", {"response_length/mean": 5.0}), ("c", {"response_length/mean": 7.0})):
        write_verl(tmp_path / f"{name}.jsonl", [{"critic/score/mean": 1.0, **more}])
    runs = rlc.open_runs(tmp_path)
    options = CurveOptions(baseline="a.jsonl", right="response_length")
    found = chart("reward", runs, options)
    assert found.right is not None
    assert (found.left.groups, found.right.groups) == ((), ())
    assert "got 'a.jsonl'" in found.problem
    both = chart("reward", runs, replace(options, baseline="b.jsonl"))
    assert both.right is not None
    assert [(group.group, group.center.tolist()) for group in both.right.groups] == [("c.jsonl", [2.0])]


def test_a_metric_on_the_x_axis_that_falls_is_drawn_run_by_run(tmp_path: Path) -> None:
    for seed in (1, 2):
        rows = [{"critic/score/mean": float(seed), "response_length/mean": length} for length in (30.0, 10.0, 20.0)]
        write_verl(tmp_path / f"run_seed{seed}.jsonl", rows)
    runs = rlc.open_runs(tmp_path)
    options = CurveOptions(
        x=XChoice("metric", "response_length"), grouping=GroupBy("name", pattern="run"), right="response_length"
    )
    found = chart("reward", runs, options)
    assert found.left.groups == ()
    assert found.left.logged.x.tolist() == [30.0, 10.0, 20.0] * 2
    assert "goes from 30 to 10" in found.problem
    assert "Hint: draw these runs one by one" in found.problem
    assert (found.left.labels, set(found.left.label_of.values())) == (["Reward"], {"Reward"})


def test_the_right_axis_has_the_runs_of_the_left_one_in_its_unit(tmp_path: Path) -> None:
    write_sb3(tmp_path / "sb3", [1.0, 2.0])
    write_verl(tmp_path / "a.jsonl", [{"critic/score/mean": 3.0, "actor/kl_loss": 1.0}])
    write_verl(tmp_path / "b.jsonl", [{"critic/score/mean": 3.0}])
    runs = rlc.open_runs(tmp_path)
    by_step, by_env_step = prepare("reward", runs, runs, CurveOptions(right="actor/kl_loss"))
    assert by_step.right is not None
    assert by_step.right.logged.names == ("a.jsonl",)
    assert by_env_step.right is None
    assert chart("actor/kl_loss", runs, CurveOptions(right="actor/kl_loss")).right is None


def test_one_line_a_side_has_a_colour_a_metric(tmp_path: Path) -> None:
    write_verl(tmp_path / "a.jsonl", [{"critic/score/mean": 3.0, "response_length/mean": 1.0}])
    runs = rlc.open_runs(tmp_path)
    found = chart("reward", runs, CurveOptions(right="response_length"))
    assert found.domain == ("Reward", "Response length")
    assert found.right is not None
    assert (found.left.labels, found.right.labels) == (["Reward"], ["Response length"])


def test_a_metric_that_none_has_has_no_chart(seeds: rlc.Runs) -> None:
    assert prepare("no/such", seeds, seeds, PLAIN) == []


RESTARTED = [(1, 100.0, 1.0), (2, 110.0, 2.0), (3, 120.0, 3.0)], [(2, 200.0, 20.0), (3, 210.0, 30.0)]


@pytest.mark.parametrize(
    ("which", "x", "expected"),
    [
        (Which(), XChoice(), 2.0),
        (Which(), XChoice("wall"), 200.0),
        (Which("all"), XChoice(), 2.0),
        (Which("all"), XChoice("wall"), 200.0),
    ],
)
def test_a_restart_is_marked_where_the_later_history_begins(
    tmp_path: Path, which: Which, x: XChoice, expected: float
) -> None:
    write_events(tmp_path / "run", *RESTARTED)
    runs = rlc.open_runs(tmp_path)
    found = chart("reward", runs, CurveOptions(which=which, x=x))
    assert found.restarts == (("run", expected, "restarted at step 2; records replaced: 2"),)


def test_histories_apart_need_no_mark(tmp_path: Path) -> None:
    write_events(tmp_path / "run", *RESTARTED)
    runs = rlc.open_runs(tmp_path)
    found = chart("reward", runs, CurveOptions(which=Which("segments")))
    assert (list(lines(found)), found.restarts) == (["run · history 1", "run · history 2"], ())


def test_a_continuation_of_one_of_several_workers_is_marked_on_its_line(tmp_path: Path) -> None:
    write_events(
        tmp_path / "run", [(1, 100.0, 1.0), (2, 110.0, 2.0)], [(1, 101.0, 5.0), (2, 111.0, 6.0)], [(3, 120.0, 3.0)]
    )
    runs = rlc.open_runs(tmp_path)
    told = "went on from step 3 in a new file"
    assert chart("reward", runs).restarts == (("run", 3.0, told),)
    each = chart("reward", runs, CurveOptions(which=Which(workers="each")))
    assert each.restarts == (("run · worker 1", 3.0, told),)


def test_a_restart_without_a_record_on_the_axis_is_not_marked(tmp_path: Path) -> None:
    log = write_verl(tmp_path / "a.jsonl", [{"critic/score/mean": 1.0, "response_length/mean": 5.0}] * 3)
    write_verl(log, [{"critic/score/mean": 1.0}] * 2, mode="a", first_step=2)
    runs = rlc.open_runs(tmp_path)
    found = chart("reward", runs, CurveOptions(x=XChoice("metric", "response_length"), which=Which("later")))
    assert all(x == 5.0 for _, x, _ in found.restarts)
    assert found.left.logged.x.tolist() == [5.0] * len(found.left.logged.x)


def views(found: list[Prepared], options: CurveOptions, zoom: XRange | None = None) -> list[tuple[float, float]]:
    return [(panel.window.x0, panel.window.x1) for panel in panels(found, options, zoom, {})]


def test_charts_of_one_unit_share_the_x_axis(tmp_path: Path) -> None:
    write_verl(tmp_path / "a.jsonl", [{"critic/score/mean": 3.0}] * 5)
    write_verl(tmp_path / "b.jsonl", [{"actor/entropy": 3.0}] * 3, first_step=4)
    write_sb3(tmp_path / "sb3", [1.0, 2.0])
    runs = rlc.open_runs(tmp_path)
    found = [one for metric in ("reward", "actor/entropy") for one in prepare(metric, runs, runs, PLAIN)]
    assert [one.unit for one in found] == ["env step", "step", "step"]
    assert views(found, PLAIN) == [(1024.0, 2048.0), (1.0, 6.0), (1.0, 6.0)]
    assert views(found, PLAIN, XRange(2, 3, "step")) == [(1024.0, 2048.0), (2.0, 3.0), (2.0, 3.0)]
    assert views(found, PLAIN, XRange(2, 3)) == [(2.0, 3.0)] * 3


def test_a_chart_without_a_place_on_a_logarithmic_axis_stretches_no_other(tmp_path: Path) -> None:
    write_verl(tmp_path / "a.jsonl", [{"critic/score/mean": 3.0}] * 3, first_step=0)
    write_verl(tmp_path / "b.jsonl", [{"actor/entropy": 3.0}], first_step=0)
    runs = rlc.open_runs(tmp_path)
    options = CurveOptions(scales=Scales(log_x=True))
    found = [one for metric in ("reward", "actor/entropy") for one in prepare(metric, runs, runs, options)]
    assert views(found, options) == [(1.0, 2.0), (1.0, 2.0)]
    assert views(found[1:], options) == [(1.0, 10.0)]
    assert views(found, options, XRange(-5, 1.5)) == [(1.0, 1.5)] * 2


def test_one_record_has_an_axis_around_it(tmp_path: Path) -> None:
    write_verl(tmp_path / "a.jsonl", [{"critic/score/mean": 3.0}], first_step=8)
    runs = rlc.open_runs(tmp_path)
    assert views(prepare("reward", runs, runs, PLAIN), PLAIN) == [(7.5, 8.5)]
    log = CurveOptions(scales=Scales(log_x=True))
    assert views(prepare("reward", runs, runs, log), log) == [(4.0, 16.0)]


def test_who_is_silent_is_marked_on_its_lines(seeds: rlc.Runs) -> None:
    (panel,) = panels(
        [chart("reward", seeds, compared=seeds.select(["ppo_seed1", "ppo_seed2"]))],
        PLAIN,
        None,
        {"ppo_seed2": "silent for 5 min"},
    )
    assert panel.frames.silent.rows() == [("ppo_seed2", "ppo_seed2", 2048.0, 14.0, "silent for 5 min")]


@pytest.mark.parametrize(
    ("unit", "title"),
    [("step", "Step"), ("env step", "Env step"), ("iteration", "Iteration"), ("", "Step (unit unknown)")],
)
def test_the_step_axis_names_its_unit(unit: str, title: str) -> None:
    axis, scale = x_axis(PLAIN, unit, 10.0)
    assert (axis.title, axis.is_whole, axis.is_date, scale) == (title, True, False, 1.0)


@pytest.mark.parametrize(
    ("minutes", "unit", "scale"),
    [(5 / 6, "seconds", 60.0), (59.0, "minutes", 1.0), (166.0, "hours", 1 / 60), (5_000.0, "days", 1 / 1_440)],
)
def test_relative_time_is_in_a_readable_unit(minutes: float, unit: str, scale: float) -> None:
    axis, found = x_axis(CurveOptions(x=XChoice("relative")), "", minutes)
    assert (axis.title, axis.is_whole) == (f"Time since start ({unit})", False)
    assert found == pytest.approx(scale)


def test_wall_time_is_a_date_in_milliseconds() -> None:
    axis, scale = x_axis(CurveOptions(x=XChoice("wall")), "", 10.0)
    assert (axis.title, axis.is_date, scale) == ("Wall time", True, 1_000.0)


@pytest.mark.parametrize(
    ("unit", "title"), [("env step", "Env steps since the run's first"), ("", "Steps since the run's first")]
)
def test_steps_since_the_start(unit: str, title: str) -> None:
    axis, _ = x_axis(CurveOptions(x=XChoice("relative_step"), scales=Scales(log_x=True)), unit, 10.0)
    assert (axis.title, axis.is_log) == (title, True)


def test_a_metric_on_the_x_axis_is_called_as_on_the_screen() -> None:
    assert x_axis(CurveOptions(x=XChoice("metric", "episodes")), "", 10.0)[0].title == "Episodes"
