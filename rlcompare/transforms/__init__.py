"""Curves in, curves out: smoothing, thinning, and the place on an axis. Smooth first, thin second."""

from rlcompare.transforms.axis import Axis, place_on_axis
from rlcompare.transforms.downsampling import thin
from rlcompare.transforms.formula import Formula, metric_or_formula, parse_formula
from rlcompare.transforms.smoothers import SMOOTHERS, Smoother
from rlcompare.transforms.smoothing import (
    NO_SMOOTHING,
    Smoothing,
    check_smoothing,
    parse_smoothing,
    smooth,
    smooth_curves,
)

__all__ = [
    "NO_SMOOTHING",
    "SMOOTHERS",
    "Axis",
    "Formula",
    "Smoother",
    "Smoothing",
    "check_smoothing",
    "metric_or_formula",
    "parse_formula",
    "parse_smoothing",
    "place_on_axis",
    "smooth",
    "smooth_curves",
    "thin",
]
