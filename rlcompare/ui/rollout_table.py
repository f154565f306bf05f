"""The table of samples: one row a sample, one of them selected."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from rlcompare.ui.pandas_import import import_pandas
from rlcompare.ui.rollout_link import go_to_sample
from rlcompare.ui.rollout_stages import Split

ROW = 34
TALLEST = 17 * ROW
#: Where texts stand below.
LOW = 7 * ROW
SHOWN_KEY = "rollouts_table_shown"
COUNT_KEY = "rollouts_table_count"


def show_samples(
    rows: pl.DataFrame, split: Split, of: tuple[object, ...], selected: int | None, tallest: int = TALLEST
) -> None:
    """Show samples; a click on a row shows that sample.

    Parameters
    ----------
    rows : DataFrame
        With ``number`` and ``prompt``.
    split : Split
        What they are of.
    of : tuple
        Run, split and step, which tell one table from the next.
    selected : int or None
        Number of the sample whose row is marked; None: rows cannot be chosen, as they have no texts.
    tallest : int
        Pixels.
    """
    import_pandas()
    numbers = rows["number"].to_list()
    frame = rows.select(
        "number",
        *(["step"] if split.one_by_one else []),
        "prompt",
        "reward",
        "length",
        "correct",
        *([(pl.col("length") >= split.cap).alias("at_cap")] if split.cap is not None else []),
        "worker",
        pl.from_epoch(pl.col("wall_time").cast(pl.Int64)).dt.replace_time_zone("UTC").alias("wall_time"),
    )
    # A column that is empty in some step stands where another has it, so that the table does not change its shape.
    logged = [name for name in frame.columns if name not in split.samples.columns or _is_logged(split, name)]
    look: dict[str, Any] = {
        "height": min(tallest, ROW * (rows.height + 1) + 3),
        "row_height": ROW,
        "hide_index": True,
        "placeholder": "",
        "column_config": _columns(split),
    }
    if selected is None:
        st.dataframe(frame.select(logged), key="rollouts_episodes", **look)
        return
    key = _key((*of, tuple(numbers)), selected)
    st.dataframe(
        frame.select(logged),
        key=key,
        on_select=lambda: _take_row(numbers, key),
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": [numbers.index(selected)]}},
        **look,
    )


def _is_logged(split: Split, name: str) -> bool:
    column = split.samples[name]
    return column.null_count() < len(column) and (name != "prompt" or column.n_unique() > 1)


def _key(shown: tuple[object, ...], selected: int) -> str:
    """Name the table anew when its rows, or the one selected, were changed elsewhere.

    A table that the browser already has keeps its own selection, and would take back what was chosen elsewhere.
    """
    if st.session_state.get(SHOWN_KEY) != (shown, selected):
        st.session_state[SHOWN_KEY] = (shown, selected)
        st.session_state[COUNT_KEY] = st.session_state.get(COUNT_KEY, 0) + 1
    return f"rollouts_table_{st.session_state[COUNT_KEY]}"


def _take_row(numbers: list[int], key: str) -> None:
    chosen = st.session_state[key]["selection"]["rows"]
    # A table that was put up anew meanwhile may say as it goes that nothing is selected in it.
    if key == f"rollouts_table_{st.session_state[COUNT_KEY]}" and chosen:
        go_to_sample(numbers[chosen[0]])
        shown, _ = st.session_state[SHOWN_KEY]
        st.session_state[SHOWN_KEY] = (shown, numbers[chosen[0]])


def _columns(split: Split) -> dict[str, ColumnConfig]:
    column = st.column_config
    unit = f"{split.unit}s" if split.unit else "length"
    return {
        "number": column.NumberColumn("Episode" if split.one_by_one else "Sample", format="localized", width=76),
        "step": column.NumberColumn("Step", format="localized"),
        "prompt": column.NumberColumn("Prompt", format="localized", width=76),
        "reward": column.NumberColumn("Return" if split.unit == "env step" else "Reward", format="%.4g"),
        "length": column.NumberColumn(unit.capitalize(), format="localized", help="Length"),
        "correct": column.CheckboxColumn("Correct", width=76),
        "at_cap": column.CheckboxColumn(
            "At cap",
            width=70,
            help=f"{split.cap:,g} {unit} or more." if split.cap is not None else "",
        ),
        "worker": column.TextColumn("Worker", width="small"),
        "wall_time": column.DatetimeColumn("Time (UTC)", format="YYYY-MM-DD HH:mm:ss", timezone="UTC"),
    }
