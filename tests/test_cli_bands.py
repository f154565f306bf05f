"""``rlcompare bands``: groups of runs, and what standard error says of them."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from rlcompare import schema
from rlcompare.cli import main

#: Student's t of two degrees of freedom at 95 %.
T_2 = 4.302652729911275


def write_run(folder: Path, rewards: Sequence[float], *, key: str = "reward", every: int = 1, **config: object) -> None:
    """Write a run with a reward every so many steps; the key ``critic/score/mean`` makes it count verl's steps."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    rows = [f"{every * row},{value}" for row, value in enumerate(rewards, 1)]
    (folder / "log.csv").write_text("\n".join([f"step,{key}", *rows, ""]))


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    for seed, level in enumerate((1.0, 2.0, 6.0)):
        write_run(tmp_path / f"ppo-seed{seed}", [level, level + 1], seed=seed, algo="ppo")
    for seed, level in enumerate((10.0, 12.0)):
        write_run(tmp_path / f"a2c-seed{seed}", [level, level], seed=seed, algo="a2c")
    return tmp_path


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["bands", *(str(argument) for argument in arguments), "--metric", "reward"])


def frame_of(done: Result) -> pl.DataFrame:
    assert done.exit_code == 0, done.stderr
    return pl.read_csv(io.BytesIO(done.stdout_bytes), schema=schema.BAND)


def test_each_group_is_a_mean_with_a_t_interval_by_default(logs: Path) -> None:
    done = call(logs, "--run", "ppo*")
    assert done.stdout.splitlines()[0] == "group,metric,step,center,lower,upper,n_runs"
    frame = frame_of(done)
    assert frame.drop("lower", "upper").rows() == [
        ("ppo", "reward", 1.0, 3.0, 3),
        ("ppo", "reward", 2.0, 4.0, 3),
    ]
    half = T_2 * (7.0 / 3) ** 0.5
    assert frame["lower"].to_list() == pytest.approx([3 - half, 4 - half])
    assert frame["upper"].to_list() == pytest.approx([3 + half, 4 + half])
    assert done.stderr == (
        "rlcompare: reward of ppo: mean of 3 runs, 95 % Student-t interval; at the logged steps (unknown unit)\n"
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--group-by", "seed"], {"ppo": 3.0, "a2c": 11.0}),
        (["--group-by", "framework"], {"unknown framework": 31 / 5}),
        (["--group-by", "config:algo"], {"algo=ppo": 3.0, "algo=a2c": 11.0}),
        (["--group-by", "config:algo,seed", "--run", "a2c*"], {"algo=a2c, seed=0": 10.0, "algo=a2c, seed=1": 12.0}),
        (["--group-by", "name:seed[:0]"], {"seed0": 5.5, "(no match)": 20 / 3}),
        (["--run", "ppo*", "--center", "median", "--band", "minmax"], {"ppo": 2.0}),
        (["--baseline", "a2c"], {"ppo": -8.0}),
        (["--run", "a2c-seed1*"], {"a2c": 12.0}),
    ],
)
def test_who_is_in_which_group(logs: Path, arguments: list[str], expected: dict[str, float]) -> None:
    first = frame_of(call(logs, *arguments)).filter(pl.col("step") == 1)
    assert dict(first.select("group", "center").rows()) == pytest.approx(expected)


def test_a_difference_names_its_baseline_and_the_level(logs: Path) -> None:
    done = call(logs, "--baseline", "a2c", "--level", "0.9")
    assert "mean of 3 runs, difference to a2c (mean of 2 runs), 90 % Welch-t interval" in done.stderr


@pytest.mark.parametrize(
    ("ends", "steps", "counts", "told"),
    [
        ("common", [2, 4], [2, 2], "only what all cover is kept"),
        ("carry", [2, 4, 6], [2, 2, 2], "their last value is carried on"),
        ("shrink", [2, 4, 6], [2, 2, 1], "whoever is there counts"),
    ],
)
def test_what_ends_early_is_named(tmp_path: Path, ends: str, steps: list[float], counts: list[int], told: str) -> None:
    write_run(tmp_path / "seed0", [1.0, 2.0, 3.0], every=2, seed=0, algo="ppo")
    write_run(tmp_path / "seed1", [3.0, 4.0], every=2, seed=1, algo="ppo")
    done = call(tmp_path, "--ends", ends, "--group-by", "config:algo")
    assert frame_of(done).select("step", "n_runs").rows() == list(zip(steps, counts, strict=True))
    assert f"; ending early: seed1 (at 4), {told}\n" in done.stderr


def test_interpolation_is_told_with_its_distance(tmp_path: Path) -> None:
    write_run(tmp_path / "seed0", [0.0, 4.0, 8.0], every=4, key="critic/score/mean", algo="ppo")
    write_run(tmp_path / "seed1", [1.0, 3.0, 5.0, 7.0, 9.0, 11.0], every=2, key="critic/score/mean", algo="ppo")
    done = call(tmp_path, "--group-by", "config:algo")
    assert frame_of(done).select("step", "center").rows() == [
        (4.0, 1.5),
        (6.0, 3.5),
        (8.0, 5.5),
        (10.0, 7.5),
        (12.0, 9.5),
    ]
    assert "; interpolated at multiples of 2 steps\n" in done.stderr


def test_runs_are_smoothed_before_and_the_group_is_thinned_after(tmp_path: Path) -> None:
    for seed in (0, 1):
        rewards = [100.0 * (step == 300) + seed for step in range(1, 1001)]
        write_run(tmp_path / f"seed{seed}", rewards, seed=seed, algo="ppo")
    by = ("--group-by", "config:algo")
    whole = frame_of(call(tmp_path, *by, "--smooth", "mean:4:axis"))
    thinned = frame_of(call(tmp_path, *by, "--smooth", "mean:4:axis", "--points", "22"))
    assert whole.height == 1000
    assert thinned.height < 100
    assert thinned.join(whole, on=whole.columns).height == thinned.height
    assert thinned["center"].max() == 25.5, "a spike of 100 over 4 steps, on 0 and 1"
    assert thinned["step"].to_list()[:: thinned.height - 1] == [1.0, 1000.0]


def test_one_run_has_no_band(logs: Path, tmp_path: Path) -> None:
    target = tmp_path / "bands.parquet"
    done = call(logs, "--run", "ppo-seed2*", "--format", "parquet", "-o", target)
    assert (done.exit_code, done.stdout) == (0, "")
    frame = pl.read_parquet(target)
    assert frame.schema == schema.BAND
    assert frame.drop("group", "metric").rows() == [(1.0, 6.0, None, None, 1), (2.0, 7.0, None, None, 1)]
    assert "no band (fewer than 2 runs)" in done.stderr
    rows = json.loads(call(logs, "--run", "ppo-seed2*", "--format", "json").stdout)
    assert rows[0] == {
        "group": "ppo",
        "metric": "reward",
        "step": 1.0,
        "center": 6.0,
        "lower": None,
        "upper": None,
        "n_runs": 1,
    }


def test_runs_without_a_common_stretch_have_no_rows(tmp_path: Path) -> None:
    write_run(tmp_path / "seed0", [1.0, 2.0], seed=0, algo="ppo")
    write_run(tmp_path / "seed1", [3.0], every=9, seed=1, algo="ppo")
    done = call(tmp_path, "--group-by", "config:algo", "--points", "11")
    assert frame_of(done).is_empty()
    assert "mean of no runs, no band" in done.stderr


def test_a_formula_comes_beside_its_metrics(logs: Path) -> None:
    done = call(logs, "--run", "ppo*", "--metric", "2 * reward")
    centers = frame_of(done).select("metric", "step", "center").rows()
    assert centers == [("2 * reward", 1.0, 6.0), ("2 * reward", 2.0, 8.0), ("reward", 1.0, 3.0), ("reward", 2.0, 4.0)]
    assert [line.partition(" of ")[0] for line in done.stderr.splitlines()] == [
        "rlcompare: 2 * reward",
        "rlcompare: reward",
    ]


def test_units_of_steps_are_never_mixed(logs: Path) -> None:
    write_run(logs / "verl-seed0", [0.5], key="critic/score/mean", algo="ppo")
    mixed = call(logs, "--group-by", "config:algo")
    assert (mixed.exit_code, mixed.stdout) == (1, "")
    assert mixed.stderr == (
        "rlcompare: Expected one unit of steps in the group 'algo=ppo'; got unknown unit (ppo-seed0), "
        "step (verl-seed0). Hint: --run chooses runs of one unit, and --group-by seed keeps units apart.\n"
    )
    apart = call(logs)
    assert [line.rpartition("; ")[2] for line in apart.stderr.splitlines()] == [
        "at the logged steps (unknown unit)",
        "at the logged steps (unknown unit)",
        "at the logged steps",
    ]
    difference = call(logs, "--baseline", "ppo")
    assert (difference.exit_code, difference.stdout) == (1, "")
    assert "Expected steps of the unit of the baseline 'ppo', unknown unit; got step in 'verl'" in difference.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--group-by", "sed"], 1, "got 'sed'. Hint: config:learning_rate"),
        (["--group-by", "config:"], 1, "got 'config:'"),
        (["--group-by", "config:allgo"], 1, "got 'allgo'. Hint: did you mean algo?"),
        (["--group-by", "name:("], 1, "Expected a regular expression"),
        (["--center", "median"], 1, "got 't'. Hint: choose one of none, minmax, bootstrap, iqr, p5_95"),
        (["--level", "95"], 1, "Hint: 0.95 is 95 %"),
        (["--baseline", "nobody"], 1, "got 'nobody'"),
        (["--smooth", "mean:0"], 1, "got 0"),
        (["--band", "ci"], 2, "'ci' is not one of"),
        (["--points", "10"], 2, "10 is not in the range"),
    ],
)
def test_errors_are_one_line_with_a_status(logs: Path, arguments: list[str], status: int, message: str) -> None:
    done = call(logs, *arguments)
    assert (done.exit_code, done.stdout) == (status, "")
    assert message in done.stderr
    assert status == 2 or len(done.stderr.splitlines()) == 1
