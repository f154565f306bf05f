"""Curves in, curves out: smoothing, thinning, groups, and the place on an axis. Smooth first, thin second."""

from rlcompare.transforms.aggregation import Aggregation, Baseline, GroupBand, aggregate, bands_frame
from rlcompare.transforms.alignment import Alignment
from rlcompare.transforms.axis import Axis, falls, place_on_axis, place_on_metric
from rlcompare.transforms.bands import BANDS, CENTERS, Band, Center
from rlcompare.transforms.downsampling import thin, thin_curves, thinned_rows
from rlcompare.transforms.formula import Formula, metric_or_formula, parse_formula
from rlcompare.transforms.smoothing import SMOOTHERS, Smoother, parse_smoothing, smooth

__all__ = [
    "BANDS",
    "CENTERS",
    "SMOOTHERS",
    "Aggregation",
    "Alignment",
    "Axis",
    "Band",
    "Baseline",
    "Center",
    "Formula",
    "GroupBand",
    "Smoother",
    "aggregate",
    "bands_frame",
    "falls",
    "metric_or_formula",
    "parse_formula",
    "parse_smoothing",
    "place_on_axis",
    "place_on_metric",
    "smooth",
    "thin",
    "thin_curves",
    "thinned_rows",
]
