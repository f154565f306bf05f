"""Dicts as Python prints them, read without evaluating anything: ``{'loss': 0.5, 'kl': nan, 'n': np.int64(3)}``.

``ast.literal_eval`` refuses ``nan``, ``inf`` and NumPy's numbers, which logs hold as a rule.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rlcompare.readers import text

_STRING = r"'[^'\\]*(?:\\.[^'\\]*)*'|\"[^\"\\]*(?:\\.[^\"\\]*)*\""
_NUMBER = text.NUMBER.pattern

#: One ``key: number`` or ``key: 'text'`` with the comma or the brace behind it.
_ITEM = re.compile(rf"\s*({_STRING})\s*:\s*(?:({_NUMBER})|np\.\w+\(({_NUMBER})\)|({_STRING}))\s*(,|\}})", re.ASCII)
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
    return _read_at_once(printed) or _read_one_by_one(printed)


def _read_at_once(printed: str) -> PrintedDict | None:
    """Read a dict of numbers and texts without an escape, each key once; ``None`` where it is another."""
    if "\\" in printed or _ITEM.sub("", printed) != "{":
        return None
    items = _ITEM.findall(printed, 1)
    values = {
        quoted[1:-1]: float(plain or dressed) if plain or dressed else string[1:-1]
        for quoted, plain, dressed, string, _ in items
    }
    is_whole = "".join([item[-1] for item in items]) == "," * (len(items) - 1) + "}"
    return PrintedDict(values) if is_whole and len(values) == len(items) else None


def _read_one_by_one(printed: str) -> PrintedDict | None:
    items: list[tuple[str, Any]] = []
    at, closed = 1, ","
    while closed == ",":
        if _END.fullmatch(printed, at):
            return _gathered(items)
        if item := _ITEM.match(printed, at):
            quoted, plain, dressed, string, closed = item.groups()
            number = plain or dressed
            items.append((quoted, float(number) if number else _unquoted(string)))
            at = item.end()
        elif key := _KEY.match(printed, at):
            other, closed, at = _other_value(printed, key.end())
            items.append((key[1], other))
        else:
            return None
    return _gathered(items) if closed and not printed[at:] else None


def _gathered(items: Sequence[tuple[str, Any]]) -> PrintedDict:
    names = [_unquoted(quoted) for quoted, _ in items]
    values = dict(zip(names, (value for _, value in items), strict=True))
    twice = Counter(names).most_common(1)[0][0] if len(values) < len(names) else ""
    return PrintedDict(values, twice)


def _other_value(printed: str, at: int) -> tuple[Any, str, int]:
    """Pass over a value that is neither number nor text: it, the ``,`` or ``}`` behind it, and where it goes on.

    What is behind it is empty where the text ends or brackets do not match.
    """
    start, depth = at, 0
    while token := _TOKEN.match(printed, at):
        mark = token[1]
        if depth == 0 and mark in ",}":
            return None if printed[start : token.start()].strip() == "None" else (), mark, token.end()
        depth += (mark in "([{") - (mark in ")]}")
        if depth < 0:
            break
        at = token.end()
    return (), "", at


def _unquoted(string: str) -> str:
    return _ESCAPED.sub(r"\1", string[1:-1]) if "\\" in string else string[1:-1]
