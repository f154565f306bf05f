"""Runs as stretches of steps and of time, and which of them may follow one another."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rlcompare.run_names import SeedlessName, seedless
from rlcompare.settings import last_words, settings_of
from rlcompare.store.record import RunRecord

#: Steps that may be missing where one run goes on from another, as a share of those of the earlier one; two records
#: always may.
GAP = 0.05

#: Where a run's folder is called otherwise than the training: by its time, or by a tracker.
TITLE_KEYS = ("wandb.name", "trainer.experiment_name", "experiment_name", "run_name", "exp_name")

#: Settings that say where a training begins and ends: what a continuation differs in.
_BEGIN_OR_END = re.compile(
    r"""(?:.*_)?(?:resume|restore|checkpoint|ckpt)(?:_.*)? | trained_agent
    | (?:.*_)?load_(?:path|from|dir|checkpoint|model|run)(?:_.*)?
    | n_timesteps | (?:num_train|total|max|max_num)_(?:train_|training_|env_)?(?:steps|timesteps|epochs|iterations)""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Stretch:
    """A run as its steps and times tell of it: ``begun`` and ``ended`` in Unix seconds, None where unlogged."""

    record: RunRecord
    first: int
    last: int
    spacing: float
    begun: float | None
    ended: float | None

    @classmethod
    def of(cls, record: RunRecord) -> Stretch | None:
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
        """The run's id."""
        return self.record.id

    @property
    def length(self) -> int:
        """Steps from the first to the last."""
        return self.last - self.first

    @cached_property
    def title(self) -> str:
        """What the training is called."""
        named = next((value for key in TITLE_KEYS if isinstance(value := self.record.config.get(key), str)), "")
        return named or self.name.name.rpartition("/")[2]

    @cached_property
    def name(self) -> SeedlessName:
        """Its path without seed and time."""
        return seedless(self.record.name, self.record.seed)

    def begins_after(self, other: Stretch) -> bool:
        """Tell whether it was logged after the other, as far as times were logged."""
        return self.begun is None or other.ended is None or self.begun >= other.ended

    def continues(self, other: Stretch, overlap: float) -> bool:
        """Tell whether its steps are those that follow the other's."""
        low, high = following(other, overlap)
        return low <= self.first <= high and self.last > other.last and self.begins_after(other)


def following(stretch: Stretch, overlap: float) -> tuple[float, float]:
    """Tell from where to where the first step of a continuation may be.

    Parameters
    ----------
    stretch : Stretch
    overlap : float
        Share of its steps that may be logged again.
    """
    twice = max(2 * stretch.spacing, overlap * stretch.length)
    # A run that begins in the first half of another is a repetition of it, however short both are.
    low = max(stretch.last - twice, stretch.first + stretch.length / 2 + 0.5)
    return low, stretch.last + max(2 * stretch.spacing, GAP * stretch.length)


def going_on(stretches: Iterable[Stretch], overlap: float) -> Iterator[tuple[Stretch, Stretch]]:
    """Find runs whose steps follow another's."""
    ordered = sorted(stretches, key=lambda s: s.first)
    firsts = [s.first for s in ordered]
    for earlier in ordered:
        low, high = following(earlier, overlap)
        for later in ordered[bisect_left(firsts, low) : bisect_right(firsts, high)]:
            if later.continues(earlier, overlap):
                yield earlier, later


def families(stretches: Iterable[Stretch], key: Mapping[str, Hashable]) -> list[list[Stretch]]:
    """Put runs of one key together; those without one, and those alone, are left out."""
    found: dict[Hashable, list[Stretch]] = {}
    for stretch in stretches:
        if stretch.id in key:
            found.setdefault((key[stretch.id], stretch.record.framework, stretch.record.step_unit), []).append(stretch)
    return [family for family in found.values() if len(family) > 1]


def lasting_settings(stretches: Sequence[Stretch]) -> dict[str, dict[str, str]]:
    """Return the settings of each run by its id, but for those that say where a training begins and ends."""
    lasting: dict[str, bool] = {}
    found = {}
    for stretch, own in zip(stretches, settings_of(s.record.config for s in stretches), strict=True):
        for key in own.keys() - lasting.keys():
            lasting[key] = not _BEGIN_OR_END.fullmatch(last_words(key))
        found[stretch.id] = {key: value for key, value in own.items() if lasting[key]}
    return found
