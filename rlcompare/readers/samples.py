"""What readers of episodes and rollouts share: the frame they give, and ids of prompts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import polars as pl

from rlcompare.schema import SAMPLES

#: Columns of ``schema.SAMPLES`` that the store adds when it hands samples out.
ADDED_LATER = frozenset({"run", "source"})

Column = pl.Series | Sequence[Any]


def sample_frame(
    step: Column,
    *,
    split: str,
    length_unit: str,
    reward: Column | None = None,
    length: Column | None = None,
    worker: str | None = None,
    wall_time: Column | None = None,
    correct: Column | None = None,
    prompt_id: Column | None = None,
    place: Column | None = None,
) -> pl.DataFrame:
    """Make the frame of one file's samples, null where a column was not logged.

    Parameters
    ----------
    step, reward, length, wall_time, correct, prompt_id, place : Series or sequence, shape (n,)
        As in ``schema.SAMPLES``. Rows of one step keep the order in which they were logged.
    split : {"train", "validation"}
    length_unit : {"env step", "token", "character"}
    worker : str, optional
        Which environment or process made them, where the log says so.

    Returns
    -------
    DataFrame
        Columns of ``schema.SAMPLES`` but :data:`ADDED_LATER`.
    """
    n = len(step)
    given: dict[str, Column | None] = {
        "step": step,
        "reward": reward,
        "length": length,
        "wall_time": wall_time,
        "correct": correct,
        "prompt_id": prompt_id,
        "place": place,
    }
    constant = {"worker": worker, "split": split, "length_unit": length_unit}
    columns = []
    for name, dtype in SAMPLES.items():
        if name in ADDED_LATER:
            continue
        values = given.get(name)
        if name in constant:
            columns.append(pl.repeat(constant[name], n, dtype=dtype, eager=True).alias(name))
        elif values is None:
            columns.append(pl.repeat(None, n, dtype=dtype, eager=True).alias(name))
        else:
            columns.append(pl.Series(name, values).cast(dtype))
    return pl.DataFrame(columns)


def prompt_id(prompt: str | bytes) -> int:
    """Hash a prompt, or whatever tells prompts apart in a log, to a number that is the same in every process."""
    data = prompt.encode("utf-8", "surrogatepass") if isinstance(prompt, str) else prompt
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
