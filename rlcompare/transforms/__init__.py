"""Curves in, curves out: smoothing, thinning, and the place on an axis. Smooth first, thin second."""

from rlcompare.transforms.axis import Axis, place_on_axis
from rlcompare.transforms.downsampling import thin, thin_curves, thinned_rows
from rlcompare.transforms.formula import Formula, metric_or_formula, parse_formula
from rlcompare.transforms.smoothing import SMOOTHERS, Smoother, parse_smoothing, smooth

__all__ = [
    "SMOOTHERS",
    "Axis",
    "Formula",
    "Smoother",
    "metric_or_formula",
    "parse_formula",
    "parse_smoothing",
    "place_on_axis",
    "smooth",
    "thin",
    "thin_curves",
    "thinned_rows",
]
