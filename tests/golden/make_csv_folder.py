"""Write the golden folders of CSV files with d3rlpy and TorchRL themselves.

Made with d3rlpy 2.8.1, torchrl 0.14.1 and torch 2.14.1. Run it as ``python tests/golden/make_csv_folder.py``.

``d3rlpy`` is DiscreteCQL fitted to random episodes for three epochs with ``FileAdapter``; of its files of gradients one
is kept. ``torchrl`` is ``CSVLogger`` given numbers by hand.
``expected.json`` holds what the loggers were given: of each metric its steps and values.
"""

import json
import math
import shutil
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / "csv_folder"

TORCHRL = {
    "reward": [(0, 1.5), (200, math.nan), (400, -math.inf), (600, 0.1 + 0.2)],
    "train/loss": [(200, 0.25), (400, 1e-07)],
}


def fresh(case):
    folder = HERE / case
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def finish(folder, given):
    (folder / "expected.json").write_text("".join(json.dumps({name: rows}) + "\n" for name, rows in given.items()))


def make_d3rlpy():
    import d3rlpy
    from d3rlpy.logging import FileAdapter, FileAdapterFactory

    given = {}

    class Told(FileAdapter):
        def write_metric(self, epoch, step, name, value):
            given.setdefault(name, []).append((step, float(value)))
            super().write_metric(epoch, step, name, value)

    class ToldFactory(FileAdapterFactory):
        def create(self, algo, experiment_name, n_steps_per_epoch):
            return Told(algo, f"{self._root_dir}/{experiment_name}")

    d3rlpy.seed(1)
    rng = np.random.default_rng(1)
    terminals = np.zeros(60)
    terminals[9::10] = 1
    dataset = d3rlpy.dataset.MDPDataset(
        rng.normal(size=(60, 3)).astype("f4"), rng.integers(0, 2, size=60), rng.normal(size=60), terminals
    )
    factory = d3rlpy.models.encoders.VectorEncoderFactory(hidden_units=[4])
    algo = d3rlpy.algos.DiscreteCQLConfig(batch_size=4, encoder_factory=factory).create()
    with tempfile.TemporaryDirectory() as root:
        algo.fit(
            dataset,
            n_steps=60,
            n_steps_per_epoch=20,
            experiment_name="CQL_random_1",
            with_timestamp=False,
            logger_adapter=ToldFactory(root),
            logging_strategy=d3rlpy.constants.LoggingStrategy.EPOCH,
            evaluators={"environment": lambda algo, dataset: float(rng.normal())},
            show_progress=False,
        )
        folder = fresh("d3rlpy") / "CQL_random_1_20240101120000"
        folder.mkdir()
        for path in Path(root, "CQL_random_1").glob("*"):
            if path.suffix != ".d3" and (not path.name.endswith("_grad.csv") or "fc.weight" in path.name):
                shutil.copy(path, folder)
        finish(folder.parent, given)


def make_torchrl():
    from torchrl.record.loggers.csv import CSVLogger

    with tempfile.TemporaryDirectory() as root:
        logger = CSVLogger("exp", log_dir=root)
        logger.log_hparams({"lr": 3e-4, "seed": 7, "env": {"name": "CartPole-v1"}, "note": "a: b"})
        for name, rows in TORCHRL.items():
            for step, value in rows:
                logger.log_scalar(name, value, step=step)
        folder = fresh("torchrl")
        shutil.copytree(Path(root) / "exp", folder / "exp")
        finish(folder, TORCHRL)


if __name__ == "__main__":
    make_d3rlpy()
    make_torchrl()
