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

import rlcompare as rlc
from rlcompare.readers import tune_csv, tune_json
from rlcompare.readers.base import Chunk, Folder, Reader
from tests.logs import SHARED_DATA, needs_shared_data
from tests.readers.files import GOLDEN, claimed_run, folder_of, golden_logs, log_file, one_table, read_grown, written

TUNE = GOLDEN / "tune"
CSV, JSON = tune_csv.READER, tune_json.READER
PUBLIC = SHARED_DATA / "rllib" / "Jorgitou98_Accelerating-RLlib-Models" / "ray_results"

BOTH = pytest.mark.parametrize(("reader", "name"), [(CSV, "progress.csv"), (JSON, "result.json")], ids=["csv", "json"])
EVERY = pytest.mark.parametrize("case", ["function", "restored", "rllib"])

HEADER = "loss,timestamp,done,training_iteration,date,time_total_s,node_ip,iterations_since_restore,hist_stats/x\n"
ROW = '{loss},17000000{i:02d},False,{i},2023-11-14_22-13-20,1.5,10.0.0.1,{i},"[1, 2]"\n'


def expected(case: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (TUNE / case / "expected.json").read_text().splitlines()]


def records(chunks: Chunk | list[Chunk]) -> list[dict[str, Any]]:
    rows = one_table(chunks).iter_rows(named=True)
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


def same(one: object, other: object) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def read_json(folder: Path, *results: Any) -> Chunk:
    data = b"".join(json.dumps(result).encode() + b"\n" for result in results)
    return JSON.read(written(folder / "result.json", data), None)


def read_csv(folder: Path, text: str) -> Chunk:
    return CSV.read(written(folder / "progress.csv", text.encode()), None)


def samples(chunks: list[Chunk]) -> pl.DataFrame:
    return pl.concat([chunk.samples for chunk in chunks if chunk.samples is not None])


# --- what Ray was given


@BOTH
def test_golden_function(reader: Reader, name: str) -> None:
    file = log_file(TUNE / "function" / name)
    assert claimed_run(reader, file) == "."
    chunk = reader.read(file, None)
    keys = expected("function")[0].keys()
    assert same([{key: row[key] for key in keys} for row in records(chunk)], as_floats(expected("function")))
    assert set(one_table(chunk).columns) - keys == {
        *("time_this_iter_s", "time_total_s", "time_since_restore", "iterations_since_restore"),
    }
    assert [issue.message for issue in chunk.issues] == ["Not numbers, so not shown as metrics: 'env_runners/lengths'."]
    assert (chunk.step_unit, chunk.framework, chunk.pending, chunk.samples) == ("iteration", "RLlib", None, None)
    assert chunk.config == ({"lr": 5e-05, "seed": 3} if reader is JSON else {})


def as_floats(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value if key == "step" else float(value) for key, value in row.items()} for row in rows]


def test_golden_restored_json_has_every_value_under_its_name() -> None:
    chunk = JSON.read(log_file(TUNE / "restored" / "result.json"), None)
    keys = {"step", "wall_time", "loss", "score", "late"}
    found = [{key: value for key, value in row.items() if key in keys} for row in records(chunk)]
    assert same(found, as_floats(expected("restored")))
    assert (chunk.issues, chunk.framework) == ((), "Ray Tune")


def test_golden_restored_csv_says_what_it_cannot_know() -> None:
    """The second session has the header's columns in another order, the third one more than the header."""
    chunk = CSV.read(log_file(TUNE / "restored" / "progress.csv"), None)
    given_rows = expected("restored")
    assert [row["step"] for row in records(chunk)] == [1, 2, 3, 4]
    assert one_table(chunk)["loss"].to_list()[:2] == [row["loss"] for row in given_rows[:2]]
    assert [(issue.place, issue.severity) for issue in chunk.issues] == [
        ("line 6", "warning"),
        ("line 7", "warning"),
        ("line 4", "warning"),
    ]
    assert "Expected 16 cells, found 17" in chunk.issues[0].message
    assert "restored here without a header" in chunk.issues[2].message


def test_golden_rllib_episodes_count_once() -> None:
    """What the callbacks of the algorithm and of its evaluation counted."""
    chunk = JSON.read(log_file(TUNE / "rllib" / "result.json"), None)
    assert chunk.samples is not None
    for split in ("train", "validation"):
        found = chunk.samples.filter(pl.col("split") == split).select("step", "reward", "length").rows()
        rows = [row for row in expected("rllib") if row["split"] == split]
        assert found == [(row["step"], row["reward"], row["length"]) for row in rows]
    assert set(chunk.samples["length_unit"]) == {"env step"}
    times = one_table(chunk).select("step", "wall_time")
    joined = chunk.samples.join(times, on="step", how="left")
    assert joined["wall_time"].to_list() == joined["wall_time_right"].to_list()
    assert not any("hist_stats" in column or column == "pid" for column in one_table(chunk).columns)
    assert chunk.config == {
        "env": "CartPole-v1",
        "gamma": 0.99,
        "lr": 5e-05,
        "seed": 5,
        "train_batch_size": 100,
        "model.fcnet_activation": "tanh",
        "model.fcnet_hiddens": "[4]",
    }
    assert (chunk.finished, chunk.framework) == (True, "RLlib")


def test_golden_rllib_table_agrees_with_its_lines() -> None:
    lines = one_table(JSON.read(log_file(TUNE / "rllib" / "result.json"), None))
    chunk = CSV.read(log_file(TUNE / "rllib" / "progress.csv"), None)
    table = one_table(chunk)
    assert_frame_equal(lines.select(table.columns), table, rel_tol=1e-6)
    assert table.width > 60
    assert chunk.finished
    assert not any(column.startswith("evaluation") for column in table.columns)  # not in the first result


@EVERY
def test_golden_run(tmp_path: Path, case: str) -> None:
    runs = rlc.open_runs(golden_logs(f"tune/{case}", tmp_path), cache=tmp_path / "cache")
    row = runs.table().row(0, named=True)
    rows = expected(case)
    assert (row["source"], row["step_unit"], row["last_step"]) == ("tune_csv, tune_json", "iteration", rows[-1]["step"])
    assert row["seed"] == {"function": "3", "restored": "4", "rllib": "5"}[case]
    assert (row["status"] == "finished") == (case == "rllib")
    if case == "restored":
        loss = runs.curves("loss").select("step", "value").rows()
        assert loss == [(given_row["step"], given_row["loss"]) for given_row in rows]
    if case == "rllib":
        assert runs.samples().height == len(rows)


# --- which file


@pytest.mark.parametrize(
    ("name", "data", "run"),
    [
        ("a/result.json", b'{"training_iteration": 1, "loss": 2}\n', "a"),
        ("a/result.json", b'{"config": {"x": "' + b"y" * 70_000 + b'"}, "training_iteration": 1}\n', None),
        ("a/result.json", b'{"step": 1}\n{"step": 2}\n', None),
        ("a/result.json", b'{\n  "accuracy": 1\n}\n', None),
        ("a/result.json", b"", None),
        ("a/result.json", b"\x00\x01", None),
        ("a/results.json", b'{"training_iteration": 1}\n', None),
        ("a/params.json", b'{"training_iteration": 1}\n', None),
        ("a/experiment_state-2024-05-01_10-00-00.json", b'{"training_iteration": 1}\n', None),
        ("a/progress.csv", HEADER.encode(), "a"),
        ("a/progress.csv", HEADER.encode().rstrip(), None),
        ("a/progress.csv", b"training_iteration,loss\n1,2\n", None),
        ("a/progress2.csv", HEADER.encode(), None),
    ],
)
def test_claims(tmp_path: Path, name: str, data: bytes, run: str | None) -> None:
    written(tmp_path / name, data)
    file = log_file(tmp_path / name, tmp_path)
    assert [claimed_run(reader, file) for reader in (CSV, JSON) if claimed_run(reader, file)] == ([run] if run else [])


def test_a_first_line_longer_than_the_head_is_told_by_what_lies_beside(tmp_path: Path) -> None:
    file = written(tmp_path / "result.json", b'{"config": {"x": "' + b"y" * 70_000 + b'"}, "training_iteration": 1}\n')
    beside = Folder(folder_of(file).relative, frozenset({"result.json", "params.json"}), None)
    assert JSON.claim(file, beside) is not None
    assert one_table(JSON.read(file, None))["step"].to_list() == [1]


def test_files_beside_that_are_no_logs_make_no_runs(tmp_path: Path) -> None:
    written(tmp_path / "exp" / "trial" / "result.json", b'{"training_iteration": 1, "loss": 2}\n')
    for name in ("params.json", "params.pkl"):
        written(tmp_path / "exp" / "trial" / name, b'{"training_iteration": 1}')
    written(tmp_path / "exp" / "experiment_state-2024-05-01_10-00-00.json", b'{"training_iteration": 1}\n')
    assert rlc.open_runs(tmp_path, cache=tmp_path / "cache").ids == ("exp/trial",)


@pytest.mark.parametrize("seed", ["null", "7"])
def test_the_seed_of_a_search_stands_in_the_folders_name(tmp_path: Path, seed: str) -> None:
    trial = tmp_path / "PPO_CartPole-v1_9b96d_00001_1_lr=0.0010,seed=3_2024-05-01_12-30-45"
    written(trial / "result.json", b'{"training_iteration": 1, "loss": 2}\n')
    written(trial / "params.json", f'{{"lr": 0.001, "seed": {seed}}}'.encode())
    runs = rlc.open_runs(tmp_path, cache=tmp_path / "cache")
    assert runs.table()["seed"].to_list() == ["3" if seed == "null" else "7"]


# --- episodes


def windows(newest_first: bool, *, size: int = 4, fresh: tuple[int, ...] = (2, 1, 3, 0, 5, 2)) -> list[dict[str, Any]]:
    """Results as RLlib makes them, of episodes whose returns are 0, 1, 2, … and lengths twice that."""
    history: list[int] = []
    results = []
    for iteration, n in enumerate(fresh, 1):
        new = [*range(sum(fresh[: iteration - 1]), sum(fresh[:iteration]))]
        older = history[-(size - n) :] if n < size else []
        window = new + older if newest_first else older + new
        history = [*history, *new]
        lists = {"episode_reward": window, "episode_lengths": [2 * reward for reward in window]}
        results.append({"training_iteration": iteration, "episodes_this_iter": n, "hist_stats": lists})
    return results


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("is_old", [True, False])
def test_new_episodes_are_found_at_either_end_of_the_window(tmp_path: Path, newest_first: bool, is_old: bool) -> None:
    more = {} if is_old else {"agent_timesteps_total": 1}
    found = read_json(tmp_path, *(result | more for result in windows(newest_first))).samples
    assert found is not None
    assert found["reward"].to_list() == [float(number) for number in range(13)]
    assert found["length"].to_list() == [2.0 * number for number in range(13)]
    assert found["step"].to_list() == [1, 1, 2, 3, 3, 3, 5, 5, 5, 5, 5, 6, 6]


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_log_that_begins_in_the_middle_goes_by_rays_age_until_it_knows(tmp_path: Path, newest_first: bool) -> None:
    found = read_json(tmp_path, *windows(newest_first)[2:]).samples
    assert found is not None
    third = [3.0, 4.0, 5.0] if newest_first else [2.0, 3.0, 4.0]
    assert found["reward"].to_list() == [*third, *(float(number) for number in range(6, 13))]


def test_episodes_that_are_all_alike_are_counted(tmp_path: Path) -> None:
    lists = {"episode_reward": [-21.0] * 4, "episode_lengths": [1000] * 4}
    results = [{"training_iteration": i, "episodes_this_iter": 4 if i == 1 else 1, "hist_stats": lists} for i in (1, 2)]
    found = read_json(tmp_path, *results).samples
    assert found is not None
    assert found["step"].to_list() == [1, 1, 1, 1, 2]


def test_an_evaluation_listed_again_counts_once(tmp_path: Path) -> None:
    lists = {"episode_reward": [1.0, 2.0], "episode_lengths": [3, 4]}
    first, second = ({"hist_stats": lists, "time": time} for time in (0.5, 0.25))
    results = [{"training_iteration": i, "evaluation": e} for i, e in enumerate((first, first, second, first), 1)]
    found = read_json(tmp_path, *results).samples
    assert found is not None
    assert found["step"].to_list() == [1, 1, 3, 3, 4, 4]
    assert set(found["split"]) == {"validation"}


@pytest.mark.parametrize(
    "lists",
    [
        {"episode_reward": [1.0], "episode_lengths": [1, 2]},
        {"episode_reward": [1.0, None], "episode_lengths": [1, 2]},
        {"episode_reward": [True], "episode_lengths": [1]},
        {"episode_reward": ["1"], "episode_lengths": [1]},
        {"episode_reward": 1.0, "episode_lengths": 1},
        {"episode_reward": [], "episode_lengths": []},
        {},
    ],
)
def test_lists_that_do_not_fit_give_no_episodes(tmp_path: Path, lists: dict[str, Any]) -> None:
    chunk = read_json(tmp_path, {"training_iteration": 1, "hist_stats": lists, "loss": 2.0})
    assert chunk.samples is None
    assert records(chunk) == [{"step": 1, "loss": 2.0}]


def test_returns_that_are_not_finite(tmp_path: Path) -> None:
    line = b'{"training_iteration": 1, "hist_stats": {"episode_reward": [NaN, -Infinity], "episode_lengths": [1, 2]}}\n'
    found = JSON.read(written(tmp_path / "result.json", line), None).samples
    assert found is not None
    assert math.isnan(found["reward"][0])
    assert found["reward"][1] == -math.inf


def test_a_table_without_lines_beside_tells_of_episodes(tmp_path: Path) -> None:
    """Those of evaluations are not among its columns, as the first result had none."""
    data = (TUNE / "rllib" / "progress.csv").read_bytes()
    lines = JSON.read(log_file(TUNE / "rllib" / "result.json"), None).samples
    alone = CSV.read(written(tmp_path / "progress.csv", data), None).samples
    assert lines is not None
    assert alone is not None
    assert_frame_equal(alone, lines.filter(pl.col("split") == "train"))
    written(tmp_path / "result.json", b"")
    assert CSV.read(log_file(tmp_path / "progress.csv"), None).samples is None


def test_a_table_of_old_ray_read_in_pieces(tmp_path: Path) -> None:
    header = HEADER.replace("hist_stats/x", "episodes_this_iter,hist_stats/episode_reward,hist_stats/episode_lengths")
    rows = [
        f"0,170000000{i},False,{i},2023-11-14_22-13-20,1,10.0.0.1,{i},{result['episodes_this_iter']},"
        + ",".join(f'"{result["hist_stats"][name]}"' for name in ("episode_reward", "episode_lengths"))
        for i, result in enumerate(windows(True), 1)
    ]
    odd = "0,1700000003,False,3,yesterday,1,10.0.0.1,3,1,[7.0],[7]"
    data = (header + "\n".join([*rows[:3], odd, *rows[3:]]) + "\n").encode()
    for cut in range(0, len(data), 7):
        found = samples(read_grown(CSV, tmp_path / "progress.csv", data, [cut]))
        assert found["reward"].to_list() == [float(number) for number in range(13)]


@pytest.mark.parametrize("cell", ['"[1, 2"', "x", "[nan]", "[" * 5000, "1", "", "[" + "9" * 5000 + "]"])
def test_cells_that_are_no_lists_give_no_episodes(tmp_path: Path, cell: str) -> None:
    header = HEADER.replace("hist_stats/x", "episodes_this_iter,hist_stats/episode_reward,hist_stats/episode_lengths")
    row = "0.5,1700000001,False,1,2023-11-14_22-13-20,1,10.0.0.1,1,1,{},[1]\n"
    chunk = read_csv(tmp_path, header + row.format(cell) + row.format("[2.5]").replace("False,1,", "False,2,"))
    assert chunk.samples is not None
    found = chunk.samples.filter(pl.col("step") == 2)
    assert found.select("reward", "length").rows() == [(2.5, 1.0)]


# --- settings


def test_settings_that_change_are_the_last_ones(tmp_path: Path) -> None:
    results = [{"training_iteration": i, "loss": 1.0, "config": {"lr": lr}} for i, lr in ((1, 0.1), (2, 0.1), (3, 0.2))]
    chunk = read_json(tmp_path, *results)
    assert chunk.config == {"lr": 0.2}
    assert records(chunk) == [{"step": i, "loss": 1.0} for i in (1, 2, 3)]


@pytest.mark.parametrize(
    "settings_text",
    ['{"lr": NaN}', '{"a": "} {", "b": "\\"config\\": {"}', '{"lr": 1, "lr": 2}', '{"config": {"lr": 1}}', "{}"],
)
def test_settings_of_any_shape_are_no_metrics(tmp_path: Path, settings_text: str) -> None:
    line = '{{"training_iteration": {}, "info": {{"config": 7}}, "config": {}, "loss": 0.5}}\n'
    data = "".join(line.format(i, settings_text) for i in (1, 2)).encode()
    chunk = JSON.read(written(tmp_path / "result.json", data), None)
    assert records(chunk) == [{"step": i, "info/config": 7.0, "loss": 0.5} for i in (1, 2)]


def test_a_nested_object_that_is_called_config_is_read(tmp_path: Path) -> None:
    result = {"info": {"config": {"kl": 1.5}}, "training_iteration": 1, "config": {"lr": 1}}
    assert records(read_json(tmp_path, result)) == [{"step": 1, "info/config/kl": 1.5}]


# --- growing files


@EVERY
@BOTH
def test_reading_in_two_pieces_is_reading_whole(tmp_path: Path, reader: Reader, name: str, case: str) -> None:
    data = (TUNE / case / name).read_bytes()
    whole = reader.read(written(tmp_path / name, data), None)
    for cut in range(0, len(data), max(1, len(data) // 60)):
        pieces = read_grown(reader, tmp_path / name, data, [cut])
        together = one_table(pieces)
        assert_frame_equal(together.select(one_table(whole).columns), one_table(whole))
        assert {issue for chunk in pieces for issue in chunk.issues} == set(whole.issues)
        assert pieces[0].config | pieces[1].config == whole.config
        assert pieces[-1].finished == whole.finished
        if whole.samples is not None:
            keys = ["split", "step"]
            assert_frame_equal(
                samples(pieces).sort(keys, maintain_order=True), whole.samples.sort(keys, maintain_order=True)
            )


@settings(deadline=None, max_examples=50)
@given(
    newest_first=st.booleans(),
    fresh=st.lists(st.integers(0, 6), min_size=1, max_size=8),
    cuts=st.lists(st.integers(0, 3000), max_size=3),
)
def test_episodes_do_not_depend_on_when_the_log_was_read(
    tmp_path_factory: pytest.TempPathFactory, newest_first: bool, fresh: list[int], cuts: list[int]
) -> None:
    results = windows(newest_first, fresh=tuple(fresh))
    data = b"".join(json.dumps(result).encode() + b"\n" for result in results)
    path = tmp_path_factory.getbasetemp() / "grown" / "result.json"
    chunks = read_grown(JSON, path, data, [min(cut, len(data)) for cut in cuts])
    whole = JSON.read(log_file(path), None)
    if whole.samples is None:
        assert not any(fresh)
    else:
        assert_frame_equal(samples(chunks), whole.samples)
        assert whole.samples.height == sum(fresh)


@BOTH
def test_no_row_and_no_news(tmp_path: Path, reader: Reader, name: str) -> None:
    data = (TUNE / "rllib" / name).read_bytes()
    chunks = read_grown(reader, tmp_path / name, data, [len(data)])
    assert (chunks[1].tables, chunks[1].samples, chunks[1].issues, chunks[1].finished) == ((), None, (), True)


# --- bad input


@BOTH
def test_an_empty_file(tmp_path: Path, reader: Reader, name: str) -> None:
    chunk = reader.read(written(tmp_path / name, b""), None)
    assert (chunk.tables, chunk.issues, chunk.pending, chunk.offset) == ((), (), None, 0)


@BOTH
def test_binary_rubbish(tmp_path: Path, reader: Reader, name: str) -> None:
    chunk = reader.read(written(tmp_path / name, bytes(range(256)) * 40 + b"\n"), None)
    assert chunk.tables == ()
    assert chunk.issues


@BOTH
def test_utf16_is_refused(tmp_path: Path, reader: Reader, name: str) -> None:
    data = (TUNE / "function" / name).read_bytes().decode().encode("utf-16")
    chunk = reader.read(written(tmp_path / name, data), None)
    assert chunk.tables == ()
    assert "UTF-16" in chunk.issues[0].message


@BOTH
def test_ten_megabytes_on_one_line(tmp_path: Path, reader: Reader, name: str) -> None:
    data = (TUNE / "function" / name).read_bytes() + b"7" * 10_000_000
    chunk = reader.read(written(tmp_path / name, data), None)
    assert one_table(chunk)["step"].to_list() == [1, 2, 3]
    assert chunk.pending is not None
    assert "10,000,000 bytes" in chunk.pending.message


@BOTH
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_damage_never_raises(
    tmp_path_factory: pytest.TempPathFactory, reader: Reader, name: str, data: st.DataObject
) -> None:
    log = bytearray((TUNE / "restored" / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        log[data.draw(st.integers(0, len(log) - 1))] = data.draw(st.sampled_from(list(b'",\n{}[]:0x\0\xff')))
    file = written(tmp_path_factory.getbasetemp() / "broken" / name, bytes(log))
    reader.claim(file, folder_of(file))
    reader.read(file, None)


@pytest.mark.parametrize("step", ["null", '"one"', "1.5", "true", "1e400", "NaN", "99999999999999999999", "[1]"])
def test_results_without_an_iteration_are_left_out(tmp_path: Path, step: str) -> None:
    lists = '{"episode_reward": [1], "episode_lengths": [1]}'
    line = f'{{"training_iteration": {step}, "loss": 1, "hist_stats": {lists}}}'
    good = '{"training_iteration": 2, "loss": 3}'
    chunk = JSON.read(written(tmp_path / "result.json", f"{line}\n{good}\n".encode()), None)
    assert [(row["step"], row["loss"]) for row in records(chunk)] == [(2, 3.0)]
    assert chunk.samples is None
    assert "line 1" in {issue.place for issue in chunk.issues}


def test_a_key_that_stands_twice(tmp_path: Path) -> None:
    chunk = JSON.read(written(tmp_path / "result.json", b'{"training_iteration":1,"loss":1,"loss":2}\n'), None)
    assert records(chunk) == [{"step": 1, "loss": 2.0}]
    assert "stands twice" in chunk.issues[0].message


def test_times_that_are_none(tmp_path: Path) -> None:
    chunk = read_json(tmp_path, {"training_iteration": 1, "timestamp": "soon", "loss": 2.0})
    assert records(chunk) == [{"step": 1, "loss": 2.0}]
    assert chunk.issues[0].place == "column timestamp"


def test_rows_in_another_order_are_left_out(tmp_path: Path) -> None:
    rows = [ROW.format(loss=i / 2, i=i) for i in (1, 2, 3)]
    swapped = "0.5,3,1700000003,False,2023-11-14_22-13-20,1.5,10.0.0.1,3,x\n"
    chunk = read_csv(tmp_path, HEADER + rows[0] + swapped + rows[1])
    assert [(row["step"], row["loss"]) for row in records(chunk)] == [(1, 0.5), (2, 1.0)]
    misfit = next(issue for issue in chunk.issues if issue.place == "line 3")
    assert "order of the header" in misfit.message
    assert "Hint:" in misfit.message


def test_nan_stays_nan_and_an_empty_cell_is_none(tmp_path: Path) -> None:
    chunk = read_csv(tmp_path, HEADER + "".join(ROW.format(loss=x, i=i) for i, x in enumerate(("nan", "", "-inf"), 1)))
    loss = one_table(chunk)["loss"].to_list()
    assert math.isnan(loss[0])
    assert loss[1:] == [None, -math.inf]


@pytest.mark.parametrize("cell", ['"[1, 2]"', '"a, ""b"""', '"[1,\n2]"', "[1]", '"[1, 2]', "x"])
def test_lists_and_texts_in_cells_shift_nothing(tmp_path: Path, cell: str) -> None:
    row = f"0.5,1700000001,False,1,2023-11-14_22-13-20,1.5,10.0.0.1,1,{cell}\n"
    chunk = read_csv(tmp_path, HEADER + row + ROW.format(loss=1.0, i=2))
    found = [(row["step"], row["loss"]) for row in records(chunk)]
    assert found in ([(1, 0.5), (2, 1.0)], [(2, 1.0)], [])
    if cell.count('"') != 1:
        assert found == [(1, 0.5), (2, 1.0)]


# --- real logs


@needs_shared_data
def test_public_trials(tmp_path: Path) -> None:
    runs = rlc.open_runs(PUBLIC, cache=tmp_path)
    table = runs.table().sort("run")
    assert table.select("run", "last_step", "n_records").rows() == [
        ("model1_ppo_gpu_it_1001_2000", 2000, 1000),
        ("model1_ppo_gpu_it_1_1000", 1000, 1000),
        ("model1_ppo_it_1_50", 50, 50),
        ("model2_ppo_it_1_50", 50, 50),
        ("model3_ppo_it_1_50", 50, 50),
        ("model4_2_iters", 2, 2),
        ("model4_ppo_it_1_50", 50, 50),
    ]
    assert set(table["framework"]) == {"RLlib"}
    assert set(table["step_unit"]) == {"iteration"}
    assert runs.issues().height == 0
    per_run = dict(runs.samples().group_by("run").len().rows())
    assert [per_run[run] for run in sorted(per_run)] == [1580, 2326, 196, 196, 184, 1, 196]
    assert runs.select(["model3*"]).config().filter(pl.col("key") == "num_workers")["value"].to_list() == ["2"]


@needs_shared_data
@pytest.mark.parametrize("trial", ["model1_ppo_it_1_50", "model3_ppo_it_1_50", "model4_2_iters"])
def test_public_episodes_are_as_many_as_rllib_counted(trial: str) -> None:
    """These are of Ray 1.2, which lists new episodes in front of older ones."""
    results = [json.loads(line) for line in (PUBLIC / trial / "result.json").read_text().splitlines()]
    found = JSON.read(log_file(PUBLIC / trial / "result.json"), None).samples
    assert found is not None
    assert found.height == results[-1]["episodes_total"]
    per_step = dict(found.group_by("step").len().rows())
    assert per_step == {r["training_iteration"]: r["episodes_this_iter"] for r in results if r["episodes_this_iter"]}
    last = results[-1]["hist_stats"]
    assert sorted(found["length"].to_list()[-100:]) == sorted(last["episode_lengths"])
    assert sorted(found["reward"].to_list()[-100:]) == sorted(last["episode_reward"])


@needs_shared_data
@pytest.mark.parametrize("trial", ["model1_ppo_it_1_50", "model3_ppo_it_1_50"])
def test_public_results_agree_with_their_tables(trial: str) -> None:
    lines = one_table(JSON.read(log_file(PUBLIC / trial / "result.json"), None))
    table = one_table(CSV.read(log_file(PUBLIC / trial / "progress.csv"), None))
    assert set(table.columns) == set(lines.columns)
    assert table.width == 39
    # The table holds float32 numbers as NumPy prints them, the lines as doubles.
    assert_frame_equal(lines.select(table.columns), table, rel_tol=1e-6)


@needs_shared_data
def test_public_tables_alone() -> None:
    chunk = CSV.read(log_file(PUBLIC / "model1_ppo_gpu_it_1001_2000" / "progress.csv"), None)
    table = one_table(chunk)
    assert table["step"].to_list() == list(range(1001, 2001))
    assert table["wall_time"].min() > 1.6e9  # type: ignore[operator]
    assert table["episode_reward_mean"].null_count() == 0
    first = one_table(CSV.read(log_file(PUBLIC / "model1_ppo_gpu_it_1_1000" / "progress.csv"), None))
    assert math.isnan(first["episode_reward_mean"][0])
    assert chunk.samples is not None
    assert chunk.samples.height == 1580  # its sum of episodes_this_iter
    assert chunk.issues == ()
