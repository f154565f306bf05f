"""Places on the x axis."""

from __future__ import annotations

import polars as pl
import pytest

from rlcompare.errors import ParameterError
from rlcompare.transforms import place_on_axis
from tests.transforms.made_curves import curves_of

STARTED = pl.DataFrame(
    {"run": ["a", "b"], "started": [1_699_999_990.0, None]}, schema_overrides={"started": pl.Float64}
)


def test_step() -> None:
    assert place_on_axis(curves_of({"a": [5.0, 6.0]}), "step", STARTED)["x"].to_list() == [0.0, 1.0]


def test_relative_time_counts_from_the_run_s_first_record() -> None:
    assert place_on_axis(curves_of({"a": [5.0, 6.0]}), "relative", STARTED)["x"].to_list() == [10.0, 20.0]


def test_wall_time() -> None:
    placed = place_on_axis(curves_of({"a": [5.0, 6.0]}), "wall", STARTED)
    assert placed["x"].to_list() == [1_700_000_000.0, 1_700_000_010.0]


@pytest.mark.parametrize("axis", ["relative", "wall"])
def test_a_value_without_a_time_has_no_place_on_a_time_axis(axis: str) -> None:
    untimed = curves_of({"b": [1.0]}).with_columns(wall_time=pl.lit(None, pl.Float64))
    both = pl.concat([curves_of({"a": [5.0]}), untimed])
    assert place_on_axis(both, axis, STARTED)["run"].to_list() == ["a"]  # type: ignore[arg-type]
    assert place_on_axis(both, "step", STARTED)["run"].to_list() == ["a", "b"]


def test_an_unknown_axis_is_refused() -> None:
    with pytest.raises(ParameterError, match="step, relative, wall; got 'epoch'"):
        place_on_axis(curves_of({"a": [1.0]}), "epoch", STARTED)  # type: ignore[arg-type]
