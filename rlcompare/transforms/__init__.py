"""Curves in, curves out: smoothing, thinning, and the place on an axis. Smooth first, thin second."""

from rlcompare.transforms.axis import Axis, falls, place_on_axis, place_on_metric
from rlcompare.transforms.downsampling import thin
from rlcompare.transforms.formula import Formula, metric_or_formula, parse_formula
from rlcompare.transforms.smoothing import SMOOTHERS, Smoother, parse_smoothing, smooth

__all__ = [
    "SMOOTHERS",
    "Axis",
    "Formula",
    "Smoother",
    "falls",
    "metric_or_formula",
    "parse_formula",
    "parse_smoothing",
    "place_on_axis",
    "place_on_metric",
    "smooth",
    "thin",
]
