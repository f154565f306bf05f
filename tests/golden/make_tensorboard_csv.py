"""Write the golden files of the reader of TensorBoard's CSV downloads with TensorBoard's scalars plugin.

Made with tensorboard 2.21.0, Python 3.11. Run it as ``python tests/golden/make_tensorboard_csv.py``: event files are
written, read by TensorBoard's data provider, and turned into CSV by the plugin as for a download. The names are those
that its two pages give to the files. ``expected.json`` holds ``{tag: [[step, wall time, value], ...]}``, numbers as
TensorBoard's ``EventAccumulator`` reads them.
"""

import json
import math
import shutil
import tempfile
from pathlib import Path

from tensorboard.backend.event_processing import data_provider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.context import RequestContext
from tensorboard.plugins import base_plugin
from tensorboard.plugins.scalar.scalars_plugin import OutputFormat, ScalarsPlugin
from tensorboard.summary.writer.event_file_writer import EventFileWriter

HERE = Path(__file__).parent / "tensorboard_csv" / "downloads"
START = 1_700_000_000.25
RUNS = {"CartPole-v1__ppo__3__1700000000": 0, "other/seed_4": 100}


def write_events(folder, shift):
    writer = EventFileWriter(str(folder))
    for step in range(4):
        for tag, value in (
            ("charts/episodic_return", step * 0.1 + shift),
            ("losses/value_loss", [0.5, math.nan, math.inf, -math.inf][step]),
        ):
            summary = summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=tag, simple_value=value)])
            writer.add_event(event_pb2.Event(wall_time=START + step, step=step * 64, summary=summary))
    writer.close()


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir(parents=True)
    expected = {}
    with tempfile.TemporaryDirectory() as temporary:
        for run, shift in RUNS.items():
            write_events(Path(temporary) / run, shift)
        multiplexer = EventMultiplexer(size_guidance={"tensors": 1000})
        multiplexer.AddRunsFromDirectory(temporary)
        multiplexer.Reload()
        provider = data_provider.MultiplexerDataProvider(multiplexer, temporary)
        plugin = ScalarsPlugin(base_plugin.TBContext(data_provider=provider, sampling_hints={}))
        for run in RUNS:
            for tag in ("charts/episodic_return", "losses/value_loss"):
                text, _ = plugin.scalars_impl(RequestContext(), tag, run, "", OutputFormat.CSV)
                prefix = "run-" if run.startswith("CartPole") else ""
                name = f"{prefix}{run}-tag-{tag}.csv".replace("/", "_")
                (HERE / name).write_bytes(text.encode())
                events = multiplexer.Tensors(run, tag)
                expected[name] = [[e.step, e.wall_time, e.tensor_proto.float_val[0]] for e in events]
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
