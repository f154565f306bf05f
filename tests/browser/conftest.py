"""The app in a real Chromium: one server a module, a fresh browser context a test."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

ROOT = Path(__file__).parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
OUTSIDE = re.compile(r"(https?|wss?)://(?!127\.0\.0\.1|localhost)")

Serve = Callable[..., str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        names = ("chromium", "chromium-browser", "google-chrome")
        found = next(filter(None, map(shutil.which, names)), own if Path(own).exists() else None)
        if found is None:
            reason = f"found none of {', '.join(names)}, nor Playwright's own. Hint: apt install chromium"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start a server on log folders (none: the demo runs) and return its address."""
    with contextlib.ExitStack() as running:

        def start(*folders: Path) -> str:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            home = tmp_path_factory.mktemp("server")
            log = running.enter_context((home / "log").open("w"))
            server = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}", "--", *map(str, folders)],
                cwd=ROOT,
                env={**os.environ, "RLCOMPARE_CACHE": str(home / "cache")},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            running.callback(server.wait)
            running.callback(server.terminate)
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, server)
            return address

        yield start


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
            return
        time.sleep(0.1)
    pytest.fail("Expected a server that answers within 60 s.")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that must show no exception, log no error and leave the machine alone."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    errors: list[str] = []
    outside: list[str] = []

    def note_errors(message: ConsoleMessage) -> None:
        # On a deep link Streamlit first probes PAGE/_stcore/…, which answers 404.
        if message.type == "error" and "/_stcore/" not in message.location.get("url", ""):
            errors.append(message.text)

    page.on("console", note_errors)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: outside.append(request.url) if OUTSIDE.match(request.url) else None)
    yield page
    exceptions = page.get_by_test_id("stException").all_inner_texts()
    context.close()
    assert not exceptions
    assert not errors
    assert not outside
