"""``rlcompare samples``: single episodes and rollouts."""

from __future__ import annotations

import click

from rlcompare.cli.curves import PATTERNS
from rlcompare.cli.folders import FOLDERS, FOLLOW, JOIN, join, open_folders
from rlcompare.cli.output import FORM, OUTPUT, refuse_parquet_on_terminal, write
from rlcompare.schema import SAMPLES


@click.command()
@FOLDERS
@FOLLOW
@JOIN
@PATTERNS
@click.option("--step", "steps", type=int, multiple=True, help="Only samples of this step; may be repeated.")
@click.option("--texts", is_flag=True, help="Prompts and responses too, read from the logs: choose few.")
@FORM
@OUTPUT
def samples(
    folders: tuple[str, ...],
    follow_links: bool,
    joins: tuple[str, ...],
    patterns: tuple[str, ...],
    steps: tuple[int, ...],
    texts: bool,
    form: str,
    output: str | None,
) -> None:
    """Write a row an episode or a rollout: run, step, reward, length, whether it was correct."""
    refuse_parquet_on_terminal(form, output)
    opened = join(open_folders(folders, follow_links), joins)
    chosen = opened.select(patterns) if patterns else opened
    found = chosen.samples()
    if steps:
        found = found.filter(found["step"].is_in(steps))
    if texts:
        told = chosen.texts(found)
        found = found.with_columns(told[name] for name in told.columns if name not in SAMPLES)
    write(found, form, output)
