"""The TensorBoard reader: golden files against EventAccumulator, which run a file is part of, and bad input."""

from __future__ import annotations

import json
import math
from pathlib import Path, PurePosixPath

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlcompare.readers.base import Chunk, Claim, Folder, Resume
from rlcompare.readers.tensorboard import READER
from tests.logs import SHARED_DATA, needs_shared_data
from tests.readers import tfevents_writer as w
from tests.readers.files import GOLDEN, log_file, read_grown, written

NAME = "events.out.tfevents.1700000000.host.1.0"
CASES = sorted(path.parent for path in (GOLDEN / "tensorboard").glob("*/expected.json"))

Curves = dict[str, list[tuple[int, float, float]]]


def curves(*chunks: Chunk) -> Curves:
    """Each tag's (step, wall time, value)s, as they stand in the tables one after the other."""
    found: Curves = {}
    for chunk in chunks:
        for table in chunk.tables:
            for tag in table.columns[2:]:
                found.setdefault(tag, []).extend(table.select("step", "wall_time", tag).drop_nulls(tag).iter_rows())
    return found


def same(found: float, expected: float) -> bool:
    return found == expected or (math.isnan(found) and math.isnan(expected))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden(case: Path) -> None:
    expected = json.loads((case / "expected.json").read_text())
    assert expected
    for path, tags in expected.items():
        chunk = READER.read(log_file(case / path), None)
        assert (chunk.issues, chunk.pending) == ((), None)
        assert chunk.offset == (case / path).stat().st_size
        found = curves(chunk)
        assert found.keys() == tags.keys()
        for tag, points in tags.items():
            assert len(found[tag]) == len(points), tag
            for (step, wall_time, value), (true_step, true_time, true_value) in zip(found[tag], points, strict=True):
                assert step == true_step
                assert same(value, true_value), (tag, step)
                if not case.name.startswith(("torch", "tensorboardx")):
                    assert wall_time == true_time


@pytest.mark.parametrize("case", ["torch", "tensorboardx"])
def test_golden_wall_times_are_those_of_the_first_record_of_a_row(case: str) -> None:
    folder = GOLDEN / "tensorboard" / case
    [(path, tags)] = json.loads((folder / "expected.json").read_text()).items()
    first: dict[tuple[int, int], float] = {}
    for points in tags.values():
        seen: dict[int, int] = {}
        for step, wall_time, _ in points:
            nth = seen[step] = seen.get(step, -1) + 1
            first[step, nth] = min(wall_time, first.get((step, nth), math.inf))
    for points in curves(READER.read(log_file(folder / path), None)).values():
        seen = {}
        for step, wall_time, _ in points:
            nth = seen[step] = seen.get(step, -1) + 1
            assert wall_time == first[step, nth]


def test_golden_settings_and_frameworks() -> None:
    cleanrl = READER.read(log_file(GOLDEN / "tensorboard" / "torch" / "log" / NAME), None)
    assert cleanrl.config == {
        "exp_name": "ppo",
        "seed": 3,
        "learning_rate": 2.5e-4,
        "anneal_lr": True,
        "target_kl": None,
        "env_id": "CartPole-v1",
    }
    assert (cleanrl.framework, cleanrl.step_unit) == ("CleanRL", "env step")
    folder = GOLDEN / "tensorboard" / "hugging_face" / "log" / "out" / "runs" / "Nov05_09-08-07_host"
    trl = READER.read(log_file(folder / NAME), None)
    assert trl.config == {
        "output_dir": "out",
        "seed": 7,
        "learning_rate": 1e-6,
        "num_train_epochs": 3.0,
        "per_device_train_batch_size": 8,
        "bf16": trl.config["bf16"],
    }
    assert (trl.framework, trl.step_unit) == ("TRL", "step")
    hparams = READER.read(
        log_file(GOLDEN / "tensorboard" / "torch_folders" / "log" / "exp1" / "1700000000.125" / NAME), None
    )
    assert hparams.config == {"lr": 1e-3, "batch": 64, "algo": "ppo", "anneal": True}
    assert curves(hparams)["hparam/final"][0][2] == 0.75


def claims(root: Path) -> dict[str, Claim]:
    """Walk a log folder as the store does and claim its event files."""
    found: dict[str, Claim] = {}
    stack: list[tuple[Path, Folder | None]] = [(root, None)]
    while stack:
        path, parent = stack.pop()
        names = frozenset(entry.name for entry in path.iterdir() if entry.is_file())
        folder = Folder(PurePosixPath(path.relative_to(root).as_posix()), names, parent)
        stack += [(entry, folder) for entry in path.iterdir() if entry.is_dir()]
        for name in names:
            file = log_file(path / name, root)
            claim = READER.claim(file, folder)
            if claim is not None:
                found[str(file.relative)] = claim
    return found


def test_add_scalars_and_add_hparams_of_torch_make_no_runs() -> None:
    assert claims(GOLDEN / "tensorboard" / "torch_folders" / "log") == {
        f"exp1/{NAME}": Claim(PurePosixPath("exp1")),
        f"exp1/1700000000.125/{NAME}": Claim(PurePosixPath("exp1"), "hparams/{}"),
        f"exp1/loss_parts (all)_policy/{NAME}": Claim(PurePosixPath("exp1"), "{}/policy"),
        f"exp1/loss_parts (all)_value/{NAME}": Claim(PurePosixPath("exp1"), "{}/value"),
    }


def test_add_scalars_and_add_hparams_of_tensorboardx_make_no_runs() -> None:
    assert claims(GOLDEN / "tensorboard" / "tensorboardx_folders" / "log") == {
        f"exp1/{NAME}": Claim(PurePosixPath("exp1")),
        f"exp1/1700000000.125/{NAME}": Claim(PurePosixPath("exp1"), "hparams/{}"),
        f"exp1/loss/parts/train/{NAME}": Claim(PurePosixPath("exp1"), "{}/train"),
        f"exp1/loss/parts/value/{NAME}": Claim(PurePosixPath("exp1"), "{}/value"),
    }


def test_hugging_face_runs_are_the_output_folder(tmp_path: Path) -> None:
    root = GOLDEN / "tensorboard" / "hugging_face" / "log"
    stamp = "Nov05_09-08-07_host"
    assert claims(root) == {f"out/runs/{stamp}/{NAME}": Claim(PurePosixPath("out"))}
    assert claims(root / "out") == {f"runs/{stamp}/{NAME}": Claim(PurePosixPath("."))}
    assert claims(root / "out" / "runs") == {f"{stamp}/{NAME}": Claim(PurePosixPath(stamp))}
    # torch's own default folders look alike and are a run each.
    for host in ("a", "b"):
        written(tmp_path / "runs" / f"Nov05_09-08-07_{host}" / NAME, w.log_of(w.loop(["loss"], range(3))))
    assert {claim.run for claim in claims(tmp_path).values()} == {
        PurePosixPath("runs/Nov05_09-08-07_a"),
        PurePosixPath("runs/Nov05_09-08-07_b"),
    }


def test_parts_of_a_run_and_runs_of_their_own(tmp_path: Path) -> None:
    data = w.log_of(w.loop(["loss", "reward"], range(3)))
    for folder in (
        "keras/train",
        "keras/validation",
        "runs/CartPole-v1__ppo__1__1700000000",
        "runs/CartPole-v1__ppo__2__1700000000",
        "times/1700000000.5",
        "nested",
        "nested/loss_child",
        "nested/other",
    ):
        written(tmp_path / folder / NAME, data)
    written(tmp_path / "nested" / f"{NAME}.profile-empty", b"")
    written(tmp_path / "nested" / "notes.txt", b"tfevents")
    found = {
        str(PurePosixPath(path).parent): (str(claim.run), claim.rename) for path, claim in claims(tmp_path).items()
    }
    assert found == {
        "keras/train": ("keras", "train/{}"),
        "keras/validation": ("keras", "validation/{}"),
        "runs/CartPole-v1__ppo__1__1700000000": ("runs/CartPole-v1__ppo__1__1700000000", "{}"),
        "runs/CartPole-v1__ppo__2__1700000000": ("runs/CartPole-v1__ppo__2__1700000000", "{}"),
        # A run named after the time it began, without the hparams that add_hparams writes.
        "times/1700000000.5": ("times/1700000000.5", "{}"),
        "nested": ("nested", "{}"),
        # Two tags: not what add_scalars writes.
        "nested/loss_child": ("nested/loss_child", "{}"),
        "nested/other": ("nested/other", "{}"),
    }


def test_a_run_below_a_run_with_another_tag_is_its_own(tmp_path: Path) -> None:
    data = w.log_of(w.loop(["reward"], range(3)))
    for folder in ("a", "a/b", "a/rewarding", "a/reward_x"):
        written(tmp_path / folder / NAME, data)
    assert {str(claim.run) for claim in claims(tmp_path).values()} == {"a", "a/b", "a/rewarding"}


def test_names_with_anything_in_them(tmp_path: Path) -> None:
    folder = "a b/ü%:<script>/{}"
    file = written(tmp_path / folder / NAME, w.log_of(w.loop(["<b>ä {} %</b>"], range(2))))
    assert {str(claim.run) for claim in claims(tmp_path).values()} == {folder}
    assert curves(READER.read(file, None)).keys() == {"<b>ä {} %</b>"}


LOGGED = [
    *w.loop(["a/x", "c"], range(126, 130)),
    w.Logged("episode", 131, 5.0, 1.0),
    w.Logged("episode", 131, 6.0, math.nan),
    *w.loop(["a/x", "c"], range(131, 133)),
]


def test_every_prefix_reads_a_prefix_and_resumes_to_the_whole(tmp_path: Path) -> None:
    path = tmp_path / NAME
    data = w.log_of(LOGGED)
    whole = curves(READER.read(written(path, data), None))
    ends = [len(w.version_record())]
    for logged in LOGGED:
        ends.append(ends[-1] + len(w.scalar_record(logged)))
    for cut in range(len(data) + 1):
        first, rest = read_grown(READER, path, data, [cut])
        assert first.offset == max((end for end in ends if end <= cut), default=0)
        assert (first.pending is None) == (cut in ends)
        assert (first.issues, rest.issues, rest.pending) == ((), (), None)
        for found in (curves(first), curves(first, rest)):
            for tag, points in found.items():
                assert str([(step, value) for step, _, value in points]) == str(
                    [(step, value) for step, _, value in whole[tag][: len(points)]]
                )
        assert {tag: len(points) for tag, points in curves(first, rest).items()} == {
            tag: len(points) for tag, points in whole.items()
        }


@given(st.lists(st.integers(0, 40_000), max_size=5))
@settings(max_examples=40, deadline=None)
def test_a_growing_log_read_at_any_times(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    logged = w.loop([f"tag{i}" for i in range(10)], range(1, 70))
    data = w.log_of(logged)
    chunks = read_grown(READER, tmp_path_factory.mktemp("log") / NAME, data, [min(cut, len(data)) for cut in cuts])
    for tag, points in curves(*chunks).items():
        assert [(step, value) for step, _, value in points] == [(o.step, o.value) for o in logged if o.tag == tag]


def test_a_row_cut_by_the_end_of_a_read_becomes_two(tmp_path: Path) -> None:
    logged = w.loop(["a", "b"], range(1, 3))
    data = w.log_of(logged)
    chunks = read_grown(READER, tmp_path / NAME, data, [len(data) - 3])
    tables = [
        table.select("step", "a", "b") if "a" in table.columns else table.select("step", "b")
        for c in chunks
        for table in c.tables
    ]
    assert pl.concat(tables, how="diagonal").rows() == [(1, 0.5, 1.5), (2, 1.0, None), (2, None, 2.0)]


def test_an_empty_file_is_a_note(tmp_path: Path) -> None:
    chunk = READER.read(written(tmp_path / NAME, b""), None)
    assert (chunk.tables, chunk.offset, chunk.issues) == ((), 0, ())
    assert chunk.pending is not None
    assert chunk.pending.severity == "note"
    assert "empty" in chunk.pending.message


def test_half_a_record_is_held_back(tmp_path: Path) -> None:
    data = w.log_of(w.loop(["a"], range(3)))
    chunk = READER.read(written(tmp_path / NAME, data[:-7]), None)
    assert [step for step, _, _ in curves(chunk)["a"]] == [0, 1]
    assert chunk.issues == ()
    assert chunk.pending is not None
    assert chunk.pending.severity == "note"
    assert chunk.pending.place == f"byte {chunk.offset}"


def test_a_damaged_record_is_an_issue_with_its_place(tmp_path: Path) -> None:
    data = bytearray(w.log_of(w.loop(["a"], range(3))))
    size = len(w.scalar_record(w.Logged("a", 1, 1.0, 1.0)))
    data[-size - 5] ^= 1
    chunk = READER.read(written(tmp_path / NAME, bytes(data)), None)
    assert [step for step, _, _ in curves(chunk)["a"]] == [0, 2]
    [issue] = chunk.issues
    assert (issue.path, issue.place, issue.severity) == (NAME, f"byte {len(data) - 2 * size}", "warning")
    assert "damaged" in issue.message


def test_rubbish_is_an_error_and_nothing_is_consumed(tmp_path: Path) -> None:
    chunk = READER.read(written(tmp_path / NAME, bytes(range(256)) * 100), None)
    assert (chunk.tables, chunk.offset) == ((), 0)
    assert chunk.pending is not None
    assert chunk.pending.severity == "error"
    assert "Hint:" in chunk.pending.message


def test_a_hole_of_zeros_is_read_once_it_is_filled(tmp_path: Path) -> None:
    data = w.log_of(w.loop(["a"], range(100)))
    half = 3000
    first = READER.read(written(tmp_path / NAME, data[:half] + bytes(len(data) - half)), None)
    assert first.offset <= half
    assert first.pending is not None
    assert first.pending.severity == "warning"
    rest = READER.read(written(tmp_path / NAME, data), Resume(first.offset, {}))
    assert [step for step, _, _ in curves(first, rest)["a"]] == list(range(100))


def test_many_issues_are_counted(tmp_path: Path) -> None:
    records = [bytearray(w.scalar_record(one)) for one in w.loop(["a", "b"], range(100))]
    for record in records[::2]:
        record[-1] ^= 1
    chunk = READER.read(written(tmp_path / NAME, b"".join(records)), None)
    assert len(chunk.issues) == 21
    assert "80 more" in chunk.issues[-1].message


def test_a_file_that_vanished_is_an_oserror(tmp_path: Path) -> None:
    file = written(tmp_path / NAME, b"")
    file.path.unlink()
    with pytest.raises(FileNotFoundError):
        READER.read(file, None)


def test_ten_thousand_tags(tmp_path: Path) -> None:
    tags = [f"layer_{i}/norm" for i in range(10_000)]
    chunk = READER.read(written(tmp_path / NAME, w.log_of(w.loop(tags, range(3)))), None)
    [table] = chunk.tables
    assert table.shape == (3, 10_002)
    assert table["layer_9999/norm"].to_list() == [9999.0, 9999.5, 10_000.0]


@given(st.binary(max_size=3000))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_a_chunk(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = written(tmp_path_factory.mktemp("log") / NAME, data)
    chunk = READER.read(file, None)
    assert chunk.offset <= len(data)
    assert data == b"" or chunk.pending is not None or chunk.offset == len(data)


@pytest.mark.parametrize(
    ("text", "settings_"),
    [
        ("|param|value|\n|-|-|\n|a|1|\n|b|x|y|\n|c||", {"a": 1, "b": "x|y", "c": ""}),
        ("| Param | Value |\n| :-- | --: |\n| lr | 1e-3 |\n| n | 1_000 |\n| nan | nan |", {"lr": 1e-3, "n": "1_000"}),
        ('{"a": {"b": [1, 2]}, "c": null}', {"a.b": "[1, 2]", "c": None}),
        ("[1, 2]", {}),
        ("{" * 100_000, {}),
        ('{"a": ' * 100_000, {}),
        ("no settings", {}),
    ],
)
def test_settings_in_texts(tmp_path: Path, text: str, settings_: dict[str, object]) -> None:
    data = w.frame(w.event(0, 1.0, w.text("hyperparameters/text_summary", text)))
    config = READER.read(written(tmp_path / NAME, data), None).config
    if "nan" in config:
        assert math.isnan(float(str(config.pop("nan"))))
    assert config == settings_


def test_texts_that_are_no_settings_are_left_alone(tmp_path: Path) -> None:
    data = w.frame(w.event(0, 1.0, w.text("completions/text_summary", '{"prompt": "x"}')))
    assert READER.read(written(tmp_path / NAME, data), None).config == {}
    data = w.frame(w.event(0, 1.0, w.text("model_config/text_summary", '{"hidden_size": 64}')))
    assert READER.read(written(tmp_path / NAME, data), None).config == {"model_config.hidden_size": 64}


def test_the_later_text_wins(tmp_path: Path) -> None:
    records = [w.frame(w.event(0, 1.0, w.text("config", json.dumps({"seed": n, "x" * n: n})))) for n in (1, 2, 30, 4)]
    config = READER.read(written(tmp_path / NAME, b"".join(records)), None).config
    assert config["seed"] == 4


def test_tune_without_env_steps_counts_iterations(tmp_path: Path) -> None:
    file = written(tmp_path / NAME, w.log_of(w.loop(["ray/tune/episode_reward_mean"], range(1, 4))))
    assert READER.read(file, None).step_unit == "iteration"


@needs_shared_data
def test_real_files_hold_what_their_tables_say() -> None:
    """RLlib logs each iteration both to progress.csv and to its event file."""
    folder = SHARED_DATA / "rllib" / "Jorgitou98_Accelerating-RLlib-Models" / "ray_results" / "model1_ppo_it_1_50"
    [path] = folder.glob("events.out.tfevents.*")
    chunk = READER.read(log_file(path), None)
    assert (chunk.issues, chunk.pending, chunk.framework) == ((), None, "RLlib")
    # Tune's TensorBoard logger counts env steps where there are any, its tables iterations.
    assert chunk.step_unit == "env step"
    [table] = chunk.tables
    assert table["step"].to_list() == table["ray/tune/timesteps_total"].to_list()
    progress = pl.read_csv(folder / "progress.csv", infer_schema_length=None)
    found = {tag: [value for _, _, value in points] for tag, points in curves(chunk).items()}
    for key in ("episode_len_mean", "timers/learn_time_ms", "timesteps_total"):
        assert found[f"ray/tune/{key}"] == pytest.approx(progress[key].cast(pl.Float64).to_list(), rel=1e-6)
