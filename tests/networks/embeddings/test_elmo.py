"""The embedding of a language model, from plain text to the answers of an exported network."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file

from tests.networks.padded import VOCABULARY, padded_ids, run_graph
from textwright.errors import RecipeError
from textwright.networks.elmo import Elmo, open_elmo, save_elmo
from textwright.networks.embeddings.characters import spell_words
from textwright.networks.embeddings.elmo import ElmoEmbedding, spell_vocabulary
from textwright.networks.graph import Graph
from textwright.recipe.file import check_recipe, read_recipe
from textwright.recipe.parts import ElmoEmbeddingSettings, TokenizerSettings
from textwright.recipe.recipe import Recipe
from textwright.recipe.vectors import ElmoSettings
from textwright.runtime.answer import Answerer
from textwright.runtime.artifact import open_artifact, seal
from textwright.text.batch import Batch, make_batch
from textwright.text.splits import read_splits
from textwright.text.tokenizer import open_tokenizer, train_tokenizer
from textwright.training.fit import Workplace, fit
from textwright.training.language_model import train_elmo
from textwright.training.model import build_model
from textwright.training.progress import Quiet

E = 5
WORDS = {"good": ("fine", "great", "lovely"), "bad": ("poor", "dull", "awful")}
ROWS = [
    (f"{opening} {word} {ending}", label)
    for label, words in WORDS.items()
    for word in words
    for opening in ("a", "one", "the most")
    for ending in ("film", "story .", "piece of 电影")
]


@pytest.fixture
def settings(tmp_path: Path) -> ElmoEmbeddingSettings:
    """Give the settings of an embedding whose language model was never trained."""
    torch.manual_seed(3)
    save_elmo(Elmo(ElmoSettings(hidden=E, layers=2, max_word_bytes=10)), {}, tmp_path)
    return ElmoEmbeddingSettings(file=str(tmp_path), dropout=0.0, beside=0)


def filled(settings: ElmoEmbeddingSettings) -> ElmoEmbedding:
    embedding = ElmoEmbedding(settings, VOCABULARY)
    words = " ".join(f"word{number}" for number in range(VOCABULARY - 2))
    spell_vocabulary(embedding, settings, train_tokenizer([words], TokenizerSettings()))
    return embedding


def test_a_token_is_the_weighed_sum_of_the_layers(settings: ElmoEmbeddingSettings) -> None:
    embedding = filled(settings)
    ids, mask = padded_ids()
    with torch.no_grad():
        embedding.weights.copy_(torch.tensor([0.0, 1.0, 2.0]))
        embedding.scale.fill_(3.0)
        vectors = embedding.table(ids)
        ahead, back = open_elmo(Path(settings.file)).readers(vectors, mask)
    shares = np.exp([0.0, 1.0, 2.0]) / np.exp([0.0, 1.0, 2.0]).sum()
    layers = [torch.cat(each, dim=-1) for each in zip(ahead, back, strict=True)]
    expected = 3.0 * sum(share * layer for share, layer in zip(shares, layers, strict=True))

    found = embedding(ids, mask)

    assert embedding.width == 2 * E
    torch.testing.assert_close(found[mask].double(), expected[mask].double(), atol=1e-5, rtol=0)


def test_every_word_of_the_vocabulary_is_spelled(settings: ElmoEmbeddingSettings) -> None:
    model = open_elmo(Path(settings.file))
    expected = model.spelling(torch.from_numpy(spell_words(["[PAD]", "[UNK]", "word0"], 10)))

    torch.testing.assert_close(filled(settings).table.weight[:3], expected)


@pytest.mark.parametrize("trainable", [True, False])
def test_the_language_model_learns_only_where_the_recipe_says_so(
    settings: ElmoEmbeddingSettings, trainable: bool
) -> None:
    embedding = filled(replace(settings, trainable=trainable, beside=3)).train()
    ids, mask = padded_ids()

    embedding(ids, mask)[mask].square().sum().backward()

    wanted = {"weights", "scale", "beside"} | ({"table", "readers"} if trainable else set())
    named = embedding.named_parameters()
    learning = {name.split(".")[0] for name, each in named if each.requires_grad}
    assert learning == wanted
    assert all(each.grad is not None for each in embedding.parameters() if each.requires_grad)


def test_numbers_learned_with_the_task_stand_before_those_read(
    settings: ElmoEmbeddingSettings,
) -> None:
    embedding = filled(replace(settings, beside=3, token_dropout=0.5))
    ids, mask = padded_ids()

    found = embedding.eval()(ids, mask)
    shown = embedding.train()(ids, mask)

    assert found.shape[-1] == embedding.width == 3 + 2 * E
    table = embedding.beside.table.weight
    torch.testing.assert_close(found[..., :3], table[ids])
    torch.testing.assert_close(found[..., 3:][mask], shown[..., 3:][mask])
    hidden = (shown[..., :3] == table[1]).all(dim=-1)
    assert 0 < hidden[mask].float().mean() < 1
    assert (hidden | (shown[..., :3] == table[ids]).all(dim=-1)).all()


@pytest.mark.parametrize(
    ("tokenizer", "line"),
    [
        (TokenizerSettings(kind="jieba"), 'kind = "words"'),
        (TokenizerSettings(lowercase=False), "lowercase = true"),
    ],
)
def test_another_tokenizer_is_refused_with_the_line_to_change(
    settings: ElmoEmbeddingSettings, tokenizer: TokenizerSettings, line: str
) -> None:
    embedding = ElmoEmbedding(settings, 4)

    with pytest.raises(RecipeError, match=f"Write {line} in"):
        spell_vocabulary(embedding, settings, train_tokenizer(["a b"], tokenizer))


@pytest.mark.parametrize("beside", [0, 3])
def test_the_graph_gives_the_same_vectors(settings: ElmoEmbeddingSettings, beside: int) -> None:
    embedding = filled(replace(settings, beside=beside)).eval()
    ids, mask = padded_ids()
    graph = Graph()
    given = graph.add_input("ids", "int64", ["B", "T"])
    lengths = graph.add("Cast", graph.add_input("lengths", "int64", ["B"]), to=6)
    graph.add_output(
        embedding.add_nodes(graph, given, lengths), "vectors", ["B", "T", embedding.width]
    )

    (found,) = run_graph(graph, {"ids": ids, "lengths": mask.sum(dim=1)})

    expected = embedding(ids, mask).detach()
    np.testing.assert_allclose(found[mask.numpy()], expected[mask].numpy(), atol=1e-5)


def test_a_recipe_must_name_a_language_model() -> None:
    table: dict[str, Any] = {
        "name": "films",
        "data": {"train": "train.jsonl"},
        "encoder": {"kind": "bilstm"},
        "embedding": {"kind": "elmo"},
    }

    with pytest.raises(RecipeError, match="names no file"):
        check_recipe(table)


def write_recipe(folder: Path, *, trainable: bool) -> Recipe:
    """Write texts, train a small language model on them, and give a recipe that uses it."""
    lines = [json.dumps({"text": text, "label": label}) for text, label in ROWS]
    (folder / "train.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "plain.txt").write_text("\n".join(text for text, _ in ROWS * 4), encoding="utf-8")
    small = ElmoSettings(hidden=8, layers=2, vocabulary=50, negatives=20, epochs=8, batch_words=128)
    train_elmo([folder / "plain.txt"], folder / "model", small)
    (folder / "films.toml").write_text(
        'name = "films"\n[data]\ntrain = "train.jsonl"\ndev = "train.jsonl"\n'
        '[embedding]\nkind = "elmo"\nfile = "model"\ndropout = 0.0\n'
        '[encoder]\nkind = "bilstm"\nhidden = 12\ndropout = 0.0\n'
        "[decoder]\ndropout = 0.0\n[training]\nepochs = 16\n"
        "batch_size = 8\nlearning_rate = 0.03\nthreads = 1\n",
        encoding="utf-8",
    )
    return read_recipe(folder / "films.toml", [f"embedding.trainable={str(trainable).lower()}"])


@pytest.mark.parametrize(("trainable", "right"), [(True, 0.9), (False, 0.5)])
def test_from_plain_text_to_answers_without_torch(
    tmp_path: Path, trainable: bool, right: float
) -> None:
    recipe = write_recipe(tmp_path, trainable=trainable)
    assert recipe.tokenizer is not None
    folder = tmp_path / "artifact"
    fitted = fit(recipe, read_splits(recipe.data), Workplace(folder, tmp_path / "kept"), Quiet())
    seal(folder)
    answerer = Answerer(open_artifact(folder))
    texts = [text for text, _ in ROWS] + ["never met", "great " * 90, ""]
    tokenizer = open_tokenizer(folder / "tokenizer.json", recipe.tokenizer)
    model = build_model(recipe, tokenizer.size, 2).eval()
    model.load_state_dict(load_file(folder / "weights.safetensors"))
    session = onnxruntime.InferenceSession(
        folder / "model.onnx", providers=["CPUExecutionProvider"]
    )
    encodings = tokenizer.encode(texts)
    together = make_batch(encodings)
    assert isinstance(together, Batch)
    with torch.no_grad():
        expected, _ = model(torch.from_numpy(together.ids), torch.from_numpy(together.mask))

    found = session.run(["logits"], together.inputs)[0]
    alone = [session.run(["logits"], make_batch([each]).inputs)[0][0] for each in encodings]

    assert fitted.export_difference < 1e-5
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)
    np.testing.assert_allclose(found, np.array(alone), atol=1e-5)
    answers = answerer.predict([text for text, _ in ROWS])
    shown = [answer.label == label for answer, (_, label) in zip(answers, ROWS, strict=True)]
    assert np.mean(shown) >= right
    assert 'file = "model"' in (folder / "recipe.toml").read_text()  # no folder of this machine
