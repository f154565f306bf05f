"""The lines of slime, ROLL and SkyRL among anything else; verl's have their own tests, and so have samples."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcompare as rlc
from rlcompare.readers import console_lines, printed_dicts
from rlcompare.readers.base import Chunk, IssueList
from rlcompare.readers.console import READER, ConsoleText
from tests.readers.files import GOLDEN, log_file, read_grown, written

FOLDER = GOLDEN / "console"
FRAMEWORKS = {"slime": "slime", "roll": "ROLL", "skyrl": "SkyRL"}

SLIME = b"[2026-08-01 12:00:00] rollout_metrics.py:268 - "
ROLL = b"[2026-08-01 12:00:00] [tracking.py (161)] [INFO] [DRIVER 0 / 1][PID 7] metrics_tag: "
TASK = b"\x1b[36m(skyrl_entrypoint pid=7, ip=10.0.0.1)\x1b[0m "
OTHER = b"\x1b[36m(Worker pid=8)\x1b[0m "
LOGURU = (
    b"\x1b[32m2026-08-01 12:00:00.500\x1b[0m | \x1b[1mINFO    \x1b[0m | "
    b"\x1b[36mtracking\x1b[0m:\x1b[36mlog\x1b[0m:\x1b[36m189\x1b[0m - \x1b[1mStep "
)
NOON = 1785585600.0
Record = dict[str, float]


def read(folder: Path, data: bytes) -> Chunk:
    return READER.read(written(folder / "train.log", data), None)


def records(chunks: Chunk | list[Chunk]) -> list[Record]:
    """Rows in the order in which they were logged, without what is null."""
    tables = [table for chunk in ([chunks] if isinstance(chunks, Chunk) else chunks) for table in chunk.tables]
    rows = pl.concat(tables, how="diagonal").iter_rows(named=True) if tables else iter(())
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


def same(one: object, other: object) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def expected(case: str) -> list[Record]:
    lines = (FOLDER / case / "expected.json").read_text().splitlines()
    return [
        {key: value if key == "step" else float(value) for key, value in json.loads(line).items()} for line in lines
    ]


@pytest.mark.parametrize("case", FRAMEWORKS)
def test_golden(case: str) -> None:
    chunk = READER.read(log_file(FOLDER / case / "train.log"), None)
    assert same(records(chunk), expected(case))
    assert (chunk.step_unit, chunk.framework, chunk.pending) == ("step", FRAMEWORKS[case], None)
    assert (chunk.issues, chunk.config, chunk.samples) == ((), {}, None)


def test_the_goldens_hold_what_is_not_finite() -> None:
    assert math.isnan(expected("skyrl")[1]["policy/grad_norm"])
    assert expected("skyrl")[2]["eval/all/avg_score"] == math.inf
    assert expected("slime")[6]["rollout/rewards"] == -math.inf
    assert expected("roll")[2]["actor/kl_loss"] == math.inf


@pytest.mark.parametrize("case", FRAMEWORKS)
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_read_resumed_anywhere_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, case: str, data: st.DataObject
) -> None:
    log = (FOLDER / case / "train.log").read_bytes()
    cuts = data.draw(st.lists(st.integers(0, len(log)), max_size=4))
    chunks = read_grown(READER, tmp_path_factory.getbasetemp() / "grown.log", log, cuts)
    assert same(records(chunks), expected(case))
    assert all(chunk.issues == () for chunk in chunks)
    assert chunks[-1].offset == len(log)
    for count in range(len(chunks)):
        assert same(records(chunks[:count]), expected(case)[: len(records(chunks[:count]))])


@pytest.mark.parametrize("case", FRAMEWORKS)
@settings(deadline=None, max_examples=40)
@given(
    head=st.integers(0, 4000),
    rubbish=st.lists(
        st.sampled_from([SLIME, b"rollout 3: {", ROLL, b'{"step"', TASK, LOGURU, b"Step 3: \n", b"{'a': ", b"1", b"}"])
        | st.sampled_from([b"'", b", ", b"\n", b"\r", b"np.float64(", b")", b"nan", b"\xff", b"\0", b"[", b"\x1b[0m"]),
        max_size=12,
    ),
)
def test_no_bytes_raise(tmp_path_factory: pytest.TempPathFactory, case: str, head: int, rubbish: list[bytes]) -> None:
    data = (FOLDER / case / "train.log").read_bytes()[:head] + b"".join(rubbish)
    read(tmp_path_factory.getbasetemp(), data + b"\n")


@pytest.mark.parametrize("size", [64, 300, 1000])
def test_blocks_of_any_size_give_the_same(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr("rlcompare.readers.text.blocks.__defaults__", (size,))
    for case in FRAMEWORKS:
        assert same(records(READER.read(log_file(FOLDER / case / "train.log"), None)), expected(case))


@pytest.mark.parametrize(
    ("kind", "step"), [("rollout", 3), ("perf", 0), ("eval", 12), ("passrate", 3), ("step", 7), ("critic-step", 7)]
)
def test_slimes_kinds_of_lines(tmp_path: Path, kind: str, step: int) -> None:
    chunk = read(tmp_path, SLIME + f"{kind} {step}: {{'train/x': np.float64(0.5), 'train/step': {step}}}\n".encode())
    assert records(chunk) == [{"step": step, "wall_time": NOON, "train/x": 0.5}]


def test_rays_prefix_and_its_repeat_note_around_a_line_of_slime(tmp_path: Path) -> None:
    prefix = b"\x1b[36m(RolloutManager pid=9, ip=10.0.0.1)\x1b[0m "
    note = b"\x1b[32m [repeated 2x across cluster]\x1b[0m"
    chunk = read(tmp_path, prefix + SLIME + b"rollout 3: {'a': 1}" + note + b"\n")
    assert records(chunk) == [{"step": 3, "wall_time": NOON, "a": 1.0}]


def test_a_dict_of_very_many_keys_one_of_them_twice(tmp_path: Path) -> None:
    items = ", ".join(f"'k{number}': {number}" for number in range(200_000))
    chunk = read(tmp_path, SLIME + f"rollout 3: {{{items}, 'k7': 1}}\n".encode())
    assert records(chunk)[0]["k7"] == 1.0
    assert [issue.message[:20] for issue in chunk.issues] == ["The key 'k7' stands "]


@pytest.mark.parametrize(
    "line",
    [
        b"rollout 3: {'a': 1}",
        b"the answer - rollout 3: {'a': 1}",
        SLIME + b"sleep 3: {'a': 1}",
        SLIME + b"rollout 3: 100 samples",
        SLIME + b"rollout -1: {'a': 1}",
        b"metrics: " + ROLL[-13:] + b'{"step": 3, "metrics": {"a": 1}}',
        ROLL + b'{"metrics": {"a": 1}}',
        b"Step 3: \n{'a': '1.0'}",
        TASK + b"Step 3: \n" + TASK + b"{'a': '1.0'}",
        LOGURU + b"3: done",
    ],
)
def test_prose_is_no_record(tmp_path: Path, line: bytes) -> None:
    chunk = read(tmp_path, line + b"\n")
    assert (chunk.tables, chunk.issues, chunk.framework) == ((), (), "")


@pytest.mark.parametrize(
    "body", [b"{", b"{'a': 1", b"{'a': 1}}", b"{'a' 1}", b"{'a': 1} and more", b"{a: 1}", b"{1: 2}"]
)
def test_a_dict_that_does_not_parse_costs_its_line(tmp_path: Path, body: bytes) -> None:
    chunk = read(tmp_path, b"x\n" + SLIME + b"rollout 3: " + body + b"\n" + SLIME + b"rollout 4: {'a': 2}\n")
    assert records(chunk) == [{"step": 4, "wall_time": NOON, "a": 2.0}]
    (issue,) = chunk.issues
    assert issue.place == "line 2"
    assert issue.message == f"Expected a Python dict behind 'rollout 3', found {body.decode()!r}; left out."


@pytest.mark.parametrize("body", [b'{"step": 3, "metrics": {"a": 1}', b'{"step": 3, "metrics": }', b'{"step"'])
def test_json_that_does_not_parse_costs_its_line(tmp_path: Path, body: bytes) -> None:
    chunk = read(tmp_path, b"x\ny\n" + ROLL + body + b"\nz\n" + ROLL + b'{"step": 4, "metrics": {"a": 2}}\n')
    assert records(chunk) == [{"step": 4, "wall_time": NOON, "a": 2.0}]
    (issue,) = chunk.issues
    assert (issue.place, issue.message[:31]) == ("line 3", "Expected a JSON object, found '")


@pytest.mark.parametrize("step", ["null", "1.5", '"x"', "NaN"])
def test_a_step_of_roll_that_is_no_whole_number_costs_the_line(tmp_path: Path, step: str) -> None:
    chunk = read(tmp_path, ROLL + f'{{"step": {step}, "metrics": {{"a": 1}}}}\n'.encode())
    assert chunk.tables == ()
    (issue,) = chunk.issues
    assert issue.message == "Expected a whole number as 'step', there is none; left out."


def test_keys_of_roll_that_are_called_as_columns_are(tmp_path: Path) -> None:
    body = b'{"step": 3, "metrics": {"step": 4, "wall_time": 5, "a": {"b": 1}, "s": "text"}, "a": 2}\n'
    chunk = read(tmp_path, ROLL + body)
    logged = {"step (logged)": 4.0, "wall_time (logged)": 5.0, "a/b": 1.0, "a": 2.0}
    assert records(chunk) == [{"step": 3, "wall_time": NOON, **logged}]
    assert [(issue.severity, "'s'" in issue.message) for issue in chunk.issues] == [("note", True)]


def test_keys_that_stand_twice(tmp_path: Path) -> None:
    lines = [SLIME + b"rollout 1: {'a': 1, 'a': 2}", ROLL + b'{"step": 2, "metrics": {"a": 1, "a": 2}}']
    lines += [LOGURU + b"3: \n{'a': '1.0',\n 'a': '2.0'}"]
    chunk = read(tmp_path, b"\n".join([*lines, b""]))
    assert [(row["step"], row["a"]) for row in records(chunk)] == [(1, 2.0), (2, 2.0), (3, 2.0)]
    assert [issue.place for issue in chunk.issues] == ["line 1", "line 2", "line 3"]
    assert all("'a' stands twice" in issue.message for issue in chunk.issues)


def test_lines_of_another_worker_within_a_record(tmp_path: Path) -> None:
    lines = [
        TASK + LOGURU + b"3: ",
        OTHER + b"{'a': 'loading'}",
        TASK + b"{'a': '1.5',",
        b"the driver's own line",
        OTHER + LOGURU + b"9: done",
        TASK + b" 'b': '-0.2500',",
        TASK + b" 'c': [1, 2], 'd': True, 'e': None}\x1b[0m",
    ]
    data = b"\n".join([*lines, b""])
    for end in range(0, len(data) + 1, 7):
        first, last = read_grown(READER, tmp_path / "train.log", data, [end])
        assert records([first, last]) == [{"step": 3, "wall_time": NOON + 0.5, "a": 1.5, "b": -0.25}]
        (note,) = last.issues
        assert "'c', 'd'" in note.message
        if b"\n" in data[:end] and end < len(data):
            assert first.pending is not None
            assert first.offset == 0
            assert first.pending.message == "The record that begins here has no end yet; it is read once it is whole."


@pytest.mark.parametrize(
    ("below", "found"),
    [
        (b"{'a': '1.0',\nOverview", "\"{'a': '1.0',\""),
        (b"nothing", "none"),
        (b"{'a'\n }\n{", "\"{'a'\\n }\""),
    ],
)
def test_a_record_that_is_cut_off_is_an_issue(tmp_path: Path, below: bytes, found: str) -> None:
    chunk = read(tmp_path, LOGURU + b"3: \n" + below + b"\n" + LOGURU + b"4: \n{'a': '2.0'}\n")
    assert [(row["step"], row["a"]) for row in records(chunk)] == [(4, 2.0)]
    (issue,) = chunk.issues
    assert (issue.place, issue.message) == (
        "line 1",
        f"Expected a Python dict below 'Step 3:', found {found}; left out.",
    )


def test_a_record_without_an_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("console_lines", "skyrl_console"):
        monkeypatch.setattr(f"rlcompare.readers.{module}.LONGEST_RECORD", 2000)
    begun = LOGURU + b"3: \n{'a': '1.0',\n"
    rest = b" 'b': '1.0',\n" * 200
    data = begun + rest + LOGURU + b"4: \n{'a': '2.0'}\n"
    assert read(tmp_path, begun + rest[: 13 * 100]).offset == 0
    for cut in (len(begun), len(begun) + 1300, len(begun) + 1820, len(begun) + 2002, len(data)):
        chunks = read_grown(READER, tmp_path / "train.log", data, [cut])
        assert [row["step"] for row in records(chunks)] == [4]
        assert [issue.place for chunk in chunks for issue in chunk.issues] == ["line 1"]


def test_a_line_of_10_mb(tmp_path: Path) -> None:
    marks = b"- rollout 3: {'a': 1} Step 3: metrics_tag: {\"step\": x.py:1 " * 160_000
    body = b"{" + b"'k': [" * 1_000_000
    chunk = read(tmp_path, marks + b"\n" + SLIME + b"rollout 1: " + body + b"\n" + SLIME + b"rollout 2: {'a': 1}\n")
    assert [row["step"] for row in records(chunk)] == [2]
    (issue,) = chunk.issues
    assert (issue.place, len(issue.message) < 200) == ("line 2", True)


def test_ten_thousand_metrics(tmp_path: Path) -> None:
    body = "{" + ", ".join(f"'k{number}': {number}" for number in range(10_000)) + "}"
    (table,) = read(tmp_path, (SLIME + b"rollout 1: " + body.encode() + b"\n") * 3).tables
    assert table.shape == (3, 10_002)
    assert table["k9999"].to_list() == [9999.0] * 3


def test_progress_bars_before_a_record(tmp_path: Path) -> None:
    bar = b"\rRollout:  10%|x| 1/10 [00:02<00:18, 2.0s/it]" * 1000
    chunk = read(tmp_path, bar + b"\r" + SLIME + b"rollout 3: {'a': 1}\n")
    assert records(chunk) == [{"step": 3, "wall_time": NOON, "a": 1.0}]


def test_keys_without_numbers_are_named_once(tmp_path: Path) -> None:
    line = SLIME + b"rollout %d: {'a': 1, 's': 'text', 'l': [1, {'x': 2}], 'o': Sample(index=1, reward=None)}\n"
    chunks = read_grown(READER, tmp_path / "train.log", line % 1 + line % 2, [len(line % 1)])
    assert [row["a"] for row in records(chunks)] == [1.0, 1.0]
    (note,) = [issue for chunk in chunks for issue in chunk.issues]
    assert (note.severity, note.message) == ("note", "Not numbers, so not shown as metrics: 'l', 'o', 's'.")


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [
        (b"2026-08-01 12:00:00", NOON),
        (b"2026-08-01 12:00:00,250", NOON + 0.25),
        (b"2026-08-01T12:00:00.5", NOON + 0.5),
        (b"2026-13-01 12:00:00", None),
        (b"12:00:00", None),
    ],
)
def test_time_stamps(tmp_path: Path, stamp: bytes, seconds: float | None) -> None:
    (row,) = records(read(tmp_path, b"[" + stamp + b"] x.py:1 - rollout 3: {'a': 1}\n"))
    assert row == {"step": 3, "a": 1.0} | ({} if seconds is None else {"wall_time": seconds})


def test_crlf_and_a_utf8_mark(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + LOGURU + b"3: \r\n{'a': '1.0',\r\n 'b': '2.0'}\r\n" + SLIME + b"rollout 4: {'a': 2}\r\n"
    rows = records(read(tmp_path, data))
    assert sorted((row["step"], row["a"]) for row in rows) == [(3, 1.0), (4, 2.0)]


def test_the_framework_is_that_of_the_first_record(tmp_path: Path) -> None:
    first, second = SLIME + b"rollout 1: {'a': 1}\n", ROLL + b'{"step": 2, "metrics": {"b": 1}}\n'
    chunks = read_grown(READER, tmp_path / "train.log", first + second, [len(first)])
    assert [chunk.framework for chunk in chunks] == ["slime", "slime"]
    assert [row["step"] for row in records(chunks)] == [1, 2]


def test_text_that_another_log_holds() -> None:
    log = (FOLDER / "skyrl" / "train.log").read_bytes()
    issues = IssueList(log_file(FOLDER / "skyrl" / "train.log"))
    found = ConsoleText()
    found.take(log, 0, issues)
    assert same(records(Chunk(found.joined, len(log))), expected("skyrl"))
    assert (found.framework, issues.done()) == ("SkyRL", ())


def test_times_that_another_log_holds() -> None:
    found = ConsoleText()
    found.take(b"step:1 - a:0.5\nprose\n", 0, IssueList(log_file(FOLDER / "skyrl" / "train.log")), [1.7e9, 0.0])
    found.take(b"step:2 - a:1.5\n", 0, IssueList(log_file(FOLDER / "skyrl" / "train.log")), [0.0])
    (table,) = found.joined
    assert table.select("step", "a", "wall_time").rows() == [(1, 0.5, 1.7e9), (2, 1.5, None)]


def test_a_run_is_listed_as_its_frameworks(tmp_path: Path) -> None:
    for case in FRAMEWORKS:
        written(tmp_path / "logs" / f"{case}.log", (FOLDER / case / "train.log").read_bytes())
    runs = rlc.open_runs(tmp_path / "logs", cache=tmp_path / "cache")
    table = runs.table().select("run", "framework", "step_unit", "last_step", "started")
    assert table.rows() == [
        ("roll.log", "ROLL", "step", 2, NOON),
        ("skyrl.log", "SkyRL", "step", 3, NOON),
        ("slime.log", "slime", "step", 2, NOON),
    ]


# --- dicts as Python prints them

PRINTABLE = st.floats() | st.integers(-(2**60), 2**60) | st.text(max_size=8) | st.none() | st.lists(st.integers())


KEYS = st.text(max_size=8).filter(str.isprintable)


@given(st.dictionaries(KEYS, PRINTABLE | st.dictionaries(st.text(max_size=3), st.floats()), max_size=6))
def test_whatever_python_prints_is_read(printed: dict[str, Any]) -> None:
    found = printed_dicts.read_dict(repr(printed))
    assert found is not None
    assert (list(found.values), found.twice) == (list(printed), "")
    for key, value in printed.items():
        if isinstance(value, float | int):
            assert same(found.values[key], float(value))
        elif not isinstance(value, str):
            assert found.values[key] == (None if value is None else ())


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("np.float64(0.5)", 0.5),
        ("np.float32(nan)", math.nan),
        ("np.int64(-3)", -3.0),
        ("-inf", -math.inf),
        ("1_0", ()),
        ("np.float64(0.5", None),
        ("0.5)", None),
        ("array([1., 2.])", ()),
        ("True", ()),
        ("'it\\'s'", "it's"),
        ('"it\'s"', "it's"),
        ("'a' 'b'", ()),
        ("float('nan')", ()),
        ("__import__('os').abort()", ()),
    ],
)
def test_values(printed: str, value: object) -> None:
    found = printed_dicts.read_dict(f"{{'a': {printed}, 'b': 1}}")
    if value is None:
        assert found is None
    else:
        assert found is not None
        assert repr(found.values) == repr({"a": value, "b": 1.0})


def test_marks_are_found_with_their_lines() -> None:
    data = b"x\n\n- step 3: {\rprogress\r[a] - step 4: {\n- step 5: {"
    marks = [*console_lines.find_marks(re.compile(rb"- step (\d): "), data + b"\n", 10)]
    assert [(mark.line, mark.match[1], mark.before) for mark in marks] == [(12, b"3", b""), (13, b"5", b"")]
