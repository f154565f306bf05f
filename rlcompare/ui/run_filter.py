"""Which rows the table of runs shows: by name, framework and config. Each filter lives in the URL under ``runs_``."""

from __future__ import annotations

import polars as pl
import streamlit as st

from rlcompare.runs import Runs
from rlcompare.ui import access


def choose_filter(runs: Runs) -> pl.DataFrame:
    """Show the filters and return the rows of the run table that pass them all."""
    table = access.run_table(runs, runs.fingerprint, access.this_minute())
    config = access.config_table(runs, runs.fingerprint)
    keys = [key for key in config.columns if key != "run"]
    search, framework, key, value = st.columns([3, 2, 2, 2])
    with search:
        words = st.text_input(
            "Search", key="runs_search", bind="query-params", placeholder="Part of a name", help="All words must occur."
        )
    with framework:
        frameworks = st.multiselect(
            "Framework",
            sorted(name for name in table["framework"].unique() if name),
            key="runs_framework",
            bind="query-params",
            placeholder="Any",
        )
    with key:
        config_key = st.selectbox(
            "Setting",
            keys,
            index=None,
            key="runs_setting",
            bind="query-params",
            placeholder="Any" if keys else "All the same",
            disabled=not keys,
            help="A config key whose value is not the same in all runs.",
        )
    with value:
        values = sorted(config[config_key].drop_nulls().unique()) if config_key else []
        config_values = st.multiselect(
            "Value",
            values,
            key="runs_value",
            bind="query-params",
            placeholder="Any" if config_key else "Choose a setting first",
            disabled=not config_key,
        )
    rows = table.filter(pl.all_horizontal(pl.lit(value=True), *(_holds(word) for word in words.split())))
    if frameworks:
        rows = rows.filter(pl.col("framework").is_in(frameworks))
    if config_key and config_values:
        passing = config.filter(pl.col(config_key).is_in(config_values))["run"]
        rows = rows.filter(pl.col("run").is_in(passing.to_list()))
    return rows


def _holds(word: str) -> pl.Expr:
    """Whether a run's id, framework or status contains a word, upper and lower case alike."""
    text = pl.concat_str("run", "framework", "status", separator=" ", ignore_nulls=True)
    return text.str.to_lowercase().str.contains(word.lower(), literal=True)
