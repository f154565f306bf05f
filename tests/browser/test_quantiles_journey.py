"""The Quantiles page as it is lived in: fans at once, another stretch, two against each other, and the link kept."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actions import COLORS, has_line, idle, link, pick, wait_for_line
from tests.browser.conftest import Serve

EPISODES = re.compile(r"episodes of training, at env steps ([\d,]+) to ([\d,]+)\.")


@pytest.fixture(scope="module")
def demo(serve: Serve) -> str:
    return serve()


def test_from_the_fans_to_two_that_differ_and_back(page: Page, demo: str) -> None:
    """The first visitor of the server comes by a link to the page."""
    page.goto(f"{demo}/quantiles")
    expect(page.get_by_text("1,654 episodes of training")).to_be_visible(timeout=60_000)
    idle(page)
    wait_for_line(page, COLORS[0], chart=0)
    wait_for_line(page, COLORS[1], chart=1)
    assert not has_line(page, COLORS[1], chart=0), "a chart a group"
    expect(page.locator(".st-key-quantiles_boxes canvas")).to_be_visible()
    expect(page.get_by_text(EPISODES)).to_be_visible()
    before = page.get_by_text(EPISODES).inner_text()

    slider = page.get_by_role("slider").first
    slider.focus()
    for _ in range(5):
        slider.press("ArrowLeft")
    page.wait_for_function("() => location.href.includes('quantiles_stretch=')")
    idle(page)
    expect(page.get_by_text(before)).to_have_count(0)
    low, high = link(page)["quantiles_stretch"]
    found = EPISODES.search(page.get_by_text(EPISODES).inner_text())
    assert found is not None
    assert [end.replace(",", "") for end in found.groups()] == [low, high]

    page.get_by_role("tab", name="A against B").click()
    expect(page.get_by_text("a2c and ppo: their distribution functions differ by up to")).to_be_visible()
    expect(page.get_by_text("not whether two methods do")).to_be_visible()
    expect(page.locator(".st-key-quantiles_boxes")).to_have_count(0)
    idle(page)
    assert link(page)["quantiles_tab"] == ["A against B"]

    page.get_by_role("link", name="Curves").click()
    expect(page.get_by_role("heading", name="Curves")).to_be_visible()
    idle(page)
    page.get_by_role("link", name="Quantiles").click()
    expect(page.get_by_text("a2c and ppo: their distribution functions differ by up to")).to_be_visible(timeout=60_000)
    idle(page)
    assert link(page)["quantiles_stretch"] == [low, high]
    page.reload()
    expect(page.get_by_text("a2c and ppo: their distribution functions differ by up to")).to_be_visible(timeout=60_000)
    idle(page)
    assert link(page)["quantiles_stretch"] == [low, high]


def test_runs_of_another_unit_are_a_choice_away(page: Page, demo: str) -> None:
    page.goto(f"{demo}/quantiles?quantiles_tab=Between+runs")
    expect(page.get_by_text("Dashed: the median run, a2c-seed")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Not on this axis: 6 runs by steps.")).to_be_visible()
    idle(page)
    pick(page, "Runs that count", "steps")
    expect(page.get_by_text("1,152 samples of training")).to_be_visible()
    idle(page)
    expect(page.get_by_text("a2c-seed")).to_have_count(0)
    assert link(page)["quantiles_unit"] == ["steps"]
