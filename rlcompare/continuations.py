"""Which runs look like one training that went on in another folder.

Nothing is joined here: these are offers, each with its reason. What tells a continuation from a repetition or a sweep
is that its steps, or the model that it began from, are those that an earlier run ended with. Runs that were logged at
the same time never are one training.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from functools import lru_cache
from itertools import pairwise

from rlcompare.store.joining import Chain
from rlcompare.store.record import RunRecord
from rlcompare.stretches import Stretch, families, going_on, lasting_settings

#: Steps that may be logged twice where one run goes on from another, as a share of those of the earlier one; two
#: records always may. A checkpoint is somewhat older than the last record.
OVERLAP = 0.1
#: The same, for records of one W&B run.
OVERLAP_OF_ONE_ID = 0.5

#: A stage of a curriculum begins so many seconds after the one before has ended, at most: the model is loaded, and the
#: first step is slow.
BETWEEN_STAGES = 3600.0

#: Settings that name what a stage of a curriculum is trained on.
_DATA = re.compile(r"(?i)(?:^|[._:])(?:data(?:sets?)?|files?|prompts?|tasks?|envs?|levels?|stages?)(?:$|[._:])")
#: Numbers of a stage: ``3ppl``, ``stage-2``. A bare last number is that of a repetition.
_STAGE = re.compile(r"(?i)(?<![0-9a-z.])\d+(?=[a-z]{2})|(?:stage|phase|level|lesson|part|round)[-_ ]?\d+")
#: No longer than what Python reads as one number.
_NUMBER = re.compile(r"\d{1,18}")
_NUMBER_APART = re.compile(r"[-_ .]*\d+")
#: Between the ends of a range: ``1001_2000``, ``1001-2000``, ``1001 to 2000``.
_IN_A_RANGE = re.compile(r"[-_ .]*(?:to)?[-_ .]*")
#: Shorter texts are found in a path by chance.
_SHORTEST_TITLE = 4

#: Ids of a run and of the one that goes on from it, with the reason.
_Pairs = dict[tuple[str, str], str]


def continuations(records: Sequence[RunRecord]) -> list[Chain]:
    """Offer runs to be joined.

    Runs are one training where the steps of one follow those of another and

    - they have the same framework, unit of steps, seed and settings, and names that differ in one number or range, or
    - they are records of the same W&B run, or
    - their names differ in one number and the later one's configuration names the earlier one.

    In that last case each may also begin at its own first step: a curriculum. So may runs that were trained right after
    one another with settings that differ in nothing but the number, in what they are trained on, where that is the
    number of a stage in their names (``3ppl``, ``stage-2``).

    Where two runs go on from the same one, neither is offered.

    Parameters
    ----------
    records : sequence of RunRecord

    Returns
    -------
    list of Chain
        No run is in two of them. In the order of the first run of each.
    """
    stretches = {s.id: s for record in records if (s := Stretch.of(record)) is not None}
    every = list(stretches.values())
    named, shifted = _curricula(every)
    forward = _by_names(every) | named | _by_wandb_id(every)
    chains = [_going_on([stretches[run] for run in runs], why) for runs, why in _chained(forward)]
    used = {run for chain in chains for run in chain.runs}
    free = {pair: why for pair, why in shifted.items() if used.isdisjoint(pair)}
    for runs, why in _chained(free):
        told = f"a curriculum: {', '.join(stretches[run].title for run in runs)}; {why[0]}"
        chains.append(Chain(tuple(runs), shifted=True, reason=told))
    order = {record.id: number for number, record in enumerate(records)}
    return sorted(chains, key=lambda chain: order[chain.runs[0]])


def chain_of(records: Sequence[RunRecord]) -> Chain:
    """Make one chain of runs that somebody else says are one training, in this order.

    Their steps go on where each begins in the later half of the one before; else they are shifted.
    """
    stretches = [s for record in records if (s := Stretch.of(record)) is not None]
    shifted = any(later.first <= earlier.first + earlier.length / 2 for earlier, later in pairwise(stretches))
    return Chain(tuple(record.id for record in records), shifted)


def _by_names(stretches: Sequence[Stretch]) -> _Pairs:
    names: dict[str, Hashable] = {}
    for stretch in stretches:
        record = stretch.record
        name, seed = stretch.name.name, stretch.name.seed
        names[record.id] = (_NUMBER_APART.sub("", name), seed, record.id.removeprefix(record.name))
    pairs = [
        (earlier, later)
        for family in families(stretches, names)
        for earlier, later in going_on(family, OVERLAP)
        if _names_go_on(earlier.name.name, later.name.name)
    ]
    settings = lasting_settings(list({s.id: s for pair in pairs for s in pair}.values()))
    return {(a.id, b.id): "" for a, b in pairs if settings[a.id] == settings[b.id]}


def _names_go_on(earlier: str, later: str) -> bool:
    """Tell whether names differ in one number, in one that the earlier has not, or in a range that goes on."""
    a, b = _numbers(earlier), _numbers(later)
    if len(a) != len(b):
        return len(b) == len(a) + 1 and any(b[:i] + b[i + 1 :] == a for i in range(len(b)))
    differing = [i for i, (one, other) in enumerate(zip(a, b, strict=True)) if one != other]
    if len(differing) < 2:
        return True
    low, *_, high = differing
    between = _NUMBER.split(later)[high]
    return high == low + 1 and b[low] >= a[high] and _IN_A_RANGE.fullmatch(between) is not None


def _by_wandb_id(stretches: Sequence[Stretch]) -> _Pairs:
    ids: dict[str, Hashable] = {s.id: found for s in stretches if (found := s.record.config.get("wandb.id"))}
    return {
        (earlier.id, later.id): f"the same W&B run {ids[later.id]}; "
        for family in families(stretches, ids)
        for earlier, later in going_on(family, OVERLAP_OF_ONE_ID)
    }


def _curricula(stretches: Sequence[Stretch]) -> tuple[_Pairs, _Pairs]:
    """Find runs that began from the model of another: those whose steps go on, and those that count anew."""
    forward: _Pairs = {}
    shifted: _Pairs = {}
    for family in families(stretches, {s.id: _without_numbers(s.title) for s in stretches}):
        literal = max(_NUMBER.split(family[0].title), key=len)
        by_title: dict[str, list[Stretch]] = {}
        for stretch in family:
            by_title.setdefault(stretch.title, []).append(stretch)
        for later in family:
            for title in _named_by(later, literal) & by_title.keys():
                for earlier in by_title[title]:
                    if not (_differ_in_one(title, later.title) and _in_order(earlier, later)):
                        continue
                    if later.continues(earlier, OVERLAP):
                        forward[earlier.id, later.id] = f"{later.title} began from {title}; "
                    elif _begin_alike(earlier, later):
                        shifted[earlier.id, later.id] = "each later one began from the one before"
        timed = sorted((s for s in family if s.begun is not None), key=lambda s: s.begun or 0.0)
        for earlier, later in pairwise(timed):
            if _are_stages(earlier, later):
                alike = "trained right after one another, alike but for the stage"
                shifted.setdefault((earlier.id, later.id), alike)
    return forward, shifted


def _named_by(stretch: Stretch, literal: str) -> set[str]:
    """List the parts of paths in a run's configuration that can name another run, whose title holds a given text."""
    texts = (value for value in stretch.record.config.values() if isinstance(value, str) and literal in value)
    parts = {part for text in texts for part in re.split(r"[/\\]", text) if len(part) >= _SHORTEST_TITLE}
    return parts - {stretch.title}


def _differ_in_one(title: str, other: str) -> bool:
    """Tell whether two texts that are equal but for their numbers differ in one of them."""
    numbers = zip(_NUMBER.findall(title), _NUMBER.findall(other), strict=False)
    return sum(a != b for a, b in numbers) == 1 and _without_numbers(title) == _without_numbers(other)


def _without_numbers(text: str) -> str:
    return _NUMBER.sub("", text)


@lru_cache(maxsize=4096)
def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, _NUMBER.findall(text)))


def _in_order(earlier: Stretch, later: Stretch) -> bool:
    if earlier.begun is not None and later.begun is not None:
        return later.begins_after(earlier)
    return _numbers(earlier.title) < _numbers(later.title)


def _begin_alike(earlier: Stretch, later: Stretch) -> bool:
    return later.first <= earlier.first + min(later.spacing, earlier.length / 2)


def _are_stages(earlier: Stretch, later: Stretch) -> bool:
    """Tell whether two runs are stages of a curriculum, from weak evidence: nothing says what the later began from."""
    if earlier.ended is None or later.begun is None or not 0 <= later.begun - earlier.ended <= BETWEEN_STAGES:
        return False
    if earlier.record.seed != later.record.seed or not _begin_alike(earlier, later):
        return False
    stages = _STAGE.sub("", earlier.title) == _STAGE.sub("", later.title)
    if not (stages and _differ_in_one(earlier.title, later.title)):
        return False
    if _numbers(earlier.title) > _numbers(later.title):
        return False
    a, b = lasting_settings([earlier, later]).values()
    return bool(a) and all(
        _DATA.search(key) and _without_numbers(a.get(key, "")) == _without_numbers(b.get(key, "")) != ""
        for key in {key for key, _ in a.items() ^ b.items()}
    )


def _chained(pairs: _Pairs) -> list[tuple[list[str], list[str]]]:
    """Put pairs together to chains, with the reason of each link; where the way forks no pair is taken."""
    after: dict[str, set[str]] = {}
    for earlier, later in pairs:
        after.setdefault(earlier, set()).add(later)
    # What goes on from a run that goes on from this one does not go on from this one itself.
    near = [(a, c) for a, c in pairs if not any(c in after.get(b, ()) for b in after[a])]
    ways_on, ways_back = Counter(a for a, _ in near), Counter(c for _, c in near)
    following = {a: c for a, c in near if ways_on[a] == ways_back[c] == 1}
    found = []
    for start in following.keys() - following.values():
        runs = [start]
        while runs[-1] in following:
            runs.append(following[runs[-1]])
        found.append((runs, [pairs[pair] for pair in pairwise(runs)]))
    return found


def _going_on(stretches: Sequence[Stretch], why: Sequence[str]) -> Chain:
    steps = [f"{stretch.first:,}–{stretch.last:,}" for stretch in stretches]
    if len(steps) > 4:
        steps = [*steps[:2], "…", steps[-1]]
    evidence = why[0] if len(set(why)) == 1 else ""
    return Chain(tuple(s.id for s in stretches), reason=f"{evidence}the steps go on: {', then '.join(steps)}")
