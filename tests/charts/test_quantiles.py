"""Charts of spread: every field they encode is in the data."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from rlcompare.charts.curve_axes import XAxis
from rlcompare.charts.distributions import DistributionLook, box_chart, ecdf_chart, histogram_chart
from rlcompare.charts.quantiles import FanLook, columns_of, fan_chart, heat_map_chart
from rlcompare.transforms.apart import apart
from rlcompare.transforms.fans import fan_of_values, heat_map
from rlcompare.transforms.stretches_of_steps import Values, values_of
from rlcompare.ui import quantile_frames, quantile_stages
from rlcompare.ui.quantile_stages import Stretch
from tests.charts.specs import fields, flat, layer

BANDS = ((0.25, 0.75), (0.05, 0.95))
LOOK = FanLook(
    XAxis("Env step", is_whole=True),
    "Reward",
    ("a", "b"),
    "episodes",
    (("n", "episodes"), ("center", "median"), ("lower0", "25 %"), ("upper1", "95 %")),
)


def made(seed: int, n: int = 900) -> Values:
    rng = np.random.default_rng(seed)
    return values_of(np.sort(rng.integers(0, 3_000, n)), rng.normal(seed, 1, n))


def check_fields(spec: dict[str, object], data: dict[str, pl.DataFrame]) -> None:
    for one in flat(spec):
        missing = fields(one.get("encoding", {})) - set(data[one["data"]["name"]].columns)
        assert not missing, (one["data"]["name"], missing)


@pytest.mark.parametrize("with_runs", [False, True])
def test_a_fan_draws_what_its_frames_hold(with_runs: bool) -> None:
    fan = fan_of_values([made(0)], BANDS)
    frames = quantile_frames.fan_frames(fan, "a")
    view = quantile_frames.shared_view([quantile_frames.fan_ends(fan)], Stretch(2_400, 3_000))
    nothing = frames["line"].clear()
    spec = fan_chart(LOOK if not with_runs else FanLook(**{**LOOK.__dict__, "with_runs": True})).to_dict()
    check_fields(spec, {**frames, "view": view, "runs": nothing, "marked": nothing})
    names = [one["data"]["name"] for one in flat(spec)]
    assert names.index("bands") < names.index("line") < names.index("hover")
    assert ("marked" in names) == with_runs
    assert layer(spec, "counts")["encoding"]["y"]["title"] == "episodes"
    assert spec["title"]["text"] == {"expr": "data('view')[0].title"}, "so that all charts have one specification"


def test_bands_lie_widest_first_and_hold_their_quantiles() -> None:
    fan = fan_of_values([made(0)], BANDS)
    bands = quantile_frames.fan_frames(fan, "a")["bands"]
    assert bands["band"].unique(maintain_order=True).to_list() == [1, 0]
    inner = bands.filter(pl.col("band") == 0)
    assert inner["lower"].to_list() == fan.lower[0].tolist()
    assert inner["upper"].to_list() == fan.upper[0].tolist()
    assert inner["x"].to_list() == ((fan.first + fan.last) / 2).tolist()


def test_a_single_stretch_is_drawn_upright() -> None:
    frames = quantile_frames.fan_frames(fan_of_values([values_of(np.ones(40, np.int64), np.arange(40.0))], BANDS), "a")
    assert frames["bands"].is_empty()
    assert frames["bars"].height == 2
    assert frames["dots"]["value"].to_list() == [19.5]


def test_axes_reach_over_all_charts_and_the_stretch_stays_within() -> None:
    view = quantile_frames.shared_view([((0, 100), (1, 2)), ((50, 300), (-1, 1))], Stretch(-50, 200)).row(0, named=True)
    assert (view["x0"], view["x1"]) == (-3, 303)
    assert (view["y0"], view["y1"]) == (pytest.approx(-1.12), pytest.approx(2.12))
    assert (view["s0"], view["s1"]) == (-3, 200)


def test_distributions_draw_what_their_frames_hold() -> None:
    runs = {"a": [made(0)], "b": [made(1)]}
    stretch = Stretch(0, 3_000)
    found = quantile_stages.compared.__wrapped__(runs, (), (), stretch, False)
    distance = apart(runs["a"], runs["b"])
    frames = quantile_frames.distribution_frames(found, distance)
    look = DistributionLook("Reward", "episodes", ("a", "b"), ("a", "b"))
    for chart in (ecdf_chart, histogram_chart, box_chart):
        check_fields(chart(look).to_dict(), frames)
    bins = frames["bins"].filter(pl.col("label") == "a")
    assert bins["n"].sum() == 900
    assert bins["share"].sum() == pytest.approx(1)
    assert bins.row(-1, named=True)["share"] == 0, "the outline returns to zero"
    assert distance is not None
    gap = frames["gap"].row(0, named=True)
    # Distribution functions are drawn at a thousand of their places.
    assert gap["high"] - gap["low"] == pytest.approx(distance.distance.ks, abs=2e-3)
    boxes = frames["boxes"].row(0, named=True)
    assert boxes["p50"] == pytest.approx(np.median(runs["a"][0].value))
    assert boxes["p95"] == pytest.approx(np.quantile(runs["a"][0].value, 0.95))


def test_without_outliers_the_axis_is_shorter_and_shares_stay_true() -> None:
    values = np.concatenate([np.linspace(0, 1, 998), [-1_000.0, 1_000]])
    runs = {"a": [values_of(np.arange(1_000), values)]}
    found = quantile_stages.compared.__wrapped__(runs, (), (), Stretch(0, 999), True)
    assert -0.1 < found.low < found.high < 1.1
    assert found.n_outside == 1_000 - found.counts.sum() == 20
    frames = quantile_frames.distribution_frames(found)
    assert frames["bins"]["share"].sum() == pytest.approx(0.98)


def test_a_heat_map_draws_every_value() -> None:
    run = made(2)
    frames = quantile_frames.heat_frames(heat_map([run]), fan_of_values([run], []))
    check_fields(heat_map_chart("Step", "Reward", "episodes").to_dict(), frames)
    cells = frames["cells"]
    assert cells["n"].sum() == 900
    assert cells.group_by("x0").agg(pl.col("share").sum())["share"].to_list() == pytest.approx(
        [1.0] * cells["x0"].n_unique()
    )
    assert (cells["x1"] - cells["x0"]).unique().len() == 1


def test_cells_of_sparse_steps_reach_to_each_other() -> None:
    run = values_of(np.repeat([50, 100, 150], 40), np.tile(np.arange(40.0), 3))
    cells = quantile_frames.heat_frames(heat_map([run]), fan_of_values([run], []))["cells"]
    assert cells.select("x0", "x1").unique().sort("x0").rows() == [(25, 75), (75, 125), (125, 175)]


def test_charts_stand_side_by_side() -> None:
    assert [columns_of(n) for n in range(1, 7)] == [1, 2, 3, 2, 3, 3]


def test_long_names_stand_in_one_column_below() -> None:
    short = DistributionLook("Reward", "episodes", (), tuple("abcdef"))
    long = DistributionLook("Reward", "episodes", (), tuple(f"{label} {'x' * 30}" for label in "abcdef"))
    assert ecdf_chart(short).height < ecdf_chart(long).height
    assert layer(ecdf_chart(long).to_dict(), "stairs")["encoding"]["color"]["legend"]["columns"] == 1
