"""Logs that were rotated or compressed, as one stream."""

from __future__ import annotations

import gzip
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcompare.readers.packed import open_pieces

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACK = {"": bytes, ".gz": gzip.compress, ".zst": zstd.compress}


def pieces(folder: Path, parts: list[tuple[str, bytes]]) -> list[Path]:
    paths = []
    for number, (suffix, data) in enumerate(parts):
        paths.append(folder / f"log.{number}{suffix}")
        paths[-1].write_bytes(PACK[suffix](data))
    return paths


@given(
    parts=st.lists(st.tuples(st.sampled_from(sorted(PACK)), st.binary(max_size=50)), min_size=1, max_size=4),
    moves=st.lists(st.tuples(st.integers(0, 220), st.integers(0, 60)), max_size=6),
)
def test_any_seek_and_read_is_that_of_the_bytes_joined(
    parts: list[tuple[str, bytes]], moves: list[tuple[int, int]]
) -> None:
    whole = b"".join(data for _, data in parts)
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as folder, open_pieces(pieces(Path(folder), parts), problems) as stream:
        assert stream.read() == whole
        for offset, size in moves:
            stream.seek(offset)
            assert stream.read(size) == whole[offset : offset + size]
        assert stream.seek(0, 2) == len(whole)
        assert stream.tell() == len(whole)
    assert problems == []


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_piece_cut_short_gives_what_it_has_and_says_so(tmp_path: Path, suffix: str) -> None:
    lines = b"".join(b"step:%d - reward:%d\n" % (n, n * n) for n in range(50_000))
    path = tmp_path / f"train.log.1{suffix}"
    packed = PACK[suffix](lines)
    path.write_bytes(packed[: len(packed) // 2])
    newest = tmp_path / "train.log"
    newest.write_bytes(b"step:5000 - reward:1\n")
    problems: list[str] = []
    with open_pieces([path, newest], problems) as stream:
        data = stream.read()
        stream.seek(len(data) // 2)
        assert stream.read(1000) == data[len(data) // 2 :][:1000]
        stream.seek(len(data) - 30)
        assert stream.read() == data[-30:]
    assert data.endswith(b"step:5000 - reward:1\n")
    kept = data.removesuffix(b"step:5000 - reward:1\n").removesuffix(b"\xff\n")
    assert lines.startswith(kept)
    assert len(kept) > len(lines) // 4
    (problem,) = problems
    assert problem.startswith(f"Expected train.log.1{suffix} to unpack to its end, it is damaged")


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_what_is_no_archive_is_empty_and_says_so(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"train.log{suffix}"
    path.write_bytes(b"step:1 - reward:1\n" * 20)
    problems: list[str] = []
    with open_pieces([path], problems) as stream:
        assert stream.read() == b""
        stream.seek(0)
        assert stream.read() == b""
    assert len(problems) == 1


def test_a_file_that_is_gone_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_pieces([tmp_path / "gone.log.gz"], [])
