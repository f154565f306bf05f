"""What a visitor does, in a real Chromium."""

from __future__ import annotations

import re
import tomllib
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

import rlcompare as rlc
from rlcompare.demo import demo_folder
from tests.browser.conftest import ROOT, Serve
from tests.ui.conftest import write_sb3

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


def idle(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=60_000)


def choose(page: Page, control: str, *options: str) -> None:
    box = page.get_by_role("combobox", name=control)
    for option in options:
        box.fill(option)
        page.get_by_role("option", name=option, exact=True).click()
    page.keyboard.press("Escape")


def wait_for_line(page: Page, color: str, chart: int = 0) -> None:
    page.wait_for_function(f"arguments => ({PIXELS})(arguments) > {A_LINE}", arg=[chart, color])


def has_line(page: Page, color: str, chart: int = 0) -> bool:
    return int(page.evaluate(PIXELS, [chart, color])) > A_LINE


def click_row(page: Page, row: int) -> None:
    """Click the box before a row; rows are drawn on a canvas, 36 pixels high below a header of the same height."""
    idle(page)
    page.get_by_test_id("stDataFrame").first.click(position={"x": 17, "y": 36 * (row + 1.5)})


def expect_chosen(page: Page, *runs: str) -> None:
    told = "&".join(f"runs={quote(run, safe='')}" for run in runs)
    expect(page).to_have_url(re.compile(rf"\?(runs_search=[^&]*&)?{re.escape(told)}(&runs_search=[^&]*)?$"))


def link(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


@pytest.fixture(scope="module")
def demo(serve: Serve) -> str:
    return serve()


@pytest.fixture(scope="module")
def own_logs(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> str:
    logs = tmp_path_factory.mktemp("logs")
    for name in ("<b>bold</b>".replace("/", "∕"), "**bold** :smile:", "plain"):
        write_sb3(logs / name, [len(name) + float(i % 9) for i in range(100)])
    return serve(logs)


@pytest.fixture(scope="module")
def demo_runs() -> tuple[str, ...]:
    return rlc.open_runs(demo_folder()).ids


def test_from_the_runs_to_their_curves_and_back_by_the_link(page: Page, demo: str, demo_runs: tuple[str, ...]) -> None:
    page.goto(demo)
    expect(page.get_by_role("heading", name="Runs")).to_be_visible(timeout=60_000)
    expect(page.get_by_text(f"{len(demo_runs)} runs")).to_be_visible(timeout=60_000)
    choose(page, "Chosen runs", *demo_runs[:2])
    expect_chosen(page, *demo_runs[:2])
    idle(page)

    page.get_by_role("link", name="Curves").click()
    expect(page.get_by_role("heading", name="Curves")).to_be_visible()
    for color in COLORS[:2]:
        wait_for_line(page, color)
    assert not any(has_line(page, color) for color in COLORS[2:]), "no line of a run that was not chosen"

    slider = page.get_by_role("slider", name="Weight")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("weight 0.7")).to_be_visible()
    idle(page)
    expect(page).to_have_url(re.compile("curves_weight=0.7"))
    assert link(page)["runs"] == list(demo_runs[:2])
    before = page.get_by_test_id("stHtml").all_inner_texts()

    page.reload()
    expect(page.get_by_text("weight 0.7")).to_be_visible(timeout=60_000)
    idle(page)
    for color in COLORS[:2]:
        wait_for_line(page, color)
    assert not any(has_line(page, color) for color in COLORS[2:])
    assert page.get_by_test_id("stHtml").all_inner_texts() == before
    assert link(page)["runs"] == list(demo_runs[:2])

    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    page.get_by_role("link", name="Curves").click()
    expect(page.get_by_text("weight 0.7")).to_be_visible()
    for color in COLORS[:2]:
        wait_for_line(page, color)


def test_the_table_and_the_control_choose_the_same_runs(page: Page, demo: str, demo_runs: tuple[str, ...]) -> None:
    page.goto(demo)
    expect(page.get_by_text(f"{len(demo_runs)} runs")).to_be_visible(timeout=60_000)
    idle(page)
    click_row(page, 1)
    expect_chosen(page, demo_runs[1])
    choose(page, "Chosen runs", demo_runs[0])
    expect_chosen(page, demo_runs[1], demo_runs[0])
    click_row(page, 2)
    expect_chosen(page, demo_runs[1], demo_runs[0], demo_runs[2])
    click_row(page, 1)
    expect_chosen(page, demo_runs[0], demo_runs[2])

    page.get_by_role("textbox", name="Search").fill(demo_runs[1])
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 chosen runs not shown by these filters.")).to_be_visible()
    click_row(page, 0)
    expect_chosen(page, demo_runs[0], demo_runs[2], demo_runs[1])


def test_the_first_visitor_of_a_server_may_come_by_a_link(page: Page, serve: Serve, demo_runs: tuple[str, ...]) -> None:
    """Before anybody has seen a page, and before any run has been read."""
    run = demo_runs[3]
    page.goto(f"{serve()}/curves?runs={quote(run)}&curves_metrics=reward&curves_smoothing=Mean&curves_mean_width=7")
    expect(page.get_by_text("the mean of the last 7 points")).to_be_visible(timeout=60_000)
    wait_for_line(page, COLORS[3])
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert link(page)["runs"] == [run]
    assert not has_line(page, COLORS[0])


def test_names_are_text(page: Page, own_logs: str) -> None:
    page.goto(f"{own_logs}/curves")
    wait_for_line(page, COLORS[2])
    choose(page, "Chosen runs", "<b>bold<∕b>", "**bold** :smile:")
    idle(page)
    assert set(link(page)["runs"]) == {"<b>bold<∕b>", "**bold** :smile:"}
    expect(page.get_by_text("**bold** :smile:", exact=True)).to_be_visible()
    expect(page.locator("b, strong").filter(has_text="bold")).to_have_count(0)


def test_dark(page: Page, own_logs: str) -> None:
    dark = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]["dark"]
    page.emulate_media(color_scheme="dark")
    page.goto(f"{own_logs}/curves")
    wait_for_line(page, dark["chartCategoricalColors"][0])
    assert not has_line(page, COLORS[0]), "no colour of the light theme"
