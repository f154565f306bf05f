"""``rlcompare ingest`` and ``rlcompare app``: the app, and the cache that lets it start at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

import rlcompare
from rlcompare.cli.folders import FOLDERS, FOLLOW, mention_issues, open_folders


@click.command()
@FOLDERS
@FOLLOW
def ingest(folders: tuple[str, ...], follow_links: bool) -> None:
    """Read all that is new into the cache, so that the app starts at once."""
    opened = open_folders(folders, follow_links)
    click.echo(f"{len(opened):,} runs, {opened.table()['n_records'].sum():,} records ready.")
    mention_issues(opened)


@click.command(context_settings={"ignore_unknown_options": True})
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
