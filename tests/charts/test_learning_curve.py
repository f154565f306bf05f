"""The learning curve: its encodings, and that each field stands in the data."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from rlcompare.charts.learning_curve import LEGEND_RUNS, CurveFrames, XAxis, learning_curve

LINE = {"run": ["a", "a"], "x": [0.0, 1.0], "value": [1.0, None]}
FRAMES = CurveFrames(
    lines=pl.DataFrame(LINE),
    raw=pl.DataFrame(LINE),
    dots=pl.DataFrame(LINE),
    marks=pl.DataFrame({"run": ["a"], "x": [1.0], "kind": ["NaN"]}),
    hover=pl.DataFrame({**LINE, "logged": [1.0, 2.0]}),
)
STEP = XAxis("Step", is_whole=True)


def spec(x_axis: XAxis = STEP, runs: list[str] | None = None) -> dict[str, Any]:
    runs = runs or ["a", "b"]
    found: dict[str, Any] = learning_curve(title="Reward", x_axis=x_axis, domain=runs, legend=runs).to_dict()
    return found


def fields(encoding: Any) -> set[str]:
    """Every field an encoding names, in tooltips and conditions too."""
    if isinstance(encoding, dict):
        own = {encoding["field"]} if isinstance(encoding.get("field"), str) else set()
        return own.union(*(fields(part) for part in encoding.values()), set())
    return set().union(*(fields(part) for part in encoding)) if isinstance(encoding, list) else set()


def test_each_layer_names_columns_of_its_data() -> None:
    datasets = FRAMES.datasets()
    used = set()
    for layer in spec()["layer"]:
        name = layer["data"]["name"]
        used.add(name)
        assert fields(layer["encoding"]) <= set(datasets[name].columns)
        assert {"x", "run"} <= fields(layer["encoding"])
    assert used == set(datasets)


def test_lines_encode_the_run_by_colour_and_the_value_by_height() -> None:
    raw, lines = (layer for layer in spec()["layer"] if layer["mark"]["type"] == "line")
    assert (raw["data"]["name"], lines["data"]["name"]) == ("raw", "lines")
    for layer in (raw, lines):
        encoding = layer["encoding"]
        assert (encoding["x"]["field"], encoding["x"]["type"]) == ("x", "quantitative")
        assert (encoding["y"]["field"], encoding["y"]["scale"]) == ("value", {"zero": False})
        assert encoding["color"]["field"] == "run"
        assert encoding["color"]["scale"] == {"domain": ["a", "b"]}
        assert encoding["tooltip"] == {"value": None}
    opacities = [layer["encoding"]["opacity"]["condition"][0]["value"] for layer in (raw, lines)]
    assert opacities == [0.25, 1.0]


def test_a_click_on_the_legend_highlights() -> None:
    params = {param["name"]: param for param in spec()["params"]}
    assert params["highlight"]["bind"] == "legend"
    assert params["highlight"]["select"]["fields"] == ["run"]
    legend = spec()["layer"][0]["encoding"]["color"]["legend"]
    assert legend["values"] == ["a", "b"]
    assert legend["symbolLimit"] == 0


def test_many_runs_have_no_legend_and_thinner_lines() -> None:
    few, many = spec(runs=["a"]), spec(runs=[f"{i}" for i in range(LEGEND_RUNS + 1)])
    assert many["layer"][1]["encoding"]["color"]["legend"] is None
    assert many["layer"][1]["mark"]["strokeWidth"] < few["layer"][1]["mark"]["strokeWidth"]
    params = {param["name"]: param for param in many["params"]}
    assert "bind" not in params["highlight"]
    assert params["highlight"]["select"]["on"] == "click"


def test_the_legend_fits_into_the_chart() -> None:
    heights = [spec(runs=[f"{i}" for i in range(n)])["height"] for n in (1, LEGEND_RUNS, LEGEND_RUNS + 1)]
    assert heights[0] == heights[2] < heights[1]


def test_dates() -> None:
    encoding = spec(XAxis("Wall time", is_date=True))["layer"][1]["encoding"]
    assert (encoding["x"]["type"], encoding["x"]["title"]) == ("temporal", "Wall time")


def test_what_is_no_number_is_marked_at_the_edges() -> None:
    upper, lower = (layer for layer in spec()["layer"] if layer["data"]["name"] == "marks")
    assert (upper["encoding"]["y"], lower["encoding"]["y"]) == ({"value": 0}, {"value": "height"})
    assert "+inf" in upper["transform"][0]["filter"]


def test_only_hover_points_answer_to_the_pointer() -> None:
    answering = [layer["data"]["name"] for layer in spec()["layer"] if isinstance(layer["encoding"]["tooltip"], list)]
    assert answering == ["marks", "marks", "hover"]


def test_drawn_on_a_canvas() -> None:
    assert spec()["usermeta"] == {"embedOptions": {"renderer": "canvas"}}


@pytest.mark.parametrize("name", ["a.b[0]", "<script>", "**bold**", "a'b\"c\\"])
def test_names_stand_in_the_specification_as_they_are(name: str) -> None:
    found = learning_curve(title=name, x_axis=STEP, domain=[name], legend=[name]).to_dict()
    assert found["title"]["text"] == name
    assert found["layer"][0]["encoding"]["color"]["scale"]["domain"] == [name]
