"""Write the golden files of the DVCLive readers with DVCLive itself.

Made with dvclive 3.49.1, dvc 3.67.1, Python 3.11, outside of a Git repository. Run it as
``python tests/golden/make_dvclive.py``. ``expected.json`` holds what DVCLive's own ``parse_metrics`` reads from the
tables, with its numbers as numbers: ``{metric: [[step, Unix seconds or null, value], ...]}``.
"""

import json
import math
import os
import shutil
import tempfile
from pathlib import Path

HERE = Path(__file__).parent / "dvclive"


def train():
    import numpy as np
    from dvclive import Live
    from dvclive.utils import parse_metrics

    folder = Path("exp/dvclive")
    with Live(str(folder), save_dvc_exp=False, dvcyaml=False) as live:
        live.log_params({"lr": 0.001, "seed": 3, "net": {"width": 64, "layers": [1, 2]}})
        for step in range(4):
            live.log_metric("train/reward", step * 0.5, timestamp=True)
            live.log_metric("loss", [1.0, 0.1, math.nan, math.inf][step])
            live.log_metric("train/deep/len", np.float32(0.1))
            live.log_metric("phase", "warm-up")
            live.next_step()
    with Live(str(folder), resume=True, save_dvc_exp=False, dvcyaml=False) as live:
        live.log_metric("train/reward", 9.5, timestamp=True)
        live.log_metric("test/accuracy", 0.75, plot=False)
        live.make_summary()
    history, _ = parse_metrics(live)
    expected = {}
    for path, rows in history.items():
        name = str(Path(path).relative_to(folder / "plots" / "metrics")).removesuffix(".tsv")
        if name != "phase":
            times = [int(row["timestamp"]) / 1000 if "timestamp" in row else None for row in rows]
            values = [float(row[name.rpartition("/")[2]]) for row in rows]
            expected[name] = list(zip([int(row["step"]) for row in rows], times, values, strict=True))
    return expected


if __name__ == "__main__":
    target = HERE / "resumed"
    shutil.rmtree(target, ignore_errors=True)
    os.environ |= {"DVC_NO_ANALYTICS": "1", "HOME": tempfile.mkdtemp()}
    with tempfile.TemporaryDirectory() as temporary:
        os.chdir(temporary)
        expected = train()
        shutil.copytree("exp", target / "exp")
        os.chdir("/")
    (target / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
