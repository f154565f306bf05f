"""The Curves page as it is lived in: groups and bands, two axes, a zoom, a link passed on, a training that goes on."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.actions import A_LINE_A_RUN, COLORS, has_line, idle, link, pick, wait_for_line
from tests.browser.conftest import Serve
from tests.logs import write_verl

CHART = "[data-testid=stVegaLiteChart]"
#: A number for what the first chart shows.
PICTURE = """() => {
    const canvas = document.querySelector('[data-testid=stVegaLiteChart] canvas');
    const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) sum = (sum * 31 + data[i] + 7 * data[i + 1] + 13 * data[i + 3]) % 1000003;
    return sum;
}"""


def drawn(page: Page) -> None:
    """Wait until the first chart shows something."""
    idle(page)
    page.wait_for_function(f"() => document.querySelector('{CHART} canvas') && ({PICTURE})() > 0")


def drag(page: Page, start: float, end: float) -> None:
    """Mark a stretch of the first chart; places as parts of its width."""
    drawn(page)
    box = page.locator(CHART).first.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + (start + end) / 2 * box["width"], y + 5, steps=4)
    page.mouse.move(box["x"] + end * box["width"], y + 5, steps=4)
    page.mouse.up()


def shown_range(page: Page) -> tuple[float, float]:
    low, high = re.match(r"([\d.]+)\.\.([\d.]+)", link(page)["curves_range"][0]).groups()  # type: ignore[union-attr]
    return float(low), float(high)


@pytest.fixture(scope="module")
def demo(serve: Serve) -> str:
    return serve()


def test_groups_with_bands_two_axes_a_zoom_and_the_link_passed_on(page: Page, demo: str, browser: Browser) -> None:
    page.goto(f"{demo}/curves")
    expect(page.get_by_text("Mean of 3 runs, 95 % Student-t interval").first).to_be_visible(timeout=60_000)
    page.goto(f"{demo}/curves?curves_metrics=reward&runs=grpo/grpo-no-penalty-seed1&runs=grpo/grpo-no-penalty-seed2")
    expect(page.get_by_text("Mean of 2 runs, 95 % Student-t interval")).to_be_visible(timeout=60_000)
    idle(page)
    page.get_by_text("Axes and layout").click()
    pick(page, "Right axis", "response_length")
    expect(page.get_by_text("Response length is logged as completions/mean_length.")).to_be_visible()
    idle(page)
    assert link(page)["curves_right"] == ["response_length"]

    drag(page, 0.3, 0.5)
    expect(page).to_have_url(re.compile("curves_range="))
    low, high = shown_range(page)
    assert 30 < low < high < 250
    idle(page)
    expect(page.get_by_role("textbox", name="Part of the x axis")).to_have_value(re.compile(r"^\d+\.\.\d+ step$"))
    drag(page, 0.3, 0.5)
    page.wait_for_function("before => !location.href.includes(before)", arg=f"{low:.0f}..")
    deeper = shown_range(page)
    assert low < deeper[0] < deeper[1] < high, "a zoom in a zoom"
    idle(page)

    words = page.get_by_test_id("stHtml").all_inner_texts()
    other = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    other.goto(page.url)
    idle(other)
    expect(other.get_by_test_id("stHtml")).to_have_count(len(words))
    assert other.get_by_test_id("stHtml").all_inner_texts() == words
    page.mouse.move(5, 5)
    page.reload()
    for visitor in (page, other):
        drawn(visitor)
    page.wait_for_function(f"picture => ({PICTURE})() === picture", arg=other.evaluate(PICTURE))
    other.context.close()

    page.get_by_role("button", name="Show all").click()
    expect(page).not_to_have_url(re.compile("curves_range"))
    expect(page.get_by_role("textbox", name="Part of the x axis")).to_have_value("")


def append(log: Path, n: int, first_step: int) -> None:
    write_verl(log, [{"critic/score/mean": i % 7 + 0.5} for i in range(n)], mode="a", first_step=first_step)


def test_live_shows_what_is_appended_and_keeps_the_view(
    page: Page, serve: Serve, tmp_path_factory: pytest.TempPathFactory
) -> None:
    logs = tmp_path_factory.mktemp("live")
    for name in ("a", "b"):
        write_verl(logs / f"{name}.jsonl", [{"critic/score/mean": float(step % 5)} for step in range(100)])
    page.goto(f"{serve(logs)}/curves?curves_live=true&curves_metrics=reward&{A_LINE_A_RUN}")
    expect(page.get_by_text("All 200 points drawn")).to_be_visible(timeout=60_000)
    drawn(page)
    page.evaluate("() => { document.querySelector('canvas').marked = true; window.scrollTo(0, 40); }")
    place = page.locator(CHART).first.bounding_box()

    append(logs / "a.jsonl", 10, first_step=101)
    start = time.monotonic()
    expect(page.get_by_text("All 210 points drawn")).to_be_visible(timeout=15_000)
    assert time.monotonic() - start < 5
    assert page.evaluate("() => document.querySelector('canvas').marked"), "the chart stays, it is not put up anew"
    assert page.locator(CHART).first.bounding_box() == place

    drag(page, 0.2, 0.4)
    expect(page).to_have_url(re.compile("curves_range="))
    zoomed = link(page)["curves_range"]
    idle(page)
    append(logs / "a.jsonl", 190, first_step=111)
    time.sleep(4)
    assert link(page)["curves_range"] == zoomed
    expect(page.get_by_role("textbox", name="Part of the x axis")).to_have_value(zoomed[0])
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_restart_can_be_seen_and_taken_apart(page: Page, demo: str) -> None:
    run = "grpo/grpo-length-penalty-seed2"
    page.goto(f"{demo}/curves?runs={run}&curves_metrics=reward&{A_LINE_A_RUN}")
    expect(page.get_by_text("Dotted lines mark 1 restart.")).to_be_visible(timeout=60_000)
    later = page.get_by_text(re.compile(r"All \d+ points drawn")).inner_text()
    pick(page, "Restarted runs", "Every record")
    expect(page.get_by_text(later)).to_have_count(0)
    every = page.get_by_text(re.compile(r"All \d+ points drawn")).inner_text()
    n_later, n_every = (int(re.search(r"All (\d+) points", text)[1]) for text in (later, every))  # type: ignore[index]
    assert n_every > n_later
    assert link(page)["curves_restarts"] == ["Every record"]


def test_a_click_on_a_name_highlights_its_line(page: Page, demo: str) -> None:
    """Also where a run ends early and one was restarted, which adds marks of other kinds to the chart."""
    page.goto(f"{demo}/curves?curves_metrics=response_length")
    expect(page.get_by_text("Circles mark where 1 run")).to_be_visible(timeout=60_000)
    drawn(page)
    for color in COLORS[2:4]:
        wait_for_line(page, color)
    box = page.locator(CHART).first.bounding_box()
    assert box is not None
    for down in range(30, 130, 6):
        page.mouse.click(box["x"] + box["width"] - 90, box["y"] + down)
        if not (has_line(page, COLORS[2]) and has_line(page, COLORS[3])):
            break
    assert has_line(page, COLORS[2]) != has_line(page, COLORS[3]), "one stays, the other fades"
