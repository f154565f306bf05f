"""W&B's CSV export of a chart."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import rlcompare as rlc
from rlcompare.readers.wandb_csv import READER
from tests.logs import SHARED_DATA, needs_shared_data, rewards
from tests.readers.files import folder_of, written

TWO = (
    '"Step","a/b - c - reward","a/b - c - reward__MIN","a/b - c - reward__MAX",'
    '"../x:1 - reward","../x:1 - reward__MIN","../x:1 - reward__MAX"\n'
    '"1","0.5","0.25","0.75","","",""\n'
    '"2","0.75","0.75","0.75","1.5","1.5","1.5"\n'
    '"3","","","","NaN","NaN","NaN"'
)


def test_each_run_of_the_chart_is_one(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "chart.csv").write_text(TWO)
    runs = rlc.open_runs(tmp_path / "logs", cache=tmp_path / "cache")
    assert runs.ids == ("chart.csv/1 a_b - c", "chart.csv/2 .._x:1")
    assert runs.table()["name"].to_list() == ["a/b - c", "../x:1"]
    assert rewards(runs)["chart.csv/1 a_b - c"] == [(1, 0.5), (2, 0.75)]
    (first, second) = rewards(runs)["chart.csv/2 .._x:1"]
    assert first == (2, 1.5)
    assert second[0] == 3
    assert second[1] != second[1]
    metrics = runs.metrics()
    assert metrics.filter(run=runs.ids[0])["metric"].sort().to_list() == ["reward", "reward__MAX", "reward__MIN"]
    assert metrics.filter(run=runs.ids[1])["metric"].to_list() == ["reward"]


@pytest.mark.parametrize("size", [0, 3, 60, 158, 170, len(TWO) - 3, len(TWO)])
def test_a_truncated_file_gives_its_whole_rows(tmp_path: Path, size: int) -> None:
    file = written(tmp_path / "chart.csv", TWO[:size].encode())
    chunk = READER.read(file, None)
    assert chunk.issues == ()
    assert all(table.height <= 3 for table in chunk.tables)


@pytest.mark.parametrize(
    "text",
    [
        "Step,reward\n1,2\n",
        '"Step","a - reward"\n"1","2"\n',
        '"Step","areward","areward__MIN","areward__MAX"\n',
        '"Colour","a - r","a - r__MIN","a - r__MAX"\n',
        "",
    ],
)
def test_other_tables_are_not_claimed(tmp_path: Path, text: str) -> None:
    assert READER.claim(written(tmp_path / "chart.csv", text.encode()), folder_of(written(tmp_path / "x", b""))) is None


@needs_shared_data
def test_a_real_export(tmp_path: Path) -> None:
    runs = rlc.open_runs(SHARED_DATA / "wandb-csv-export", cache=tmp_path / "cache")
    assert runs.table()["name"].to_list() == [
        "gradio-app_trackio/examples/17/04/2025_22:06:37_elie-48n-1704-part1_tp_group_0"
    ]
    curve = runs.curves("lm_loss")
    source = pl.read_csv(next(SHARED_DATA.glob("wandb-csv-export/*/examples/logs.csv")))
    assert curve["step"].to_list() == source["Step"].to_list()
    assert curve["value"].to_list() == source[source.columns[1]].to_list()
