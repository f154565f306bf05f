from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from rlcompare.readers.base import Chunk, Resume
from rlcompare.readers.monitor import READER, combine, read
from rlcompare.readers.samples import ADDED_LATER
from rlcompare.schema import SAMPLES
from tests.logs import SHARED_DATA, needs_shared_data
from tests.readers.files import GOLDEN, claimed_run, log_file, one_table, read_grown, written

MONITOR = GOLDEN / "monitor"
START = b'#{"t_start": 1000.0, "env_id": "CartPole-v1"}\nr,l,t\n'


def read_bytes(folder: Path, data: bytes) -> Chunk:
    return read(written(folder / "0.monitor.csv", data), None)


def columns(chunk: Chunk, *names: str) -> list[tuple[Any, ...]]:
    return one_table(chunk).select(names).rows()


def combined(folder: Path) -> pl.DataFrame:
    return combine(
        [table for path in sorted(folder.glob("*.monitor.csv")) for table in read(log_file(path), None).tables]
    )


# --- what load_results says


def test_golden_workers_together() -> None:
    expected = json.loads((MONITOR / "ppo" / "expected.json").read_text())
    together = combined(MONITOR / "ppo")
    assert together["r"].to_list() == expected["rows"]["r"]
    assert together["l"].to_list() == expected["rows"]["l"]
    assert (together["wall_time"] - expected["t_start"]).to_list() == pytest.approx(expected["rows"]["t"], abs=1e-6)
    assert together["step"].to_list() == pl.Series(expected["rows"]["l"]).cum_sum().to_list()
    assert together.schema["step"] == pl.Int64
    assert together["episodes"].to_list() == [float(n) for n in range(1, together.height + 1)]


def test_golden_one_worker() -> None:
    chunk = read(log_file(MONITOR / "ppo" / "0.monitor.csv"), None)
    header, _, *lines = (MONITOR / "ppo" / "0.monitor.csv").read_text().splitlines()
    rows = [tuple(map(float, line.split(","))) for line in lines]
    t_start = json.loads(header[1:])["t_start"]
    assert columns(chunk, "r", "l", "wall_time") == [(r, length, t_start + t) for r, length, t in rows]
    assert chunk.tables[0]["step"].to_list() == [sum(int(row[1]) for row in rows[: n + 1]) for n in range(len(rows))]
    assert (chunk.issues, chunk.pending, chunk.config) == ((), None, {"env_id": "CartPole-v1"})
    assert (chunk.step_unit, chunk.framework) == ("env step", "Stable-Baselines3")


def test_golden_resumed_into_the_old_file() -> None:
    """SB3 writes no header the second time; its own reader then takes the new times for the old ones."""
    chunk = read(log_file(MONITOR / "appended" / "0.monitor.csv"), None)
    expected = json.loads((MONITOR / "appended" / "expected.json").read_text())
    table = one_table(chunk)
    assert sorted(table["r"].to_list()) == sorted(expected["rows"]["r"])
    assert sorted(table["is_success"].to_list()) == sorted(expected["rows"]["is_success"])
    assert table["is_success"].to_list() == [float(length >= 40) for length in table["l"]]
    lines = (MONITOR / "appended" / "0.monitor.csv").read_text().splitlines()[2:]
    t = [float(line.split(",")[2]) for line in lines]
    again = next(n for n in range(1, len(t)) if t[n] < t[n - 1])
    seconds = [*t[:again], *(t[again - 1] + later for later in t[again:])]
    assert table["wall_time"].to_list() == pytest.approx([expected["t_start"] + s for s in seconds], abs=1e-6)
    assert [(issue.place, issue.severity) for issue in chunk.issues] == [(f"line {again + 3}", "note")]


def test_golden_without_an_episode() -> None:
    chunk = read(log_file(MONITOR / "no_episode" / "0.monitor.csv"), None)
    assert (chunk.tables, chunk.samples, chunk.issues, chunk.pending) == ((), None, (), None)
    assert chunk.config == {"env_id": "CartPole-v1"}


def test_samples_are_the_episodes() -> None:
    chunk = read(log_file(MONITOR / "ppo" / "1.monitor.csv"), None)
    assert chunk.samples is not None
    kept = SAMPLES.keys() - ADDED_LATER
    assert dict(chunk.samples.schema) == {name: dtype for name, dtype in SAMPLES.items() if name in kept}
    assert chunk.samples.select("step", "reward", "length", "wall_time").rows() == columns(
        chunk, "step", "r", "l", "wall_time"
    )


@needs_shared_data
def test_public_runs() -> None:
    """Sums as load_results of stable-baselines3 2.9.2 gives them for all 32 runs together."""
    root = SHARED_DATA / "sb3-zoo"
    folders = sorted({path.parent for path in root.rglob("*.monitor.csv")})
    episodes, steps, returns = 0, 0, 0.0
    for folder in folders:
        files = sorted(folder.glob("*.monitor.csv"))
        chunks = [read(log_file(path, root), None) for path in files]
        assert all(chunk.issues == () and chunk.pending is None for chunk in chunks)
        tables = [table for chunk in chunks for table in chunk.tables]
        if tables:
            together = combine(tables)
            assert together["wall_time"].is_sorted()
            episodes += together.height
            steps += together["step"][-1]
            returns += together["r"].sum()
    assert (len(folders), episodes, steps) == (32, 64701, 13398939)
    assert returns == pytest.approx(-5692279.374348999, rel=1e-12)


# --- which file, which run


@pytest.mark.parametrize(
    ("name", "run"),
    [
        ("a/0.monitor.csv", "a"),
        ("a/monitor.csv", "a"),
        ("monitor.csv", "."),
        ("a/cpumonitor.csv", "a"),
        ("a/monitor.csv.bak", None),
        ("a/monitors.csv", None),
    ],
)
def test_claim(tmp_path: Path, name: str, run: str | None) -> None:
    path = tmp_path / name
    written(path, START)
    assert claimed_run(READER, log_file(path, tmp_path)) == run


def test_another_monitor_is_left_to_others(tmp_path: Path) -> None:
    assert claimed_run(READER, written(tmp_path / "gpu_monitor.csv", b"time,load\n1,2\n")) is None


# --- several workers


def test_workers_are_ordered_by_time(tmp_path: Path) -> None:
    first = read_bytes(tmp_path / "a", START + b"1,10,1\n2,10,5\n")
    second = read_bytes(tmp_path / "b", START.replace(b"1000.0", b"1002.0") + b"3,7,1\n4,7,1.5\n")
    assert combine([first.tables[0], second.tables[0]]).select("step", "wall_time", "r").rows() == [
        (10, 1001.0, 1.0),
        (17, 1003.0, 3.0),
        (24, 1003.5, 4.0),
        (34, 1005.0, 2.0),
    ]


def test_workers_with_other_info_keywords(tmp_path: Path) -> None:
    first = read_bytes(tmp_path / "a", START.replace(b"r,l,t", b"r,l,t,fuel") + b"1,10,1,0.25\n")
    second = read_bytes(tmp_path / "b", START + b"3,7,2\n")
    assert combine([first.tables[0], second.tables[0]]).select("step", "fuel").rows() == [(10, 0.25), (17, None)]


def test_an_info_keyword_called_episodes_is_kept(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, START.replace(b"r,l,t", b"r,l,t,episodes") + b"1,10,1,7\n")
    assert combine(chunk.tables)["episodes"].to_list() == [7.0]


def test_a_second_header_begins_anew(tmp_path: Path) -> None:
    data = START + b"1,10,5\n2,10,6\n" + START.replace(b"1000.0", b"2000.0").replace(b"t\n", b"t,fuel\n") + b"3,4,1,9\n"
    chunk = read_bytes(tmp_path, data)
    assert columns(chunk, "step", "wall_time", "r", "fuel") == [
        (10, 1005.0, 1.0, None),
        (20, 1006.0, 2.0, None),
        (24, 2001.0, 3.0, 9.0),
    ]
    assert chunk.issues == ()


def test_a_clock_set_back_a_little_is_no_new_start(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, START + b"1,10,5\n2,10,4.9\n3,10,6\n")
    assert one_table(chunk)["wall_time"].to_list() == [1005.0, 1004.9, 1006.0]
    assert chunk.issues == ()


def test_columns_in_another_order(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, START.replace(b"r,l,t", b"t,fuel,l,r") + b"1.5,7,20,3\n")
    assert columns(chunk, "step", "wall_time", "r", "l", "fuel") == [(20, 1001.5, 3.0, 20.0, 7.0)]


# --- growing files


@pytest.mark.parametrize("case", ["ppo", "appended", "no_episode"])
def test_every_prefix_gives_a_prefix(case: str, tmp_path: Path) -> None:
    data = (MONITOR / case / "0.monitor.csv").read_bytes()
    whole = read_bytes(tmp_path, data)
    for cut in range(len(data)):
        first, rest = read_grown(READER, tmp_path / "0.monitor.csv", data, [cut])
        assert first.offset == data.rfind(b"\n", 0, cut) + 1
        assert_frame_equal(one_table([first, rest]), one_table(whole))
        assert {**first.config, **rest.config} == whole.config


ROWS = st.lists(
    st.one_of(
        st.tuples(st.floats(-9, 9), st.integers(1, 99), st.floats(0, 50)).map(lambda row: ",".join(map(str, row))),
        st.sampled_from(
            [
                "r,l,t,fuel",
                "r,l,t",
                '#{"t_start": 77.5}',
                "#broken",
                "",
                "1,2",
                "x,5,6",
                "1,-3,2",
                "1,2.5,3",
                "1,x,3",
                'a,"b,c',
                '1,"2",3',
                "1,2,3,True",
                "nan,4,nan",
            ]
        ),
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=100)
@given(rows=ROWS, data=st.data())
def test_any_reads_in_between_change_nothing(
    rows: list[str], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = START + "\r\n".join([*rows, ""]).encode()
    folder = tmp_path_factory.mktemp("log")
    whole = read_bytes(folder, log)
    cuts = data.draw(st.lists(st.integers(0, len(log)), max_size=4))
    chunks = read_grown(READER, folder / "0.monitor.csv", log, cuts)
    assert_frame_equal(one_table(chunks), one_table(whole), check_column_order=False)
    assert chunks[-1].offset == whole.offset
    assert one_table(chunks).height <= len(rows)


# --- bad input


def test_empty_file(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, b"")
    assert (chunk.tables, chunk.issues, chunk.pending, chunk.offset) == ((), (), None, 0)


def test_half_a_last_line_is_held_back(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, START + b"1,10,1\n2,1")
    assert columns(chunk, "step", "r") == [(10, 1.0)]
    assert chunk.pending is not None
    assert (chunk.pending.place, chunk.pending.severity) == ("line 4", "note")


def test_binary_rubbish(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, bytes(range(256)) * 40 + b"\n")
    assert chunk.tables == ()
    assert any(issue.severity == "error" for issue in chunk.issues)


def test_rubbish_between_rows_costs_its_lines(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, START + b"1,10,1\n\x00\xff\xfe\n2,20,2\n")
    assert columns(chunk, "step", "r") == [(10, 1.0), (30, 2.0)]
    assert [issue.place for issue in chunk.issues] == ["line 4"]


def test_ten_megabytes_on_one_line(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, START + b"1,10,1\n" + b"7" * 10_000_000)
    assert columns(chunk, "step") == [(10,)]
    assert chunk.pending is not None
    assert "10,000,000 bytes" in chunk.pending.message


def test_wrong_encoding_is_refused_with_a_reason(tmp_path: Path) -> None:
    file = written(tmp_path / "0.monitor.csv", (START + b"1,10,1\n").decode().encode("utf-16"))
    assert claimed_run(READER, file) == "."
    chunk = read(file, None)
    assert chunk.tables == ()
    assert "UTF-16" in chunk.issues[0].message


def test_byte_order_mark_and_crlf(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + (START + b"1,10,1\n2,20,2\n").replace(b"\n", b"\r\n")
    chunk = read_bytes(tmp_path, data)
    assert columns(chunk, "step", "r", "wall_time") == [(10, 1.0, 1001.0), (30, 2.0, 1002.0)]
    assert chunk.issues == ()


def test_duplicate_header(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, START + b"1,10,1\nr,l,t\n2,20,2\n")
    assert columns(chunk, "step", "r") == [(10, 1.0), (30, 2.0)]
    assert [(issue.place, issue.severity) for issue in chunk.issues] == [("line 4", "note")]


def test_nan_infinity_and_empty(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, START + b"nan,10,1\n-inf,10,nan\n,10,3\n5,,4\n")
    table = one_table(chunk)
    assert repr(table["r"].to_list()) == "[nan, -inf, None]"
    assert table["wall_time"].to_list() == [1001.0, None, 1003.0]
    assert [issue.place for issue in chunk.issues] == ["line 6"]


def test_lengths_that_are_none(tmp_path: Path) -> None:
    """Without its length a row has no step, and those behind it would have wrong ones were it counted as zero."""
    chunk = read_bytes(tmp_path, START + b"1,10,1\n2,-4,2\n3,1.5,3\n4,99999999999999999999,4\n5,5,5\n")
    assert columns(chunk, "step", "r") == [(10, 1.0), (15, 5.0)]
    assert [issue.place for issue in chunk.issues] == ["line 4", "line 5", "line 6"]


def test_ten_thousand_columns(tmp_path: Path) -> None:
    names = ",".join(f"m{n}" for n in range(10_000))
    data = START.replace(b"r,l,t", f"r,l,t,{names}".encode()) + (",".join(["1"] * 10_003) + "\n").encode() * 2
    table = one_table(read_bytes(tmp_path, data))
    assert table.shape == (2, 10_004)
    assert table["step"].to_list() == [1, 2]


def test_a_file_that_shrinks_while_read(tmp_path: Path) -> None:
    file = written(tmp_path / "0.monitor.csv", START + b"1,10,1\n2,20,2\n")
    whole = read(file, None)
    file.path.write_bytes(START + b"1,")
    assert one_table(read(file, None)).height == 0
    later = read(file, Resume(whole.offset, whole.state))
    assert (later.tables, later.issues) == ((), ())


def test_a_header_that_is_no_json(tmp_path: Path) -> None:
    """Without a start the episodes have no wall time, but they are episodes."""
    for header in (b"#t_start=5\n", b"#[1]\n", b'#{"env_id": "x"}\n', b'#{"t_start": "x"}\n', b""):
        chunk = read_bytes(tmp_path, header + b"r,l,t\n1,10,1\n")
        assert columns(chunk, "step", "r", "wall_time") == [(10, 1.0, None)]
        assert len(chunk.issues) == (0 if not header else 2 if header[1:2] in b"t[" else 1)


def test_a_header_without_lengths(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, b'#{"t_start": 1.0}\nr,t\n1,1\n')
    assert chunk.tables == ()
    assert [(issue.place, issue.severity) for issue in chunk.issues] == [("line 2", "error"), ("line 3", "error")]


def test_names_that_are_not_plain(tmp_path: Path) -> None:
    names = ["<script>alert(1)</script>", "100 %: ü 猫", "a b", "step", "wall_time"]
    data = START.replace(b"r,l,t", f"r,l,t,{','.join(names)}".encode()) + b"1,10,1,2,3,4,5,6\n"
    table = one_table(read_bytes(tmp_path / "run <script> 50% ü: x", data))
    assert table.columns == ["step", "wall_time", "r", "l", *names[:3], "step (logged)", "wall_time (logged)"]
    assert table.row(0) == (10, 1001.0, 1.0, 10.0, 2.0, 3.0, 4.0, 5.0, 6.0)


def test_text_of_an_info_keyword_is_noted_once(tmp_path: Path) -> None:
    data = START.replace(b"r,l,t", b"r,l,t,map") + b"1,10,1,cave\n2,10,2,hill\n"
    chunks = read_grown(READER, tmp_path / "0.monitor.csv", data, [len(data) - 12])
    assert one_table(chunks)["r"].to_list() == [1.0, 2.0]
    assert [issue.severity for chunk in chunks for issue in chunk.issues] == ["note"]
