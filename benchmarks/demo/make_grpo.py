"""Train the GRPO demo runs: a tiny Llama learns to count, with and without a price on length.

    python benchmarks/demo/make_grpo.py OUT

writes ``OUT/<setting>-seed<k>/`` as Hugging Face's trainer lays it out, without weights and other binaries. Nothing
is downloaded: the model starts from random weights and the tokenizer is made of single characters. One to two
minutes a run on one core, two runs at a time.

Made with trl 1.16.0, transformers 5.23.0, tokenizers 0.23.3, datasets 5.2.0, torch 2.13.0 (CPU), tensorboard 2.21.0,
pyarrow 26.0.1, Python 3.11. Another machine gives other wall times, and other curves where its floating point rounds
differently.

The task: the prompt is a digit, and the completion is to count on from it, modulo ten: ``"7+"`` asks for
``"890123456789"``. Each right step among the first twelve characters earns a twelfth. What comes after them earns
nothing, and costs something only in ``grpo-length-penalty``.

One run is killed and stays so. Another is killed and then resumed from its last checkpoint, so that its second event
file begins at a step that the first had already passed. It is resumed without the state of the random numbers, as
happens where the number of processes has changed; with it the second file would repeat the first to the last digit.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import re
import shutil
import signal
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from datasets import Dataset
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)
from trl import GRPOConfig, GRPOTrainer

STEPS = 300
SAVE_STEPS = 50
STEPS_COUNTED = 12
MAX_COMPLETION = 64
SEEDS = (1, 2, 3)

#: Weights of ``counting_reward`` and ``length_penalty``. Both are logged in both settings.
SETTINGS = {"grpo-no-penalty": [1.0, 0.0], "grpo-length-penalty": [1.0, 1.0]}

#: The step after which a run gets SIGKILL, and whether it is then resumed.
KILLED = {"grpo-no-penalty-seed3": 171}
RESUMED = {"grpo-length-penalty-seed2": 187}

#: The trainer writes a table of completions at every logged step; these steps' are kept.
COMPLETIONS_EVERY = 50


@dataclass(frozen=True)
class Run:
    """One training."""

    setting: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.setting}-seed{self.seed}"


def counting_reward(prompts: list[str], completions: list[str], **_: object) -> list[float]:
    """Share of the first twelve characters that are the successor of the character before them."""
    rewards = []
    for prompt, completion in zip(prompts, completions, strict=True):
        text = prompt[0] + completion[:STEPS_COUNTED]
        right = sum(a + b in "01234567890" for a, b in pairwise(text))
        rewards.append(right / STEPS_COUNTED)
    return rewards


def length_penalty(completion_ids: list[list[int]], **_: object) -> list[float]:
    """Linear: a completion of the full 64 tokens costs a quarter."""
    return [-len(ids) / (4 * MAX_COMPLETION) for ids in completion_ids]


def tokenizer() -> PreTrainedTokenizerFast:
    words = ["<pad>", "<end>", *"0123456789+-"]
    core = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<pad>"))
    core.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    core.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<pad>", eos_token="<end>")


def save_random_model(folder: str, vocabulary: int) -> None:
    """The trainer loads the policy and the reference of its KL term from the same folder."""
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=128,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


class Kill(TrainerCallback):
    """The machine goes away: nothing gets flushed, closed or saved."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, _args: TrainingArguments, state: TrainerState, _control: TrainerControl, **_: object) -> None:
        if state.global_step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


def train(run: Run, folder: Path, kill_after: int | None, resume: bool) -> None:
    """Train in ``folder``. All paths the trainer sees are relative, so that no log names a place of this machine."""
    os.chdir(folder)
    # transformers warns of its own use of a name it deprecates, once a step.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"transformers\.")
    torch.set_num_threads(1)
    set_seed(run.seed)
    characters = tokenizer()
    if not resume:
        save_random_model("tiny-llama", len(characters))
    prompts = [f"{digit}+" for digit in range(10)] * 100
    random.Random(run.seed).shuffle(prompts)
    trainer = GRPOTrainer(
        model="tiny-llama",
        processing_class=characters,
        reward_funcs=[counting_reward, length_penalty],
        train_dataset=Dataset.from_dict({"prompt": prompts}),
        callbacks=[] if kill_after is None else [Kill(kill_after)],
        args=GRPOConfig(
            output_dir=run.name,
            run_name=run.name,
            seed=run.seed,
            max_steps=STEPS,
            per_device_train_batch_size=64,
            num_generations=8,
            num_iterations=2,
            max_completion_length=MAX_COMPLETION,
            reward_weights=SETTINGS[run.setting],
            learning_rate=5e-4,
            lr_scheduler_type="constant_with_warmup",
            warmup_steps=20,
            beta=0.005,
            bf16=False,
            use_cpu=True,
            activation_checkpointing=False,
            logging_steps=2,
            save_steps=SAVE_STEPS,
            save_total_limit=1,
            log_completions=True,
            num_completions_to_print=0,
            report_to=["tensorboard"],
            disable_tqdm=True,
        ),
    )
    trainer.train(resume_from_checkpoint=resume or None)


def in_own_process(run: Run, folder: Path, kill_after: int | None = None, resume: bool = False) -> None:
    process = multiprocessing.get_context("spawn").Process(target=train, args=(run, folder, kill_after, resume))
    process.start()
    process.join()
    expected = 0 if kill_after is None else -signal.SIGKILL
    if process.exitcode != expected:
        raise RuntimeError(f"{run.name}: expected exit code {expected}, got {process.exitcode}.")


def keep_logs(trained: Path, out: Path) -> None:
    """Copy the logs of one run, and take the machine's name out of the names of files and folders.

    Left behind: weights, optimizer, tokenizer, pickled arguments, the model card, most tables of completions.
    """
    for state in trained.glob("checkpoint-*/trainer_state.json"):
        copy(state, out / state.relative_to(trained))
    for table in trained.glob("completions/*.parquet"):
        if int(table.stem.removeprefix("completions_")) % COMPLETIONS_EVERY == 0:
            copy(table, out / table.relative_to(trained))
    # runs/Nov21_09-46-44_<host>/events.out.tfevents.<Unix time>.<host>.<process>.<n>
    for events in trained.glob("runs/*/events.out.tfevents.*"):
        stamp = re.match(r"[A-Z][a-z]{2}\d{2}_\d{2}-\d{2}-\d{2}_", events.parent.name)
        time = events.name.split(".")[3]
        assert stamp is not None, events
        copy(events, out / "runs" / f"{stamp.group()}demo" / f"events.out.tfevents.{time}.demo.{events.name[-1]}")


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def make(run: Run, out: Path) -> None:
    (out / run.name).mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if run.name in RESUMED:
            in_own_process(run, folder, kill_after=RESUMED[run.name])
            for state in folder.glob("*/checkpoint-*/rng_state.pth"):
                state.unlink()
            in_own_process(run, folder, resume=True)
        else:
            in_own_process(run, folder, kill_after=KILLED.get(run.name))
        keep_logs(folder / run.name, out / run.name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder for the runs; a run that is there already is an error")
    parser.add_argument("--jobs", type=int, default=2, help="trainings at a time (default: 2)")
    given = parser.parse_args()
    runs = [Run(setting, seed) for setting in SETTINGS for seed in SEEDS]
    with ThreadPoolExecutor(given.jobs) as pool:
        list(pool.map(make, runs, [given.out.resolve()] * len(runs)))


if __name__ == "__main__":
    main()
