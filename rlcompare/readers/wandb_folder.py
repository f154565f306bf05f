"""The folders in which W&B keeps runs: ``wandb/run-<date>_<time>-<id>/`` with ``run-<id>.wandb`` and ``files/``."""

from __future__ import annotations

import re

from rlcompare.readers.base import Folder

#: Of a run that was logged online or offline.
RUN_FOLDER = re.compile(r"(?:offline-)?run-\d{8}_\d{6}-(?P<id>.+)")

LATEST = "latest-run"

_RUN_FILE = re.compile(r"run-(?P<id>.+)\.wandb")


def is_run_folder(folder: Folder) -> bool:
    """Whether W&B made it for a run; without its run file, only its name or place tells."""
    in_wandb = folder.parent is not None and folder.parent.relative.name == "wandb"
    return in_wandb or bool(RUN_FOLDER.fullmatch(folder.relative.name)) or bool(_ids(folder))


def repeats_a_neighbour(folder: Folder) -> bool:
    """Whether it is ``latest-run``, W&B's link to one of its neighbours, copied where that one is there too.

    A copy without its run file does not tell which it was; it is one of them if there are any.
    """
    if folder.relative.name != LATEST or folder.parent is None:
        return False
    beside = {found["id"] for name in folder.parent.folders if (found := RUN_FOLDER.fullmatch(name))}
    return not beside.isdisjoint(_ids(folder) or beside)


def _ids(folder: Folder) -> set[str]:
    return {found["id"] for name in folder.files if (found := _RUN_FILE.fullmatch(name))}
