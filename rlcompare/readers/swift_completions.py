"""ms-swift's ``completions.jsonl``: what GRPO and GKD sampled, written with ``log_completions``.

Its trainers on Transformers and on Megatron (``swift/rlhf_trainers/grpo_trainer.py``, ``swift/megatron/trainers``)
append one line a logging step, an object of lists: ``step`` or ``gen_step``, ``prompt``, ``completion``, one list a
reward function, ``advantages``. On Ray (``swift/ray/megatron/base_trainer.py``) a line is one sample with its
``reward``.

The weights of the reward functions are not in the file: where there is no ``reward`` it is their plain sum. A batch
that is trained on for several steps is written at each of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rlcompare.readers import text
from rlcompare.readers.axes import whole_number
from rlcompare.readers.base import Chunk, Claim, Folder, LogFile, Reader, Resume, SampleText
from rlcompare.readers.ndjson import Record
from rlcompare.readers.sample_lines import SAMPLES_A_LINE, SampleLine, place_of, read_samples, read_texts
from rlcompare.readers.samples import Sample, characters, correctness, number, plain_text, prompt_id, sample_text

FILE_NAME = "completions.jsonl"

STEP_KEYS = ("step", "gen_step")

#: Columns that are no reward functions.
NOT_REWARDS = frozenset({*STEP_KEYS, "prompt", "completion", "advantages", "entropy", "num_turns", "solution", "image"})

_BEGINNING = re.compile(r'\s*\{\s*"(?:gen_)?step"\s*:\s*(?:\[|"?-?\d|null)')


def claim(file: LogFile, folder: Folder) -> Claim | None:
    """Claim ``completions.jsonl`` that begins with a step, for the folder that holds it."""
    if file.name != FILE_NAME:
        return None
    first = next(iter(text.head_lines(file)), "")
    return Claim(folder.relative, accompanies=True) if _BEGINNING.match(first) else None


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read the samples; their lengths are characters, as no tokens are counted in the file."""
    return read_samples(file, resume, _samples_in, split="train", framework="ms-swift")


def _samples_in(line: SampleLine) -> list[Sample]:
    rows = _rows(line.record)
    samples = []
    for at, row in enumerate(rows):
        step = next((step for key in STEP_KEYS if (step := whole_number(row.get(key))) is not None), None)
        if step is None:
            raise ValueError(f"Expected a whole number as step or gen_step, found {text.shown(str(row.get('step')))}")
        samples.append(
            Sample(
                step=step,
                reward=_reward(row),
                length=characters(row["completion"]),
                length_unit="character",
                wall_time=None,
                correct=correctness(row),
                prompt_id=prompt_id(plain_text(row["prompt"])),
                place=place_of(line, at),
            )
        )
    return samples


def _rows(record: Record) -> list[Record]:
    """Split an object of lists into samples; lists that are shorter than ``completion`` lack the last ones."""
    if "prompt" not in record or "completion" not in record:
        raise ValueError(f"Expected prompt and completion, found {', '.join(map(text.shown, list(record)[:10]))}")
    completions = record["completion"]
    if not isinstance(completions, list):
        return [record]
    columns = {key: values for key, values in record.items() if isinstance(values, list)}
    return [
        {"prompt": None} | {key: values[at] for key, values in columns.items() if at < len(values)}
        for at in range(len(completions))
    ]


def _reward(row: Record) -> float | None:
    if "reward" in row:
        return number(row["reward"])
    parts = [value for key in row if key not in NOT_REWARDS and (value := number(row[key])) is not None]
    # A function that does not apply to a sample gives NaN, which the trainer leaves out of the sum.
    applied = [part for part in parts if part == part]
    return sum(applied) if applied else None


def texts(file: LogFile, places: Sequence[int]) -> Sequence[SampleText]:
    """Read single samples again."""
    return read_texts(file, places, _text, SAMPLES_A_LINE)


def _text(record: Record, number_in_line: int) -> SampleText:
    row = _rows(record)[number_in_line]
    others = {key: value for key, value in row.items() if key not in ("prompt", "completion")}
    return sample_text(row["prompt"], row["completion"], others)


READER = Reader(
    name="swift_completions",
    title="ms-swift completions",
    files="`completions.jsonl`",
    appends=True,
    claim=claim,
    read=read,
    texts=texts,
)
