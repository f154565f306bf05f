"""Another answer to the same prompt, of another step or another run, beside the one chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import polars as pl
import streamlit as st

from rlcompare.runs import Runs
from rlcompare.transforms.rollouts import samples_at
from rlcompare.ui import access, rollout_stages, rollout_words
from rlcompare.ui.controls import note

T = TypeVar("T", str, int)

COMPARE_KEY = "rollouts_compare"
RUN_KEY = "rollouts_other_run"
STEP_KEY = "rollouts_other_step"
ANSWER_KEY = "rollouts_other_answer"


def choose_compare() -> bool:
    """Ask whether another answer stands beside the one chosen."""
    return st.toggle(
        "Compare",
        key=COMPARE_KEY,
        bind="query-params",
        help="Puts another answer to the same prompt beside this one: of another step or another run.",
    )


@dataclass(frozen=True)
class Other:
    """A sample that stands beside another one.

    Parameters
    ----------
    run : Runs
        The one run.
    sample : dict
        A row of its samples.
    title : str
        What tells it from others.
    """

    run: Runs
    sample: dict[str, object]
    title: str


def choose_other(runs: Runs, beside: Runs, split: str, sample: dict[str, object], run: str) -> Other | None:
    """Ask for another answer to a sample's prompt; None, and the page says why, where there is none.

    Parameters
    ----------
    runs : Runs
        The whole library.
    beside : Runs
        Those whose answers may stand beside, its own among them.
    split : str
        Both are drawn for the same.
    sample : dict
        The chosen one, with ``number`` and ``prompt_id``.
    run : str
        Its run.
    """
    prompt_id = sample["prompt_id"]
    if not isinstance(prompt_id, int):
        note(rollout_words.NO_PROMPT)
        return None
    there = _answers(beside, split, prompt_id, run, sample)
    if not there:
        note(rollout_words.NOWHERE_ELSE)
        return None
    labels = access.all_labels(runs.ids)
    here = int(str(sample["step"]))
    run_place, step_place, answer_place = st.columns([5, 3, 3])
    with run_place:
        # The run itself, where it has the prompt at another step.
        others = [name for name in there if name != run]
        usual = run if any(step != here for step in there.get(run, [])) or not others else others[0]
        other = _choose("Run beside", RUN_KEY, list(there), usual)
    with step_place:
        steps = there[other]
        far_first = sorted(steps, key=lambda step: (other == run and step == here, abs(step - here)))
        step = _choose("Step beside", STEP_KEY, steps, far_first[0])
    own = runs.select([other])
    found = rollout_stages.splits(own, own.fingerprint)[split]
    rows = samples_at(found.samples, step, one_by_one=found.one_by_one)
    is_it = pl.col("number") == sample["number"] if (other, step) == (run, here) else pl.lit(value=False)
    rows = rows.filter((pl.col("prompt_id") == prompt_id) & ~is_it)
    numbers = rows["number"].to_list()
    with answer_place:
        number = _choose("Sample beside", ANSWER_KEY, numbers, numbers[0])
    row = rows.row(numbers.index(number), named=True)
    return Other(own, row, rollout_words.of_sample(row, found, labels[other]))


def _answers(runs: Runs, split: str, prompt_id: int, run: str, sample: dict[str, object]) -> dict[str, list[int]]:
    """Tell which runs have another answer to a prompt than a sample, and at which steps."""
    where = rollout_stages.prompts(runs, runs.fingerprint).filter(
        (pl.col("prompt_id") == prompt_id) & (pl.col("split") == split)
    )
    own = (pl.col("run") == run) & (pl.col("step") == sample["step"])
    others = where.filter(~own | (pl.col("n") > 1)).sort("step")
    steps = dict(others.group_by("run", maintain_order=True).agg("step").iter_rows())
    return {name: steps[name] for name in runs.ids if name in steps}


def _choose(title: str, key: str, options: Sequence[T], suggested: T) -> T:
    """Show a selectbox that always has a value, which stands in the link: the one suggested until one is chosen."""
    if key in st.session_state or key not in st.query_params:
        known = st.session_state.get(key)
        st.session_state[key] = known if known in options else suggested
    chosen = st.selectbox(
        title,
        options,
        index=None,
        key=key,
        bind="query-params",
    )
    return suggested if chosen is None else chosen
