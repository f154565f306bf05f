"""Which runs belong together, and what a group of runs is called."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Literal, get_args

from rlcompare.errors import ParameterError
from rlcompare.run_names import Reason, SeedlessName, numberless, seedless
from rlcompare.runs import Runs
from rlcompare.settings import canonical, settings_of

#: ``seed``: runs that differ in nothing but the seed. ``config``: in none of some keys. ``name``: by a pattern.
Kind = Literal["none", "seed", "framework", "config", "name"]

#: Between a group's name and the settings that tell it from others of that name.
SETTINGS_BEHIND = " · "

#: One group, so that a pattern that fits few runs does not fill the legend with all others.
NO_MATCH = "(no match)"

#: Traits of a run beside its settings; a zero byte keeps them apart from configuration keys of that name.
_FRAMEWORK, _STEP_UNIT, _FILE = "\0framework", "\0step unit", "\0file"


@dataclass(frozen=True)
class GroupBy:
    """How runs are put together.

    Parameters
    ----------
    kind : {"none", "seed", "framework", "config", "name"}
    keys : tuple of str
        Configuration keys, for ``config``.
    pattern : str
        Regular expression on the run's id, for ``name``: what its groups match, joined with spaces, or else all that it
        matches is the group's name. Runs that it does not match are together in ``NO_MATCH``.
    """

    kind: Kind = "none"
    keys: tuple[str, ...] = ()
    pattern: str = ""


def group_runs(runs: Runs, by: GroupBy) -> dict[str, str]:
    """Name the group of each run.

    Give it all runs of the library and pick from the answer: a group's name tells it apart from all others, so that
    of some runs only it would change with the choice. A new run renames its own group and those that have the same name
    but for their settings, no other.

    For ``seed``, two runs are in one group if they have the same framework, step unit, settings
    (:func:`rlcompare.settings.settings_of`) and path without seeds and times (:func:`rlcompare.run_names.seedless`).
    What else a number in a path may be is decided by the other runs of the same settings:

    - A number that is the run's seed is taken for the seed if it changes with it, in two runs or more.
    - The last number (``CartPole-v1_2``) is taken for that of a repetition if every run has a seed of its own, or,
      where no seed is known, if it stands behind a word for it (``run_2``).

    Without settings only what is called a seed, or shaped like one, makes two runs one group; a run without either is
    a group of its own. A name's suffix, where files are runs, must be the same.

    Parameters
    ----------
    runs : Runs
    by : GroupBy

    Returns
    -------
    dict of run id to the group's label, every run once, in the order of the runs
        For ``none`` the label is the run's id. Labels are whole paths; shortening is the chart's.

    Raises
    ------
    ParameterError
        No such kind, or a pattern that does not compile.
    """
    match by.kind:
        case "none":
            labels: Iterable[str] = runs.ids
        case "seed":
            labels = _named(_by_seed(runs))
        case "framework":
            labels = [record.framework or "unknown framework" for record in runs.records]
        case "config":
            labels = _by_config(runs, by.keys)
        case "name":
            labels = _by_name(runs, by.pattern)
        case _:
            raise ParameterError(f"Expected a grouping of {', '.join(get_args(Kind))}; got {by.kind!r}.")
    return dict(zip(runs.ids, labels, strict=True))


def default_grouping(runs: Runs) -> GroupBy:
    """Group by everything but the seed where that puts two runs of different seeds together; else not at all."""
    seeds: dict[tuple[int, str], set[str]] = {}
    for run in _by_seed(runs):
        if run.seed is not None:
            seeds.setdefault(run.group, set()).add(run.seed)
    return GroupBy("seed") if any(len(found) > 1 for found in seeds.values()) else GroupBy()


def config_keys(runs: Runs) -> list[str]:
    """List the settings that are worth grouping by.

    Returns
    -------
    list of str
        Keys that differ between runs of one framework and have fewer values than there are runs. First those by which
        most runs have a companion of the same value, then those that tell most groups apart (by entropy), then in the
        order of the configurations.
    """
    settings = settings_of(record.config for record in runs.records)
    first: dict[str, dict[str, str]] = {}
    differing: dict[str, Counter[str]] = {}
    for record, own in zip(runs.records, settings, strict=True):
        # A run without any settings says nothing of this one.
        if own:
            different = own.items() ^ first.setdefault(record.framework, own).items()
            differing |= {key: Counter() for key, _ in different}
    for key in differing:
        differing[key].update(own[key] for own in settings if key in own)
    order = [key for key in dict.fromkeys(chain(*settings)) if key in differing and len(differing[key]) < len(runs)]
    return sorted(order, key=lambda key: (-_with_companion(differing[key]), -_entropy(differing[key])))


def _with_companion(values: Counter[str]) -> int:
    return sum(n for n in values.values() if n > 1)


def _entropy(values: Counter[str]) -> float:
    return math.log(values.total()) - sum(n * math.log(n) for n in values.values()) / values.total()


def _by_config(runs: Runs, keys: Sequence[str]) -> list[str]:
    if not keys:
        return ["all runs"] * len(runs)
    return [_described(keys, {key: canonical(record.config.get(key)) for key in keys}, keys) for record in runs.records]


def _by_name(runs: Runs, pattern: str) -> list[str]:
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        place = getattr(error, "pos", None)
        where = "" if place is None else f" at character {place + 1}"
        raise ParameterError(
            f"Expected a regular expression, got {pattern!r}: {getattr(error, 'msg', error)}{where}. "
            "Hint: write \\ before a bracket, dot, plus or star that stands for itself, as in `ppo\\(1\\)`."
        ) from error
    found = map(compiled.search, runs.ids)
    return [(match and (" ".join(filter(None, match.groups())) or match[0])) or NO_MATCH for match in found]


@dataclass(frozen=True)
class _Grouped:
    """A run, the group that it is in (equal for equal ones), and what the group's label is made of."""

    group: tuple[int, str]
    name: str
    seed: str | None
    traits: Mapping[str, str]


def _by_seed(runs: Runs) -> list[_Grouped]:
    settings = settings_of(record.config for record in runs.records)
    # Numbers, because comparing whole configurations again and again would take most of the time.
    kinds: dict[Hashable, int] = {}
    alike: list[int] = []
    names: list[SeedlessName] = []
    traits: list[dict[str, str]] = []
    for record, own in zip(runs.records, settings, strict=True):
        found = seedless(record.name, record.seed, own.get("env", ""))
        beside = {
            _FRAMEWORK: record.framework,
            _STEP_UNIT: record.step_unit,
            _FILE: (record.joined or (record,))[0].id.removeprefix(record.name),
        }
        if own or found.held_seed:
            kind: Hashable = (*beside.values(), frozenset(own.items()))
            names.append(found)
        else:
            kind = record.id
            names.append(SeedlessName(record.name, None, held_seed=False))
        alike.append(kinds.setdefault(kind, len(kinds)))
        traits.append({key: value for key, value in beside.items() if value} | own)
    chosen = _numbers_left_out(alike, names, list(map(bool, settings)))
    return [
        _Grouped((like, name), name or own.get(_FRAMEWORK, "runs"), found.seed, own)
        for like, name, found, own in zip(alike, chosen, names, traits, strict=True)
    ]


def _numbers_left_out(alike: Sequence[int], names: Sequence[SeedlessName], has_settings: Sequence[bool]) -> list[str]:
    """Leave a number out of a run's name where the runs that are alike bear out that it is a repetition's."""
    shared: dict[tuple[int, str], dict[int, set[Reason]]] = {}
    options: dict[int, list[str]] = {}
    for i, (like, found) in enumerate(zip(alike, names, strict=True)):
        shared.setdefault((like, found.name), {})[i] = set()
        if has_settings[i] and not found.held_seed:
            for name, reasons in numberless(found.name, found.seed).items():
                shared.setdefault((like, name), {})[i] = reasons
                options.setdefault(i, []).append(name)
    borne_out = {
        key
        for key, members in shared.items()
        if _are_repetitions([names[i].seed for i in members], list(members.values()))
    }
    chosen = [found.name for found in names]
    for i, candidates in options.items():
        fitting = [name for name in candidates if (alike[i], name) in borne_out]
        if fitting:
            chosen[i] = max(fitting, key=lambda name: len(shared[alike[i], name]))
    return chosen


def _are_repetitions(seeds: Sequence[str | None], reasons: Sequence[set[Reason]]) -> bool:
    """Decide on runs that share a name once a number is left out, a run without any having no reason."""
    known = {seed for seed in seeds if seed is not None}
    if not known:
        return all("repetition" in why or not why for why in reasons)
    if len(known) < 2:
        return False
    return (len(known) == len(seeds)) or all("seed" in why for why in reasons)


def _named(grouped: Sequence[_Grouped]) -> list[str]:
    """Label each run with its group's name, and with what tells groups of one name apart."""
    groups = {run.group: run for run in reversed(grouped)}
    namesakes: dict[str, list[_Grouped]] = {}
    for run in grouped:
        if groups[run.group] is run:
            namesakes.setdefault(run.name, []).append(run)
    labels: dict[tuple[int, str], str] = {}
    taken = {name for name, members in namesakes.items() if len(members) == 1}
    for name, members in namesakes.items():
        if len(members) == 1:
            labels[members[0].group] = name
            continue
        differing, shown = _telling_keys([run.traits for run in members])
        for run in members:
            label = f"{name}{SETTINGS_BEHIND}{_described(shown, run.traits, differing)}" if shown else name
            labels[run.group] = _free(label, taken)
            taken.add(labels[run.group])
    return [labels[run.group] for run in grouped]


def _free(label: str, taken: set[str]) -> str:
    """Return the label, numbered where another group is called that already, as a folder may be named like anything."""
    return next(free for free in chain([label], (f"{label} ({n})" for n in count(2))) if free not in taken)


def _telling_keys(traits: Sequence[Mapping[str, str]]) -> tuple[list[str], list[str]]:
    """Find the keys in which groups differ, and few of them that tell all apart as far as they can be."""
    keys = dict.fromkeys(key for own in traits for key in own)
    differing = [key for key in keys if len({own.get(key) for own in traits}) > 1]
    shown: list[str] = []
    told: list[tuple[str | None, ...]] = [()] * len(traits)
    while differing:
        best = max(differing, key=lambda key: len({(t, own.get(key)) for t, own in zip(told, traits, strict=True)}))
        finer = [(*t, own.get(best)) for t, own in zip(told, traits, strict=True)]
        if len(set(finer)) == len(set(told)):
            break
        told = finer
        shown.append(best)
    return differing, shown


def _described(keys: Sequence[str], values: Mapping[str, str | None], among: Iterable[str]) -> str:
    """``learning_rate=0.001, gamma not set``: of each key as few last parts as tell it apart among others."""
    uses = Counter(tail for key in among for tail in _tails(key))
    told = []
    for key in keys:
        short = next((tail for tail in _tails(key) if uses[tail] == 1), key).lstrip("\0")
        value = values.get(key)
        told.append(f"{short} not set" if value is None else f"{short}={value}")
    return ", ".join(told)


def _tails(key: str) -> list[str]:
    """List the endings of a key, the shortest first: ``lr``, ``optim.lr``, ``actor.optim.lr``."""
    starts = [0, *(match.end() for match in re.finditer(r"[.:]", key))]
    return [key[start:] for start in reversed(starts)]
