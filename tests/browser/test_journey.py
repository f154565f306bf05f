"""What a visitor does, in a real Chromium."""

from __future__ import annotations

import re
import tomllib
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

import rlcompare as rlc
from rlcompare.demo import demo_folder
from tests.browser.actions import (
    A_LINE_A_RUN,
    COLORS,
    choose,
    click_row,
    expect_chosen,
    has_line,
    idle,
    link,
    pick,
    wait_for_line,
)
from tests.browser.conftest import ROOT, Serve
from tests.ui.conftest import write_sb3


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
    expect(page.get_by_text("Mean of 2 runs").first).to_be_visible()
    idle(page)
    pick(page, "Group by", "Nothing: a line a run")
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


def test_runs_chosen_by_a_link_stay_chosen_on_the_next_page(page: Page, demo: str, demo_runs: tuple[str, ...]) -> None:
    page.goto(f"{demo}/?runs={quote(demo_runs[4])}")
    expect(page.get_by_text(f"{len(demo_runs)} runs")).to_be_visible(timeout=60_000)
    idle(page)
    page.get_by_role("link", name="Curves").click()
    expect(page.get_by_text("Mean of 1 run").first).to_be_visible()
    assert link(page)["runs"] == [demo_runs[4]]


def test_the_first_visitor_of_a_server_may_come_by_a_link(page: Page, serve: Serve, demo_runs: tuple[str, ...]) -> None:
    """Before anybody has seen a page, and before any run has been read."""
    run = demo_runs[3]
    page.goto(
        f"{serve()}/curves?runs={quote(run)}&curves_metrics=reward&curves_smoothing=Mean&curves_mean_width=7&{A_LINE_A_RUN}"
    )
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
