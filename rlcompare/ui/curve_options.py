"""What the visitor of the Curves page has chosen, as plain values: keys of caches, and the link's words for a range."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from rlcompare.charts.curve_axes import XAxis
from rlcompare.errors import ParameterError
from rlcompare.grouping import GroupBy
from rlcompare.transforms import Aggregation, Axis, Smoothing
from rlcompare.transforms.smoothing import NO_SMOOTHING

Restarts = Literal["later", "all", "segments"]
Workers = Literal["mean", "sum", "min", "max", "each"]


@dataclass(frozen=True)
class XChoice:
    """What the x axis counts: a place of the step or the clock, or a metric of the run."""

    axis: Axis | Literal["metric"] = "step"
    metric: str = ""

    @property
    def by_step(self) -> bool:
        """Whether it is counted in the trainer's own steps, which differ in unit between frameworks."""
        return self.axis in ("step", "relative_step")


@dataclass(frozen=True)
class Which:
    """Which of the records at one step count: see ``Runs.logged``."""

    restarts: Restarts = "later"
    workers: Workers = "mean"


@dataclass(frozen=True)
class XRange:
    """A part of the x axis, in its unit: steps, minutes, Unix seconds, or the metric's own.

    Parameters
    ----------
    low, high : float
    unit : str
        The step unit it is meant for; empty: every chart.
    """

    low: float
    high: float
    unit: str = ""


@dataclass(frozen=True)
class Scales:
    """How the axes are scaled."""

    log_x: bool = False
    log_y: bool = False
    robust: bool = False


NO_GROUPS = GroupBy()
MEAN_AND_T = Aggregation()


@dataclass(frozen=True)
class CurveOptions:
    """Everything that is chosen beside runs and metrics.

    Parameters
    ----------
    x : XChoice
    smoothing : Smoothing
    which : Which
    grouping : GroupBy
    aggregation : Aggregation
    show_members : bool
    baseline : str
        Label of the group or run that the others are drawn as differences to; empty: none.
    scales : Scales
    right : str
        Metric or formula of the right y axis; empty: none.
    columns : int
        Charts side by side.
    """

    x: XChoice = XChoice()
    smoothing: Smoothing = NO_SMOOTHING
    which: Which = Which()
    grouping: GroupBy = NO_GROUPS
    aggregation: Aggregation = MEAN_AND_T
    show_members: bool = True
    baseline: str = ""
    scales: Scales = Scales()
    right: str = ""
    columns: int = 1


def range_text(x_range: XRange, x_axis: XAxis) -> str:
    """Write a range as the link holds it: ``1000..2000 env step``, or two dates in UTC; whole steps and seconds."""
    if x_axis.is_date:
        low, high = (
            datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
            for seconds in (math.floor(x_range.low), math.ceil(x_range.high))
        )
    elif x_axis.is_whole:
        low, high = str(math.floor(x_range.low)), str(math.ceil(x_range.high))
    else:
        low, high = (f"{end:.7g}" for end in (x_range.low, x_range.high))
    return f"{low}..{high} {x_range.unit}".rstrip()


def parse_range(text: str, *, is_date: bool) -> XRange | None:
    """Read a range of the x axis; empty text is none.

    Raises
    ------
    ParameterError
        Not ``LOW..HIGH``, or not in this order.
    """
    if not text.strip():
        return None
    low_text, dots, rest = text.partition("..")
    high_text, unit = (
        (rest.strip(), "") if is_date else (rest.strip().partition(" ")[0], rest.strip().partition(" ")[2])
    )
    hint = "2026-01-31T12:00:00Z..2026-01-31T18:00:00Z" if is_date else "1000..2000"
    try:
        ends = [_date(end) if is_date else float(end.replace(",", "")) for end in (low_text, high_text)]
        in_order = bool(dots) and math.isfinite(ends[0]) and math.isfinite(ends[1]) and ends[0] < ends[1]
    except ValueError:
        in_order = False
    if not in_order:
        raise ParameterError(f"Expected LOW..HIGH with LOW below HIGH; got {text!r}. Hint: such as {hint}.")
    return XRange(ends[0], ends[1], unit.strip())


def _date(text: str) -> float:
    """Read an ISO date; one without a time zone is in UTC."""
    date = datetime.fromisoformat(text.strip())
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
