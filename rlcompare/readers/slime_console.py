"""slime's console: ``rollout 3: {…}``, ``perf 3: {…}``, ``eval 3: {…}`` and ``step 3: {…}``, Python dicts on one line.

``rollout_metrics.py`` and ``train_metric_utils.py`` in ``slime/observability`` log them by rollout,
``slime/backends/megatron_utils/model.py`` by step of the optimizer (``critic-step`` for a critic's): ``train/…`` counts
other steps than the rest where a rollout is learned from in several. Keys carry their family already.
``configure_logger`` begins a line with a time and the place in the code.
"""

from __future__ import annotations

import re

from rlcompare.readers import text
from rlcompare.readers.base import IssueList
from rlcompare.readers.console_lines import Records, find_marks, is_logged, without_colours
from rlcompare.readers.printed_dicts import read_dict
from rlcompare.readers.text import Rows

MARK = re.compile(rb": \{['\"]")

_COUNTED = re.compile(rb"(.*?)((?:rollout|perf|eval|passrate|multi_turn|(?:\w+-)?step) (\d{1,18}))", re.DOTALL)

#: The axes themselves, which W&B is given beside the metrics.
_AXES = ("train/step", "rollout/step", "eval/step")


def read_slime_lines(data: bytes, first_line: int, issues: IssueList) -> Rows:
    """Parse slime's lines among anything else; ``data`` begins at line ``first_line``.

    A line whose dict does not parse is an issue and left out. Of a key that stands twice the last value counts.
    """
    records = Records()
    for mark in find_marks(MARK, data, first_line):
        counted = _COUNTED.fullmatch(mark.before)
        if counted is None or not is_logged(counted[1]):
            continue
        body = without_colours(data[mark.match.start() + 2 : mark.end].rstrip())
        read = read_dict(body.decode(errors="replace"))
        where, name = f"line {mark.line}", text.shown(counted[2])
        if read is None:
            issues.add(where, f"Expected a Python dict behind {name}, found {text.shown(body)}; left out.")
            continue
        if read.twice:
            issues.add(where, f"The key {text.shown(read.twice)} stands twice behind {name}; the last value counts.")
        for axis in _AXES:
            read.values.pop(axis, None)
        records.add(mark, int(counted[3]), read.values)
    return records.rows(issues, text.count_byte(data, b"\n"))
