from __future__ import annotations

import codecs
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.readers import text
from rlcompare.readers.base import IssueList, Resume
from tests.readers.files import written


def test_a_read_ends_behind_the_last_line_end(tmp_path: Path) -> None:
    lines = text.complete_lines(written(tmp_path / "a.log", b"one\ntwo\nthr"), 0)
    assert lines == text.Lines(b"one\ntwo\n", 8, b"thr")
    assert lines.n_lines == 2


def test_a_read_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    file = written(tmp_path / "a.log", b"one\ntwo\nthree\n")
    assert text.complete_lines(file, 8) == text.Lines(b"three\n", 14, b"")


def test_an_offset_behind_the_end_of_a_shrunken_file_gives_nothing(tmp_path: Path) -> None:
    assert text.complete_lines(written(tmp_path / "a.log", b"one\n"), 100) == text.Lines(b"", 100, b"")


def test_a_utf8_mark_is_no_text_but_counts_as_read(tmp_path: Path) -> None:
    file = written(tmp_path / "a.log", codecs.BOM_UTF8 + b"one\n")
    assert text.complete_lines(file, 0) == text.Lines(b"one\n", 7, b"")


@given(
    data=st.binary(max_size=60).map(lambda data: data.replace(b"x", b"\n")),
    size=st.integers(1, 20),
    offset=st.integers(0, 30),
)
def test_blocks_give_the_same_bytes_as_one_read(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, size: int, offset: int
) -> None:
    file = written(tmp_path_factory.getbasetemp() / "blocks.log", data)
    whole = text.complete_lines(file, offset)
    blocks = list(text.blocks(file, offset, size))
    assert b"".join(block.data for block in blocks) == whole.data
    assert [block.offset for block in blocks if block.data] == sorted(block.offset for block in blocks if block.data)
    assert (blocks[-1].offset, blocks[-1].tail) == (whole.offset, whole.tail)


@pytest.mark.parametrize("size", [0, 1, text.COUNTED_BYTES, 3 * text.COUNTED_BYTES + 1])
def test_bytes_are_counted(size: int) -> None:
    data = (b"a\nb:\n" * (size // 5 + 1))[:size]
    assert text.count_byte(data, b"\n") == data.count(b"\n")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_wide_encoding_is_refused_once_with_a_hint(tmp_path: Path, encoding: str) -> None:
    file = written(tmp_path / "a.csv", "step,loss\n1,2\n".encode(encoding))
    chunk = text.refuse(file, None)
    assert chunk is not None
    assert chunk.offset == file.size
    (issue,) = chunk.issues
    assert issue.severity == "error"
    assert f"the file is {encoding.upper()}" in issue.message
    assert f"Hint: convert it with `iconv -f {encoding.upper()} -t UTF-8`." in issue.message
    again = text.refuse(file, Resume(file.size, {}))
    assert again is not None
    assert again.issues == ()


def test_utf8_is_not_refused(tmp_path: Path) -> None:
    assert text.refuse(written(tmp_path / "a.csv", "é,1\n".encode()), None) is None


def test_head_lines_end_where_binary_rubbish_begins(tmp_path: Path) -> None:
    assert text.head_lines(written(tmp_path / "a.csv", b"\x89PNG\0\0step,loss\n")) == []
    assert text.head_lines(written(tmp_path / "a.csv", b"step,loss\n1,2\n\0\0")) == ["step,loss", "1,2", ""]


def test_head_lines_of_utf16_can_be_read_to_claim_the_file(tmp_path: Path) -> None:
    assert text.head_lines(written(tmp_path / "a.csv", "step\n1\n".encode("utf-16"))) == ["step", "1", ""]


def test_whole_numbers_stay_exact_or_are_not_cast() -> None:
    assert text.whole_numbers(pl.Series([1.0, None, -0.0])).to_list() == [1, None, 0]  # type: ignore[union-attr]
    assert text.whole_numbers(pl.Series([1.0, 0.5])).to_list() == [1.0, 0.5]  # type: ignore[union-attr]
    assert text.whole_numbers(pl.Series([2.0**53])) is None


def test_an_index_column_is_as_exact_as_its_values_allow() -> None:
    assert text.index_column("step", [2**53 + 1, None]).to_list() == [2**53 + 1, None]
    assert text.index_column("step", [1, 2.5]).to_list() == [1.0, 2.5]
    assert text.index_column("step", [2**63]).dtype == pl.Float64
    assert text.index_column("step", [1, "2/8"]).to_list() == ["1", "2/8"]


def test_shown_text_is_short_and_printable() -> None:
    assert text.shown(b"\xff\x00<script>") == r"'\\xff\x00<script>'"
    assert len(text.shown("a" * 10_000_000)) == 62


def test_columns_left_out_are_named_ten_at_most(tmp_path: Path) -> None:
    issues = IssueList(written(tmp_path / "a.csv", b""))
    text.left_out_note(issues, [f"c{number:02}" for number in range(12)])
    text.left_out_note(issues, [])
    (note,) = issues.done()
    assert note.severity == "note"
    assert "'c00', 'c01'" in note.message
    assert note.message.endswith("'c09' and 2 more.")
