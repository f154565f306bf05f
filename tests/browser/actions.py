"""What a visitor does with the mouse and the keyboard, and what charts show of it."""

from __future__ import annotations

import contextlib
import re
import tomllib
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser.conftest import ROOT

COLORS = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]["light"]["chartCategoricalColors"]

#: How many of the chart's own pixels, left of the legend, have this colour, edges that fade into the background aside.
PIXELS = """([chart, color]) => {
    const canvas = document.querySelectorAll('[data-testid=stVegaLiteChart] canvas')[chart];
    if (!canvas) return 0;
    const [r, g, b] = [1, 3, 5].map(i => parseInt(color.slice(i, i + 2), 16));
    const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width * 0.7, canvas.height);
    let found = 0;
    const near = i => [r, g, b].every((c, j) => Math.abs(data[i + j] - c) < 20);
    for (let i = 0; i < data.length; i += 4) found += near(i);
    return found;
}"""
A_LINE = 50

#: What stands in the link where runs are not grouped.
A_LINE_A_RUN = "curves_group=Nothing%3A+a+line+a+run"


def idle(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=60_000)


def choose(page: Page, control: str, *options: str) -> None:
    idle(page)
    box = page.get_by_role("combobox", name=control)
    for option in options:
        box.fill(option)
        page.get_by_role("option", name=option, exact=True).click()
    page.keyboard.press("Escape")


def pick(page: Page, control: str, option: str) -> None:
    """Choose from a list that may still be moving, which closes it: ask again."""
    for _ in range(5):
        page.get_by_role("combobox", name=control).fill("")
        page.get_by_role("combobox", name=control).fill(option)
        with contextlib.suppress(PlaywrightTimeout):
            return page.get_by_role("option", name=option, exact=True).click(timeout=2_000)
    pytest.fail(f"Expected a list of {control!r} with {option!r}.")


def wait_for_line(page: Page, color: str, chart: int = 0) -> None:
    page.wait_for_function(f"arguments => ({PIXELS})(arguments) > {A_LINE}", arg=[chart, color])


def has_line(page: Page, color: str, chart: int = 0) -> bool:
    return int(page.evaluate(PIXELS, [chart, color])) > A_LINE


def click_row(page: Page, row: int) -> None:
    """Click the box before a row; rows are drawn on a canvas, 36 pixels high below a header of the same height.

    A choice made elsewhere puts the table up anew, and a click on the old one is lost: click again then.
    """
    idle(page)
    before = page.url
    for _ in range(3):
        page.get_by_test_id("stDataFrame").first.click(position={"x": 17, "y": 36 * (row + 1.5)})
        with contextlib.suppress(PlaywrightTimeout):
            return page.wait_for_url(lambda url: url != before, timeout=4_000)
    pytest.fail(f"Expected a click on row {row} to change what is chosen.")


def expect_chosen(page: Page, *runs: str) -> None:
    told = "&".join(f"runs={quote(run, safe='')}" for run in runs)
    expect(page).to_have_url(re.compile(rf"\?(runs_search=[^&]*&)?{re.escape(told)}(&runs_search=[^&]*)?$"))


def link(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)
