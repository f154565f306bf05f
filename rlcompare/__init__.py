"""Compare reinforcement-learning runs from the logs they already left on disk.

>>> import rlcompare as rlc
>>> runs = rlc.open_runs("logs/")                    # doctest: +SKIP
>>> runs.select("grpo*").curves("reward")            # doctest: +SKIP
"""

from rlcompare.errors import ReadIssue, RLCompareError
from rlcompare.runs import Runs, open_runs

__all__ = ["RLCompareError", "ReadIssue", "Runs", "open_runs"]
__version__ = "0.1.0"
