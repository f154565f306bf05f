"""Statistics over several runs: numbers in, numbers out, with NumPy and SciPy alone."""

from rlcompare.stats.bootstrap import bootstrap_interval
from rlcompare.stats.intervals import (
    Interval,
    min_max,
    quantile_range,
    standard_deviation,
    standard_error,
    student_t_interval,
)
from rlcompare.stats.sample import Floats, Sample, iqm_weights, mean_weights, median_weights, quantile_weights

__all__ = [
    "Floats",
    "Interval",
    "Sample",
    "bootstrap_interval",
    "iqm_weights",
    "mean_weights",
    "median_weights",
    "min_max",
    "quantile_range",
    "quantile_weights",
    "standard_deviation",
    "standard_error",
    "student_t_interval",
]
