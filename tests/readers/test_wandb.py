"""W&B run folders, against what W&B's own decoder finds."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcompare as rlc
from rlcompare.readers.base import Chunk, IssueList, Reader
from rlcompare.readers.leveldb_log import BLOCK_BYTES, scan
from rlcompare.readers.wandb import CONSOLE_READER, READER, wire
from rlcompare.readers.wandb.history import Definitions, History
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
    assert note.message.startswith("Not numbers, so not shown as metrics: 'flag', 'hist._type'")


def test_rows_of_numbers_take_the_short_way_and_mean_the_same() -> None:
    fast, slow = History(Definitions()), History(Definitions())
    taken = 0
    for _, record in scan(LOG.read_bytes()[7:], 7).records:
        history = [content for kind, content in wire.fields(record) if kind == wire.HISTORY]
        if history:
            taken += fast.add(record)
            slow.add_decoded(history[0])
    assert taken == len(ROWS) - 2
    assert slow.n_rows == len(ROWS)


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


def row_record(row: dict[str, float]) -> bytes:
    """A history record as W&B writes it."""
    items = b""
    for key, logged in row.items():
        value = json.dumps(logged).encode()
        item = b"\x12" + bytes([len(key)]) + key.encode() + b"\x82\x01" + bytes([len(value)]) + value
        items += b"\n" + bytes([len(item)]) + item
    return b"\x12" + bytes([len(items)]) + items


def many_records(n: int) -> bytes:
    """A file of more than one block, of rows with one metric."""
    return framed((row_record({"_step": number, "loss": number + 0.5}) for number in range(n)), b":W&B\xe1\xbe\x00")


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
        ({"train/global_step": [None, 5, None, 6], "loss": [1, 2, 3, 4]}, [5, 5, 5, 6]),
        ({"global_step": [10, 20, 30, 40], "train/global_step": [1, 2, 3, 4], "loss": [1, 2, 3, 4]}, [1, 2, 3, 4]),
        ({"loss": [1, 2, 3, 4]}, [0, 1, 2, 3]),
        ({"train/global_step": [1.5, None, None, 2], "loss": [1, 2, 3, 4]}, [2, 2, 2, 2]),
    ],
)
def test_the_training_step_is_found_where_none_is_defined(keys: dict[str, list[float]], steps: list[int]) -> None:
    history = History(Definitions())
    for row in range(4):
        logged = {key: of[row] for key, of in {"_step": [0, 1, 2, 3], **keys}.items() if of[row] is not None}
        assert history.add(row_record(logged))
    tables = history.tables(IssueList(log_file(LOG)))
    (table,) = [table for table in tables if "loss" in table.columns]
    assert table["step"].to_list() == steps


def test_latest_run_is_not_counted_twice(tmp_path: Path) -> None:
    run = tmp_path / "wandb" / "run-20260101_000000-abc12345"
    shutil.copytree(LOG.parent, run)
    shutil.copytree(LOG.parent, tmp_path / "wandb" / "latest-run")
    assert [found.id for found in discover([tmp_path]).runs] == ["wandb/run-20260101_000000-abc12345"]
    shutil.rmtree(run)
    assert [found.id for found in discover([tmp_path]).runs] == ["wandb/latest-run"]


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
        (folder / "run-abc12345.wandb").write_bytes(framed([about, *rows], b":W&B\xe1\xbe\x00"))
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
