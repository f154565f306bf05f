"""The Correlation page as it is lived in: a link to one pair, another coefficient, a cell of the matrix, and back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actions import A_LINE_A_RUN, idle, link
from tests.browser.conftest import Serve

PAIR = "correlation_x=reward&correlation_y=kl"
RUNS = "runs=grpo/grpo-no-penalty-seed1&runs=grpo/grpo-no-penalty-seed2"
TABLE = ".rlc-corr"


@pytest.fixture(scope="module")
def demo(serve: Serve) -> str:
    return serve()


def click_cell(page: Page, row: int, column: int, n: int) -> None:
    """Click a cell of the matrix of ``n`` metrics; where its rows and columns begin, the picture tells."""
    matrix = page.locator(".st-key-correlation_matrix canvas")
    matrix.scroll_into_view_if_needed()
    left, right, top, bottom = page.evaluate(EDGES)
    matrix.click(
        position={"x": left + (right - left) * (column + 0.5) / n, "y": top + (bottom - top) * (row + 0.5) / n}
    )


#: Ends of what the matrix paints in its own two colours, in pixels of the page.
EDGES = """() => {
    const canvas = document.querySelector('.st-key-correlation_matrix canvas');
    const {data, width, height} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const scale = canvas.clientWidth / canvas.width, legend = 0.85 * width;
    let [left, right, top, bottom] = [width, 0, height, 0];
    for (let y = 0; y < height; y++) for (let x = 0; x < legend; x++) {
        const i = 4 * (y * width + x);
        if (Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) < 60) continue;
        left = Math.min(left, x); right = Math.max(right, x + 1);
        top = Math.min(top, y); bottom = Math.max(bottom, y + 1);
    }
    return [left, right, top, bottom].map(place => place * scale);
}"""


def test_a_link_to_a_pair_another_coefficient_a_cell_and_back(page: Page, demo: str) -> None:
    """The first visitor of the server comes by the link."""
    page.goto(f"{demo}/correlation?{PAIR}&{RUNS}&{A_LINE_A_RUN}")
    table = page.locator(TABLE)
    expect(table).to_contain_text("Pearson's r, levels", timeout=60_000)
    expect(table.locator("tbody tr")).to_have_count(2)
    idle(page)
    assert (link(page)["correlation_x"], link(page)["correlation_y"]) == (["reward"], ["kl"])
    before = table.inner_text()

    page.get_by_role("radio", name="Spearman").click()
    expect(table).to_contain_text("Spearman's ρ, levels")
    expect(page).to_have_url(re.compile("correlation_kind=Spearman"))
    assert table.inner_text() != before

    page.get_by_role("tab", name="All metrics").click()
    metrics = ["reward", "response_length", "entropy"]
    there = "&".join([PAIR, RUNS, A_LINE_A_RUN, *(f"correlation_metrics={metric}" for metric in metrics)])
    page.goto(f"{demo}/correlation?{there}&correlation_kind=Spearman&correlation_tab=All+metrics")
    expect(page.locator(".st-key-correlation_matrix canvas")).to_be_visible(timeout=60_000)
    idle(page)
    page.wait_for_function(f"() => ({EDGES})()[1] > 0")
    click_cell(page, 1, 0, 3)
    page.wait_for_function("() => !location.href.includes('correlation_y=kl')")
    idle(page)
    opened = {link(page)["correlation_x"][0], link(page)["correlation_y"][0]}
    assert len(opened) == 2
    assert opened < set(metrics)
    expect(page.get_by_role("tab", name="All metrics")).to_have_attribute("aria-selected", "true")
    assert link(page)["correlation_kind"] == ["Spearman"]

    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    page.get_by_role("link", name="Correlation").click()
    expect(page.locator(TABLE)).to_contain_text("Spearman's ρ, levels", timeout=60_000)
    idle(page)
    assert {link(page)["correlation_x"][0], link(page)["correlation_y"][0]} == opened


def test_what_is_not_asked_for_is_not_shown(page: Page, demo: str) -> None:
    page.goto(f"{demo}/correlation?runs=cartpole/ppo-seed1")
    expect(page.locator(TABLE)).to_contain_text("each can be computed from the other", timeout=60_000)
    idle(page)
    expect(page.locator(".st-key-correlation_matrix")).to_have_count(0)
    expect(page.get_by_text("Warning:")).to_have_count(0)
    expect(page.get_by_role("combobox", name="Second metric")).to_have_value("episode_length")
