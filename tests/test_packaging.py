"""What an installed wheel needs to start the app."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_wheel_holds_the_app_under_the_names_it_has_here() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included == {name: f"rlcompare/_app/{name}" for name in ("app.py", "pages", ".streamlit")}
    assert all((ROOT / name).exists() for name in included)
