from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from rlcompare.readers import log_history
from rlcompare.readers.base import Chunk, LogFile
from rlcompare.readers.trainer_state import READER, choose, read
from tests.logs import SHARED_DATA, needs_shared_data
from tests.readers.files import GOLDEN, claimed_run, log_file, written

GRPO = GOLDEN / "trainer_state" / "grpo"
NAN = GOLDEN / "trainer_state" / "nan"


def state_of(history: list[Any], **fields: Any) -> bytes:
    """What ``TrainerState.save_to_json`` writes."""
    state = {"global_step": 3, "max_steps": 10, "logging_steps": 1, "log_history": history, **fields}
    return (json.dumps(state, indent=2, sort_keys=True) + "\n").encode()


def read_bytes(folder: Path, data: bytes) -> Chunk:
    return read(written(folder / "trainer_state.json", data), None)


def records(chunk: Chunk) -> list[dict[str, float]]:
    """Rows as dicts of what was logged."""
    rows = [row for table in chunk.tables for row in table.iter_rows(named=True)]
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


def same(found: list[dict[str, float]], expected: list[dict[str, float]]) -> bool:
    """Equal values, NaN equal to NaN."""
    return repr([sorted(row.items()) for row in found]) == repr([sorted(row.items()) for row in as_logged(expected)])


def as_logged(rows: list[dict[str, float]]) -> list[dict[str, float]]:
    return [
        {key: int(value) if key == "step" else float(value) for key, value in row.items() if value is not None}
        for row in rows
        if "train_runtime" not in row
    ]


# --- what the Trainer says


@pytest.mark.parametrize("name", ["trainer_state.json", "checkpoint-3/trainer_state.json"])
def test_grpo_holds_what_the_trainer_logged(name: str) -> None:
    chunk = read(log_file(GRPO / name), None)
    assert same(records(chunk), json.loads((GRPO / "expected.json").read_text()))
    assert [row["step"] for row in records(chunk)] == [1, 2, 2, 3, 3]
    assert chunk.issues == ()
    assert (chunk.framework, chunk.step_unit, chunk.finished) == ("TRL", "step", True)
    assert chunk.offset == (GRPO / name).stat().st_size


def test_an_earlier_checkpoint_holds_the_history_until_then() -> None:
    chunk = read(log_file(GRPO / "checkpoint-2" / "trainer_state.json"), None)
    expected = json.loads((GRPO / "expected.json").read_text())
    assert same(records(chunk), [row for row in expected if row["step"] <= 2])
    assert not chunk.finished


def test_the_summary_is_a_setting_and_no_step() -> None:
    chunk = read(log_file(GRPO / "trainer_state.json"), None)
    summary = json.loads((GRPO / "expected.json").read_text())[-1]
    assert chunk.config["train_runtime"] == summary["train_runtime"]
    assert "train_loss" not in chunk.tables[0].columns
    assert chunk.config["max_steps"] == 3
    assert chunk.config["train_batch_size"] == 4


def test_nan_is_what_the_trainer_logged() -> None:
    chunk = read(log_file(NAN / "checkpoint-4" / "trainer_state.json"), None)
    assert same(records(chunk), json.loads((NAN / "expected.json").read_text()))
    assert math.isnan(chunk.tables[0]["loss"][3])
    assert chunk.framework == "Transformers"
    assert chunk.finished


@needs_shared_data
def test_public_grpo_run() -> None:
    path = SHARED_DATA / "trl/IMJONEZZ_UnslothGRPO/outputs/checkpoint-250/trainer_state.json"
    chunk = read(log_file(path), None)
    history = json.loads(path.read_text())["log_history"]
    assert same(records(chunk), history)
    assert len(records(chunk)) == 250
    assert (chunk.framework, chunk.issues) == ("TRL", ())


# --- which file, which run


def at(root: Path, name: str, data: bytes = b"{}") -> LogFile:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return log_file(path, root)


def test_the_run_is_the_folder_above_a_checkpoint(tmp_path: Path) -> None:
    assert claimed_run(READER, at(tmp_path, "a/checkpoint-20/trainer_state.json")) == "a"
    assert claimed_run(READER, at(tmp_path, "checkpoint-20/trainer_state.json")) == "."
    assert claimed_run(READER, at(tmp_path, "a/trainer_state.json")) == "a"
    assert claimed_run(READER, at(tmp_path, "checkpoint-best/trainer_state.json")) == "checkpoint-best"
    assert claimed_run(READER, at(tmp_path, "a/trainer_state.json.bak")) is None


def test_a_log_folder_that_is_a_checkpoint_is_the_run(tmp_path: Path) -> None:
    assert claimed_run(READER, at(tmp_path / "checkpoint-20", "trainer_state.json")) == "."


def test_only_the_furthest_state_is_read() -> None:
    files = [log_file(path, GRPO) for path in sorted(GRPO.rglob("trainer_state.json"))]
    assert [str(file.relative) for file in choose(files)] == ["trainer_state.json"]
    checkpoints = [file for file in files if "checkpoint" in str(file.relative)]
    assert [str(file.relative) for file in choose(checkpoints)] == ["checkpoint-3/trainer_state.json"]
    assert choose([]) == []


def test_checkpoints_are_compared_as_numbers(tmp_path: Path) -> None:
    files = [at(tmp_path, f"checkpoint-{n}/trainer_state.json", b"not told") for n in (9, 100, 20)]
    assert [str(file.relative) for file in choose(files)] == ["checkpoint-100/trainer_state.json"]


def test_the_step_in_the_file_counts_before_the_folder_name(tmp_path: Path) -> None:
    files = [
        at(tmp_path, "checkpoint-9/trainer_state.json", state_of([], global_step=9)),
        at(tmp_path, "trainer_state.json", state_of([], global_step=12)),
        at(tmp_path, "checkpoint-11/trainer_state.json", state_of([], global_step=11)),
    ]
    assert [str(file.relative) for file in choose(files)] == ["trainer_state.json"]


@pytest.mark.parametrize(
    ("global_step", "max_steps", "finished"), [(9, 10, False), (10, 10, True), (5, 0, False), (5, -1, False)]
)
def test_finished_means_that_all_steps_are_done(
    tmp_path: Path, global_step: int, max_steps: int, finished: bool
) -> None:
    data = state_of([{"step": 1, "loss": 1.0}], global_step=global_step, max_steps=max_steps)
    assert read_bytes(tmp_path, data).finished is finished


def test_trial_params_are_settings(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, state_of([], trial_name="t7", trial_params={"lr": 0.1, "deep": {"n": 2}}))
    assert chunk.config == {
        "max_steps": 10,
        "logging_steps": 1,
        "trial_name": "t7",
        "trial_params.lr": 0.1,
        "trial_params.deep.n": 2,
    }


# --- the fast way against the plain one

VALUES = st.one_of(
    st.floats(),
    st.integers(-(2**70), 2**70),
    st.none(),
    st.sampled_from([-1.5e-299, -2.5e-299, 1e-320, -0.0]),
)
KEYS = st.sampled_from(["loss", "a: null", "b: NaN", 'q"uote', "ü", "a/b", "eval_loss", "entry"])
HISTORIES = st.lists(st.dictionaries(KEYS, VALUES), max_size=30).map(
    lambda rows: [{**row, "step": step} for step, row in enumerate(rows)]
)


@settings(deadline=None, max_examples=150)
@given(HISTORIES, st.integers(1, 400))
def test_pieces_of_any_size_give_what_json_gives(
    tmp_path_factory: pytest.TempPathFactory, history: list[dict[str, float]], piece: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_history, "PIECE_BYTES", piece)
        chunk = read_bytes(tmp_path_factory.mktemp("state"), state_of(history))
    assert same(records(chunk), history)
    assert chunk.issues == ()


def test_a_key_that_comes_late_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_history, "PIECE_BYTES", 64)
    history: list[dict[str, float]] = [{"step": n, "loss": n / 10} for n in range(50)]
    history[41]["late"] = 4.25
    assert same(records(read_bytes(tmp_path, state_of(history))), history)


@pytest.mark.parametrize("odd", [True, "text", [1.0, 2.0], {"deep": 1.0}], ids=["boolean", "text", "list", "nested"])
def test_what_is_no_number_is_left_out_with_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: object
) -> None:
    monkeypatch.setattr(log_history, "PIECE_BYTES", 64)
    history: list[dict[str, Any]] = [{"step": n, "loss": n / 10, "odd": 1.0} for n in range(20)]
    history[15]["odd"] = odd
    chunk = read_bytes(tmp_path, state_of(history))
    table = chunk.tables[0]
    assert table["loss"].to_list() == [n / 10 for n in range(20)]
    assert table["odd"].to_list() == [None if n == 15 else 1.0 for n in range(20)]
    if isinstance(odd, dict):
        assert table["odd/deep"][15] == 1.0
        assert chunk.issues == ()
    else:
        assert [(issue.severity, "'odd'" in issue.message) for issue in chunk.issues] == [("note", True)]


@pytest.mark.parametrize("indent", [None, 0, 1, 4])
def test_other_layouts_are_read_too(tmp_path: Path, indent: int | None) -> None:
    history = [{"step": 1, "loss": 0.5}, {"step": 2, "loss": math.nan}, {"step": 2, "eval_loss": 1}]
    data = json.dumps({"log_history": history, "max_steps": 2, "global_step": 2}, indent=indent).encode()
    chunk = read_bytes(tmp_path, data)
    assert same(records(chunk), history)
    assert chunk.finished


def test_a_row_without_a_step_is_an_issue(tmp_path: Path) -> None:
    history: list[Any] = [
        {"step": 1, "loss": 1.0},
        {"loss": 2.0},
        5,
        {"step": 1.5, "loss": 3.0},
        {"step": 4, "loss": 4.0},
    ]
    chunk = read_bytes(tmp_path, state_of(history))
    assert records(chunk) == [{"step": 1, "loss": 1.0}, {"step": 4, "loss": 4.0}]
    assert sorted(issue.place for issue in chunk.issues) == [f"log_history entry {n}" for n in (2, 3, 4)]


def test_metrics_named_like_the_index_do_not_replace_it(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, state_of([{"step": 1, "wall_time": 7.0}]))
    assert records(chunk) == [{"step": 1, "wall_time (logged)": 7.0}]


# --- bad input


def test_empty_file(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, b"")
    assert chunk.tables == ()
    assert [(issue.severity, issue.path) for issue in chunk.issues] == [("error", "trainer_state.json")]


def test_an_empty_history_is_no_issue(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, state_of([]))
    assert (chunk.tables, chunk.issues) == ((), ())


def test_cut_in_half_while_written(tmp_path: Path) -> None:
    history = [{"step": n, "loss": n / 7, "kl": 0.1} for n in range(1, 21)]
    data = state_of(history)
    chunk = read_bytes(tmp_path, data[: data.index(b'"step": 13') - 3])
    assert same(records(chunk), history[:12])
    (issue,) = chunk.issues
    assert issue.severity == "warning"
    assert "12 whole records" in issue.message
    assert "Hint:" in issue.message


def test_cut_anywhere_gives_a_prefix_and_an_issue(tmp_path: Path) -> None:
    data = (GRPO / "trainer_state.json").read_bytes()
    expected = as_logged(json.loads((GRPO / "expected.json").read_text()))
    for cut in [*range(0, len(data) - 2, 23), len(data) - 2]:
        chunk = read_bytes(tmp_path, data[:cut])
        found = records(chunk)
        assert same(found, expected[: len(found)]), cut
        assert len(chunk.issues) == 1, cut


def test_binary_rubbish(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, bytes(range(256)) * 40)
    assert chunk.tables == ()
    assert [issue.severity for issue in chunk.issues] == ["error"]


@pytest.mark.parametrize("data", [b"[1, 2]", b"null", b'{"log_history": 3}', b'{"other": []}', b'"text"'])
def test_json_of_something_else(tmp_path: Path, data: bytes) -> None:
    chunk = read_bytes(tmp_path, data)
    assert chunk.tables == ()
    assert [issue.severity for issue in chunk.issues] == ["error"]


def test_deep_nesting(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, b'{"log_history": ' + b"[" * 200_000)
    assert [issue.severity for issue in chunk.issues] == ["error"]


def test_ten_megabytes_on_one_line(tmp_path: Path) -> None:
    history = [{"step": n, "loss": n / 3} for n in range(300_000)]
    data = json.dumps({"log_history": history}).encode()
    assert len(data) > 10_000_000
    table = read_bytes(tmp_path, data).tables[0]
    assert table.height == 300_000
    assert table["loss"][-1] == 299_999 / 3


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
def test_other_encodings(tmp_path: Path, encoding: str) -> None:
    chunk = read_bytes(tmp_path, state_of([{"step": 1, "loss": 0.5}]).decode().encode(encoding))
    assert records(chunk) == [{"step": 1, "loss": 0.5}]


def test_bytes_that_are_no_utf8(tmp_path: Path) -> None:
    chunk = read_bytes(tmp_path, state_of([{"step": 1, "loss": 0.5}], trial_name="x").replace(b'"x"', b'"\xff\xfe"'))
    assert [issue.severity for issue in chunk.issues] == ["warning"]
    assert records(chunk) == [{"step": 1, "loss": 0.5}]


def test_crlf(tmp_path: Path) -> None:
    history = [{"step": n, "loss": n / 7} for n in range(5)]
    chunk = read_bytes(tmp_path, state_of(history).replace(b"\n", b"\r\n"))
    assert same(records(chunk), history)
    assert chunk.issues == ()


def test_nan_infinity_null_and_numbers_in_text(tmp_path: Path) -> None:
    history = [{"step": 1, "a": math.nan, "b": math.inf, "c": -math.inf, "d": None, "e": "NaN", "f": "-Infinity"}]
    chunk = read_bytes(tmp_path, state_of(history))
    expected = {"step": 1, "a": math.nan, "b": math.inf, "c": -math.inf, "e": math.nan, "f": -math.inf}
    assert same(records(chunk), [expected])
    assert chunk.issues == ()


def test_numbers_beyond_a_float(tmp_path: Path) -> None:
    data = state_of([{"step": 1, "loss": 7}, {"step": 8, "loss": 1}])
    chunk = read_bytes(tmp_path, data.replace(b'"loss": 7', b'"loss": ' + b"9" * 5000))
    assert records(chunk) == [{"step": 1, "loss": math.inf}, {"step": 8, "loss": 1.0}]


def test_ten_thousand_columns(tmp_path: Path) -> None:
    history = [{"step": n, **{f"m{i}": float(i + n) for i in range(10_000)}} for n in range(3)]
    table = read_bytes(tmp_path, state_of(history)).tables[0]
    assert table.shape == (3, 10_001)
    assert table["m9999"].to_list() == [9999.0, 10000.0, 10001.0]


def test_a_file_that_shrinks_while_read(tmp_path: Path) -> None:
    whole = written(tmp_path / "trainer_state.json", state_of([{"step": 1, "loss": 0.5}]))
    whole.path.write_bytes(b'{"log_')
    chunk = read(whole, None)
    assert chunk.tables == ()
    assert [issue.severity for issue in chunk.issues] == ["error"]


def test_names_that_are_not_plain(tmp_path: Path) -> None:
    history = [{"step": 1, "<script>alert(1)</script>": 1.0, "100 %: ü 猫": 2.0, "a b": 3.0}]
    folder = tmp_path / "run <script> 50% ü: x"
    chunk = read_bytes(folder, state_of(history))
    assert same(records(chunk), history)


def test_all_pieces_have_the_same_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces are joined in file order, whatever keys each of them has."""
    history: list[dict[str, float]] = [{"step": n, f"k{n % 3}": float(n)} for n in range(40)]
    whole = read_bytes(tmp_path, state_of(history)).tables[0]
    monkeypatch.setattr(log_history, "PIECE_BYTES", 90)
    pieces = read_bytes(tmp_path, state_of(history)).tables[0]
    assert_frame_equal(whole, pieces, check_column_order=False)
    assert pieces.schema["step"] == pl.Int64
