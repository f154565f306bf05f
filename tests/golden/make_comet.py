"""Write the golden file of the Comet reader with Comet's ``OfflineExperiment``.

Made with comet_ml 3.58.8, Python 3.11. Run it as ``python tests/golden/make_comet.py``; everything that Comet would log
of the machine is switched off. ``expected.json`` holds what the calls were given: ``{metric: [[step, value], ...]}``.
"""

import json
import math
import os
import shutil
import tempfile
from pathlib import Path

HERE = Path(__file__).parent / "comet" / "offline"
KEY = "golden0golden0golden0golden0golden"
SWITCHES = ("log_code", "log_graph", "auto_param_logging", "auto_metric_logging", "parse_args", "auto_output_logging")
SWITCHES += ("log_env_details", "log_git_metadata", "log_git_patch")


def train(folder):
    import comet_ml

    experiment = comet_ml.OfflineExperiment(
        project_name="golden",
        workspace="team",
        offline_directory=folder,
        experiment_key=KEY,
        **dict.fromkeys(SWITCHES, False),
    )
    experiment.set_name("ppo/s3")
    experiment.add_tag("baseline")
    experiment.log_parameters({"lr": 0.001, "seed": 3, "net": {"width": 64, "layers": [1, 2]}, "resume": None})
    experiment.log_metric("before", 1.0)
    experiment.log_metric("before", 2.0)
    for step in range(1, 5):
        experiment.log_metric("reward", step * 0.5, step=step)
        experiment.log_metrics({"loss": [1.0, math.nan, math.inf, -math.inf][step - 1]}, step=step, epoch=1)
        with experiment.validate():
            experiment.log_metric("accuracy", step / 8, step=step)
    experiment.log_metric("text", "0.25", step=9)
    experiment.log_metric("word", "warm-up", step=9)
    experiment.log_other("note", "kept out")
    experiment.log_text("a text, which is an asset", step=9)
    experiment.end()
    return {
        "before": [[0, 1.0], [1, 2.0]],
        "reward": [[step, step * 0.5] for step in range(1, 5)],
        "loss": [[1, 1.0], [2, math.nan], [3, math.inf], [4, -math.inf]],
        "validate_accuracy": [[step, step / 8] for step in range(1, 5)],
        "text": [[9, 0.25]],
    }


if __name__ == "__main__":
    os.environ["HOME"] = tempfile.mkdtemp()
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as temporary:
        expected = train(temporary)
        shutil.copy(Path(temporary) / f"{KEY}.zip", HERE)
    (HERE / "expected.json").write_text(json.dumps(expected) + "\n")
