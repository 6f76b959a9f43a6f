"""Run in MLflow's own environment: export a version to a server, load it back, ask it.

Arguments: home folder, address of the server, folder of the artifact. Prints one JSON object.
"""

import json
import sys
from pathlib import Path

import mlflow

from textwright.settings import find_settings
from textwright.workflow.export import export_mlflow

TEXTS = ["where is my parcel", "我想退货"]


def main(home: str, uri: str, folder: str) -> None:
    """Export twice, and load from the folder, by number and by alias."""
    settings = find_settings(environment={"TEXTWRIGHT_HOME": home})
    exported = [export_mlflow("intents@2", uri, settings=settings) for _ in range(2)]
    mlflow.set_tracking_uri(uri)
    client = mlflow.MlflowClient()
    version = client.get_model_version("intents", exported[1].version)
    run = client.get_run(exported[1].run)
    places = [str(Path(folder)), "models:/intents/1", "models:/intents@production"]
    answers = [mlflow.pyfunc.load_model(place).predict(TEXTS) for place in places]
    told = {
        "versions": [each.version for each in exported],
        "alias": exported[1].alias,
        "alias_version": client.get_model_version_by_alias("intents", "production").version,
        "tags": dict(version.tags),
        "metrics": dict(run.data.metrics),
        "answers": answers,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
