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


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/bands.md", "docs/curves.md", "docs/rollouts.md"]
)
def test_every_link_within_the_project_leads_somewhere(page: str) -> None:
    links = re.findall(r"]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / page).read_text())
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).is_file()] == []


def test_the_readme_begins_with_a_picture() -> None:
    assert re.search(r"!\[[^]]+]\([^)]+\.png\)", README.split("##")[0])
