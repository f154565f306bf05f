"""TensorBoard event files: scalars of every plugin that logs them, and settings.

A run is the folder of its event files, except where writers put one run's files into several folders; see
:func:`claim`. Skipped without a word are what is no curve: images, histograms, audio, graphs, texts.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from rlcompare.errors import ReadIssue
from rlcompare.metrics import SIGNS, guess_framework, step_unit_of
from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume
from rlcompare.readers.tfevents import scan, settings_of, to_tables, walk
from rlcompare.readers.tfevents.event import tag_text

#: TensorBoard takes any file with ``tfevents`` in its name; TensorFlow's profiler leaves empty markers.
_MARK = "tfevents"
_EMPTY_MARKER = ".profile-empty"

#: torch's default folder name, which Hugging Face's ``default_logdir`` repeats: ``Nov05_09-08-07_host``.
_STAMP = re.compile(r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\d\d_\d\d-\d\d-\d\d_.+")

#: What Hugging Face's callback writes into a file early: its arguments, the last three for want of them.
_HF_SIGNS = (
    b"args/text_summary",
    b"per_device_train_batch_size",
    b"train/epoch",
    b"train/train_runtime",
    b"eval/runtime",
)

#: ``add_hparams`` names its folder ``str(time.time())``; d3rlpy has it named like the run's.
_HPARAMS_FOLDER = re.compile(r"\d{9,}\.\d+")
_HPARAMS_SIGN = b"_hparams_/"

#: In it Sample Factory gives each policy a folder named by its number.
_SUMMARIES = ".summary"

#: Ray Tune's TensorBoard logger takes ``timesteps_total`` as the step where a result has it, else the iteration
#: (ray/tune/logger/tensorboardx.py).
_TUNE_ENV_STEPS = "ray/tune/timesteps_total"

#: Tags that tell the framework or what it counts. One read may find some of them and the next others.
_TELLING = SIGNS | {_TUNE_ENV_STEPS}

#: Folders in which Keras, TF-Agents and others keep parts of one run.
_PART_FOLDERS = frozenset({"train", "eval", "evaluation", "val", "valid", "validation", "test"})

#: How far above a file ``add_scalars`` can have put its run: a folder for each part of the tag.
_SCALARS_DEPTH = 6

#: Bytes of a head that are looked through for its tags: a single-tag file shows itself early.
_PEEKED = 4096

#: torch's and tensorboardX's ``_clean_tag``.
_UNCLEAN = re.compile(r"[^-/\w.]")


def claim(file: LogFile, folder: Folder) -> Claim | None:
    """Claim files by name, and say which run they are part of.

    It is the file's own folder, but for

    - ``add_scalars``, which writes each curve of a chart into a folder below the run's, named after both: the run is
      the folder above, and the key reads ``chart/curve``;
    - ``add_hparams``, which writes into a folder below the run's, named after the time or like the run's: the run is
      the folder above, and the keys read ``hparams/…``, since they may be the run's own;
    - folders ``train``, ``eval``, ``val``, ``validation``, ``test`` and the like: the run is the folder above, and the
      keys read ``train/…``;
    - Hugging Face's ``<run>/runs/<time>_<host>``: the run is ``<run>``;
    - Sample Factory's ``<run>/.summary/<policy>``: the run is ``<run>``, unless it trains several policies.
    """
    if _MARK not in file.name or file.name.endswith(_EMPTY_MARKER):
        return None
    rename = "{}"
    run = folder
    if chart := _chart(file, folder):
        run, curve = chart
        rename = f"{{}}/{curve}"
    elif _is_of_hparams(file, folder):
        run = folder.parent or folder
        rename = "hparams/{}"
    elif folder.relative.name.lower() in _PART_FOLDERS:
        run = folder.parent or folder
        rename = f"{folder.relative.name}/{{}}"
    elif experiment := _only_policy_of(folder):
        run = experiment
    return Claim(_above_stamp(run, file), rename)


def _is_of_hparams(file: LogFile, folder: Folder) -> bool:
    name, above = folder.relative.name, folder.parent
    named_like_above = above is not None and name == above.relative.name and any(_MARK in one for one in above.files)
    return (named_like_above or bool(_HPARAMS_FOLDER.fullmatch(name))) and _HPARAMS_SIGN in file.head


def _only_policy_of(folder: Folder) -> Folder | None:
    """Find the experiment's folder from that of its policy; None if it has several, which learn each by itself."""
    above = folder.parent
    if above is None or above.relative.name != _SUMMARIES or not folder.relative.name.isdigit():
        return None
    return above.parent if len(above.folders) == 1 else None


def _above_stamp(run: Folder, file: LogFile) -> PurePosixPath:
    place = run.relative
    # torch's own default is `runs/<time>_<host>` too, there a run each: only the content tells Hugging Face's.
    if place.parent.name == "runs" and _STAMP.fullmatch(place.name) and any(sign in file.head for sign in _HF_SIGNS):
        return place.parent.parent
    return place


def _chart(file: LogFile, folder: Folder) -> tuple[Folder, str] | None:
    """Find the run and the curve's name of a file that ``add_scalars`` wrote.

    The file has one tag, the chart's. torch's folder is the chart's name with ``_`` for ``/``, then ``_`` and the
    curve's; tensorboardX's is one folder for each part of the chart's name, and in it the curve's.
    """
    above = list(_above(folder))
    if not any(any(_MARK in name for name in higher.files) for higher in above):
        return None
    tags = [tag_text(tag) for tag in walk(io.BytesIO(file.head[:_PEEKED])).tags]
    if len(tags) != 1:
        return None
    chart = _UNCLEAN.sub("_", tags[0])
    for higher in above:
        below = str(folder.relative.relative_to(higher.relative))
        for start in (chart.replace("/", "_") + "_", chart + "/"):
            curve = below[len(start) :]
            if curve and _UNCLEAN.sub("_", below).startswith(start) and any(_MARK in name for name in higher.files):
                return higher, curve
    return None


def _above(folder: Folder) -> Iterator[Folder]:
    for _ in range(_SCALARS_DEPTH):
        if folder.parent is None:
            return
        folder = folder.parent
        yield folder


def read(file: LogFile, resume: Resume | None) -> Chunk:
    """Read an event file, or what was appended to it.

    A record with a damaged payload is left out, and so are the bytes from a damaged length to the next sound record;
    each is an issue. Where a record was cut by the end of an earlier read, so may be its row: it is then two rows of
    one step.

    Raises
    ------
    OSError
        The file cannot be opened or read.
    """
    offset = resume.offset if resume else 0
    with file.open() as stream:
        log = scan(stream, offset)
    issues = IssueList(file)
    for problem in log.all_problems():
        issues.add(f"byte {problem.at}", problem.message, problem.severity)
    pending = None
    if log.pending is not None:
        place = f"byte {log.pending.at}"
        pending = ReadIssue(str(file.relative), place, log.pending.message, log.pending.severity)
    elif log.offset == 0:
        pending = issues.pending("", "The file is empty: its writer was opened and has written nothing yet.")
    told = _TELLING.intersection(map(tag_text, log.tags)).union(resume.state.get("told", ()) if resume else ())
    framework = guess_framework(told)
    step_unit = "env step" if _TUNE_ENV_STEPS in told else step_unit_of(framework)
    return Chunk(
        to_tables(log),
        log.offset,
        {"told": sorted(told)},
        config=settings_of(log),
        issues=issues.done(),
        pending=pending,
        step_unit=step_unit,
        framework=framework,
    )


READER = Reader(
    name="tensorboard",
    title="TensorBoard event files",
    files="`events.out.tfevents.*`",
    appends=True,
    claim=claim,
    read=read,
    stands_back=2,  # 32-bit floats
    version=2,
)
