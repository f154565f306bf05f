"""Names of runs, short enough for a legend and still apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

#: Characters of a label before its middle is left out.
LONGEST = 40


def short_labels(runs: Sequence[str]) -> dict[str, str]:
    """Shorten run ids without making two of them equal.

    Of each path as many last parts are kept as it takes to tell all runs apart, the same number for all, so that
    ``ppo/seed_1`` and ``a2c/seed_1`` keep what their folder says. Of what is still too long the middle is left out,
    because the ends tell runs apart: the setting in front, the seed at the end.

    Parameters
    ----------
    runs : sequence of str
        Ids: relative paths with forward slashes, each once.

    Returns
    -------
    dict of id to label, labels unique
    """
    parts = {run: run.split("/") for run in runs}
    names = {run: run for run in runs}
    for n_parts in range(1, max((len(p) for p in parts.values()), default=0)):
        shorter = {run: "/".join(p[-n_parts:]) for run, p in parts.items()}
        if len(set(shorter.values())) == len(runs):
            names = shorter
            break
    labels = {run: _without_middle(name) for run, name in names.items()}
    count = Counter(labels.values())
    return {run: label if count[label] == 1 else names[run] for run, label in labels.items()}


def _without_middle(name: str) -> str:
    if len(name) <= LONGEST:
        return name
    half = (LONGEST - 1) // 2
    return f"{name[:half]}…{name[-half:]}"
