"""Single answers or episodes: does a longer one have more reward, and how much of a gain is length."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from rlcompare.charts.length_and_reward import gain_chart, lengths_chart, within_chart
from rlcompare.runs import Runs
from rlcompare.transforms.sampled import SAMPLES_A_STRETCH, Course, Sampled, SampledGain, length_by_answer
from rlcompare.ui import access, controls, correlation_stages
from rlcompare.ui import correlation_words as words
from rlcompare.ui.captions import count
from rlcompare.ui.correlation_controls import choose_sample_run, choose_stretch
from rlcompare.ui.pandas_import import IMPORTING


def show_samples(compared: Runs) -> None:
    """Show what the samples of one run say, or which logs would have some."""
    having = access.runs_with_samples(compared, compared.fingerprint)
    if not having:
        controls.note(words.NO_SAMPLES)
        return
    run = compared.select([choose_sample_run(having)])
    samples = correlation_stages.samples_of(run, run.fingerprint)
    found = correlation_stages.sample_course(run, run.fingerprint)
    if samples is None or found is None:
        controls.note("This run has no two samples with both a length and a reward.")
        return
    unit = run.records[0].step_unit or "step"
    _show_course(samples, found, unit.capitalize())
    _show_gain(run, samples)
    if np.isfinite(samples.correct).any():
        _show_lengths(samples, unit.capitalize())


def _show_course(samples: Sampled, found: Course, step: str) -> None:
    what = words.noun(samples)
    st.subheader(f"Do longer {what}s have more reward?", anchor=False)
    within = "Within a step" if samples.is_of_steps else "Within a stretch of steps"
    bases = {within: found.by_step, **({"Within a prompt": found.by_prompt} if found.by_prompt else {})}
    frame = pl.concat(
        pl.DataFrame(
            {
                "basis": [basis] * len(found.first),
                "first": found.first,
                "last": found.last,
                "x": (found.first + found.last) / 2,
                "value": of.value,
                "lower": of.lower,
                "upper": of.upper,
                "n": of.n,
            }
        ).with_columns(pl.col("value", "lower", "upper").fill_nan(None))
        for basis, of in bases.items()
    )
    with st.container(key="correlation_within"):
        st.vega_lite_chart(
            spec={**_within_spec(tuple(bases), step), "datasets": {"stretches": frame}},
            key="correlation_within_chart",
            alt="Correlation of length and reward of samples along the training",
        )
    n = len(found.first)
    told = (
        f"{count(len(samples.step), what)} in {n:,} {'stretch' if n == 1 else 'stretches'} of steps, each with "
        f"{SAMPLES_A_STRETCH} or more; shaded: 95 % intervals. A stretch in which nothing changes has none."
    )
    if samples.is_of_steps:
        told += f" Only {what}s of the same step are compared with each other"
        told += ", or of the same prompt at the same step." if found.by_prompt else "."
    controls.note(told)


def _show_gain(run: Runs, samples: Sampled) -> None:
    what = words.noun(samples)
    st.subheader(f"Longer {what}s or better ones?", anchor=False)
    left, right = st.columns(2)
    with left:
        before = choose_stretch("From this part of the training", "correlation_before", (0, 20))
    with right:
        after = choose_stretch("to this", "correlation_after", (80, 100))
    found = correlation_stages.sample_gain(run, run.fingerprint, before, after)
    if found is None:
        controls.note("Samples of two different steps are needed. Choose parts of the training that differ.")
        return
    controls.say(words.gain_sentence(found, what))
    with st.container(key="correlation_gain"):
        st.vega_lite_chart(
            spec={**_gain_spec(words.parts_of_gain(what)), "datasets": {"parts": gain_frame(found, what)}},
            key="correlation_gain_chart",
            alt="A gain in reward and its parts",
        )
    controls.note(words.how_split(found, what, samples.unit))


def gain_frame(found: SampledGain, what: str) -> pl.DataFrame:
    """Frame ``part, value, lower, upper`` of a gain and its parts."""
    gain = found.gain
    values = {"total": gain.total, "by_length": gain.by_length, "at_same_length": gain.at_same_length}
    rows = [
        (title, value, *gain.intervals[name])
        for title, (name, value) in zip(words.parts_of_gain(what), values.items(), strict=True)
    ]
    return pl.DataFrame(rows, schema=["part", "value", "lower", "upper"], orient="row")


def _show_lengths(samples: Sampled, step: str) -> None:
    st.subheader("Length of correct and incorrect answers", anchor=False)
    lengths = length_by_answer(samples).rename({"length": "value"})
    lengths = lengths.with_columns(((pl.col("first") + pl.col("last")) / 2).alias("x"))
    with st.container(key="correlation_lengths"):
        st.vega_lite_chart(
            spec={**_lengths_spec(samples.unit, step), "datasets": {"lengths": lengths}},
            key="correlation_lengths_chart",
            alt="Mean length of correct and incorrect answers along the training",
        )
    untold = int(np.isnan(samples.correct).sum())
    told = f"Means of stretches of {SAMPLES_A_STRETCH} or more answers, with 95 % Student-t intervals."
    if untold:
        told += f" Of {count(untold, 'answer')} the log does not say whether they are right."
    controls.note(told)


@st.cache_data(max_entries=8, show_spinner=False)
def _within_spec(bases: tuple[str, ...], step: str) -> dict[str, Any]:
    with IMPORTING:
        spec: dict[str, Any] = within_chart(bases, step).to_dict()
    return spec


@st.cache_data(max_entries=8, show_spinner=False)
def _lengths_spec(unit: str, step: str) -> dict[str, Any]:
    with IMPORTING:
        spec: dict[str, Any] = lengths_chart(unit, step).to_dict()
    return spec


@st.cache_data(max_entries=8, show_spinner=False)
def _gain_spec(parts: tuple[str, ...]) -> dict[str, Any]:
    with IMPORTING:
        spec: dict[str, Any] = gain_chart(parts).to_dict()
    return spec
