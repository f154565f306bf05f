"""Which runs look like one training that went on in another folder.

Nothing is joined here: these are offers, each with its reason. What tells a continuation from a repetition or a sweep
is that its steps, or the model that it began from, are those that an earlier run ended with. Runs that were logged at
the same time never are one training.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from rlcompare.run_names import seedless
from rlcompare.settings import last_words, settings_of
from rlcompare.store.joining import Chain
from rlcompare.store.record import RunRecord

#: Steps that may be missing where one run goes on from another, and that may be logged twice, as a share of the
#: earlier one's; two records always may. A checkpoint is somewhat older than the last record.
GAP, OVERLAP = 0.05, 0.1
#: The same, for records of one W&B run.
OVERLAP_OF_ONE_ID = 0.5

#: A stage of a curriculum begins so many seconds after the one before has ended, at most: the model is loaded, and the
#: first step is slow.
BETWEEN_STAGES = 3600.0

#: Where a run's folder is called otherwise than the training: by its time, or by a tracker.
TITLE_KEYS = ("wandb.name", "trainer.experiment_name", "experiment_name", "run_name", "exp_name")

#: Settings that say where a training begins and ends: what a continuation differs in.
_BEGIN_OR_END = re.compile(
    r"""(?:.*_)?(?:resume|restore|checkpoint|ckpt)(?:_.*)? | trained_agent
    | (?:.*_)?load_(?:path|from|dir|checkpoint|model|run)(?:_.*)?
    | n_timesteps | (?:num_train|total|max|max_num)_(?:train_|training_|env_)?(?:steps|timesteps|epochs|iterations)""",
    re.VERBOSE,
)
#: Settings that name what a stage of a curriculum is trained on.
_DATA = re.compile(r"(?i)(?:^|[._:])(?:data(?:sets?)?|files?|prompts?|tasks?|envs?|levels?|stages?)(?:$|[._:])")
#: Numbers of a stage: ``3ppl``, ``stage-2``. A bare last number is that of a repetition.
_STAGE = re.compile(r"(?i)(?<![0-9a-z.])\d+(?=[a-z]{2})|(?:stage|phase|level|lesson|part|round)[-_ ]?\d+")
_NUMBER = re.compile(r"\d+")
_NUMBER_APART = re.compile(r"[-_ .]*\d+")
#: Shorter texts are found in a path by chance.
_SHORTEST_TITLE = 4


@dataclass(frozen=True)
class _Stretch:
    """A run as its steps and times tell of it: ``begun`` and ``ended`` in Unix seconds, None where unlogged."""

    record: RunRecord
    first: int
    last: int
    spacing: float
    begun: float | None
    ended: float | None

    @classmethod
    def of(cls, record: RunRecord) -> _Stretch | None:
        """None where nothing was logged in the run's own unit."""
        first, last = record.first_step, record.last_step
        if first is None or last is None:
            return None
        densest = max((m.stats for m in record.metrics.values() if m.step_unit == record.step_unit), key=lambda s: s.n)
        spacing = (densest.last_step - densest.first_step) / max(1, densest.n - 1)
        ended = None if record.started is None else record.updated
        return cls(record, first, last, max(1.0, spacing), record.started, ended)

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def length(self) -> int:
        return self.last - self.first

    @cached_property
    def title(self) -> str:
        """What the training is called."""
        named = next((value for key in TITLE_KEYS if isinstance(value := self.record.config.get(key), str)), "")
        return named or seedless(self.record.name, self.record.seed).name.rpartition("/")[2]

    @cached_property
    def settings(self) -> dict[str, str]:
        (found,) = settings_of([self.record.config])
        return {key: value for key, value in found.items() if not _BEGIN_OR_END.fullmatch(last_words(key))}

    def begins_after(self, other: _Stretch) -> bool:
        """Tell whether it was logged after the other, as far as times were logged."""
        return self.begun is None or other.ended is None or self.begun >= other.ended

    def continues(self, other: _Stretch, overlap: float) -> bool:
        """Tell whether its steps are those that follow the other's."""
        low, high = _following(other, overlap)
        return low <= self.first <= high and self.last > other.last and self.begins_after(other)


#: Ids of a run and of the one that goes on from it, with the reason.
_Pairs = dict[tuple[str, str], str]


def continuations(records: Sequence[RunRecord]) -> list[Chain]:
    """Offer runs to be joined.

    Runs are one training where the steps of one follow those of another and

    - they have the same framework, unit of steps, seed and settings, and names that differ in numbers only, or
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
    stretches = {s.id: s for record in records if (s := _Stretch.of(record)) is not None}
    every = list(stretches.values())
    named, shifted = _curricula(every)
    going_on = _by_names(every) | named | _by_wandb_id(every)
    chains = [_going_on([stretches[run] for run in runs], why) for runs, why in _chained(going_on)]
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
    stretches = [s for record in records if (s := _Stretch.of(record)) is not None]
    shifted = any(later.first <= earlier.first + earlier.length / 2 for earlier, later in pairwise(stretches))
    return Chain(tuple(record.id for record in records), shifted)


def _following(stretch: _Stretch, overlap: float) -> tuple[float, float]:
    """First steps that a continuation may have."""
    twice = max(2 * stretch.spacing, overlap * stretch.length)
    # A run that begins in the first half of another is a repetition of it, however short both are.
    low = max(stretch.last - twice, stretch.first + stretch.length / 2 + 0.5)
    return low, stretch.last + max(2 * stretch.spacing, GAP * stretch.length)


def _pairs(stretches: Iterable[_Stretch], overlap: float) -> Iterable[tuple[_Stretch, _Stretch]]:
    """Find runs whose steps follow another's."""
    ordered = sorted(stretches, key=lambda s: s.first)
    firsts = [s.first for s in ordered]
    for earlier in ordered:
        low, high = _following(earlier, overlap)
        for later in ordered[bisect_left(firsts, low) : bisect_right(firsts, high)]:
            if later.continues(earlier, overlap):
                yield earlier, later


def _families(stretches: Iterable[_Stretch], key: Mapping[str, Hashable]) -> list[list[_Stretch]]:
    """Put runs of one key together; those without one, and those alone, are left out."""
    found: dict[Hashable, list[_Stretch]] = {}
    for stretch in stretches:
        if stretch.id in key:
            found.setdefault((key[stretch.id], stretch.record.framework, stretch.record.step_unit), []).append(stretch)
    return [family for family in found.values() if len(family) > 1]


def _by_names(stretches: Sequence[_Stretch]) -> _Pairs:
    names: dict[str, Hashable] = {}
    for stretch in stretches:
        record = stretch.record
        found = seedless(record.name, record.seed)
        names[record.id] = (_NUMBER_APART.sub("", found.name), found.seed, record.id.removeprefix(record.name))
    return {
        (earlier.id, later.id): ""
        for family in _families(stretches, names)
        for earlier, later in _pairs(family, OVERLAP)
        if earlier.settings == later.settings
    }


def _by_wandb_id(stretches: Sequence[_Stretch]) -> _Pairs:
    ids: dict[str, Hashable] = {s.id: found for s in stretches if (found := s.record.config.get("wandb.id"))}
    return {
        (earlier.id, later.id): f"the same W&B run {ids[later.id]}; "
        for family in _families(stretches, ids)
        for earlier, later in _pairs(family, OVERLAP_OF_ONE_ID)
    }


def _curricula(stretches: Sequence[_Stretch]) -> tuple[_Pairs, _Pairs]:
    """Find runs that began from the model of another: those whose steps go on, and those that count anew."""
    going_on: _Pairs = {}
    shifted: _Pairs = {}
    for family in _families(stretches, {s.id: _without_numbers(s.title) for s in stretches}):
        by_title: dict[str, list[_Stretch]] = {}
        for stretch in family:
            by_title.setdefault(stretch.title, []).append(stretch)
        for later in family:
            for title in _named_by(later) & by_title.keys():
                for earlier in by_title[title]:
                    if not (_differ_in_one(title, later.title) and _in_order(earlier, later)):
                        continue
                    if later.continues(earlier, OVERLAP):
                        going_on[earlier.id, later.id] = f"{later.title} began from {title}; "
                    elif _begin_alike(earlier, later):
                        shifted[earlier.id, later.id] = "each later one began from the one before"
        timed = sorted((s for s in family if s.begun is not None), key=lambda s: s.begun or 0.0)
        for earlier, later in pairwise(timed):
            if _are_stages(earlier, later):
                shifted.setdefault(
                    (earlier.id, later.id),
                    "trained right after one another, alike but for the stage",
                )
    return going_on, shifted


def _named_by(stretch: _Stretch) -> set[str]:
    """List the parts of paths in a run's configuration that can name another run."""
    texts = (value for value in stretch.record.config.values() if isinstance(value, str))
    parts = {part for text in texts for part in re.split(r"[/\\]", text) if len(part) >= _SHORTEST_TITLE}
    return parts - {stretch.title}


def _differ_in_one(title: str, other: str) -> bool:
    """Tell whether two texts that are equal but for their numbers differ in one of them."""
    numbers = zip(_NUMBER.findall(title), _NUMBER.findall(other), strict=False)
    return sum(a != b for a, b in numbers) == 1 and _without_numbers(title) == _without_numbers(other)


def _without_numbers(text: str) -> str:
    return _NUMBER.sub("", text)


def _in_order(earlier: _Stretch, later: _Stretch) -> bool:
    if earlier.begun is not None and later.begun is not None:
        return later.begins_after(earlier)
    return _numbers(earlier.title) < _numbers(later.title)


def _numbers(text: str) -> list[int]:
    return list(map(int, _NUMBER.findall(text)))


def _begin_alike(earlier: _Stretch, later: _Stretch) -> bool:
    return later.first <= earlier.first + min(later.spacing, earlier.length / 2)


def _are_stages(earlier: _Stretch, later: _Stretch) -> bool:
    """Tell whether two runs are stages of a curriculum, from weak evidence: nothing says what the later began from."""
    if earlier.ended is None or later.begun is None or not 0 <= later.begun - earlier.ended <= BETWEEN_STAGES:
        return False
    if earlier.record.seed != later.record.seed or not _begin_alike(earlier, later):
        return False
    a, b = earlier.settings, later.settings
    stages = _STAGE.sub("", earlier.title) == _STAGE.sub("", later.title)
    if not (a and stages and _differ_in_one(earlier.title, later.title)):
        return False
    if _numbers(earlier.title) > _numbers(later.title):
        return False
    return all(
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


def _going_on(stretches: Sequence[_Stretch], why: Sequence[str]) -> Chain:
    steps = [f"{stretch.first:,}–{stretch.last:,}" for stretch in stretches]
    if len(steps) > 4:
        steps = [*steps[:2], "…", steps[-1]]
    evidence = why[0] if len(set(why)) == 1 else ""
    return Chain(tuple(s.id for s in stretches), reason=f"{evidence}the steps go on: {', then '.join(steps)}")
