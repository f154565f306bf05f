"""Episodes out of RLlib's results, whose ``hist_stats`` list the returns and lengths of a window of episodes.

The window holds the last 100 episodes (``metrics_num_episodes_for_smoothing``) and is listed again by every result, so
that only ``episodes_this_iter`` of it are new. Since Ray 1.3 they stand behind the older ones, before that in front of
them (``rllib/execution/metric_ops.py``, later ``rllib/algorithms/algorithm.py``): what a window shares with the one
before it tells which. The new API stack lists no episodes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from rlcompare.readers.samples import sample_frame

#: Where a result keeps its episodes: in itself, or in these parts of it (Ray 2.10 and later; 2.0 to 2.9 once more).
PARTS = ("env_runners", "sampler_results")

LISTS = "hist_stats"

Result = dict[str, Any]
Episode = tuple[float, float]


@dataclass
class _Columns:
    """Samples of one split, column by column."""

    step: list[int] = field(default_factory=list)
    wall_time: list[float | None] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)

    def add(self, episodes: Sequence[Episode], step: int, wall_time: float | None) -> None:
        self.episodes += episodes
        self.step += [step] * len(episodes)
        self.wall_time += [wall_time] * len(episodes)

    def frame(self, split: str) -> pl.DataFrame:
        return sample_frame(
            self.step,
            split=split,
            length_unit="env step",
            reward=[reward for reward, _ in self.episodes],
            length=[length for _, length in self.episodes],
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
        self._window: list[Episode] = [(reward, length) for reward, length in known.get("window", ())]
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
            window = _window(holder[LISTS])
            if window:
                fresh = _whole(holder.get("episodes_this_iter", result.get("episodes_this_iter")), len(window))
                is_old_ray = holder is result and "agent_timesteps_total" not in result
                self._train.add(self._new(window, fresh, is_old_ray), step, wall_time)
                break
        evaluation = result.get("evaluation")
        if type(evaluation) is dict:
            window = next((found for holder in _holders(evaluation) if (found := _window(holder[LISTS]))), [])
            digest = hashlib.blake2b(json.dumps(evaluation).encode(), digest_size=8).hexdigest() if window else ""
            if digest != self._evaluation:
                self._validation.add(window, step, wall_time)
            self._evaluation = digest

    def _new(self, window: list[Episode], fresh: int, is_old_ray: bool) -> list[Episode]:
        """Tell the ``fresh`` new episodes of a window from the older ones, and remember the window."""
        older = len(window) - fresh
        before, in_front = self._window, self._window[self._fresh :] + self._window[: self._fresh]
        shared = min(older, len(before))
        if shared:
            behind_older = window[older - shared : older] == before[-shared:]
            before_older = window[-shared:] == in_front[-shared:]
            if behind_older != before_older:
                self._newest_first = before_older
        newest_first = is_old_ray if self._newest_first is None else self._newest_first
        self._window, self._fresh = window, fresh
        return window[:fresh] if newest_first else window[older:]

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
            "window": [list(episode) for episode in self._window],
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


def _window(lists: Result) -> list[Episode]:
    """Pair returns and lengths; empty where they are not as many or no numbers."""
    rewards, lengths = lists.get("episode_reward"), lists.get("episode_lengths")
    if type(rewards) is not list or type(lengths) is not list or len(rewards) != len(lengths):
        return []
    if not {*map(type, rewards), *map(type, lengths)} <= {int, float}:
        return []
    return [*zip(map(float, rewards), map(float, lengths), strict=True)]


def _whole(value: object, most: int) -> int:
    """Read a number of new episodes; all of them where there is no such number."""
    return min(value, most) if type(value) is int and value >= 0 else most
