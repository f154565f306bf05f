"""Compare reinforcement-learning runs from the logs they already left on disk.

>>> import rlcompare as rlc
>>> runs = rlc.open_runs("logs/")                    # doctest: +SKIP
>>> runs.select("grpo*").curves("reward")            # doctest: +SKIP

Groups of runs as a centre and a band each:

>>> curves = rlc.smooth_curves(runs.curve_set("reward"), rlc.Smoothing("ema", 0.9))                # doctest: +SKIP
>>> bands = rlc.aggregate(curves, rlc.group_runs(runs, rlc.GroupBy("seed")), rlc.Aggregation())    # doctest: +SKIP
>>> rlc.bands_frame(bands, "reward")                                                               # doctest: +SKIP
"""

from rlcompare.continuations import continuations
from rlcompare.errors import ReadIssue, RLCompareError
from rlcompare.grouping import GroupBy, group_runs
from rlcompare.runs import Runs, open_runs
from rlcompare.store.joining import Chain
from rlcompare.transforms import Aggregation, Smoothing, aggregate, bands_frame, smooth, smooth_curves, thin

__all__ = [
    "Aggregation",
    "Chain",
    "GroupBy",
    "RLCompareError",
    "ReadIssue",
    "Runs",
    "Smoothing",
    "aggregate",
    "bands_frame",
    "continuations",
    "group_runs",
    "open_runs",
    "smooth",
    "smooth_curves",
    "thin",
]
__version__ = "0.1.0"
