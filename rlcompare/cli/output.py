"""Frames on standard output or in a file: as an aligned table, CSV, JSON or Parquet."""

from __future__ import annotations

import json
import sys

import click
import polars as pl

LISTING = click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True
)
FORM = click.option("--format", "form", type=click.Choice(["csv", "json", "parquet"]), default="csv", show_default=True)
OUTPUT = click.option(
    "-o", "--output", type=click.Path(dir_okay=False, writable=True), metavar="FILE", help="Default: standard output."
)


def refuse_parquet_on_terminal(form: str, output: str | None) -> None:
    """Stop before anything is read where the result could not be shown."""
    if form == "parquet" and output is None and sys.stdout.isatty():
        raise click.UsageError("Parquet is not for a terminal. Hint: name a file with -o FILE.")


def write(frame: pl.DataFrame, form: str, output: str | None) -> None:
    """Write a frame to a file, or to standard output.

    Parameters
    ----------
    frame : DataFrame
    form : {"csv", "json", "parquet"}
    output : str or None
        The file; None: standard output.
    """
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


def print_listing(frame: pl.DataFrame, form: str) -> None:
    """Print a small frame as a table, CSV or JSON."""
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


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.5g}"
    return printable(str(value))


def printable(text: str) -> str:
    """Replace what a terminal would obey, as the name of a run may hold anything."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


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
