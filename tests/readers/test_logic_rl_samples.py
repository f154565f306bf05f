"""Samples that Logic-RL prints between verl's step lines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlcompare as rlc
from rlcompare.readers import logic_rl_samples
from rlcompare.readers.base import Chunk, IssueList, Resume
from rlcompare.readers.console import READER, ConsoleText
from rlcompare.readers.samples import prompt_id
from rlcompare.schema import SAMPLES
from tests.logs import SHARED_DATA, needs_shared_data, rewards
from tests.readers.files import GOLDEN, log_file, one_table, read_grown, written

LOG = GOLDEN / "console" / "logic_rl" / "train.log"
EXPECTED = [json.loads(line) for line in (LOG.parent / "expected.json").read_text().splitlines()]
FORMULA = SHARED_DATA / "verl" / "zhiyuanhubj_logic-rl-formula"
TASK = "\x1b[36m(main_task pid=7)\x1b[0m "


def block(
    total: str = "3", response: str = "<think></think>", truth: str = "{'Zoey': 'knave'}", match: bool = True
) -> str:
    """A block, shorter than a real one."""
    return (
        f"\n{'=' * 80}\n{' Processing New Sample '.center(80, '=')}\n\n[Ground Truth Parsing]\n"
        f"[Ground Truth] Final identities: {truth}\n\n[Model Response]\n{response}\n\n[Structure Validation]\n"
        "  Format validation: PASS\n\n[Content Validation]\n"
        f"  Content validation: {'FULL MATCH' if match else 'MISMATCH'}\n"
        f"\n{'-' * 80}\n{' Final Score '.center(80, '-')}\n  Format: 1\n  Answer: 2\n  Total: {total}\n{'=' * 80}\n\n"
    )


def read(folder: Path, *pieces: str) -> Chunk:
    return READER.read(written(folder / "train.log", "".join(pieces).encode()), None)


def samples(chunks: Chunk | Iterable[Chunk]) -> pl.DataFrame:
    given = [
        chunk.samples for chunk in ([chunks] if isinstance(chunks, Chunk) else chunks) if chunk.samples is not None
    ]
    return pl.concat(given) if given else pl.DataFrame(schema=SAMPLES)


def steps(chunks: Chunk | Iterable[Chunk]) -> list[tuple[int, str, float]]:
    return samples(chunks).select("step", "split", "reward").rows()


def expected_rows() -> list[tuple[Any, ...]]:
    keys = ("step", "split", "reward", "correct")
    return [(*(row[key] for key in keys), float(len(row["response"]))) for row in EXPECTED]


def test_golden() -> None:
    chunk = READER.read(log_file(LOG), None)
    found = samples(chunk)
    assert found.select("step", "split", "reward", "correct", "length").rows() == expected_rows()
    assert set(found["length_unit"]) == {"character"}
    names = ["{'Zoey': 'knave', 'Oliver': 'knight'}", "{'Mia': 'knight', 'Ella': 'knave'}"]
    assert found["prompt_id"].to_list() == [prompt_id(names[row["puzzle"]]) for row in EXPECTED]
    assert found["worker"].null_count() == found["wall_time"].null_count() == found.height
    assert one_table(chunk).select("step", "critic/score/mean", "val/test_score/kk_logic").rows() == [
        (0, None, 0.5),
        (1, -0.375, None),
        (2, -0.375, 1.0),
    ]
    assert (chunk.framework, chunk.config["data.seed"]) == ("verl", 42)
    assert chunk.issues == ()


def test_golden_texts() -> None:
    file = log_file(LOG)
    places = samples(READER.read(file, None))["place"].to_list()
    assert READER.texts is not None
    for place, row, text in zip(places, EXPECTED, READER.texts(file, places), strict=True):
        assert (
            LOG.read_bytes()[place:].split(b"\n")[0].endswith(b" Processing New Sample =============================")
        )
        assert (text.prompt, text.response) == (row["prompt"], row["response"])
        assert set(text.others) == {"Ground Truth", "Format", "Answer"}
        assert float(text.others["Format"]) + float(text.others["Answer"]) == row["reward"]
    assert READER.texts(file, places[::-3])[1].response == EXPECTED[len(EXPECTED) - 4]["response"]


@settings(deadline=None, max_examples=60)
@given(cuts=st.lists(st.integers(0, LOG.stat().st_size), max_size=4))
def test_a_read_resumed_anywhere_gives_the_same(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    whole = READER.read(log_file(LOG), None)
    chunks = read_grown(READER, tmp_path_factory.getbasetemp() / "train.log", LOG.read_bytes(), cuts)
    assert samples(chunks).equals(samples(whole))
    assert one_table(chunks).equals(one_table(whole))
    assert all(chunk.issues == () for chunk in chunks)
    assert chunks[-1].offset == LOG.stat().st_size


@pytest.mark.parametrize("size", [2000, 5000])
def test_blocks_of_any_size_give_the_same(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    whole = samples(READER.read(log_file(LOG), None))
    monkeypatch.setattr("rlcompare.readers.text.blocks.__defaults__", (size,))
    assert samples(READER.read(log_file(LOG), None)).equals(whole)


@settings(deadline=None, max_examples=60)
@given(start=st.integers(0, LOG.stat().st_size), end=st.integers(0, LOG.stat().st_size))
def test_no_piece_of_a_log_raises(tmp_path_factory: pytest.TempPathFactory, start: int, end: int) -> None:
    READER.read(written(tmp_path_factory.getbasetemp() / "train.log", LOG.read_bytes()[start:end]), None)


def test_step_lines_tell_the_step_of_what_is_before_them(tmp_path: Path) -> None:
    chunk = read(tmp_path, block("1"), "step:7 - a:1\n", block("2"), "step:8 - a:1\n", block("3"))
    assert steps(chunk) == [(7, "train", 1.0), (8, "train", 2.0), (9, "train", 3.0)]


def test_a_line_of_the_epoch_tells_the_step_of_what_follows(tmp_path: Path) -> None:
    chunk = read(
        tmp_path,
        "validation generation end\n",
        block("0"),
        "epoch 0, step 1\n",
        block("1"),
        "validation generation end\n",
        block("2"),
        "epoch 1, step 2\n",
        block("3"),
    )
    assert steps(chunk) == [(0, "validation", 0.0), (1, "train", 1.0), (1, "validation", 2.0), (2, "train", 3.0)]
    assert (chunk.tables, chunk.framework) == ((), "verl")


def test_samples_wait_for_the_first_step(tmp_path: Path) -> None:
    log = (block("1") + block("2", truth="{'Zoey': 'knight'}") + "step:4 - a:1\n").encode()
    first, last = read_grown(READER, tmp_path / "train.log", log, [log.index(b"step:")])
    assert first.samples is None
    assert first.pending is not None
    assert first.pending.message == "2 samples wait for the line behind them that tells their step."
    assert first.framework == "verl"
    assert steps(last) == [(4, "train", 1.0), (4, "train", 2.0)]
    assert last.samples is not None
    assert last.samples["place"].to_list() == [82, 82 + len(block("1"))]
    assert last.samples["prompt_id"].to_list() == [prompt_id("{'Zoey': 'knave'}"), prompt_id("{'Zoey': 'knight'}")]


def test_samples_that_wait_are_not_kept_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logic_rl_samples, "WAITING_KEPT", 2)
    chunk = read(tmp_path, *map(block, "1234"), "step:4 - a:1\n")
    assert steps(chunk) == [(4, "train", 1.0), (4, "train", 2.0)]
    (issue,) = chunk.issues
    assert issue.message == (
        "Expected a line behind each sample that tells its step; 2 have none and are left out. "
        "Hint: have verl log to the console too, `trainer.logger=['console', …]`."
    )


def test_a_training_that_begins_anew_in_the_same_log(tmp_path: Path) -> None:
    config = "{'actor_rollout_ref': {'x': 1}}\n"
    chunk = read(
        tmp_path, config, block("1"), config, block("2"), "step:51 - a:1\n", config, block("3"), "step:41 - a:1\n"
    )
    assert steps(chunk) == [(51, "train", 2.0), (41, "train", 3.0)]
    assert [("1 have none" in issue.message) for issue in chunk.issues] == [True]


def prefixed(text: str, prefix: str = TASK) -> str:
    return "".join(prefix + line + "\n" for line in text.split("\n")[:-1])


def test_blocks_of_two_workers_interleaved_line_by_line(tmp_path: Path) -> None:
    one = prefixed(block("1", "first\nanswer")).splitlines(keepends=True)
    two = prefixed(block("2", "second\nanswer"), TASK.replace("7", "8")).splitlines(keepends=True)
    mixed = "".join(line for pair in zip(one, two, strict=True) for line in pair) + TASK + "step:3 - a:1\n"
    chunk = read(tmp_path, mixed)
    assert steps(chunk) == [(3, "train", 1.0), (3, "train", 2.0)]
    assert READER.texts is not None
    texts = READER.texts(log_file(tmp_path / "train.log"), samples(chunk)["place"].to_list())
    assert [text.response for text in texts] == ["first\nanswer", "second\nanswer"]


def test_lines_of_workers_among_those_of_a_driver_without_a_prefix(tmp_path: Path) -> None:
    lines = block("1", "first\nanswer").splitlines(keepends=True)
    mixed = "".join(line + TASK + "  Total: 9\n" for line in lines) + "step:3 - a:1\n"
    chunk = read(tmp_path, mixed)
    assert samples(chunk).select("step", "reward", "length").rows() == [(3, 1.0, 12.0)]


@pytest.mark.parametrize("cut", ["step:3 - a:1\n", "epoch 0, step 4\n", block("2")])
def test_a_block_without_a_score_is_left_out(tmp_path: Path, cut: str) -> None:
    begun = block("1").split("  Format: 1")[0]
    chunk = read(tmp_path, "epoch 0, step 3\n", begun, cut, block("5"))
    assert [reward for _, _, reward in steps(chunk)] == ([2.0] if "New Sample" in cut else []) + [5.0]
    (issue,) = chunk.issues
    assert (issue.place, issue.message) == (
        "line 4",
        "Expected a score at the end of the sample that begins here; left out.",
    )


def test_a_block_that_is_being_printed_waits(tmp_path: Path) -> None:
    begun = "epoch 0, step 3\n" + block("1").split("  Total")[0]
    chunk = read(tmp_path, begun)
    assert (chunk.samples, chunk.issues) == (None, ())
    assert chunk.offset == begun.index("=" * 28 + " Proc")
    assert chunk.pending is not None
    assert chunk.pending.place == "line 4"


def test_a_block_without_an_end_does_not_hold_back_what_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("console_lines", "logic_rl_blocks"):
        monkeypatch.setattr(f"rlcompare.readers.{module}.LONGEST_RECORD", 4000)
    log = prefixed(block("1")[:300] + "\n") + prefixed("x\n" * 100, "(Other pid=1) ") + "(Main pid=2) step:3 - a:1\n"
    assert one_table(read(tmp_path, log)).height == 0
    chunk = read(tmp_path, log, prefixed("x\n" * 200, "(Other pid=1) "))
    assert one_table(chunk)["step"].to_list() == [3]
    assert [issue.place for issue in chunk.issues] == ["line 3"]


@pytest.mark.parametrize(
    ("total", "reward"), [("3", 3.0), ("-0.5", -0.5), ("nan", None), ("inf", float("inf")), ("1e-3", 1e-3)]
)
def test_totals(tmp_path: Path, total: str, reward: float | None) -> None:
    (found,) = samples(read(tmp_path, block(total), "step:1 - a:1\n"))["reward"]
    assert found != found if reward is None else found == reward


@pytest.mark.parametrize("total", ["three", "", "1_0", "3 points"])
def test_a_total_that_is_no_number_costs_the_sample(tmp_path: Path, total: str) -> None:
    chunk = read(tmp_path, block(total), "step:1 - a:1\n")
    assert (chunk.samples, len(chunk.issues)) == (None, 1)


def test_a_response_that_says_what_blocks_say(tmp_path: Path) -> None:
    response = (
        "[Structure Validation]\n\n[Structure Validation]\n  Content validation: FULL MATCH\n"
        "  Total: 9\nstep:3 follows\n Final Score \n  Total: 8\n[Model Response]\n"
    )
    chunk = read(tmp_path, block("-1", response, match=False), "step:1 - a:1\n")
    assert samples(chunk).select("reward", "length", "correct").rows() == [(-1.0, float(len(response)), False)]
    assert READER.texts is not None
    assert READER.texts(log_file(tmp_path / "train.log"), samples(chunk)["place"].to_list())[0].response == response


def test_a_response_full_of_totals_takes_no_time(tmp_path: Path) -> None:
    response = "  Total: 1\n" * 90_000
    chunk = read(tmp_path, block("2", response), "step:1 - a:1\n")
    assert samples(chunk).select("reward", "length").rows() == [(2.0, float(len(response)))]


def test_variables_do_not_tell_prompts_apart(tmp_path: Path) -> None:
    chunk = read(tmp_path, block(truth="{'A': 'true', 'B': 'false'}"), block(truth="{}"), "step:1 - a:1\n")
    assert samples(chunk)["prompt_id"].to_list() == [None, None]


def test_a_response_that_was_not_parted_from_its_prompt_has_no_length(tmp_path: Path) -> None:
    whole = block().replace("\n\n[Model", "\n[Error] Failed to locate model response header\n\n[Model")
    chunk = read(tmp_path, whole, "step:1 - a:1\n")
    assert samples(chunk).select("reward", "length").rows() == [(3.0, None)]


def test_crlf_and_bytes_that_are_no_text(tmp_path: Path) -> None:
    log = (block("3", "aXb") + "step:1 - a:1\n").encode().replace(b"\n", b"\r\n").replace(b"aXb", b"a\xffb")
    chunk = READER.read(written(tmp_path / "train.log", log), None)
    assert samples(chunk).select("reward", "length", "correct").rows() == [(3.0, 3.0, True)]


def test_texts_of_a_log_that_was_changed(tmp_path: Path) -> None:
    read(tmp_path, block(), "step:1 - a:1\n")
    assert READER.texts is not None
    for place in (0, 81, 200, 10_000):
        with pytest.raises(ValueError, match=f"Expected a sample at byte {place:,} of 'train.log', there is none"):
            READER.texts(log_file(tmp_path / "train.log"), [place])


def test_text_that_another_log_holds() -> None:
    log = LOG.read_bytes()
    issues = IssueList(log_file(LOG))
    found = ConsoleText()
    found.take(log, 0, issues)
    chunk = Chunk(found.joined, len(log), samples=logic_rl_samples.frame(found.samples))
    assert samples(chunk).select("step", "split", "reward", "correct", "length").rows() == expected_rows()
    assert issues.done() == ()


def test_a_run_is_listed_with_its_samples(tmp_path: Path) -> None:
    written(tmp_path / "logs" / "grpo.log", LOG.read_bytes())
    runs = rlc.open_runs(tmp_path / "logs", cache=tmp_path / "cache")
    table = runs.table().select("run", "framework", "last_step", "seed")
    assert table.rows() == [("grpo.log", "verl", 2, "42")]
    assert rewards(runs, "critic/score/mean") == {"grpo.log": [(1, -0.375), (2, -0.375)]}
    assert runs.samples().select("run", "step", "reward").rows() == [
        ("grpo.log", row["step"], row["reward"]) for row in EXPECTED
    ]


def test_a_console_with_samples_and_no_step_lines_is_listed(tmp_path: Path) -> None:
    log = "epoch 0, step 1\n" + block("3") + block("-1") + "epoch 0, step 2\n" + block("3")
    written(tmp_path / "logs" / "grpo.log", log.encode())
    runs = rlc.open_runs(tmp_path / "logs", cache=tmp_path / "cache")
    assert runs.table().select("run", "framework", "last_step").rows() == [("grpo.log", "verl", 2)]
    assert rewards(runs, "samples/reward/mean") == {"grpo.log": [(1, 1.0), (2, 3.0)]}


@needs_shared_data
@pytest.mark.parametrize(
    ("run", "count", "first_step"),
    [("run-20250302_114336-m950nfkl", 740, -2.345), ("run-20250302_115218-wntzruuo", 164, 0.56)],
)
def test_public_samples_agree_with_the_metrics_beside_them(run: str, count: int, first_step: float) -> None:
    file = log_file(FORMULA / "wandb" / run / "files" / "output.log")
    chunk = READER.read(file, None)
    found = samples(chunk)
    assert (found.height, chunk.issues) == (count, ())
    means = (
        found.group_by("step", "split").agg(pl.col("reward").mean(), pl.col("correct").mean(), pl.len()).sort("step")
    )
    assert means.row(0) == (0, "validation", pytest.approx(first_step), pytest.approx(means["correct"][0]), 100)
    table = one_table(chunk)
    train = means.filter(pl.col("split") == "train").join(table, on="step")
    assert train.height == table.height - 1
    assert (train["reward"] - train["critic/score/mean"]).abs().max() < 5.1e-4
    assert set(train["len"]) == {64}
    validation = table.filter(pl.col("step") == 0)["val/test_score/logic_assignment"][0]
    assert means["correct"][0] == pytest.approx(validation, abs=5.1e-4)
    assert READER.texts is not None
    texts = READER.texts(file, found["place"].to_list())
    assert [len(text.response) for text in texts] == found["length"].to_list()
    assert [bool(text.prompt) for text in texts] == [True] + [False] * (count - 1)
    assert found.filter(pl.col("correct"))["reward"].unique().to_list() == [3.0]


def test_a_state_survives_json(tmp_path: Path) -> None:
    chunk = read(tmp_path, block())
    state = json.loads(json.dumps(chunk.state))
    log = written(tmp_path / "train.log", (block() + "step:2 - a:1\n").encode())
    assert steps(READER.read(log, Resume(chunk.offset, state))) == [(2, "train", 3.0)]
