"""The Correlation page."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from rlcompare.runs import Runs
from rlcompare.stats.sample import Floats
from rlcompare.ui import access
from tests.logs import write_verl
from tests.stats.test_correlation import autoregressive
from tests.transforms.test_sampled import samples
from tests.ui.conftest import Chart, Start, charts, notes, write_sb3

RUN_BY_RUN = {"curves_group": "Nothing: a line a run"}


def write_pair(root: Path, run: str, reward: Floats, length: Floats, **more: Floats) -> None:
    columns = {"critic/score/mean": reward, "response_length/mean": length, **more}
    rows = [dict(zip(columns, map(float, values), strict=True)) for values in zip(*columns.values(), strict=True)]
    write_verl(root / f"{run}.jsonl", rows)


def write_trended(root: Path, run: str, seed: int, n: int = 400) -> None:
    """Two metrics that both rise and have nothing else in common."""
    rng = np.random.default_rng(seed)
    time = np.linspace(0, 1, n)
    write_pair(root, run, 3 * time + 0.2 * rng.standard_normal(n), np.tanh(2 * time) + 0.1 * rng.standard_normal(n))


def write_lagged(root: Path, run: str, lag: int, seed: int = 0, n: int = 400) -> None:
    """Length follows reward so many steps later."""
    leader, noise = autoregressive(0.3, n + 40, np.random.default_rng(seed))
    write_pair(root, run, leader[20 : n + 20], leader[20 - lag : n + 20 - lag] + 0.4 * noise[20 : n + 20])


def with_data(app: AppTest, name: str) -> Chart:
    """The chart that draws a dataset."""
    return next(chart for chart in charts(app) if name in chart.data)


def words(app: AppTest) -> str:
    return re.sub(r"<[^>]+>", " ", notes(app))


def test_two_independent_trends_are_warned_about(start: Start, tmp_path: Path) -> None:
    write_trended(tmp_path, "a", 0)
    app = start(tmp_path, page="correlation", link=RUN_BY_RUN)
    assert not app.exception
    assert [title.value for title in app.title] == ["Correlation"]
    assert (app.selectbox("correlation_x").value, app.selectbox("correlation_y").value) == ("reward", "response_length")
    assert "⚠ Warning:" in words(app)
    assert "not from step to step: a shared trend" in words(app)
    over_steps = charts(app)[0]
    assert over_steps.data["left lines"].height == over_steps.data["right lines"].height == 400
    assert "No smoothing." in notes(app)


def test_a_built_in_lag_of_seven_steps_is_found(start: Start, tmp_path: Path) -> None:
    write_lagged(tmp_path, "a", 7)
    app = start(tmp_path, page="correlation", link={**RUN_BY_RUN, "correlation_tab": "Along the training"})
    assert not app.exception
    assert "Reward leads Response length by 7 records, 7 steps: where it rises, Response length rises" in words(app)
    assert with_data(app, "peaks").data["peaks"]["x"].to_list() == [7.0]
    app.segmented_control("correlation_basis").set_value("levels").run()
    assert not app.exception
    assert "Reward leads Response length by 7 records" in words(app)


def test_of_several_runs_it_is_told_how_many_lead(start: Start, tmp_path: Path) -> None:
    for run, lag in (("a", 7), ("b", 5), ("c", -3)):
        write_lagged(tmp_path, run, lag, seed=ord(run))
    app = start(tmp_path, page="correlation", link={**RUN_BY_RUN, "correlation_tab": "Along the training"})
    assert "Reward leads Response length by 5 to 7 records in 2 of 3 runs: a.jsonl, b.jsonl." in words(app)
    assert "Response length leads Reward by 3 records in 1 of 3 runs: c.jsonl." in words(app)
    rolling = next(chart for chart in charts(app) if "first" in chart.data.get("lines", pl.DataFrame()).columns)
    assert rolling.data["lines"]["label"].cast(pl.String).unique().sort().to_list() == ["a.jsonl", "b.jsonl", "c.jsonl"]
    assert rolling.data["null"]["high"][0] == pytest.approx(-rolling.data["null"]["low"][0])


def test_a_window_longer_than_the_runs_says_so(start: Start, tmp_path: Path) -> None:
    write_lagged(tmp_path, "a", 0, n=30)
    link = {**RUN_BY_RUN, "correlation_tab": "Along the training", "correlation_window": "90"}
    app = start(tmp_path, page="correlation", link=link)
    assert not app.exception
    assert "No run has 90 joint steps." in app.info[0].value


def test_the_scatter_has_every_joint_step(start: Start, tmp_path: Path) -> None:
    write_lagged(tmp_path, "a", 0, n=50)
    write_lagged(tmp_path, "b", 0, n=60, seed=1)
    app = start(tmp_path, page="correlation", link=RUN_BY_RUN)
    chart = with_data(app, "points")
    assert chart.data["points"].height == 110
    assert chart.spec["facet"]["field"] == "label"
    assert "All 110 joint steps. All charts share their axes." in notes(app)
    app.segmented_control("correlation_color").set_value("progress").run()
    colored = with_data(app, "points")
    assert colored.spec["spec"]["encoding"]["color"]["field"] == "progress"
    assert colored.data["points"]["progress"].to_list()[0] == 0


def test_many_joint_steps_are_counted_in_bins_and_none_is_lost(start: Start, tmp_path: Path) -> None:
    for run in "abc":
        write_lagged(tmp_path, run, 0, n=2_000, seed=ord(run))
    app = start(tmp_path, page="correlation", link=RUN_BY_RUN)
    assert not app.exception
    bins = with_data(app, "bins").data["bins"]
    assert bins["n"].sum() == 6_000
    assert dict(bins.group_by("label").agg(pl.col("n").sum()).iter_rows()) == dict.fromkeys(
        ("a.jsonl", "b.jsonl", "c.jsonl"), 2_000
    )
    assert "6,000 joint steps counted in bins, none left out." in notes(app)


def test_the_link_holds_pair_and_kind(start: Start, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal(60)
    write_pair(tmp_path, "a", x, np.exp(3 * x), **{"actor/entropy": -x})
    link = {**RUN_BY_RUN, "correlation_y": "entropy", "correlation_kind": "Spearman"}
    app = start(tmp_path, page="correlation", link=link)
    assert not app.exception
    assert (app.selectbox("correlation_x").value, app.selectbox("correlation_y").value) == ("reward", "entropy")
    assert "Spearman's ρ, levels" in notes(app).replace("&#x27;", "'")
    assert "They go together exactly" in words(app)
    assert "−1.00" in words(app)


def test_a_constant_metric_says_so(start: Start, tmp_path: Path) -> None:
    write_pair(tmp_path, "a", np.arange(20.0), np.full(20, 7.0))
    app = start(tmp_path, page="correlation", link={**RUN_BY_RUN, "correlation_tab": "Along the training"})
    assert not app.exception
    assert "No coefficient: Response length does not change." in words(app)
    assert any("to look for a lag" in info.value for info in app.info)


def test_groups_have_a_row_with_their_runs_beneath(start: Start, tmp_path: Path) -> None:
    for seed in (1, 2, 3):
        write_trended(tmp_path, f"grpo/seed_{seed}", seed)
    app = start(tmp_path, page="correlation", link={"curves_group": "Everything but the seed"})
    assert not app.exception
    table = notes(app)
    assert 'class="group"' in table
    assert table.count('class="member"') == 3
    assert "(3 runs)" in words(app)
    assert "runs are never pooled" in words(app)


def test_units_of_steps_are_not_joined(start: Start, tmp_path: Path) -> None:
    write_lagged(tmp_path, "a", 0)
    write_sb3(tmp_path / "sb3", [1.0, 2.0, 3.0])
    app = start(tmp_path, page="correlation", link=RUN_BY_RUN)
    assert not app.exception
    assert "Without Reward or Response length: 1 run (sb3)." in notes(app)


def test_no_pair_or_the_same_metric_twice_says_what_to_do(start: Start, tmp_path: Path) -> None:
    write_trended(tmp_path / "two", "a", 0, n=30)
    app = start(tmp_path / "two", page="correlation", link={"correlation_x": "reward", "correlation_y": "reward"})
    assert not app.exception
    assert "Choose two different metrics" in app.info[0].value
    write_verl(tmp_path / "one" / "a.jsonl", [{"critic/score/mean": 1.0}])
    app = start(tmp_path / "one", page="correlation")
    assert not app.exception
    assert "fewer than two metrics" in app.info[0].value
    assert not charts(app)
    (tmp_path / "empty").mkdir()
    app = start(tmp_path / "empty", page="correlation")
    assert not app.exception
    assert "No runs found" in app.info[0].value


def test_names_are_text(start: Start, tmp_path: Path) -> None:
    write_trended(tmp_path, "<b>bold", 0)
    app = start(tmp_path, page="correlation", link=RUN_BY_RUN)
    assert not app.exception
    assert "<b>bold" not in notes(app)
    assert "&lt;b&gt;bold" in notes(app)


def matrix(app: AppTest) -> pl.DataFrame:
    return with_data(app, "cells").data["cells"]


def test_the_matrix_has_levels_below_and_differences_above_the_diagonal(start: Start, tmp_path: Path) -> None:
    write_trended(tmp_path, "a", 0)
    write_trended(tmp_path, "b", 1)
    app = start(tmp_path, page="correlation", link={**RUN_BY_RUN, "correlation_tab": "All metrics"})
    assert not app.exception
    cells = matrix(app)
    assert cells.height == 4
    (below,) = cells.filter((pl.col("row") == "Response length") & (pl.col("column") == "Reward")).rows(named=True)
    (above,) = cells.filter((pl.col("row") == "Reward") & (pl.col("column") == "Response length")).rows(named=True)
    assert below["value"] == below["levels"] > 0.8
    assert above["value"] == above["differences"]
    assert abs(above["value"]) < 0.2
    assert (below["n"], below["n_runs"], below["x"], below["y"]) == (800, 2, "reward", "response_length")
    assert cells.filter(pl.col("row") == pl.col("column"))["value"].to_list() == [None, None]


def test_kendalls_matrix_says_that_it_is_spearmans(start: Start, tmp_path: Path) -> None:
    write_trended(tmp_path, "a", 0, n=60)
    link = {**RUN_BY_RUN, "correlation_tab": "All metrics", "correlation_kind": "Kendall"}
    app = start(tmp_path, page="correlation", link=link)
    assert not app.exception
    assert "Spearman's stands in for Kendall's" in notes(app).replace("&#x27;", "'")


def test_without_samples_one_line_says_which_logs_would_have_some(start: Start, tmp_path: Path) -> None:
    write_trended(tmp_path, "a", 0, n=60)
    app = start(tmp_path, page="correlation", link={**RUN_BY_RUN, "correlation_tab": "Single samples"})
    assert not app.exception
    assert "No single answers or episodes in these logs." in notes(app)


def rollouts() -> pl.DataFrame:
    """Answers that grow longer and, at the same length, no better."""
    rng = np.random.default_rng(0)
    n, steps = 40, 30
    step = np.repeat(np.arange(steps), n)
    length = 100 + 5 * step + rng.normal(0, 30, n * steps)
    reward = 0.01 * length + rng.normal(0, 0.1, n * steps)
    prompt = np.tile(np.repeat(np.arange(n // 8, dtype=np.uint64), 8), steps)
    return samples(
        step.tolist(),
        length.tolist(),
        reward.tolist(),
        prompt_id=prompt.tolist(),
        correct=(reward > np.median(reward)).tolist(),
    )


def test_samples_tell_longer_answers_from_better_ones(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_trended(tmp_path, "a", 0, n=60)
    monkeypatch.setattr(Runs, "samples", lambda self, columns: rollouts().select(columns))
    monkeypatch.setattr(access, "runs_with_samples", lambda runs, fingerprint: list(runs.ids))
    app = start(tmp_path, page="correlation", link={**RUN_BY_RUN, "correlation_tab": "Single samples"})
    assert not app.exception
    parts = with_data(app, "parts").data["parts"]
    total, longer, better = parts["value"].to_list()
    assert longer == pytest.approx(total, rel=0.1)
    assert better == pytest.approx(0, abs=0.1)
    assert re.search(r"The reward rose by 1\.\d+: .* because answers became longer", words(app))
    within = with_data(app, "stretches").data["stretches"]
    assert within["basis"].unique().sort().to_list() == ["Within a prompt", "Within a step"]
    assert within["value"].min() > 0.8
    assert with_data(app, "lengths").data["lengths"]["answer"].unique().sort().to_list() == ["correct", "incorrect"]

    app.slider("correlation_after").set_value((0, 20)).run()
    assert not app.exception
    assert "Choose parts of the training that differ." in words(app)


def test_a_cell_can_be_clicked(start: Start, tmp_path: Path) -> None:
    write_trended(tmp_path, "a", 0, n=60)
    app = start(tmp_path, page="correlation", link={**RUN_BY_RUN, "correlation_tab": "All metrics"})
    assert "cell" in [parameter["name"] for parameter in with_data(app, "cells").spec["params"]]
