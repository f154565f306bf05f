"""The Quantiles page."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from rlcompare.demo import demo_folder
from tests.logs import SHARED_DATA, needs_shared_data, write_verl
from tests.ui.conftest import Chart, Start, charts, notes, write_sb3

RUN_BY_RUN = {"curves_group": "Nothing: a line a run"}
SEEDS = {"curves_group": "Everything but the seed"}


def words(app: AppTest) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", notes(app)))


def write_rollouts(folder: Path, steps: dict[int, Sequence[float]], *, kind: str = "rollout_data") -> None:
    """Samples as verl dumps them, a file a step."""
    (folder / kind).mkdir(parents=True, exist_ok=True)
    for step, scores in steps.items():
        rows = [
            {"input": f"question {i}", "output": "x" * (i + 1), "gts": "1", "score": score, "step": step}
            for i, score in enumerate(scores)
        ]
        (folder / kind / f"{step}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_monitor(folder: Path, returns: Sequence[float], length: int = 10, file: str = "0") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"{value},{length},{i + 1}.0" for i, value in enumerate(returns)]
    head = '#{"t_start": 1700000000.0, "env_id": "CartPole-v1"}\nr,l,t\n'
    (folder / f"{file}.monitor.csv").write_text(head + "\n".join(rows) + "\n")


def fans(app: AppTest) -> list[Chart]:
    return [chart for chart in charts(app) if "bands" in chart.data and "runs" not in chart.data]


def title(chart: Chart) -> str:
    return str(chart.data["view"]["title"][0])


def test_episodes_of_monitors_give_quantiles(start: Start, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    returns = rng.normal(size=400).round(3).tolist()
    write_monitor(tmp_path / "a", returns)
    app = start(tmp_path, page="quantiles", link=RUN_BY_RUN)
    assert not app.exception
    assert [one.value for one in app.title] == ["Quantiles"]
    (fan,) = fans(app)
    assert title(fan) == "a"
    line, hover = fan.data["line"], fan.data["hover"]
    number = (np.arange(1, 401) * 10) // 256
    expected = [np.median(np.array(returns)[number == i]) for i in np.unique(number)]
    assert line["value"].to_list() == pytest.approx(expected)
    assert hover["n"].sum() == 400
    low = [np.quantile(np.array(returns)[number == i], 0.05) for i in np.unique(number)]
    assert fan.data["bands"].filter(pl.col("band") == 1)["lower"].to_list() == pytest.approx(low)
    assert "400 episodes of training" in words(app)
    assert "in each of 16 stretches of 256 env steps." in words(app)
    assert "25 to 75 % and 5 to 95 %" in words(app)


def test_the_bands_are_those_of_the_link(start: Start, tmp_path: Path) -> None:
    write_monitor(tmp_path / "a", list(range(100)))
    app = start(tmp_path, page="quantiles", link={**RUN_BY_RUN, "quantiles_bands": ["Min–max"]})
    assert not app.exception
    bands = fans(app)[0].data["bands"]
    assert bands["band"].unique().to_list() == [0]
    assert (bands["lower"].min(), bands["upper"].max()) == (0, 99)
    assert "0 to 100 %" in words(app)


def test_several_environments_are_on_the_steps_of_the_run(start: Start, tmp_path: Path) -> None:
    for file in ("0", "1", "2", "3"):
        write_monitor(tmp_path / "a", [1.0] * 100, file=file)
    app = start(tmp_path, page="quantiles", link=RUN_BY_RUN)
    assert not app.exception
    assert fans(app)[0].data["hover"]["last"].max() == 4_000
    assert app.slider[0].value == (3_200, 4_000)


def test_minimum_mean_and_maximum_of_verl_are_a_fan_without_quantiles(start: Start, tmp_path: Path) -> None:
    rows = [{"critic/score/mean": i / 50, "critic/score/min": -1.0, "critic/score/max": i + 1.0} for i in range(50)]
    write_verl(tmp_path / "a.jsonl", rows)
    app = start(tmp_path, page="quantiles", link=RUN_BY_RUN)
    assert not app.exception
    fan = fans(app)[0]
    assert fan.data["line"]["value"].to_list() == pytest.approx([i / 50 for i in range(50)])
    bands = fan.data["bands"]
    assert bands["lower"].to_list() == [-1.0] * 50
    assert bands["upper"].to_list() == [i + 1.0 for i in range(50)]
    assert "as logged at 50 steps (critic/score/min, critic/score/max); no quantiles were logged" in words(app)
    assert "Line: mean" in words(app)
    assert "median of a stretch" not in words(app)
    assert "11 logged values, most often means of many samples each" in words(app)


def test_without_any_spread_the_values_themselves(start: Start, tmp_path: Path) -> None:
    write_verl(tmp_path / "a.jsonl", [{"critic/score/mean": float(i % 7)} for i in range(200)])
    app = start(tmp_path, page="quantiles", link=RUN_BY_RUN)
    assert not app.exception
    assert "200 logged values of Reward, not of single samples, 9 to 32 in each of 7 stretches of 32 steps." in words(
        app
    )


def test_train_and_validation_are_never_mixed(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    write_rollouts(folder, {step: [0.0] * 30 for step in (1, 2, 3)})
    write_rollouts(folder, {step: [1.0] * 20 for step in (1, 3)}, kind="validation_data")
    app = start(tmp_path, page="quantiles", link=RUN_BY_RUN)
    assert not app.exception
    assert set(fans(app)[0].data["line"]["value"]) == {0.0}
    assert "90 samples of training, 30 at each of 3 steps." in words(app)
    app = start(tmp_path, page="quantiles", link={**RUN_BY_RUN, "quantiles_metric": "samples/validation/reward/mean"})
    assert not app.exception
    assert set(fans(app)[0].data["line"]["value"]) == {1.0}
    assert "40 samples of validation, 20 at each of 2 steps." in words(app)


def test_runs_of_training_and_of_validation_do_not_share_a_group(start: Start, tmp_path: Path) -> None:
    write_monitor(tmp_path / "x" / "seed_0", [1.0] * 60)
    evaluated = tmp_path / "x" / "seed_1"
    evaluated.mkdir(parents=True)
    np.savez(
        evaluated / "evaluations.npz",
        timesteps=np.array([200, 400]),
        results=np.full((2, 30), 5.0),
        ep_lengths=np.full((2, 30), 10),
    )
    app = start(tmp_path, page="quantiles", link={"curves_group": "Framework"})
    assert not app.exception
    assert {title(fan): set(fan.data["line"]["value"]) for fan in fans(app)} == {
        "Stable-Baselines3, train": {1.0},
        "Stable-Baselines3, validation": {5.0},
    }


def test_lengths_say_what_they_count(start: Start, tmp_path: Path) -> None:
    write_monitor(tmp_path / "a", [1.0] * 60, length=7)
    app = start(tmp_path, page="quantiles", link={**RUN_BY_RUN, "quantiles_metric": "episode_length"})
    assert not app.exception
    assert fans(app)[0].encoding("line")["y"]["title"] == "Episode length (env steps)"


def test_characters_are_not_called_tokens(start: Start, tmp_path: Path) -> None:
    write_monitor(tmp_path / "a", [1.0] * 60)
    write_rollouts(tmp_path / "b", {1: [0.5] * 30})
    link = {**RUN_BY_RUN, "quantiles_metric": "samples/response_characters/mean"}
    app = start(tmp_path, page="quantiles", link=link)
    assert not app.exception
    assert fans(app)[0].encoding("line")["y"]["title"] == "Response length (characters)"
    assert "samples/response_characters/mean was not logged by 1 run: a." in words(app)


def test_a_group_pools_its_runs(start: Start, tmp_path: Path) -> None:
    for seed in (1, 2, 3):
        write_monitor(tmp_path / f"ppo_seed_{seed}", [float(seed)] * 100)
    app = start(tmp_path, page="quantiles", link=SEEDS)
    assert not app.exception
    (fan,) = fans(app)
    assert "3 runs pooled." in words(app)
    assert fan.data["hover"]["n"].sum() == 300
    assert set(fan.data["line"]["value"]) == {2.0}


def test_a_group_is_drawn_from_what_all_of_its_runs_have(start: Start, tmp_path: Path) -> None:
    write_monitor(tmp_path / "ppo_seed_1", [1.0] * 100)
    write_sb3(tmp_path / "ppo_seed_2", [3.0] * 30)
    app = start(tmp_path, page="quantiles", link={"curves_group": "Framework"})
    assert not app.exception
    assert "Not all of its runs have samples." in words(app)
    assert "logged values of Reward" in words(app)


def test_the_stretch_is_the_last_fifth_and_then_that_of_the_link(start: Start, tmp_path: Path) -> None:
    write_monitor(tmp_path / "a", list(range(100)))
    write_monitor(tmp_path / "b", [value + 50 for value in range(100)])
    app = start(tmp_path, page="quantiles", link=RUN_BY_RUN)
    assert app.slider[0].value == (802, 1_000)
    ecdf = next(chart for chart in charts(app) if "stairs" in chart.data)
    stairs = ecdf.data["stairs"].filter(pl.col("label") == "a")
    # Stairs reach over the whole axis, before the first value and behind the last.
    assert stairs["value"].to_list()[1:-1] == [float(value) for value in range(80, 100)]
    link = {**RUN_BY_RUN, "quantiles_stretch": ["200", "400"]}
    app = start(tmp_path, page="quantiles", link=link)
    assert not app.exception
    assert app.slider[0].value == (200, 400)
    ecdf = next(chart for chart in charts(app) if "stairs" in chart.data)
    stairs = ecdf.data["stairs"].filter(pl.col("label") == "a")
    inner = stairs.filter((pl.col("share") > 0) & (pl.col("share") < 1))
    assert inner["value"].to_list() == [float(value) for value in range(19, 39)]
    assert "42 episodes of training, at env steps 200 to 400." in words(app)
    view = fans(app)[0].data["view"]
    assert view.select("s0", "s1").row(0) == (200, 400)


def test_other_runs_keep_a_stretch_that_was_chosen(start: Start, tmp_path: Path) -> None:
    write_monitor(tmp_path / "a", list(range(100)))
    write_monitor(tmp_path / "b", list(range(50)))
    app = start(tmp_path, page="quantiles", link={**RUN_BY_RUN, "runs": ["a"]})
    assert app.slider[0].value == (802, 1_000)
    app.multiselect("runs").set_value(["b"]).run()
    assert app.slider[0].value == (402, 500), "not moved: the last fifth again"
    app.slider("quantiles_stretch").set_value((100, 300)).run()
    app.multiselect("runs").set_value(["a"]).run()
    assert app.slider[0].value == (100, 300), "moved: kept"
    assert not app.exception


def test_a_run_that_ended_early_is_named_and_not_what_all_are_compared_at(start: Start, tmp_path: Path) -> None:
    for run, n in (("a", 100), ("b", 100), ("crashed", 10)):
        write_monitor(tmp_path / run, list(range(n)))
    app = start(tmp_path, page="quantiles", link=RUN_BY_RUN)
    assert app.slider[0].value[1] == 1_000
    assert "Nothing there of crashed." in words(app)


def test_more_than_six_are_chosen_from(start: Start, tmp_path: Path) -> None:
    for run in "abcdefgh":
        write_monitor(tmp_path / run, [1.0] * 30)
    app = start(tmp_path, page="quantiles", link=RUN_BY_RUN)
    assert not app.exception
    assert [title(fan) for fan in fans(app)] == ["a", "b", "c", "d", "e", "f"]
    app.multiselect("quantiles_panels").set_value(["h", "b"]).run()
    assert sorted(title(fan) for fan in fans(app)) == ["b", "h"]


def test_units_of_steps_do_not_share_an_axis(start: Start, tmp_path: Path) -> None:
    write_monitor(tmp_path / "a", [1.0] * 60)
    write_monitor(tmp_path / "b", [1.0] * 60)
    write_verl(tmp_path / "c.jsonl", [{"critic/score/mean": 1.0}] * 60)
    app = start(tmp_path, page="quantiles", link=RUN_BY_RUN)
    assert not app.exception
    assert [title(fan) for fan in fans(app)] == ["a", "b"]
    assert "Not on this axis: 1 run by steps. Choose them in the sidebar" in words(app)
    app.selectbox("quantiles_unit").set_value("steps").run()
    assert not app.exception
    assert [title(fan) for fan in fans(app)] == ["c.jsonl"]


def test_logged_values_instead_of_samples(start: Start, tmp_path: Path) -> None:
    write_monitor(tmp_path / "a", [float(i % 3) for i in range(120)])
    app = start(tmp_path, page="quantiles", link={**RUN_BY_RUN, "quantiles_values": "Logged values"})
    assert not app.exception
    assert "120 logged values of Reward, not of single samples" in words(app)


def test_two_are_measured_against_each_other(start: Start, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    write_monitor(tmp_path / "a", rng.normal(0, 1, 500).tolist())
    write_monitor(tmp_path / "b", rng.normal(2, 1, 500).tolist())
    app = start(tmp_path, page="quantiles", link={**RUN_BY_RUN, "quantiles_tab": "A against B"})
    assert not app.exception
    assert "a and b: their distribution functions differ by up to 0." in words(app)
    assert "p ≤ 0.0005" in words(app)
    assert "blocks of 16 neighbouring env steps" in words(app)
    assert "It asks whether these two runs differ in this stretch by more than chance, not whether two methods do" in (
        words(app)
    )
    gap = next(chart for chart in charts(app) if "gap" in chart.data).data["gap"]
    assert 0.4 < gap["high"][0] - gap["low"][0] < 1
    app.selectbox("quantiles_b").set_value("a").run()
    assert not app.exception
    assert "Choose two different" in app.info[0].value


def test_the_median_run_is_named_and_drawn(start: Start, tmp_path: Path) -> None:
    for seed, level in ((1, 5.0), (2, 1.0), (3, 3.0)):
        write_sb3(tmp_path / f"ppo_seed_{seed}", [level] * 40)
    app = start(tmp_path, page="quantiles", link={**SEEDS, "quantiles_tab": "Between runs"})
    assert not app.exception
    chart = next(chart for chart in charts(app) if "marked" in chart.data)
    assert "Dashed: the median run, ppo_seed_3, by its mean over env steps" in words(app)
    assert chart.data["marked"]["curve"].unique().to_list() == ["ppo_seed_3"]
    assert set(chart.data["line"]["value"]) == {3.0}
    assert set(chart.data["counts"]["n"]) == {3}
    inner = chart.data["bands"].filter(pl.col("band") == 0)
    assert (set(inner["lower"]), set(inner["upper"])) == ({2.0}, {4.0})
    assert chart.data["runs"]["curve"].n_unique() == 3


def test_how_many_runs_there_are_is_drawn_where_one_ends(start: Start, tmp_path: Path) -> None:
    for run, n in (("a", 40), ("b", 20), ("c", 40)):
        write_sb3(tmp_path / run, [1.0] * n)
    app = start(tmp_path, page="quantiles", link={**RUN_BY_RUN, "quantiles_tab": "Between runs"})
    assert not app.exception
    counts = next(chart for chart in charts(app) if "marked" in chart.data).data["counts"]
    assert counts["n"].to_list() == [3] * 20 + [2] * 20
    assert "Below: how many runs there are at each step" in words(app)


def test_a_heat_map_of_one_run(start: Start, tmp_path: Path) -> None:
    write_monitor(tmp_path / "a", [float(i) for i in range(300)])
    write_monitor(tmp_path / "b", [1.0] * 30)
    app = start(tmp_path, page="quantiles", link={**RUN_BY_RUN, "quantiles_tab": "Heat map"})
    assert not app.exception
    cells = next(chart for chart in charts(app) if "cells" in chart.data).data["cells"]
    assert cells["n"].sum() == 300
    app.selectbox("quantiles_run").set_value("b").run()
    cells = next(chart for chart in charts(app) if "cells" in chart.data).data["cells"]
    assert cells["n"].sum() == 30


def test_the_tails_of_samples(start: Start, tmp_path: Path) -> None:
    for seed, low in ((1, 0.0), (2, -8.0)):
        write_monitor(tmp_path / f"ppo_seed_{seed}", [low] * 20 + [2.0] * 80, length=25)
    app = start(
        tmp_path, page="quantiles", link={**SEEDS, "quantiles_tab": "Tails", "quantiles_stretch": ["20", "2500"]}
    )
    assert not app.exception
    (row,) = app.dataframe[0].value.to_dict("records")
    assert row["Samples"] == 200
    assert row["Truncated"] == "100 % at 25"
    assert row["Reward of zero"] == "10 %"
    assert row["Worst 5 % of rewards"] == "-8"
    assert row["Worst run"] == "ppo_seed_2 (0)"


def test_the_share_that_was_logged_where_samples_tell_none(start: Start, tmp_path: Path) -> None:
    write_verl(
        tmp_path / "a.jsonl", [{"critic/score/mean": 1.0, "response_length/clip_ratio": 0.25} for _ in range(30)]
    )
    app = start(tmp_path, page="quantiles", link={**RUN_BY_RUN, "quantiles_tab": "Tails"})
    assert not app.exception
    table = app.dataframe[0].value
    assert list(table["Truncated"]) == ["25 % (response_length/clip_ratio)"]
    assert list(table["Reward of zero"]) == ["–"]


def test_nan_is_left_out_and_said(start: Start, tmp_path: Path) -> None:
    write_monitor(tmp_path / "a", [1.0, float("nan"), float("inf"), *([2.0] * 50)])
    app = start(tmp_path, page="quantiles", link=RUN_BY_RUN)
    assert not app.exception
    assert "2 values NaN or infinite: left out." in words(app)


def test_nothing_but_nan_is_nothing_to_show(start: Start, tmp_path: Path) -> None:
    write_verl(tmp_path / "b.jsonl", [{"critic/score/mean": float("nan")}] * 9)
    app = start(tmp_path, page="quantiles", link=RUN_BY_RUN)
    assert not app.exception
    assert "There is nothing to show of this quantity." in app.info[0].value


def test_names_are_text(start: Start, tmp_path: Path) -> None:
    name = "**a** <b>b</b> [c](d)"
    write_monitor(tmp_path / name, [1.0] * 40)
    write_monitor(tmp_path / "other", [1.0] * 10)
    app = start(tmp_path, page="quantiles", link={**RUN_BY_RUN, "quantiles_tab": "A against B"})
    assert not app.exception
    assert "<b>b</b>" not in notes(app)


@pytest.mark.parametrize("tab", ["Distributions", "A against B", "Between runs", "Heat map", "Tails"])
def test_every_tab_with_one_value(start: Start, tmp_path: Path, tab: str) -> None:
    write_verl(tmp_path / "a.jsonl", [{"critic/score/mean": 1.0}])
    app = start(tmp_path, page="quantiles", link={**RUN_BY_RUN, "quantiles_tab": tab})
    assert not app.exception
    assert fans(app)[0].data["dots"]["value"].to_list() == [1.0]


def test_an_empty_folder_tells_the_next_action(start: Start, tmp_path: Path) -> None:
    app = start(tmp_path, page="quantiles")
    assert not app.exception
    assert "No runs found" in app.info[0].value


def test_a_broken_log_says_where_to_look(start: Start, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "events.out.tfevents.1").write_bytes(b"\x00\x01")
    app = start(tmp_path, page="quantiles")
    assert not app.exception
    assert "logged nothing yet" in app.info[0].value


@pytest.mark.parametrize("tab", ["Distributions", "A against B", "Between runs", "Heat map", "Tails"])
def test_every_tab_of_the_demo(start: Start, tab: str) -> None:
    app = start(demo_folder(), page="quantiles", link={"quantiles_tab": tab, "quantiles_unit": "steps"})
    assert not app.exception
    assert [title(fan) for fan in fans(app)] == ["grpo-length-penalty", "grpo-no-penalty"]
    assert "1,152 samples of training, 192 at each of 6 steps. 3 runs pooled." in words(app)


@needs_shared_data
def test_public_logs(start: Start) -> None:
    log = "verl/Unakar_Logic-RL/verl_demo_from_notebook_cell15.log"
    app = start(SHARED_DATA, page="quantiles", link={**RUN_BY_RUN, "runs": [log]})
    assert not app.exception
    assert "as logged at 61 steps (critic/score/min, critic/score/max)" in words(app)
    zoo = [f"sb3-zoo/DLR-RM_rl-trained-agents/{name}/Acrobot-v1_1" for name in ("a2c", "ppo")]
    app = start(SHARED_DATA, page="quantiles", link={**RUN_BY_RUN, "runs": zoo})
    assert not app.exception
    assert "5,487 episodes of training" in words(app)
    assert "11,831 episodes of training" in words(app)
