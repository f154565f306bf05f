"""Write the golden log of a Tinker cookbook training with its own logger, for the reader of any JSON lines.

Made with the ``JsonLogger`` of tinker-cookbook 0.6.1. The rows have the keys that its ``rl/train.py`` gives:
evaluations in the row of their batch, an overall summary in a row without a step at the end. Run it from anywhere; it
replaces ``generic/tinker`` beside itself. ``expected.json`` holds the rows with a step.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import chz
from tinker_cookbook.utils.ml_log import JsonLogger

HERE = Path(__file__).parent / "generic" / "tinker"


@chz.chz
class Config:
    model_name: str = "tiny"
    learning_rate: float = 4e-5
    seed: int = 7


def batch(step: int) -> dict[str, float]:
    row = {
        "progress/batch": step,
        "progress/done_frac": (step + 1) / 4,
        "optim/lr": 4e-5,
        "env/all/reward/total": 0.25 * step,
        "env/all/ac_tokens_per_turn": 120.0 + step,
        "time/total": 3.5,
        "optim/entropy": 0.5,
    }
    if step % 2 == 0:
        row |= {"test/env/all/reward/total": 0.1 * step, "test/env/all/correct": 0.5}
    return row


if __name__ == "__main__":
    shutil.rmtree(HERE, ignore_errors=True)
    logger = JsonLogger(HERE)
    logger.log_hparams(Config())
    rows = []
    for step in range(4):
        logger.log_metrics(batch(step), step=step)
        rows.append({"step": step, **batch(step)})
    logger.log_summary({"cost/cumulative_usd": 1.5})
    (HERE / "code.diff").unlink(missing_ok=True)
    (HERE / "expected.json").write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n")
