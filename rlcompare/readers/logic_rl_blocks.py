"""Blocks that Logic-RL's reward function prints, one a sample.

``verl/utils/reward_score/kk.py`` prints the expected answer, the response, what it found in it and the score. The
prompt is printed behind the block, together with the response once more, and only for the first samples of a
validation (``num_examine`` of verl's reward manager). Run by Ray, each line carries its worker's prefix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rlcompare.readers import text
from rlcompare.readers.base import SampleText
from rlcompare.readers.console_lines import LONGEST_RECORD, Mark, find_marks, last_lines, own_lines, worker_prefix
from rlcompare.readers.samples import prompt_id

MARK = re.compile(rb"Processing New Sample =+[ \t]*\r?\n")

#: Bytes from the headline of a block's score to its total, lines of other workers included. It keeps a response that
#: is full of totals from being taken for a score line by line.
LONGEST_SCORE = 8192

_BEFORE_MARK = re.compile(rb"(?:\([^()\n]*pid=\d+[^()\n]*\) ?)?=+ ")

#: What a worker prints no more of a block before.
_ENDS = rb"(?:step:-?\d+ - \S+:|epoch \d+, step \d|=+ Processing New Sample =)"

_SCORE = re.compile(
    rf"\n-+ Final Score -+ *\n((?:  \w+: [^\n]*\n)*)  Total: ({text.NUMBER.pattern}) *\n\Z", re.ASCII | re.IGNORECASE
)
_PART = re.compile(r"  (\w+): (.*)")
_TRUTH = re.compile(r"\n\[Ground Truth\] [\w ]+: (.+)")
_NAME = re.compile(r"'([^']*)':")
_RESPONSE = "\n[Model Response]\n"
_BEHIND_RESPONSE = "\n\n[Structure Validation]\n"
_WITH_PROMPT = "[Error] Failed to locate model response header\n"
_FULL_MATCH = "\n  Content validation: FULL MATCH\n"


@dataclass(frozen=True)
class Block:
    """What one block says.

    Parameters
    ----------
    printed : str
        All of it, behind its header, without prefixes.
    parts : str
        The lines of the score but the total.
    reward : float
    end, limit : int
        Where it ends in the bytes that it was found in, and where its worker begins something else.
    """

    printed: str
    parts: str
    reward: float
    end: int
    limit: int

    @property
    def response(self) -> str | None:
        """The response; null where the block has none."""
        start, end = self.printed.find(_RESPONSE), self.printed.rfind(_BEHIND_RESPONSE)
        return self.printed[start + len(_RESPONSE) : end] if 0 <= start < end else None

    @property
    def length(self) -> int | None:
        """Characters of the response; null where the prompt could not be told from it."""
        response = self.response
        return None if response is None or _WITH_PROMPT in self.printed.partition(_RESPONSE)[0] else len(response)

    @property
    def is_correct(self) -> bool:
        """Whether the answer is the expected one."""
        return _FULL_MATCH in self.printed[self.printed.rfind(_BEHIND_RESPONSE) :]

    @property
    def truth(self) -> str:
        """The expected answer; empty if the block has none."""
        found = _TRUTH.search(self.printed.partition(_RESPONSE)[0])
        return found[1] if found else ""

    @property
    def prompt_id(self) -> int | None:
        """A hash of the expected answer, which names the people of a puzzle.

        Null where it names variables by a letter, ``{'A': 'true', 'B': 'false'}``: many prompts have the same.
        """
        names = _NAME.findall(self.truth)
        return prompt_id(self.truth) if names and all(len(name) > 1 for name in names) else None

    @property
    def others(self) -> dict[str, str]:
        """What else the block says, under its own words."""
        return {"Ground Truth": self.truth, **dict(_PART.findall(self.parts))}


def find_headers(data: bytes, first_line: int) -> Iterator[Mark]:
    """Find where blocks begin; ``data`` begins at line ``first_line``."""
    return (mark for mark in find_marks(MARK, data, first_line) if _BEFORE_MARK.fullmatch(mark.before))


def read_block(data: bytes, header: Mark) -> tuple[Block | None, bool]:
    """Read the block below a header, ``None`` where it has no score, and tell whether nothing of it can follow."""
    prefix = worker_prefix(data, header.start)
    own = b"\n" + re.escape(prefix)
    last = header.start + LONGEST_RECORD
    cut = re.compile(own + _ENDS).search(data, header.end, last)
    limit = cut.start() + 1 if cut else min(last, len(data))
    total = re.compile(own + rb"  Total: [^\n]*\n")
    for found in total.finditer(data, header.end, limit):
        if data.rfind(b" Final Score ", max(header.end, found.start() - LONGEST_SCORE), found.start()) < 0:
            continue
        printed = _own_text(data[header.end + 1 : found.end()], prefix)
        score = _SCORE.search(printed, max(0, printed.rfind("\n-", 0, printed.rfind(" Final Score "))))
        if score is not None:
            return Block(printed, score[1], float(score[2]), found.end(), limit), True
    return None, cut is not None or len(data) >= last


def read_block_texts(data: bytes, header: Mark) -> SampleText | None:
    """Read the texts of the block below a header; the prompt is empty where it was not printed."""
    block = read_block(data, header)[0]
    if block is None:
        return None
    response = block.response or ""
    behind = _own_text(data[block.end : block.limit], worker_prefix(data, header.start))
    at = behind.find(response) if response else -1
    return SampleText(behind[:at].lstrip("=").lstrip("\n") if at > 0 else "", response, block.others)


def open_at(data: bytes) -> int:
    """Find where the first block begins that may go on behind ``data``, which ends in a line end; else the length."""
    start = last_lines(data)
    data = data[start:]
    # Only the last block of each worker may be open: a header ends the block before it.
    last = {worker_prefix(data, header.start): header for header in find_headers(data, 1)}
    return start + min((header.start for header in last.values() if not read_block(data, header)[1]), default=len(data))


def _own_text(data: bytes, prefix: bytes) -> str:
    return own_lines(data, prefix).replace(b"\r\n", b"\n").decode(errors="replace")
