"""Stable-Baselines3 ``evaluations.npz``: what its EvalCallback measured, one row an evaluation, a sample an episode.

``EvalCallback`` (stable_baselines3/common/callbacks.py) rewrites the file after every evaluation with
``timesteps`` (n,), ``results`` and ``ep_lengths`` (n, episodes) and, where the environment tells, ``successes``.
Wrapped environments have written ``results`` as (n, episodes, 1).
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib

import numpy as np
import numpy.typing as npt
import polars as pl

from rlcompare.readers.base import Chunk, Claim, Folder, IssueList, LogFile, Reader, Resume
from rlcompare.readers.samples import sample_frame
from rlcompare.schema import STEP

#: Unpacked bytes of one array; 10,000 evaluations of 100 episodes need 8 MB.
MAX_ARRAY_BYTES = 64 * 2**20

#: What the zip module and numpy's header parser raise over bytes that are not theirs.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    KeyError,
    SyntaxError,
    OverflowError,
)

#: Arrays beside ``results`` that not every version writes, and what their means are called.
MEANS = {"ep_lengths": "eval/mean_ep_length", "successes": "eval/success_rate"}

_HINT = "Hint: it is rewritten after every evaluation; if the training still runs, the next one repairs it."

Floats = npt.NDArray[np.float64]


class _ArrayError(Exception):
    """An array that is not what EvalCallback writes, or is too large to open."""


def claim(file: LogFile, folder: Folder) -> Claim | None:
    """Claim ``evaluations.npz`` for the folder that holds it."""
    return Claim(run=folder.relative) if file.name == "evaluations.npz" else None


def read(file: LogFile, resume: Resume | None) -> Chunk:  # noqa: ARG001 - always read whole
    """Read all evaluations.

    ``eval/mean_reward``, ``eval/mean_ep_length`` and ``eval/success_rate`` are means over the episodes of one
    evaluation, ``eval/std_reward`` is their population standard deviation (``ddof=0``), both as EvalCallback prints
    them. An evaluation without an episode gives null. Samples are the episodes, ``correct`` where they succeeded.
    """
    # One read, so that a file rewritten meanwhile cannot mix two versions.
    with file.open() as stream:
        data = stream.read()
    issues = IssueList(file)
    frame: pl.DataFrame | None = None
    samples: pl.DataFrame | None = None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            steps, arrays = _arrays(archive, issues)
        frame, samples = _frame(steps, arrays), _samples(steps, arrays)
    except _ArrayError as error:
        issues.add("", str(error), "error")
    except _DAMAGE as error:
        issues.add("", f"Expected a NumPy .npz archive, came {len(data):,} bytes: {error}. {_HINT}", "error")
    return Chunk(
        tables=() if frame is None else (frame,),
        offset=len(data),
        issues=issues.done(),
        samples=samples,
        step_unit="env step",
        framework="Stable-Baselines3",
    )


def _arrays(archive: zipfile.ZipFile, issues: IssueList) -> tuple[Floats, dict[str, Floats]]:
    """Read the steps (n,), and by name the arrays (n, episodes) that fit them."""
    steps = _array(archive, "timesteps").reshape(-1)
    if not np.isfinite(steps).all() or (steps != np.floor(steps)).any() or (np.abs(steps) >= 2**53).any():
        raise _ArrayError("Expected whole numbers in timesteps, came fractions, NaN or numbers beyond 2^53.")
    arrays = {"results": _per_evaluation(archive, "results", len(steps))}
    for array, metric in MEANS.items():
        if f"{array}.npy" not in archive.namelist():
            continue
        try:
            arrays[array] = _per_evaluation(archive, array, len(steps))
        except _ArrayError as error:
            issues.add(f"array {array}", f"{error} {metric} was left out.")
    return steps, arrays


def _frame(steps: Floats, arrays: dict[str, Floats]) -> pl.DataFrame:
    columns = {
        STEP: pl.Series(STEP, steps.astype(np.int64)),
        "eval/mean_reward": _mean(arrays["results"]),
        "eval/std_reward": _std(arrays["results"]),
    }
    columns |= {metric: _mean(arrays[array]) for array, metric in MEANS.items() if array in arrays}
    return pl.DataFrame(columns)


def _samples(steps: Floats, arrays: dict[str, Floats]) -> pl.DataFrame:
    """Make a sample of every episode; an array that has other numbers of episodes than ``results`` tells of none."""
    results = arrays["results"]
    fitting = {name: values for name, values in arrays.items() if values.shape == results.shape}
    of_episodes = {name: pl.Series(values.reshape(-1)) for name, values in fitting.items()}
    successes = of_episodes.get("successes")
    return sample_frame(
        pl.Series(np.repeat(steps.astype(np.int64), results.shape[1])),
        split="validation",
        length_unit="env step",
        reward=of_episodes["results"],
        length=of_episodes.get("ep_lengths"),
        correct=None if successes is None else (successes > 0).set(successes.is_nan(), None),
    )


def _per_evaluation(archive: zipfile.ZipFile, name: str, n: int) -> Floats:
    """Read an array as (n, episodes)."""
    values = _array(archive, name)
    if values.ndim == 0 or len(values) != n:
        raise _ArrayError(f"Expected {n:,} evaluations in {name} as in timesteps, came an array of {values.shape}.")
    return values.reshape(n, math.prod(values.shape[1:]))


def _array(archive: zipfile.ZipFile, name: str) -> Floats:
    """Read one numeric array as float64; checks its size before it unpacks anything and never unpickles."""
    try:
        member = archive.getinfo(f"{name}.npy")
    except KeyError:
        known = ", ".join(archive.namelist()[:10])
        raise _ArrayError(f"Expected an array {name!r}, came an archive of: {known or 'nothing'}.") from None
    if member.file_size > MAX_ARRAY_BYTES:
        raise _ArrayError(f"Expected {name} of at most {MAX_ARRAY_BYTES:,} bytes, came {member.file_size:,}.")
    with archive.open(member) as packed:
        stream = io.BytesIO(packed.read(member.file_size))
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise _ArrayError(f"Expected {name} in npy format 1.0 or 2.0, came {version[0]}.{version[1]}.")
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = header(stream)
    if dtype.kind not in "iufb":
        raise _ArrayError(
            f"Expected numbers in {name}, came dtype {dtype}. "
            "Hint: evaluations with different numbers of episodes are pickled by NumPy, and pickles are never opened."
        )
    # The header's word alone would let a file of a few bytes ask for any amount of memory.
    held = len(stream.getbuffer()) - stream.tell()
    if math.prod(shape) * dtype.itemsize != held:
        raise _ArrayError(f"Expected {shape} values of {dtype} in {name}, came {held:,} bytes.")
    stream.seek(0)
    values: Floats = np.load(stream, allow_pickle=False).astype(np.float64)
    return values


def _mean(values: Floats) -> pl.Series:
    if values.shape[1] == 0:
        return pl.Series([None] * len(values), dtype=pl.Float64)
    return pl.Series(values.mean(axis=1))


def _std(values: Floats) -> pl.Series:
    if values.shape[1] == 0:
        return pl.Series([None] * len(values), dtype=pl.Float64)
    # An infinite reward has no spread: NaN, and not worth a warning.
    with np.errstate(invalid="ignore"):
        return pl.Series(values.std(axis=1, ddof=0))


READER = Reader(
    name="evaluations",
    title="Stable-Baselines3 evaluations",
    files="`evaluations.npz`",
    appends=False,
    claim=claim,
    read=read,
    version=2,
)
