"""One training that went on in another folder, as one run.

Its values stay where the runs' own caches hold them: a joined record names the stored files of all its parts, in order,
and is made anew wherever it is asked for. To the rest a part that goes on is a later file of the same writer.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rlcompare.errors import ReadIssue
from rlcompare.store.record import MetricRecord, RunRecord, Slice
from rlcompare.store.reward import with_reward

#: Behind the id of the first run: an id that stays as more runs follow.
JOINED = " (joined)"

#: Configuration keys named before the rest is counted.
LISTED = 8


@dataclass(frozen=True)
class Chain:
    """Runs that are one training.

    Parameters
    ----------
    runs : tuple of str
        Ids, in the order in which they were trained.
    shifted : bool
        Each run counts its steps from its own beginning, so that those of later ones are moved behind those before.
        Otherwise the steps go on.
    reason : str
        Why they look like one training, in plain words.
    """

    runs: tuple[str, ...]
    shifted: bool = False
    reason: str = ""

    @property
    def id(self) -> str:
        """The id of the runs as one."""
        return self.runs[0] + JOINED


def join(parts: Sequence[RunRecord], run_id: str, *, shifted: bool) -> RunRecord:
    """Make one record of several.

    Name, framework, seed and configuration are those of the first; whether it is finished, and when it was updated, of
    the last. A metric that a part has not logged, or whose steps it counts in another unit, is absent there.

    Parameters
    ----------
    parts : sequence of RunRecord
        In the order in which they were trained.
    run_id : str
    shifted : bool
        See :class:`Chain`.

    Returns
    -------
    RunRecord

    Raises
    ------
    OSError, polars.exceptions.PolarsError
        A stored file is gone or damaged; the runs must be read again.
    """
    first, last = parts[0], parts[-1]
    shifts = _shifts(parts) if shifted else [dict[str, int]()] * len(parts)
    own = tuple(shift.get(first.step_unit, 0) for shift in shifts)
    told = repr([(part.fingerprint, shift) for part, shift in zip(parts, own, strict=True)])
    return with_reward(
        replace(
            first,
            id=run_id,
            sources=tuple(source for part in parts for source in part.sources),
            metrics=_metrics(parts, shifts),
            config_issues=(*(issue for part in parts for issue in part.config_issues), *_differences(parts)),
            started=min((part.started for part in parts if part.started is not None), default=None),
            updated=last.updated,
            finished=last.finished,
            fingerprint=hashlib.blake2b(told.encode(), digest_size=8).hexdigest(),
            joined=tuple(parts),
            shifts=own,
        )
    )


def _shifts(parts: Sequence[RunRecord]) -> list[dict[str, int]]:
    """Tell, for each part and unit of steps, what is added so that it begins behind the steps before it."""
    done: dict[str, int] = {}
    found = []
    for part in parts:
        ends: dict[str, tuple[int, int]] = {}
        for metric in part.metrics.values():
            low, high = ends.get(metric.step_unit, (metric.stats.first_step, metric.stats.last_step))
            ends[metric.step_unit] = min(low, metric.stats.first_step), max(high, metric.stats.last_step)
        # Where steps count from 0, the first one comes after the last of the part before.
        shift = {unit: done[unit] + (low < 1) for unit, (low, _) in ends.items() if unit in done}
        found.append(shift)
        done |= {unit: high + shift.get(unit, 0) for unit, (_, high) in ends.items()}
    return found


def _metrics(parts: Sequence[RunRecord], shifts: Sequence[Mapping[str, int]]) -> dict[str, MetricRecord]:
    several = any(piece.worker for part in parts for metric in part.metrics.values() for piece in metric.slices)
    joined: dict[str, MetricRecord] = {}
    writers = 0
    for part, shift in zip(parts, shifts, strict=True):
        for key, metric in part.metrics.items():
            before = joined.get(key)
            if before is not None and before.step_unit != metric.step_unit:
                continue
            steps = shift.get(metric.step_unit, 0)
            slices = tuple(_placed(piece, part, writers, steps, several=several) for piece in metric.slices)
            stats = metric.stats.shifted(steps)
            if before is None:
                joined[key] = replace(metric, slices=slices, stats=stats)
            else:
                also = tuple(dict.fromkeys((*before.also_in, *metric.also_in)))
                slices, stats = (*before.slices, *slices), before.stats.followed_by(stats)
                joined[key] = replace(before, slices=slices, stats=stats, also_in=also)
        writers += 1 + max((s.writer for m in part.metrics.values() for s in m.slices), default=0)
    return joined


def _placed(piece: Slice, part: RunRecord, writers: int, steps: int, *, several: bool) -> Slice:
    """Name a slice's file by its whole path, and its writer and worker as of a later file of the same training."""
    # The only worker of a part is the first of a part that has several.
    worker = piece.worker or ("0" if several else "")
    file = os.path.join(part.directory, piece.file)
    return Slice(file, piece.column, worker, writers + piece.writer, piece.shift + steps)


def _differences(parts: Sequence[RunRecord]) -> Iterable[ReadIssue]:
    """Say in which keys later parts were configured otherwise, since the joined run shows the first one's values."""
    keys = dict.fromkeys(key for part in parts for key in part.config)
    differing = [key for key in keys if any(part.config.get(key) != parts[0].config.get(key) for part in parts)]
    if differing:
        more = f" and {len(differing) - LISTED} more" if len(differing) > LISTED else ""
        told = f"The parts were configured differently in {', '.join(differing[:LISTED])}{more}; the first's is shown."
        yield ReadIssue(" → ".join(part.id for part in parts), "", told, "note")
