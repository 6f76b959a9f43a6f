"""Recipes over a pretrained network that writes from a source, from its files to its texts."""

from functools import cache
from pathlib import Path

import pytest

from tests.installed import run_installed
from tests.networks.tiny_writers import FROM_SOURCE, generate, write_writer
from tests.training.phrases import phrases, translate
from tests.workflow.versions import train_file, write_lines
from textwright.errors import DataError, RecipeError
from textwright.models import load
from textwright.runtime.answer import EMPTY
from textwright.runtime.artifact import open_artifact
from textwright.settings import Settings
from textwright.workflow.train import TrainedVersion, TrainOptions, train

RECIPE = """
name = "writer"
task = "generate"
[data]
dev = "dev.jsonl"
test = "dev.jsonl"
[encoder]
kind = "pretrained"
model = "t5"
[tokenizer]
max_tokens = 40
[decoder]
max_tokens = 16
max_ratio = 20
beam = 1
length_penalty = 0.0
[training]
threads = 1
"""
LEARNED = ("data.train=dev.jsonl", "training.epochs=8", "training.learning_rate=0.02")
FULL = (*LEARNED, "encoder.train=full", "encoder.frozen_embeddings=false")
LORA = (*LEARNED, "encoder.train=lora", "encoder.lora_rank=8")
SMALL = ("encoder.export=int8", "encoder.export_loss=100")
SOURCES = phrases(4, seed=2)
FORCED = {"bart": 2, "marian": 1}  # tokens that transformers writes whatever is likely, and counts
WRITE = """
import sys
from textwright.models import load
print(load(sys.argv[1]).predict([sys.argv[2]])[0].text)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with recipe, rows, and checkpoints beside them."""
    made = tmp_path_factory.mktemp("generate")
    rows = [{"text": each, "target": translate(each)} for each in phrases(16, seed=2)]
    write_lines(made / "dev.jsonl", rows)
    (made / "writer.toml").write_text(RECIPE, encoding="utf-8")
    for kind in FROM_SOURCE:
        write_writer(made / kind, kind)
    return made


def again(folder: Path, settings: Settings, *overrides: str) -> TrainedVersion:
    return train_file(folder / "writer.toml", settings, *overrides)


trained = cache(again)


@pytest.mark.parametrize("beam", [1, 4])
@pytest.mark.parametrize("kind", FROM_SOURCE)
def test_it_writes_what_transformers_writes(
    kind: str, beam: int, folder: Path, settings: Settings
) -> None:
    found = trained(folder, settings, f"encoder.model={kind}", f"decoder.beam={beam}")

    answers = load(found.folder).predict(SOURCES)

    for source, answer in zip(SOURCES, answers, strict=True):
        more = FORCED.get(kind, 0)
        options = {"max_new_tokens": 16 + more, "num_beams": beam, "do_sample": False}
        assert answer.text == generate(folder / kind, source, length_penalty=0.0, **options)
    assert found.export_difference < 1e-4


@pytest.mark.parametrize("way", [FULL, LORA], ids=["full", "lora"])
def test_it_learns_on_and_equal_seeds_give_equal_artifacts(
    way: tuple[str, ...], folder: Path, settings: Settings
) -> None:
    found = trained(folder, settings, *way)

    losses = [each.train_loss for each in found.epochs]
    assert losses[-1] < 0.9 * losses[0]
    assert found.artifact == again(folder, settings, *way).artifact


def test_several_tasks_are_asked_of_it_by_their_words(folder: Path, settings: Settings) -> None:
    texts = [{"text": each, "target": translate(each)} for each in SOURCES]
    rows = [{"task": name, **each} for name in ("to English", "say") for each in texts]
    write_lines(folder / "tasks.jsonl", rows)
    tasks = RECIPE.replace('"generate"', '"text-to-text"').replace("dev.jsonl", "tasks.jsonl")
    tasks += '[data.tasks]\n"to English" = "bleu"\nsay = "accuracy"\n'
    (folder / "tasks.toml").write_text(tasks, encoding="utf-8")

    found = train_file(folder / "tasks.toml", settings)

    asked = f"say: {SOURCES[0]}"
    options = {"max_new_tokens": 16, "do_sample": False, "length_penalty": 0.0}
    assert found.metrics["slices"]["task"].keys() == {"to English", "say"}
    assert load(found.folder).predict([asked])[0].text == generate(folder / "t5", asked, **options)


def test_it_needs_neither_rows_nor_a_test_to_be_taken_as_it_is(
    folder: Path, settings: Settings
) -> None:
    bare = [line for line in RECIPE.splitlines() if "jsonl" not in line]
    (folder / "bare.toml").write_text("\n".join(bare), encoding="utf-8")

    found = train(folder / "bare.toml", settings=settings, options=TrainOptions(register=False))

    whole = load(trained(folder, settings).folder)
    assert [each.text for each in load(found.folder).predict(SOURCES)] == [
        each.text for each in whole.predict(SOURCES)
    ]


def test_as_integers_it_answers_alone_as_beside_others(folder: Path, settings: Settings) -> None:
    found = trained(folder, settings, *SMALL)

    model = load(found.folder)
    together = model.predict(SOURCES)

    assert found.report["encoder"]["int8"]["metric"] == "bleu"
    assert [model.predict([each])[0].text for each in SOURCES] == [each.text for each in together]


def test_the_base_install_writes_the_same(folder: Path, settings: Settings) -> None:
    found = trained(folder, settings)

    written = run_installed(WRITE, str(found.folder), SOURCES[0])

    assert written.rstrip("\n") == load(found.folder).predict(SOURCES[:1])[0].text


def test_a_long_source_is_cut_and_an_empty_one_is_answered(
    folder: Path, settings: Settings
) -> None:
    model = load(trained(folder, settings).folder)

    (encoded,), (long, empty) = model.encode(["hund " * 60]), model.predict(["hund " * 60, ""])

    assert (len(encoded.ids), encoded.ids[-1]) == (40, 2)
    assert long.truncated
    assert empty.warning == EMPTY


def test_no_chat_is_shown_to_what_writes_from_a_source(folder: Path, settings: Settings) -> None:
    assert open_artifact(trained(folder, settings).folder).chat_template is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (("encoder.model=bart", "tokenizer.max_tokens=100"), "reads 96"),
        (("tokenizer.windows=2",), "windows is above 1"),
        (("decoder.form=lstm",), "no setting decoder.form"),
        (("encoder.weights=reference",), "holds its own"),
        (("encoder.train=lora",), "names no training file"),
    ],
)
def test_what_does_not_go_with_it_is_refused(
    folder: Path, settings: Settings, changes: tuple[str, ...], said: str
) -> None:
    with pytest.raises(RecipeError, match=said):
        trained(folder, settings, *changes)


def test_another_kind_of_checkpoint_is_refused_with_those_that_can_be_taken(
    folder: Path, settings: Settings
) -> None:
    write_writer(folder / "llama")

    with pytest.raises(DataError, match="no model that writes from a source") as refused:
        trained(folder, settings, "encoder.model=llama")

    assert "t5" in refused.value.hint
