"""The command line: the same library, headless.

Results go to standard output, everything else to standard error. Exit status: 0 done, 1 the question has no answer
(no such folder, run or metric), 2 the call is not of the command's form.
"""

from __future__ import annotations

from typing import Any

import click

import rlcompare
from rlcompare.cli.bands import bands
from rlcompare.cli.curves import curves
from rlcompare.cli.listings import metrics, runs
from rlcompare.cli.samples import samples
from rlcompare.cli.start import app, ingest
from rlcompare.errors import RLCompareError


class _Group(click.Group):
    """Prints the library's errors as a Unix program does, not as a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except RLCompareError as error:
            click.echo(f"rlcompare: {error}", err=True)
            ctx.exit(1)


@click.group(
    cls=_Group,
    commands=[runs, metrics, curves, bands, samples, ingest, app],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(rlcompare.__version__, prog_name="rlcompare")
def main() -> None:
    """Compare reinforcement-learning runs from the logs they left on disk."""
