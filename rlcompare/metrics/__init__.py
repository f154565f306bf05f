"""Canonical metric names, the keys that mean them in each framework, and which framework a run's keys give away.

A canonical name lets runs of different frameworks share an axis. It never replaces the source key: whoever asks for
``reward`` can always see which key answered. A framework is one entry in ``language`` (those that train language
models), ``hugging_face`` (those built on its Trainer) or ``control`` (those that act in environments); ``framework``
says what an entry holds, ``frameworks`` tells one by its keys and ``canonical`` finds the key that a name stands for.
"""

from rlcompare.metrics.canonical import BY_NAME, CANONICAL, PER_STEP, Canonical, canonical_of, resolve, title_of
from rlcompare.metrics.framework import Framework
from rlcompare.metrics.frameworks import (
    FRAMEWORKS,
    SIGNS,
    framework_of,
    guess_framework,
    other_axis_of,
    spellings,
    step_unit_of,
)
from rlcompare.metrics.sampled_as import SampledAs, Split, sampled_as, split_of
from rlcompare.metrics.siblings import Siblings, siblings_of

__all__ = [
    "BY_NAME",
    "CANONICAL",
    "FRAMEWORKS",
    "PER_STEP",
    "SIGNS",
    "Canonical",
    "Framework",
    "SampledAs",
    "Siblings",
    "Split",
    "canonical_of",
    "framework_of",
    "guess_framework",
    "other_axis_of",
    "resolve",
    "sampled_as",
    "siblings_of",
    "spellings",
    "split_of",
    "step_unit_of",
    "title_of",
]
