"""Small real trainings, shown when no log folder is given. What they are stands in ``README.md`` beside this file."""

from __future__ import annotations

from pathlib import Path


def demo_folder() -> Path:
    """Return the log folder of the demo runs, as their frameworks wrote it.

    Returns
    -------
    Path
        Absolute. Holds ``grpo/`` (TRL, six runs) and ``cartpole/`` (Stable-Baselines3, six runs); read only.
    """
    return Path(__file__).resolve().parent / "runs"
