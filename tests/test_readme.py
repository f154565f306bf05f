"""The README says what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rlcompare.cli import main
from rlcompare.readers import FORMATS, GENERIC, Reader

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


OURS = (*FORMATS, *GENERIC)


@pytest.mark.parametrize("reader", OURS, ids=lambda reader: reader.name)
def test_every_reader_has_its_row(reader: Reader) -> None:
    assert f"| {reader.title} | {reader.files} | {'yes' if reader.appends else 'read whole'} |" in README


def test_no_row_is_without_its_reader() -> None:
    rows = re.findall(r"^\| .* \| (?:yes|read whole) \|$", README, re.MULTILINE)
    assert len(rows) == len(OURS)


def test_ci_runs_the_test_command_as_printed() -> None:
    command = "pip install -e '.[test]' && pytest"
    assert f"```sh\n{command}\n```" in README
    assert f"\n{command}\n" in (ROOT / ".ci" / "run").read_text()


def test_every_command_is_documented() -> None:
    for name in main.commands:
        assert f"rlcompare {name}" in README


def test_every_picture_is_there() -> None:
    pictures = re.findall(r"!\[[^]]+]\(([^)]+)\)", README)
    assert pictures
    assert all((ROOT / picture).is_file() for picture in pictures)
