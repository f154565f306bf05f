"""The sentences of the Rollouts page. Plain text; names stand in it as they are."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rlcompare.readers import FORMATS
from rlcompare.transforms.rollouts import groups_of
from rlcompare.ui.captions import count, listing
from rlcompare.ui.rollout_stages import SEARCHED, Split

NO_PROMPT = "The log does not tell which prompt this is an answer to, so that there is nothing to compare it with."
NOWHERE_ELSE = "This prompt has no other answer: at no other step of this run, and in none of the runs compared."


def noun(split: Split) -> str:
    """Say what a sample is called."""
    return "episode" if split.unit == "env step" else "answer"


def who_has_none(labels: Sequence[str]) -> str:
    """Name the runs that have no samples, and the logs that would give them some; empty where there is none."""
    if not labels:
        return ""
    whose = "1 run has" if len(labels) == 1 else f"{len(labels):,} runs have"
    return f"{whose} no samples: {listing(labels)}. {which_logs()}"


def which_logs() -> str:
    """Say which logs hold samples."""
    texts = "; ".join(f"{reader.title}, {reader.files.replace('`', '')}" for reader in FORMATS if reader.texts)
    return (
        f"Answers come from these logs: {texts}. Episodes come from Stable-Baselines3's *.monitor.csv and "
        "evaluations.npz, and from RLlib's results."
    )


def where_landed(asked: int | None, step: int) -> str:
    """Say that another step is shown than was asked for; empty where it is the same."""
    return (
        ""
        if asked is None
        else f"No samples were logged at step {asked:,}: the nearest that has some is shown, {step:,}."
    )


def what_is_there(rows: pl.DataFrame, split: Split, step: int, unit: str) -> str:
    """Sum up the samples of a step: how many, their mean reward and length, correct ones, prompts."""
    what = noun(split)
    where = f"up to {unit} {step:,}" if split.one_by_one else f"at {unit} {step:,}"
    told = [f"{'The last ' if split.one_by_one else ''}{count(rows.height, what)} {where}"]
    reward = rows["reward"].drop_nulls().drop_nans().to_numpy()
    if len(reward):
        told.append(f"mean {'return' if what == 'episode' else 'reward'} {reward.mean():.4g}")
    length = rows["length"].drop_nulls().to_numpy()
    if len(length) and split.unit:
        told.append(f"mean length {length.mean():,.1f} {split.unit}s")
    correct = rows["correct"].drop_nulls().to_numpy()
    if len(correct):
        told.append(f"correct {correct.sum():,} of {len(correct):,} ({_percent(correct.mean())})")
    return f"{'; '.join(told)}.{_of_prompts(rows)}"


def _of_prompts(rows: pl.DataFrame) -> str:
    groups = groups_of(rows)
    if groups is None or groups.n == 1:
        return ""
    each = f"{groups.fewest:,}" if groups.fewest == groups.most else f"{groups.fewest:,} to {groups.most:,}"
    told = f" {count(groups.n, 'prompt')} with {each} answers each"
    if groups.most == 1:
        return f" {count(groups.n, 'prompt')}, one answer each."
    return f"{told}; in {groups.n_alike:,} all answers have the same reward." if groups.n_alike else f"{told}."


def how_many_cut(rows: pl.DataFrame, split: Split, logged: tuple[str, float] | None) -> str:
    """Tell the share of samples at the cap beside the one that the log has; empty where neither is known.

    Parameters
    ----------
    rows : DataFrame
        All samples of the step.
    split : Split
    logged : (key, share) or None
    """
    told = []
    lengths = rows["length"].drop_nulls()
    if split.cap is not None and len(lengths):
        n = int((lengths >= split.cap).sum())
        told.append(
            f"{n:,} of {count(len(lengths), noun(split))} ({_percent(n / len(lengths))}) reach the cap of "
            f"{split.cap:,g} {split.unit}s, told by where the run's longest {noun(split)}s end."
        )
    if logged is not None:
        key, share = logged
        told.append(f"The log's own share of truncated answers is {_percent(share)} ({key})")
        told[-1] += ":" if len(told) > 1 else "."
        if len(told) > 1 and split.unit == "character":
            told.append("the two differ, as it counts tokens and these lengths are characters.")
        elif len(told) > 1:
            told.append(
                "the two may differ, as it may cover other answers and spare one that ends at the cap by itself."
            )
    return " ".join(told)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def which_shown(n_shown: int, n: int, what: str, n_searched: int | None, n_texts: int) -> str:
    """Say how many samples pass the filters, and what the search has read; empty where nothing is filtered.

    Parameters
    ----------
    n_shown, n : int
        Samples that pass, and all of the step.
    what : str
        What a sample is called.
    n_searched : int or None
        Samples whose texts were searched; None: nothing was searched for.
    n_texts : int
        Samples that have texts.
    """
    told = []
    if n_shown < n:
        told.append(f"{n_shown:,} of {count(n, what)} shown.")
    if n_searched is not None and n_searched < n_texts:
        told.append(f"Only the first {SEARCHED:,} of {count(n_texts, 'text')} were searched.")
    elif n_searched is not None:
        told.append(f"Texts of {count(n_searched, what)} searched.")
    return " ".join(told)


def of_sample(sample: dict[str, object], split: Split, label: str = "") -> str:
    """Tell a sample from others: its number, prompt, reward, length, and whether it is correct.

    Parameters
    ----------
    sample : dict
        A row with ``number`` and ``prompt``.
    split : Split
    label : str
        Of the run, where others are shown beside it.
    """
    told = [
        f"{label}, step {sample['step']:,}, sample {sample['number']:,}" if label else f"Sample {sample['number']:,}"
    ]
    if sample["prompt"] is not None and not label:
        told.append(f"prompt {sample['prompt']:,}")
    if sample["reward"] is not None:
        told.append(f"reward {sample['reward']:.4g}")
    length = sample["length"]
    if isinstance(length, float):
        unit = str(sample["length_unit"] or "")
        told.append(f"{length:,.0f} {unit}s" if length != 1 else f"1 {unit}")
        if split.cap is not None and length >= split.cap:
            told.append("at the cap")
    if sample["correct"] is not None:
        told.append("correct" if sample["correct"] else "incorrect")
    return " · ".join(told)
