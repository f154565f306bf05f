"""Episodes out of RLlib's results, whose ``hist_stats`` list the returns and lengths of a window of episodes.

The window holds the last 100 episodes (``metrics_num_episodes_for_smoothing``) and is listed again by every result, so
that only ``episodes_this_iter`` of it are new. Since Ray 1.3 they stand behind the older ones, before that in front of
them (``rllib/execution/metric_ops.py``, later ``rllib/algorithms/algorithm.py``): what a window shares with the one
before it tells which. The new API stack lists no episodes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from rlcompare.readers.samples import sample_frame

#: Where a result keeps its episodes: in itself, or in these parts of it (Ray 2.10 and later; 2.0 to 2.9 once more).
PARTS = ("env_runners", "sampler_results")

#: What holds the lists, and those that are read.
LISTS, EPISODES = "hist_stats", ("episode_reward", "episode_lengths")

#: A key of results of Ray 1.3 and later, as far as they have their lists in themselves.
SINCE_1_3 = "agent_timesteps_total"

Result = dict[str, Any]


@dataclass(frozen=True)
class Window:
    """Returns and lengths of episodes, as listed."""

    rewards: list[float] = field(default_factory=list)
    lengths: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rewards)

    def __getitem__(self, part: slice) -> Window:
        return Window(self.rewards[part], self.lengths[part])

    def __add__(self, other: Window) -> Window:
        return Window(self.rewards + other.rewards, self.lengths + other.lengths)


@dataclass
class _Columns:
    """Samples of one split, column by column."""

    step: list[int] = field(default_factory=list)
    wall_time: list[float | None] = field(default_factory=list)
    reward: list[float] = field(default_factory=list)
    length: list[float] = field(default_factory=list)

    def add(self, episodes: Window, step: int, wall_time: float | None) -> None:
        self.reward += map(float, episodes.rewards)
        self.length += map(float, episodes.lengths)
        self.step += [step] * len(episodes)
        self.wall_time += [wall_time] * len(episodes)

    def frame(self, split: str) -> pl.DataFrame:
        return sample_frame(
            self.step,
            split=split,
            length_unit="env step",
            reward=self.reward,
            length=self.length,
            wall_time=self.wall_time,
        )


class Episodes:
    """Collects the episodes that are new in each of a trial's results, given in the order in which they were logged.

    Parameters
    ----------
    state : mapping, optional
        What :meth:`state` gave after the results before.
    """

    def __init__(self, state: Mapping[str, Any] | None = None) -> None:
        known = state or {}
        self._window = Window(*known.get("window", ()))
        self._fresh: int = known.get("fresh", 0)
        self._newest_first: bool | None = known.get("newest_first")
        self._evaluation: str = known.get("evaluation", "")
        self._train = _Columns()
        self._validation = _Columns()

    def add(self, result: Result, step: int, wall_time: float | None) -> None:
        """Take the new episodes of a result.

        An evaluation that is listed again, with all its numbers, by results that did not evaluate counts once.

        Parameters
        ----------
        result : dict
            As logged; lists that do not fit each other give no episodes.
        step : int
            Training iteration.
        wall_time : float or None
            When the result was logged, in Unix seconds: its episodes ended before.
        """
        for holder in _holders(result):
            if window := _window(holder[LISTS]):
                fresh = _whole(holder.get("episodes_this_iter", result.get("episodes_this_iter")), len(window))
                is_old_ray = holder is result and SINCE_1_3 not in result
                self._train.add(self._new(window, fresh, is_old_ray), step, wall_time)
                break
        evaluation = result.get("evaluation")
        if type(evaluation) is dict:
            window = next((found for holder in _holders(evaluation) if (found := _window(holder[LISTS]))), Window())
            digest = hashlib.blake2b(json.dumps(evaluation).encode(), digest_size=8).hexdigest() if window else ""
            if digest != self._evaluation:
                self._validation.add(window, step, wall_time)
            self._evaluation = digest

    def _new(self, window: Window, fresh: int, is_old_ray: bool) -> Window:
        """Tell the ``fresh`` new episodes of a window from the older ones, and remember the window."""
        older = len(window) - fresh
        shared = min(older, len(self._window))
        if shared:
            # Where both fit, all episodes are alike, and what was known stays.
            known = self._newest_first
            if known is None or not self._fits(window, older, shared, known):
                fits = [self._fits(window, older, shared, newest_first) for newest_first in (False, True)]
                self._newest_first = fits[True] if fits[True] != fits[False] else known
        newest_first = is_old_ray if self._newest_first is None else self._newest_first
        self._window, self._fresh = window, fresh
        return window[:fresh] if newest_first else window[older:]

    def _fits(self, window: Window, older: int, shared: int, newest_first: bool) -> bool:
        """Tell whether a window goes on from the one before, if new episodes stand where ``newest_first`` says."""
        if newest_first:
            return window[-shared:] == (self._window[self._fresh :] + self._window[: self._fresh])[-shared:]
        return window[older - shared : older] == self._window[-shared:]

    def samples(self) -> pl.DataFrame | None:
        """Make the frame of what was collected: episodes to train on first, then those of evaluations."""
        frames = [
            columns.frame(split)
            for split, columns in (("train", self._train), ("validation", self._validation))
            if columns.step
        ]
        return pl.concat(frames) if frames else None

    def state(self) -> dict[str, Any]:
        """Give what the next read needs, JSON-able."""
        return {
            "window": [self._window.rewards, self._window.lengths],
            "fresh": self._fresh,
            "newest_first": self._newest_first,
            "evaluation": self._evaluation,
        }


def without_lists(result: Result) -> None:
    """Take the lists of episodes out of a result, in place: they are no metrics."""
    evaluation = result.get("evaluation")
    for part in (result, evaluation) if type(evaluation) is dict else (result,):
        for holder in [*_holders(part)]:
            del holder[LISTS]


def _holders(result: Result) -> Iterator[Result]:
    """Find the parts of a result that have lists of episodes."""
    for part in (result, *(result.get(name) for name in PARTS)):
        if type(part) is dict and type(part.get(LISTS)) is dict:
            yield part


def _window(lists: Result) -> Window:
    """Take up returns and lengths; empty where they are not as many or no numbers."""
    rewards, lengths = map(lists.get, EPISODES)
    if type(rewards) is not list or type(lengths) is not list or len(rewards) != len(lengths):
        return Window()
    if not {*map(type, rewards), *map(type, lengths)} <= {int, float}:
        return Window()
    return Window(rewards, lengths)


def _whole(value: object, most: int) -> int:
    """Read a number of new episodes; all of them where there is no such number."""
    return min(value, most) if type(value) is int and value >= 0 else most
