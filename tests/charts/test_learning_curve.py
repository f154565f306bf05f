"""The learning curve: its encodings, and that each field stands in the data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest

from rlcompare.charts.curve_axes import STRIP, STRIP_GAP, LegendText, XAxis, YAxis
from rlcompare.charts.curve_layers import DASH
from rlcompare.charts.learning_curve import (
    HEIGHT,
    LEGEND_LINES,
    LEGEND_ROW,
    CurveFrames,
    Look,
    SideFrames,
    learning_curve,
)
from tests.charts.specs import fields, flat, layer

LINE = {"label": ["a", "a"], "curve": ["a", "a"], "x": [0.0, 1.0], "value": [1.0, None]}
BAND = {"lower": [0.0, 1.0], "upper": [2.0, 3.0]}
NOTE = pl.DataFrame({"label": ["a"], "run": ["a"], "x": [1.0], "value": [1.0], "text": ["restarted"]})
PLAIN, FULL = Look(), Look(bands=True, faint=True, strip=True, notes=True)
STEP = XAxis("Step", is_whole=True)
REWARD, KL = YAxis("Reward (solid)"), YAxis("KL (dashed)")


def side(look: Look) -> SideFrames:
    own = {**BAND, "n": [3, 3]} if look.bands else {"logged": [1.0, 2.0]}
    return SideFrames(
        lines=pl.DataFrame(LINE),
        faint=pl.DataFrame(LINE),
        bands=pl.DataFrame({**{name: LINE[name] for name in ("label", "curve", "x")}, **BAND}),
        dots=pl.DataFrame(LINE).drop("curve"),
        marks=pl.DataFrame({"label": ["a"], "run": ["a"], "x": [1.0], "kind": ["NaN"]}),
        hover=pl.DataFrame({**LINE, **own}).drop("curve"),
    )


def frames(look: Look) -> CurveFrames:
    view = pl.DataFrame({"x0": [0.0], "x1": [1.0], "y0": [0.0], "y1": [3.0], "r0": [0.0], "r1": [1.0]})
    counts = pl.DataFrame({"label": ["a"], "x": [0.0], "n": [3]})
    return CurveFrames(view, side(look), side(look), NOTE, NOTE, NOTE, counts)


def spec(
    x_axis: XAxis = STEP,
    lines: Sequence[str] = ("a", "b"),
    left: YAxis = REWARD,
    right: YAxis | None = None,
    look: Look = PLAIN,
) -> dict[str, Any]:
    found: dict[str, Any] = learning_curve(
        title="Reward", x_axis=x_axis, left=left, right=right, domain=lines, legend=lines, look=look
    ).to_dict()
    return found


def numbered(n: int) -> list[str]:
    return [f"{i}" for i in range(n)]


def params(chart: dict[str, Any]) -> dict[str, Any]:
    return {param["name"]: param for param in chart["params"]}


@pytest.mark.parametrize("bands", [False, True])
@pytest.mark.parametrize("right", [None, KL])
def test_each_layer_names_columns_of_its_data(bands: bool, right: YAxis | None) -> None:
    look = Look(bands=bands, faint=True, strip=True, notes=True)
    datasets = frames(look).datasets()
    used = set()
    for drawn in flat(spec(right=right, look=look)):
        name = drawn["data"]["name"]
        used.add(name)
        assert fields(drawn.get("encoding", {})) <= set(datasets[name].columns), name
        if name != "view":
            assert {"x", "label"} <= fields(drawn["encoding"]), name
    unused = {name for name in datasets if name.startswith("right ")} if right is None else set()
    assert used == set(datasets) - unused - (set() if bands else {"left bands", "right bands"})


def test_only_what_is_asked_for_is_a_layer() -> None:
    assert [drawn["data"]["name"] for drawn in flat(spec())] == [
        "view",
        "left lines",
        "left dots",
        "left marks",
        "left marks",
        "left hover",
    ]


def test_lines_encode_the_label_by_colour_and_the_value_by_height() -> None:
    chart = spec(look=FULL)
    faint, lines = layer(chart, "left faint"), layer(chart, "left lines")
    for drawn in (faint, lines):
        encoding = drawn["encoding"]
        assert drawn["mark"]["type"] == "line"
        assert drawn["mark"]["order"] is False, "the order of the data, which is that of the training"
        assert (encoding["x"]["field"], encoding["x"]["type"]) == ("x", "quantitative")
        assert (encoding["y"]["field"], encoding["y"]["scale"]["zero"]) == ("value", False)
        assert encoding["color"]["field"] == "label"
        assert encoding["color"]["scale"] == {"domain": ["a", "b"]}
        assert encoding["detail"]["field"] == "curve"
        assert encoding["tooltip"] == {"value": None}
    opacities = [drawn["encoding"]["opacity"]["condition"][0]["value"] for drawn in (faint, lines)]
    assert opacities == [0.3, 1.0]
    assert faint["mark"]["strokeWidth"] < lines["mark"]["strokeWidth"]


def test_bands_fill_from_lower_to_upper() -> None:
    band = layer(spec(look=FULL), "left bands")
    assert band["mark"]["type"] == "area"
    assert (band["encoding"]["y"]["field"], band["encoding"]["y2"]["field"]) == ("lower", "upper")
    line = layer(spec(look=FULL), "left lines")
    assert band["encoding"]["y"]["scale"] == line["encoding"]["y"]["scale"]


def test_the_ends_of_the_axes_are_data() -> None:
    chart = spec(right=KL, look=FULL)
    for name in ("left lines", "left hover", "right lines", "counts", "restarts"):
        ends = layer(chart, name)["encoding"]["x"]["scale"]["domain"]
        assert ends == [{"expr": "data('view')[0].x0"}, {"expr": "data('view')[0].x1"}]
    left, right = (layer(chart, f"{side} lines")["encoding"]["y"]["scale"] for side in ("left", "right"))
    assert left["domain"] == [{"expr": "data('view')[0].y0"}, {"expr": "data('view')[0].y1"}]
    assert right["domain"] == [{"expr": "data('view')[0].r0"}, {"expr": "data('view')[0].r1"}]
    assert left["nice"] is right["nice"] is False
    assert layer(chart, "view")["mark"]["opacity"] == 0


def test_the_right_axis_is_independent_and_dashed() -> None:
    chart = spec(right=KL, look=Look(bands=True, faint=True))
    assert chart["resolve"] == {"scale": {"y": "independent"}}
    left, right = layer(chart, "left lines"), layer(chart, "right lines")
    assert right["mark"]["strokeDash"] == list(DASH)
    assert "strokeDash" not in left["mark"]
    assert [drawn["encoding"]["y"]["axis"]["orient"] for drawn in (left, right)] == ["left", "right"]
    assert [drawn["encoding"]["y"]["axis"]["grid"] for drawn in (left, right)] == [True, False]
    assert [drawn["encoding"]["y"]["title"] for drawn in (left, right)] == ["Reward (solid)", "KL (dashed)"]
    on_the_right = [d["data"]["name"].removeprefix("right ") for d in flat(chart) if "right" in d["data"]["name"]]
    assert on_the_right == ["bands", "faint", "lines", "dots", "marks", "marks", "hover"]


def test_one_line_a_side_gives_its_colour_to_the_title_of_its_axis() -> None:
    left, right = YAxis("Reward", color_of="Reward"), YAxis("it's", color_of="it's \\ here")
    chart = spec(lines=["Reward", "it's \\ here"], left=left, right=right)
    colors = [layer(chart, f"{side} lines")["encoding"]["y"]["axis"]["titleColor"] for side in ("left", "right")]
    assert colors == [{"expr": "scale('color', 'Reward')"}, {"expr": r"scale('color', 'it\'s \\ here')"}]
    assert "titleColor" not in layer(spec(), "left lines")["encoding"]["y"]["axis"]


def test_without_a_right_axis_the_title_of_the_chart_names_the_metric() -> None:
    chart = spec(left=YAxis())
    assert chart["title"]["text"] == "Reward"
    assert layer(chart, "left lines")["encoding"]["y"]["title"] is None


def test_the_strip_of_counts_has_the_foot_for_itself() -> None:
    chart = spec(look=Look(strip=True))
    counts = layer(chart, "counts")
    assert counts["mark"]["interpolate"] == "step-after"
    scale = counts["encoding"]["y"]["scale"]
    assert scale["domainMin"] == 0
    assert scale["range"] == [{"expr": "height"}, {"expr": f"height - {STRIP - STRIP_GAP}"}]
    above = layer(chart, "left lines")["encoding"]["y"]["scale"]["range"]
    assert above == [{"expr": f"height - {STRIP}"}, 0]
    assert chart["resolve"] == {"scale": {"y": "independent"}}
    assert layer(spec(), "left lines")["encoding"]["y"]["scale"]["range"] == [{"expr": "height"}, 0]


def test_logarithmic_axes() -> None:
    chart = spec(XAxis("Step", is_log=True), left=YAxis(is_log=True), right=KL)
    left, right = layer(chart, "left lines")["encoding"], layer(chart, "right lines")["encoding"]
    assert (left["x"]["scale"]["type"], left["y"]["scale"]["type"]) == ("log", "log")
    assert "zero" not in left["x"]["scale"]
    assert "zero" not in left["y"]["scale"]
    assert right["y"]["scale"]["type"] == "linear"
    assert layer(spec(), "left lines")["encoding"]["x"]["scale"]["type"] == "linear"


def test_dragging_marks_an_interval_of_x() -> None:
    zoom = params(spec(right=KL))["zoom"]
    assert zoom["select"] == {"type": "interval", "encodings": ["x"]}


def test_a_click_chooses_the_nearest_point() -> None:
    point = params(spec(right=KL))["point"]["select"]
    assert (point["type"], point["fields"], point["on"]) == ("point", ["label", "x"], "click")
    assert point["nearest"] is True
    hover = layer(spec(), "left hover")["encoding"]
    assert {"label", "x"} <= fields(hover)


def test_a_click_on_the_legend_highlights() -> None:
    chart = spec()
    assert params(chart)["highlight"]["bind"] == "legend"
    assert params(chart)["highlight"]["select"]["fields"] == ["label"]
    legend = layer(chart, "left lines")["encoding"]["color"]["legend"]
    assert legend["values"] == ["a", "b"]
    assert legend["symbolLimit"] == 0


def test_many_lines_have_no_legend_and_are_thinner() -> None:
    few, many = spec(lines=["a"]), spec(lines=numbered(LEGEND_LINES + 1))
    assert layer(many, "left lines")["encoding"]["color"]["legend"] is None
    assert layer(many, "left lines")["mark"]["strokeWidth"] < layer(few, "left lines")["mark"]["strokeWidth"]
    assert "bind" not in params(many)["highlight"]
    assert params(many)["highlight"]["select"]["on"] == "click"


def test_the_legend_fits_into_the_chart() -> None:
    heights = [spec(lines=numbered(n))["height"] for n in (1, LEGEND_LINES, LEGEND_LINES + 1)]
    assert heights[0] == heights[2] == HEIGHT
    assert heights[1] >= LEGEND_LINES * LEGEND_ROW


@pytest.mark.parametrize(("n", "columns", "rows"), [(1, 1, 1), (3, 1, 3), (4, 2, 2), (7, 2, 4)])
def test_beside_other_charts_the_legend_goes_below(n: int, columns: int, rows: int) -> None:
    chart = spec(lines=numbered(n), look=Look(narrow=True))
    legend = layer(chart, "left lines")["encoding"]["color"]["legend"]
    assert (legend["orient"], legend["columns"]) == ("bottom", columns)
    assert chart["height"] == HEIGHT + rows * LEGEND_ROW
    wide = layer(spec(lines=numbered(n)), "left lines")["encoding"]["color"]["legend"]
    assert (wide["orient"], wide["columns"]) == ("right", 1)


def test_dates() -> None:
    x = layer(spec(XAxis("Wall time", is_date=True)), "left lines")["encoding"]["x"]
    assert (x["type"], x["title"], x["scale"]["type"]) == ("temporal", "Wall time", "time")


def test_what_is_no_number_is_marked_at_the_edges() -> None:
    upper, lower = (drawn for drawn in flat(spec()) if drawn["data"]["name"] == "left marks")
    assert (upper["encoding"]["y"], lower["encoding"]["y"]) == ({"value": {"expr": "0"}}, {"value": {"expr": "height"}})
    assert upper["transform"] == [{"filter": "(datum.kind === '+inf')"}]
    assert lower["transform"] == [{"filter": "(!(datum.kind === '+inf'))"}]
    above_strip = [drawn for drawn in flat(spec(look=Look(strip=True))) if drawn["data"]["name"] == "left marks"][1]
    assert above_strip["encoding"]["y"] == {"value": {"expr": f"height - {STRIP}"}}


def test_notes_stand_where_they_belong() -> None:
    chart = spec(look=FULL)
    restart, end, silent = (layer(chart, name) for name in ("restarts", "ends", "silent"))
    assert restart["mark"]["type"] == "rule"
    assert restart["encoding"]["y"] == {"value": 0}
    assert restart["encoding"]["y2"] == {"value": {"expr": f"height - {STRIP}"}}
    assert (end["mark"]["type"], end["mark"]["filled"]) == ("point", True)
    assert end["encoding"]["y"]["field"] == silent["encoding"]["y"]["field"] == "value"
    assert silent["encoding"]["text"]["field"] == "text"


def test_only_hover_points_marks_and_notes_answer_to_the_pointer() -> None:
    chart = spec(right=KL, look=FULL)
    answering = {d["data"]["name"] for d in flat(chart) if isinstance(d.get("encoding", {}).get("tooltip"), list)}
    assert answering == {"left marks", "left hover", "right marks", "right hover", "restarts", "ends", "silent"}
    for drawn in flat(chart):
        if drawn["data"]["name"] not in {*answering, "view"}:
            assert drawn["encoding"]["tooltip"] == {"value": None}


def test_hover_tells_the_band_and_how_many_runs_it_is_of() -> None:
    told = [
        [tooltip["field"] for tooltip in layer(spec(look=look), "left hover")["encoding"]["tooltip"]]
        for look in (PLAIN, FULL)
    ]
    assert told == [["label", "x", "value", "logged"], ["label", "x", "value", "lower", "upper", "n"]]


def test_drawn_on_a_canvas() -> None:
    assert spec()["usermeta"] == {"embedOptions": {"renderer": "canvas"}}


@pytest.mark.parametrize("name", ["a.b[0]", "<script>", "**bold**", "a'b\"c\\"])
def test_names_stand_in_the_specification_as_they_are(name: str) -> None:
    found = learning_curve(
        title=name, x_axis=STEP, left=YAxis(name), right=None, domain=[name], legend=[name], look=PLAIN
    ).to_dict()
    assert found["title"]["text"] == name
    encoding = layer(found, "left lines")["encoding"]
    assert encoding["color"]["scale"]["domain"] == [name]
    assert encoding["y"]["title"] == name


def test_differences_are_read_against_a_line_at_zero() -> None:
    chart = spec(look=Look(zero=True))
    rule = next(one for one in flat(chart) if one.get("encoding", {}).get("y", {}).get("field") == "zero")
    assert rule["mark"]["type"] == "rule"
    assert rule["data"]["name"] == "view"
    assert rule["encoding"]["y"]["scale"] == layer(chart, "left lines")["encoding"]["y"]["scale"]


@pytest.mark.parametrize("name", ["ppo", 'it\'s "5\\n" % of {a}', "</script>"])
def test_the_legend_names_the_band_and_says_of_how_many_runs(name: str) -> None:
    text = LegendText("Mean, 95 % Student-t interval", ((name, f"{name} (n = 3)"),))
    found = learning_curve(
        title="Reward", x_axis=STEP, left=YAxis(), domain=[name], legend=[name], legend_text=text, look=Look()
    ).to_dict()
    legend = layer(found, "left lines")["encoding"]["color"]["legend"]
    assert legend["title"] == "Mean, 95 % Student-t interval"
    said, _, rest = legend["labelExpr"].removeprefix("(").rpartition(")")
    assert rest == "[datum.label]"
    assert json.loads(said) == {name: f"{name} (n = 3)"}
