"""W&B's run files (``run-<id>.wandb``): framing, records, and the readers of history and of console text."""
