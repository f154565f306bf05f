"""The log folders that a command names: reading them, and telling what could not be read."""

from __future__ import annotations

import sys

import click
import polars as pl

from rlcompare.runs import Runs
from rlcompare.store import Library, Progress

FOLDERS = click.argument("folders", nargs=-1, required=True, metavar="DIR...")
FOLLOW = click.option("--follow-links", is_flag=True, help="Follow symbolic links that lead out of DIR.")


def open_folders(folders: tuple[str, ...], follow_links: bool) -> Runs:
    """Read what is new in log folders, with progress on a terminal, and return their runs."""
    library = Library(folders, follow_links=follow_links)
    library.refresh()
    if not sys.stderr.isatty():
        library.wait()
        return Runs.of(library.snapshot())
    with click.progressbar(length=1, label="Reading logs", file=sys.stderr) as bar:

        def show(progress: Progress) -> None:
            bar.length = max(progress.total, 1)
            bar.update(progress.done - bar.pos)

        library.wait(show)
    return Runs.of(library.snapshot())


def mention_issues(opened: Runs) -> None:
    """Tell the first few of what was lost in reading."""
    issues = opened.issues()
    lost = issues.filter(pl.col("severity") != "note")
    for row in lost.head(5).iter_rows(named=True):
        click.echo(f"rlcompare: {row['file']}{' ' if row['place'] else ''}{row['place']}: {row['message']}", err=True)
    if lost.height > 5:
        click.echo(f"rlcompare: {lost.height - 5} more issues; the Runs page of the app lists them all.", err=True)
