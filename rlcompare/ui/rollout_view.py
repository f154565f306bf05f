"""The Rollouts page on the screen: what was sampled at one step of a run, and the texts of one sample."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import streamlit as st

from rlcompare.charts.sample_histogram import sample_histogram
from rlcompare.errors import SampleTextError
from rlcompare.runs import Runs
from rlcompare.transforms.rollouts import Filter, histogram, passing, samples_at
from rlcompare.ui import access, controls, rollout_stages
from rlcompare.ui import rollout_words as words
from rlcompare.ui.pandas_import import IMPORTING
from rlcompare.ui.rollout_compare import Other, choose_compare, choose_other
from rlcompare.ui.rollout_controls import choose_filter, choose_run, choose_split, choose_step
from rlcompare.ui.rollout_link import Place, asked_place, keep_place
from rlcompare.ui.rollout_stages import Split
from rlcompare.ui.rollout_table import LOW, TALLEST, show_samples
from rlcompare.ui.rollout_texts import choose_whole, read_texts, show_answer, show_prompt


def show_rollouts(runs: Runs, compared: Runs) -> None:
    """Show samples of one of the compared runs, or of the one in the link.

    Parameters
    ----------
    runs : Runs
        The whole library.
    compared : Runs
    """
    place = asked_place()
    having = access.runs_with_samples(compared, compared.fingerprint)
    linked = _linked(runs, place.run)
    if linked is None:
        return
    if not having and not linked:
        st.info("None of these runs has logged samples. Choose others in the sidebar, or let the trainer log them.")
        controls.note(words.which_logs())
        return
    with st.sidebar:
        run_id = choose_run(runs, list(dict.fromkeys([*having, *linked])), place.run)
    if place.run is not None and run_id != place.run:
        place = Place(run_id, place.step)
    run = runs.select([run_id])
    splits = rollout_stages.splits(run, run.fingerprint)
    with st.sidebar:
        split = choose_split(splits)
    place = choose_step(split, replace(place, run=run_id))
    beside = runs.select([run_id, *having[: controls.RUNS_UNASKED]])
    _show_step(runs, beside, run, split, place)
    labels = access.all_labels(runs.ids)
    _tell(words.who_has_none([labels[name] for name in compared.ids if name not in having]))


def _linked(runs: Runs, run: str | None) -> list[str] | None:
    """Return the run that is asked for, if it has samples, and say so if not; None while it may still be read."""
    if run is None:
        return []
    if run in runs.ids:
        only = runs.select([run])
        found = access.runs_with_samples(only, only.fingerprint)
        _tell("" if found else f"{run} has no samples.")
        return found
    if access.library(access.current_folders()).progress.running:
        return None
    _tell(f"There is no run {run} in these folders.")
    return []


def _tell(*sentences: str) -> None:
    told = " ".join(filter(None, sentences))
    if told:
        controls.note(told)


def _show_step(runs: Runs, beside: Runs, run: Runs, split: Split, place: Place) -> None:
    step, run_id = place.step or 0, run.ids[0]
    rows = samples_at(split.samples, step, one_by_one=split.one_by_one)
    _tell(words.where_landed(place.asked, step))
    logged = rollout_stages.logged_share(run, run.fingerprint, step) if split.name == "train" else None
    unit = run.records[0].step_unit or "step"
    _tell(words.what_is_there(rows, split, step, unit), words.how_many_cut(rows, split, logged))
    if not split.has_texts:
        keep_place(replace(place, sample=None))
        _show_episodes(rows, split)
        return
    with st.sidebar:
        wanted, text = choose_filter(rows)
        compare = choose_compare()
        choose_whole()
    passed = _passing(rows, wanted, text, run, split, step)
    numbers = passed["number"].to_list()
    number = place.sample if place.sample in numbers else next(iter(numbers), None)
    keep_place(replace(place, sample=number))
    if number is None:
        st.info("No sample of this step passes these filters. Take one away to see more.")
        return
    sample = passed.row(numbers.index(number), named=True)
    table = (passed, split, (run_id, split.name, step), number)
    if compare:
        show_samples(*table, LOW)
        other = choose_other(runs, beside, split.name, sample, run_id)
        _show_beside(run, sample, words.of_sample(sample, split, access.all_labels(runs.ids)[run_id]), other)
        return
    table_place, text_place = st.columns([5, 6])
    with table_place:
        show_samples(*table, TALLEST)
    with text_place:
        controls.note(words.of_sample(sample, split))
        texts = read_texts(run, sample)
        if texts:
            show_prompt(texts)
            show_answer(texts)


def _show_beside(run: Runs, sample: dict[str, object], title: str, other: Other | None) -> None:
    """Show the prompt, and below it the answers beside each other."""
    texts = read_texts(run, sample)
    if texts:
        show_prompt(texts)
    left, right = st.columns(2)
    with left:
        controls.note(title)
        if texts:
            show_answer(texts)
    if other:
        with right:
            controls.note(other.title)
            beside = read_texts(other.run, other.sample)
            if beside:
                show_answer(beside)


def _passing(rows: pl.DataFrame, wanted: Filter, text: str, run: Runs, split: Split, step: int) -> pl.DataFrame:
    """Keep the samples that pass the filters, and say how many do."""
    found, n_searched = None, None
    if text:
        try:
            found, n_searched = rollout_stages.numbers_with(run, run.fingerprint, rows, split.name, step, text)
        except SampleTextError as error:
            controls.show_error("These texts cannot be searched.", str(error))
    passed = passing(rows, wanted, found)
    n_texts = rows.height - rows["place"].null_count()
    _tell(words.which_shown(passed.height, rows.height, words.noun(split), n_searched, n_texts))
    return passed


def _show_episodes(rows: pl.DataFrame, split: Split) -> None:
    titles = {"reward": "Return", "length": f"Length ({split.unit}s)" if split.unit else "Length"}
    for place, (column, title) in zip(st.columns(2), titles.items(), strict=True):
        bins = histogram(rows[column].fill_null(float("nan")).to_numpy())
        if bins.height:
            with place, st.container(key=f"rollouts_histogram_{column}"):
                st.vega_lite_chart(
                    spec={**_histogram_spec(title), "datasets": {"bins": bins}},
                    key=f"rollouts_histogram_{column}_chart",
                    alt=f"{title}: histogram of {rows.height:,} episodes",
                )
    show_samples(rows, split, (), None)


@st.cache_data(max_entries=8, show_spinner=False)
def _histogram_spec(title: str) -> dict[str, Any]:
    with IMPORTING:
        spec: dict[str, Any] = sample_histogram(title, "episodes").to_dict()
    return spec
