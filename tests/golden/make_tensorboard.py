"""Make the golden event files and what TensorBoard's own EventAccumulator reads from them.

Made with torch 2.13.0, tensorboardX 2.6.5, tensorboard 2.21.0, transformers 5.23.0, protobuf 7.36.2, Python 3.11:

    python tests/golden/make_tensorboard.py

Times are fixed, host names and process ids are taken out of file and folder names, so that nothing of the machine is
kept. ``expected.json`` beside each ``log/`` holds, by event file, ``{tag: [[step, wall time, value], ...]}``.
"""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util import tensor_util

HERE = Path(__file__).parent / "tensorboard"
START = 1_700_000_000.0


def torch_writer(folder: Path) -> None:
    """A small PPO log as CleanRL writes it, and all that torch's writer can do to a scalar."""
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(folder))
    settings = {
        "exp_name": "ppo",
        "seed": 3,
        "learning_rate": 2.5e-4,
        "anneal_lr": True,
        "target_kl": None,
        "env_id": "CartPole-v1",
    }
    rows = "\n".join(f"|{key}|{value}|" for key, value in settings.items())
    writer.add_text("hyperparameters", f"|param|value|\n|-|-|\n{rows}", walltime=START)
    rng = np.random.default_rng(0)
    for update in range(1, 6):
        step = update * 64
        # Two environments can end an episode in one step: two values of a tag at one step.
        for _ in range(update % 3):
            writer.add_scalar("charts/episodic_return", rng.integers(10, 200), step - 1, walltime=START + step)
            writer.add_scalar("charts/episodic_length", rng.integers(10, 200), step - 1, walltime=START + step)
        value = [0.5, math.nan, math.inf, -math.inf, 1e-40][update - 1]
        writer.add_scalar("losses/value_loss", value, step, walltime=START + step + 0.25)
        writer.add_scalar(
            "losses/double", 0.1 * update, step, walltime=START + step + 0.5, new_style=True, double_precision=True
        )
        writer.add_scalar("losses/new_style", 0.1 * update, step, walltime=START + step + 0.75, new_style=True)
    writer.add_histogram("weights", rng.standard_normal(8), 320, bins=[-3, 0, 3], walltime=START + 400)
    writer.add_scalar("charts/SPS", 1000, 0, walltime=START)
    writer.close()


def tensorboardx_writer(folder: Path) -> None:
    """A loop long enough for the step's varint to grow from one byte to two."""
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(str(folder))
    for step in (*range(4), *range(120, 136), 16_383, 16_384, 2**31, -1):
        writer.add_scalar("ray/tune/episode_reward_mean", step / 7, step, walltime=START + step)
        writer.add_scalar("ray/tune/time_total_s", step * 1e3, step, walltime=START + step + 1 / 3)
    writer.close()


FLOATS = {"float16": "HALF", "float32": "FLOAT", "float64": "DOUBLE"}


def tf2_writer(folder: Path) -> None:
    """Every way in which TensorFlow 2 encodes a scalar, by the protobufs that it uses."""
    writer = EventFileWriter(str(folder))
    metadata = summary_pb2.SummaryMetadata(
        plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name="scalars"),
        data_class=summary_pb2.DATA_CLASS_SCALAR,
    )
    dtypes = ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
    for step in range(3):
        for dtype in dtypes:
            value = np.array(step * 1.5 + 0.25 if dtype.startswith("float") else step * 50, dtype=dtype)
            if dtype.startswith("int"):
                value = -value
            content = tensor_pb2.TensorProto(
                dtype=types_pb2.DataType.Value(f"DT_{FLOATS.get(dtype, dtype.upper())}"),
                tensor_shape=tensor_shape_pb2.TensorShapeProto(),
                tensor_content=value.tobytes(),
            )
            add(writer, step, f"content/{dtype}", content, metadata)
            if dtype not in ("uint32", "uint64"):
                add(writer, step, f"typed/{dtype}", tensor_util.make_tensor_proto(value), metadata)
        bits = [0x3FC0, 0xC2F7, 0x7F80][step]
        half = {"dtype": types_pb2.DT_BFLOAT16, "tensor_shape": tensor_shape_pb2.TensorShapeProto()}
        add(
            writer,
            step,
            "content/bfloat16",
            tensor_pb2.TensorProto(tensor_content=np.uint16(bits).tobytes(), **half),
            metadata,
        )
        add(writer, step, "typed/bfloat16", tensor_pb2.TensorProto(half_val=[bits], **half), metadata)
        add(
            writer,
            step,
            "later/no_metadata",
            tensor_util.make_tensor_proto(np.float32(step)),
            metadata if step == 0 else None,
        )
    # TensorFlow 1 writes all values of a step as one event.
    for step in range(3, 6):
        values = [summary_pb2.Summary.Value(tag=f"merged/{name}", simple_value=step / 3) for name in "ab"]
        writer.add_event(event_pb2.Event(wall_time=START + step, step=step, summary=summary_pb2.Summary(value=values)))
    writer.close()


def add(writer: EventFileWriter, step: int, tag: str, tensor: object, metadata: object) -> None:
    value = summary_pb2.Summary.Value(tag=tag, tensor=tensor, metadata=metadata)
    writer.add_event(event_pb2.Event(wall_time=START + step, step=step, summary=summary_pb2.Summary(value=[value])))


def torch_folders(folder: Path) -> None:
    """What torch's add_scalars and add_hparams leave beside the run's own file."""
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(folder / "exp1"))
    for step in range(3):
        writer.add_scalar("reward", step / 2, step, walltime=START + step)
        writer.add_scalars("loss/parts (all)", {"policy": step * 1.0, "value": step * 2.0}, step, walltime=START + step)
    writer.add_hparams({"lr": 1e-3, "batch": 64, "algo": "ppo", "anneal": True}, {"hparam/final": 0.75})
    writer.close()


def tensorboardx_folders(folder: Path) -> None:
    """The same of tensorboardX, whose add_scalars makes a folder a part of the tag."""
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(str(folder / "exp1"))
    for step in range(3):
        writer.add_scalar("reward", step / 2, step, walltime=START + step)
        writer.add_scalars("loss/parts", {"train": step * 1.0, "value": step * 2.0}, step, walltime=START + step)
    writer.add_hparams({"lr": 1e-3, "algo": "ppo"}, {"hparam/final": 0.75})
    writer.close()


def hugging_face(folder: Path) -> None:
    """What the Trainer's TensorBoardCallback writes."""
    from transformers import TrainerControl, TrainerState, TrainingArguments
    from transformers.integrations import TensorBoardCallback

    arguments = TrainingArguments(output_dir="out", seed=7, learning_rate=1e-6, report_to=[])
    kept = ("output_dir", "seed", "learning_rate", "num_train_epochs", "per_device_train_batch_size", "bf16")
    state, control = TrainerState(is_world_process_zero=True), TrainerControl()
    callback = TensorBoardCallback()
    callback.logging_dir = str(folder / "out" / "runs" / "Nov05_09-08-07_host")
    whole = arguments.to_dict()
    text = json.dumps({key: whole[key] for key in kept}, indent=2)
    with mock.patch.object(TrainingArguments, "to_json_string", return_value=text):
        callback.on_train_begin(arguments, state, control)
    for step in range(1, 4):
        state.global_step = step
        logs = {"loss": 1 / step, "reward": step / 4, "completions/mean_length": 10.0 * step, "epoch": step / 3}
        with mock.patch("time.time", return_value=START + step):
            callback.on_log(arguments, state, control, logs)
            if step == 2:
                callback.on_log(arguments, state, control, {"eval_loss": 0.5, "eval_runtime": 2.0})
    callback.on_train_end(arguments, state, control)


def anonymous(folder: Path) -> None:
    """Take time, host and process out of the names of event files, and the time out of add_hparams' folders."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if "tfevents" in path.name:
            path.rename(path.with_name("events.out.tfevents.1700000000.host.1.0"))
        elif re.fullmatch(r"\d+\.\d+", path.name):
            path.rename(path.with_name("1700000000.125"))


def as_read(path: Path) -> dict[str, list[list[float]]]:
    """What EventAccumulator finds in one file, nothing sampled away."""
    events = EventAccumulator(str(path), size_guidance={"scalars": 0, "tensors": 0}, purge_orphaned_data=False)
    events.Reload()
    found = {tag: [[e.step, e.wall_time, e.value] for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
    for tag in events.Tags()["tensors"]:
        if events.SummaryMetadata(tag).plugin_data.plugin_name == "scalars":
            found[tag] = [[e.step, e.wall_time, number(e.tensor_proto)] for e in events.Tensors(tag)]
    return found


def number(tensor: tensor_pb2.TensorProto) -> float:
    if tensor.dtype != types_pb2.DT_BFLOAT16:
        return float(tensor_util.make_ndarray(tensor).item())
    # TensorBoard alone, without TensorFlow, has no bfloat16; torch has.
    import torch

    bits = tensor.half_val[0] if tensor.half_val else int.from_bytes(tensor.tensor_content, "little")
    return float(torch.tensor([bits], dtype=torch.uint16).view(torch.bfloat16).item())


CASES: dict[str, Callable[[Path], None]] = {
    "torch": torch_writer,
    "tensorboardx": tensorboardx_writer,
    "tf2": tf2_writer,
    "torch_folders": torch_folders,
    "tensorboardx_folders": tensorboardx_folders,
    "hugging_face": hugging_face,
}


def main() -> None:
    for name, make in CASES.items():
        case = HERE / name
        shutil.rmtree(case, ignore_errors=True)
        make(case / "log")
        anonymous(case / "log")
        expected = {str(path.relative_to(case)): as_read(path) for path in sorted(case.rglob("*tfevents*"))}
        lines = [f"{json.dumps(path)}: {json.dumps(tags)}" for path, tags in expected.items()]
        (case / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
