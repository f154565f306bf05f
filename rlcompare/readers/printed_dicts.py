"""Dicts as Python prints them, read without evaluating anything: ``{'loss': 0.5, 'kl': nan, 'n': np.int64(3)}``.

``ast.literal_eval`` refuses ``nan``, ``inf`` and NumPy's numbers, which logs hold as a rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rlcompare.readers import text

_STRING = r"'[^'\\]*(?:\\.[^'\\]*)*'|\"[^\"\\]*(?:\\.[^\"\\]*)*\""
_NUMBER = text.NUMBER.pattern

#: One ``key: number`` or ``key: 'text'`` with the comma or the brace behind it.
_ITEM = re.compile(
    rf"\s*({_STRING})\s*:\s*(?:({_NUMBER})|np\.\w+\(({_NUMBER})\)|({_STRING}))\s*(,|\}})", re.ASCII | re.IGNORECASE
)
_KEY = re.compile(rf"\s*({_STRING})\s*:")

#: What a value of any other kind consists of.
_TOKEN = re.compile(rf"\s*({_STRING}|[\[\](){{}},]|[^\s\[\](){{}},'\"]+)")
_END = re.compile(r"\s*\}\s*")
_ESCAPED = re.compile(r"\\([\\'\"])")


@dataclass(frozen=True)
class PrintedDict:
    """A dict that was read.

    Parameters
    ----------
    values : dict of str
        Numbers are float, texts str; whatever else was printed (lists, dicts, true and false, objects) is an empty
        tuple, and ``None`` is itself.
    twice : str
        A key that stands twice, of which the last value is in ``values``; empty if there is none.
    """

    values: dict[str, Any]
    twice: str = ""


def read_dict(printed: str) -> PrintedDict | None:
    """Read one printed dict, or ``None`` where the text is none, as a whole."""
    printed = printed.strip()
    if not printed.startswith("{"):
        return None
    values: dict[str, Any] = {}
    twice = ""
    at = 1
    while not _END.fullmatch(printed, at):
        item = _ITEM.match(printed, at)
        if item is not None:
            quoted, plain, dressed, string, closed = item.groups()
            number = plain or dressed
            value: Any = float(number) if number else _unquoted(string)
            at = item.end()
        else:
            key = _KEY.match(printed, at)
            found = _other_value(printed, key.end()) if key is not None else None
            if key is None or found is None:
                return None
            quoted = key[1]
            value, closed, at = found
        name = _unquoted(quoted)
        twice = name if name in values else twice
        values[name] = value
        if closed == "}":
            return PrintedDict(values, twice) if not printed[at:] else None
    return PrintedDict(values, twice)


def _other_value(printed: str, at: int) -> tuple[Any, str, int] | None:
    """Pass over a value that is neither number nor text: it, the ``,`` or ``}`` behind it, and where it goes on."""
    start, depth = at, 0
    while token := _TOKEN.match(printed, at):
        mark = token[1]
        if depth == 0 and mark in ",}":
            value = None if printed[start : token.start()].strip() == "None" else ()
            return value, mark, token.end()
        depth += (mark in "([{") - (mark in ")]}")
        if depth < 0:
            return None
        at = token.end()
    return None


def _unquoted(string: str) -> str:
    return _ESCAPED.sub(r"\1", string[1:-1]) if "\\" in string else string[1:-1]
