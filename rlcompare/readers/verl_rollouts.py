"""verl's dumps of what was sampled: ``rollout_data_dir/<step>.jsonl`` and ``validation_data_dir/<step>.jsonl``.

``_dump_generations`` of its trainers (``verl/trainer/ppo/ray_trainer.py``, in 0.9 also ``v1/trainer_base.py``) writes
one line a sample: ``input, output, gts, score, step`` and whatever the reward function returns besides, such as
``acc``. Up to 0.5 there was no ``gts``. A step that is trained again after a restart is written over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from rlcompare.readers import ndjson, text
from rlcompare.readers.axes import whole_number
from rlcompare.readers.base import Chunk, Claim, Folder, LogFile, Reader, Resume, SampleText
from rlcompare.readers.ndjson import Record
from rlcompare.readers.sample_lines import SampleLine, read_samples, read_texts
from rlcompare.readers.samples import Sample, characters, correctness, number, plain_text, prompt_id, sample_text

#: Keys under which reward functions give the number of tokens of the response; verl itself writes none.
TOKEN_KEYS = ("response_length", "response_len", "response_tokens", "output_tokens", "completion_tokens")

_NAME = re.compile(r"(\d{1,18})\.jsonl")
_FIRST_KEY = re.compile(r'\s*\{\s*"input"\s*:')

_VALIDATION = frozenset({"val", "valid", "validation", "eval", "evaluation"})

#: A folder whose name has no other words holds samples of the run above it.
_SAMPLE_FOLDER = _VALIDATION | {"test", "train", "training", "rollout", "rollouts", "generation", "generations"}
_SAMPLE_FOLDER |= {"samples", "outputs", "completions", "data", "dir", "dump", "dumps"}


def claim(file: LogFile, folder: Folder) -> Claim | None:
    """Claim ``<number>.jsonl`` whose first record has ``input``, ``output`` and ``score``.

    The run is the nearest folder above that is not named for samples alone, such as ``rollout_data`` or ``validation``.
    """
    if not _NAME.fullmatch(file.name):
        return None
    lines = text.head_lines(file)
    first = lines[0] if lines else ""
    if len(lines) > 1 or len(file.head) == file.size:
        record = next(iter(ndjson.iter_records(first.encode(errors="replace"))), {})
        if not {"input", "output", "score"} <= record.keys():
            return None
    elif not _FIRST_KEY.match(first):  # longer than the head
        return None
    run: Folder = folder
    while run.parent is not None and _words(run.relative) and _words(run.relative) <= _SAMPLE_FOLDER:
        run = run.parent
    return Claim(run.relative, accompanies=True)


def _words(folder: PurePosixPath) -> set[str]:
    return {word for word in re.split(r"[^a-z]+", folder.name.lower()) if word}


def split_of(file: LogFile) -> str:
    """Say what samples were drawn for by the folder's name, else by that of the one above.

    A folder above counts only where its name has no word but those for samples; ``test`` is a name that runs have too.
    """
    own, above = _words(file.relative.parent), _words(file.relative.parent.parent)
    if own & (_VALIDATION | {"test"}) or (above & _VALIDATION and above <= _SAMPLE_FOLDER and "train" not in own):
        return "validation"
    return "train"


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read the samples of one step: ``score`` is the reward; a record without a step has that of the file's name."""
    name = _NAME.fullmatch(file.name)
    named_step = int(name[1]) if name else 0

    def samples_in(line: SampleLine) -> list[Sample]:
        record = line.record
        if "input" not in record or "output" not in record:
            raise ValueError(f"Expected input and output, found {', '.join(map(text.shown, list(record)[:10]))}")
        step = whole_number(record.get("step"))
        told = (number(record[key]) for key in TOKEN_KEYS if key in record)
        tokens = next((length for length in told if length is not None), None)
        return [
            Sample(
                step=named_step if step is None else step,
                reward=number(record.get("score")),
                length=characters(record["output"]) if tokens is None else tokens,
                length_unit="character" if tokens is None else "token",
                wall_time=None,
                correct=correctness(record),
                prompt_id=prompt_id(plain_text(record["input"])),
                place=line.offset,
            )
        ]

    return read_samples(file, resume, samples_in, split=split_of(file), framework="verl")


def texts(file: LogFile, places: Sequence[int]) -> Sequence[SampleText]:
    """Read single samples again; a place is the offset of a line."""
    return read_texts(file, places, _text)


def _text(record: Record, number_in_line: int) -> SampleText:  # noqa: ARG001 - a line is a sample
    others = {key: value for key, value in record.items() if key not in ("input", "output")}
    return sample_text(record["input"], record["output"], others)


READER = Reader(
    name="verl_rollouts",
    title="verl rollouts and validation samples",
    files="`<step>.jsonl` in `rollout_data_dir` and `validation_data_dir`",
    appends=True,
    claim=claim,
    read=read,
    texts=texts,
)
