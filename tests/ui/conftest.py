"""Starts the app without a browser, on logs that have been read."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from rlcompare.ui import access

ROOT = Path(__file__).parents[2]

Start = Callable[..., AppTest]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start the app on log folders, on a page of it, with what stands in the link."""

    def begin(
        *folders: Path, page: str = "runs", link: Mapping[str, str | Sequence[str]] | None = None, ready: bool = True
    ) -> AppTest:
        monkeypatch.setattr(sys, "argv", ["app.py", *map(str, folders)])
        monkeypatch.setattr(access, "PATIENCE", 30.0 if ready else 0.0)
        app = AppTest.from_file(ROOT / "app.py", default_timeout=60)
        if page != "runs":
            app.switch_page(f"pages/{page}.py")
        for key, value in (link or {}).items():
            app.query_params[key] = [value] if isinstance(value, str) else list(value)
        return app.run()

    st.cache_data.clear()
    st.cache_resource.clear()
    yield begin
    st.cache_data.clear()
    st.cache_resource.clear()


def notes(app: AppTest) -> str:
    """All small print of a page."""
    return "\n".join(element.proto.body for element in app.get("html"))


def write_sb3(folder: Path, rewards: Sequence[float], **config: float | str) -> None:
    """A run as Stable-Baselines3's CSV logger leaves it, 1,024 steps a record, with a config beside it."""
    folder.mkdir(parents=True)
    rows = [f"{1024 * i},{reward}" for i, reward in enumerate(rewards, 1)]
    (folder / "progress.csv").write_text("\n".join(["time/total_timesteps,rollout/ep_rew_mean", *rows]) + "\n")
    (folder / "config.json").write_text(json.dumps(config))


class Chart:
    """A chart as the browser gets it: its specification and its data."""

    def __init__(self, element: object) -> None:
        proto = element.proto  # type: ignore[attr-defined]
        self.spec = json.loads(proto.spec)
        self.data = {dataset.name: pl.read_ipc_stream(dataset.data.data) for dataset in proto.datasets}

    @property
    def runs(self) -> list[str]:
        """Labels of the runs drawn."""
        return self.data["lines"]["run"].cast(pl.String).unique().sort().to_list()


def charts(app: AppTest) -> list[Chart]:
    """The charts of a page."""
    return [Chart(element) for element in app.get("vega_lite_chart")]
