"""The command line: the same library, headless.

Results go to standard output, everything else to standard error. Exit status: 0 done, 1 the question has no answer
(no such folder, run or metric), 2 the call is not of the command's form.
"""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import polars as pl

import rlcompare
from rlcompare.errors import RLCompareError
from rlcompare.runs import Runs
from rlcompare.store import Library, Progress
from rlcompare.transforms import NO_SMOOTHING, SMOOTHERS, metric_or_formula, parse_smoothing, smooth, thin

FOLDERS = click.argument("folders", nargs=-1, required=True, metavar="DIR...")
FOLLOW = click.option("--follow-links", is_flag=True, help="Follow symbolic links that lead out of DIR.")
LISTING = click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True
)


class _Group(click.Group):
    """Prints the library's errors as a Unix program does, not as a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except RLCompareError as error:
            click.echo(f"rlcompare: {error}", err=True)
            ctx.exit(1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(rlcompare.__version__, prog_name="rlcompare")
def main() -> None:
    """Compare reinforcement-learning runs from the logs they left on disk."""


@main.command()
@FOLDERS
@FOLLOW
@LISTING
def runs(folders: tuple[str, ...], follow_links: bool, form: str) -> None:
    """List the runs below each DIR."""
    opened = _open(folders, follow_links)
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
    _print(table, form)
    _mention_issues(opened)


@main.command()
@FOLDERS
@FOLLOW
@LISTING
def metrics(folders: tuple[str, ...], follow_links: bool, form: str) -> None:
    """List the metrics of the runs below each DIR."""
    opened = _open(folders, follow_links)
    _print(opened.metrics(), form)
    _mention_issues(opened)


@main.command()
@FOLDERS
@FOLLOW
@click.option(
    "--metric",
    "names",
    required=True,
    multiple=True,
    metavar="NAME",
    help="Canonical name, source key, or a formula such as 'reward - 0.1 * kl'; repeatable.",
)
@click.option("--run", "patterns", multiple=True, metavar="GLOB", help="Only runs whose id fits; repeatable.")
@click.option(
    "--smooth",
    "smoothing",
    metavar="KIND:WIDTH[:UNIT]",
    help=f"Kinds: {', '.join(SMOOTHERS)}. UNIT: points, or axis for steps.",
)
@click.option("--points", type=click.IntRange(min=1), help="Thin each curve to about this many points; extremes stay.")
@click.option("--format", "form", type=click.Choice(["csv", "json", "parquet"]), default="csv", show_default=True)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, writable=True), metavar="FILE", help="Default: standard output."
)
def curves(
    folders: tuple[str, ...],
    follow_links: bool,
    names: tuple[str, ...],
    patterns: tuple[str, ...],
    smoothing: str | None,
    points: int | None,
    form: str,
    output: str | None,
) -> None:
    """Write curves as run,metric,step,wall_time,value: smoothed first, thinned second."""
    if form == "parquet" and output is None and sys.stdout.isatty():
        raise click.UsageError("Parquet is not for a terminal. Hint: name a file with -o FILE.")
    chosen_smoothing = parse_smoothing(smoothing) if smoothing else NO_SMOOTHING
    opened = _open(folders, follow_links)
    chosen = opened.select(patterns) if patterns else opened
    frame = smooth(pl.concat([_curves(chosen, name) for name in names]), chosen_smoothing)
    if points is not None:
        frame = thin(frame, "step", points)
    with click.open_file(output or "-", "wb") as stream:
        if form == "csv":
            # In slices, and written here: Polars' own writing hides from click that a pipe was closed.
            stream.write(frame.head(0).write_csv().encode())
            for rows in frame.iter_slices(100_000):
                stream.write(rows.write_csv(include_header=False).encode())
        elif form == "json":
            stream.write(_json(frame))
        else:
            frame.write_parquet(stream)


@main.command()
@FOLDERS
@FOLLOW
def ingest(folders: tuple[str, ...], follow_links: bool) -> None:
    """Read all that is new into the cache, so that the app starts at once."""
    opened = _open(folders, follow_links)
    click.echo(f"{len(opened):,} runs, {opened.table()['n_records'].sum():,} records ready.")
    _mention_issues(opened)


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("folders", nargs=-1, metavar="[DIR...]")
@FOLLOW
@click.option("--port", type=click.IntRange(1, 65535), help="Default: Streamlit's own, 8501.")
def app(folders: tuple[str, ...], follow_links: bool, port: int | None) -> None:
    """Start the app on the runs below each DIR; without one, on the demo runs."""
    package = Path(rlcompare.__file__).parent
    # In a checkout the app lies beside the package, in an installed wheel inside it.
    home = next(path for path in (package.parent, package / "_app") if (path / "app.py").is_file())
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    command += ["--server.port", str(port)] if port else []
    command += [
        "--",
        *(str(Path(folder).resolve()) for folder in folders),
        *(["--follow-links"] if follow_links else []),
    ]
    # Streamlit reads .streamlit/config.toml from the folder it is started in.
    sys.exit(subprocess.call(command, cwd=home))


def _curves(opened: Runs, name: str) -> pl.DataFrame:
    asked = metric_or_formula(name, opened.metric_names()["metric"].to_list())
    return opened.curves(asked) if isinstance(asked, str) else asked.of(opened.curves(asked.metrics))


def _open(folders: tuple[str, ...], follow_links: bool) -> Runs:
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


def _mention_issues(opened: Runs) -> None:
    issues = opened.issues()
    lost = issues.filter(pl.col("severity") != "note")
    for row in lost.head(5).iter_rows(named=True):
        click.echo(f"rlcompare: {row['file']}{' ' if row['place'] else ''}{row['place']}: {row['message']}", err=True)
    if lost.height > 5:
        click.echo(f"rlcompare: {lost.height - 5} more issues; the Runs page of the app lists them all.", err=True)


def _print(frame: pl.DataFrame, form: str) -> None:
    if form == "csv":
        click.echo(frame.write_csv(), nl=False)
    elif form == "json":
        click.echo(_json(frame))
    else:
        click.echo(_aligned(frame))


def _json(frame: pl.DataFrame) -> bytes:
    """Rows as a JSON array; JSON has no NaN or infinity, so these are written as the strings that Python reads."""
    floats = [name for name, dtype in frame.schema.items() if dtype == pl.Float64]
    odd = [name for name in floats if frame[name].is_finite().not_().any()]
    if not odd:
        return frame.write_json().encode() + b"\n"
    rows = frame.to_dicts()
    for row in rows:
        for name in odd:
            if row[name] is not None and row[name] - row[name] != 0:
                row[name] = str(row[name])
    return json.dumps(rows, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _date(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.5g}"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))


def _aligned(frame: pl.DataFrame) -> str:
    """Columns padded with spaces, numbers to the right."""
    numeric = [dtype.is_numeric() for dtype in frame.dtypes]
    rows = [frame.columns, *([_cell(value) for value in row] for row in frame.iter_rows())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in rows
    )


if __name__ == "__main__":
    main()
