"""Readers of other packages, which name them under the entry point ``rlcompare.readers``."""

from __future__ import annotations

import logging
from collections.abc import Collection
from importlib.metadata import entry_points

from rlcompare.errors import ReadIssue
from rlcompare.readers.base import Reader

log = logging.getLogger(__name__)

GROUP = "rlcompare.readers"


def registered(taken: Collection[str]) -> tuple[tuple[Reader, ...], tuple[ReadIssue, ...]]:
    """Load the readers that installed packages name.

    Parameters
    ----------
    taken : collection of str
        Names that readers have already.

    Returns
    -------
    readers : tuple of Reader, in the order of their entry points' names
    issues : tuple of ReadIssue
        About those that could not be used; the others are.
    """
    readers: dict[str, Reader] = {}
    issues: list[ReadIssue] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        problem = ""
        try:
            reader = entry.load()
        except Exception as error:  # a package's bug must cost its reader, not the page
            log.exception("The reader %s could not be loaded", entry.value)
            problem = f"{type(error).__name__}: {error}"
        else:
            if not isinstance(reader, Reader):
                problem = f"it is a {type(reader).__name__}"
            elif reader.name in {*taken, *readers}:
                problem = f"another reader is called {reader.name!r}"
            else:
                readers[reader.name] = reader
        if problem:
            message = (
                f"Expected a Reader at {entry.value!r} (entry point {entry.name!r} of {GROUP}), but {problem}."
                " Hint: update or remove the package that registers it."
            )
            issues.append(ReadIssue("", "", message, "error"))
    return tuple(readers.values()), tuple(issues)
