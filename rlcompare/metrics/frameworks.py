"""All frameworks in the order in which they are asked, and what the keys of a run tell of its framework."""

from __future__ import annotations

from collections.abc import Iterable

from rlcompare.metrics.any_script import ANY_SCRIPT, OUR_MEANS
from rlcompare.metrics.control import CONTROL
from rlcompare.metrics.framework import Framework
from rlcompare.metrics.hugging_face import HUGGING_FACE
from rlcompare.metrics.language import LANGUAGE

#: The first whose sign is found is the run's: those that log another's keys besides their own stand before it.
FRAMEWORKS: tuple[Framework, ...] = (*LANGUAGE, *HUGGING_FACE, *CONTROL)

#: Whose keys answer where the run's own framework has none, or is not known.
EVERYONE: tuple[Framework, ...] = (ANY_SCRIPT, *FRAMEWORKS, OUR_MEANS)

FRAMEWORK_OF: dict[str, Framework] = {framework.name: framework for framework in FRAMEWORKS}

#: Every key that gives a framework away.
SIGNS: frozenset[str] = frozenset(sign for framework in FRAMEWORKS for sign in framework.all_signs)


def guess_framework(keys: Iterable[str]) -> str:
    """Tell who trained from the metric keys, in the framework's own spelling; empty if no key gives it away."""
    logged = set(keys)
    return next((framework.name for framework in FRAMEWORKS if not logged.isdisjoint(framework.all_signs)), "")


#: Frameworks that train with the trainers of those behind them, whose files a run of theirs holds as well.
_BUILT_ON = ("ms-swift", "TRL", "Transformers")


def framework_of(named: Iterable[str]) -> str:
    """Say who trained a run whose logs name these or none: the first, of those that build on others the top."""
    given = [name for name in named if name]
    top = [name for name in _BUILT_ON if name in given]
    return top[0] if top and given[0] in _BUILT_ON else next(iter(given), "")


def step_unit_of(framework: str) -> str:
    """Say what a framework's step counts, see :class:`Framework`; empty if that is not known."""
    known = FRAMEWORK_OF.get(framework)
    return known.step_unit if known else ""


def other_axis_of(framework: str, key: str) -> str:
    """Say what the steps of one key count, where it is not what the framework's others do; else empty."""
    known = FRAMEWORK_OF.get(framework)
    return known.other_axis_of(key) if known else ""


def spellings(key: str) -> tuple[str, ...]:
    """List other spellings of the same metric in another format of the same run, the plainest first.

    Hugging Face's TensorBoard callback writes ``train/loss`` for ``loss`` and ``eval/x`` for ``eval_x``; Ray Tune's
    writes ``ray/tune/x`` for ``x``.
    """
    for prefix, plain in (("ray/tune/", ""), ("train/", ""), ("eval/", "eval_")):
        if key.startswith(prefix):
            return (plain + key.removeprefix(prefix),)
    return ()
