from __future__ import annotations

import json
import math
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.errors import ReadIssue
from rlcompare.readers import ndjson, text
from rlcompare.readers.base import IssueList, LogFile
from rlcompare.readers.text import Lines, Rows

FILE = LogFile(Path("a.jsonl"), PurePosixPath("a.jsonl"), 0, 0, 0)
Record = dict[str, Any]


def read(data: bytes, **options: Any) -> tuple[Rows, tuple[ReadIssue, ...]]:
    issues = IssueList(FILE)
    return ndjson.read_rows(data, issues, **options), issues.done()


def records(rows: Rows) -> list[Record]:
    assert rows.frame.height in (len(rows.lines), 0)
    found = [{key: value for key, value in row.items() if value is not None} for row in rows.frame.to_dicts()]
    return found or [{}] * len(rows.lines)


def same(one: object, other: object) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def as_floats(record: Record, prefix: str = "") -> Record:
    """What the json module says the metrics of an object are."""
    flat: Record = {}
    for key, value in record.items():
        if isinstance(value, dict):
            flat |= as_floats(value, f"{prefix}{key}/")
        else:
            flat.pop(prefix + key, None)
            if isinstance(value, str) and value.lower() in text.NOT_FINITE:
                flat[prefix + key] = text.NOT_FINITE[value.lower()]
            elif isinstance(value, int | float) and not isinstance(value, bool):
                flat[prefix + key] = float(value)
    return flat


def named(key: str) -> str:
    return key.encode("utf-8", "replace").decode() or "(no name)"


NAMES = st.text(max_size=4) | st.sampled_from(["step", "a/b", "null", "x:null", 'q"', "NaN", "\ud800", "d"])
NUMBERS = st.floats() | st.integers(-(2**70), 2**70)
LEAVES = NUMBERS | st.none() | st.booleans() | st.text(max_size=5) | st.sampled_from(["NaN", "-Infinity", ": NaN, "])
OBJECTS = st.dictionaries(
    NAMES, st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3)),
    max_size=5,
)  # fmt: skip
STYLES = st.sampled_from([{}, {"separators": (",", ":")}, {"ensure_ascii": False}])


@given(objects=st.lists(OBJECTS, max_size=6), style=STYLES, end=st.sampled_from(["\n", "\r\n", "\n\n", " \n"]))
def test_any_objects_read_as_the_json_module_reads_them(objects: list[Record], style: Any, end: str) -> None:
    lines = [json.dumps(one, **style) for one in objects]
    rows, _ = read("".join(line + end for line in lines).encode("utf-8", errors="replace"))
    expected = [as_floats(json.loads(line.encode("utf-8", errors="replace"))) for line in lines]
    assert same(records(rows), [{named(key): value for key, value in one.items()} for one in expected])
    assert rows.lines.to_list() == [1 + number * end.count("\n") for number in range(len(lines))]


@given(
    table=st.lists(st.tuples(st.integers(0, 10**9), *[st.floats() | st.none()] * 2, st.integers()), min_size=1),
    nested=st.booleans(),
    late=st.dictionaries(st.integers(0, 200), st.text("abc:\"'", max_size=6), max_size=2),
)
def test_regular_logs_lose_no_late_key(table: list[Any], nested: bool, late: dict[int, str]) -> None:
    objects = []
    for number, (step, loss, reward, count) in enumerate(table):
        data = {"loss": loss, "reward/mean": reward, "count": count}
        if number in late:
            data[late[number]] = 1.5
        objects.append({"step": step, "data": data} if nested else {"step": step, **data})
    rows, issues = read("".join(json.dumps(one) + "\n" for one in objects).encode(), index={"step"})
    assert issues == ()
    expected = [as_floats(one) | {"step": one["step"]} for one in objects]
    assert same(records(rows), [{named(key): value for key, value in one.items()} for one in expected])
    assert rows.frame["step"].dtype == pl.Int64


def test_the_fast_way_is_taken_for_regular_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(ndjson, "_line_by_line")
    data = b"".join(b'{"step":%d,"data":{"a/b":%d.5,"c":null}}\n' % (step, step) for step in range(1000))
    rows, _ = read(data + b'{"step":1000,"data":{"a/b":1}}\n', index={"step"})
    assert rows.frame.columns == ["step", "data/a/b"]
    assert rows.frame["step"].to_list() == list(range(1001))
    assert rows.frame["data/a/b"].to_list() == [*(step + 0.5 for step in range(1000)), 1.0]


def test_a_key_that_appears_once_in_a_long_log_is_kept() -> None:
    lines = [b'{"step":%d,"loss":0.5}\n' % step for step in range(5000)]
    lines[3333] = b'{"step":3333,"loss":0.5,"late":7}\n'
    rows, _ = read(b"".join(lines))
    assert rows.frame.filter(pl.col("late").is_not_null())["step"].to_list() == [3333]


@pytest.mark.parametrize("line", [b'{"a":"x:null"}', b'{"b:null":1}', b'{"b":"1"}', b'{"b":true}', b'{"a":[1]}'])
def test_nulls_and_text_never_pay_for_a_lost_key(line: bytes) -> None:
    data = b'{"a":1,"c":null}\n' * 500
    rows, _ = read(data + line + b"\n" + data)
    assert rows.frame.height == 1001
    assert records(rows)[500] == ({"b:null": 1.0} if b"b:null" in line else {})


def test_not_finite_numbers_in_every_spelling() -> None:
    rows, issues = read(
        b'{"a":NaN,"b":Infinity,"c":-Infinity}\n{"a": NaN, "b": Infinity, "c": -Infinity}\n'
        b'{"a":"NaN","b":"Infinity","c":"-Infinity"}\n{"a":"nan","b":"inf","c":"-inf"}\n'
        b'{"a" : NaN, "b":1e400,"c":-1e400}\n'
    )
    assert issues == ()
    assert all(math.isnan(value) for value in rows.frame["a"])
    assert rows.frame["b"].to_list() == [math.inf] * 5
    assert rows.frame["c"].to_list() == [-math.inf] * 5


def test_null_is_a_value_that_was_not_logged() -> None:
    rows, _ = read(b'{"a":null,"b":1}\n{"a":null,"b":null}\n')
    assert rows.frame.columns == ["b"]
    assert rows.frame["b"].to_list() == [1.0, None]
    assert rows.left_out == ()


def test_what_is_no_number_is_left_out_and_named() -> None:
    rows, issues = read(b'{"a":1,"name":"run","ok":true,"list":[1,2],"deep":{"text":"x"}}\n')
    assert records(rows) == [{"a": 1.0}]
    assert rows.left_out == ("name", "ok", "list", "deep/text")
    assert issues == ()


def test_top_level_keys_can_be_left_out_without_a_word() -> None:
    rows, _ = read(b'{"a":1,"config":{"lr":1},"deep":{"config":2}}\n', leave_out={"config"})
    assert records(rows) == [{"a": 1.0, "deep/config": 2.0}]


@pytest.mark.parametrize(
    "garbage",
    [b"garbage", b"[1]", b"12", b"null", b'{"a":1', b'{"a":1,}', b"{'a': 1}", b"\xff\xfe", b'{"a":"\xff"}', b"\0"],
)
def test_a_garbage_line_costs_that_line(garbage: bytes) -> None:
    rows, (issue,) = read(b'{"a":1}\n' + garbage + b'\n{"a":3}\n', first_line=10)
    assert records(rows) == [{"a": 1.0}, {"a": 3.0}]
    assert rows.lines.to_list() == [10, 12]
    assert issue.place == "line 11"
    assert issue.message.startswith("Expected a JSON object, found ")


def test_many_garbage_lines_are_not_as_many_issues() -> None:
    rows, issues = read(b"x\n" * 100_000)
    assert len(rows.lines) == 0
    assert issues[-1].message == "99,980 more issues like these in this file."


def test_two_objects_on_a_line_are_two_records() -> None:
    rows, (issue,) = read(b'{"a":1}{"a":2} {"a":3}x\n')
    assert records(rows) == [{"a": 1.0}, {"a": 2.0}, {"a": 3.0}]
    assert rows.lines.to_list() == [1, 1, 1]
    assert issue.message == "Expected a JSON object, found 'x'; left out."


@pytest.mark.parametrize("line", [b'{"a":1,"b":5,"a":2}', b'{"b":5,"a": NaN,"a":2}', b'{"b":5,"a" : 1, "a" : 2}'])
def test_of_a_key_that_stands_twice_the_last_value_counts(line: bytes) -> None:
    rows, (issue,) = read(b'{"a":1,"b":5}\n' + line + b"\n")
    assert records(rows)[1] == {"a": 2.0, "b": 5.0}
    assert issue == ReadIssue("a.jsonl", "line 2", "The key 'a' stands twice; the last value counts.")


def test_a_nested_key_that_flattens_to_another_ones_name_is_told() -> None:
    rows, (issue,) = read(b'{"a":{"b":1},"a/b":2}\n')
    assert records(rows) == [{"a/b": 2.0}]
    assert "joined by '/'" in issue.message


def test_blank_lines_and_crlf_count_as_lines_only() -> None:
    rows, issues = read(b'{"a":1}\r\n\r\n \t\r\n{"a":2}\r\n')
    assert records(rows) == [{"a": 1.0}, {"a": 2.0}]
    assert rows.lines.to_list() == [1, 4]
    assert issues == ()


def test_a_single_line_of_10_mb() -> None:
    rows, _ = read(b'{"text":"' + b"x" * 10_000_000 + b'","a":1}\n{"a":2}\n')
    assert rows.frame["a"].to_list() == [1.0, 2.0]


def test_ten_thousand_columns() -> None:
    record = {f"layer_{number}/norm": number / 2 for number in range(10_000)}
    rows, _ = read((json.dumps(record) + "\n").encode() * 2)
    assert rows.frame.width == 10_000
    assert rows.frame["layer_9999/norm"].to_list() == [4999.5, 4999.5]


@pytest.mark.parametrize("depth", [50, 500, 2000, 100_000])
def test_absurd_nesting_costs_that_line_at_most(depth: int) -> None:
    rows, issues = read(b'{"a":1}\n{"d":' + b'{"d":' * depth + b"1" + b"}" * depth + b'}\n{"a":2}\n')
    assert rows.frame["a"].drop_nulls().to_list() == [1.0, 2.0]
    assert len(issues) == (depth > 50)


def test_thousands_of_digits() -> None:
    rows, _ = read(b'{"a":' + b"1" * 5000 + b"}\n")
    assert rows.frame["a"].to_list() == [math.inf]


def test_index_columns_are_exact() -> None:
    rows, _ = read(b'{"step":9007199254740993,"a":1}\n{"step":9007199254740995,"a":1}\n', index={"step"})
    assert rows.frame["step"].to_list() == [9007199254740993, 9007199254740995]


def test_index_columns_may_hold_text() -> None:
    rows, _ = read(b'{"step":"1/8","a":1}\n{"step":"2/8","a":2}\n', index={"step"})
    assert rows.frame["step"].to_list() == ["1/8", "2/8"]
    assert rows.left_out == ()


def test_index_columns_with_fractions_are_floats() -> None:
    rows, _ = read(b'{"epoch":1,"a":1}\n{"epoch":1.5,"a":1}\n', index={"epoch"})
    assert rows.frame["epoch"].to_list() == [1.0, 1.5]


def test_no_data() -> None:
    rows, issues = read(b"")
    assert rows.frame.is_empty()
    assert issues == ()


@pytest.mark.parametrize("tail", [b'{"a":1}', b'{"a":1}  ', b'\xef\xbb\xbf{"a":NaN}', b'{"a":1}{"b":2}'])
def test_a_last_line_without_an_end_is_accepted_where_its_objects_are_whole(tail: bytes) -> None:
    lines = ndjson.accept_tail(Lines(b"", 0, tail))
    assert lines.tail == b""
    assert lines.offset == len(tail)
    assert records(read(lines.data)[0])


@pytest.mark.parametrize("tail", [b"", b'{"a":1', b"12", b'"a"', b'[{"a":1}', b'{"a":1}{"b":2', b"x}", b'{"a":{"b":1}'])
def test_a_last_line_that_may_go_on_is_held_back(tail: bytes) -> None:
    lines = Lines(b'{"a":0}\n', 8, tail)
    assert ndjson.accept_tail(lines) == lines
