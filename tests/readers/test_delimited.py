from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.errors import ReadIssue
from rlcompare.readers import cells, delimited, text
from rlcompare.readers.base import IssueList, LogFile
from rlcompare.readers.delimited import Body, Table
from tests.readers.files import written

FILE = LogFile(Path("a.csv"), PurePosixPath("a.csv"), 0, 0, 0)


def read(data: bytes, header: str = "step,loss", separator: str = ",", **options: Any) -> tuple[Table, list[ReadIssue]]:
    issues = IssueList(FILE)
    columns = delimited.split_header(header.encode(), separator, issues)
    body = Body(columns, separator, data, 2, len(data), b"")
    return delimited.read_table(body, issues, **options), list(issues.done())


def values(table: Table) -> dict[str, list[Any]]:
    return table.rows.frame.to_dict(as_series=False)


def metrics(rows: list[list[str]], width: int) -> list[list[float | None]]:
    """What the csv module's cells hold as numbers."""
    return [[float(cell) if text.NUMBER.fullmatch(cell.strip()) else None for cell in row] for row in rows if row][
        :width
    ]


#: A carriage return alone ends a row for the csv module, and is white space for us.
TEXT = st.characters(exclude_characters="\r", exclude_categories=["Cs"])
CELLS = st.floats().map(repr) | st.integers().map(str) | st.text(TEXT, max_size=5) | st.sampled_from(
    ["", "nan", "-inf", "None", "1_0", " 2 ", "0x1", "+.5", '"', "1\n2", "[1, 2]", "١", "1e400", "True", "\ufeff1"]
)  # fmt: skip


@given(
    table=st.lists(st.tuples(st.floats().map(repr), CELLS, CELLS), max_size=8),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
    separator=st.sampled_from([",", "\t"]),
)
def test_any_table_reads_as_the_csv_module_reads_it(table: Any, quoting: Any, end: str, separator: str) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=separator, lineterminator=end, quoting=quoting).writerows(table)
    stream.seek(0)
    rows = list(csv.reader(stream, delimiter=separator))
    result, _ = read(stream.getvalue().encode(), separator.join("abc"), separator)
    frame = result.rows.frame
    got = [[row.get(name) for name in "abc"] for row in frame.to_dicts()]
    assert json.dumps(got) == json.dumps(metrics(rows, len(rows)))
    assert result.pending is None


@given(
    steps=st.lists(st.integers(0, 2**62), min_size=1, max_size=300),
    odd=st.dictionaries(st.integers(0, 299), st.sampled_from(["nan", "", "text", "0.5"]), max_size=3),
)
def test_the_fast_way_and_the_slow_way_agree(steps: list[int], odd: dict[int, str]) -> None:
    rows = [f"{step},{odd.get(number, step / 3)},{step}" for number, step in enumerate(steps)]
    data = "".join(row + "\r\n" for row in rows).encode()
    fast, fast_issues = read(data, "step,loss,count", index={"step"})
    issues = IssueList(FILE)
    body = Body(("step", "loss", "count"), ",", data, 2, len(data), b"")
    slow, lines, held = delimited._row_by_row(body, issues, {"step"})
    assert fast.rows.frame.equals(slow.frame, null_equal=True)
    assert fast.rows.lines.to_list() == slow.lines.to_list() == list(range(2, 2 + len(steps)))
    assert (lines, held) == (len(steps), b"")
    assert fast_issues == list(issues.done())
    assert fast.rows.frame["step"].to_list() == steps


def test_the_fast_way_is_taken_for_plain_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(delimited, "_row_by_row")
    table, issues = read(b"1,0.5,x\n2,,y\n3,nan,z\n", "step,loss,host", index={"step"})
    assert json.dumps(values(table)) == '{"step": [1, 2, 3], "loss": [0.5, null, NaN]}'
    assert table.rows.left_out == ("host",)
    assert issues == []


def test_text_that_no_sample_met_does_not_take_the_column_away() -> None:
    rows = [f"{step},{step / 2}" for step in range(5000)]
    rows[3210] = "3210,oops"
    table, (issue,) = read("".join(row + "\n" for row in rows).encode())
    assert table.rows.frame["loss"].null_count() == 1
    assert table.rows.frame["loss"][4999] == 2499.5
    assert issue == ReadIssue(
        "a.csv",
        "column loss",
        "Expected numbers; 1 cells hold text and are left out, the first is 'oops' on line 3,212.",
    )


def test_not_finite_numbers_in_every_spelling() -> None:
    table, issues = read(b"nan,inf\nNaN,-inf\nNAN,Infinity\n-nan,-Infinity\n")
    assert all(math.isnan(value) for value in table.rows.frame["step"])
    assert values(table)["loss"] == [math.inf, -math.inf, math.inf, -math.inf]
    assert issues == []


@pytest.mark.parametrize("missing", ["", " ", "None", "null", "NA", "N/A", "<NA>"])
def test_missing_values_are_null(missing: str) -> None:
    table, issues = read(f"1,{missing}\n2,0.5\n".encode())
    assert values(table) == {"step": [1.0, 2.0], "loss": [None, 0.5]}
    assert issues == []


def test_a_column_without_a_value_is_not_there() -> None:
    assert values(read(b"1,\n2,\n")[0]) == {"step": [1.0, 2.0]}


@pytest.mark.parametrize(("row", "found"), [(b"2", "1"), (b"2,3,4", "3"), (b"2,,,", "4")])
def test_a_row_with_another_number_of_cells_costs_that_row(row: bytes, found: str) -> None:
    table, (issue,) = read(b"1,0.5\n" + row + b"\n3,1.5\n")
    assert values(table) == {"step": [1.0, 3.0], "loss": [0.5, 1.5]}
    assert table.rows.lines.to_list() == [2, 4]
    assert (issue.place, issue.severity) == ("line 3", "warning")
    assert issue.message.startswith(f"Expected 2 cells, found {found}: ")


def test_a_row_too_many_never_pays_for_one_too_few() -> None:
    table, issues = read(b"1\n2,3,4\n5,6\n")
    assert values(table) == {"step": [5.0], "loss": [6.0]}
    assert [issue.place for issue in issues] == ["line 2", "line 3"]


def test_a_repeated_header_is_no_row() -> None:
    table, (note,) = read(b"1,0.5\nstep,loss\r\n2,1.5\n")
    assert values(table) == {"step": [1.0, 2.0], "loss": [0.5, 1.5]}
    assert note == ReadIssue("a.csv", "line 3", "The header again, as a restarted writer leaves it.", "note")


def test_a_header_that_names_columns_twice() -> None:
    table, (issue,) = read(b"1,2,3,4,5\n", "step,loss,loss,,loss")
    assert table.rows.frame.columns == ["step", "loss", "loss (2)", "column 4", "loss (3)"]
    assert table.rows.frame.row(0) == (1, 2, 3, 4, 5)
    assert issue.place == "line 1"
    assert issue.message == "The header names 'loss' more than once; later ones are called 'loss (2)' and so on."


def test_a_header_in_another_encoding() -> None:
    issues = IssueList(FILE)
    assert delimited.split_header("step,pérdida".encode("latin-1"), ",", issues) == ("step", "p\ufffdrdida")
    (issue,) = issues.done()
    assert issue.message == "Expected UTF-8 in the header; other bytes are shown as \ufffd."


def test_bytes_that_are_not_utf8_cost_their_cell() -> None:
    table, (issue,) = read(b"1,0.5\n2,1\xff5\n3,2.5\n")
    assert values(table) == {"step": [1.0, 2.0, 3.0], "loss": [0.5, None, 2.5]}
    assert issue.place == "column loss"


def test_quoted_cells_with_separators_quotes_and_line_ends() -> None:
    table, issues = read(b'"1","[1, 2]\n3",0.5\n2,"say ""x""",1.5\n', "step,list,loss")
    assert values(table) == {"step": [1.0, 2.0], "loss": [0.5, 1.5]}
    assert table.rows.lines.to_list() == [2, 4]
    assert table.rows.left_out == ("list",)
    assert table.state["line"] == 5
    assert issues == []


def test_a_quote_that_is_still_open_is_held_back() -> None:
    table, issues = read(b'1,0.5\n2,"[1\n3\n')
    assert values(table) == {"step": [1.0], "loss": [0.5]}
    assert table.offset == len(b"1,0.5\n")
    assert table.state["line"] == 3
    assert table.pending is not None
    assert table.pending.place == "line 3"
    assert issues == []


def test_a_stray_quote_costs_one_line_and_not_the_rest() -> None:
    rows = [f"{step},0.5" for step in range(300)]
    rows[10] = '10,"0.5'
    table, (issue,) = read("".join(row + "\n" for row in rows).encode())
    assert values(table)["step"] == [float(step) for step in range(300) if step != 10]
    assert issue.place == "line 12"
    assert "a quote not closed within 100 lines" in issue.message


def test_rubbish_behind_a_closing_quote_is_no_number() -> None:
    table, (issue,) = read(b'1,"1"2\n2,0.5\n')
    assert values(table) == {"step": [2.0], "loss": [0.5]}
    assert "found '2' behind a closing quote" in issue.message


def test_blank_lines_count_as_lines_only() -> None:
    table, issues = read(b"\r\n1,0.5\n\n \n2,1.5\n")
    assert table.rows.lines.to_list() == [3, 6]
    assert issues == []


def test_index_columns_are_exact_or_text() -> None:
    table, _ = read(b"9007199254740993,2026-01-01T00:00:00\n9007199254740995,\n", index={"step", "loss"})
    assert values(table) == {"step": [9007199254740993, 9007199254740995], "loss": ["2026-01-01T00:00:00", None]}


def test_ten_thousand_columns() -> None:
    header = ",".join(f"c{number}" for number in range(10_000))
    row = ",".join(str(number / 2) for number in range(10_000))
    table, issues = read((row + "\n").encode() * 3, header)
    assert table.rows.frame.shape == (3, 10_000)
    assert table.rows.frame["c9999"].to_list() == [4999.5] * 3
    assert issues == []


def test_a_single_row_of_10_mb() -> None:
    table, issues = read(
        b"1," + b"x" * 10_000_000 + b",0.5\n" + b'2,"' + b"x" * 10_000_000 + b'",1.5\n', "step,text,loss"
    )
    assert values(table) == {"step": [1.0, 2.0], "loss": [0.5, 1.5]}
    assert issues == []


def test_names_are_only_names() -> None:
    header = "step,<script>,a%b:c,ünï,a b"
    table, _ = read(b"1,2,3,4,5\n", header)
    assert table.rows.frame.columns == header.split(",")


@given(data=st.text('1,"\n\r x', max_size=40).map(str.encode))
def test_no_bytes_raise_or_invent_a_row(data: bytes) -> None:
    table, _ = read(data)
    assert len(table.rows.lines) <= data.count(b"\n") + 1
    assert table.offset <= len(data)
    assert all(row is None or row >= 0 for row in table.rows.frame.to_series(0)) if table.rows.frame.width else True


@given(line=st.text('a," ', min_size=1, max_size=20))
def test_cells_split_as_the_csv_module_splits_them(line: str) -> None:
    try:
        (expected,) = csv.reader([line], strict=True)
        refused = ""
    except csv.Error as error:
        refused = str(error)
    found = cells.split_cells(line, ",")
    if refused:
        assert found is None if "unexpected end of data" in refused else isinstance(found, str)
    else:
        assert found == expected


def test_a_file_is_taken_up_where_the_last_read_stopped(tmp_path: Path) -> None:
    issues = IssueList(FILE)
    path = tmp_path / "a.csv"
    body = delimited.open_body(written(path, b"\xef\xbb\xbf\r\nstep,loss\r\n1,0.5\r\n2,0"), None, ",", issues)
    assert body == Body(("step", "loss"), ",", b"1,0.5\r\n", 3, 23, b"2,0")
    table = delimited.read_table(body, issues)
    assert (table.offset, table.state["line"]) == (23, 4)
    assert table.pending is not None
    assert issues.done() == ()


@pytest.mark.parametrize("data", [b"", b"step,lo", b"\n\n", b"\xef\xbb\xbf"])
def test_a_header_that_is_not_whole_is_held_back(tmp_path: Path, data: bytes) -> None:
    issues = IssueList(FILE)
    body = delimited.open_body(written(tmp_path / "a.csv", data), None, ",", issues)
    table = delimited.read_table(body, issues)
    assert (body.columns, table.offset, table.state) == ((), 0, {"columns": [], "line": 1})
    assert table.rows.frame.is_empty()


def test_a_quoted_last_cell_is_whole_without_a_line_end(tmp_path: Path) -> None:
    issues = IssueList(FILE)
    body = delimited.open_body(written(tmp_path / "a.csv", b'"step","loss"\n"1","0.5"\n"2","1.5"'), None, ",", issues)
    table = delimited.read_table(body, issues)
    assert values(table) == {"step": [1.0, 2.0], "loss": [0.5, 1.5]}
    assert table.offset == 33
    assert table.pending is None


def test_an_empty_frame_has_no_columns() -> None:
    assert read(b"")[0].rows.frame.equals(pl.DataFrame())
