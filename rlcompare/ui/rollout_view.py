"""The Rollouts page on the screen: what was sampled at one step of a run, and the texts of one sample."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import streamlit as st

from rlcompare.charts.sample_histogram import sample_histogram
from rlcompare.errors import SampleTextError
from rlcompare.runs import Runs
from rlcompare.transforms.rollouts import histogram, passing, samples_at
from rlcompare.ui import access, controls, rollout_stages
from rlcompare.ui import rollout_words as words
from rlcompare.ui.pandas_import import IMPORTING
from rlcompare.ui.rollout_compare import choose_compare, show_other
from rlcompare.ui.rollout_controls import choose_filter, choose_run, choose_split, choose_step
from rlcompare.ui.rollout_link import Place, asked_place, keep_place
from rlcompare.ui.rollout_stages import Split
from rlcompare.ui.rollout_table import show_samples
from rlcompare.ui.rollout_texts import choose_whole, show_texts


def show_rollouts(runs: Runs, compared: Runs) -> None:
    """Show samples of one of the compared runs, or of the one in the link.

    Parameters
    ----------
    runs : Runs
        The whole library.
    compared : Runs
    """
    place = asked_place()
    if place.run is not None and place.run not in runs.ids:
        if access.library(access.current_folders()).progress.running:
            # It may be among those that are still to be read.
            return
        controls.note(f"There is no run {place.run} in these folders.")
    elif place.run is not None and not rollout_stages.runs_with_samples(runs.select([place.run])):
        controls.note(f"{place.run} has no samples.")
    having = rollout_stages.runs_with_samples(compared)
    linked = rollout_stages.runs_with_samples(runs.select([run for run in runs.ids if run == place.run]))
    if not having and not linked:
        st.info("None of these runs has logged samples. Choose others in the sidebar, or let the trainer log them.")
        controls.note(words.which_logs())
        return
    run_place, split_place, step_place = st.columns([4, 2, 6], vertical_alignment="bottom")
    with run_place:
        run_id = choose_run(runs, list(dict.fromkeys([*having, *linked])), place.run)
    if place.run is not None and run_id != place.run:
        place = Place(run_id, place.step)
    run = runs.select([run_id])
    splits = rollout_stages.splits(run, run.fingerprint)
    with split_place:
        split = choose_split(splits)
    with step_place:
        place = choose_step(split, replace(place, run=run_id))
    _show_step(runs, compared, run, split, place)
    labels = access.all_labels(runs.ids)
    controls.note(words.who_has_none([labels[name] for name in compared.ids if name not in having]))


def _show_step(runs: Runs, compared: Runs, run: Runs, split: Split, place: Place) -> None:
    step = place.step or 0
    rows = samples_at(split.samples, step, one_by_one=split.one_by_one)
    controls.note(words.where_landed(place.asked, step))
    controls.note(words.what_is_there(rows, split, step, run.records[0].step_unit or "step"))
    logged = rollout_stages.logged_share(run, run.fingerprint, step) if split.name == "train" else None
    controls.note(words.how_many_cut(rows, split, logged))
    if not split.has_texts:
        keep_place(replace(place, sample=None))
        _show_episodes(rows, split)
        return
    passed = _filtered(rows, run, split, step)
    numbers = passed["number"].to_list()
    number = place.sample if place.sample in numbers else next(iter(numbers), None)
    keep_place(replace(place, sample=number))
    if number is None:
        st.info("No sample of this step passes these filters. Take one away to see more.")
        return
    compare_place, whole_place, _ = st.columns([1, 1, 4])
    with compare_place:
        compare = choose_compare()
    with whole_place:
        choose_whole()
    table_place, left, right = _layout(compare)
    with table_place:
        show_samples(passed, split, (*run.ids, split.name, step), number)
    sample = passed.row(numbers.index(number), named=True)
    with left:
        label = access.all_labels(runs.ids)[run.ids[0]] if compare else ""
        show_texts(run, sample, words.of_sample(sample, split, label))
    if compare:
        with right:
            show_other(runs, compared, split.name, sample, run.ids[0])


def _layout(compare: bool) -> tuple[Any, Any, Any]:
    """Return places for the table, and for one text or two: beside the table, or two beside each other below it."""
    if compare:
        return st.container(), *st.columns(2)
    table_place, text_place = st.columns([5, 6])
    return table_place, text_place, None


def _filtered(rows: pl.DataFrame, run: Runs, split: Split, step: int) -> pl.DataFrame:
    wanted, text = choose_filter(rows)
    found, n_searched = None, None
    if text:
        try:
            found, n_searched = rollout_stages.numbers_with(run, run.fingerprint, rows, split.name, step, text)
        except SampleTextError as error:
            controls.show_error("These texts cannot be searched.", str(error))
    passed = passing(rows, wanted, found)
    n_texts = rows.height - rows["place"].null_count()
    controls.note(words.which_shown(passed.height, rows.height, words.noun(split), n_searched, n_texts))
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
