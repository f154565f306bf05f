"""Names of runs without what only tells repetitions of one training apart: the seed, the time it began, its number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rlcompare.readers.configfiles import SEED_PATTERNS, seed_of

_DAY = r"20[0-3]\d([-_.]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])"
_CLOCK = r"(?:[01]\d|2[0-3])([-_.:]?)[0-5]\d(?:\2[0-5]\d)?"
_START, _END = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
_TIME_OF_A_DAY = re.compile(rf"{_START}{_DAY}[-_.T ]?{_CLOCK}{_END}")

#: What names a moment or a trial, wherever it stands in a folder's name.
MOMENTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("W&B's run-20250302_114336-m950nfkl", re.compile(r"^(?:offline-)?run-\d{8}_\d{6}-[0-9a-z]{8}$")),
    ("Ray Tune's 3c1d2_00003_3", re.compile(rf"{_START}[0-9a-f]{{5,8}}_\d{{5}}(?:_\d+)?{_END}")),
    ("2024-05-01_12-30-45, 20240501123045", _TIME_OF_A_DAY),
    (
        "TensorBoard's Nov22_10-44-52",
        re.compile(rf"{_START}(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\d\d_\d\d-\d\d-\d\d{_END}"),
    ),
    ("Hydra's 12-30-45", re.compile(r"^[0-2]\d-[0-5]\d-[0-5]\d$")),
    # A day in the middle may be a model's version (gpt-4o-2024-05-13), so that alone it counts in front only.
    ("2024-05-01_name", re.compile(rf"^{_DAY}{_END}")),
)

#: What names a moment only at the very end of a run's own folder, as versions of a model or of data do elsewhere.
LAST_MOMENTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("name_20240501", re.compile(rf"{_START}20[0-3]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$")),
    # A number of steps of this size is round: 1500000000.
    ("Unix seconds or milliseconds", re.compile(rf"{_START}(?!\d+0{{6}}$)1[3-9]\d{{8}}(?:\d{{3}})?$")),
)

#: Where a number that is not the seed may be the number of a repetition.
_LAST_NUMBER = re.compile(r"(?:(?<!\de[-+])(?<![0-9A-Za-z.=])|(?<=run)|(?<=trial)|(?<=rep))\d{1,4}$")
_REPETITION = re.compile(r"(?i)(?:^|[^a-z])(?:run|trial|try|rep|repeat|repetition|replicate)[_-]?\d{1,4}$")
_NUMBER = re.compile(r"(?<!\de[-+])(?<![0-9A-Za-z.=])\d{1,20}(?![0-9A-Za-z.])")
_DIGIT = re.compile(r"\d")
_SEPARATORS = "_-=.,+ "

#: Why a number may be left out: it is the run's seed, it follows a word for a repetition, or it stands at the end.
Reason = Literal["seed", "repetition", "last"]


@dataclass(frozen=True)
class SeedlessName:
    """A run's name without its seed.

    Parameters
    ----------
    name : str
        What is left of the path; empty if nothing is.
    seed : str or None
        The seed that was known, else the one that the path names.
    held_seed : bool
        The path names the seed as one (``seed3``, ``_s3``), so that no other number in it can be the seed.
    """

    name: str
    seed: str | None
    held_seed: bool


def seedless(name: str, seed: str | None, environment: str = "") -> SeedlessName:
    """Take the seed and the time out of a run's path.

    Parameters
    ----------
    name : str
        A run's path below its log folder, without a file's suffix.
    seed : str or None
        The seed that its configuration or its folder's name is known to give.
    environment : str
        The environment's id, if known: rl-zoo's ``CartPole-v1_2`` is the second run on ``CartPole-v1``.

    Returns
    -------
    SeedlessName
    """
    parts = name.split("/")
    if seed is None:
        seed = next(filter(None, map(_seed_in, reversed(parts))), None)
    bare = [_bare(part, seed) for part in parts]
    held_seed = any(held for _, held in bare)
    left = [part for part, _ in bare]
    left[-1] = _without_last_moment(left[-1], parts[-1])
    if not held_seed:
        left[-1], held_seed = _without_seed(left[-1], seed)
    zoo = environment.replace("/", "-")
    if zoo and re.fullmatch(rf"{re.escape(zoo)}_\d{{1,4}}", left[-1]):
        left[-1] = zoo
    return SeedlessName("/".join(filter(None, left)), seed, held_seed)


def numberless(name: str, seed: str | None) -> dict[str, set[Reason]]:
    """Leave out each number that may be the seed's or a repetition's, for a caller who sees whether others say so too.

    Parameters
    ----------
    name : str
        From :func:`seedless`, where the path did not name its seed.
    seed : str or None

    Returns
    -------
    dict of name without the number to why it may be left out
    """
    found: dict[str, set[Reason]] = {}
    alike = [match for match in _NUMBER.finditer(name) if str(int(match[0])) == seed]
    for match in alike:
        found.setdefault(_cut(name, *match.span()), set()).add("seed")
    if len(alike) > 1:
        every = name
        for match in reversed(alike):
            every = _cut(every, *match.span())
        found.setdefault(every, set()).add("seed")
    last = _LAST_NUMBER.search(name)
    if last:
        reason: Reason = "repetition" if _REPETITION.search(name) else "last"
        found.setdefault(_cut(name, *last.span()), set()).add(reason)
    return found


def seedless_text(text: str) -> str:
    """Take a named seed, and a time of day that is not all of it, out of a setting that may be a path of the run."""
    left, _ = _without_seed(text, None)
    match = _TIME_OF_A_DAY.search(left)
    return (match and _cut(left, *match.span())) or left


def _seed_in(part: str) -> str | None:
    return seed_of({}, part)[0] or seed_of({}, _without_last_moment(_bare(part, None)[0], part))[0]


def _bare(part: str, seed: str | None) -> tuple[str, bool]:
    if not _DIGIT.search(part):
        return part, False
    left, held_seed = _without_seed(part, seed)
    for _, pattern in MOMENTS:
        match = pattern.search(left)
        if match:
            left = _cut(left, *match.span())
    if held_seed or left == part:
        return left, held_seed
    # The seed may have stood before the time.
    return _without_seed(left, seed)


def _without_seed(part: str, seed: str | None) -> tuple[str, bool]:
    """Cut out what is called a seed, and what is shaped like one and is the seed that is known."""
    held_seed = False
    for _, pattern in SEED_PATTERNS:
        match = pattern.search(part)
        while match and ("seed" in match[0].lower() or str(int(match[1])) == seed):
            named = match[0].lower().find("seed")
            part = _cut(part, match.start() + max(named, 0), match.end())
            held_seed = True
            match = pattern.search(part)
    return part, held_seed


def _without_last_moment(left: str, part: str) -> str:
    for _, pattern in LAST_MOMENTS:
        match = pattern.search(part)
        if match and left.endswith(match[0]):
            return _cut(left, len(left) - len(match[0]), len(left))
    return left


def _cut(text: str, start: int, stop: int) -> str:
    """Leave out a stretch and the separators around it, but for those before it if text stands on both sides.

    A folder of which nothing is left goes with its slash.
    """
    before, after = text[:start], text[stop:]
    left, right = before.rstrip(_SEPARATORS), after.lstrip(_SEPARATORS)
    if not right:
        return left.rstrip("/")
    if not left or left.endswith("/"):
        return left + right.lstrip("/")
    if right.startswith("/"):
        return left + right
    return left + (before[len(left) :] or after[: len(after) - len(right)]) + right
