"""What is known of one framework's logs: how to tell them, what their steps count, and what their keys mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

Keys = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Framework:
    """One framework, as an entry of the tables in ``language``, ``hugging_face`` and ``control``.

    Parameters
    ----------
    name : str
        Its own spelling; empty for what any script may log.
    step_unit : str
        What its steps count: ``step`` (one batch of rollouts learned from), ``env step``, ``iteration``, ``epoch``;
        empty if that depends on the log.
    signs : tuple of str
        Keys that no other framework writes: one of them is enough to tell it.
    keys : mapping of canonical name to tuple of str
        Its keys for each canonical metric, best first. They answer for runs of other frameworks as well, after those'
        own keys, so a key that means something else elsewhere belongs in ``only_here``.
    patterns : mapping of canonical name to tuple of str
        Regular expressions for keys that hold a name (a data set's, an agent's); asked after ``keys``.
    only_here : mapping of canonical name to tuple of str
        Regular expressions for keys that mean this in its own runs only; asked last.
    not_here : tuple of str
        Others' keys that mean something else in its runs.
    per_step : mapping of canonical name to tuple of str
        Keys that count what one step alone saw, by the canonical count that their sum over the steps is.
    prefixes : tuple of str
        What a callback of it puts before every key: ``train/`` makes ``kl`` and ``train/kl`` the same.
    other_axes : mapping of str to str
        Keys whose steps count something else than ``step_unit``, and what; a key that ends in ``/`` stands for all
        keys that begin with it.
    """

    name: str
    step_unit: str = ""
    signs: tuple[str, ...] = ()
    keys: Keys = field(default_factory=dict)
    patterns: Keys = field(default_factory=dict)
    only_here: Keys = field(default_factory=dict)
    not_here: tuple[str, ...] = ()
    per_step: Keys = field(default_factory=dict)
    prefixes: tuple[str, ...] = ()
    other_axes: Mapping[str, str] = field(default_factory=dict)

    def spelled(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        """Spell keys in every way that its callbacks do, in the same order."""
        return tuple(prefix + key for key in keys for prefix in ("", *self.prefixes))

    @cached_property
    def all_signs(self) -> tuple[str, ...]:
        """Its signs, in every spelling."""
        return self.spelled(self.signs)

    def other_axis_of(self, key: str) -> str:
        """Say what the steps of one key count, where it is not ``step_unit``; else empty."""
        units = (
            unit
            for start, unit in self.other_axes.items()
            if key == start or (start.endswith("/") and key.startswith(start))
        )
        return next(units, "")
