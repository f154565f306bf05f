"""A run's settings and seed, from the config files that lie beside its logs.

Not a reader: these files hold no records. The store asks for them once a run, and again when ``config_stamp`` changes.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from stat import S_ISREG
from typing import Any

import orjson

from rlcompare.errors import ReadIssue, Severity
from rlcompare.readers.base import Scalar
from rlcompare.readers.plain_yaml import PlainYAMLError, parse_yaml
from rlcompare.readers.wandb_folder import RUN_FOLDER

#: Where two files hold the same key, the earlier one keeps it; the later one's reads ``config.yml:key``.
CONFIG_FILES = (
    "config.json",
    "params.json",
    "args.yml",
    "args.yaml",
    "config.yml",
    "config.yaml",
    "hparams.yaml",
    "hyperparameters.json",
    "args.json",  # ms-swift
)

#: prime-rl's launcher writes one of them into ``<run>/configs/``; read last.
_PRIME_FOLDER, _PRIME_FILES = "configs", ("rl.json", "sft.json")

#: Of a W&B run's folder; its run file holds the same, unless only these files were copied.
_WANDB_FILE, _WANDB_METADATA = "files/config.yaml", "files/wandb-metadata.json"

#: rl-zoo writes both into ``<run>/<env>/`` (rl_zoo3/exp_manager.py); the two together tell it from a run of its own.
_ZOO_FILES = ("args.yml", "config.yml")

#: What SwanLab says of each setting (``swanlab/sdk/internal/run/components/config``).
_SWANLAB_PARTS = {"value", "desc", "sort"}

MAX_BYTES = 4 * 2**20
MAX_KEYS = 10_000

#: Folder names that hold a seed, asked in this order. rl-zoo's ``CartPole-v1_2`` is a run's number, not its seed.
SEED_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("CleanRL's env__exp__seed__time", re.compile(r"__(\d{1,10})__\d{9,}$")),
    ("d3rlpy's name_seed_date", re.compile(r"_(\d{1,10})_\d{14}$")),
    ("seed0, seed_0, seed-0, seed=0", re.compile(r"(?i)(?:^|[^a-z])seed[_=-]?(\d{1,10})(?!\d)")),
    ("name_s0, name-s0", re.compile(r"[_-]s(\d{1,10})$")),
)

#: Keys that hold a run's seed, best first. Any other key that ends in ``.seed`` comes after them, shallow ones first.
SEED_KEYS = ("seed", "args.seed", "trainer.seed", "data.seed", "env_config.seed")

Issue = Callable[[str, Severity], None]

_Found = tuple[str, os.stat_result]


def config_stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Tell cheaply whether a run's config files have changed.

    Returns
    -------
    tuple of (name within the folder, mtime in ns, size in bytes), in the order of ``CONFIG_FILES``
        Empty where there is none, or where the folder cannot be listed.
    """
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in _config_files(folder))


def read_config(folder: Path, relative: PurePosixPath) -> tuple[dict[str, Scalar], tuple[ReadIssue, ...]]:
    """Read all config files of a run.

    Parameters
    ----------
    folder : Path
        The run's folder.
    relative : PurePosixPath
        The same below the log folder, for the issues.

    Returns
    -------
    config : dict
        Nested keys are joined with ``.``, lists are JSON text.
    issues : tuple of ReadIssue
        Files and values that could not be read as they stand.
    """
    config: dict[str, Scalar] = {}
    issues: list[ReadIssue] = []
    for name, stat in _config_files(folder):
        path = str(relative / name)
        try:
            found = _read_one(folder / name, stat.st_size, path, issues)
        except OSError as error:
            issues.append(ReadIssue(path, "", f"Could not be opened: {error.strerror or error}.", "error"))
            continue
        for key, value in found.items():
            if key not in config:
                config[key] = value
            elif not _same(config[key], value):
                config[f"{name}:{key}"] = value
    return config, tuple(issues)


def seed_of(config: Mapping[str, Scalar], folder_name: str) -> tuple[str | None, str]:
    """Find a run's seed.

    A negative seed asks for a random one (rl-zoo's default is -1), so it is none.

    Parameters
    ----------
    config : mapping of flat key to value
    folder_name : str
        Name of the run's folder, asked last, by ``SEED_PATTERNS``.

    Returns
    -------
    seed : str or None
    origin : str
        The config key, or ``"folder name"``; empty without a seed.
    """
    others = sorted((key for key in config if _last_part(key) == "seed"), key=lambda key: (key.count("."), key))
    for key in (*SEED_KEYS, *others):
        seed = _seed_value(config.get(key))
        if seed is not None:
            return seed, key
    for _, pattern in SEED_PATTERNS:
        match = pattern.search(folder_name)
        if match:
            return str(int(match[1])), "folder name"
    return None, ""


def _seed_value(value: Scalar) -> str | None:
    match value:
        case bool() | None:
            return None
        case int():
            return str(value) if value >= 0 else None
        case float():
            return str(int(value)) if value >= 0 and value.is_integer() else None
        case str():
            return str(int(value)) if re.fullmatch(r"[0-9]{1,20}", value := value.strip()) else None


def _last_part(key: str) -> str:
    return re.split(r"[.:]", key)[-1].lower()


def _config_files(folder: Path) -> list[_Found]:
    """List the config files of a run's folder, and of rl-zoo's folder in it. Links are not followed."""
    files, folders = _listing(folder)
    found = [(name, files[name]) for name in CONFIG_FILES if name in files]
    zoo = []
    for name in folders:
        inner = [(f"{name}/{file}", _stat(folder / name / file)) for file in _ZOO_FILES]
        if all(stat is not None for _, stat in inner):
            zoo.append((name, [(path, stat) for path, stat in inner if stat is not None]))
    if len(zoo) > 1:
        # Runs below a run: only the one named after the environment is its own.
        zoo = [(name, inner) for name, inner in zoo if folder.name.startswith(f"{name}_")]
    if len(zoo) == 1:
        found += zoo[0][1]
    if _is_of_wandb(folder) and (stat := _stat(folder / _WANDB_FILE)) is not None:
        found.append((_WANDB_FILE, stat))
    found.sort(key=lambda pair: CONFIG_FILES.index(pair[0].rpartition("/")[2]))
    if _PRIME_FOLDER in folders:
        inner = [(f"{_PRIME_FOLDER}/{file}", _stat(folder / _PRIME_FOLDER / file)) for file in _PRIME_FILES]
        found += [(path, stat) for path, stat in inner if stat is not None]
    return found


def _is_of_wandb(folder: Path) -> bool:
    """Whether W&B made it for a run. SwanLab's folders have names like its, and their own reader."""
    if folder.parent.name == "wandb":
        return True
    return bool(RUN_FOLDER.fullmatch(folder.name)) and _stat(folder / _WANDB_METADATA) is not None


def _listing(folder: Path) -> tuple[dict[str, os.stat_result], list[str]]:
    files: dict[str, os.stat_result] = {}
    folders: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                elif entry.name in CONFIG_FILES and entry.is_file(follow_symlinks=False):
                    files[entry.name] = entry.stat(follow_symlinks=False)
    except OSError:
        # The walk of the log folder has reported it.
        return files, folders
    return files, sorted(folders)


def _stat(path: Path) -> os.stat_result | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found if S_ISREG(found.st_mode) else None


def _read_one(path: Path, size: int, shown: str, issues: list[ReadIssue]) -> dict[str, Scalar]:
    def issue(message: str, severity: Severity) -> None:
        issues.append(ReadIssue(shown, "", message, severity))

    with path.open("rb") as stream:
        return settings_in(stream.read(MAX_BYTES + 1), size, path.suffix, issue)


def settings_in(data: bytes, size: int, suffix: str, issue: Issue) -> dict[str, Scalar]:
    """Read the settings of one file of named values.

    Parameters
    ----------
    data : bytes
        The file, or more than ``MAX_BYTES`` of it.
    size : int
        Of the whole file.
    suffix : str
        ``".json"``, else it is YAML.
    issue : callable (message, severity)
        Told what could not be read as it stands.

    Returns
    -------
    dict
        Flat, as :func:`flatten` makes it.
    """
    if len(data) > MAX_BYTES:
        issue(f"Expected settings of at most {MAX_BYTES:,} bytes, came {size:,}; left out.", "error")
        return {}
    if not data.strip():
        issue("Expected settings, came an empty file.", "note")
        return {}
    foreign: tuple[str, ...] = ()
    try:
        if suffix == ".json":
            value = _parse_json(data)
        else:
            value, foreign = parse_yaml(data)
        if not isinstance(value, Mapping):
            issue(f"Expected named settings, came a {type(value).__name__}; left out.", "warning")
            return {}
        flat = flatten(_unwrapped(value))
    except (PlainYAMLError, ValueError, RecursionError) as error:
        kind = "JSON" if suffix == ".json" else "YAML"
        issue(f"Expected {kind}, came something else: {str(error)[:300]}.", "error")
        return {}
    if len(flat) > MAX_KEYS:
        flat = dict(islice(flat.items(), MAX_KEYS))
        issue(f"Expected at most {MAX_KEYS:,} settings; those behind them were left out.", "warning")
    if foreign:
        tags = ", ".join(foreign[:5]) + (", …" if len(foreign) > 5 else "")
        issue(
            f"Expected plain data, came tags that name code: {tags}. Their data was read as text, nothing was run.",
            "warning",
        )
    return flat


def _parse_json(data: bytes) -> object:
    try:
        value: object = orjson.loads(data)
    except orjson.JSONDecodeError:
        # Slower, and takes NaN, byte-order marks and UTF-16.
        value = json.loads(data)
    return value


def _unwrapped(config: Mapping[Any, object]) -> Mapping[Any, object]:
    """Take ``{value: …, desc: …}`` off the values of a ``config.yaml`` that W&B or SwanLab wrote."""
    if {"wandb_version", "_wandb"} & config.keys():
        config = {key: value for key, value in config.items() if key not in ("wandb_version", "_wandb")}
    elif not all(isinstance(value, Mapping) and value.keys() == _SWANLAB_PARTS for value in config.values()):
        return config
    return {
        key: value["value"] if isinstance(value, Mapping) and "value" in value else value
        for key, value in config.items()
    }


def flatten(config: Mapping[Any, object]) -> dict[str, Scalar]:
    """Join nested keys with ``.`` and make lists JSON text; an empty mapping becomes ``"{}"``.

    Whole numbers beyond 64 bits, which JSON readers round, become hexadecimal text.

    Raises
    ------
    RecursionError
    """
    return dict(_flat(config, ""))


def _flat(value: object, key: str) -> Iterator[tuple[str, Scalar]]:
    if isinstance(value, Mapping) and (value or not key):
        for part, item in value.items():
            name = _encodable(str(part))
            yield from _flat(item, f"{key}.{name}" if key else name)
        return
    match value:
        case bool() | float() | None:
            yield key, value
        case str():
            yield key, _encodable(value)
        case int():
            yield key, value if value.bit_length() < 64 else hex(value)
        case _:
            yield key, json.dumps(_jsonable(value), ensure_ascii=False)


def _jsonable(value: object) -> object:
    match value:
        case bool() | int() | float() | None:
            return value
        case Mapping():
            return {_encodable(str(key)): _jsonable(item) for key, item in value.items()}
        case str():
            return _encodable(value)
        case bytes():
            return value.decode("utf-8", errors="backslashreplace")
        case set():
            return sorted((_jsonable(item) for item in value), key=str)
        case Sequence():
            return [_jsonable(item) for item in value]
    return _encodable(str(value))


def _encodable(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON may name and UTF-8 cannot hold."""
    return text.encode("utf-8", errors="replace").decode()


def _same(one: Scalar, other: Scalar) -> bool:
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other):
        return True
    return type(one) is type(other) and one == other
