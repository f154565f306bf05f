"""Write the golden files of the reader of verl's rollouts with verl's own trainers.

Made with the ``_dump_generations`` of verl 0.9.1's ``RayPPOTrainer``, called with a stub in place of a trainer that has
GPUs (case ``v0_9``), and with that of verl 0.5.0, the function taken alone (case ``v0_5``). Run it as

    python tests/golden/make_verl_rollouts.py FOLDER_OF_UNPACKED_VERL_0_5

in an environment with verl 0.9.1 and what its trainer imports. ``expected.json`` holds what the trainers were given.
"""

import ast
import json
import math
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from verl.trainer.ppo.ray_trainer import RayPPOTrainer

HERE = Path(__file__).parent / "verl_rollouts"
QUESTIONS = ["What is 2 + 3?", "Wie groß ist “π”?", 'Say "step" :\n{"input": 1}', "empty"]
ANSWERS = ["<think>2 + 3 = 5</think> 5", "ungefähr 3,14 \u2028 \U0001f967", '{"output": "\\u0041"}\ttab', ""]
TRUTHS = ["5", "3.14", None, ["a", 1]]


def batch(step):
    """Two samples of each question, and what reward functions say of them."""
    rng = np.random.default_rng(step)
    n = 2 * len(QUESTIONS)
    scores = rng.choice([-3.0, -0.5, 3.0], n).tolist()
    extras = {
        "acc": [score == 3.0 for score in scores],
        "pred": [None if score == -3.0 else str(score) for score in scores],
        "format_score": rng.uniform(size=n).round(6).tolist(),
        "of another length": [1.0],
    }
    return {
        "inputs": [question for question in QUESTIONS for _ in range(2)],
        "outputs": [answer + str(step) * k for answer in ANSWERS for k in (0, step)],
        "gts": [truth for truth in TRUTHS for _ in range(2)],
        "scores": scores,
        "reward_extra_infos_dict": extras,
    }


def dump_0_9(given, step, folder):
    trainer = SimpleNamespace(global_steps=step, _write_generations=RayPPOTrainer._write_generations)
    RayPPOTrainer._init_dump_executor(trainer)
    RayPPOTrainer._dump_generations(trainer, **given, dump_path=str(folder))
    RayPPOTrainer._shutdown_dump_executor(trainer)


def dump_0_5(unpacked):
    source = (Path(unpacked) / "verl/trainer/ppo/ray_trainer.py").read_text()
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    (function,) = [node for node in functions if node.name == "_dump_generations"]
    names = {"os": os, "json": json}
    exec(ast.unparse(function), names)

    def dump(given, step, folder):
        without = {key: value for key, value in given.items() if key != "gts"}
        names["_dump_generations"](SimpleNamespace(global_steps=step), **without, dump_path=str(folder))

    return dump


def make(case, dump, folders):
    root = HERE / case
    shutil.rmtree(root, ignore_errors=True)
    expected = []
    for folder, steps in folders.items():
        for step in steps:
            given = batch(step)
            if folder == "validation_data":
                given["scores"][0] = math.nan
            dump(given, step, root / folder)
            extras = given["reward_extra_infos_dict"]
            for at, prompt in enumerate(given["inputs"]):
                expected.append(
                    {
                        "file": f"{folder}/{step}.jsonl",
                        "step": step,
                        "input": prompt,
                        "output": given["outputs"][at],
                        "gts": given["gts"][at],
                        "score": given["scores"][at],
                        **{key: extras[key][at] for key in ("acc", "pred", "format_score")},
                    }
                )
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in expected)
    (root / "expected.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    make("v0_9", dump_0_9, {"rollout_data": (1, 2, 10), "validation_data": (0, 10)})
    make("v0_5", dump_0_5(sys.argv[1]), {"rollout_data": (1,)})
