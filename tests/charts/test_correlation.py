"""Encodings of the charts of the Correlation page: each field is in the data that the page gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rlcompare.charts.correlation import (
    FACET_WIDTHS,
    Colored,
    Lines,
    Names,
    binned_scatter,
    lag_chart,
    rolling_chart,
    scatter,
)
from rlcompare.charts.correlation_matrix import correlation_matrix_chart
from rlcompare.charts.length_and_reward import gain_chart, lengths_chart, within_chart
from rlcompare.transforms.leads import Lead, Rolling
from rlcompare.transforms.pairs import Pair
from rlcompare.ui import correlation_frames as frames
from tests.charts.specs import fields, flat

NAMES = Names("Reward", "Length", "Step")
LINES = Lines(("a", "b"), ("a", "b"))
ONE = Lines(("a",), ("a",))
LABELS = {"a": "a", "b": "b"}


def pair(name: str, n: int) -> Pair:
    values = np.sin(np.arange(float(n)))
    return Pair(name, np.arange(n), np.full(n, np.nan), values, -values, n, n)


def encoded(spec: dict[str, Any], dataset: str) -> set[str]:
    """Every field that the layers of a dataset encode."""
    if "facet" in spec:
        return fields(spec["facet"]) | {spec["facet"]["field"]} | fields(spec["spec"]["encoding"])
    layers = flat(spec) if "layer" in spec else [spec]
    data = [layer.get("data", spec.get("data")) for layer in layers]
    found = [fields(layer["encoding"]) for layer, of in zip(layers, data, strict=True) if of["name"] == dataset]
    return set().union(*found)


@pytest.mark.parametrize("colored", ["run", "progress"])
@pytest.mark.parametrize("faceted", [False, True])
def test_a_scatter_draws_what_the_frame_has(colored: Colored, faceted: bool) -> None:
    few = frames.scattered([pair("a", 20), pair("b", 30)], LABELS)
    spec = scatter(NAMES, LINES, colored=colored, faceted=faceted, n_points=few.n).to_dict()
    assert encoded(spec, "points") <= set(few.frame.columns)
    many = frames.scattered([pair("a", 5_000), pair("b", 30)], LABELS)
    assert many.is_binned
    spec = binned_scatter(NAMES, LINES, colored=colored, faceted=faceted).to_dict()
    assert encoded(spec, "bins") <= set(many.frame.columns)
    if colored == "run":
        color = (spec["spec"] if faceted else spec)["encoding"]["color"]
        assert (color["field"], color["scale"]["type"]) == ("n", "log")


def test_facets_fit_a_page() -> None:
    for columns, width in FACET_WIDTHS.items():
        assert columns * width <= 830


def test_bins_hold_every_joint_step() -> None:
    found = frames.scattered([pair("a", 4_000), pair("b", 3_000)], LABELS)
    assert (found.n, found.is_binned, found.faceted) == (7_000, True, True)
    assert found.frame["n"].sum() == 7_000
    one = found.frame.filter(found.frame["label"] == "b")
    assert one["n"].sum() == 3_000
    assert (one["x0"] < one["x1"]).all()
    assert one["progress"].is_between(0, 1).all()


def test_equal_values_have_a_bin() -> None:
    flat_pair = Pair("a", np.arange(6_000), np.full(6_000, np.nan), np.full(6_000, 3.0), np.zeros(6_000), 6_000, 6_000)
    assert frames.scattered([flat_pair], LABELS).frame["n"].to_list() == [6_000]


def test_lines_along_a_training_and_by_lag() -> None:
    steps = np.arange(5)
    rolled = frames.rolled([Rolling("a", steps, steps + 9, np.array([0.1, np.nan, 0.3, 0.2, 0.1]), 0.4)], LABELS)
    spec = rolling_chart(NAMES, ONE, "r").to_dict()
    for name, frame in rolled.items():
        assert encoded(spec, name) <= set(frame.columns), name
    assert rolled["null"].row(0) == (-0.4, 0.4)
    assert rolled["lines"]["value"].to_list() == [0.1, None, 0.3, 0.2, 0.1]
    lags = np.arange(-2, 3)
    found = [
        Lead("a", lags, np.array([0, 0, 0, 0.9, 0.0]), 0.5, 1, (1, 1, 1)),
        Lead("b", lags, np.zeros(5), 0.6, None, (1, 1, 1)),
    ]
    lagged = frames.lagged(found, LABELS)
    spec = lag_chart(LINES, "r", "Lag").to_dict()
    for name, frame in lagged.items():
        assert encoded(spec, name) <= set(frame.columns), name
    assert lagged["peaks"].rows() == [("a", 1.0, 0.9)]
    assert lagged["null"].row(0) == (-0.6, 0.6)


def test_coefficients_keep_one_scale() -> None:
    for spec in (rolling_chart(NAMES, ONE, "r").to_dict(), lag_chart(ONE, "r", "Lag").to_dict()):
        domains = [
            layer["encoding"]["y"]["scale"]["domain"]
            for layer in flat(spec)
            if "scale" in layer["encoding"].get("y", {})
        ]
        assert domains
        assert all(domain == [-1, 1] for domain in domains)


def test_the_matrix_is_centred_at_zero_and_a_click_asks_for_a_pair() -> None:
    spec = correlation_matrix_chart(["a", "b", "c"], "Pearson's r").to_dict()
    (cell,) = spec["params"]
    assert (cell["name"], cell["select"]["fields"]) == ("cell", ["x", "y"])
    color = flat(spec)[0]["encoding"]["color"]
    domain, colors = color["scale"]["domain"], color["scale"]["range"]
    assert domain == [-place for place in reversed(domain)]
    assert len(colors) == len(domain)
    assert colors[domain.index(0)].endswith("0.07)"), "nearly transparent on any background"
    assert spec["layer"][0]["encoding"]["x"]["sort"] == ["a", "b", "c"]
    many = correlation_matrix_chart([str(i) for i in range(30)], "r").to_dict()
    assert len(flat(many)) == 1, "no numbers in small cells"


def test_charts_of_samples() -> None:
    told = {"first", "last", "x", "value", "lower", "upper", "n"}
    assert encoded(within_chart(("Within a step",), "Step").to_dict(), "stretches") <= told | {"basis"}
    assert encoded(lengths_chart("token", "Step").to_dict(), "lengths") <= told | {"answer"}
    assert encoded(gain_chart(("all", "longer", "better")).to_dict(), "parts") <= {"part", "value", "lower", "upper"}
