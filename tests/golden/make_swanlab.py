"""Write the golden files of the SwanLab reader with SwanLab's own SDK, once for each version of its log.

Made with swanlab 0.10.3 (cases ``v2`` and ``v2_crashed``), 0.7.20 (``v1``) and 0.6.4 (``v0``), Python 3.11. Run it as
``python tests/golden/make_swanlab.py`` in an environment with each of them. Records that name folders of the machine
(console lines, paths of saved files) are left out or replaced, through SwanLab's own reader and writer of the log.
``expected.json`` holds what SwanLab's own reader finds: ``{metric: [[step, Unix seconds, value], ...]}``.
"""

import json
import math
import os
import shutil
import tempfile
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent / "swanlab"
RUN = "run-20260101_120000-golden"
CONFIG = {"lr": 0.001, "seed": 3, "net": {"width": 64, "layers": [1, 2]}}


def train(folder, crash=False):
    """Log what may be logged: numbers, NaN and infinities, metrics at steps of their own, a text."""
    import swanlab

    swanlab.init(project="golden", experiment_name="ppo_s3", logdir=str(folder), mode="offline", config=CONFIG)
    for step in range(5):
        loss = [1.0, 0.1, math.nan, math.inf, -math.inf][step]
        swanlab.log({"reward": step * 0.5, "loss/policy": loss, "响应长度": 100 + step})
        if step % 2 == 0:
            swanlab.log({"eval/score": step / 7}, step=step)
    swanlab.log({"reward": 77.0}, step=2)
    swanlab.log({"text": swanlab.Text("hello")})
    if crash:
        swanlab.finish("crashed", error="ZeroDivisionError")
    else:
        swanlab.finish()


def make_protobuf(case, crash=False):
    from swanlab.proto.swanlab.record.v1.record_pb2 import Record
    from swanlab.sdk.internal.core_python.store import DataStoreReader, DataStoreWriter

    folder = fresh(case)
    with tempfile.TemporaryDirectory() as temporary:
        train(temporary, crash)
        source = next(Path(temporary).glob("run-*/run-*.swanlab"))
        reader, writer = DataStoreReader(), DataStoreWriter()
        reader.open(source)
        writer.open(folder / RUN / "run-golden.swanlab")
        expected = {}
        for data in reader:
            record = Record()
            record.ParseFromString(data)
            if record.HasField("save"):
                continue
            if record.HasField("log"):
                # Long ones, so that a record is written in pieces.
                record.log.line = "a line of the console " * (1 if crash or record.num > 2 else 800)
            if record.HasField("scalar"):
                scalar = record.scalar
                seconds = scalar.timestamp.seconds + scalar.timestamp.nanos / 1e9
                expected.setdefault(scalar.key, []).append([scalar.step, seconds, scalar.value.number])
            writer.write(record.SerializeToString())
        writer.close()
        keep_settings(source.parent, folder)
    write_expected(folder, expected)


def make_json(case):
    if case == "v1":
        from swanlab.data.porter.datastore import DataStore
    else:
        from swanlab.log.backup.datastore import DataStore

    folder = fresh(case)
    with tempfile.TemporaryDirectory() as temporary:
        train(temporary)
        source = next(Path(temporary).glob("run-*/backup.swanlab"))
        reader, writer = DataStore(), DataStore()
        reader.open_for_scan(str(source))
        writer.open_for_write(str(folder / RUN / "backup.swanlab"))
        expected = {}
        for data in reader:
            record = json.loads(data)
            if record["model_type"] == "Log":
                continue
            if record["model_type"] == "Scalar":
                scalar = record["data"]
                seconds = datetime.fromisoformat(scalar["metric"]["create_time"]).timestamp()
                expected.setdefault(scalar["key"], []).append([scalar["step"], seconds, scalar["metric"]["data"]])
            writer.write(data)
        writer.ensure_flushed()
        writer.close()
        keep_settings(source.parent, folder)
    write_expected(folder, expected)


def fresh(case):
    folder = HERE / case
    shutil.rmtree(folder, ignore_errors=True)
    (folder / RUN / "files").mkdir(parents=True)
    return folder


def keep_settings(run, folder):
    shutil.copy(run / "files" / "config.yaml", folder / RUN / "files")


def write_expected(folder, expected):
    lines = (f"{json.dumps(key)}: {json.dumps(values)}" for key, values in expected.items())
    (folder / "expected.json").write_text("{" + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    os.environ["HOME"] = tempfile.mkdtemp()
    (Path(os.environ["HOME"]) / ".swanlab").mkdir()
    installed = version("swanlab")
    if installed.startswith("0.6."):
        make_json("v0")
    elif installed.startswith("0.7."):
        make_json("v1")
    else:
        make_protobuf("v2")
        make_protobuf("v2_crashed", crash=True)
