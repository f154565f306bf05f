"""Write the golden files of the two prime-rl readers with its file monitor.

Made with the ``FileMonitor`` of prime-rl at commit 559b447 (it is on no package index, so its module is loaded by
itself from an unpacked repository, with stubs for what it imports of prime-rl) and episodes of verifiers 0.4.0. Run it
as

    python tests/golden/make_prime.py FOLDER_OF_PRIME_RL

It replaces ``prime/run`` beside itself. The rows of metrics have the keys that ``orchestrator.py`` and
``trainer/rl/train.py`` give; the clock is played. ``expected_metrics.json`` holds what was logged, one object a row,
``expected_samples.json`` what verifiers says of each trace.
"""

from __future__ import annotations

import ast
import asyncio
import json
import math
import shutil
import sys
import types
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from verifiers.v1.configs.agent import WireAgentConfig
from verifiers.v1.episode import EnvInfo, Episode, EvalWorkInfo, GroupInfo, TrainRunInfo, TrainWorkInfo
from verifiers.v1.graph import MessageNode
from verifiers.v1.task import WireTaskData
from verifiers.v1.trace import AgentInfo, AgentSpan, Error, ModelCall, Reward, Timing, Trace, TraceTask, VersionInfo
from verifiers.v1.types import AssistantMessage, SystemMessage, ToolCall, ToolMessage, Usage, UserMessage

HERE = Path(__file__).parent / "prime"
STARTED = 1_755_850_000.25


def file_monitor(folder: Path) -> Any:
    """Load the module of the monitor."""

    def stub(name: str, **members: Any) -> None:
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__dict__.update(members)

    def load(name: str, path: str) -> Any:
        module = types.ModuleType(name)
        sys.modules[name] = module
        exec(compile((folder / "src" / path).read_text(), path, "exec"), module.__dict__)
        return module

    source = (folder / "src/prime_rl/utils/utils.py").read_text()
    (sanitize,) = [node for node in ast.parse(source).body if getattr(node, "name", "") == "sanitize"]
    space = {"math": math, "Any": Any}
    exec(ast.unparse(sanitize), space)
    silent = SimpleNamespace(info=print, warning=print)
    stub("prime_rl.utils.config", BaseConfig=object)
    stub("prime_rl.utils.logger", get_logger=lambda: silent)
    stub("prime_rl.utils.utils", sanitize=space["sanitize"])
    stub("prime_rl.configs.monitors", FileMonitorConfig=object)
    load("prime_rl.monitors.base", "prime_rl/monitors/base.py")
    return load("prime_rl.monitors.file", "prime_rl/monitors/file.py")


class Clock:
    def __init__(self) -> None:
        self.now = STARTED

    def time(self) -> float:
        self.now += 7.5
        return self.now


# --- metrics


def of_orchestrator(step: int) -> list[dict[str, Any]]:
    return [
        {
            "train/agg/effective/agent/reward/mean": 0.1 * step,
            "train/agg/effective/num_output_tokens/mean": 100.0 + step,
            "train/agg/effective/agent/is_truncated/mean": math.nan if step == 1 else 0.25,
            "progress/tokens": 1000 * step,
            "progress/total_rollouts": 8 * step,
            "time/step": 10.0 + step,
            "time/save_ckpt": 0.0,
            "time/wait_for_policy": 0.5,
            "step": step,
        }
    ]


def of_trainer(step: int) -> list[dict[str, Any]]:
    return [
        {"perf/throughput": 5e3, "perf/throughput_per_gpu": 2.5e3, "perf/mfu": 31.5, "step": step},
        {"optim/lr": 1e-06, "step": step, "optim/grad_norm": 0.5 / (1 + step)},
        {"loss/mean": 0.01 * step, "entropy/all/mean": 0.4, "mismatch_kl/all/mean": 1e-4 * step, "step": step},
        {"time/step": 20.0 + step, "time/wait_for_batch": 1.0, "time/save_ckpt": 2.0, "time/forward_backward": 9.0},
    ]


def of_evaluation(step: int) -> list[dict[str, Any]]:
    return [{"eval/gsm8k/effective/agent/avg@4": 0.5 + step / 10, "step": float(step)}]


#: Who logged when: the trainer two steps behind the orchestrator, which was restarted once at step 3.
ORDER = [("eval", 0), ("orchestrator", 0), ("orchestrator", 1), ("trainer", 0), ("orchestrator", 2), ("trainer", 1)]
ORDER += [("eval", 2), ("orchestrator", 3), ("trainer", 2), ("trainer", 3)]


# --- episodes


def call(node: int, completion: int, finish: str) -> ModelCall:
    usage = Usage(prompt_tokens=20 * (node + 1), completion_tokens=completion)
    return ModelCall(node=node, model="m", finish_reason=finish, usage=usage)


def node(message: Any, parent: int | None, tokens: int, sampled: bool = False) -> MessageNode:
    return MessageNode(
        parent=parent,
        message=message,
        sampled=sampled,
        timestamp=STARTED,
        token_ids=list(range(tokens)),
        mask=[sampled] * tokens,
        logprobs=[-0.25] * tokens if sampled else [],
    )


def trace(identity: str, question: str, answer: str, rewards: dict[str, Reward | None], **fields: Any) -> Trace:
    data = WireTaskData(idx=0, prompt=question)
    nodes = [
        node(SystemMessage(content="Use the tool."), None, 3),
        node(UserMessage(content=question), 0, 4),
        node(
            AssistantMessage(
                content="Let me see.",
                tool_calls=[ToolCall(id="1", name="add", arguments='{"a": 2, "b": 3}')],
            ),
            1,
            5,
            sampled=True,
        ),
        node(ToolMessage(tool_call_id="1", content="5"), 2, 2),
        node(AssistantMessage(content=answer, reasoning_content="So it is."), 3, 6, sampled=True),
    ]
    given = {
        "agent": AgentInfo(config=WireAgentConfig(), name="agent"),
        "ok": True,
        "is_completed": True,
        "stop_condition": "agent_completed",
        "timing": Timing(start=STARTED, agent=AgentSpan(start=STARTED, end=STARTED + 12.5)),
        "metrics": {"correct": float(answer == "5")},
        **fields,
    }
    return Trace(
        id=identity,
        verifiers=VersionInfo(version="0.4.0"),
        task=TraceTask(type="Sum", data=data, key=question, hash=question),
        nodes=nodes,
        calls=[call(2, 5, "tool_calls"), call(4, 6, "stop")],
        rewards=rewards,
        **given,
    )


def episode(identity: str, question: str, traces: list[Trace], step: int, kind: str, **fields: Any) -> Episode:
    work = TrainWorkInfo(step=step) if kind == "train" else EvalWorkInfo(step=step)
    return Episode(
        id=identity,
        env=EnvInfo(id="sums", name="sums"),
        task=TraceTask(type="Sum", data=WireTaskData(idx=0, prompt=question), key=question, hash=question),
        group=GroupInfo(id=question),
        run=TrainRunInfo(id="run", name="golden", work=work),
        traces=traces,
        **{"ok": True, **fields},
    )


def episodes(step: int, kind: str) -> list[Episode]:
    """Two right and wrong answers, one that was not scored, one with a judge, one that failed before it began."""
    right = trace("a", "2 + 3?", "5", {"sum": Reward(score=1.0), "form": Reward(score=0.5, weight=0.2)})
    wrong = trace("b", "2 + 3?", "größer \u2028 6", {"sum": Reward(score=0.0), "form": None})
    lost = trace(
        "c",
        "4 + 4?",
        "",
        {"sum": None},
        ok=False,
        stop_condition="scoring_error",
        metrics={"correct": None},
        errors=[Error(type="Timeout", message="no answer")],
        timing=Timing(start=STARTED),
    )
    solver = trace("d", "9 + 1?", "10", {"sum": Reward(score=1.0)}, metrics={})
    judge = trace(
        "e",
        "9 + 1?",
        "yes",
        {},
        agent=AgentInfo(config=WireAgentConfig(), name="judge", trainable=False),
    )
    return [
        episode("1", "2 + 3?", [right], step, kind),
        episode("2", "2 + 3?", [wrong], step, kind),
        episode("3", "4 + 4?", [lost], step, kind, ok=False),
        episode("4", "9 + 1?", [judge, solver], step, kind),
        episode("5", "7 + 7?", [], step, kind, ok=False, errors=[Error(type="Boot", message="no sandbox")]),
    ]


def said(made: Episode, step: int, kind: str) -> list[dict[str, Any]]:
    return [
        {
            "step": step,
            "kind": kind,
            "question": made.task.data.prompt,
            "reward": one.reward if any(reward is not None for reward in one.rewards.values()) else None,
            "tokens": one.num_output_tokens,
            "wall_time": one.timing.agent.end or None,
            "correct": one.metrics.get("correct"),
            "reply": one.last_reply,
        }
        for one in made.traces
        if one.agent.trainable
    ]


def write_lines(path: Path, rows: list[Any]) -> None:
    path.write_text("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n")


async def main(folder: Path) -> None:
    module = file_monitor(folder)
    module.time = Clock()
    run = HERE / "run"
    shutil.rmtree(HERE, ignore_errors=True)
    run.mkdir(parents=True)
    monitor = module.FileMonitor(SimpleNamespace(path=Path("metrics.jsonl")))
    await monitor.init(output_dir=run)
    rows = []
    for who, step in ORDER:
        made = {"orchestrator": of_orchestrator, "trainer": of_trainer, "eval": of_evaluation}[who](step)
        for metrics in made:
            await monitor.log(metrics, step=step)
            rows.append({"who": who, "step": step, "time": module.time.now, **metrics})
    write_lines(HERE / "expected_metrics.json", rows)
    samples = []
    for step, kind in ((1, "train"), (2, "eval")):
        for made in episodes(step, kind):
            await monitor.log(made, step=step, kind=kind, subset="all")
            samples += said(made, step, kind)
    await monitor.log(episodes(1, "train")[:2], step=1, kind="train", subset="effective")
    write_lines(HERE / "expected_samples.json", samples)
    await monitor.finalize()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
