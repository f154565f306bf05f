"""The controls of the Rollouts page: run, split and step, and filters. All stand in the link."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import streamlit as st
from numpy.typing import NDArray

from rlcompare.runs import Runs
from rlcompare.transforms.rollouts import EPISODES_SHOWN, Answer, Filter, nearest_step, next_steps, steps_of
from rlcompare.ui import access, rollout_stages
from rlcompare.ui.rollout_link import Place, go_to_run, go_to_step
from rlcompare.ui.rollout_stages import Split

RUN_KEY = "rollouts_run"
SLIDER_KEY = "rollouts_slider"
NUMBER_KEY = "rollouts_number"
SPLIT_KEY = "rollouts_split"
PROMPT_KEY = "rollouts_prompt"

#: More steps than this are no places on a slider that a hand could find.
SLIDER_STEPS = 400

SPLITS = {"train": "Training", "validation": "Validation"}
ANSWERS: dict[Answer, str] = {"correct": "Correct", "incorrect": "Incorrect", "unknown": "Not told"}


def choose_run(runs: Runs, options: list[str], asked: str | None) -> str:
    """Ask which run's samples are shown: at first the one asked for, else the first.

    Parameters
    ----------
    runs : Runs
        The whole library.
    options : list of str
        Runs that have samples, at least one.
    asked : str or None
    """
    st.session_state[RUN_KEY] = asked if asked in options else options[0]
    labels = access.all_labels(runs.ids)
    return st.selectbox(
        "Run",
        options,
        format_func=lambda run: labels[run],
        key=RUN_KEY,
        on_change=lambda: go_to_run(st.session_state[RUN_KEY]),
    )


def choose_split(splits: dict[str, Split]) -> Split:
    """Ask for samples drawn to train on or to evaluate, where a run has both."""
    if len(splits) == 1:
        return next(iter(splits.values()))
    chosen = st.segmented_control(
        "Sampled for",
        list(splits),
        format_func=SPLITS.__getitem__,
        default=next(iter(splits)),
        required=True,
        key=SPLIT_KEY,
        bind="query-params",
    )
    return splits[chosen]


def choose_step(split: Split, place: Place) -> Place:
    """Ask for a step that has samples: at first the last, else the one nearest to what is asked for.

    Returns
    -------
    Place with a step that has samples
    """
    steps = steps_of(split.samples)
    if place.step is None:
        step = int(steps[-1])
    elif split.one_by_one:
        step = min(max(place.step, int(steps[0])), int(steps[-1]))
    else:
        step = nearest_step(steps, place.step)
    asked = place.asked if place.step == step else None if split.one_by_one else place.step
    wide, back, forth = st.columns([9, 2, 2], vertical_alignment="bottom")
    before, after = next_steps(steps, step, EPISODES_SHOWN if split.one_by_one else 1)
    with wide:
        _choose_among(steps, step, any_step=split.one_by_one)
    with back:
        _step_button("Earlier", ":material/chevron_left:", before)
    with forth:
        _step_button("Later", ":material/chevron_right:", after)
    return Place(place.run, step, place.sample if place.step in (None, step) else None, asked)


def _choose_among(steps: NDArray[np.int64], step: int, *, any_step: bool) -> None:
    if 1 < len(steps) <= SLIDER_STEPS and not any_step:
        st.session_state[SLIDER_KEY] = step
        st.select_slider(
            "Step",
            steps.tolist(),
            format_func="{:,}".format,
            key=SLIDER_KEY,
            on_change=lambda: go_to_step(st.session_state[SLIDER_KEY]),
        )
    else:
        st.session_state[NUMBER_KEY] = step
        st.number_input(
            f"Step ({steps[0]:,} to {steps[-1]:,})",
            min_value=int(steps[0]),
            max_value=int(steps[-1]),
            key=NUMBER_KEY,
            help="The episodes that ended before, up to this step, are shown."
            if any_step
            else "Of the steps that have samples, the one nearest to the number is shown.",
            on_change=lambda: go_to_step(st.session_state[NUMBER_KEY]),
        )


def _step_button(what: str, icon: str, to: int | None) -> None:
    st.button(
        what,
        icon=icon,
        key=f"rollouts_{what.lower()}",
        help=f"{what} samples" if to is None else f"{what} samples: step {to:,}",
        disabled=to is None,
        on_click=go_to_step,
        args=(to,),
        width="stretch",
    )


def choose_filter(samples: pl.DataFrame) -> tuple[Filter, str]:
    """Ask which samples of a step are shown.

    Parameters
    ----------
    samples : DataFrame
        Of the step, with ``prompt`` and ``correct``.

    Returns
    -------
    wanted : Filter
    words : str
        To be found in the texts; empty: anything.
    """
    low_place, high_place = st.columns(2)
    with low_place:
        low = _reward("Reward from")
    with high_place:
        high = _reward("Reward to")
    answer, prompt, words = None, None, ""
    if samples["correct"].null_count() < samples.height:
        answer = st.selectbox(
            "Answer",
            list(ANSWERS),
            index=None,
            format_func=ANSWERS.__getitem__,
            key="rollouts_answer",
            bind="query-params",
            placeholder="Any",
        )
    prompts = samples["prompt"].drop_nulls().unique().sort().to_list()
    if len(prompts) > 1:
        _forget_others(PROMPT_KEY, prompts)
        prompt = st.selectbox(
            "Prompt",
            prompts,
            index=None,
            key=PROMPT_KEY,
            bind="query-params",
            placeholder="Any",
            help="A prompt has the same number at every step of the run.",
        )
    if samples["place"].null_count() < samples.height:
        words = st.text_input(
            "Search in texts",
            key="rollouts_search",
            bind="query-params",
            placeholder="Part of a prompt or answer",
            help="Reads the texts of this step, of up to "
            f"{rollout_stages.SEARCHED:,} samples. Found as typed, in upper and lower case alike.",
        ).strip()
    return Filter(low, high, answer, prompt), words


def _reward(title: str) -> float | None:
    return st.number_input(
        title,
        value=None,
        format="%g",
        key=f"rollouts_{title.lower().replace(' ', '_')}",
        bind="query-params",
        placeholder="Any",
    )


def _forget_others(key: str, options: Sequence[object]) -> None:
    """Ask no longer for what the samples shown before had and these have not."""
    if st.session_state.get(key) not in [None, *options]:
        st.session_state[key] = None
