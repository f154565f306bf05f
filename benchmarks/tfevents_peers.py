"""TensorBoard's own readers, timed: run by tfevents.py in an environment that has tensorboard and torch.

    python tfevents_peers.py write DIR RUNS TAGS STEPS     torch.utils.tensorboard writes the logs
    python tfevents_peers.py rust DIR                      the Rust data server, all points read back over gRPC
    python tfevents_peers.py accumulator DIR RUNS          EventAccumulator, unlimited, of the first RUNS runs

Prints one JSON object.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from multiprocessing import Pool
from pathlib import Path

ALL = 1_000_000_000


def write_run(folder: Path, tags: int, steps: int, seed: int) -> None:
    import numpy as np
    from torch.utils.tensorboard import SummaryWriter

    names = [
        f"{('actor', 'critic', 'perf', 'timing_s')[i % 4]}/metric_{'abcdefghij'[: i % 10]}_{i}" for i in range(tags)
    ]
    values = np.random.default_rng(seed).standard_normal((steps, tags))
    with SummaryWriter(str(folder), max_queue=10_000, flush_secs=600) as writer:
        for step in range(steps):
            for name, value in zip(names, values[step].tolist(), strict=True):
                writer.add_scalar(name, value, step)


def write(folder: Path, runs: int, tags: int, steps: int) -> dict[str, object]:
    with Pool() as pool:
        pool.starmap(write_run, [(folder / f"run{i:04d}", tags, steps, i) for i in range(runs)])
    return {"written": runs * tags * steps}


def rust(folder: Path) -> dict[str, object]:
    import grpc
    from tensorboard.data.proto import data_provider_pb2 as pb
    from tensorboard.data.proto import data_provider_pb2_grpc as rpc
    from tensorboard_data_server import server_binary

    runs = len(list(folder.iterdir()))
    with tempfile.TemporaryDirectory() as temporary:
        port_file = Path(temporary) / "port"
        started = time.perf_counter()
        server = subprocess.Popen(
            [
                server_binary(),
                f"--logdir={folder}",
                "--reload=once",
                f"--samples-per-plugin=scalars={ALL}",
                "--port=0",
                f"--port-file={port_file}",
            ],
            stderr=subprocess.DEVNULL,
        )
        try:
            while not (port_file.exists() and port_file.read_text().endswith("\n")):
                time.sleep(0.002)
            options = [("grpc.max_receive_message_length", -1)]
            channel = grpc.insecure_channel(f"localhost:{int(port_file.read_text())}", options=options)
            stub = rpc.TensorBoardDataProviderStub(channel)
            plugin = pb.PluginFilter(plugin_name="scalars")
            before, quiet = -1, 0
            while True:
                listed = stub.ListScalars(pb.ListScalarsRequest(plugin_filter=plugin))
                last = [tag.metadata.max_step for run in listed.runs for tag in run.tags]
                if len(listed.runs) == runs and last and min(last) == max(last):
                    quiet = quiet + 1 if sum(last) == before else 0
                    before = sum(last)
                    if quiet:
                        break
                time.sleep(0.01)
            points = 0
            for run in listed.runs:
                request = pb.ReadScalarsRequest(
                    plugin_filter=plugin,
                    run_tag_filter=pb.RunTagFilter(runs=pb.RunFilter(names=[run.run_name])),
                    downsample=pb.Downsample(num_points=ALL),
                )
                answer = stub.ReadScalars(request)
                points += sum(len(tag.data.value) for found in answer.runs for tag in found.tags)
            seconds = time.perf_counter() - started
            return {"seconds": seconds, "points": points}
        finally:
            server.kill()
            server.wait()


def accumulator(folder: Path, runs: int) -> dict[str, object]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    started = time.perf_counter()
    points = 0
    for run in sorted(folder.iterdir())[:runs]:
        events = EventAccumulator(str(run), size_guidance={"scalars": 0, "tensors": 0})
        events.Reload()
        points += sum(len(events.Scalars(tag)) for tag in events.Tags()["scalars"])
    return {"seconds": time.perf_counter() - started, "points": points}


if __name__ == "__main__":
    what, folder, *numbers = sys.argv[1:]
    do = {"write": write, "rust": rust, "accumulator": accumulator}[what]
    print(json.dumps(do(Path(folder), *map(int, numbers))))
