"""From a point of a curve to the text behind it, in a real Chromium."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actions import A_LINE_A_RUN, COLORS, idle, link, wait_for_line
from tests.browser.conftest import Serve
from tests.logs import write_verl

CHART = "[data-testid=stVegaLiteChart]"
TEXT = "[data-testid=stMain] [data-testid=stCode]"
ROW = 34
MARKUP = "<b>bold</b> <script>alert(1)</script> $x^2$ **strong** `code` :smile: [a](b)\n\n# a line that stays"


def write_answers(path: Path, answers: list[tuple[str, float]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"input": f"What is <i>{score}</i>?", "output": a, "score": score}) for a, score in answers]
    path.write_text("".join(f"{line}\n" for line in lines))


@pytest.fixture(scope="module")
def logs(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("logs")
    for run in ("one", "two"):
        write_verl(root / run / "metrics.jsonl", [{"critic/score/mean": float(i)} for i in range(40)])
        for step in (10, 20, 30):
            write_answers(root / run / "rollouts" / f"{step}.jsonl", [(f"{run} at {step}", 0.5), (MARKUP, 1.0)])
    return serve(root)


def choose_row(page: Page, row: int) -> None:
    idle(page)
    page.get_by_test_id("stDataFrame").first.click(position={"x": 17, "y": ROW * (row + 1.5)})


def texts(page: Page) -> list[str]:
    return [text.rstrip("\n") for text in page.locator(TEXT).all_text_contents()]


def test_from_a_curve_to_a_text(page: Page, logs: str) -> None:
    page.goto(f"{logs}/curves?curves_metrics=reward&runs=two/metrics.jsonl&{A_LINE_A_RUN}")
    wait_for_line(page, COLORS[1])
    idle(page)
    expect(page.get_by_role("link", name="Samples at step")).to_have_count(0)
    box = page.locator(CHART).first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.4 * box["height"])
    expect(page.get_by_role("link", name="Samples at step")).to_be_visible()
    step = int(page.get_by_role("link", name="Samples at step").inner_text().split()[-1])
    page.get_by_role("link", name="Samples at step").click()

    expect(page.get_by_role("heading", name="Rollouts")).to_be_visible()
    expect(page.locator(TEXT).nth(1)).to_have_text(re.compile(r"two at \d+"))
    idle(page)
    shown = min((10, 20, 30), key=lambda other: abs(other - step))
    assert link(page)["run"] == ["two/metrics.jsonl"]
    assert link(page)["runs"] == ["two/metrics.jsonl"]
    assert link(page)["step"] == [str(shown)]
    if shown != step:
        expect(page.get_by_text(f"No samples were logged at step {step}")).to_be_visible()

    choose_row(page, 1)
    expect(page.locator(TEXT).nth(1)).to_contain_text("bold")
    assert texts(page) == ["What is <i>1.0</i>?", MARKUP]
    expect(page).to_have_url(re.compile("sample=2"))
    for read_as_markup in ("b", "i", "strong", "h1", "a", ".katex", "script"):
        expect(page.locator(TEXT).locator(read_as_markup)).to_have_count(0)

    page.get_by_role("button", name="Earlier").click()
    expect(page).to_have_url(re.compile(f"step={shown - 10}"))
    page.go_back()
    expect(page.locator(TEXT).nth(1)).to_contain_text("bold")


def test_a_link_to_one_text_and_another_beside_it(page: Page, logs: str) -> None:
    page.goto(f"{logs}/rollouts?run=one/metrics.jsonl&step=20&sample=1")
    expect(page.locator(TEXT).nth(1)).to_have_text("one at 20", timeout=60_000)
    idle(page)
    page.get_by_text("Compare", exact=True).click()
    expect(page.locator(TEXT).nth(2)).to_have_text("one at 10")
    idle(page)
    box = page.get_by_role("combobox", name="Run beside")
    box.fill("two")
    page.get_by_role("option", name="two/metrics.jsonl", exact=True).click()
    expect(page.locator(TEXT).nth(2)).to_have_text(re.compile("two at"))
    idle(page)
    assert link(page)["rollouts_other_run"] == ["two/metrics.jsonl"]
    beside = texts(page)

    page.reload()
    expect(page.locator(TEXT).nth(2)).to_have_text(beside[2], timeout=60_000)
    assert texts(page) == beside
    page.get_by_role("link", name="Curves").click()
    expect(page.get_by_role("heading", name="Curves")).to_be_visible()
    idle(page)
    assert not {"run", "step", "sample"} & link(page).keys()
    page.get_by_role("link", name="Rollouts").click()
    expect(page.locator(TEXT).nth(2)).to_have_text(beside[2])


def test_a_stretch_marked_to_zoom_is_no_click(page: Page, logs: str) -> None:
    page.goto(f"{logs}/curves?curves_metrics=reward&{A_LINE_A_RUN}")
    wait_for_line(page, COLORS[1])
    idle(page)
    box = page.locator(CHART).first.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.2 * box["width"], y)
    page.mouse.down()
    for part in (0.3, 0.4, 0.5):
        page.mouse.move(box["x"] + part * box["width"], y + 4, steps=3)
    page.mouse.up()
    expect(page).to_have_url(re.compile("curves_range="))
    idle(page)
    expect(page.get_by_role("link", name="Samples at step")).to_have_count(0)
