"""What the Rollouts page computes, cached by the runs' fingerprint. Texts stay in memory, and shortly."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import streamlit as st

from rlcompare.runs import Runs
from rlcompare.transforms.rollouts import is_one_by_one, number_prompts, on_one_axis
from rlcompare.transforms.stretches_of_steps import values_of
from rlcompare.transforms.tails import cap_of

#: Seconds for which a text that was read stays in memory.
TEXTS_KEPT = 120
#: Samples of a step that a search reads at most.
SEARCHED = 2_000

#: What the page shows of samples, and what finds their texts.
COLUMNS = (
    "step",
    "worker",
    "split",
    "reward",
    "length",
    "length_unit",
    "wall_time",
    "correct",
    "prompt_id",
    "source",
    "place",
)


@dataclass(frozen=True, eq=False)
class Split:
    """The samples of one run that were drawn for one purpose.

    Parameters
    ----------
    name : {"train", "validation"}
    samples : DataFrame
        :data:`COLUMNS` and ``prompt``, as logged.
    one_by_one : bool
        Episodes that end at steps of their own.
    cap : float or None
        Length at which samples were cut off.
    unit : str
        What a length counts; empty where it is not always the same.
    """

    name: str
    samples: pl.DataFrame
    one_by_one: bool
    cap: float | None
    unit: str

    @property
    def has_texts(self) -> bool:
        """Whether the log has texts of them."""
        return self.samples["place"].null_count() < self.samples.height


@st.cache_resource(max_entries=8, show_spinner="Reading samples …")
def splits(_run: Runs, fingerprint: str) -> dict[str, Split]:  # noqa: ARG001 - the key of the cache
    """Read the samples of one run: those to train on first, then those to evaluate; what it has of them."""
    samples = number_prompts(_run.samples(COLUMNS))
    found = {}
    for name in ("train", "validation"):
        own = samples.filter(pl.col("split") == name)
        if own.is_empty():
            continue
        units = own["length_unit"].drop_nulls().unique().cast(pl.String).to_list()
        own = on_one_axis(own) if units == ["env step"] else own
        lengths = values_of(own["step"].to_numpy(), own["length"].fill_null(float("nan")).to_numpy())
        cap = cap_of(lengths) if len(units) == 1 else None
        found[name] = Split(name, own, is_one_by_one(own), cap, units[0] if len(units) == 1 else "")
    return found


@st.cache_resource(max_entries=8, show_spinner="Looking for the prompt …")
def prompts(_runs: Runs, fingerprint: str) -> pl.DataFrame:  # noqa: ARG001 - the key of the cache
    """Count the answers to each prompt: ``run``, ``split``, ``prompt_id``, ``step``, and how many, ``n``."""
    found = _runs.samples(["run", "step", "split", "prompt_id"])
    return found.drop_nulls("prompt_id").group_by("run", "split", "prompt_id", "step").agg(pl.len().alias("n"))


@st.cache_data(ttl=TEXTS_KEPT, max_entries=64, show_spinner=False)
def text_of(_run: Runs, fingerprint: str, source: str, place: int) -> tuple[str, str, str]:  # noqa: ARG001
    """Read prompt, response and other fields (JSON) of one sample.

    Raises
    ------
    SampleTextError
        A log is gone, or was written anew since it was read.
    """
    where = pl.DataFrame({"run": _run.ids[0], "source": source, "place": place})
    prompt, response, others = _run.texts(where).select("prompt", "response", "others").row(0)
    return prompt, response, others


@st.cache_data(ttl=TEXTS_KEPT, max_entries=16, show_spinner="Searching the texts …")
def numbers_with(
    _run: Runs,
    fingerprint: str,  # noqa: ARG001 - the key of the cache
    _samples: pl.DataFrame,
    split: str,  # noqa: ARG001
    step: int,  # noqa: ARG001
    words: str,
) -> tuple[list[int], int]:
    """Search the texts of the first :data:`SEARCHED` samples of a step, upper and lower case alike.

    Parameters
    ----------
    _run : Runs
        The run.
    _samples : DataFrame
        Its samples at the step, with ``number``.
    split : str
    step : int
    words : str
        Found as it is, in the prompt or in the response.

    Returns
    -------
    numbers : list of int
        Of the samples that have it.
    n_read : int

    Raises
    ------
    SampleTextError
        A log is gone, or was written anew since it was read.
    """
    readable = _samples.drop_nulls(["source", "place"]).head(SEARCHED)
    texts = _run.texts(readable.select(pl.lit(_run.ids[0]).alias("run"), "source", "place"))
    has = [pl.col(name).str.to_lowercase().str.contains(words.lower(), literal=True) for name in ("prompt", "response")]
    found = texts.select(pl.any_horizontal(has).fill_null(value=False).alias("has"))["has"]
    return readable["number"].filter(found).to_list(), readable.height


@st.cache_data(max_entries=32, show_spinner=False)
def logged_share(_run: Runs, fingerprint: str, step: int) -> tuple[str, float] | None:  # noqa: ARG001
    """Return the key and value of the share of truncated answers that the log itself has at a step, if it has one."""
    keys = _run.sources("truncated_share")["key"].to_list()
    if not keys:
        return None
    values = _run.curves("truncated_share").filter(pl.col("step") == step)["value"].to_list()
    return (keys[0], values[-1]) if values else None
