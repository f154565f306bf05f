"""Write the golden files of the two ms-swift readers with ms-swift's own callbacks and trainers.

Made with ms_swift 4.6.0, trl 0.29.1, transformers 5.19.0, torch 2.14.1 (CPU), tokenizers 0.23.3. The tiny model and
its tokenizer are those of ``make_trl.py``. Run it from anywhere; it replaces ``ms_swift/`` and ``swift_completions/``
beside itself.

``ms_swift/grpo``: TRL's GRPOTrainer with the callbacks that ms-swift puts in place of Transformers', and the summary of
its ``SwiftSft``: a training of 6 steps that fails after step 4, and its continuation from the checkpoint at step 2. The
clock is played. ``ms_swift/megatron``: the ``PrintCallback`` of its Megatron trainers alone, as Megatron needs a GPU.
``swift_completions/grpo``: ``GRPOTrainer.log`` of ms-swift on a trainer that has sampled nothing itself. ``ray`` and
``megatron``: the methods that log completions there, with stubs in place of trainers.
"""

from __future__ import annotations

import ast
import json
import math
import shutil
import sys
import tempfile
import types
from collections import defaultdict, deque
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import swift
import torch
from datasets import Dataset
from make_trl import share_of_a, tiny_llama, tokenizer
from swift.pipelines.train.sft import SwiftSft
from swift.trainers import patcher
from swift.utils import JsonlWriter
from transformers import TrainerCallback
from trl import GRPOConfig, GRPOTrainer

HERE = Path(__file__).parent
SOURCE = Path(swift.__file__).parent
STARTED = 1_700_000_000.0


class Clock:
    """Goes on by 37.5 seconds at each look."""

    def __init__(self) -> None:
        self.now = STARTED

    def time(self) -> float:
        self.now += 37.5
        return self.now


class OutOfMemoryError(Exception):
    pass


class FailAfterFour(TrainerCallback):
    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == 4:
            raise OutOfMemoryError


def write_expected(folder: Path, rows: list[Any]) -> None:
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (folder / "expected.json").write_text(f"[\n{lines}\n]\n")


def train(output: Path, fail: bool) -> None:
    prompts = Dataset.from_dict({"prompt": ["ab", "cd", "ef", "gh"]})
    config = GRPOConfig(
        output_dir=str(output),
        max_steps=6,
        save_steps=2,
        eval_steps=3,
        eval_strategy="steps",
        logging_steps=1,
        per_device_train_batch_size=4,
        per_device_eval_batch_size=4,
        num_generations=2,
        max_completion_length=8,
        learning_rate=1e-2,
        report_to="none",
        use_cpu=True,
        bf16=False,
        disable_tqdm=True,
        seed=3,
    )
    config.max_epochs = None  # a setting of ms-swift's own arguments
    trainer = GRPOTrainer(
        model=tiny_llama(),
        reward_funcs=[share_of_a],
        args=config,
        train_dataset=prompts,
        eval_dataset=prompts,
        processing_class=tokenizer(),
        callbacks=[FailAfterFour()] if fail else [],
    )
    stub = SimpleNamespace(
        args=SimpleNamespace(create_checkpoint_symlink=False, use_flash_ckpt=False, output_dir=str(output)),
        train_msg={"model_parameter_info": "LlamaForCausalLM: 0.0045M Params"},
        _get_resume_checkpoint=lambda _: None if fail else str(output / "checkpoint-2"),
    )
    stub._handle_trainer_state = types.MethodType(SwiftSft._handle_trainer_state, stub)
    stub._save_trainer_state = types.MethodType(SwiftSft._save_trainer_state, stub)
    with suppress(OutOfMemoryError):
        SwiftSft.train(stub, trainer)


def make_grpo() -> None:
    noted: list[dict[str, Any]] = []
    append = patcher.append_to_jsonl

    def note(path: str, logs: dict[str, Any]) -> None:
        noted.append(dict(logs))
        append(path, logs)

    patcher.append_to_jsonl = note
    patcher.time = Clock()
    with tempfile.TemporaryDirectory() as temporary:
        output = Path(temporary)
        train(output, fail=True)
        train(output, fail=False)
        folder = HERE / "ms_swift" / "grpo"
        folder.mkdir(parents=True)
        shutil.copy(output / "logging.jsonl", folder)
        write_expected(folder, noted)


def megatron_callback() -> Any:
    """Load the callback's module by itself, with stubs for what it imports of Megatron."""
    names = ("swift.megatron", "swift.megatron.utils", "swift.megatron.callbacks", "swift.megatron.callbacks.base")
    for name in names:
        sys.modules[name] = types.ModuleType(name)
    sys.modules["swift.megatron.utils"].reduce_max_stat_across_model_parallel_group = lambda stat: 61.234

    class MegatronCallback:
        def __init__(self, trainer: Any) -> None:
            self.trainer, self.args, self.state = trainer, trainer.args, trainer.state

    sys.modules["swift.megatron.callbacks.base"].MegatronCallback = MegatronCallback
    module = types.ModuleType("swift.megatron.callbacks.print")
    module.__package__ = "swift.megatron.callbacks"
    exec((SOURCE / "megatron/callbacks/print.py").read_text(), module.__dict__)
    return module


def make_megatron() -> None:
    module = megatron_callback()
    module.time = Clock()
    torch.cuda.max_memory_reserved = lambda: 0
    folder = HERE / "ms_swift" / "megatron"
    folder.mkdir(parents=True)
    args = SimpleNamespace(train_iters=4, output_dir=str(folder))
    trainer = SimpleNamespace(args=args, state=SimpleNamespace(iteration=0))
    callback = module.PrintCallback(trainer)
    callback.on_train_begin()
    callback.jsonl_writer.enable_async = False
    noted = []
    for iteration in range(1, 5):
        trainer.state.iteration = iteration
        logs = {"loss": 2.5 / iteration, "grad_norm": math.nan if iteration == 2 else 0.5, "learning_rate": 1e-5}
        callback.on_log(logs)
        noted.append({key: round(value, 8) if isinstance(value, float) else value for key, value in logs.items()})
    summary = {"last_model_checkpoint": None, "best_model_checkpoint": None, "best_metric": None}
    JsonlWriter(str(folder / "logging.jsonl")).append(summary)
    write_expected(folder, noted)


def make_completions() -> None:
    # Takes TRL's trainer apart, so not before that has trained.
    from swift.rlhf_trainers.grpo_trainer import GRPOTrainer as SwiftGRPOTrainer
    from swift.trainers.mixin import SwiftMixin

    folder = HERE / "swift_completions" / "grpo"
    folder.mkdir(parents=True)
    trainer = SwiftGRPOTrainer.__new__(SwiftGRPOTrainer)
    trainer.args = SimpleNamespace(report_to=[], log_entropy=False)
    trainer.model = SimpleNamespace(training=True)
    trainer.state = SimpleNamespace(global_step=0)
    trainer.accelerator = SimpleNamespace(is_main_process=True)
    trainer.log_completions = True
    trainer.jsonl_writer = JsonlWriter(str(folder / "completions.jsonl"))
    trainer._metrics = {"train": defaultdict(list)}
    SwiftMixin.log = lambda self, logs, start_time=None: None
    noted = []
    for step in (5, 10, 15):
        trainer.state.global_step = step
        prompts = [f"<|user|>{question}" for question in ("1 + 1?", "größer?\n") for _ in range(2)]
        completions = [f"{'ja ' * (step + at)}\u2028" for at in range(4)]
        rewards = {"Accuracy": [1.0, 0.0, math.nan, 1.0], "Format": [0.5, 0.25, 0.0, step / 100]}
        trainer._logs = {
            "prompt": deque(prompts),
            "completion": deque(completions),
            "rewards": {name: deque(values) for name, values in rewards.items()},
            "advantages": deque([1.0, -1.0, -1.0, 1.0]),
            "solution": deque(["2", "2", "ja", "ja"]),
            "num_turns": deque([1, 2, 3, 4]),
        }
        trainer.log({})
        noted += [
            {"step": step, "prompt": prompt, "completion": completion, **{name: rewards[name][at] for name in rewards}}
            for at, (prompt, completion) in enumerate(zip(prompts, completions, strict=True))
        ]
    write_expected(folder, noted)


def methods(path: str, *names: str) -> dict[str, Any]:
    """Take methods of a class that imports Megatron by themselves."""
    nodes = [node for node in ast.walk(ast.parse((SOURCE / path).read_text())) if isinstance(node, ast.FunctionDef)]
    found: dict[str, Any] = {}
    space = {"List": list, "Dict": dict, "OnPolicySample": object, "JsonlWriter": JsonlWriter, "os": __import__("os")}
    for node in nodes:
        if node.name in names:
            exec(ast.unparse(node), space)
            found[node.name] = space[node.name]
    return found


def make_ray() -> None:
    folder = HERE / "swift_completions" / "ray"
    folder.mkdir(parents=True)
    log = methods("ray/megatron/base_trainer.py", "_maybe_log_completions")["_maybe_log_completions"]
    stub = SimpleNamespace(
        args=SimpleNamespace(log_completions=True, output_dir=str(folder)),
        _decode_log_content=lambda content: content,
        _format_log_prompt=lambda messages: "".join(f"{m['role']}: {m['content']}\n" for m in messages),
    )
    noted = []
    for step in range(2):
        samples = [
            SimpleNamespace(messages=[{"role": "user", "content": "2?"}, {"role": "assistant", "content": "x" * at}])
            for at in range(3)
        ]
        log(stub, samples, rewards=[0.0, 0.5, 1.0], gen_step=step)
        noted += [{"step": step, "completion": "x" * at, "reward": at / 2} for at in range(3)]
    write_expected(folder, noted)


def make_megatron_completions() -> None:
    folder = HERE / "swift_completions" / "megatron"
    folder.mkdir(parents=True)
    table = methods("megatron/trainers/rollout_mixin.py", "_build_log_table")["_build_log_table"]
    stub = SimpleNamespace(_step=8, _logs={"prompt": deque(["a", "b"]), "completion": deque(["aa", "bbb"])})
    made = table(stub)
    # What `_build_log_table` of its GRPO trainer adds.
    made |= {"Accuracy": [1.0, 0.0], "advantages": [0.7, -0.7]}
    JsonlWriter(str(folder / "completions.jsonl")).append(made)
    write_expected(
        folder, [{"step": 7, "completion": "aa", "reward": 1.0}, {"step": 7, "completion": "bbb", "reward": 0.0}]
    )


if __name__ == "__main__":
    for name in ("ms_swift", "swift_completions"):
        shutil.rmtree(HERE / name, ignore_errors=True)
    make_grpo()
    make_megatron()
    make_completions()
    make_ray()
    make_megatron_completions()
