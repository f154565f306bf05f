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

MARK = re.compile(rb"- ((?:rollout|perf|eval|passrate|multi_turn|(?:\w+-)?step) (\d{1,18})): (?=\{)")

#: The axes themselves, which W&B is given beside the metrics.
_AXES = ("train/step", "rollout/step", "eval/step")


def read_slime_lines(data: bytes, first_line: int, issues: IssueList) -> Rows:
    """Parse slime's lines among anything else; ``data`` begins at line ``first_line``.

    A line whose dict does not parse is an issue and left out. Of a key that stands twice the last value counts.
    """
    records = Records()
    if b".py:" not in data:  # dashes are too common to be sought in prose
        return records.rows(issues)
    for mark in find_marks(MARK, data, first_line):
        if not is_logged(mark.before):
            continue
        body = without_colours(data[mark.match.end() : mark.end].rstrip())
        read = read_dict(body.decode(errors="replace"))
        where, name = f"line {mark.line}", text.shown(mark.match[1])
        if read is None:
            issues.add(where, f"Expected a Python dict behind {name}, found {text.shown(body)}; left out.")
            continue
        if read.twice:
            issues.add(where, f"The key {text.shown(read.twice)} stands twice behind {name}; the last value counts.")
        for axis in _AXES:
            read.values.pop(axis, None)
        records.add(mark, int(mark.match[2]), read.values)
    return records.rows(issues)
