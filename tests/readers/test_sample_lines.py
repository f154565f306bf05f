"""What the readers of samples in JSON lines share, tried on the simplest of them."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from rlcompare.readers import text
from rlcompare.readers.base import Chunk
from rlcompare.readers.samples import characters, correctness, number, plain_text, sample_text
from rlcompare.readers.verl_rollouts import READER
from tests.readers.files import read_grown, written


def line(number: int, **more: object) -> bytes:
    return json.dumps({"input": f"q{number}", "output": "a" * number, "score": number / 2, **more}).encode() + b"\n"


def read(folder: Path, data: bytes) -> Chunk:
    return READER.read(written(folder / "7.jsonl", data), None)


def rewards(chunk: Chunk) -> list[float | None]:
    return [] if chunk.samples is None else chunk.samples["reward"].to_list()


def test_blocks_end_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"".join(map(line, range(40)))
    whole = read(tmp_path, data)
    for size in (1, 7, 64, 100, 1000):
        monkeypatch.setattr(text.blocks, "__defaults__", (size,))
        cut = read(tmp_path, data)
        assert cut.samples is not None
        assert cut.samples.equals(whole.samples)
        assert (cut.offset, cut.state) == (len(data), {"line": 41})


def test_a_place_is_where_the_line_begins(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + line(0) + b"\n  \n" + line(1) + line(2)[:-1]
    chunk = read(tmp_path, data)
    assert chunk.samples is not None
    places = chunk.samples["place"].to_list()
    assert [data[place:].split(b"\n")[0] for place in places] == [line(n)[:-1] for n in range(3)]
    assert chunk.pending is None
    found = READER.texts(written(tmp_path / "7.jsonl", data), places[::-1])  # type: ignore[misc]
    assert [one.prompt for one in found] == ["q2", "q1", "q0"]


def test_garbage_costs_its_line(tmp_path: Path) -> None:
    data = line(0) + b"{half\n[1]\n\xff\xfe\x00\n" + line(1) + line(2)[:-1] + line(3) + b'{"score": 1}\n' + line(4)
    chunk = read(tmp_path, data)
    assert rewards(chunk) == [0.0, 0.5, 1.0, 2.0]
    assert [(issue.place, issue.message) for issue in chunk.issues] == [
        ("line 2", "Expected one JSON object, found '{half'."),
        ("line 3", "Expected one JSON object, found '[1]'."),
        ("line 4", "Expected one JSON object, found '\\\\xff\\\\xfe\\x00'."),
        ("line 6", "Expected one JSON object, found 2; the first one counts."),
        ("line 7", "Expected input and output, found 'score'; left out."),
    ]


def test_a_key_that_stands_twice(tmp_path: Path) -> None:
    chunk = read(tmp_path, b'{"input": "q", "output": "a", "score": 1, "score": 2}\n')
    assert rewards(chunk) == [2.0]
    assert [issue.message for issue in chunk.issues] == ["The key 'score' stands twice; the last value counts."]


def test_half_a_line_waits(tmp_path: Path) -> None:
    data = line(0) + line(1)
    first, second = read_grown(READER, tmp_path / "7.jsonl", data, [len(data) - 5])
    assert (rewards(first), first.pending is not None) == ([0.0], True)
    assert (rewards(second), second.pending) == ([0.5], None)


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\0" * 1000, b"\x93NUMPY", os.urandom(4096)])
def test_what_is_no_text_has_no_samples(tmp_path: Path, data: bytes) -> None:
    chunk = read(tmp_path, data)
    assert chunk.samples is None
    assert chunk.tables == ()


def test_utf16_is_refused(tmp_path: Path) -> None:
    chunk = read(tmp_path, line(0).decode().encode("utf-16"))
    assert chunk.samples is None
    assert "the file is UTF-16" in chunk.issues[0].message


def test_a_line_of_50_mb(tmp_path: Path) -> None:
    long = "x" * 50_000_000
    data = line(0) + line(1, output=long) + line(2)
    file = written(tmp_path / "7.jsonl", data)
    chunk = READER.read(file, None)
    assert chunk.samples is not None
    assert chunk.samples["length"].to_list() == [0.0, 50_000_000.0, 2.0]
    (found,) = READER.texts(file, [chunk.samples["place"][1]])  # type: ignore[misc]
    assert found.response == long


@pytest.mark.skipif(not hasattr(resource, "getrusage"), reason="no getrusage here")
def test_texts_are_not_held(tmp_path: Path) -> None:
    """200 MB must not take more than a few blocks; in a process of its own, as the peak is never given back."""
    with (tmp_path / "7.jsonl").open("wb") as stream:
        for number in range(2_000):
            stream.write(line(number, output="y" * 100_000))
    code = (
        "import resource, sys; from pathlib import Path; from tests.readers.files import log_file;"
        "from rlcompare.readers.verl_rollouts import READER; import polars;"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "chunk = READER.read(log_file(Path(sys.argv[1])), None); assert chunk.samples.height == 2000;"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    root = Path(__file__).parents[2]
    run = [sys.executable, "-c", code, str(tmp_path / "7.jsonl")]
    grown = int(subprocess.run(run, cwd=root, check=True, capture_output=True, text=True).stdout)
    assert grown < 80_000  # kB


@pytest.mark.parametrize("places", [[1], [10_000], [0, 3]])
def test_a_place_that_holds_no_sample(tmp_path: Path, places: list[int]) -> None:
    file = written(tmp_path / "7.jsonl", line(0) + line(1))
    with pytest.raises(ValueError, match="Expected a sample at byte"):
        READER.texts(file, places)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, 1.0), (True, 1.0), (0.5, 0.5), ("inf", float("inf")), ("-Infinity", float("-inf")), (None, None), ("1", None)],
)
def test_number(value: object, expected: float | None) -> None:
    assert number(value) == expected


def test_number_of_what_no_float_holds() -> None:
    assert number(10**400) is None
    assert number([1.0]) is None
    nan = number("NaN")
    assert nan is not None
    assert nan != nan


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"acc": True}, True),
        ({"acc": 0}, False),
        ({"acc": 0.5, "correct": 1.0}, True),
        ({"acc": "yes"}, None),
        ({"accuracy": 0.75}, None),
        ({}, None),
    ],
)
def test_correctness(record: dict[str, object], expected: bool | None) -> None:
    assert correctness(record) is expected


def test_messages_as_text() -> None:
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "see"}, {"type": "image"}]},
        {"role": "assistant", "content": "so", "reasoning_content": "hm", "tool_calls": None},
    ]
    assert plain_text(messages) == '[user]\nsee\n{"type": "image"}\n\n[assistant]\nso\nhm'
    assert characters(messages) == len('see\n{"type": "image"}') + len("so\nhm")


def test_what_a_frame_cannot_hold_is_replaced() -> None:
    found = sample_text("\ud800?", ["\udc00"], {"\ud800": 1, "none": None, "nested": {"a": [True]}})
    assert (found.prompt, found.response) == ("??", '["?"]')
    assert found.others == {"?": "1", "nested": '{"a": [true]}'}
