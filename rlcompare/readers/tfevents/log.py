"""What a decoder makes of an event file: scalars in rows and single ones, settings, and what could not be read."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rlcompare.readers.base import Problem
from rlcompare.readers.tfevents.event import MalformedEventError, parse_event

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of the same tags, each with a step that the scalar before it and the one behind it do not have.

    Parameters
    ----------
    starts : ndarray, shape (n_rows,), byte of the file at which each row begins, ascending
    steps : ndarray, shape (n_rows,)
    wall_times : ndarray, shape (n_rows,), Unix seconds of the row's first record, NaN if absent
    tags : tuple of int, distinct
    values : ndarray, shape (n_tags, n_rows)
    """

    starts: Ints
    steps: Ints
    wall_times: Floats
    tags: tuple[int, ...]
    values: Floats


@dataclass(frozen=True, slots=True)
class Scalars:
    """Single scalars as parallel arrays; ``order`` is the byte of the file at which the tag stands."""

    order: Ints
    step: Ints
    wall_time: Floats
    tag: Ints
    value: Floats


@dataclass
class EventLog:
    """Everything read from one event file, from some offset on.

    ``rows`` are in file order; the other lists are in none, what they hold says its place in the file first.
    ``tags`` numbers the tags that were met. ``damaged`` holds the payload's size of each record, by its place, whose
    payload does not have the checksum stored behind it. ``offset`` is the byte up to which the file has been
    consumed, ``pending`` speaks of the bytes behind it.
    """

    offset: int
    tags: dict[bytes, int] = field(default_factory=dict)
    rows: list[Rows] = field(default_factory=list)
    scalars: list[Scalars] = field(default_factory=list)
    texts: list[tuple[int, str, bytes]] = field(default_factory=list)
    hparams: list[tuple[int, bytes]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    damaged: dict[int, int] = field(default_factory=dict)
    pending: Problem | None = None
    _single: list[tuple[int, int, float, int, float]] = field(default_factory=list)

    def tag(self, name: bytes) -> int:
        """Return the number of a tag, a new one where it was not met before."""
        return self.tags.setdefault(name, len(self.tags))

    def add_record(self, at: int, payload: bytes) -> None:
        """Read one sound record whose frame begins at byte ``at`` of the file."""
        try:
            event = parse_event(payload)
        except MalformedEventError as error:
            self.problems.append(Problem(at, f"Expected a TensorBoard event in this record: {error}. It is left out."))
            return
        for scalar in event.scalars:
            row = (at + scalar.tag_at, event.step, event.wall_time, self.tag(scalar.tag), scalar.value)
            self._single.append(row)
        self.texts += [(at, tag, text) for tag, text in event.texts]
        self.hparams += [(at, content) for content in event.hparams]
        self.problems += [Problem(at, f"In this record, {fault}. The value is left out.") for fault in event.faults]

    def all_scalars(self) -> Scalars:
        """All single scalars in file order."""
        order, step, wall_time, tag, value = zip(*self._single, strict=True) if self._single else ((),) * 5
        parts = [
            *self.scalars,
            Scalars(
                np.array(order, np.int64),
                np.array(step, np.int64),
                np.array(wall_time, np.float64),
                np.array(tag, np.int64),
                np.array(value, np.float64),
            ),
        ]
        whole = Scalars(
            np.concatenate([part.order for part in parts]),
            np.concatenate([part.step for part in parts]),
            np.concatenate([part.wall_time for part in parts]),
            np.concatenate([part.tag for part in parts]),
            np.concatenate([part.value for part in parts]),
        )
        by_place = np.argsort(whole.order, kind="stable")
        return Scalars(
            whole.order[by_place],
            whole.step[by_place],
            whole.wall_time[by_place],
            whole.tag[by_place],
            whole.value[by_place],
        )

    def all_problems(self) -> list[Problem]:
        """Everything that was left out, in file order."""
        damaged = (
            Problem(at, f"Expected a record with a right checksum, its {size:,} bytes are damaged. It is left out.")
            for at, size in self.damaged.items()
        )
        return sorted([*self.problems, *damaged], key=lambda problem: problem.at)

    def lost(self, at: int, end: int) -> None:
        """Note bytes in which no record boundary could be trusted."""
        self.problems.append(
            Problem(
                at,
                f"Expected a record, the checksum of its length is wrong. {end - at:,} bytes up to the next sound "
                f"record, at byte {end:,}, are left out with whatever records they held.",
            )
        )

    def unreadable_rest(self, at: int, end: int, start: int) -> None:
        """Note that no sound record is left from ``at`` to the end: perhaps a hole that its writer will fill."""
        if at == 0 == start:
            message = "Expected TensorBoard event records, the file holds none. Hint: is it another kind of file?"
            self.pending = Problem(at, message, "error")
        else:
            message = (
                f"Expected a record, the checksum of its length is wrong and no sound record follows in the last "
                f"{end - at:,} bytes. They are looked at again when the file changes."
            )
            self.pending = Problem(at, message, "warning")

    def half_record(self, at: int, end: int) -> None:
        """Note a last record that is not whole yet."""
        message = f"The last record is not whole yet ({end - at:,} bytes so far); it is read once it is."
        self.pending = Problem(at, message, "note")
