"""SmolLM2-135M as the example registers it, beside transformers; only where it was converted."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from tests.conftest import ROOT
from textwright.models import load
from textwright.recipe.file import read_recipe
from textwright.runtime.answer import Answerer
from textwright.runtime.writing import WriteOptions
from textwright.settings import find_settings
from textwright.workflow.train import TrainOptions, train

EXAMPLE = ROOT / "examples" / "smollm2"
MODEL = EXAMPLE / "model"
PROMPTS = ["The capital of France is", "Once upon a time there was a small dog who"]
WRITTEN = 64  # tokens
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not MODEL.exists(), reason="SmolLM2 was not converted: see its recipe"),
]


def made(folder: Path, form: str) -> Answerer:
    """Give the model as it is, in a form, to write the likeliest tokens."""
    changes = [f"encoder.export={form}", f"decoder.max_tokens={WRITTEN}", "data.test="]
    recipe = read_recipe(EXAMPLE / "chat.toml", [*changes, "data.dev=validation.txt.gz[:1%]"])
    settings = find_settings(create=True, start=folder, environment={})
    model = load(train(recipe, settings=settings, options=TrainOptions(register=False)).folder)
    model.write_by(WriteOptions(temperature=0.0))
    return model


@pytest.mark.usefixtures("shared_data")
def test_in_float32_it_writes_what_transformers_writes(tmp_path: Path) -> None:
    model = made(tmp_path, "fp32")
    tokenizer = transformers.AutoTokenizer.from_pretrained(MODEL)
    theirs: Any = transformers.AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32)

    answers = model.predict(PROMPTS)

    for prompt, answer in zip(PROMPTS, answers, strict=True):
        ids = tokenizer(prompt, return_tensors="pt")["input_ids"]
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = theirs.generate(ids, max_new_tokens=WRITTEN, do_sample=False)[0]
        assert answer.text == tokenizer.decode(found[ids.shape[1] :], skip_special_tokens=True)
    assert "<|im_start|>" in str(model.artifact.chat_template)


@pytest.mark.usefixtures("shared_data")
def test_as_integers_it_still_knows_the_capital_of_france(tmp_path: Path) -> None:
    (answer,) = made(tmp_path, "int8").predict(PROMPTS[:1])

    assert "Paris" in answer.text
