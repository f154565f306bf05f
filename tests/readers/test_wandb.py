"""W&B run folders, against what W&B's own decoder finds."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcompare as rlc
from rlcompare.readers.base import Chunk, Reader
from rlcompare.readers.leveldb_log import BLOCK_BYTES, scan
from rlcompare.readers.wandb import CONSOLE_READER, READER, wire
from rlcompare.readers.wandb.items import take_apart
from rlcompare.readers.wandb.placing import OWN
from rlcompare.store.discovery import discover
from tests.logs import SHARED_DATA, needs_shared_data
from tests.readers.files import GOLDEN, log_file, read_grown, written
from tests.readers.leveldb_writer import framed

CASE = GOLDEN / "wandb" / "run"
LOG = next(CASE.rglob("*.wandb"))
CONSOLE = next((GOLDEN / "wandb" / "console").rglob("*.wandb"))
ROWS = [
    {key: json.loads(value) for key, value in row.items()} for row in json.loads((CASE / "expected.json").read_text())
]

Values = dict[str, list[tuple[int, float | None, float]]]


def values(chunks: Chunk | list[Chunk]) -> Values:
    """Step, wall time and value of each metric, in file order; NaN as text, so that it equals itself."""
    found: Values = {}
    for chunk in [chunks] if isinstance(chunks, Chunk) else chunks:
        for table in chunk.tables:
            for key in table.columns[2:]:
                kept = table.filter(table[key].is_not_null())
                rows = zip(kept["step"], kept["wall_time"], kept[key], strict=True)
                found.setdefault(key, []).extend(
                    (step, time, "NaN" if math.isnan(value) else value)  # type: ignore[misc]
                    for step, time, value in rows
                )
    return found


def expected(keys: dict[str, str]) -> Values:
    """What rows of W&B's decoder hold of each key, at the step metric that is meant for it."""
    return {
        key: [(row[step], row["_timestamp"], "NaN" if math.isnan(row[key]) else row[key]) for row in ROWS if key in row]
        for key, step in keys.items()
    }


def test_values_stand_at_the_step_metrics_that_were_defined_for_them() -> None:
    found = values(READER.read(log_file(LOG), None))
    assert found == expected(
        {
            "rollout/reward": "rollout/step",
            "rollout/len.mean": "rollout/step",
            "train/loss": "train/step",
            "train/µ-größe": "train/step",
            "plain": "_step",
        }
    )
    assert [value for _, _, value in found["train/loss"][:8]] == [
        0.5,
        0.5,
        "NaN",
        "NaN",
        *[math.inf] * 2,
        *[-math.inf] * 2,
    ]
    assert [step for step, _, _ in found["train/loss"]] == list(range(20))


def test_configuration_and_how_the_run_ended() -> None:
    chunk = READER.read(log_file(LOG), None)
    assert chunk.config == {
        "lr": 2e-3,
        "model.layers": 2,
        "model.name": "tiny",
        "seed": 7,
        "wandb.id": "abc12345",
        "wandb.project": "golden",
        "wandb.group": "ppo",
        "wandb.name": "ppo-seed-7",
        "wandb.tags": "a, b c",
    }
    assert chunk.finished
    (note,) = chunk.issues
    assert note.message == "Not numbers, so not shown as metrics: 'flag', 'hist', 'note'."


def history_records(log: Path) -> list[bytes]:
    return [
        content
        for _, record in scan(log.read_bytes()[7:], 7).records
        for kind, content in wire.parts(record)
        if kind == wire.HISTORY
    ]


def test_rows_of_numbers_are_taken_apart_as_they_are_decoded() -> None:
    records = history_records(LOG)
    found = take_apart(records)
    assert [row for row, logged in enumerate(ROWS) if "note" in logged] == found.odd
    at_once: list[dict[str, float]] = [{} for _ in records]
    for key, row, value in zip(found.key, found.row, found.value, strict=True):
        at_once[row][found.names[key]] = value
    for row, record in enumerate(records):
        if row not in found.odd:
            items = [wire.item(content) for number, content in wire.parts(record) if number == 1]
            assert repr(at_once[row]) == repr({".".join(key): np.float64(value) for key, value in items})


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(0, LOG.stat().st_size), max_size=4))
def test_reading_in_pieces_gives_the_whole(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    path = tmp_path_factory.mktemp("grown") / LOG.name
    chunks = read_grown(READER, path, LOG.read_bytes(), cuts)
    whole = READER.read(log_file(LOG), None)
    assert values(chunks) == values(whole)
    config: dict[str, object] = {}
    for chunk in chunks:
        config |= chunk.config
    assert config == whole.config
    assert chunks[-1].finished
    assert chunks[-1].offset == whole.offset


def test_console_text_is_mined(tmp_path: Path) -> None:
    chunk = CONSOLE_READER.read(log_file(CONSOLE), None)
    (table,) = chunk.tables
    assert table.select("step", "critic/score/mean", "actor/lr").rows() == [
        (0, 0.0, 0.0),
        (1, 0.25, 0.0),
        (2, 0.5, 0.0),
    ]
    assert (table["wall_time"] > 1.7e9).all()
    assert chunk.framework == "verl"


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, CONSOLE.stat().st_size), max_size=4))
def test_console_text_in_pieces_gives_the_whole(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    path = tmp_path_factory.mktemp("grown") / CONSOLE.name
    assert values(read_grown(CONSOLE_READER, path, CONSOLE.read_bytes(), cuts)) == values(
        CONSOLE_READER.read(log_file(CONSOLE), None)
    )


@pytest.mark.parametrize("reader", [READER, CONSOLE_READER], ids=lambda reader: reader.name)
@pytest.mark.parametrize("size", [0, 1, 6, 7, 8, 13, 14, 100, 5_000, 15_000])
def test_a_file_cut_anywhere_gives_its_whole_records(tmp_path: Path, reader: Reader, size: int) -> None:
    log = LOG if reader is READER else CONSOLE
    chunk = reader.read(written(tmp_path / "run-a.wandb", log.read_bytes()[:size]), None)
    assert chunk.offset <= size
    assert chunk.issues == () or "Not numbers" in chunk.issues[0].message
    whole = values(reader.read(log_file(log), None))
    for key, found in values(chunk).items():
        assert found == whole[key][: len(found)]


def test_an_empty_file_is_noted(tmp_path: Path) -> None:
    chunk = READER.read(written(tmp_path / "run-a.wandb", b""), None)
    assert chunk.pending is not None
    assert chunk.pending.message.startswith("The file is empty: W&B has written nothing to it")


@pytest.mark.parametrize("junk", [b"not W&B at all, but long enough", bytes(40), b"\xff" * 100_000])
def test_another_kind_of_file_is_an_issue(tmp_path: Path, junk: bytes) -> None:
    chunk = READER.read(written(tmp_path / "run-a.wandb", junk), None)
    assert chunk.tables == ()
    assert [issue.severity for issue in chunk.issues] == ["error"]
    assert chunk.issues[0].message.startswith("Expected a .wandb file, found ")


@settings(max_examples=40, deadline=None)
@given(at=st.integers(7, LOG.stat().st_size - 1), flip=st.integers(1, 255))
def test_a_damaged_byte_costs_its_block(tmp_path_factory: pytest.TempPathFactory, at: int, flip: int) -> None:
    data = bytearray(LOG.read_bytes())
    data[at] ^= flip
    chunk = READER.read(written(tmp_path_factory.mktemp("damaged") / "run-a.wandb", bytes(data)), None)
    # Where a definition is lost, values stand at other steps.
    whole = values(READER.read(log_file(LOG), None))
    found = values(chunk)
    assert chunk.issues or chunk.pending
    for key in whole.keys() & found.keys():
        assert {value for _, _, value in found[key]} <= {value for _, _, value in whole[key]}


def field(number: int, content: bytes) -> bytes:
    """A field of a message as protobuf encodes it."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    encoded = b""
    while value >= 0x80:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def row_record(row: dict[Any, Any], step: int | None = None) -> bytes:
    """A history record as W&B writes it; nested keys are tuples."""
    history = b""
    for key, logged in row.items():
        parts = key if isinstance(key, tuple) else (key,)
        names = b"".join(field(2, part.encode("utf-8", "surrogatepass")) for part in parts)
        history += field(1, names + field(16, json.dumps(logged).encode()))
    if step is not None:
        history += field(2, b"\x08" + varint(step))
    return field(wire.HISTORY, history)


def metric_record(*, glob: str, step: str) -> bytes:
    return field(wire.METRIC, field(2, glob.encode()) + field(4, step.encode()))


def rows_of(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Rows of columns, without what is None."""
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


def log_of(records: Iterable[bytes]) -> bytes:
    return framed(records, b":W&B\xe1\xbe\x00")


def many_records(n: int) -> bytes:
    """A file of more than one block, of rows with one metric."""
    return log_of(row_record({"_step": number, "loss": number + 0.5}) for number in range(n))


def test_records_over_several_blocks(tmp_path: Path) -> None:
    chunk = READER.read(written(tmp_path / "run-a.wandb", many_records(3_000)), None)
    (table,) = chunk.tables
    assert table.select("step", "loss").rows() == [(n, n + 0.5) for n in range(3_000)]


def test_damage_in_one_block_leaves_the_others(tmp_path: Path) -> None:
    data = bytearray(many_records(3_000))
    data[BLOCK_BYTES + 500] ^= 1
    chunk = READER.read(written(tmp_path / "run-a.wandb", bytes(data)), None)
    steps = [step for table in chunk.tables for step in table["step"]]
    assert 1_500 < len(steps) < 3_000
    assert steps[-1] == 2_999
    (issue,) = chunk.issues
    assert issue.message.startswith("Expected a record with a right checksum; ")


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_a_killed_run_ends_with_a_block(tmp_path: Path, blocks: int) -> None:
    data = many_records(3_000)[: blocks * BLOCK_BYTES]
    chunk = READER.read(written(tmp_path / "run-a.wandb", data), None)
    (table,) = chunk.tables
    assert table["step"].to_list() == list(range(table.height))
    assert chunk.issues == ()


@pytest.mark.parametrize(
    ("keys", "steps"),
    [
        ({"train/global_step": [None, 5, None, 6]}, [5, 5, 5, 6]),
        ({"global_step": [10, 20, 30, 40], "train/global_step": [1, 2, 3, 4]}, [1, 2, 3, 4]),
        ({}, [0, 1, 2, 3]),
        # verl validates before the first step, and sets _step.
        ({"training/global_step": [None, 1, 2, None]}, [0, 1, 2, 3]),
        # No steps: fractions of an epoch.
        ({"train/global_step": [1.5, None, None, 2]}, [0, 1, 2, 3]),
        ({"train/global_step": [math.nan, 7, 8, 9]}, [7, 7, 8, 9]),
    ],
)
def test_the_training_step_is_found_where_none_is_defined(
    tmp_path: Path, keys: dict[str, list[float | None]], steps: list[int]
) -> None:
    rows = rows_of({"_step": [0, 1, 2, 3], **keys, "loss": [1, 2, 3, 4]})
    chunk = READER.read(written(tmp_path / "run-a.wandb", log_of(map(row_record, rows))), None)
    assert [step for step, _, _ in values(chunk)["loss"]] == steps


@pytest.mark.parametrize("cut", range(5))
def test_the_step_stays_while_a_run_grows(tmp_path: Path, cut: int) -> None:
    rows = rows_of({"_step": [0, 1, 2, 3], "train/global_step": [10, None, 30, None], "loss": [1, 2, 3, 4]})
    data = log_of(map(row_record, rows))
    size = len(log_of(map(row_record, rows[:cut])))
    chunks = read_grown(READER, tmp_path / "run-a.wandb", data, [size])
    assert [step for step, _, _ in values(chunks)["loss"]] == [10, 10, 30, 30]


def test_a_step_metric_in_fractions_leaves_its_keys_at_the_training_step(tmp_path: Path) -> None:
    rows = rows_of({"_step": [0, 1, 2], "epoch": [0.25, 0.5, 1], "train/global_step": [10, 20, 30], "loss": [1, 2, 3]})
    records = [metric_record(glob="*", step="epoch"), *map(row_record, rows)]
    chunk = READER.read(written(tmp_path / "run-a.wandb", log_of(records)), None)
    found = values(chunk)
    assert [step for step, _, _ in found["loss"]] == [10, 20, 30]
    assert [(step, value) for step, _, value in found["epoch"]] == [(10, 0.25), (20, 0.5), (30, 1.0)]
    assert chunk.issues == ()


def test_a_step_metric_that_is_never_logged_is_none(tmp_path: Path) -> None:
    rows = rows_of({"_step": [0, 1], "loss": [1, 2]})
    records = [metric_record(glob="*", step="my_step"), *map(row_record, rows)]
    chunk = READER.read(written(tmp_path / "run-a.wandb", log_of(records)), None)
    assert [step for step, _, _ in values(chunk)["loss"]] == [0, 1]


def test_of_several_patterns_the_longest_counts(tmp_path: Path) -> None:
    rows = rows_of({"_step": [0, 1], "global_step": [5, 6], "val/step": [50, 60], "val/a/b": [1, 2], "loss": [3, 4]})
    records = [metric_record(glob="*", step="global_step"), metric_record(glob="val/*", step="val/step")]
    chunk = READER.read(written(tmp_path / "run-a.wandb", log_of([*records, *map(row_record, rows)])), None)
    assert {key: [step for step, _, _ in found] for key, found in values(chunk).items()} == {
        "val/a/b": [50, 60],
        "loss": [5, 6],
    }


def test_numbers_of_media_are_no_metrics(tmp_path: Path) -> None:
    image = {"_type": "image-file", "width": 64, "height": 32}
    records = [
        row_record({"_step": 0, "loss": 1.0, "image": image}),
        row_record({"_step": 1, "loss": 2.0, ("nested", "_type"): "table-file", ("nested", "nrows"): 3}),
    ]
    chunk = READER.read(written(tmp_path / "run-a.wandb", log_of(records)), None)
    assert values(chunk).keys() == {"loss"}
    assert [issue.message for issue in chunk.issues] == ["Not numbers, so not shown as metrics: 'image', 'nested'."]


def test_which_code_ran_is_told_and_not_where(tmp_path: Path) -> None:
    repository = field(1, b"https://user@example.org/code.git") + field(2, b"0123abcd")
    environment = field(5, b"--token=x") + field(6, b"/home/me/train.py") + field(7, b"train.py") + field(12, b"host")
    run = field(1, b"abc") + field(13, b"host") + field(21, repository)
    data = log_of([field(wire.RUN, run), field(wire.ENVIRONMENT, environment + field(9, repository))])
    chunk = READER.read(written(tmp_path / "run-a.wandb", data), None)
    assert chunk.config == {"wandb.id": "abc", "wandb.commit": "0123abcd", "wandb.program": "train.py"}


# --- rows that are written otherwise, and bytes that are none


@pytest.mark.parametrize(
    ("row", "numbers", "left_out"),
    [
        ({"a": 1, "b": 10**400, "c": -0.0}, {"a": 1.0, "b": math.inf, "c": -0.0}, []),
        ({"k" * 126: 1, "k" * 127: 2, "é" * 200: 3}, {"k" * 126: 1.0, "k" * 127: 2.0, "é" * 200: 3.0}, []),
        ({"a": {"b": 1, "c": {"d": 2, "e": "x"}}}, {"a.b": 1.0, "a.c.d": 2.0}, ["a.c.e"]),
        ({"a": "NaN", "b": "-Infinity", "c": None, "d": True}, {"a": math.nan, "b": -math.inf}, ["d"]),
        ({"a": "x" * 124, "b": "x" * 128, "c": 1}, {"c": 1.0}, ["a", "b"]),
        ({"a": [1, 2], "b": "\x82\x01", "\n\x12": 3}, {"\n\x12": 3.0}, ["a", "b"]),
        ({"": 1, "step": 2, "a": {"\udc82": 3}}, {"(no name)": 1.0, "step (logged)": 2.0, "a.?": 3.0}, []),
    ],
)
def test_any_row_is_read_as_it_was_logged(
    tmp_path: Path, row: dict[str, object], numbers: dict[str, float], left_out: list[str]
) -> None:
    records = [row_record({"_step": 129}), row_record({"_step": 130} | row, step=130)]
    chunk = READER.read(written(tmp_path / "run-a.wandb", log_of(records)), None)
    found = {key: value for key, ((step, _, value),) in values(chunk).items() if step == 130}
    expected = {key: "NaN" if math.isnan(value) else value for key, value in numbers.items()}
    assert sorted(map(repr, found.items())) == sorted(map(repr, expected.items()))
    named = ", ".join(map(repr, left_out))
    assert [issue.message for issue in chunk.issues] == (
        [f"Not numbers, so not shown as metrics: {named}."] if left_out else []
    )


LOGGED = st.dictionaries(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=140).filter(
        lambda key: key not in ("step", "wall_time")
    ),
    st.floats() | st.integers(-(2**53), 2**53),
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(LOGGED, min_size=1, max_size=5), first=st.integers(0, 40_000))
def test_any_numbers_are_read_exactly(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, float]], first: int
) -> None:
    records = [row_record({"_step": step} | row, step=step) for step, row in enumerate(rows, first)]
    chunk = READER.read(written(tmp_path_factory.getbasetemp() / "run-a.wandb", log_of(records)), None)
    expected: Values = {}
    for step, row in enumerate(rows, first):
        for key, value in row.items():
            if key not in OWN:
                told = "NaN" if math.isnan(value) else float(value)
                expected.setdefault(key, []).append((step, None, told))  # type: ignore[arg-type]
    assert values(chunk) == expected


KINDS = [wire.HISTORY, wire.OUTPUT_RAW, wire.CONFIG, wire.METRIC, wire.RUN, wire.EXIT, wire.ENVIRONMENT]
PIECES = [b"\n", b"\x12", b"\x82\x01", b"\x08\x05", b"\x05_step", b"\x011", b"\xff", b"{", b"\x00", b"[" * 70]


@settings(max_examples=100, deadline=None)
@given(
    kind=st.sampled_from(
        [wire.HISTORY, wire.OUTPUT_RAW, wire.CONFIG, wire.METRIC, wire.RUN, wire.EXIT, wire.ENVIRONMENT]
    ),
    rubbish=st.lists(st.sampled_from(PIECES) | st.binary(max_size=6), max_size=12).map(b"".join),
    bare=st.booleans(),
)
def test_no_records_raise(tmp_path_factory: pytest.TempPathFactory, kind: int, rubbish: bytes, bare: bool) -> None:
    record = rubbish if bare else field(kind, rubbish)
    data = log_of([row_record({"_step": 0, "a": 1}), record, row_record({"_step": 1, "a": 2})])
    path = tmp_path_factory.getbasetemp() / "run-a.wandb"
    found = values(READER.read(written(path, data), None))["a"]
    assert (found[0][2], found[-1][2]) == (1.0, 2.0)
    CONSOLE_READER.read(log_file(path), None)


@pytest.mark.parametrize("value", [b"[" * 100_000, b"1" * 5_000, b"{", b"\xff", b""])
@pytest.mark.parametrize("kind", [wire.HISTORY, wire.CONFIG])
def test_a_value_that_is_no_json_costs_its_record(tmp_path: Path, value: bytes, kind: int) -> None:
    record = field(kind, field(1, field(2, b"odd") + field(16, value)))
    data = log_of([row_record({"_step": 0, "a": 1}), record, row_record({"_step": 1, "a": 2})])
    chunk = READER.read(written(tmp_path / "run-a.wandb", data), None)
    assert [value for _, _, value in values(chunk)["a"]] == [1.0, 2.0]
    if value != b"1" * 5_000:
        (issue,) = chunk.issues
        assert "found bytes that are none: " in issue.message


# --- which file, which run


STEP_LINES = "step:0 - critic/score/mean:0.5\nstep:1 - critic/score/mean:0.75\n"


def found_runs(root: Path) -> dict[str, list[str]]:
    """The readers of each run's files."""
    return {run.id: sorted(source.reader for source in run.sources) for run in discover([root]).runs}


def run_folder(folder: Path, *, run_file: bool = True) -> Path:
    """A run's folder with its console's text."""
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "output.log").write_text(STEP_LINES)
    if run_file:
        shutil.copy(LOG, folder)
    return folder


BOTH = ["console", "wandb", "wandb_console"]


def test_latest_run_is_not_counted_twice(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "wandb" / "run-20260101_000000-abc12345")
    run_folder(tmp_path / "wandb" / "latest-run")
    assert found_runs(tmp_path) == {"wandb/run-20260101_000000-abc12345": BOTH}
    shutil.rmtree(run)
    assert found_runs(tmp_path) == {"wandb/latest-run": BOTH}


def test_latest_run_counts_beside_other_runs_that_it_is_none_of(tmp_path: Path) -> None:
    run_folder(tmp_path / "wandb" / "latest-run")
    run_folder(tmp_path / "wandb" / "offline-run-20260101_000000-my-abc12345", run_file=False)
    assert found_runs(tmp_path).keys() == {"wandb/latest-run", "wandb/offline-run-20260101_000000-my-abc12345"}


def test_latest_run_without_its_run_file_is_one_of_its_neighbours(tmp_path: Path) -> None:
    run_folder(tmp_path / "wandb" / "latest-run", run_file=False)
    assert found_runs(tmp_path) == {"wandb/latest-run": ["console"]}
    run_folder(tmp_path / "wandb" / "run-20260101_000000-abc12345")
    assert found_runs(tmp_path) == {"wandb/run-20260101_000000-abc12345": BOTH}


@pytest.mark.parametrize("root", ["", "copied", "copied/offline-run-20260101_000000-abc12345"])
def test_files_of_a_run_belong_together_wherever_its_folder_lies(tmp_path: Path, root: str) -> None:
    run_folder(tmp_path / "copied" / "offline-run-20260101_000000-abc12345")
    (readers,) = found_runs(tmp_path / root).values()
    assert readers == BOTH


def test_run_files_gathered_in_one_folder_are_a_run_each(tmp_path: Path) -> None:
    for name in ("run-a.wandb", "run-b.wandb", "renamed.wandb"):
        shutil.copy(LOG, tmp_path / name)
    written(tmp_path / "other.wandb", b"no run file, and not called as one")
    assert found_runs(tmp_path).keys() == {"run-a.wandb", "run-b.wandb", "renamed.wandb"}
    runs = rlc.open_runs(tmp_path, cache=tmp_path / "cache")
    assert runs.table()["name"].to_list() == ["renamed", "run-a", "run-b"]


@pytest.mark.parametrize("data", [b"", b"rubbish"])
def test_what_is_called_a_run_file_is_claimed_and_gets_a_reason(tmp_path: Path, data: bytes) -> None:
    written(tmp_path / "logs" / "x" / "run-a.wandb", data)
    runs = rlc.open_runs(tmp_path / "logs", cache=tmp_path / "cache")
    assert runs.ids == ("x",)
    (message,) = runs.issues()["message"]
    assert message.startswith("Expected a .wandb file, found 'rubbish'" if data else "The file is empty: ")


def test_the_same_id_in_several_folders_is_several_runs(tmp_path: Path) -> None:
    for day in (1, 2):
        shutil.copytree(LOG.parent, tmp_path / "wandb" / f"run-2026010{day}_000000-abc12345")
    runs = rlc.open_runs(tmp_path, cache=tmp_path / "cache")
    assert len(runs) == 2
    assert set(runs.config().filter(key="wandb.id")["value"]) == {"abc12345"}


def test_a_resumed_run_is_offered_as_one_and_fresh_attempts_are_not(tmp_path: Path) -> None:
    """W&B says ``resumed: false`` in both cases: only the steps tell."""
    about = b"\x8a\x01\x0a\x0a\x08abc12345"
    for run, (first, last) in {"1": (0, 239), "2": (244, 594), "3": (0, 50)}.items():
        rows = (
            row_record({"_step": step, "_timestamp": 1.7e9 + int(run) * 1e5 + step, "reward": step / 2})
            for step in range(first, last + 1)
        )
        folder = tmp_path / "wandb" / f"run-2026010{run}_000000-abc12345"
        folder.mkdir(parents=True)
        (folder / "run-abc12345.wandb").write_bytes(log_of([about, *rows]))
    runs = rlc.open_runs(tmp_path, cache=tmp_path / "cache")
    (offer,) = rlc.continuations(runs.records)
    assert [run[-24:-9] for run in offer.runs] == ["20260101_000000", "20260102_000000"]
    assert "W&B" in offer.reason
    joined = runs.joined([offer])
    assert len(joined) == 2
    (record,) = [record for record in joined.records if record.joined]
    steps = joined.select(record.id).curves("reward")["step"].to_list()
    assert steps == [*range(240), *range(244, 595)]


def test_a_run_end_to_end(tmp_path: Path) -> None:
    runs = rlc.open_runs(CASE, cache=tmp_path / "cache")
    (row,) = runs.table().select("run", "framework", "seed", "status", "last_step").rows()
    assert row == ("wandb/offline-run-20260101_000000-abc12345", "", "7", "finished", 19)


def test_history_answers_before_the_console_of_the_same_run(tmp_path: Path) -> None:
    runs = rlc.open_runs(GOLDEN / "wandb" / "console", cache=tmp_path / "cache")
    assert runs.metrics().filter(metric="critic/score/mean")["source"].to_list() == ["wandb_console"]


@needs_shared_data
def test_killed_runs_give_their_steps_from_console_records(tmp_path: Path) -> None:
    runs = rlc.open_runs(SHARED_DATA / "verl" / "zhiyuanhubj_logic-rl-formula", cache=tmp_path / "cache")
    steps = {run.rpartition("-")[2]: (last, n) for run, last, n in runs.table()["run", "last_step", "n_records"].rows()}
    assert {run: steps[run] for run in ("m950nfkl", "wntzruuo", "w4i7jexi", "68ph1l4m", "qe0uj2az")} == {
        "m950nfkl": (9, 10),
        "wntzruuo": (1, 2),
        "w4i7jexi": (None, 0),
        "68ph1l4m": (None, 0),
        "qe0uj2az": (None, 0),
    }
    assert not any("latest-run" in run for run in runs.ids)


@needs_shared_data
def test_records_of_2021_are_read(tmp_path: Path) -> None:
    runs = rlc.open_runs(SHARED_DATA / "wandb", cache=tmp_path / "cache")
    config = runs.config()
    assert "g9dvvkua" in config.filter(key="wandb.id")["value"].to_list()
