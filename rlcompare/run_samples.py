"""Samples of runs from their stored parts, and the texts of single ones from the logs themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

import polars as pl
from polars.exceptions import PolarsError

from rlcompare.errors import ParameterError, SampleTextError, UnknownRunError
from rlcompare.histories import read_again
from rlcompare.readers import SampleText
from rlcompare.schema import SAMPLE_TEXTS, SAMPLES
from rlcompare.store import Snapshot
from rlcompare.store import samples as stored
from rlcompare.store.ingest import BY_NAME, still_holds
from rlcompare.store.record import RunRecord

#: What finds a sample's texts.
_WHERE = ("run", "source", "place")

_HINT = "Hint: open the log folders again; what was sampled before may be gone for good."


def read_samples(
    records: Sequence[RunRecord], snapshot: Snapshot, columns: str | Iterable[str] | None = None
) -> pl.DataFrame:
    """Read samples of runs; see :meth:`rlcompare.runs.Runs.samples`.

    Raises
    ------
    ParameterError
        No such column.
    """
    asked = [columns] if isinstance(columns, str) else [*SAMPLES] if columns is None else [*columns]
    unknown = [name for name in asked if name not in SAMPLES]
    if unknown:
        raise ParameterError(f"Expected columns of {', '.join(SAMPLES)}; got {', '.join(map(repr, unknown))}.")
    wanted = [name for name in SAMPLES if name in asked]
    having = [record for record in records if any(source.samples for source in record.sources)]
    try:
        return stored.read_samples(having, wanted)
    except (OSError, PolarsError):
        # The cache was cleared, damaged or written anew by another process: it is disposable, so make it again.
        again = [read_again(record, snapshot) for record in having]
        return stored.read_samples(again, wanted)


def read_texts(records: Sequence[RunRecord], snapshot: Snapshot, samples: pl.DataFrame) -> pl.DataFrame:
    """Read the texts of samples; see :meth:`rlcompare.runs.Runs.texts`.

    Raises
    ------
    ParameterError
        A column is missing.
    UnknownRunError
        A run that is not among ``records``.
    SampleTextError
        A log is gone, or was written anew since it was read.
    """
    missing = [name for name in _WHERE if name not in samples.columns]
    if missing:
        raise ParameterError(
            f"Expected samples with {', '.join(_WHERE)}; got them without {', '.join(missing)}. "
            'Hint: choose these columns too, as in `runs.samples(["run", "source", "place", "reward"])`.'
        )
    where = samples.select(_WHERE)
    by_id = {record.id: record for record in records}
    found: dict[tuple[str, str, int], SampleText] = {}
    for (run, path), rows in where.drop_nulls().group_by("run", "source", maintain_order=True):
        if run not in by_id:
            raise UnknownRunError(f"Expected samples of one of {len(by_id)} runs, got some of {run!r}.")
        places = rows["place"].unique(maintain_order=True).to_list()
        texts = _read_log(by_id[str(run)], snapshot, str(path), places)
        found |= {(str(run), str(path), place): text for place, text in zip(places, texts, strict=True)}
    texts_of = [found.get(row) for row in where.iter_rows()]
    columns = {
        "prompt": [None if text is None else text.prompt for text in texts_of],
        "response": [None if text is None else text.response for text in texts_of],
        "others": [None if text is None else json.dumps(text.others, ensure_ascii=False) for text in texts_of],
    }
    return pl.DataFrame({**where.to_dict(), **columns}, schema=SAMPLE_TEXTS)


def _read_log(record: RunRecord, snapshot: Snapshot, path: str, places: Sequence[int]) -> Sequence[SampleText]:
    logs = [
        (known, source)
        for part, _ in stored.parts_of(record)
        for known in part.sources
        for source in snapshot.found[part.id].sources
        if known.path == str(source.file.relative) == path and BY_NAME[source.reader].texts is not None
    ]
    if len(logs) != 1:
        came = "several: ask for the texts of the runs one by one" if logs else "there is none"
        raise SampleTextError(f"Expected a log with texts of samples at {path} in run {record.id!r}, {came}.")
    ((known, source),) = logs
    texts = BY_NAME[source.reader].texts
    try:
        if texts is not None and still_holds(source, known):
            return texts(replace(source.file, problems=[]), places)
    except OSError as error:
        raise SampleTextError(
            f"Expected the log {path} of run {record.id!r}, the system says: {error.strerror or error}. {_HINT}"
        ) from error
    except ValueError as error:
        raise SampleTextError(f"{error}, in the log {path} of run {record.id!r}. {_HINT}") from error
    raise SampleTextError(
        f"Expected the log {path} of run {record.id!r} as it was when it was read, it has been written anew. {_HINT}"
    )
