"""prime-rl's episodes: ``rollouts/step_3/{train,eval}/{all,effective}/traces.jsonl``.

``FileMonitor.log_episodes`` (src/prime_rl/monitors/file.py) appends one line an episode, the record of a
``verifiers.v1.Episode``: its ``task`` and one trace for each agent, a graph of messages with their tokens. ``all``
holds every episode as it ended, ``effective`` once more those that were trained on.

A sample is the trace of an agent that is trained; its length is what the model sampled over all turns, in tokens.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from rlcompare.readers import text
from rlcompare.readers.base import Chunk, Claim, Folder, LogFile, Reader, Resume, SampleText
from rlcompare.readers.ndjson import Record
from rlcompare.readers.sample_lines import SAMPLES_A_LINE, SampleLine, place_of, read_samples, read_texts
from rlcompare.readers.samples import Sample, correctness, number, prompt_id, sample_text

_FOLDERS = re.compile(r"(?:.*/)?rollouts/step_(?P<step>\d{1,18})/(?P<kind>train|eval)/(?:all|effective)/traces\.jsonl")

#: Folders from a file up to its run.
_DEPTH = 5


def claim(file: LogFile, folder: Folder) -> Claim | None:  # noqa: ARG001
    """Claim by name and folders, for the folder that holds ``rollouts``."""
    if not _FOLDERS.fullmatch(file.relative.as_posix()):
        return None
    return Claim(file.relative.parents[_DEPTH - 1], accompanies=True)


def choose(files: Sequence[LogFile]) -> Sequence[LogFile]:
    """Take ``effective`` only where there is no ``all``, which holds the same episodes."""
    whole = {file.relative.parent.parent for file in files if file.relative.parent.name == "all"}
    return [file for file in files if file.relative.parent.name == "all" or file.relative.parent.parent not in whole]


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read the samples of one step; ``wall_time`` is when the agent ended."""
    folders = _FOLDERS.fullmatch(file.relative.as_posix())
    step = int(folders["step"]) if folders else 0
    split = "validation" if folders and folders["kind"] == "eval" else "train"

    def samples_in(line: SampleLine) -> list[Sample]:
        asked = prompt_id(_task(line.record))
        return [
            Sample(
                step=step,
                reward=_reward(trace),
                length=_sampled_tokens(trace),
                length_unit="token",
                wall_time=_ended(trace),
                correct=correctness(_object(trace, "metrics")),
                prompt_id=asked,
                place=place_of(line, at),
            )
            for at, trace in enumerate(_traces(line.record))
            if _object(trace, "agent").get("trainable") is not False
        ]

    return read_samples(file, resume, samples_in, split=split, framework="prime-rl")


def _object(record: Record, key: str) -> Record:
    value = record.get(key)
    return value if isinstance(value, dict) else {}


def _objects(record: Record, key: str) -> list[Record]:
    value = record.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _traces(episode: Record) -> list[Record]:
    traces = episode.get("traces")
    if not isinstance(traces, list) or not all(isinstance(trace, dict) for trace in traces):
        raise ValueError(f"Expected an episode with traces, found {', '.join(map(text.shown, list(episode)[:10]))}")
    return traces


def _task(episode: Record) -> str:
    """Tell tasks apart: an environment's name, and the task's key, else what it says."""
    env, task = _object(episode, "env"), _object(episode, "task")
    key = task.get("key") or task.get("hash") or json.dumps(task.get("data"), sort_keys=True)
    return json.dumps([env.get("name") or env.get("id"), key])


def _reward(trace: Record) -> float | None:
    """Sum the weighted rewards, as ``Trace.reward`` does; none where nothing was scored."""
    parts = []
    for given in _object(trace, "rewards").values():
        score = number(given.get("score")) if isinstance(given, dict) else None
        weight = number(given.get("weight", 1.0)) if isinstance(given, dict) else None
        if score is not None and weight is not None:
            parts.append(score * weight)
    return sum(parts) if parts else None


def _sampled_tokens(trace: Record) -> float | None:
    told = number(trace.get("num_output_tokens"))
    if told is not None:
        return told
    calls = [number(_object(call, "usage").get("completion_tokens")) for call in _objects(trace, "calls")]
    counted = [tokens for tokens in calls if tokens is not None]
    return sum(counted) if counted else None


def _ended(trace: Record) -> float | None:
    """When the agent ended, in Unix seconds; the framework writes 0 where it did not."""
    return number(_object(_object(trace, "timing"), "agent").get("end")) or None


def texts(file: LogFile, places: Sequence[int]) -> Sequence[SampleText]:
    """Read single samples again: the messages up to the first that the model sampled, and those from there on."""
    return read_texts(file, places, _text, SAMPLES_A_LINE)


def _text(episode: Record, number_in_line: int) -> SampleText:
    trace = _traces(episode)[number_in_line]
    nodes = _last_branch(_objects(trace, "nodes"))
    first = next((at for at, node in enumerate(nodes) if node.get("sampled")), len(nodes))
    messages = [_object(node, "message") for node in nodes]
    others = {"task": _object(episode, "task").get("data")}
    others |= {key: trace.get(key) for key in ("rewards", "metrics", "stop_condition", "errors", "info")}
    kept = {key: value for key, value in others.items() if value not in ({}, [])}
    return sample_text(messages[:first], messages[first:], kept)


def _last_branch(nodes: Sequence[Record]) -> list[Record]:
    """Follow the parents from the last message to the first one."""
    branch: list[Record] = []
    at: object = len(nodes) - 1
    while isinstance(at, int) and 0 <= at < len(nodes) and len(branch) < len(nodes):
        branch.append(nodes[at])
        at = nodes[at].get("parent")
    return branch[::-1]


READER = Reader(
    name="prime_traces",
    title="prime-rl episodes",
    files="`rollouts/step_<step>/{train,eval}/all/traces.jsonl`, else those of `effective`",
    appends=True,
    claim=claim,
    read=read,
    choose=choose,
    texts=texts,
)
