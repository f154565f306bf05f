"""Two folders of one training, joined and parted in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actions import A_LINE_A_RUN, COLORS, choose, has_line, idle, link, wait_for_line
from tests.browser.conftest import Serve
from tests.logs import write_verl

JOINED = "grpo_1_40.jsonl (joined)"


@pytest.fixture(scope="module")
def two_folders(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> str:
    logs = tmp_path_factory.mktemp("logs")
    write_verl(logs / "grpo_1_40.jsonl", [{"critic/score/mean": float(i % 7)} for i in range(40)])
    write_verl(logs / "grpo_41_80.jsonl", [{"critic/score/mean": float(i % 5)} for i in range(40)], first_step=41)
    return serve(logs)


def test_runs_are_joined_and_parted_and_the_link_keeps_it(page: Page, two_folders: str) -> None:
    page.goto(f"{two_folders}/curves?{A_LINE_A_RUN}")
    expect(page.get_by_text("2 runs look like one training: ")).to_be_visible(timeout=60_000)
    for color in COLORS[:2]:
        wait_for_line(page, color)

    choose(page, "Joined runs", JOINED)
    expect(page.get_by_text(f"{JOINED} is 2 runs as one: ")).to_be_visible()
    expect(page.get_by_text("Dotted lines mark 1 restart.")).to_be_visible()
    idle(page)
    wait_for_line(page, COLORS[0])
    assert not has_line(page, COLORS[1]), "one line"
    assert link(page)["joined"] == [JOINED]

    page.reload()
    expect(page.get_by_text(f"{JOINED} is 2 runs as one: ")).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    expect(page.get_by_text("1 run · ")).to_be_visible()
    assert link(page)["joined"] == [JOINED]

    page.get_by_role("combobox", name="Joined runs").press("Backspace")
    expect(page.get_by_text("2 runs · ")).to_be_visible()
    assert "joined" not in link(page)
