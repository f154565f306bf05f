"""``rlcompare runs`` and ``rlcompare metrics``: what there is to compare."""

from __future__ import annotations

import datetime

import click
import polars as pl

from rlcompare.cli.folders import FOLDERS, FOLLOW, JOIN, join, mention_issues, mention_offers, open_folders
from rlcompare.cli.output import LISTING, print_listing


@click.command()
@FOLDERS
@FOLLOW
@JOIN
@LISTING
def runs(folders: tuple[str, ...], follow_links: bool, joins: tuple[str, ...], form: str) -> None:
    """List the runs below each DIR, and tell which look like one training."""
    opened = join(open_folders(folders, follow_links), joins)
    table = opened.table()
    if form == "table":
        table = table.select(
            "run",
            "framework",
            "status",
            "last_step",
            pl.col("step_unit").alias("unit"),
            pl.col("n_records").alias("records"),
            "seed",
            pl.col("updated").map_elements(_date, return_dtype=pl.String),
            "last_reward",
            "best_reward",
        )
    elif form == "csv":
        table = table.drop("sparkline")
    print_listing(table, form)
    mention_offers(opened)
    mention_issues(opened)


@click.command()
@FOLDERS
@FOLLOW
@JOIN
@LISTING
def metrics(folders: tuple[str, ...], follow_links: bool, joins: tuple[str, ...], form: str) -> None:
    """List the metrics of the runs below each DIR."""
    opened = join(open_folders(folders, follow_links), joins)
    print_listing(opened.metrics(), form)
    mention_issues(opened)


def _date(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")
