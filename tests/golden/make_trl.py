"""Write the golden files of the ``trainer_state.json`` reader, and what the Trainer itself holds at the end.

Made with trl 1.16.0, transformers 5.23.0, torch 2.13.0 (CPU), tokenizers 0.23.3. Nothing is downloaded: the models are
tiny Llamas with random weights, the tokenizer knows a few characters. Run it from anywhere; it replaces
``trainer_state/`` beside itself.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Trainer, TrainingArguments
from trl import GRPOConfig, GRPOTrainer

HERE = Path(__file__).parent / "trainer_state"
CHARACTERS = "abcdefgh"


def tokenizer() -> PreTrainedTokenizerFast:
    vocabulary = {token: number for number, token in enumerate(["<pad>", "<eos>", *CHARACTERS])}
    plain = Tokenizer(models.WordLevel(vocabulary, unk_token="<pad>"))
    plain.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    return PreTrainedTokenizerFast(
        tokenizer_object=plain, pad_token="<pad>", eos_token="<eos>", padding_side="left", model_max_length=64
    )


def tiny_llama() -> LlamaForCausalLM:
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=2 + len(CHARACTERS),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=64,
            pad_token_id=0,
            eos_token_id=1,
            bos_token_id=None,
        )
    )


def share_of_a(completions: list[str], **_: Any) -> list[float]:
    return [completion.count("a") / 8 for completion in completions]


def keep(output: str, name: str, history: list[dict[str, float]]) -> None:
    """Copy the states of a training, and write what its Trainer holds."""
    for path in sorted(Path(output).rglob("trainer_state.json")):
        target = HERE / name / path.relative_to(output)
        target.parent.mkdir(parents=True, exist_ok=True)
        state = json.loads(path.read_text())
        assert state["best_model_checkpoint"] is None, "it would hold a path"
        shutil.copy(path, target)
    (HERE / name / "expected.json").write_text(json.dumps(history, indent=1) + "\n")


def train_grpo() -> None:
    """GRPO for 3 steps, evaluated once, with checkpoints after 2 and 3 and the state saved at the end."""
    prompts = Dataset.from_dict({"prompt": ["ab", "cd", "ef", "gh"]})
    with tempfile.TemporaryDirectory() as output:
        trainer = GRPOTrainer(
            model=tiny_llama(),
            reward_funcs=[share_of_a],
            args=GRPOConfig(
                output_dir=output,
                max_steps=3,
                save_steps=2,
                eval_steps=2,
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
            ),
            train_dataset=prompts,
            eval_dataset=prompts,
            processing_class=tokenizer(),
        )
        trainer.train()
        trainer.save_state()
        keep(output, "grpo", trainer.state.log_history)


def train_until_nan() -> None:
    """Train a language model at a learning rate that breaks it: NaN as a bare token, no summary in the checkpoint."""
    tokens = torch.arange(2, 2 + len(CHARACTERS))
    rows = Dataset.from_list([{"input_ids": tokens.tolist(), "labels": tokens.tolist()}] * 8)
    with tempfile.TemporaryDirectory() as output:
        trainer = Trainer(
            model=tiny_llama(),
            args=TrainingArguments(
                output_dir=output,
                max_steps=4,
                save_steps=4,
                logging_steps=1,
                per_device_train_batch_size=2,
                learning_rate=1e38,
                lr_scheduler_type="constant",
                logging_nan_inf_filter=False,
                report_to="none",
                use_cpu=True,
                disable_tqdm=True,
            ),
            train_dataset=rows,
        )
        trainer.train()
        keep(output, "nan", [row for row in trainer.state.log_history if "train_runtime" not in row])


if __name__ == "__main__":
    shutil.rmtree(HERE, ignore_errors=True)
    train_grpo()
    train_until_nan()
