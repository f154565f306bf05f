"""Short names of runs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rlcompare.charts.labels import LONGEST, short_labels

names = st.lists(st.lists(st.text("ab…/", min_size=1, max_size=30), min_size=1, max_size=4).map("/".join), unique=True)


def test_as_many_last_parts_as_tell_all_apart() -> None:
    assert short_labels(["logs/ppo/seed_1", "logs/ppo/seed_2"]) == {
        "logs/ppo/seed_1": "seed_1",
        "logs/ppo/seed_2": "seed_2",
    }
    labels = short_labels(["x/ppo/seed_1", "x/a2c/seed_1", "y/other"])
    assert list(labels.values()) == ["ppo/seed_1", "a2c/seed_1", "y/other"]


def test_paths_that_differ_at_the_front_stay_whole() -> None:
    assert short_labels(["a/run", "b/run", "run"]) == {"a/run": "a/run", "b/run": "b/run", "run": "run"}


def test_the_middle_of_a_long_name_is_left_out() -> None:
    run = "grpo_" + "x" * 60 + "_seed_17"
    label = short_labels([run])[run]
    assert len(label) <= LONGEST
    assert label.startswith("grpo_x")
    assert label.endswith("x_seed_17")


def test_long_names_that_differ_in_the_middle_stay_whole() -> None:
    runs = ["a" * 30 + middle + "b" * 30 for middle in "xy"]
    assert short_labels(runs) == dict(zip(runs, runs, strict=True))


@given(names)
def test_labels_are_unique(runs: list[str]) -> None:
    labels = short_labels(runs)
    assert list(labels) == runs
    assert len(set(labels.values())) == len(runs)
