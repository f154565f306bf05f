"""The table of runs: one row a run, chosen by a click."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from rlcompare.runs import Runs
from rlcompare.ui import access
from rlcompare.ui.captions import count
from rlcompare.ui.controls import RUNS_KEY, note
from rlcompare.ui.pandas_import import import_pandas

SHOWN_KEY = "runs_table_shown"
NUMBER_KEY = "runs_table_number"
#: Config keys that differ, shown as columns of their own; those that most runs have come first.
CONFIG_COLUMNS = 12
TALLEST = 640
ROW = 36
LABEL_CHARACTER = 7
LABEL_MARGIN = 24


def show_summary(runs: Runs, issues: pl.DataFrame) -> None:
    """One line: how many runs, of which frameworks, how many running, how many read issues."""
    if not len(runs):
        return
    table = access.run_table(runs, runs.fingerprint, access.this_minute())
    frameworks = [name for name in table["framework"].unique().sort() if name]
    running = table.filter(pl.col("status") == "running").height
    lost = issues.filter(pl.col("severity") != "note").height
    told = [
        count(len(runs), "run"),
        f"{count(len(frameworks), 'framework')} ({', '.join(frameworks)})" if frameworks else "no known framework",
        f"{running:,} running",
        count(lost, "read issue") if lost else "no read issues",
    ]
    note(" · ".join(told))


def show_table(runs: Runs, rows: pl.DataFrame) -> None:
    """Show the rows; those selected are the chosen runs, and the other way round."""
    if rows.is_empty():
        st.info("No run passes these filters. Take one away to see more.")
        return
    import_pandas()
    ids = rows["run"].to_list()
    chosen = set(st.session_state.get(RUNS_KEY, []))
    selected = [row for row, run in enumerate(ids) if run in chosen]
    key = _key(ids, selected)
    config = access.config_table(runs, runs.fingerprint)
    labels = access.all_labels(runs.ids)
    shown = rows.join(config, on="run", how="left", maintain_order="left", suffix=" (config)")
    settings = [shown[name] for name in shown.columns if name not in rows.columns]
    telling = sorted((s for s in settings if not s.equals(shown["seed"])), key=lambda s: s.null_count())
    config_columns = [s.name for s in telling[:CONFIG_COLUMNS]]
    frame = shown.select(
        pl.Series("label", [labels[run] for run in ids]),
        "status",
        pl.from_epoch(pl.col("updated").cast(pl.Int64)).dt.replace_time_zone("UTC").alias("updated"),
        "framework",
        "sparkline",
        "last_reward",
        "best_reward",
        "last_step",
        "step_unit",
        "n_records",
        "seed",
        *config_columns,
    )
    st.dataframe(
        frame,
        key=key,
        on_select=lambda: _take_rows(ids, key),
        selection_mode="multi-row",
        selection_default={"selection": {"rows": selected}},
        height=min(TALLEST, ROW * (len(ids) + 1) + 3),
        row_height=ROW,
        hide_index=True,
        placeholder="",
        column_config=_columns(longest_label=max(len(labels[run]) for run in ids)),
    )
    hidden = [run for run in st.session_state.get(RUNS_KEY, []) if run not in set(ids)]
    if hidden:
        note(f"{count(len(hidden), 'chosen run')} not shown by these filters.")


def show_issues(issues: pl.DataFrame) -> None:
    """Everything that could not be read as it stands, with file, place and reason."""
    if issues.is_empty():
        return
    import_pandas()
    lost = issues.filter(pl.col("severity") != "note").height
    counts = [count(lost, "read issue")] if lost else []
    if issues.height > lost:
        counts.append(count(issues.height - lost, "note"))
    with st.expander(" and ".join(counts), icon=":material/report:"):
        st.dataframe(
            issues.select("severity", "run", "file", "place", "message"),
            hide_index=True,
            placeholder="",
            column_config={
                "severity": st.column_config.TextColumn("Kind", width="small"),
                "run": st.column_config.TextColumn("Run", width="medium"),
                "file": st.column_config.TextColumn("File", width="medium"),
                "place": st.column_config.TextColumn("Place", width="small"),
                "message": st.column_config.TextColumn("Reason", width="large"),
            },
        )


def _key(ids: Sequence[str], selected: Sequence[int]) -> str:
    """Name the table anew when its rows, or the choice among them, were changed elsewhere.

    A table that the browser already has keeps its own selection, and would take back what was chosen elsewhere.
    """
    shown = (tuple(ids), tuple(selected))
    if st.session_state.get(SHOWN_KEY) != shown:
        st.session_state[SHOWN_KEY] = shown
        st.session_state[NUMBER_KEY] = st.session_state.get(NUMBER_KEY, 0) + 1
    return _shown_key()


def _shown_key() -> str:
    return f"runs_table_{st.session_state[NUMBER_KEY]}"


def _take_rows(ids: Sequence[str], key: str) -> None:
    """Make the chosen runs those selected in the table, and those that the filters hide; new ones come last."""
    if key != _shown_key():
        # A table that was put up anew meanwhile says, as it goes, that nothing is selected in it.
        return
    selected = sorted(st.session_state[key]["selection"]["rows"])
    picked = [ids[row] for row in selected]
    dropped = set(ids) - set(picked)
    kept = [run for run in st.session_state.get(RUNS_KEY, []) if run not in dropped]
    st.session_state[RUNS_KEY] = list(dict.fromkeys([*kept, *picked]))
    st.session_state[SHOWN_KEY] = (tuple(ids), tuple(selected))


def _columns(longest_label: int) -> dict[str, ColumnConfig]:
    column = st.column_config
    return {
        "label": column.TextColumn("Run", pinned=True, width=LABEL_MARGIN + LABEL_CHARACTER * longest_label),
        "framework": column.TextColumn("Framework", width=130),
        "status": column.TextColumn("Status", width="small"),
        "last_reward": column.NumberColumn("Last reward", format="%.4g"),
        "best_reward": column.NumberColumn("Best reward", format="%.4g"),
        "sparkline": column.LineChartColumn("Reward", width=130),
        "last_step": column.NumberColumn("Last step", format="localized"),
        "step_unit": column.TextColumn("Unit", width="small", help="What the trainer counts as a step."),
        "n_records": column.NumberColumn("Records", format="localized", help="Records the trainer wrote to its log."),
        "updated": column.DatetimeColumn("Updated", format="distance"),
        "seed": column.TextColumn("Seed"),
    }
