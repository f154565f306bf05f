"""Rotated and compressed logs are one log."""

from __future__ import annotations

import gzip
import shutil
import sys
from pathlib import Path

import pytest

import rlcompare as rlc
from rlcompare.store.discovery import discover
from tests.logs import rewards

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def lines(first: int, last: int) -> bytes:
    return b"".join(b"step:%d - critic/score/mean:%d.5\n" % (step, step) for step in range(first, last + 1))


def values(first: int, last: int) -> list[tuple[int, float]]:
    return [(step, step + 0.5) for step in range(first, last + 1)]


def pieces(folder: Path) -> list[tuple[str, list[str]]]:
    return [
        (run.id, [path.name for source in run.sources for path in (*source.file.earlier, source.file.path)])
        for run in discover([folder]).runs
    ]


def test_numbers_go_back_in_time(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_bytes(lines(31, 40))
    (tmp_path / "train.log.1").write_bytes(lines(21, 30))
    (tmp_path / "train.log.2.gz").write_bytes(gzip.compress(lines(11, 20)))
    (tmp_path / "train.log.10.zst").write_bytes(zstd.compress(lines(1, 10)))
    assert pieces(tmp_path) == [("train.log", ["train.log.10.zst", "train.log.2.gz", "train.log.1", "train.log"])]
    assert rewards(rlc.open_runs(tmp_path)) == {"train.log": values(1, 40)}


def test_dates_go_forward(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_bytes(lines(21, 30))
    (tmp_path / "train.log-20260102.gz").write_bytes(gzip.compress(lines(11, 20)))
    (tmp_path / "train.log-20251231").write_bytes(lines(1, 10))
    (tmp_path / "b.jsonl.2026-01-02").write_bytes(b'{"step": 1, "reward": 1.5}\n')
    assert pieces(tmp_path) == [
        ("b.jsonl", ["b.jsonl.2026-01-02"]),
        ("train.log", ["train.log-20251231", "train.log-20260102.gz", "train.log"]),
    ]
    assert rewards(rlc.open_runs(tmp_path)) == {"b.jsonl": [(1, 1.5)], "train.log": values(1, 30)}


@pytest.mark.parametrize("packed", ["train.log.gz", "train.log.zst"])
def test_a_packed_log_is_read_like_the_log(tmp_path: Path, packed: str) -> None:
    pack = gzip.compress if packed.endswith(".gz") else zstd.compress
    (tmp_path / packed).write_bytes(pack(lines(1, 10)))
    assert rewards(rlc.open_runs(tmp_path)) == {"train.log": values(1, 10)}


def test_a_packed_copy_beside_its_log_is_not_read_twice(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_bytes(lines(1, 10))
    (tmp_path / "train.log.gz").write_bytes(gzip.compress(lines(1, 10)))
    assert pieces(tmp_path) == [("train.log", ["train.log"])]


def test_a_live_log_is_followed_over_its_rotation(tmp_path: Path) -> None:
    logs, cache = tmp_path / "logs", tmp_path / "cache"
    logs.mkdir()
    (logs / "train.log").write_bytes(lines(1, 10))
    assert rewards(rlc.open_runs(logs, cache=cache)) == {"train.log": values(1, 10)}
    shutil.move(logs / "train.log", logs / "train.log.1")
    assert rewards(rlc.open_runs(logs, cache=cache)) == {"train.log": values(1, 10)}
    (logs / "train.log").write_bytes(lines(11, 12))
    runs = rlc.open_runs(logs, cache=cache)
    assert rewards(runs) == {"train.log": values(1, 12)}
    assert runs.restarts("reward").height == 0
    (logs / "train.log.2.gz").write_bytes(gzip.compress((logs / "train.log.1").read_bytes()))
    shutil.move(logs / "train.log", logs / "train.log.1")
    (logs / "train.log").write_bytes(lines(13, 15))
    assert rewards(rlc.open_runs(logs, cache=cache)) == {"train.log": values(1, 15)}


def test_damage_is_listed_with_the_file_and_told_once(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    packed = gzip.compress(lines(1, 5000))
    (logs / "train.log.1.gz").write_bytes(packed[: len(packed) // 2])
    (logs / "train.log").write_bytes(lines(5001, 5002))
    runs = rlc.open_runs(logs)
    assert rewards(runs)["train.log"][-2:] == values(5001, 5002)
    assert rewards(runs)["train.log"][:-2] == values(1, rewards(runs)["train.log"][-3][0])
    (logs / "train.log").write_bytes(lines(5001, 5003))
    messages = rlc.open_runs(logs).issues()["message"].to_list()
    damage = "Expected train.log.1.gz to unpack to its end, it is damaged or cut short; it is read up to there."
    assert messages.count(damage) == 1
    assert [message for message in messages if "\ufffd" not in message] == [damage]


def test_archives_and_numbered_files_that_are_no_logs_stay_what_they_are(tmp_path: Path) -> None:
    for name in ("data.tar.gz", "model.1", "events.out.tfevents.1700000000.host.1.2", "seeds.gz"):
        (tmp_path / name).write_bytes(b"")
    assert [names for _, names in pieces(tmp_path)] == [["events.out.tfevents.1700000000.host.1.2"]]
