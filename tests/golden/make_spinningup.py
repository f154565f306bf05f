"""Write the golden file of the Spinning Up reader.

Spinning Up 0.2 is on no package index and needs TensorFlow 1, so no part of it runs here. ``progress.txt`` and
``config.json`` are written by statements equivalent to those of ``Logger.dump_tabular`` and ``Logger.save_config``
(``spinup/utils/logx.py`` at 06b7994): columns joined by tabs, values as ``str`` makes them, numbers of NumPy as
``EpochLogger`` has them; settings with tabs behind the colons. Run it as ``python tests/golden/make_spinningup.py``
(numpy 2.4.6). ``expected.json`` holds the rows as given.
"""

import json
import shutil
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / "spinningup" / "ppo"
SETTINGS = {
    "ac_kwargs": {"hidden_sizes": [64]},
    "env_fn": "<function <lambda> at 0x7f0000000000>",
    "exp_name": "ppo",
    "gamma": 0.99,
    "logger": {"<spinup.utils.logx.EpochLogger object at 0x7f0000000000>": {"exp_name": "ppo", "first_row": True}},
    "seed": 10,
}


def rows():
    rng = np.random.default_rng(0)
    for epoch in range(4):
        returns = rng.normal(20 + epoch, 5, size=7).astype(np.float32)
        yield {
            "Epoch": epoch,
            "AverageEpRet": np.mean(returns),
            "StdEpRet": np.std(returns),
            "MaxEpRet": np.max(returns),
            "MinEpRet": np.min(returns),
            "EpLen": float(rng.integers(15, 25)),
            "TotalEnvInteracts": (epoch + 1) * 4000,
            "LossPi": np.float32("nan") if epoch == 2 else rng.normal(),
            "Time": 1.5 * (epoch + 1),
        }


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir(parents=True)
    given = list(rows())
    lines = ["\t".join(given[0]), *("\t".join(map(str, row.values())) for row in given)]
    (HERE / "progress.txt").write_text("\n".join(lines) + "\n")
    (HERE / "config.json").write_text(json.dumps(SETTINGS, separators=(",", ":\t"), indent=4, sort_keys=True))
    expected = ({key: float(str(value)) for key, value in row.items()} for row in given)
    (HERE / "expected.json").write_text("".join(json.dumps(row) + "\n" for row in expected))


if __name__ == "__main__":
    main()
