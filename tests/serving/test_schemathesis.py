"""Schemathesis against a running server with a database: whatever ``/openapi.json`` declares.

Every check it has is on: no answer 5xx, none of a status, form or header that is not declared,
nothing taken that the schema forbids, nothing given without a key that needs one.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving.household import make_household
from tests.serving.keyed import Keyed, running_house

SEED = 7
CONFIG = """
[dictionaries.models]
values = ["intents", "sentences"]

[parameters]
"path.name" = { dictionary = "models", probability = 0.8 }
"body.model" = { dictionary = "models", probability = 0.8 }
"path.key" = 1

[phases.stateful.generation]
max-examples = 20

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "409", "412", "413", "422"]

[checks.negative_data_rejection]
expected-statuses = ["4xx"]
"""  # key 1 is the viewer's: were it the one that asks, revoking it would end the run


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[Keyed]:
    house = make_household(tmp_path / "home")
    house.promote(house.register("sentences", embeds=True))
    house.promote(house.register())
    house.register(strength=8.0)
    with running_house(house) as found:
        yield found


def attack(keyed: Keyed, folder: Path, *, examples: int, phases: str) -> dict[str, Any]:
    """Run Schemathesis, and give its report; ``examples``: most for each operation."""
    (folder / "schemathesis.toml").write_text(CONFIG, encoding="utf-8")
    command = [
        *(str(Path(sys.executable).parent / "schemathesis"), "--config-file=schemathesis.toml"),
        *("run", f"http://127.0.0.1:{keyed.running.port}/openapi.json", "--checks=all"),
        *("--header", f"Authorization: Bearer {keyed.secrets['admin']}"),
        *(f"--phases={phases}", f"--max-examples={examples}", f"--seed={SEED}", "--no-shrink"),
        *("--continue-on-failure", "--generation-deterministic", "--warnings=off"),
        *("--report=json", "--report-json-path=report.json"),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr[-2_000:]
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return report


@pytest.mark.parametrize(
    ("examples", "phases", "least"),
    [
        (1, "coverage,fuzzing", 1_000),
        pytest.param(250, "coverage,fuzzing,stateful", 10_000, marks=pytest.mark.faults),
    ],
)
def test_every_answer_is_as_declared(
    keyed: Keyed, tmp_path: Path, examples: int, phases: str, least: int
) -> None:
    report = attack(keyed, tmp_path, examples=examples, phases=phases)
    cases = report["test_cases"]
    print(json.dumps(cases))
    assert report["complete"]
    assert cases["generated"] >= least
    assert (cases["with_failures"], cases["errored"]) == (0, 0)
    assert keyed.running.predict("rain").status == 200
