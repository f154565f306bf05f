"""The records of a ``.swanlab`` file: values of metrics, the experiment's names, how it ended.

Version 2 of the file (SwanLab 0.8 and later) holds protobuf messages, field numbers as in ``swanlab/proto`` of 0.10.3;
versions 0 and 1 (0.6.2 to 0.7) hold JSON (``swanlab/proto/v0.py`` of 0.7.20), where ``"INF"`` stands for minus
infinity as well. What is no number (texts, pictures, console lines) is skipped, and so are the metrics of the machine,
``__swanlab__.cpu.pct`` and the like: their steps count measurements.
"""

from __future__ import annotations

import json
import struct
from datetime import datetime
from typing import Any

import orjson

from rlcompare.readers.base import Scalar
from rlcompare.readers.scalar_log import ScalarLog
from rlcompare.readers.swanlab_scalars import (
    KEY,
    MACHINE_PREFIX,
    NANOS,
    NUMBER,
    SCALAR,
    SECONDS,
    STEP,
    TIMESTAMP,
    VALUE,
)
from rlcompare.readers.text import NOT_FINITE
from rlcompare.readers.tfevents.event import MalformedEventError, fields, signed, varint

#: Versions of the file that hold protobuf messages, and those that hold JSON.
PROTOBUF_VERSIONS, JSON_VERSIONS = (2,), (0, 1)

# As in :mod:`rlcompare.readers.swanlab_scalars`.
_START, _FINISH = 10 << 3 | 2, 11 << 3 | 2
_FINISH_STATE = 1 << 3 | 0
_FINISHED = 1

#: Fields of the start record by their keys, and what to call them as settings.
_NAMES = {1 << 3 | 2: "project", 4 << 3 | 2: "name", 7 << 3 | 2: "group", 8 << 3 | 2: "job_type"}
_TAGS = 6 << 3 | 2


class RecordError(ValueError):
    """A record that is none of SwanLab's: the message says what was expected and what came."""


class SwanLog:
    """What the records of one file say, given in their order.

    Parameters
    ----------
    version : int
        Of the file.

    Attributes
    ----------
    scalars : ScalarLog
    config : dict
        Names of the experiment, ``swanlab.name`` and the like.
    finished : bool
        The training ended without an error.
    """

    def __init__(self, version: int) -> None:
        self.scalars = ScalarLog()
        self.config: dict[str, Scalar] = {}
        self.finished = False
        self._add = self._add_protobuf if version in PROTOBUF_VERSIONS else self._add_json
        self._place = 0

    def add(self, place: int, record: bytes) -> None:
        """Take up one record, which begins at byte ``place`` of the file.

        Raises
        ------
        RecordError
        """
        self._place = place
        try:
            self._add(record)
        except (MalformedEventError, RecordError) as error:
            raise RecordError(f"Expected a SwanLab record: {error}; it is left out.") from None

    # --- protobuf

    def _add_protobuf(self, record: bytes) -> None:
        for key, start, stop in fields(record, 0, len(record)):
            if key == SCALAR:
                self._add_scalar(record, start, stop)
            elif key == _START:
                self._add_names(record, start, stop)
            elif key == _FINISH:
                inner = fields(record, start, stop)
                self.finished = any(k == _FINISH_STATE and varint(record, a, b)[0] == _FINISHED for k, a, b in inner)

    def _add_scalar(self, record: bytes, start: int, stop: int) -> None:
        name, step, time, value = b"", 0, None, None
        for key, at, end in fields(record, start, stop):
            if key == KEY:
                name = record[at:end]
            elif key == STEP:
                step = signed(varint(record, at, end)[0])
            elif key == TIMESTAMP:
                parts = {k: varint(record, a, b)[0] for k, a, b in fields(record, at, end) if k in (SECONDS, NANOS)}
                time = signed(parts.get(SECONDS, 0)) + parts.get(NANOS, 0) / 1e9 if parts else None
            elif key == VALUE:
                # proto3 does not write a zero.
                value = 0.0
                for k, a, _ in fields(record, at, end):
                    if k == NUMBER:
                        (value,) = struct.unpack_from("<d", record, a)
        if value is None:
            raise RecordError("a scalar has no value")
        self._keep(name.decode("utf-8", "backslashreplace"), step, time, value)

    def _keep(self, key: str, step: int, time: float | None, value: float) -> None:
        if not key:
            raise RecordError("a scalar has no key")
        if not key.startswith(MACHINE_PREFIX):
            self.scalars.add(self._place, key, step, time, value)

    def _add_names(self, record: bytes, start: int, stop: int) -> None:
        tags: list[str] = []
        for key, at, end in fields(record, start, stop):
            if key in _NAMES:
                self._name(_NAMES[key], record[at:end].decode(errors="replace"))
            elif key == _TAGS:
                tags.append(record[at:end].decode(errors="replace"))
        self._name("tags", tags)

    def _name(self, what: str, value: object) -> None:
        if isinstance(value, list) and value:
            self.config[f"swanlab.{what}"] = json.dumps(value, ensure_ascii=False)
        elif isinstance(value, str) and value:
            self.config[f"swanlab.{what}"] = value

    # --- JSON

    def _add_json(self, record: bytes) -> None:
        try:
            document = orjson.loads(record)
        except orjson.JSONDecodeError as error:
            raise RecordError(str(error)) from None
        kind, data = (document.get("model_type"), document.get("data")) if isinstance(document, dict) else (None, None)
        if not isinstance(kind, str) or not isinstance(data, dict):
            raise RecordError("no model_type and data")
        if kind == "Scalar":
            self._add_json_scalar(data)
        elif kind == "Project":
            self._name("project", data.get("name"))
        elif kind == "Experiment":
            self._name("name", data.get("name"))
            self._name("tags", data.get("tags"))
        elif kind == "Footer":
            self.finished = data.get("success") is True

    def _add_json_scalar(self, data: dict[str, Any]) -> None:
        key, step, metric = data.get("key"), data.get("step"), data.get("metric")
        if not isinstance(key, str) or not isinstance(metric, dict):
            raise RecordError("a scalar has no key or no metric")
        if type(step) is not int or step.bit_length() > 63:
            raise RecordError("a scalar has no whole number as its step")
        value = metric.get("data")
        if isinstance(value, str):
            value = NOT_FINITE.get(value.lower())
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise RecordError("a scalar has no number as its data")
        self._keep(key, step, _unix_seconds(metric.get("create_time")), float(value))


def _unix_seconds(value: object) -> float | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return moment.timestamp() if moment is not None and moment.tzinfo is not None else None
    except ValueError:
        return None
