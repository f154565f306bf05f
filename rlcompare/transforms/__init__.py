"""Curves in, curves out: smoothing, thinning, groups, and the place on an axis. Smooth first, thin second."""

from rlcompare.transforms.aggregation import (
    Aggregation,
    BandKind,
    Baseline,
    CenterKind,
    GroupBand,
    aggregate,
    bands_frame,
)
from rlcompare.transforms.alignment import Alignment, Ends
from rlcompare.transforms.axis import Axis, place_on_axis, place_on_metric
from rlcompare.transforms.bands import BANDS, CENTERS, Band, Center
from rlcompare.transforms.downsampling import kept_rows, thin, thin_curves, thinned_rows
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
    "BANDS",
    "CENTERS",
    "NO_SMOOTHING",
    "SMOOTHERS",
    "Aggregation",
    "Alignment",
    "Axis",
    "Band",
    "BandKind",
    "Baseline",
    "Center",
    "CenterKind",
    "Ends",
    "Formula",
    "GroupBand",
    "Smoother",
    "Smoothing",
    "aggregate",
    "bands_frame",
    "check_smoothing",
    "kept_rows",
    "metric_or_formula",
    "parse_formula",
    "parse_smoothing",
    "place_on_axis",
    "place_on_metric",
    "smooth",
    "smooth_curves",
    "thin",
    "thin_curves",
    "thinned_rows",
]
