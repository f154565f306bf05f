"""What stands in a chart's specification."""

from __future__ import annotations

from typing import Any


def flat(chart: dict[str, Any]) -> list[dict[str, Any]]:
    """The layers that draw, in order."""
    return [layer for one in chart["layer"] for layer in (flat(one) if "layer" in one else [one])]


def layer(chart: dict[str, Any], dataset: str) -> dict[str, Any]:
    """The first layer of a dataset."""
    return next(layer for layer in flat(chart) if layer["data"]["name"] == dataset)


def fields(encoding: Any) -> set[str]:
    """Every field an encoding names, in tooltips and conditions too."""
    if isinstance(encoding, dict):
        own = {encoding["field"]} if isinstance(encoding.get("field"), str) else set()
        return own.union(*(fields(part) for part in encoding.values()), set())
    return set().union(*(fields(part) for part in encoding)) if isinstance(encoding, list) else set()
