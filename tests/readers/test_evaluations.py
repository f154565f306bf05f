from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcompare as rlc
from rlcompare.readers import evaluations
from rlcompare.readers.base import Chunk
from rlcompare.readers.evaluations import READER, read
from tests.logs import SHARED_DATA, needs_shared_data
from tests.readers.files import GOLDEN, claimed_run, golden_logs, log_file, written


def npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def read_bytes(folder: Path, data: bytes) -> Chunk:
    return read(written(folder / "evaluations.npz", data), None)


def read_arrays(folder: Path, **arrays: Any) -> Chunk:
    return read_bytes(folder, npz(**arrays))


def only_error(chunk: Chunk) -> str:
    assert chunk.tables == ()
    (issue,) = chunk.issues
    assert (issue.severity, issue.path) == ("error", "evaluations.npz")
    return issue.message


# --- what NumPy says


@pytest.mark.parametrize("case", ["ppo", "successes"])
def test_golden(case: str) -> None:
    folder = GOLDEN / "evaluations" / case
    chunk = read(log_file(folder / "evaluations.npz"), None)
    assert chunk.tables[0].to_dict(as_series=False) == json.loads((folder / "expected.json").read_text())
    assert (chunk.issues, chunk.step_unit, chunk.framework) == ((), "env step", "Stable-Baselines3")
    assert claimed_run(READER, log_file(folder / "evaluations.npz", folder.parent)) == case


def test_the_spread_is_the_population_standard_deviation(tmp_path: Path) -> None:
    table = read_arrays(tmp_path, timesteps=[5], results=[[1.0, 3.0]], ep_lengths=[[10, 20]]).tables[0]
    assert table.row(0, named=True) == {
        "step": 5,
        "eval/mean_reward": 2.0,
        "eval/std_reward": 1.0,
        "eval/mean_ep_length": 15.0,
    }


def test_results_with_a_trailing_axis(tmp_path: Path) -> None:
    results = np.arange(10, dtype=np.float32).reshape(2, 5, 1)
    table = read_arrays(tmp_path, timesteps=[1, 2], results=results).tables[0]
    assert table["eval/mean_reward"].to_list() == [2.0, 7.0]
    assert table.columns == ["step", "eval/mean_reward", "eval/std_reward"]


@needs_shared_data
def test_public_runs() -> None:
    paths = sorted((SHARED_DATA / "sb3-zoo").rglob("evaluations.npz"))
    assert len(paths) == 32
    for path in paths:
        chunk = read(log_file(path), None)
        with np.load(path) as arrays:
            results = arrays["results"].astype(float).reshape(len(arrays["timesteps"]), -1)
            assert chunk.tables[0]["step"].to_list() == arrays["timesteps"].tolist()
            assert chunk.tables[0]["eval/mean_reward"].to_list() == results.mean(axis=1).tolist()
            assert chunk.tables[0]["eval/std_reward"].to_list() == results.std(axis=1).tolist()
            assert chunk.tables[0]["eval/mean_ep_length"].to_list() == arrays["ep_lengths"].mean(axis=1).tolist()
        assert chunk.issues == ()


# --- bad input


def test_empty_file(tmp_path: Path) -> None:
    assert "0 bytes" in only_error(read_bytes(tmp_path, b""))


def test_binary_rubbish(tmp_path: Path) -> None:
    assert "Expected a NumPy .npz archive" in only_error(read_bytes(tmp_path, bytes(range(256)) * 40))


def test_half_an_archive(tmp_path: Path) -> None:
    data = (GOLDEN / "evaluations" / "ppo" / "evaluations.npz").read_bytes()
    assert "Hint:" in only_error(read_bytes(tmp_path, data[: len(data) // 2]))


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    """The archive's CRC is checked, so that a wrong number never comes through."""
    data = bytearray(npz(timesteps=[1, 2], results=[[1.5, 2.5], [3.5, 4.5]]))
    data[data.index(np.float64(3.5).tobytes()) + 7] ^= 1
    assert "CRC" in only_error(read_bytes(tmp_path, bytes(data)))


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_any_damage_gives_issues_or_the_right_numbers(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = (GOLDEN / "evaluations" / "successes" / "evaluations.npz").read_bytes()
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.sampled_from([len(whole), len(whole), 700, 30]))
    chunk = read_bytes(tmp_path_factory.mktemp("npz"), bytes(broken[:cut]))
    assert chunk.tables or chunk.issues
    expected = json.loads((GOLDEN / "evaluations" / "successes" / "expected.json").read_text())
    for table in chunk.tables:
        for name, values in table.to_dict(as_series=False).items():
            assert values == expected[name]


def test_pickles_are_never_opened(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "opened",))

    ragged = np.empty(2, dtype=object)
    ragged[:] = [Trap(), [1.0]]
    message = only_error(read_arrays(tmp_path, timesteps=[1, 2], results=ragged))
    assert "pickle" in message
    assert not (tmp_path / "opened").exists()


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("timesteps.npy", b"\0" * (evaluations.MAX_ARRAY_BYTES + 1))
    assert len(stream.getvalue()) < 100_000
    assert "at most" in only_error(read_bytes(tmp_path, stream.getvalue()))


def test_a_member_that_lies_about_its_size(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("timesteps.npy", b"\0" * 50_000_000)
    data = stream.getvalue().replace((50_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    only_error(read_bytes(tmp_path, data))


def test_a_header_that_asks_for_all_memory(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("timesteps.npy", stream.getvalue())
    assert "came 0 bytes" in only_error(read_bytes(tmp_path, packed.getvalue()))


def test_missing_arrays_are_named(tmp_path: Path) -> None:
    assert "'results'" in only_error(read_arrays(tmp_path, timesteps=[1], other=[2]))
    assert "'timesteps'" in only_error(read_arrays(tmp_path, results=[[1.0]]))


def test_lengths_that_do_not_fit(tmp_path: Path) -> None:
    assert "2 evaluations" in only_error(read_arrays(tmp_path, timesteps=[1, 2], results=[[1.0]]))
    only_error(read_arrays(tmp_path, timesteps=[1, 2], results=np.float64(1.0)))


def test_a_side_array_that_does_not_fit_costs_only_itself(tmp_path: Path) -> None:
    """EvalCallback appends successes only where the environment told of one, so there may be fewer."""
    chunk = read_arrays(tmp_path, timesteps=[1, 2], results=[[1.0], [2.0]], ep_lengths=[[7], [8]], successes=[[True]])
    assert chunk.tables[0].columns == ["step", "eval/mean_reward", "eval/std_reward", "eval/mean_ep_length"]
    (issue,) = chunk.issues
    assert (issue.place, issue.severity) == ("array successes", "warning")
    assert "eval/success_rate was left out" in issue.message


def test_text_instead_of_numbers(tmp_path: Path) -> None:
    assert "dtype" in only_error(read_arrays(tmp_path, timesteps=["a"], results=[[1.0]]))


def test_no_evaluation_and_no_episode(tmp_path: Path) -> None:
    assert read_arrays(tmp_path, timesteps=np.zeros(0), results=np.zeros((0, 3))).tables[0].height == 0
    table = read_arrays(tmp_path, timesteps=[4], results=np.zeros((1, 0))).tables[0]
    assert table.row(0) == (4, None, None)


def test_nan_and_infinity(tmp_path: Path) -> None:
    table = read_arrays(tmp_path, timesteps=[1, 2], results=[[np.nan, 1.0], [np.inf, 1.0]]).tables[0]
    assert np.isnan(table["eval/mean_reward"][0])
    assert table["eval/mean_reward"][1] == np.inf
    assert np.isnan(table["eval/std_reward"][1])


@pytest.mark.parametrize("steps", [[1.5], [np.nan], [np.inf], [1e300]])
def test_steps_that_are_no_whole_numbers(tmp_path: Path, steps: list[float]) -> None:
    assert "whole numbers" in only_error(read_arrays(tmp_path, timesteps=steps, results=[[1.0]]))


def test_a_file_that_shrinks_while_read(tmp_path: Path) -> None:
    file = written(tmp_path / "evaluations.npz", npz(timesteps=[1], results=[[1.0]]))
    file.path.write_bytes(file.path.read_bytes()[:40])
    only_error(read(file, None))


# --- samples


@pytest.mark.parametrize("case", ["ppo", "successes"])
def test_golden_samples_are_the_episodes(case: str) -> None:
    path = GOLDEN / "evaluations" / case / "evaluations.npz"
    samples = read(log_file(path), None).samples
    assert samples is not None
    with np.load(path) as arrays:
        n = arrays["results"].shape[1]
        assert samples["step"].to_list() == np.repeat(arrays["timesteps"], n).tolist()
        assert samples["reward"].to_list() == arrays["results"].reshape(-1).tolist()
        assert samples["length"].to_list() == arrays["ep_lengths"].reshape(-1).astype(float).tolist()
        correct = arrays["successes"].reshape(-1).tolist() if case == "successes" else [None] * len(samples)
        assert samples["correct"].to_list() == correct
    assert set(samples["split"]) == {"validation"}
    assert set(samples["length_unit"]) == {"env step"}
    assert samples["wall_time"].null_count() == len(samples)


def test_samples_of_results_with_a_trailing_axis(tmp_path: Path) -> None:
    results = np.arange(4, dtype=np.float32).reshape(2, 2, 1)
    samples = read_arrays(tmp_path, timesteps=[10, 20], results=results, ep_lengths=[[1, 2], [3, 4]]).samples
    assert samples is not None
    assert samples.select("step", "reward", "length").rows() == [(10, 0, 1), (10, 1, 2), (20, 2, 3), (20, 3, 4)]


def test_lengths_of_other_episodes_are_not_those_of_the_samples(tmp_path: Path) -> None:
    chunk = read_arrays(tmp_path, timesteps=[1], results=[[1.0, 2.0]], ep_lengths=[[7]], successes=[[1.0, np.nan]])
    assert chunk.tables[0]["eval/mean_ep_length"].to_list() == [7.0]
    assert chunk.samples is not None
    assert chunk.samples.select("reward", "length", "correct").rows() == [(1.0, None, True), (2.0, None, None)]


def test_no_episode_no_sample(tmp_path: Path) -> None:
    assert read_arrays(tmp_path, timesteps=[4], results=np.zeros((1, 0))).samples.height == 0  # type: ignore[union-attr]
    assert read_bytes(tmp_path, b"").samples is None


def test_a_run_lists_its_evaluated_episodes(tmp_path: Path) -> None:
    runs = rlc.open_runs(golden_logs("evaluations/successes", tmp_path), cache=tmp_path / "cache")
    expected = json.loads((GOLDEN / "evaluations" / "successes" / "expected.json").read_text())
    found = runs.samples().group_by("step", maintain_order=True).agg(pl.col("reward", "correct").mean())
    assert found["step"].to_list() == expected["step"]
    assert found["reward"].to_list() == pytest.approx(expected["eval/mean_reward"])
    assert found["correct"].to_list() == pytest.approx(expected["eval/success_rate"])
