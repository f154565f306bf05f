"""A run's settings from its event file: CleanRL's table, JSON texts as Hugging Face writes them, the hparams plugin."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterable

from rlcompare.readers.base import Scalar
from rlcompare.readers.configfiles import flatten
from rlcompare.readers.tfevents.event import MalformedEventError, fields, varint
from rlcompare.readers.tfevents.log import EventLog

#: torch's and tensorboardX's ``add_text`` append it to the tag.
_TEXT_SUFFIX = "/text_summary"

#: Texts that hold settings as one JSON object, and what stands before their keys. ``args`` and ``model_config`` are
#: those of Hugging Face's ``TensorBoardCallback``.
_JSON_TEXTS = {"args": "", "config": "", "hparams": "", "hyperparameters": "", "model_config": "model_config."}

#: CleanRL writes ``|param|value|``, then ``|-|-|``, then a line a setting.
_TABLE = re.compile(r"\s*\|\s*(?:param|parameter|key|name)\s*\|\s*value\s*\|\s*\n\s*\|[\s:|-]+\|\s*\n", re.IGNORECASE)

_HPARAMS_START = 3 << 3 | 2
_START_HPARAM = 1 << 3 | 2
_ENTRY_KEY = 1 << 3 | 2
_ENTRY_VALUE = 2 << 3 | 2
_NULL = 1 << 3 | 0
_NUMBER = 2 << 3 | 1
_STRING = 3 << 3 | 2
_BOOL = 4 << 3 | 0


def settings_of(log: EventLog) -> dict[str, Scalar]:
    """All settings in a log; where a key stands twice, the later text or record has it.

    Texts and records that hold no settings in a known form are passed over: they are no loss to the metrics.
    """
    settings: dict[str, Scalar] = {}
    for _, tag, raw in sorted(log.texts):
        text = raw.decode("utf-8", "backslashreplace")
        name = tag.removesuffix(_TEXT_SUFFIX)
        if match := _TABLE.match(text):
            settings |= _of_table(text[match.end() :].splitlines())
        elif name in _JSON_TEXTS:
            settings |= {_JSON_TEXTS[name] + key: value for key, value in _of_json(text).items()}
    for _, content in sorted(log.hparams):
        try:
            settings |= _of_hparams(content)
        except MalformedEventError:
            continue
    return settings


def _of_table(lines: Iterable[str]) -> dict[str, Scalar]:
    settings: dict[str, Scalar] = {}
    for line in lines:
        key, bar, value = line.strip().removeprefix("|").removesuffix("|").partition("|")
        if bar:
            settings[key.strip()] = _of_text(value.strip())
    return settings


def _of_text(text: str) -> Scalar:
    """Read a Python value as ``str`` printed it; anything but a plain one stays text."""
    if text in ("True", "False", "None"):
        return {"True": True, "False": False, "None": None}[text]
    for number in (int, float):
        # int and float take more than str prints: underscores, spaces.
        if re.fullmatch(r"[+-]?[0-9a-zA-Z.+-]+", text):
            try:
                return number(text)
            except ValueError:
                continue
    return text


def _of_json(text: str) -> dict[str, Scalar]:
    try:
        value = json.loads(text)
        return flatten(value) if isinstance(value, dict) else {}
    except (ValueError, RecursionError):
        return {}


def _of_hparams(content: bytes) -> dict[str, Scalar]:
    """Read ``HParamsPluginData.session_start_info.hparams`` (TensorBoard's ``plugins/hparams/plugin_data.proto``)."""
    settings: dict[str, Scalar] = {}
    for key, start, stop in fields(content, 0, len(content)):
        if key != _HPARAMS_START:
            continue
        for inner, entry_start, entry_stop in fields(content, start, stop):
            if inner == _START_HPARAM:
                entry = {k: (a, b) for k, a, b in fields(content, entry_start, entry_stop)}
                name_at, name_end = entry.get(_ENTRY_KEY, (0, 0))
                name = content[name_at:name_end].decode("utf-8", "backslashreplace")
                for value in _protobuf_value(content, *entry.get(_ENTRY_VALUE, (0, 0))):
                    settings[name] = value
    return settings


def _protobuf_value(data: bytes, at: int, end: int) -> list[Scalar]:
    """Read a ``google.protobuf.Value``: one scalar, or none where it is a list or a structure."""
    found: list[Scalar] = []
    for key, start, stop in fields(data, at, end):
        if key == _NULL:
            found = [None]
        elif key == _BOOL:
            found = [bool(varint(data, start, stop)[0])]
        elif key == _STRING:
            found = [data[start:stop].decode("utf-8", "backslashreplace")]
        elif key == _NUMBER:
            (number,) = struct.unpack_from("<d", data, start)
            # All numbers are stored as doubles; 64 was most likely written as 64, not as 64.0.
            found = [int(number) if number.is_integer() and abs(number) < 2**53 else number]
    return found
