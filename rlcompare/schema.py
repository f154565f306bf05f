"""The frames that travel between the stages: columns, types, units.

NaN in a metric column means that the trainer logged NaN; null means that it did not log.
"""

from __future__ import annotations

import polars as pl

STEP = "step"
WALL_TIME = "wall_time"

#: The index columns of a wide run log. Every other column is a Float64 metric under the source's own key.
LOG_INDEX: dict[str, pl.DataType] = {STEP: pl.Int64(), WALL_TIME: pl.Float64()}

#: Long: one row a value. ``wall_time`` in Unix seconds, null where the source has none.
CURVE: dict[str, pl.DataType] = {
    "run": pl.String(),
    "metric": pl.String(),
    "step": pl.Int64(),
    "wall_time": pl.Float64(),
    "value": pl.Float64(),
}

#: Long: one row a group and x. ``step`` is the place on whichever x axis was chosen, in its unit; ``lower`` and
#: ``upper`` are null where there are too few runs for a band, ``center`` where no run counts.
BAND: dict[str, pl.DataType] = {
    "group": pl.String(),
    "metric": pl.String(),
    "step": pl.Float64(),
    "center": pl.Float64(),
    "lower": pl.Float64(),
    "upper": pl.Float64(),
    "n_runs": pl.Int64(),
}

#: What a sample's length counts. Characters stand in where the log has texts and no token counts.
LENGTH_UNIT = pl.Enum(["env step", "token", "character"])

#: Whether a sample was drawn to train on or to evaluate.
SPLIT = pl.Enum(["train", "validation"])

#: One row an episode or a rollout. ``step`` in the run's step unit, ``wall_time`` in Unix seconds. ``correct``: the log
#: says whether the answer was right. ``prompt_id`` is equal for samples of one prompt within a run, a hash.
#: ``source`` is the log's path below the log folder and ``place`` where in it the sample's texts are found, null where
#: it has none. Null is what was not logged.
SAMPLES: dict[str, pl.DataType] = {
    "run": pl.String(),
    "step": pl.Int64(),
    "worker": pl.String(),
    "split": SPLIT,
    "reward": pl.Float64(),
    "length": pl.Float64(),
    "length_unit": LENGTH_UNIT,
    "wall_time": pl.Float64(),
    "correct": pl.Boolean(),
    "prompt_id": pl.UInt64(),
    "source": pl.String(),
    "place": pl.Int64(),
}

#: One row a sample, as its log has it on disk. ``others`` is a JSON object of what else the log says of the sample,
#: text by the log's own key. ``prompt``, ``response`` and ``others`` are null for a sample that has no texts.
SAMPLE_TEXTS: dict[str, pl.DataType] = {
    "run": pl.String(),
    "source": pl.String(),
    "place": pl.Int64(),
    "prompt": pl.String(),
    "response": pl.String(),
    "others": pl.String(),
}

#: One row a run. ``started`` and ``updated`` in Unix seconds.
RUNS: dict[str, pl.DataType] = {
    "run": pl.String(),
    "name": pl.String(),
    "framework": pl.String(),
    "source": pl.String(),
    "started": pl.Float64(),
    "updated": pl.Float64(),
    "last_step": pl.Int64(),
    "step_unit": pl.String(),
    "n_records": pl.Int64(),
    "status": pl.String(),
    "seed": pl.String(),
}

CONFIG: dict[str, pl.DataType] = {"run": pl.String(), "key": pl.String(), "value": pl.String()}

#: One row a run and metric. ``canonical`` is null for a key that means none of the canonical metrics; ``also_in``
#: names the sources of the run that hold the same metric with fewer records. ``minimum`` and ``maximum`` are over
#: finite values, ``last`` is the last value logged.
METRICS: dict[str, pl.DataType] = {
    "run": pl.String(),
    "metric": pl.String(),
    "canonical": pl.String(),
    "source": pl.String(),
    "also_in": pl.String(),
    "n": pl.Int64(),
    "last_step": pl.Int64(),
    "last": pl.Float64(),
    "minimum": pl.Float64(),
    "maximum": pl.Float64(),
}

ISSUES: dict[str, pl.DataType] = {
    "run": pl.String(),
    "severity": pl.String(),
    "file": pl.String(),
    "place": pl.String(),
    "message": pl.String(),
}
