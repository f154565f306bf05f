"""The messages of a Comet experiment: values of metrics, parameters, and what else was said of it.

A metric logged in a context (``with experiment.validate()``) is called ``validate_<name>``, as Comet shows it.
"""

from __future__ import annotations

import math
from typing import Any

import orjson

from rlcompare.readers import text
from rlcompare.readers.base import IssueList, Scalar
from rlcompare.readers.configfiles import flatten
from rlcompare.readers.scalar_log import ScalarLog

#: What Comet logs as parameters by itself at every step.
_COUNTERS = frozenset({"curr_step", "curr_epoch"})
_AUTOMATIC = "auto-logged"

Payload = dict[str, Any]


class Messages:
    """Takes up messages in the order in which they were logged.

    A value without a step gets the newest step of any metric logged before it; before the first step, its number
    among the values of its metric, from 0.

    Attributes
    ----------
    scalars : ScalarLog
    config : dict
        Parameters, nested ones joined by ``.`` where Comet has ``|``.
    name : str
        The experiment's.
    """

    def __init__(self) -> None:
        self.scalars = ScalarLog()
        self.config: dict[str, Scalar] = {}
        self.name = ""
        self._newest: int | None = None
        self._place = 0
        self._counts: dict[str, int] = {}
        self._stepless = 0
        self._not_numbers: dict[str, None] = {}

    def add(self, line: bytes) -> str:
        """Take up one line; return what is wrong with it, empty if nothing is."""
        self._place += 1
        try:
            message = orjson.loads(line)
        except orjson.JSONDecodeError:
            return f"Expected a JSON object, found {text.shown(line)}; left out."
        payload = message.get("payload") if isinstance(message, dict) else None
        if not isinstance(payload, dict):
            return f"Expected a message with a payload, found {text.shown(line)}; left out."
        if isinstance(metric := payload.get("metric"), dict):
            return self._add_metric(payload, metric)
        for kind in ("param", "params"):
            if isinstance(parameter := payload.get(kind), dict):
                self._add_parameter(parameter)
        if message.get("type") == "log_other" and payload.get("key") == "Name":
            self.name = str(payload.get("value") or "")
        return ""

    def notes(self, issues: IssueList) -> None:
        """Say what is not as it was logged."""
        text.left_out_note(issues, self._not_numbers)
        if self._stepless:
            issues.add(
                "",
                f"{self._stepless:,} values were logged without a step. Each stands at the newest step logged before "
                "it, or by its number where there was none yet.",
                "note",
            )

    def _add_metric(self, payload: Payload, metric: Payload) -> str:
        name, context = metric.get("metricName"), payload.get("context")
        if not isinstance(name, str) or not name:
            return "Expected a metric with a name; left out."
        key = f"{context}_{name}" if isinstance(context, str) and context else name
        value = _number(metric.get("metricValue"))
        if value is None:
            self._not_numbers[key] = None
            return ""
        step = metric.get("step")
        if step is None:
            self._stepless += 1
            step = self._counts.get(key, 0) if self._newest is None else self._newest
        elif type(step) is float and step.is_integer() and abs(step) < text.FLOAT_EXACT:
            step = int(step)
        if type(step) is not int or step.bit_length() > 63:
            return f"Expected a whole number as the step of {text.shown(key)}, found {text.shown(str(step))}; left out."
        if metric.get("step") is not None:
            self._newest = step
        self._counts[key] = self._counts.get(key, 0) + 1
        self.scalars.add(self._place, key, step, _unix_seconds(payload.get("local_timestamp")), value)
        return ""

    def _add_parameter(self, parameter: Payload) -> None:
        name = parameter.get("paramName")
        if not isinstance(name, str) or (name in _COUNTERS and parameter.get("source") == _AUTOMATIC):
            return
        self.config |= flatten({name.replace("|", "."): parameter.get("paramValue")})


def _number(value: object) -> float | None:
    """Read a value: a number, or text that is one, as Comet takes it too."""
    if type(value) is float or type(value) is int:
        return float(value)
    if not isinstance(value, str):
        return None
    if value.lower() in text.NOT_FINITE:
        return text.NOT_FINITE[value.lower()]
    return float(value) if text.NUMBER.fullmatch(value) else None


def _unix_seconds(milliseconds: object) -> float | None:
    if type(milliseconds) is not float and type(milliseconds) is not int:
        return None
    return milliseconds / 1000 if math.isfinite(milliseconds) else None
