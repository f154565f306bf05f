"""One metric each, however many files and formats hold it."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from rlcompare.errors import ReadIssue
from rlcompare.store.assemble import metrics, sparkline, streams
from rlcompare.store.record import MetricStats, Part, RunRecord, Slice, SourceRecord, describe, dump, load


def source(
    path: str, reader: str, n: dict[str, int], times: tuple[float | None, float | None] = (None, None)
) -> SourceRecord:
    stats = {key: MetricStats(count, 1, count, 1.0, 0.0, 1.0) for key, count in n.items()}
    part = Part(f"{path}.parquet", max(n.values()), *times, stats)
    return SourceRecord(path, reader, "{}", (1, 2, 3), parts=(part,), step_unit="step")


def test_the_source_that_holds_more_answers_and_the_other_is_named() -> None:
    state = source("trainer_state.json", "trainer_state", {"reward": 100, "kl": 100})
    board = source("events", "tensorboard", {"train/reward": 120, "train/kl": 90, "train/only": 5, "eval/reward": 7})
    found = metrics(streams([state, board], {}))
    assert {name: (metric.source, metric.also_in, metric.stats.n) for name, metric in found.items()} == {
        "reward": ("tensorboard", ("trainer_state",), 120),
        "kl": ("trainer_state", ("tensorboard",), 100),
        "train/only": ("tensorboard", (), 5),
        "eval/reward": ("tensorboard", (), 7),
    }
    assert found["reward"].slices == (Slice("events.parquet", "train/reward", "", 0),)


def test_of_two_that_hold_as_much_the_more_exact_answers() -> None:
    board = source("events", "tensorboard", {"ray/tune/reward": 100})
    table = source("progress.csv", "tune_csv", {"reward": 100})
    lines = source("result.json", "tune_json", {"reward": 100})
    found = metrics(streams([board, table, lines], {}))["reward"]
    assert (found.source, found.also_in) == ("tune_json", ("tune_csv", "tensorboard"))


@pytest.mark.parametrize(
    ("printed", "logged", "answers"),
    [(110, 100, "tensorboard"), (111, 100, "console"), (5, 100, "tensorboard"), (1, 1, "tensorboard")],
)
def test_a_console_answers_only_where_it_holds_more_than_a_tenth_more(printed: int, logged: int, answers: str) -> None:
    console = source("train.log", "console", {"actor/lr": printed, "only": 3})
    board = source("events", "tensorboard", {"actor/lr": logged})
    for order in ([console, board], [board, console]):
        found = metrics(streams(order, {}))
        other = {"console": "tensorboard", "tensorboard": "console"}[answers]
        assert (found["actor/lr"].source, found["actor/lr"].also_in) == (answers, (other,))
        assert found["only"].source == "console"


def test_of_several_exact_formats_beside_a_console_the_fullest_answers() -> None:
    given = {"console": 105, "verl_jsonl": 100, "tensorboard": 98}
    found = metrics(streams([source(reader, reader, {"reward": n}) for reader, n in given.items()], {}))
    assert (found["reward"].source, found["reward"].also_in) == ("verl_jsonl", ("console", "tensorboard"))


def test_a_prefix_is_kept_where_the_run_has_no_plain_key() -> None:
    board = source("events", "tensorboard", {"train/reward": 10, "reward": 3})
    assert set(metrics(streams([board], {}))) == {"train/reward", "reward"}


def test_files_of_a_kind_one_after_another_are_one_writer() -> None:
    late = source("events.2", "tensorboard", {"reward": 5}, (100.0, 200.0))
    early = source("events.10", "tensorboard", {"reward": 5}, (0.0, 90.0))
    metric = metrics(streams([late, early], {}))["reward"]
    assert [(piece.file, piece.worker, piece.writer) for piece in metric.slices] == [
        ("events.10.parquet", "", 0),
        ("events.2.parquet", "", 1),
    ]
    assert metric.stats.n == 10


def test_files_of_a_kind_at_the_same_time_are_workers() -> None:
    pair = [source(f"events.{i}", "tensorboard", {"reward": 5}, (float(i), 100.0)) for i in range(2)]
    metric = metrics(streams(pair, {}))["reward"]
    assert [(piece.worker, piece.writer) for piece in metric.slices] == [("0", 0), ("1", 0)]


def test_statistics_pass_over_what_is_not_finite() -> None:
    table = pl.DataFrame(
        {
            "step": [1, 2, 3, 4],
            "wall_time": [10.0, None, 30.0, math.nan],
            "a": [math.nan, 2.0, math.inf, None],
            "b": [None, None, None, None],
            "c": [math.nan, None, None, None],
        },
        schema_overrides={"b": pl.Float64},
    )
    part = describe(table, "f.parquet")
    assert (part.rows, part.first_time, part.last_time) == (4, 10.0, 30.0)
    assert part.metrics["a"] == MetricStats(3, 1, 3, math.inf, 2.0, 2.0)
    assert "b" not in part.metrics
    c = part.metrics["c"]
    assert (c.n, c.first_step, c.last_step) == (1, 1, 1)
    assert all(map(math.isnan, (c.last, c.minimum, c.maximum)))
    assert c.followed_by(part.metrics["a"]) == MetricStats(4, 1, 3, math.inf, 2.0, 2.0)


def test_a_record_survives_its_writing() -> None:
    states = source("a", "tensorboard", {"reward": 5}, (1.0, 2.0))
    record = RunRecord(
        id="x",
        name="x",
        directory="d",
        sources=(states,),
        metrics={"reward": metrics(streams([states], {}))["reward"]},
        config={"lr": 1e-6, "big": 2**70, "odd": math.inf, "none": None, "flag": True},
        config_stamp=[["config.json", 1, 2]],
        config_issues=(ReadIssue("config.json", "", "message", "note"),),
        framework="verl",
        step_unit="step",
        seed="1",
        started=None,
        updated=3.0,
        finished=True,
        tentative=False,
        sparkline=(0.25, 0.5),
    )
    again = load(dump(record))
    assert again is not None
    assert again.config == {"lr": 1e-6, "big": str(2**70), "odd": "inf", "none": None, "flag": True}
    assert (again.metrics, again.sources, again.sparkline) == (record.metrics, record.sources, record.sparkline)


def test_what_is_no_record_is_none() -> None:
    for data in (b"", b"{}", b"[]", b'{"version":1}', b'{"version":1,"record":{}}', b"\xff" * 20):
        assert load(data) is None


def test_a_sparkline_is_the_means_of_equal_stretches() -> None:
    values = np.array([1.0, 3.0, 5.0, 7.0])
    assert sparkline(values, 2) == (2.0, 6.0)
    assert sparkline(values, 40) == (1.0, 3.0, 5.0, 7.0)
