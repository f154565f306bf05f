from __future__ import annotations

import contextlib
import json
import os
import re
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rlcompare.errors import ReadIssue
from rlcompare.readers import configfiles, plain_yaml
from rlcompare.readers.base import Scalar
from rlcompare.readers.configfiles import config_stamp, flatten, read_config, seed_of
from rlcompare.readers.plain_yaml import PlainYAMLError, parse_yaml
from tests.logs import SHARED_DATA, needs_shared_data
from tests.readers.files import GOLDEN

RUN = PurePosixPath("algo/run")


def read_files(folder: Path, **files: str | bytes) -> tuple[dict[str, Scalar], tuple[ReadIssue, ...]]:
    """Read a run that holds files; a name's last ``_`` is its dot."""
    for key, content in files.items():
        path = folder / ".".join(key.rsplit("_", 1))
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_config(folder, RUN)


def only_issue(folder: Path, **files: str | bytes) -> ReadIssue:
    config, issues = read_files(folder, **files)
    assert config == {}
    (issue,) = issues
    return issue


# --- rl-zoo


def test_golden_rl_zoo() -> None:
    folder = GOLDEN / "configfiles" / "zoo"
    expected = json.loads((folder / "expected.json").read_text())
    config, issues = read_config(folder / "ppo" / "CartPole-v1_2", PurePosixPath("ppo/CartPole-v1_2"))
    wanted = flatten(expected["args"]) | {
        key: value for key, value in expected["config"].items() if key not in expected["args"]
    }
    assert config == wanted | {"CartPole-v1/config.yml:n_timesteps": 100000.0}
    assert config["env_kwargs.sutton_barto_reward"] is True
    assert issues == ()
    assert seed_of(config, "CartPole-v1_2") == ("1734087245", "seed")


@needs_shared_data
def test_public_rl_zoo_seeds() -> None:
    runs = sorted(path.parent.parent for path in (SHARED_DATA / "sb3-zoo").rglob("args.yml"))
    assert len(runs) == 32
    for run in runs:
        config, issues = read_config(run, PurePosixPath(run.name))
        (args,) = run.glob("*/args.yml")
        written = re.search(r"- - seed\n    - (\d+)\n", args.read_text())
        assert written is not None
        assert seed_of(config, run.name) == (written[1], "seed")
        assert issues == ()


@needs_shared_data
def test_public_d3rlpy_seeds() -> None:
    runs = sorted(path.parent for path in (SHARED_DATA / "d3rlpy").rglob("params.json"))
    found = [seed_of(read_config(run, PurePosixPath("x"))[0], run.name) for run in runs]
    assert sorted(found) == sorted((str(seed), "folder name") for seed in range(1, 11) for _ in range(3))


@needs_shared_data
def test_public_rllib_settings() -> None:
    run = next(path.parent for path in (SHARED_DATA / "rllib").rglob("model1_ppo_it_1_50/params.json"))
    config, issues = read_config(run, PurePosixPath("x"))
    assert (config["clip_param"], config["batch_mode"], config["env_config"]) == (0.3, "truncate_episodes", "{}")
    assert seed_of(config, run.name) == (None, "")
    assert issues == ()


def test_sub_folders_of_other_runs_are_not_read(tmp_path: Path) -> None:
    """Only rl-zoo's pair of files counts, and of several folders the one named after the environment."""
    run = tmp_path / "Env-v0_1"
    (run / "inner").mkdir(parents=True)
    (run / "inner" / "args.yml").write_text("seed: 1")
    assert config_stamp(run) == ()
    for name in ("Env-v0", "other"):
        (run / name).mkdir()
        (run / name / "args.yml").write_text(f"name: {name}")
        (run / name / "config.yml").write_text("lr: 0.1")
    assert read_config(run, RUN) == ({"name": "Env-v0", "lr": 0.1}, ())
    (run / "Env-v0").rename(run / "else")
    assert read_config(run, RUN) == ({}, ())


# --- files and keys


def test_nested_keys_and_lists(tmp_path: Path) -> None:
    config, issues = read_files(
        tmp_path,
        config_json='{"a": {"b": {"c": 1}, "d": [1, {"e": null}]}, "f": null, "g": true, "h": 1.5, "i": {}, "j": []}',
    )
    assert config == {"a.b.c": 1, "a.d": '[1, {"e": null}]', "f": None, "g": True, "h": 1.5, "i": "{}", "j": "[]"}
    assert issues == ()


def test_the_first_file_keeps_a_key(tmp_path: Path) -> None:
    config, _ = read_files(
        tmp_path,
        hparams_yaml="lr: 3\nonly: 4\nsame: 7",
        params_json='{"lr": 2, "same": 7}',
        config_json='{"lr": 1, "same": 7}',
    )
    assert config == {"lr": 1, "same": 7, "params.json:lr": 2, "hparams.yaml:lr": 3, "only": 4}


def test_every_documented_name_is_read(tmp_path: Path) -> None:
    for number, name in enumerate(configfiles.CONFIG_FILES):
        (tmp_path / name).write_text(json.dumps({f"key{number}": number}))
    config, issues = read_config(tmp_path, RUN)
    assert config == {f"key{number}": number for number in range(len(configfiles.CONFIG_FILES))}
    assert issues == ()


def test_the_launcher_s_settings_of_prime_rl_come_last(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "rl.json").write_text('{"max_steps": 3, "trainer": {"lr": 1}}')
    (tmp_path / "configs" / "other.json").write_text('{"no": 1}')
    (tmp_path / "config.json").write_text('{"max_steps": 2}')
    config, issues = read_config(tmp_path, RUN)
    assert config == {"max_steps": 2, "configs/rl.json:max_steps": 3, "trainer.lr": 1}
    assert issues == ()


def test_wandb_values_are_unwrapped(tmp_path: Path) -> None:
    config, _ = read_files(
        tmp_path,
        config_yaml="wandb_version: 1\n_wandb:\n  desc: null\n  value:\n    python_version: 3.8\n"
        "lr:\n  desc: null\n  value: 0.1\nmodel:\n  value:\n    width: 3\n",
    )
    assert config == {"lr": 0.1, "model.width": 3}


def test_a_setting_named_value_is_not_unwrapped_elsewhere(tmp_path: Path) -> None:
    assert read_files(tmp_path, config_yaml="lr:\n  value: 0.1\n")[0] == {"lr.value": 0.1}


def test_the_stamp_tells_changes(tmp_path: Path) -> None:
    assert config_stamp(tmp_path) == ()
    assert config_stamp(tmp_path / "absent") == ()
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "other.json").write_text("{}")
    stamp = config_stamp(tmp_path)
    assert [(name, size) for name, _, size in stamp] == [("config.json", 2)]
    os.utime(tmp_path / "config.json", ns=(5, 5))
    assert config_stamp(tmp_path) == (("config.json", 5, 2),)


def test_links_are_not_followed(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (tmp_path / "secret.json").write_text('{"a": 1}')
    (run / "config.json").symlink_to(tmp_path / "secret.json")
    (tmp_path / "zoo").mkdir()
    for name in ("args.yml", "config.yml"):
        (tmp_path / "zoo" / name).write_text("b: 2")
    (run / "zoo").symlink_to(tmp_path / "zoo")
    assert read_config(run, RUN) == ({}, ())


# --- seeds


@pytest.mark.parametrize(
    ("config", "seed", "origin"),
    [
        ({"seed": 3, "args.seed": 4}, "3", "seed"),
        ({"data.seed": 5, "trainer.seed": 6}, "6", "trainer.seed"),
        ({"z.seed": 1, "a.b.seed": 2, "y.seed": 3}, "3", "y.seed"),
        ({"seed": None, "env_config.seed": 0}, "0", "env_config.seed"),
        ({"seed": -1}, None, ""),
        ({"seed": True}, None, ""),
        ({"seed": "None", "data.seed": " 12 "}, "12", "data.seed"),
        ({"seed": 7.0}, "7", "seed"),
        ({"seed": 7.5}, None, ""),
        ({"seed": float("nan")}, None, ""),
        ({"args.yml:seed": 8}, "8", "args.yml:seed"),
        ({"seeds": 8, "data_seed": 9, "seed_everything": True}, None, ""),
    ],
)
def test_seed_in_the_settings(config: Mapping[str, Scalar], seed: str | None, origin: str) -> None:
    assert seed_of(config, "run") == (seed, origin)


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        ("CartPole-v1__ppo__1__1640995200", "1"),
        ("BreakoutNoFrameskip-v4__dqn_atari__42__1640995200", "42"),
        ("DiscreteBCQ_breakout_10_20220520160349", "10"),
        ("cheetah_s0", "0"),
        ("cheetah-s13", "13"),
        ("seed0", "0"),
        ("ppo_seed_3_lr01", "3"),
        ("ppo-seed-04", "4"),
        ("ppo,seed=5,lr=1", "5"),
        ("ppo_SEED7", "7"),
        ("CartPole-v1_1", None),
        ("MountainCar-v0_12", None),
        ("run_2022", None),
        ("epochs5", None),
        ("linseed3", None),
        ("2024-01-02_10-00-00", None),
        ("s3", None),
        ("", None),
    ],
)
def test_seed_in_the_folder_name(name: str, seed: str | None) -> None:
    assert seed_of({}, name) == (seed, "folder name" if seed else "")


def test_the_settings_count_before_the_folder_name() -> None:
    assert seed_of({"seed": 1}, "seed_2") == ("1", "seed")
    assert seed_of({"seed": None}, "seed_2") == ("2", "folder name")


# --- nothing is executed


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['touch {}']",
        "!!python/object/apply:os.system\nargs: ['touch {}']",
        "!!python/object/new:os.system ['touch {}']",
        "!!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['{}']]",
        "a: !!python/object/apply:subprocess.check_output [['touch', '{}']]",
        "!!python/object:pathlib.Path {{a: '{}'}}",
        "!!map {{? !!python/object/apply:os.system ['touch {}'] : 1}}",
    ],
)
def test_tags_never_run_anything(tmp_path: Path, text: str) -> None:
    trap = tmp_path / "ran"
    config, issues = read_files(tmp_path, config_yml=text.format(trap))
    assert not trap.exists()
    assert len(issues) == 1
    assert issues[0].path == "algo/run/config.yml"
    assert all(isinstance(value, str) for value in config.values())


def test_a_foreign_tag_is_named_and_its_data_kept(tmp_path: Path) -> None:
    config, (issue,) = read_files(tmp_path, config_yml="a: !!python/object/apply:os.system [x]\nb: !Foo {c: 1}\n")
    assert config == {"a": '["x"]', "b.c": 1}
    assert "!!python/object/apply:os.system" in issue.message
    assert "!Foo" in issue.message


def test_python_tags_that_are_plain_data() -> None:
    text = (
        "a: !!python/tuple [1, 2]\nb: !!python/unicode '5'\nc: !!python/long 5\nd: !!python/none ''\n"
        "e: !!python/name:torch.nn.modules.activation.ReLU ''\nf: !!python/module:os ''\ng: !!python/bool yes\n"
        "h: !!python/object:argparse.Namespace {x: 1}\ni: !!python/object/apply:collections.OrderedDict [[[k, v]]]\n"
        "j: !!python/object/apply:collections.OrderedDict []\n"
    )
    assert parse_yaml(text.encode()) == (
        {
            "a": [1, 2],
            "b": "5",
            "c": 5,
            "d": None,
            "e": "torch.nn.modules.activation.ReLU",
            "f": "os",
            "g": True,
            "h": {"x": 1},
            "i": {"k": "v"},
            "j": {},
        },
        (),
    )


def test_surprises_of_yaml() -> None:
    """Floats without a dot, dates, and what PyYAML has no constructor for."""
    text = "a: 1e-4\nb: 5E6\nc: 1e-4x\nd: 2024-02-31\ne: =\nf: .nan\ng: 0o17\nh: 1_000\n"
    value, foreign = parse_yaml(text.encode())
    assert isinstance(value, dict)
    assert repr(value.pop("f")) == "nan"
    assert value == {"a": 1e-4, "b": 5e6, "c": "1e-4x", "d": "2024-02-31", "e": "=", "g": "0o17", "h": 1000}
    assert foreign == ()


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text("ab é:#-'\"{}\n\t", max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None, max_examples=100)
@given(PLAIN)
def test_plain_data_comes_back_as_it_was(value: object) -> None:
    assert parse_yaml(yaml.safe_dump(value, allow_unicode=True).encode()) == (value, ())


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), PLAIN, max_size=4))
def test_ordered_dicts_come_back_as_dicts(value: dict[str, object]) -> None:
    assert parse_yaml(yaml.dump(OrderedDict(value)).encode()) == (value, ())


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200) | st.text("!&*<>:-[]{}, \n?'\"|%@`#=~a1\\/", max_size=60).map(str.encode))
def test_any_bytes_give_data_or_an_error(data: bytes) -> None:
    with contextlib.suppress(PlainYAMLError):
        parse_yaml(data)


def test_an_alias_bomb_is_an_issue(tmp_path: Path) -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    issue = only_issue(tmp_path, config_yaml="\n".join(["a0: &a0 [lol]", *levels]))
    assert issue.severity == "error"
    assert "once its aliases are followed" in issue.message


def test_an_alias_of_itself(tmp_path: Path) -> None:
    assert "alias" in only_issue(tmp_path, config_yaml="a: &a [*a]").message


def test_a_long_chain_of_aliases(tmp_path: Path) -> None:
    chain = [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 600)]
    config, issues = read_files(tmp_path, config_yaml="\n".join(["a0: &a0 [lol]", *chain]))
    assert len(config) == 600 or [issue.severity for issue in issues] == ["error"]


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "{a: " * 3_000])
def test_deep_nesting_does_not_end_the_process(tmp_path: Path, text: str) -> None:
    assert "nested deeper" in only_issue(tmp_path, config_yaml=text).message


def test_deeply_nested_json(tmp_path: Path) -> None:
    assert only_issue(tmp_path, config_json='{"a": ' + "[" * 100_000).severity == "error"


def test_too_many_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_yaml, "MAX_VALUES", 50)
    assert "more than 50 values" in only_issue(tmp_path, config_yaml="- 1\n" * 200).message


# --- bad input


def test_empty_file(tmp_path: Path) -> None:
    for name in ("config_json", "config_yaml"):
        issue = only_issue(tmp_path, **{name: b"\n"})
        assert (issue.severity, issue.path) == ("note", f"algo/run/{name.replace('_', '.')}")
        (tmp_path / name.replace("_", ".")).unlink()


def test_half_a_file(tmp_path: Path) -> None:
    assert only_issue(tmp_path, config_json='{"a": 1, "b').severity == "error"


def test_binary_rubbish(tmp_path: Path) -> None:
    rubbish = bytes(range(256)) * 40
    config, issues = read_files(tmp_path, config_json=rubbish, config_yaml=rubbish)
    assert config == {}
    assert [issue.severity for issue in issues] == ["error", "error"]


def test_ten_megabytes(tmp_path: Path) -> None:
    assert "10,000,000" in only_issue(tmp_path, config_json=b"7" * 10_000_000).message


def test_encodings(tmp_path: Path) -> None:
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        assert read_files(tmp_path, config_json='{"ü": 1}'.encode(encoding)) == ({"ü": 1}, ())
    (tmp_path / "config.json").unlink()
    for encoding in ("utf-8-sig", "utf-16"):
        assert read_files(tmp_path, config_yaml="ü: 1\r\nb: 2\r\n".encode(encoding)) == ({"ü": 1, "b": 2}, ())
    assert only_issue(tmp_path, config_yaml="ü: 1".encode("latin-1")).severity == "error"


def test_nan_infinity_and_null(tmp_path: Path) -> None:
    config, issues = read_files(tmp_path, config_json='{"a": NaN, "b": -Infinity, "c": null, "d": 1e999}')
    assert repr(config) == "{'a': nan, 'b': -inf, 'c': None, 'd': inf}"
    assert issues == ()


def test_ten_thousand_and_more_settings(tmp_path: Path) -> None:
    config, issues = read_files(tmp_path, config_json=json.dumps({f"k{n}": n for n in range(10_500)}))
    assert len(config) == configfiles.MAX_KEYS
    assert config["k9999"] == 9999
    assert [issue.severity for issue in issues] == ["warning"]


@pytest.mark.parametrize("text", ["[1, 2]", "3", '"text"'])
def test_settings_without_names(tmp_path: Path, text: str) -> None:
    assert only_issue(tmp_path, config_json=text).severity == "warning"


def test_numbers_and_keys_that_are_not_plain(tmp_path: Path) -> None:
    config, issues = read_files(
        tmp_path,
        config_json='{"<script>alert(1)</script>": "100 %: ü", "\\ud800": "\\udfff", "big": 36893488147419103232}',
        config_yaml="2: a\n[1]: d\n",
    )
    assert {key: value for key, value in config.items() if key != "big"} == {
        "<script>alert(1)</script>": "100 %: ü",
        "?": "?",
    }
    assert config["big"] in ("0x20000000000000000", 36893488147419103232.0)
    assert ["unhashable" in issue.message for issue in issues] == [True]
    config, _ = read_files(tmp_path, config_yaml="2: a\ntrue: b\n~: c\n")
    assert {config["2"], config["True"], config["None"]} == {"a", "b", "c"}


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_without_permission(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "config.json").chmod(0)
    assert "Could not be opened" in only_issue(tmp_path).message


def test_a_file_that_vanishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text("{}")

    def vanished(*_: object) -> dict[str, Scalar]:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(configfiles, "_read_one", vanished)
    assert "No such file" in only_issue(tmp_path).message


@pytest.mark.parametrize(("text", "seed"), [(" 7 ", "7"), ("\x1e7", "7"), ("\u06677", None), ("7.0", None), ("", None)])
def test_a_seed_may_be_text(text: str, seed: str | None) -> None:
    assert seed_of({"seed": text}, "run")[0] == seed


def test_wandbs_config_lies_in_its_files(tmp_path: Path) -> None:
    files = tmp_path / "wandb" / "run-20260101_000000-abc" / "files"
    files.mkdir(parents=True)
    (files / "config.yaml").write_text("_wandb:\n  value: {}\nlr:\n  desc: null\n  value: 0.001\nseed:\n  value: 3\n")
    config, issues = read_config(files.parent, PurePosixPath("wandb/run-20260101_000000-abc"))
    assert (config, issues) == ({"lr": 0.001, "seed": 3}, ())
    assert [name for name, *_ in config_stamp(files.parent)] == ["files/config.yaml"]
    other = tmp_path / "run-20260101_000000-abc"
    (files.parent).rename(other)
    assert config_stamp(other) == (), "other trackers keep another kind of file there"
