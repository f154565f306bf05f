"""The log folders that a command names: reading them, joining runs, and telling what could not be read."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click
import polars as pl

from rlcompare.cli.output import printable
from rlcompare.continuations import chain_of, continuations
from rlcompare.runs import Runs
from rlcompare.store import Library, Progress
from rlcompare.store.joining import Chain

FOLDERS = click.argument("folders", nargs=-1, required=True, metavar="DIR...")
FOLLOW = click.option("--follow-links", is_flag=True, help="Follow symbolic links that lead out of DIR.")
JOIN = click.option(
    "--join",
    "joins",
    multiple=True,
    metavar="offered|RUN,RUN…",
    help="As one run: those that look like one training, or these in this order; repeatable.",
)
OFFERED = "offered"


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


def join(opened: Runs, joins: Iterable[str]) -> Runs:
    """Join the runs that were asked for, and say which.

    Raises
    ------
    UnknownRunError
        No such run.
    ParameterError
        Fewer than two runs, or a run that is joined twice.
    """
    chains: list[Chain] = []
    for asked in joins:
        if asked == OFFERED:
            chains += continuations(opened.records)
        else:
            chains.append(chain_of(opened.select(asked.split(",")).records))
    joined = opened.joined(chains)
    for chain in chains:
        steps = "each begins at its own step: later ones are shifted" if chain.shifted else "the steps go on"
        click.echo(f"rlcompare: {printable(f'joined {_arrow(chain)}; {steps}')}", err=True)
    return joined


def mention_offers(opened: Runs) -> None:
    """Tell of runs that look like one training."""
    offers = continuations(opened.records)
    for chain in offers:
        told = f"{len(chain.runs)} runs look like one training: {_arrow(chain)} ({chain.reason})"
        click.echo(f"rlcompare: {printable(told)}.", err=True)
    if offers:
        click.echo(f"Hint: --join {OFFERED} makes one run of each.", err=True)


def _arrow(chain: Chain) -> str:
    return " → ".join(chain.runs)


def mention_issues(opened: Runs) -> None:
    """Tell the first few of what was lost in reading."""
    issues = opened.issues()
    lost = issues.filter(pl.col("severity") != "note")
    for row in lost.head(5).iter_rows(named=True):
        click.echo(f"rlcompare: {row['file']}{' ' if row['place'] else ''}{row['place']}: {row['message']}", err=True)
    if lost.height > 5:
        click.echo(f"rlcompare: {lost.height - 5} more issues; the Runs page of the app lists them all.", err=True)
