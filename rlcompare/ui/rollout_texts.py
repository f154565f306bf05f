"""Prompt, answer and other fields of one sample, as text: nothing in them is ever read as markup."""

from __future__ import annotations

import json
from dataclasses import dataclass

import polars as pl
import streamlit as st

from rlcompare.errors import SampleTextError
from rlcompare.runs import Runs
from rlcompare.ui import rollout_stages
from rlcompare.ui.controls import note, show_error
from rlcompare.ui.pandas_import import import_pandas

WHOLE_KEY = "rollouts_whole"
#: Characters of a text that are shown at first.
FOLDED = 1_500


@dataclass(frozen=True)
class Texts:
    """What a log has of one sample as text; ``others`` by the log's own keys."""

    prompt: str
    answer: str
    others: dict[str, str]


def read_texts(run: Runs, sample: dict[str, object]) -> Texts | None:
    """Read the texts of a sample, or say why there are none.

    Parameters
    ----------
    run : Runs
        The one run.
    sample : dict
        A row of its samples.
    """
    source, place = sample["source"], sample["place"]
    if source is None or place is None:
        note("The log has no texts of this sample.")
        return None
    try:
        prompt, answer, others = rollout_stages.text_of(run, run.fingerprint, str(source), int(str(place)))
    except SampleTextError as error:
        show_error("The texts of this sample cannot be read.", str(error))
        return None
    return Texts(prompt, answer, json.loads(others))


def show_prompt(texts: Texts) -> None:
    """Show what was asked."""
    _show_text("Prompt", texts.prompt)


def show_answer(texts: Texts) -> None:
    """Show what was answered, and what else was logged of it."""
    _show_text("Answer", texts.answer)
    _show_others(texts.others)


def choose_whole() -> bool:
    """Ask whether long texts are shown whole."""
    return st.toggle(
        "Whole texts",
        key=WHOLE_KEY,
        bind="query-params",
        help=f"Texts of more than {FOLDED:,} characters are cut there at first.",
    )


def _show_text(title: str, text: str) -> None:
    cut = len(text) > FOLDED and not st.session_state.get(WHOLE_KEY, False)
    told = f"{title}: the first {FOLDED:,} of {len(text):,} characters" if cut else title
    note(told if text else f"{title}: none in the log")
    if text:
        st.code(text[:FOLDED] if cut else text, language=None, wrap_lines=True)


def _show_others(others: dict[str, str]) -> None:
    if not others:
        return
    import_pandas()
    note("Also logged")
    st.dataframe(
        pl.DataFrame({"field": list(others), "value": list(others.values())}),
        hide_index=True,
        height="content",
        column_config={
            "field": st.column_config.TextColumn("Field", width="medium"),
            "value": st.column_config.TextColumn("Value", width="large"),
        },
    )
