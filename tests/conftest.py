"""What every test shares: a cache of its own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep each test's cache from the user's and from other tests'."""
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("RLCOMPARE_CACHE", str(cache))
    monkeypatch.delenv("RLCOMPARE_LOGDIR", raising=False)
    return cache
