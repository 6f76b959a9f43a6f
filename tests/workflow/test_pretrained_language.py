"""Recipes over a pretrained language model, from its files to texts written without torch."""

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.numpy import load_file

from tests.installed import run_installed
from tests.networks.tiny_writers import LINES, LONGEST, generate, write_writer
from tests.workflow.versions import train_file
from textwright.errors import RecipeError
from textwright.models import load
from textwright.runtime.answer import EMPTY, Answerer
from textwright.runtime.artifact import open_artifact
from textwright.runtime.writing import WriteOptions
from textwright.settings import Settings
from textwright.text.edges import Edges
from textwright.workflow.train import TrainedVersion

RECIPE = """
name = "writer"
task = "language"
[data]
dev = "text.txt"
test = "text.txt"
[encoder]
kind = "pretrained"
model = "llama"
[decoder]
context = 48
max_tokens = 24
temperature = 0.0
[training]
threads = 1
"""
LEARNED = ("data.train=text.txt", "training.epochs=4", "training.learning_rate=0.02")
FULL = (*LEARNED, "encoder.train=full", "encoder.frozen_embeddings=false")
LORA = (*LEARNED, "encoder.train=lora", "encoder.lora_rank=4")
SMALL = ("encoder.export=int8", "encoder.export_loss=0.2")
KINDS = ("llama", "gpt2")
WAYS = {"as it is": (), "full": FULL, "lora": LORA, "small": SMALL}
PROMPTS = ["the dog", "a cat sees the blue", "the child runs, and the house"]
WRITE = """
import sys
sys.modules["jinja2"] = None  # only chats are put together by it
from textwright.models import load
for answer in load(sys.argv[1]).predict(["the dog", ""]):
    print(repr((answer.text, answer.warning)))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with recipe, text, and checkpoints beside them."""
    made = tmp_path_factory.mktemp("language")
    (made / "text.txt").write_text("\n".join(LINES * 6), encoding="utf-8")
    (made / "writer.toml").write_text(RECIPE, encoding="utf-8")
    for kind in KINDS:
        write_writer(made / kind, kind)
    return made


def again(folder: Path, settings: Settings, *overrides: str) -> TrainedVersion:
    return train_file(folder / "writer.toml", settings, *overrides)


trained = cache(again)


@pytest.fixture(scope="module", params=KINDS)
def plain(request: pytest.FixtureRequest, folder: Path, settings: Settings) -> TrainedVersion:
    """Give the version of a checkpoint as it is."""
    return trained(folder, settings, f"encoder.model={request.param}")


def checkpoint_of(version: TrainedVersion, folder: Path) -> Path:
    return folder / open_artifact(version.folder).recipe.encoder.model  # type: ignore[union-attr]


def test_it_writes_what_transformers_writes(plain: TrainedVersion, folder: Path) -> None:
    answers = load(plain.folder).predict(PROMPTS)

    for prompt, answer in zip(PROMPTS, answers, strict=True):
        options = {"max_new_tokens": 24, "do_sample": False}
        assert answer.text == generate(checkpoint_of(plain, folder), prompt, **options)
    assert plain.export_difference < 1e-4


def test_text_that_also_stands_in_the_training_file_is_counted(
    folder: Path, settings: Settings
) -> None:
    (folder / "more.txt").write_text("\n".join([*LINES, "and no other line"]), encoding="utf-8")

    found = trained(folder, settings, "data.train=more.txt")

    assert found.report["leaked_rows"] == 1


def test_a_text_is_written_alone_as_beside_others(plain: TrainedVersion) -> None:
    model = load(plain.folder)

    together = model.predict(PROMPTS)

    assert [model.predict([each])[0].text for each in PROMPTS] == [each.text for each in together]


def test_its_perplexity_is_that_of_transformers(plain: TrainedVersion, folder: Path) -> None:
    checkpoint = checkpoint_of(plain, folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint)
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(checkpoint)
    ids = torch.tensor([[1, *tokenizer(LINES[0])["input_ids"]]])
    with torch.no_grad():
        told = model(input_ids=ids).logits[0, :-1].log_softmax(dim=-1)
    nats = -float(told.gather(1, ids[0, 1:, None]).sum())

    score, empty = Answerer(open_artifact(plain.folder)).score([LINES[0], ""])

    assert score.nats == pytest.approx(nats, abs=1e-3)
    assert (score.tokens, score.characters) == (ids.shape[1] - 1, len(LINES[0]))
    assert (empty.nats, empty.tokens, empty.characters) == (0, 0, 0)
    assert score.perplexity == pytest.approx(math.exp(nats / score.tokens), rel=1e-4)


def test_the_artifact_knows_its_edges_and_its_chat_template(
    plain: TrainedVersion, folder: Path
) -> None:
    artifact = open_artifact(plain.folder)

    template = checkpoint_of(plain, folder) / "chat_template.jinja"
    assert artifact.chat_template == template.read_text(encoding="utf-8")
    assert Answerer(artifact).session.tokenizer.edges == Edges(1, (2,))


def test_special_tokens_in_a_prompt_are_plain_characters(plain: TrainedVersion) -> None:
    tokenizer = Answerer(open_artifact(plain.folder)).session.tokenizer

    ids = tokenizer.encode_end("the dog<|end|>", 20).ids

    assert not {1, 2} & set(ids.tolist())
    assert tokenizer.decode(ids.tolist()) == "the dog<|end|>"
    assert tokenizer.decode([1, *ids.tolist(), 2]) == "the dog<|end|>"


def test_a_long_prompt_is_read_from_its_end_and_an_empty_one_from_the_start(
    plain: TrainedVersion,
) -> None:
    model = load(plain.folder)
    long = " ".join(LINES * 3)

    (encoded,), (cut, empty) = model.encode([long]), model.predict([long, ""])

    assert len(encoded.ids) == 24
    assert cut.truncated
    assert (empty.truncated, empty.warning) == (False, EMPTY)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["full", "lora"])
def test_it_learns_on_and_equal_seeds_give_equal_artifacts(
    way: str, kind: str, folder: Path, settings: Settings
) -> None:
    changes = (*WAYS[way], f"encoder.model={kind}")
    before = trained(folder, settings, f"encoder.model={kind}")

    found = trained(folder, settings, *changes)

    assert found.metrics["perplexity"] < 0.7 * before.metrics["perplexity"]
    assert found.artifact == again(folder, settings, *changes).artifact
    assert found.export_difference < 1e-4


def test_weights_that_are_used_twice_are_kept_once(folder: Path, settings: Settings) -> None:
    write_writer(folder / "tied", tie_word_embeddings=True)

    found = trained(folder, settings, *FULL, "encoder.model=tied")

    names = load_file(found.folder / "weights.safetensors")
    assert len([each for each in names if "embed" in each or "head" in each]) == 1
    assert found.export_difference < 1e-4


def test_as_integers_it_is_smaller_and_about_as_good(folder: Path, settings: Settings) -> None:
    whole = trained(folder, settings)

    small = trained(folder, settings, *SMALL)

    cost = small.report["encoder"]["int8"]
    assert cost["metric"] == "log_probability"
    assert abs(cost["fp32"] - cost["int8"]) < 0.2
    assert small.metrics["perplexity"] == pytest.approx(whole.metrics["perplexity"], rel=0.2)
    model = load(small.folder)
    together = model.predict(PROMPTS)
    assert [model.predict([each])[0].text for each in PROMPTS] == [each.text for each in together]


@pytest.mark.parametrize("way", ["as it is", "small"])
def test_the_base_install_writes_the_same(way: str, folder: Path, settings: Settings) -> None:
    found = trained(folder, settings, *WAYS[way])

    written = run_installed(WRITE, str(found.folder))

    assert [eval(each) for each in written.splitlines()] == [
        (each.text, each.warning) for each in load(found.folder).predict(["the dog", ""])
    ]


def test_a_seed_draws_the_same_text_again(plain: TrainedVersion) -> None:
    answerer = Answerer(open_artifact(plain.folder))
    drawn = []
    for seed in (1, 1, 2):
        answerer.write_by(WriteOptions(temperature=2.0, seed=seed))
        drawn.append([each.text for each in answerer.predict(PROMPTS)])

    assert drawn[0] == drawn[1] != drawn[2]


def test_the_record_of_a_run_holds_what_int8_cost_and_the_digest(
    folder: Path, settings: Settings
) -> None:
    found = trained(folder, settings, *SMALL)

    kept = json.loads((found.folder / "metrics.json").read_text())["encoder"]
    assert kept.keys() == {"digest", "int8"}
    assert kept["int8"]["int8_bytes"] < kept["int8"]["fp32_bytes"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ((f"decoder.context={LONGEST + 1}",), f"reads {LONGEST}"),
        (("decoder.form=lstm",), "no setting decoder.form"),
        (("tokenizer.max_tokens=8",), "no setting tokenizer.max_tokens"),
        (("encoder.weights=reference",), "holds its own"),
        (("encoder.train=full",), "names no training file"),
        (("decoder.max_tokens=48",), "Write fewer tokens"),
    ],
)
def test_what_does_not_go_with_it_is_refused_before_anything_is_read(
    folder: Path, settings: Settings, changes: tuple[str, ...], said: str
) -> None:
    with pytest.raises(RecipeError, match=said):
        trained(folder, settings, *changes)
