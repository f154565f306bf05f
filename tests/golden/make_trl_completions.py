"""Write the golden files of the reader of TRL's completions with its GRPOTrainer.

Made with trl 1.16.0, transformers 5.24.0, torch 2.14.1 (CPU), tokenizers 0.23.3, pandas 3.1.1. The tiny model and its
tokenizer are those of ``make_trl.py``. Run it from anywhere; it replaces ``trl_completions/`` beside itself.
``expected.json`` holds what the trainer kept of each batch when it logged: prompts, completions, rewards, advantages.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from datasets import Dataset
from make_trl import share_of_a, tiny_llama, tokenizer
from trl import GRPOConfig, GRPOTrainer

HERE = Path(__file__).parent / "trl_completions"
TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"


def text_of(completion: Any) -> str:
    return completion if isinstance(completion, str) else completion[-1]["content"]


def share_of_a_reward(completions: list[Any], **_: Any) -> list[float]:
    return share_of_a([text_of(completion) for completion in completions])


def length_reward(completions: list[Any], **_: Any) -> list[float | None]:
    """Say nothing of completions that begin with ``c``."""
    texts = [text_of(completion) for completion in completions]
    return [None if text.startswith("c") else -len(text) / 10 for text in texts]


class Watched(GRPOTrainer):
    """Notes what it logs, by the step."""

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        super().log(logs, start_time)
        kept = self._logs
        rows = [
            {
                "step": self.state.global_step,
                "prompt": kept["prompt"][at],
                "completion": kept["completion"][at],
                **{name: values[at] for name, values in kept["rewards"].items()},
                **{name: values[at] for name, values in kept["extra"].items()},
                "advantage": kept["advantages"][at],
            }
            for at in range(len(kept["prompt"]))
        ]
        self.noted = {**getattr(self, "noted", {}), self.state.global_step: rows}


def train(case: str, prompts: list[Any], weights: list[float] | None) -> None:
    processing = tokenizer()
    processing.chat_template = TEMPLATE
    data = Dataset.from_dict({"prompt": prompts})
    with tempfile.TemporaryDirectory() as output:
        trainer = Watched(
            model=tiny_llama(),
            reward_funcs=[share_of_a_reward, length_reward],
            args=GRPOConfig(
                output_dir=output,
                max_steps=2,
                logging_steps=1,
                per_device_train_batch_size=8,
                num_generations=4,
                max_completion_length=8,
                learning_rate=1e-2,
                reward_weights=weights,
                log_completions=True,
                report_to="none",
                use_cpu=True,
                bf16=False,
                disable_tqdm=True,
                seed=3,
            ),
            train_dataset=data,
            processing_class=processing,
        )
        trainer.train()
        trainer.save_state()
        target = HERE / case
        for path in sorted(Path(output).glob("completions/*.parquet")):
            (target / "completions").mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target / "completions" / path.name)
        shutil.copy(Path(output) / "trainer_state.json", target)
    rows = [row for rows in trainer.noted.values() for row in rows]
    lines = ",\n".join(json.dumps(row) for row in rows)
    (target / "expected.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    shutil.rmtree(HERE, ignore_errors=True)
    plain = ["ab", "cd", "ef", "gh"]
    train("grpo", plain, None)
    train("weighted", plain, [0.1, 3.0])
    train("messages", [[{"role": "user", "content": prompt}] for prompt in plain], None)
