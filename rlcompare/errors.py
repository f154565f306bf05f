"""What can go wrong, in words that say what to do about it.

A file that cannot be read is never an exception to the user of :class:`rlcompare.Runs`: readers report it as a
:class:`ReadIssue` and go on. Exceptions are for calls that cannot be answered at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["note", "warning", "error"]


class RLCompareError(Exception):
    """A call that cannot be answered. The message says what was expected, what came, and a hint."""


class LogFolderError(RLCompareError):
    """A log folder that is not there or is not a folder."""


class UnknownRunError(RLCompareError):
    """A run id or pattern that matches nothing."""


class UnknownMetricError(RLCompareError):
    """A metric that no chosen run has logged."""


class ParameterError(RLCompareError):
    """A parameter outside its range, such as a negative smoothing width."""


class SampleTextError(RLCompareError):
    """A log that no longer holds the samples whose texts are asked for."""


@dataclass(frozen=True, slots=True)
class ReadIssue:
    """One thing in a log that could not be read as it stands.

    Parameters
    ----------
    path : str
        The file, relative to its log folder, with forward slashes.
    place : str
        Where in it: ``"line 12"``, ``"byte 4096"``, ``"column loss"``; empty for the whole file.
    message : str
        What was expected and what came, ending in a ``Hint:`` where there is one to give.
    severity : {"note", "warning", "error"}
        ``note``: nothing is lost (a record still being written). ``warning``: records or columns were left out.
        ``error``: the file could not be read.
    """

    path: str
    place: str
    message: str
    severity: Severity = "warning"
