"""The palette: far apart for every kind of colour vision, and a run keeps its colour."""

from __future__ import annotations

import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rlcompare.charts.palette import N_COLORS, color_domain

CONFIG = Path(__file__).parents[2] / ".streamlit" / "config.toml"

#: Machado, Oliveira and Fernandes (2009), severity 1.0, in linear RGB.
VISION = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
#: Ottosson (2020), https://bottosson.github.io/posts/oklab/
TO_LMS = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


def linear_rgb(color: str) -> NDArray[np.float64]:
    srgb = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def oklab(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    lab: NDArray[np.float64] = np.array(TO_LAB) @ np.cbrt(np.clip(np.array(TO_LMS) @ linear, 0, None))
    return lab


def luminance(color: str) -> float:
    return float(linear_rgb(color) @ [0.2126, 0.7152, 0.0722])


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> dict[str, object]:
    themes = tomllib.loads(CONFIG.read_text())["theme"]
    found: dict[str, object] = themes[request.param]
    return found


@pytest.mark.parametrize("vision", VISION)
def test_colors_are_apart(theme: dict[str, list[str]], vision: str) -> None:
    seen = [
        oklab(np.clip(np.array(VISION[vision]) @ linear_rgb(color), 0, 1)) for color in theme["chartCategoricalColors"]
    ]
    assert len(seen) == N_COLORS
    assert min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)) >= 0.09


def test_colors_stand_out_from_the_background(theme: dict[str, list[str]]) -> None:
    background = luminance(str(theme["backgroundColor"]))
    for color in theme["chartCategoricalColors"]:
        darker, lighter = sorted((luminance(color), background))
        assert (lighter + 0.05) / (darker + 0.05) >= 2.2


def color_of(run: str, domain: list[str]) -> int:
    return domain.index(run) % N_COLORS


LIBRARY = [f"run {i:02d}" for i in range(47)]
some_runs = st.lists(st.sampled_from(LIBRARY), unique=True, max_size=47)


def test_colors_follow_the_library() -> None:
    assert color_domain(LIBRARY, LIBRARY[:3]) == LIBRARY[:3]
    assert [color_of(run, color_domain(LIBRARY, LIBRARY[13:16])) for run in LIBRARY[13:16]] == [3, 4, 5]


@given(some_runs)
def test_each_chosen_run_stands_once_and_no_other_run_does(chosen: list[str]) -> None:
    domain = color_domain(LIBRARY, chosen)
    assert sorted(set(domain) & set(LIBRARY)) == sorted(chosen)
    assert len(set(domain)) == len(domain)
    assert all("\0" in name for name in set(domain) - set(chosen))


@given(some_runs)
def test_colors_repeat_as_little_as_they_can(chosen: list[str]) -> None:
    domain = color_domain(LIBRARY, chosen)
    uses = [sum(color_of(run, domain) == color for run in chosen) for color in range(N_COLORS)]
    assert max(uses) - min(uses) <= 1


@given(some_runs, some_runs)
def test_one_more_run_recolours_none(before: list[str], more: list[str]) -> None:
    after = [*before, *(run for run in more if run not in before)]
    old, new = color_domain(LIBRARY, before), color_domain(LIBRARY, after)
    assert [color_of(run, old) for run in before] == [color_of(run, new) for run in before]


groups = st.lists(st.sampled_from(LIBRARY[:N_COLORS]), unique=True, min_size=1)


@given(groups, st.data())
def test_hiding_one_of_ten_groups_recolours_none(chosen: list[str], data: st.DataObject) -> None:
    library = LIBRARY[:N_COLORS]
    hidden = data.draw(st.sampled_from(chosen))
    left = [group for group in chosen if group != hidden]
    before, after = color_domain(library, chosen), color_domain(library, left)
    assert [color_of(group, after) for group in left] == [color_of(group, before) for group in left]
    assert [color_of(group, before) for group in chosen] == [library.index(group) for group in chosen]


def test_of_more_groups_than_colors_leaving_one_out_can_recolour_another() -> None:
    first, eleventh = LIBRARY[0], LIBRARY[10]
    assert color_of(eleventh, color_domain(LIBRARY, [first, eleventh])) == 1
    assert color_of(eleventh, color_domain(LIBRARY, [eleventh])) == 0


def test_every_tenth_run_gets_a_color_of_its_own() -> None:
    domain = color_domain(LIBRARY, LIBRARY[::10])
    assert [color_of(run, domain) for run in LIBRARY[::10]] == [0, 1, 2, 3, 4]


def test_nothing_chosen() -> None:
    assert color_domain(LIBRARY, []) == []
