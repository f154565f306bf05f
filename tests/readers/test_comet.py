from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcompare as rlc
from rlcompare.readers import comet
from rlcompare.readers.base import Chunk
from rlcompare.readers.comet import READER, claim, read
from tests.readers.files import GOLDEN, claimed_run, folder_of, golden_logs, log_file, written

KEY = "golden0golden0golden0golden0golden"
ARCHIVE = GOLDEN / "comet" / "offline" / f"{KEY}.zip"
EXPECTED: dict[str, list[list[Any]]] = json.loads((ARCHIVE.parent / "expected.json").read_text())
DATA = ARCHIVE.read_bytes()

ABOUT = b'{"project_name": "p", "workspace": "w", "tags": [], "customer_error_reported": false}'


def metric(name: object = "a", value: object = 0.5, step: object = 1, **payload: object) -> bytes:
    told = {"metricName": name, "metricValue": value, "step": step}
    return json.dumps({"type": "metric_msg", "payload": {"metric": told, **payload}}).encode()


def parameter(name: str, value: object, **more: object) -> bytes:
    told = {"paramName": name, "paramValue": value, **more}
    return json.dumps({"type": "parameter_msg", "payload": {"param": told}}).encode()


def packed(*lines: bytes, about: bytes = ABOUT, method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("experiment.json", about)
        archive.writestr("messages.json", b"\n".join([*lines, b""]))
    return stream.getvalue()


def read_bytes(folder: Path, data: bytes, name: str = "a.zip") -> Chunk:
    return read(written(folder / name, data), None)


def values(chunk: Chunk) -> dict[str, list[list[Any]]]:
    """The values of each metric in file order."""
    return {
        key: [list(row) for row in table.select("step", key).drop_nulls().iter_rows()]
        for table in chunk.tables
        for key in table.columns[2:]
    }


# --- what was logged with Comet


def test_golden() -> None:
    chunk = read(log_file(ARCHIVE), None)
    found = values(chunk)
    # Comet's own: how long the process ran, at a step of its choice.
    assert repr({key: found[key] for key in EXPECTED}) == repr(EXPECTED)
    assert found.keys() - EXPECTED.keys() <= {"process duration"}
    assert chunk.config == {
        "lr": 0.001,
        "net.layers": "[1, 2]",
        "net.width": 64,
        "resume": None,
        "seed": 3,
        "comet.name": "ppo/s3",
        "comet.project": "golden",
        "comet.workspace": "team",
        "comet.tags": '["baseline"]',
    }
    assert chunk.finished
    assert [issue.severity for issue in chunk.issues] == ["note", "note"]
    assert chunk.issues[0].message == "Not numbers, so not shown as metrics: 'word'."
    assert chunk.issues[1].message.startswith("2 values were logged without a step.")


def test_golden_times() -> None:
    with zipfile.ZipFile(ARCHIVE) as archive:
        messages = [json.loads(line)["payload"] for line in archive.read("messages.json").splitlines()]
    logged = [m["local_timestamp"] / 1000 for m in messages if m.get("metric", {}).get("metricName") == "reward"]
    (table,) = read(log_file(ARCHIVE), None).tables
    assert table.filter(table["reward"].is_not_null())["wall_time"].to_list() == logged


@pytest.mark.parametrize("folder", ["runs", ".cometml-runs"])
def test_open_runs_lists_the_run(tmp_path: Path, folder: str) -> None:
    golden_logs("comet/offline", tmp_path / "root").rename(tmp_path / "root" / folder)
    runs = rlc.open_runs(tmp_path / "root", cache=tmp_path / "cache")
    assert runs.ids == (f"{folder}/{KEY}.zip",)
    row = runs.table().row(0, named=True)
    assert (row["name"], row["source"], row["status"], row["last_step"]) == (f"{folder}/ppo/s3", "comet", "finished", 9)
    assert (row["seed"], row["reward_key"], row["last_reward"]) == ("3", "reward", 2.0)
    assert dict(runs.config().select("key", "value").iter_rows())["net.width"] == "64"
    assert runs.curves("reward")["value"].to_list() == [0.5, 1.0, 1.5, 2.0]


def test_other_hidden_folders_stay_closed(tmp_path: Path) -> None:
    written(tmp_path / "root" / ".cache" / ARCHIVE.name, DATA)
    assert rlc.open_runs(tmp_path / "root", cache=tmp_path / "cache").ids == ()


# --- which file, which run


@pytest.mark.parametrize(
    ("name", "data", "run"),
    [
        ("a/anything.zip", DATA, "a/anything.zip"),
        (f"{KEY}.zip", DATA, f"{KEY}.zip"),
        (f"{KEY}.tar", DATA, None),
        (f"{KEY}.zip", b"", None),
        (f"{KEY}.zip", b"PK\x03\x04rubbish", None),
        (f"{KEY}.zip", bytes(range(256)) * 40, None),
    ],
)
def test_claim(tmp_path: Path, name: str, data: bytes, run: str | None) -> None:
    assert claimed_run(READER, log_file(written(tmp_path / name, data).path, tmp_path)) == run


def test_messages_behind_large_files_are_found_under_a_name_of_comets(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("asset.bin", bytes(100_000))
        archive.writestr("experiment.json", ABOUT)
        archive.writestr("messages.json", metric() + b"\n")
    for name, run in [(f"{KEY}.zip", f"{KEY}.zip"), (f"{KEY}-x8Yz.zip", f"{KEY}-x8Yz.zip"), ("data.zip", None)]:
        assert claimed_run(READER, written(tmp_path / name, stream.getvalue())) == run


def test_another_archive_is_left_alone(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("messages.json", metric() + b"\n")
    assert claimed_run(READER, written(tmp_path / f"{KEY}.zip", stream.getvalue())) is None


def test_the_experiment_names_the_run(tmp_path: Path) -> None:
    named = b'{"payload":{"key":"Name","message_id":2,"value":"a \\"b\\""},"type":"log_other"}'
    for line, name in [(named, 'a "b"'), (metric(), ""), (b'{"key":"Name","value":"\\x"}', "")]:
        file = written(tmp_path / "a.zip", packed(line))
        found = claim(file, folder_of(file))
        assert found is not None
        assert found.name == name


# --- messages


def test_contexts_stand_before_the_name(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, packed(metric(context="validate"), metric(), metric(context="")))
    assert values(chunk) == {"a": [[1, 0.5], [1, 0.5]], "validate_a": [[1, 0.5]]}


def test_messages_of_old_files(tmp_path: Path) -> None:
    line = metric().replace(b"metric_msg", b"ws_msg")
    assert values(read_bytes(tmp_path, packed(line))) == {"a": [[1, 0.5]]}


def test_values_without_a_step(tmp_path: Path) -> None:
    lines = [metric("a", 1, None), metric("a", 2, None), metric("b", 3, None), metric("b", 4, 7), metric("a", 5, None)]
    chunk = read_bytes(tmp_path, packed(*lines))
    assert values(chunk) == {"a": [[0, 1.0], [1, 2.0], [7, 5.0]], "b": [[0, 3.0], [7, 4.0]]}
    assert [issue.message[:37] for issue in chunk.issues] == ["4 values were logged without a step. "]


@pytest.mark.parametrize(
    ("value", "found"),
    [("NaN", "nan"), ("Infinity", "inf"), ("-Infinity", "-inf"), ("0.25", "0.25"), (3, "3.0"), (2**70, f"{2.0**70}")],
)
def test_numbers(tmp_path: Path, value: object, found: str) -> None:
    assert repr(values(read_bytes(tmp_path, packed(metric(value=value))))) == f"{{'a': [[1, {found}]]}}"


@pytest.mark.parametrize("value", ["", "x", True, None, [1], {"a": 1}])
def test_what_is_no_number_is_named(tmp_path: Path, value: object) -> None:
    chunk = read_bytes(tmp_path, packed(metric(value=value)))
    assert chunk.tables == ()
    assert [issue.message for issue in chunk.issues] == ["Not numbers, so not shown as metrics: 'a'."]


@pytest.mark.parametrize("step", ["1", 1.5, True, 2**63, [1]])
def test_what_is_no_step_is_an_issue(tmp_path: Path, step: object) -> None:
    chunk = read_bytes(tmp_path, packed(metric(step=step), metric(step=2.0)))
    assert values(chunk) == {"a": [[2, 0.5]]}
    assert [(issue.place, issue.severity) for issue in chunk.issues] == [("messages.json line 1", "warning")]


@pytest.mark.parametrize(("time", "found"), [(1_700_000_000_250, 1_700_000_000.25), ("x", None), (None, None)])
def test_times(tmp_path: Path, time: object, found: float | None) -> None:
    (table,) = read_bytes(tmp_path, packed(metric(local_timestamp=time))).tables
    assert table["wall_time"].to_list() == [found]


def test_the_last_value_of_a_parameter_counts(tmp_path: Path) -> None:
    lines = [parameter("lr", 1), parameter("lr", 2), parameter("a|b", 3), parameter("curr_step", 4)]
    lines.append(parameter("curr_epoch", 5, source="auto-logged"))
    config = read_bytes(tmp_path, packed(*lines)).config
    assert {key: value for key, value in config.items() if not key.startswith("comet.")} == {
        "lr": 2,
        "a.b": 3,
        "curr_step": 4,
    }


# --- bad input


def test_lines_that_are_no_messages_cost_themselves(tmp_path: Path) -> None:
    lines = [metric(step=1), b"{", b"", b"[1]", b'{"payload": 1}', b"\xff", metric(name=5), metric(step=2)]
    chunk = read_bytes(tmp_path, packed(*lines))
    assert values(chunk) == {"a": [[1, 0.5], [2, 0.5]]}
    assert [issue.place for issue in chunk.issues] == [f"messages.json line {n}" for n in (2, 4, 5, 6, 7)]


def test_a_line_without_end(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("experiment.json", ABOUT)
        archive.writestr("messages.json", metric())
    assert values(read_bytes(tmp_path, stream.getvalue())) == {"a": [[1, 0.5]]}


def test_a_line_too_long_to_be_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comet, "MAX_LINE_BYTES", 1000)
    chunk = read_bytes(tmp_path, packed(metric(step=1), b"x" * 2500, metric(step=2)))
    assert values(chunk) == {"a": [[1, 0.5], [2, 0.5]]}
    assert [(issue.place, issue.message) for issue in chunk.issues] == [
        ("messages.json line 2", "Expected a line of at most 1,000 bytes; left out.")
    ]


@pytest.mark.parametrize("about", [b"", b"[]", b"{", b'{"tags": 5, "project_name": 3}'])
def test_without_a_word_about_the_experiment(tmp_path: Path, about: bytes) -> None:
    chunk = read_bytes(tmp_path, packed(metric(), about=about))
    assert values(chunk) == {"a": [[1, 0.5]]}
    assert not chunk.finished


def test_an_archive_without_messages(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("experiment.json", ABOUT)
    (issue,) = read_bytes(tmp_path, stream.getvalue()).issues
    assert issue.severity == "error"
    assert "no item named 'messages.json'" in issue.message


def test_an_archive_packed_again(tmp_path: Path) -> None:
    lines = [metric(step=step) for step in range(2000)]
    chunk = read_bytes(tmp_path, packed(*lines, method=zipfile.ZIP_DEFLATED))
    assert values(chunk) == {"a": [[step, 0.5] for step in range(2000)]}
    assert chunk.issues == ()


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comet, "ALWAYS_TAKEN", 1_000_000)
    data = packed(b" " * 2_000_000, method=zipfile.ZIP_DEFLATED)
    assert len(data) < 10_000
    chunk = read_bytes(tmp_path, data)
    (issue,) = chunk.issues
    assert (chunk.tables, issue.severity) == ((), "error")
    assert "unpack to 2,000,001, which no log does" in issue.message


def test_a_member_that_lies_about_its_size(tmp_path: Path) -> None:
    """No more is unpacked than it says; the checksum then tells."""
    data = bytearray(packed(b" " * 50_000_000, method=zipfile.ZIP_DEFLATED))
    size = (50_000_001).to_bytes(4, "little")
    assert data.count(size) == 2
    chunk = read_bytes(tmp_path, bytes(data.replace(size, (100).to_bytes(4, "little"))))
    assert [issue.severity for issue in chunk.issues] == ["error"]


def test_an_encrypted_archive(tmp_path: Path) -> None:
    data = bytearray(packed(metric()))
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        at = -1
        while (at := data.find(mark, at + 1)) >= 0:
            data[at + (6 if mark == b"PK\x03\x04" else 8)] |= 1
    (issue,) = read_bytes(tmp_path, bytes(data)).issues
    assert "encrypted" in issue.message


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    data = bytearray(packed(metric(value=0.5), metric(value=0.75)))
    data[data.index(b"0.75") + 2] ^= 1
    chunk = read_bytes(tmp_path, bytes(data))
    assert chunk.tables == ()
    assert "CRC" in chunk.issues[0].message


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", bytes(range(256)) * 40])
def test_what_is_no_archive(tmp_path: Path, data: bytes) -> None:
    (issue,) = read_bytes(tmp_path, data).issues
    assert issue.severity == "error"
    assert issue.message.startswith(f"Expected a whole zip archive, came {len(data):,} bytes")


def test_every_prefix_is_an_issue(tmp_path: Path) -> None:
    """The list of its files is an archive's end."""
    for cut in range(0, len(DATA), 7):
        chunk = read_bytes(tmp_path, DATA[:cut])
        assert [issue.severity for issue in chunk.issues] == ["error"]


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_any_damage_gives_issues_or_the_right_numbers(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    broken = bytearray(DATA)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(DATA) - 1))] = data.draw(st.integers(0, 255))
    file = written(tmp_path_factory.mktemp("zip") / "a.zip", bytes(broken))
    claimed_run(READER, file)
    chunk = read(file, None)
    assert chunk.tables or chunk.issues
    if chunk.tables:
        assert repr({key: values(chunk).get(key) for key in EXPECTED}) == repr(EXPECTED)
