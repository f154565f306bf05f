"""W&B's run files (``run-<id>.wandb``): records, and the readers of history and of console text."""

from rlcompare.readers.wandb.run import CONSOLE_READER, READER

__all__ = ["CONSOLE_READER", "READER"]
