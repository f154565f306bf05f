"""What readers of episodes and rollouts share: the frame they give, ids of prompts, and texts in whatever form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from rlcompare.readers import text
from rlcompare.readers.base import SampleText
from rlcompare.schema import SAMPLES

#: Columns of ``schema.SAMPLES`` that the store adds when it hands samples out.
ADDED_LATER = frozenset({"run", "source"})

#: Keys that say whether a sample's answer was right, best first; they count where they hold true, false, 0 or 1.
CORRECT_KEYS = ("acc", "correct", "is_correct", "accuracy")

Column = pl.Series | Sequence[Any]


class Sample(NamedTuple):
    """One sample, for readers that collect them one by one; see ``schema.SAMPLES``."""

    step: int
    reward: float | None
    length: float | None
    length_unit: str
    wall_time: float | None
    correct: bool | None
    prompt_id: int
    place: int | None


def sample_rows(samples: Sequence[Sample], *, split: str) -> pl.DataFrame:
    """Make the frame of samples that were collected one by one."""
    columns: Any = list(zip(*samples, strict=True)) or [()] * len(Sample._fields)
    return sample_frame(split=split, **dict(zip(Sample._fields, columns, strict=True)))


def sample_frame(
    step: Column,
    *,
    split: str,
    length_unit: str | Column,
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
    length_unit : {"env step", "token", "character"}, or one of them a sample
    worker : str, optional
        Which environment or process made them, where the log says so.

    Returns
    -------
    DataFrame
        Columns of ``schema.SAMPLES`` but :data:`ADDED_LATER`.
    """
    n = len(step)
    given: dict[str, str | Column | None] = {
        "step": step,
        "reward": reward,
        "length": length,
        "wall_time": wall_time,
        "correct": correct,
        "prompt_id": prompt_id,
        "place": place,
        "worker": worker,
        "split": split,
        "length_unit": length_unit,
    }
    columns = []
    for name, dtype in SAMPLES.items():
        if name in ADDED_LATER:
            continue
        values = given[name]
        if values is None or isinstance(values, str):
            columns.append(pl.repeat(values, n, dtype=dtype, eager=True).alias(name))
        elif isinstance(values, pl.Series):
            columns.append(values.alias(name).cast(dtype))
        else:
            columns.append(pl.Series(name, values, dtype=dtype))
    return pl.DataFrame(columns)


def prompt_id(prompt: str | bytes) -> int:
    """Hash a prompt, or whatever tells prompts apart in a log, to a number that is the same in every process."""
    data = prompt.encode("utf-8", "surrogatepass") if isinstance(prompt, str) else prompt
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


def number(value: object) -> float | None:
    """Read one value as a number: true and false are 1 and 0, text counts where it spells what is not finite."""
    if type(value) is float:
        return value
    if isinstance(value, int):
        try:
            return float(value)
        except OverflowError:
            return None
    return text.NOT_FINITE.get(value.lower()) if isinstance(value, str) else None


def correctness(record: Mapping[str, object]) -> bool | None:
    """Say by :data:`CORRECT_KEYS` whether a sample's answer was right."""
    for key in CORRECT_KEYS:
        if key in record and (value := number(record[key])) in (0.0, 1.0):
            return bool(value)
    return None


def plain_text(value: object) -> str:
    """Write as text what a log has for a prompt or a response: text as it is, messages one below the other."""
    if isinstance(value, str):
        # Halves of surrogate pairs, which JSON may name and a frame cannot hold.
        return value.encode("utf-8", errors="replace").decode()
    messages = _messages(value)
    if messages:
        return "\n\n".join(f"[{message['role']}]\n{_content(message)}" for message in messages)
    return "" if value is None else plain_text(json.dumps(value, ensure_ascii=False, default=str))


def characters(value: object) -> int:
    """Count the characters of a response: of messages those of their contents."""
    if isinstance(value, str):
        return len(value)
    messages = _messages(value)
    return sum(len(_content(message)) for message in messages) if messages else len(plain_text(value))


def sample_text(prompt: object, response: object, others: Mapping[str, object]) -> SampleText:
    """Make the texts of one sample from what a log has under its keys; what is null was not logged."""
    texts = {plain_text(key): plain_text(value) for key, value in others.items() if value is not None}
    return SampleText(plain_text(prompt), plain_text(response), texts)


def _messages(value: object) -> list[dict[str, object]]:
    """Take a value as messages of a conversation; none where it is something else."""
    if not isinstance(value, list) or not all(isinstance(item, dict) and "role" in item for item in value):
        return []
    return value


def _content(message: Mapping[str, object]) -> str:
    """Text of one message: what was said, and which tools were called."""
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    said = [part.get("text", part) if isinstance(part, dict) else part for part in parts]
    said += [message[key] for key in ("reasoning_content", "tool_calls") if message.get(key)]
    return "\n".join(map(plain_text, said))
