"""The kinds of smoothing: one registry for the page, the library and the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from rlcompare.curves import Floats
from rlcompare.transforms import moving
from rlcompare.transforms.gaussian import gaussian_within, smooth_gaussian

#: What a width is counted in: points, or the unit of the x axis.
WidthUnit = Literal["points", "axis"]

#: Of a width on the x axis: between them no quotient of a place and a width overflows.
NARROWEST, WIDEST = 1e-9, 1e18


@dataclass(frozen=True)
class Smoother:
    """One kind of smoothing.

    Parameters
    ----------
    kind : str
        Its name in a URL and on the command line.
    title : str
        Its name on the screen.
    width_name : str
        What its width is called on the screen; empty if it has none.
    default_width : float
        In the first of its units.
    accepts : callable (width) -> bool
        Whether the width, in the first of its units, is in range.
    expects : str
        The range of the width, in words.
    apply : dict of unit to callable (finite values of one curve, their x, width) -> as many values
    describe : callable (width, name of the unit) -> str
        What it does to a curve, as a sentence for a caption. The name is ``"points"`` or what the x axis counts, such
        as ``"env steps"`` or ``"minutes"``.
    is_causal : bool
        It looks back only, so that more data never changes what was drawn.
    idle_width : float or None
        The width in points that changes nothing.
    """

    kind: str
    title: str
    width_name: str
    default_width: float
    accepts: Callable[[float], bool]
    expects: str
    apply: Mapping[WidthUnit, Callable[[Floats, Floats, float], Floats]]
    describe: Callable[[float, str], str]
    is_causal: bool = True
    idle_width: float | None = None

    @property
    def units(self) -> tuple[WidthUnit, ...]:
        """What its width may be counted in, the usual one first."""
        return tuple(self.apply)


def _is_count(width: float) -> bool:
    return width >= 1 and width % 1 == 0


def is_length(width: float) -> bool:
    """Tell whether a width can be one in the unit of the x axis."""
    return NARROWEST <= width <= WIDEST


LENGTH = f"a width from {NARROWEST:g} to {WIDEST:g} in the unit of the x axis"


def _number(width: float) -> str:
    return f"{width:,.0f}" if width % 1 == 0 else f"{width:,g}"


def _describe_ema(weight: float, _unit: str) -> str:
    span = f"about the last {1 / (1 - weight):,.0f} points" if weight >= 0.5 else "mostly the newest point"
    return (
        f"Exponential moving average over points, weight {weight:g}: each value is {weight:g} × the average before it "
        f"+ {1 - weight:.6g} × the new point, corrected for its start; {span} count."
    )


def _describe_mean(width: float, unit: str) -> str:
    if width == 1 and unit == "points":
        return "Moving average of 1 point: no smoothing."
    return f"Moving average: the mean of the last {_number(width)} {unit}, of fewer at the start."


def _describe_centered(width: float, unit: str) -> str:
    if unit == "points":
        return f"Centred moving average: the mean of each point and up to {_number(width)} on either side."
    return f"Centred moving average: the mean of the points up to {_number(width / 2)} {unit} away on either side."


SMOOTHERS: dict[str, Smoother] = {
    smoother.kind: smoother
    for smoother in (
        Smoother(
            kind="none",
            title="None",
            width_name="",
            default_width=0.0,
            accepts=lambda width: width == 0,
            expects="no width",
            apply={"points": lambda values, _x, _width: values},
            describe=lambda _width, _unit: "No smoothing.",
            idle_width=0.0,
        ),
        Smoother(
            kind="ema",
            title="EMA",
            width_name="Weight",
            default_width=0.6,  # TensorBoard's; more would bend curves of a few dozen points out of shape
            accepts=lambda width: 0 <= width < 1,
            expects="a weight from 0 (no smoothing) to below 1",
            apply={"points": lambda values, _x, weight: moving.smooth_ema(values, weight)},
            describe=_describe_ema,
            idle_width=0.0,
        ),
        Smoother(
            kind="twema",
            title="Time-weighted EMA",
            width_name="Half-life",
            default_width=200,
            accepts=is_length,
            expects=LENGTH,
            apply={"axis": moving.smooth_twema},
            describe=lambda half_life, unit: (
                f"Exponential moving average over the x axis, half-life {_number(half_life)} {unit}: a point that far "
                f"back counts half as much as the newest, corrected for its start."
            ),
        ),
        Smoother(
            kind="mean",
            title="Mean",
            width_name="Points",
            default_width=20,
            accepts=_is_count,
            expects="a whole number of points, at least 1",
            apply={
                "points": lambda values, _x, width: moving.smooth_mean(values, int(width)),
                "axis": moving.mean_within,
            },
            describe=_describe_mean,
            idle_width=1.0,
        ),
        Smoother(
            kind="median",
            title="Median",
            width_name="Points",
            default_width=20,
            accepts=_is_count,
            expects="a whole number of points, at least 1",
            apply={
                "points": lambda values, _x, width: moving.smooth_median(values, int(width)),
                "axis": moving.median_within,
            },
            describe=lambda width, unit: (
                f"Moving median: the median of the last {_number(width)} {unit}, of fewer at the start. Lone spikes "
                f"vanish."
            ),
            idle_width=1.0,
        ),
        Smoother(
            kind="centered",
            title="Centred",
            width_name="Points on either side",
            default_width=10,
            accepts=_is_count,
            expects="a whole number of points on either side, at least 1",
            apply={
                "points": lambda values, _x, reach: moving.smooth_centered(values, int(reach)),
                "axis": moving.centered_within,
            },
            describe=_describe_centered,
            is_causal=False,
        ),
        Smoother(
            kind="gaussian",
            title="Gaussian",
            width_name="Standard deviation in points",
            default_width=5,
            accepts=lambda sigma: 0 < sigma < 1e6,
            expects="a standard deviation in points, above 0",
            apply={
                "points": lambda values, _x, sigma: smooth_gaussian(values, sigma),
                "axis": gaussian_within,
            },
            describe=lambda sigma, unit: (
                f"Gaussian: the mean of the points around each one, weighted by their distance with a standard "
                f"deviation of {_number(sigma)} {unit}."
            ),
            is_causal=False,
        ),
    )
}
