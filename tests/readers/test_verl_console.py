from __future__ import annotations

import json
import math
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlcompare.errors import ReadIssue
from rlcompare.readers import verl_config, verl_lines
from rlcompare.readers.base import Chunk, Folder, IssueList, Resume
from rlcompare.readers.console import READER
from tests.readers.files import GOLDEN, claimed_run, log_file, one_table, read_grown, written

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "verl"
RAY = b"\x1b[36m(TaskRunner pid=12, ip=10.0.0.1)\x1b[0m "
LOG = (
    b"Size of train dataloader: 29\n"
    + RAY
    + b"step:0 - val/score:0.25\n"
    + RAY
    + b"step:0 - actor/lr:1e-06 - critic/score/mean:np.float64(0.5) - kl:nan\n"
    + b"\rTraining:  10%| 1/10 [00:02<00:18]\rTraining:  20%| 2/10 [00:04<00:16]"
    + b"step:1 - actor/lr:1e-06 - critic/score/mean:np.float64(-inf) - kl:0\n"
    + b"step:2 - actor/lr:1e-06 - critic/score/mean:np.float64(1.5) - kl:-0.125\n"
)
RUBBISH = [b"step:", b"1", b" - ", b":", b"a", b"\n", b"\r", b"]", b"\xff", b"\x1b[0m", b"np.float64("]
ROWS = [
    {"step": 0, "val/score": 0.25},
    {"step": 0, "actor/lr": 1e-06, "critic/score/mean": 0.5, "kl": math.nan},
    {"step": 1, "actor/lr": 1e-06, "critic/score/mean": -math.inf, "kl": 0.0},
    {"step": 2, "actor/lr": 1e-06, "critic/score/mean": 1.5, "kl": -0.125},
]


def read(folder: Path, data: bytes) -> Chunk:
    return READER.read(written(folder / "train.log", data), None)


def records(chunks: Chunk | list[Chunk]) -> list[dict[str, float]]:
    rows = one_table(chunks).iter_rows(named=True)
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


def same(one: object, other: object) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def expected(case: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (case / "expected.json").read_text().splitlines()]


@pytest.mark.parametrize("case", ["v0_2", "v0_9"])
def test_golden(case: str) -> None:
    folder = GOLDEN / "verl_console" / case
    chunk = READER.read(log_file(folder / "console.log"), None)
    assert same(records(chunk), expected(folder))
    assert (chunk.step_unit, chunk.framework, chunk.pending) == ("step", "verl", None)


def test_golden_config_among_the_lines_of_another_worker() -> None:
    folder = GOLDEN / "verl_console" / "v0_9"
    config = READER.read(log_file(folder / "console.log"), None).config
    assert config["data.seed"] == 42
    assert config["data.tokenizer"] is None
    assert config["trainer.logger"] == '["console", "wandb"]'
    assert config["algorithm.kl_ctrl.kl_coef"] == 0.001
    whole = json.loads((folder / "config.json").read_text())
    assert len(config) == sum(len(part) for part in whole.values()) - 1 + len(whole["algorithm"]["kl_ctrl"])


def test_prose_that_looks_like_a_step_is_an_issue_and_no_row() -> None:
    chunk = READER.read(log_file(GOLDEN / "verl_console" / "v0_9" / "console.log"), None)
    (issue,) = chunk.issues
    assert issue.place == "line 2"
    assert issue.message == (
        "Expected items `key:number`, each key once, behind 'step:1';"
        " left out: 'is how the answer begins, and step: 2 follows'."
    )


def test_a_validation_line_and_a_train_line_share_a_step(tmp_path: Path) -> None:
    chunk = read(tmp_path, LOG)
    assert same(records(chunk), ROWS)
    assert chunk.offset == len(LOG)
    assert chunk.issues == ()


@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, len(LOG)), max_size=4))
def test_a_read_resumed_anywhere_gives_the_same(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    chunks = read_grown(READER, tmp_path_factory.getbasetemp() / "console.log", LOG, cuts)
    assert same(records(chunks), ROWS)
    for chunk, cut in zip(chunks, sorted(cuts), strict=False):
        assert chunk.issues == ()
        tail = LOG[chunk.offset : cut]
        assert (chunk.pending is not None) == (b"step:" in tail)
        assert b"\n" not in tail


@settings(deadline=None)
@given(
    head=st.integers(0, len(LOG)),
    rubbish=st.lists(st.sampled_from(RUBBISH)),
)
def test_no_bytes_raise(tmp_path_factory: pytest.TempPathFactory, head: int, rubbish: list[bytes]) -> None:
    chunk = READER.read(written(tmp_path_factory.getbasetemp() / "rubbish.log", LOG[:head] + b"".join(rubbish)), None)
    rows = LOG[:head].count(b"\n") - (head > 28) if head else 0
    assert same(records(chunk)[: max(rows, 0)], ROWS[: max(rows, 0)])


KEYS = st.sampled_from(["a", "actor/lr", "val-core/x:y/mean@8", "with space", "é", "(x)", "<b>", "np.float64(1)"])
VALUES = st.floats(allow_nan=False) | st.integers(-(2**40), 2**40)


@settings(deadline=None)
@given(
    table=st.lists(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4), min_size=1, max_size=40), numpy=st.booleans()
)
def test_layouts_in_any_mixture_read_as_printed(table: list[dict[str, Any]], numpy: bool) -> None:
    lines = []
    for step, row in enumerate(table * 3):
        items = [f"{key}:np.float64({value})" if numpy and step % 5 else f"{key}:{value}" for key, value in row.items()]
        lines.append(" - ".join([f"step:{step}", *items]))
    issues = IssueList(log_file(Path(__file__)))
    rows = verl_lines.read_step_lines("".join(line + "\n" for line in lines).encode(), 1, issues)
    assert issues.done() == ()
    assert rows.lines.to_list() == list(range(1, 1 + len(lines)))
    got = [{key: value for key, value in row.items() if value is not None} for row in rows.frame.to_dicts()]
    assert same(
        got, [{"step": step} | {key: float(value) for key, value in row.items()} for step, row in enumerate(table * 3)]
    )


def test_regular_lines_are_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verl_lines, "FEW_LINES", 1)
    monkeypatch.delattr(verl_lines, "_number")
    lines = []
    for step in range(100):
        val = f" - val/acc:{step / 4}" if step % 10 == 0 else ""
        lines.append(f"step:{step} - loss:{1 / (step + 1)!r} - score:np.float32({step}.5){val}\n")
    table = one_table(read(tmp_path, "".join(lines).encode()))
    assert table["step"].to_list() == list(range(100))
    assert table["loss"].to_list() == [1 / (step + 1) for step in range(100)]
    assert table["score"].to_list() == [step + 0.5 for step in range(100)]
    assert table["val/acc"].drop_nulls().to_list() == [step / 4 for step in range(0, 100, 10)]


@pytest.mark.parametrize("other", [b"", b"\n", b"x\n", b"step:1 - a:b\n", b"step:1.5 - a:1\n", b"step: 1 - a:1\n"])
def test_lines_of_one_prefix_are_read_like_others(tmp_path: Path, other: bytes) -> None:
    lines = [RAY + b"step:%d - a:%d.5 - b:np.int64(%d)\n" % (step, step, step) for step in range(50)]
    chunk = read(tmp_path, b"".join(lines) + RAY + other + b"".join(lines))
    table = one_table(chunk)
    assert table["step"].to_list() == [*range(50)] * 2
    assert table["a"].to_list() == [step + 0.5 for step in range(50)] * 2
    assert table["b"].to_list() == [float(step) for step in range(50)] * 2
    assert [issue.place for issue in chunk.issues] == (["line 51"] if b"a:b" in other or b"1.5" in other else [])
    assert chunk.state["line"] == 101 + len(other[:1])


@pytest.mark.parametrize(
    ("step", "read_as"),
    [("7", 7), ("-1", -1), ("007", 7), ("7.0", 7), ("1e3", 1000), ("9007199254740993", 9007199254740993)],
)
def test_steps_are_exact(tmp_path: Path, step: str, read_as: int) -> None:
    line = f"step:{step} - a:1\n".encode()
    for data in (line, line * 20, line + b"x\n" + line * 20):
        assert set(one_table(read(tmp_path, data))["step"]) == {read_as}


@pytest.mark.parametrize("step", ["1.5", "1e30", "-", "99999999999999999999", "1e", "."])
def test_a_step_that_is_no_whole_number_costs_the_line(tmp_path: Path, step: str) -> None:
    for count in (1, 20):
        chunk = read(tmp_path, f"step:{step} - a:1\n".encode() * count)
        assert chunk.tables == ()
        assert len(chunk.issues) == count
        assert chunk.issues[0].message == f"Expected a whole number as the step, found 'step:{step}'; left out."


@pytest.mark.parametrize(
    "before",
    [b"", b"\x1b[36m(main_task pid=7)\x1b[0m ", b"(TaskRunner pid=7) ", b"[2026-01-01 00:00:00][INFO] ", b"[rank0]: ",
     b"progress\r", b"  3%|x| 1/30 [00:10<05:00, 10.3s/it]", b"\x1b[32m", b"  "],
)  # fmt: skip
def test_prefixes_of_step_lines(tmp_path: Path, before: bytes) -> None:
    assert records(read(tmp_path, before + b"step:3 - a:1.5\n")) == [{"step": 3, "a": 1.5}]


@pytest.mark.parametrize("before", [b"first ", b"global_", b"- ", b"(see above) ", b"x" * 10_000_000 + b"]"])
def test_prose_in_front_is_no_prefix(tmp_path: Path, before: bytes) -> None:
    chunk = read(tmp_path, before + b"step:3 - a:1.5\n")
    assert records(chunk) == []
    assert chunk.issues == ()


def test_colours_and_rays_repeat_note_behind_a_line(tmp_path: Path) -> None:
    chunk = read(tmp_path, b"step:3 - a:1.5\x1b[32m [repeated 2x across cluster]\x1b[0m\nstep:4 - a:2\x1b[0m\r\n")
    assert records(chunk) == [{"step": 3, "a": 1.5}, {"step": 4, "a": 2.0}]


@pytest.mark.parametrize(
    "item",
    ["a:text", "nothing", "a:", ":1", "b:1", "a:1_0", "step:7", "a:np.float64(1", "a:1)", "a:\udcff"],
)
def test_an_item_that_does_not_parse_costs_that_item(tmp_path: Path, item: str) -> None:
    data = f"x\nstep:3 - b:0.5 - {item} - c:2\n".encode("utf-8", "surrogateescape") + b"step:4 - b:1\n"
    chunk = read(tmp_path, data)
    assert records(chunk) == [{"step": 3, "b": 0.5, "c": 2.0}, {"step": 4, "b": 1.0}]
    (issue,) = chunk.issues
    assert issue.place == "line 2"
    shown = item.replace("\udcff", "\ufffd")
    assert issue.message == f"Expected items `key:number`, each key once, behind 'step:3'; left out: '{shown}'."


def test_one_odd_line_does_not_hide_in_a_long_log(tmp_path: Path) -> None:
    lines = [f"step:{step} - a:{step} - b:0.5\n" for step in range(1000)]
    lines[0] = "step:0 - a:zero - b:0.5\n"
    lines[500] = "step:500 - a:x - b:0.5\n"
    lines[600] = "step:600 - a:600 - c:0.5\n"
    chunk = read(tmp_path, "".join(lines).encode())
    table = one_table(chunk)
    assert table["step"].to_list() == list(range(1000))
    assert table["a"].null_count() == 2
    assert table["c"].drop_nulls().to_list() == [0.5]
    assert [issue.place for issue in chunk.issues] == ["line 1", "line 501"]


def test_booleans_are_named_and_no_metrics(tmp_path: Path) -> None:
    chunk = read(tmp_path, b"step:1 - a:1 - done:True\n")
    assert records(chunk) == [{"step": 1, "a": 1.0}]
    (note,) = chunk.issues
    assert (note.severity, "'done'" in note.message) == ("note", True)
    again = READER.read(
        written(tmp_path / "train.log", b"step:1 - a:1 - done:True\nstep:2 - a:2 - done:False\n"),
        Resume(chunk.offset, chunk.state),
    )
    assert again.issues == ()


def test_line_numbers_go_on_after_a_resumed_read(tmp_path: Path) -> None:
    data = b"one\ntwo\nthree\nstep:1 - x\n"
    first = READER.read(written(tmp_path / "train.log", data[:8]), None)
    (issue,) = READER.read(written(tmp_path / "train.log", data), Resume(first.offset, first.state)).issues
    assert issue.place == "line 4"


def config_lines(**changes: str) -> list[str]:
    lines = {
        "a": "{'actor_rollout_ref': {'model': {'path': 'a } b'},",
        "b": "                       'n': 2},",
        "c": " 'data': {'seed': 7, 'files': ['x', \"it's\"]},",
        "d": " 'trainer': {'name': 'long '",
        "e": "                     'text'}}",
    }
    return list((lines | changes).values())


def test_a_config_without_a_prefix(tmp_path: Path) -> None:
    chunk = read(tmp_path, "\n".join(["start", *config_lines(), "step:0 - a:1", ""]).encode())
    assert chunk.config == {
        "actor_rollout_ref.model.path": "a } b",
        "actor_rollout_ref.n": 2,
        "data.seed": 7,
        "data.files": '["x", "it\'s"]',
        "trainer.name": "long text",
    }
    assert chunk.issues == ()


@pytest.mark.parametrize(
    "noise", ["/x/y.py:8: RuntimeWarning: no commit", "  from vllm import version", "WARNING {", ""]
)
def test_a_config_among_warnings_of_the_same_task(tmp_path: Path, noise: str) -> None:
    lines = config_lines(b=f"                       'n': 2}},\n(T pid=1) {noise}").copy()
    chunk = read(tmp_path, "".join(f"(T pid=1) {line}\n" for line in lines).encode())
    assert chunk.config["data.seed"] == 7


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"c": " 'data': {'seed': nan},"}, "it is no Python literal (ValueError)"),
        ({"c": " 'data': {'seed': 7 8},"}, "it is no Python literal (SyntaxError)"),
        ({"c": " 'data': {'seed': __import__('os').system('true')},"}, "it is no Python literal (ValueError)"),
        ({"e": ""}, "it is cut off by a step line"),
    ],
)
def test_a_config_that_does_not_parse_is_a_note(tmp_path: Path, changes: dict[str, str], problem: str) -> None:
    chunk = read(tmp_path, "\n".join(["start", *config_lines(**changes), "step:0 - a:1", ""]).encode())
    assert chunk.config == {}
    assert records(chunk) == [{"step": 0, "a": 1.0}]
    message = f"verl's configuration begins here, but {problem}; the run is shown without it."
    assert chunk.issues == (ReadIssue("train.log", "line 2", message, "note"),)


def test_a_config_is_found_once_it_is_whole(tmp_path: Path) -> None:
    data = "\n".join(["start", *config_lines(), "step:0 - a:1", ""]).encode()
    for cut in range(len(data)):
        chunks = read_grown(READER, tmp_path / "train.log", data, [cut])
        assert [chunk.config.get("data.seed") for chunk in chunks].count(7) == 1
        assert all(chunk.issues == () for chunk in chunks)
    assert READER.read(log_file(tmp_path / "train.log"), None).state["config_sought"] is False


def test_a_config_is_not_sought_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verl_config, "SOUGHT_BYTES", 100)
    assert verl_config.read_printed_config(b"x" * 99).whole is False
    assert verl_config.read_printed_config(b"x" * 100).whole is True
    opened = b"{'actor_rollout_ref': {\n" + b" 'a': 1,\n" * 20
    assert verl_config.read_printed_config(opened).problem == "its end was not found"


def test_claims_console_logs_by_suffix_and_tentatively(tmp_path: Path) -> None:
    for name in ("train.log", "verl demo.txt", "slurm-1.out"):
        file = written(tmp_path / name, b"anything\n")
        claim = READER.claim(file, Folder(PurePosixPath("."), frozenset({name}), None))
        assert claim is not None
        assert (claim.run, claim.tentative) == (PurePosixPath(name), True)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("debug.log", b"x\n"),
        ("debug-internal.log", b"x\n"),
        ("progress.txt", b"Epoch\n"),
        ("requirements.txt", b"x\n"),
        ("train.json", b"x\n"),
        ("core.log", b"\0\1\2 binary"),
    ],
)
def test_does_not_claim(tmp_path: Path, name: str, data: bytes) -> None:
    written(tmp_path / name, data)
    assert claimed_run(READER, log_file(tmp_path / name, tmp_path)) is None


def test_does_not_claim_the_table_beside_sb3s_progress(tmp_path: Path) -> None:
    file = written(tmp_path / "log.txt", b"| rollout/ |\n")
    assert READER.claim(file, Folder(PurePosixPath("."), frozenset({"log.txt", "progress.csv"}), None)) is None
    assert READER.claim(file, Folder(PurePosixPath("."), frozenset({"log.txt"}), None)) is not None


def test_wandbs_output_log_belongs_to_its_run(tmp_path: Path) -> None:
    name = "wandb/run-20260101_000000-abc/files/output.log"
    written(tmp_path / name, b"x\n")
    assert claimed_run(READER, log_file(tmp_path / name, tmp_path)) == "wandb/run-20260101_000000-abc"


def test_an_empty_file(tmp_path: Path) -> None:
    chunk = read(tmp_path, b"")
    assert (chunk.tables, chunk.offset, chunk.issues, chunk.pending) == ((), 0, (), None)


def test_utf16_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path / "train.log", "step:1 - a:2\n".encode("utf-16"))
    assert claimed_run(READER, file) == "train.log"
    assert READER.read(file, None).issues[0].severity == "error"


def test_crlf_and_a_utf8_mark(tmp_path: Path) -> None:
    assert records(read(tmp_path, b"\xef\xbb\xbfstep:1 - a:2\r\nstep:2 - a:3\r\n")) == [
        {"step": 1, "a": 2.0},
        {"step": 2, "a": 3.0},
    ]


def test_a_line_of_10_mb(tmp_path: Path) -> None:
    prose = b"x step:9 - prose " * 600_000 + b"\nstep:9 - " + b"prose " * 1_700_000
    chunk = read(tmp_path, b"step:1 - a:1\n" + prose + b"\nstep:2 - a:2\n")
    assert records(chunk) == [{"step": 1, "a": 1.0}, {"step": 2, "a": 2.0}]
    (issue,) = chunk.issues
    assert issue.place == "line 3"
    assert len(issue.message) < 200


def test_ten_thousand_metrics(tmp_path: Path) -> None:
    line = b" - ".join([b"step:1", *(b"k%d:%d" % (number, number) for number in range(10_000))]) + b"\n"
    table = one_table(read(tmp_path, line * 10))
    assert table.shape == (10, 10_001)
    assert table["k9999"].to_list() == [9999.0] * 10


@pytest.mark.skipif(not DATA.is_dir(), reason="the public logs are not beside the repository")
def test_the_public_notebook_log() -> None:
    chunk = READER.read(log_file(DATA / "Unakar_Logic-RL" / "verl_demo_from_notebook_cell15.log"), None)
    table = one_table(chunk)
    assert table["step"].to_list() == list(range(61))
    assert table["critic/score/mean"][:3].to_list() == [0.012, 0.0, 0.008]
    assert table.filter(table["val/test_score/openai/gsm8k"].is_not_null())["step"].to_list() == [9, 19, 29, 39, 49, 59]
    assert chunk.config["trainer.experiment_name"] == "gsm8k"
    assert len(chunk.config) == 102
    assert chunk.issues == ()


@pytest.mark.skipif(not DATA.is_dir(), reason="the public logs are not beside the repository")
@pytest.mark.parametrize(("run", "steps"), [("run-20250302_114336-m950nfkl", 10), ("run-20250302_115218-wntzruuo", 2)])
def test_the_public_wandb_output_logs(run: str, steps: int) -> None:
    folder = DATA / "zhiyuanhubj_logic-rl-formula"
    file = log_file(folder / "wandb" / run / "files" / "output.log", folder)
    assert claimed_run(READER, file) == f"wandb/{run}"
    chunk = READER.read(file, None)
    assert one_table(chunk)["step"].to_list() == list(range(steps))
    assert chunk.issues == ()


@pytest.mark.skipif(not DATA.is_dir(), reason="the public logs are not beside the repository")
@pytest.mark.parametrize("name", ["grpo.log", "log.log"])
def test_public_logs_without_steps_give_their_config(name: str) -> None:
    chunk = READER.read(log_file(DATA / "zhiyuanhubj_logic-rl-formula" / name), None)
    assert chunk.tables == ()
    assert len(chunk.config) == 126
