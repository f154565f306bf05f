"""The configuration that verl prints at the top of its console log.

``verl/trainer/main_ppo.py`` calls ``pprint`` on it as a plain dict, whose keys pprint sorts, so that it begins with
``{'actor_rollout_ref':``. Run by Ray, each of its lines carries the prefix of the task that prints, and lines of other
workers come in between.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from rlcompare.readers.base import Scalar
from rlcompare.readers.configfiles import flatten
from rlcompare.readers.console_lines import ANSI, may_stand_before

#: The configuration is sought in so many bytes from the start of a log; real ones stand in the first few KB.
SOUGHT_BYTES = 4 << 20

_OPENING = b"{'actor_rollout_ref':"
#: How pprint goes on: indented, with a literal. The task's warnings, under the same prefix, do not look so.
_CONTINUED = re.compile(r"\s+(?:['\"{\[(\d-]|(?:True|False|None)\b)")

_STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


@dataclass(frozen=True)
class PrintedConfig:
    """What was found of the configuration.

    Parameters
    ----------
    values : dict of flat key to value
    line : int
        Where it begins, from 1; 0 where there is none.
    whole : bool
        False while its end is not printed yet.
    problem : str
        Why it could not be read.
    """

    values: dict[str, Scalar] = field(default_factory=dict)
    line: int = 0
    whole: bool = True
    problem: str = ""


def read_printed_config(head: bytes) -> PrintedConfig:
    """Read the configuration from the first :data:`SOUGHT_BYTES` of a console log, whole lines only."""
    at = head.find(_OPENING)
    prefix = head[head.rfind(b"\n", 0, max(at, 0)) + 1 : max(at, 0)]
    if at < 0 or not may_stand_before(prefix):
        return PrintedConfig(whole=len(head) >= SOUGHT_BYTES)
    line = head.count(b"\n", 0, at) + 1
    gathered: list[str] = []
    depth = 0
    for raw in head[at - len(prefix) :].split(b"\n")[:-1]:
        if not raw.startswith(prefix):
            continue
        own = ANSI.sub(b"", raw[len(prefix) :]).decode(errors="replace").rstrip("\r")
        if own.startswith("step:"):
            return PrintedConfig(line=line, problem="it is cut off by a step line")
        if gathered and not _CONTINUED.match(own):
            continue
        gathered.append(own)
        plain = _STRING.sub("", own)
        depth += sum(map(plain.count, "{[(")) - sum(map(plain.count, "}])"))
        if depth <= 0:
            return _parse("\n".join(gathered), line)
    if len(head) >= SOUGHT_BYTES:
        return PrintedConfig(line=line, problem="its end was not found")
    return PrintedConfig(line=line, whole=False)


def _parse(printed: str, line: int) -> PrintedConfig:
    try:
        config = ast.literal_eval(printed)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        return PrintedConfig(line=line, problem=f"it is no Python literal ({type(error).__name__})")
    return PrintedConfig(flatten(config), line)
