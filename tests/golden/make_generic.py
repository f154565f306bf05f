"""Write the golden files of the generic readers with real loggers.

Made with lightning 2.6.6 (``CSVLogger`` of Fabric and of the Trainer), and keras 3.15.1 on jax 0.10.2 (``CSVLogger``).
Run it as ``python tests/golden/make_generic.py``. ``expected.json`` holds what the loggers were given: one object a
record, with the step under ``step``.
"""

import json
import math
import os
import shutil
import tempfile
from pathlib import Path

HERE = Path(__file__).parent / "generic"


def finish(folder, expected):
    (folder / "expected.json").write_text("".join(json.dumps(row) + "\n" for row in expected))


def make_lightning():
    from lightning.fabric.loggers import CSVLogger

    with tempfile.TemporaryDirectory() as root:
        logger = CSVLogger(root, name="", version="v", flush_logs_every_n_steps=2)
        expected = []
        for step in range(0, 12, 2):
            row = {"train_loss": 1 / (step + 3), "epoch": step // 6}
            if step == 6:
                row = {"val_acc": 0.25, "epoch": 1}
            if step == 8:
                row["train_loss"] = math.nan
            logger.log_metrics(row, step)
            expected.append({"step": step} | row)
        logger.save()
        folder = HERE / "lightning"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(logger.log_dir) / "metrics.csv", folder)
    finish(folder, expected)


def make_trainer():
    import torch
    from lightning.pytorch import LightningModule, Trainer, seed_everything
    from lightning.pytorch.loggers import CSVLogger

    told = []

    class ToldLogger(CSVLogger):
        def log_metrics(self, metrics, step=None):
            told.append({"step": step} | metrics)
            super().log_metrics(metrics, step)

    class Module(LightningModule):
        def __init__(self, lr, seed):
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(2, 1)

        def training_step(self, batch, number):
            loss = self.layer(batch).square().mean()
            self.log("train_loss", loss)
            return loss

        def validation_step(self, batch, number):
            self.log("val_loss", self.layer(batch).square().mean())

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), self.hparams.lr)

    seed_everything(3)
    data = torch.utils.data.DataLoader(torch.randn(8, 2), batch_size=2)
    with tempfile.TemporaryDirectory() as root:
        logger = ToldLogger(root, name="lightning_logs")
        trainer = Trainer(
            max_epochs=2, logger=logger, log_every_n_steps=2, accelerator="cpu", enable_checkpointing=False
        )
        trainer.fit(Module(lr=0.1, seed=3), data, data)
        folder = HERE / "trainer"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(root, folder)
    finish(folder, told)


def make_keras():
    os.environ["KERAS_BACKEND"] = "jax"
    import keras
    import numpy as np

    told = []

    class ToldLogger(keras.callbacks.CSVLogger):
        def on_epoch_end(self, epoch, logs=None):
            told.append({"step": epoch} | {key: float(value) for key, value in logs.items()})
            super().on_epoch_end(epoch, logs)

    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    model.compile(loss="mse", metrics=["mae"])
    data = np.random.default_rng(3).normal(size=(8, 2)), np.ones(8)
    folder = HERE / "keras"
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "training.csv"
    model.fit(*data, validation_data=data, epochs=2, verbose=0, callbacks=[ToldLogger(log)])
    model.fit(*data, initial_epoch=2, epochs=4, verbose=0, callbacks=[ToldLogger(log, append=True)])
    finish(folder, told)


if __name__ == "__main__":
    make_lightning()
    make_trainer()
    make_keras()
