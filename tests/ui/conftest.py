"""Starts the app without a browser, on logs that have been read.

No deadline for an example: the first one compiles what later ones reuse, and machines differ.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import streamlit as st
from hypothesis import settings
from streamlit.testing.v1 import AppTest

from rlcompare.ui import access
from tests.charts.specs import layer
from tests.logs import write_verl
from tests.readers.tfevents_writer import Logged, log_of

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

ROOT = Path(__file__).parents[2]

Start = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def empty_caches() -> Iterator[None]:
    """Keep what one test read from others."""
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
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

    return begin


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Three runs of verl with reward, length and entropy."""
    for run in ("a", "b", "c"):
        write(tmp_path, run, [float(i % 5) for i in range(40)], **{"response_length/mean": 200.0, "actor/entropy": 1.0})
    return tmp_path


def write(root: Path, run: str, rewards: list[float], **more: float) -> None:
    """A run as verl's file logger leaves it."""
    write_verl(root / f"{run}.jsonl", [{"critic/score/mean": r, **more} for r in rewards])


def notes(app: AppTest) -> str:
    """All small print of a page."""
    return "\n".join(element.proto.body for element in app.get("html"))


def write_sb3(folder: Path, rewards: Sequence[float], **config: float | str) -> None:
    """A run as Stable-Baselines3's CSV logger leaves it, 1,024 steps a record, with a config beside it."""
    folder.mkdir(parents=True)
    rows = [f"{1024 * i},{reward}" for i, reward in enumerate(rewards, 1)]
    (folder / "progress.csv").write_text("\n".join(["time/total_timesteps,rollout/ep_rew_mean", *rows]) + "\n")
    (folder / "config.json").write_text(json.dumps(config))


def write_events(folder: Path, *files: Sequence[tuple[int, float, float]]) -> None:
    """A run as TensorBoard's writers leave it: files of ``reward`` as (step, wall time, value)."""
    folder.mkdir(parents=True)
    for number, rows in enumerate(files):
        scalars = [Logged("reward", step, wall_time, value) for step, wall_time, value in rows]
        (folder / f"events.out.tfevents.170000000{number}.host.1.0").write_bytes(log_of(scalars))


class Chart:
    """A chart as the browser gets it: its specification and its data."""

    def __init__(self, element: object) -> None:
        proto = element.proto  # type: ignore[attr-defined]
        self.spec = json.loads(proto.spec)
        self.data = {dataset.name: pl.read_ipc_stream(dataset.data.data) for dataset in proto.datasets}

    @property
    def runs(self) -> list[str]:
        """Labels of the lines: of runs, or of their groups."""
        return self.data["left lines"]["label"].cast(pl.String).unique().sort().to_list()

    @property
    def values(self) -> list[float | None]:
        """Heights of the lines, line by line."""
        return self.data["left lines"]["value"].to_list()

    def encoding(self, dataset: str = "left lines") -> dict[str, Any]:
        """What the first layer of a dataset encodes."""
        found: dict[str, Any] = layer(self.spec, dataset)["encoding"]
        return found


def charts(app: AppTest) -> list[Chart]:
    """The charts of a page."""
    return [Chart(element) for element in app.get("vega_lite_chart")]
