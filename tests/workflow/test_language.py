"""Language models from plain text to a registered version: trained, scored, written on."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.commands import Run
from tests.runtime.tiny import make_artifact
from tests.workflow.versions import train_file, train_recipe
from textwright.cli.compared import print_comparison
from textwright.errors import DataError, RecipeError, UsageError
from textwright.models import load
from textwright.recipe.file import check_recipe
from textwright.recipe.recipe import Recipe
from textwright.runtime.language import LanguageSession
from textwright.runtime.writing import WriteOptions
from textwright.settings import find_settings
from textwright.text.readers import read_plain_text
from textwright.text.splits import hash_share
from textwright.workflow.compare import compare
from textwright.workflow.evaluate import evaluate
from textwright.workflow.lineage import count_trained_row
from textwright.workflow.train import TrainedVersion, train

ALPHABET = "abcdefgh"
FORMS = ("lstm", "transformer")


def alphabet_text(lines: int, seed: int) -> str:
    """Write lines of letters in their order, each from a letter drawn by chance: 3 bits a line."""
    chance = np.random.default_rng(seed)
    starts = chance.integers(0, len(ALPHABET), lines)
    return "".join((ALPHABET * 2)[start : start + 7] + "\n" for start in starts)


def language_recipe(form: str, **sections: Any) -> Recipe:
    table: dict[str, Any] = {
        "name": "letters",
        "task": "language",
        "data": {"train": "train.txt", "dev": {"share": 0.1}, "test": "test.txt"},
        "tokenizer": {"kind": "characters"},
        "embedding": {"dimensions": 16, "dropout": 0.0, "token_dropout": 0.0},
        "decoder": {
            "form": form, "layers": 2, "hidden": 32, "dropout": 0.0, "context": 32,
            "max_tokens": 12, "temperature": 0.0,
        },
        "training": {"epochs": 6, "batch_size": 16, "learning_rate": 0.01, "threads": 1},
        **sections,
    }  # fmt: skip
    return check_recipe(table)


@pytest.fixture(scope="module", params=FORMS)
def trained(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> TrainedVersion:
    folder: Path = tmp_path_factory.mktemp("letters")
    (folder / "train.txt").write_text(alphabet_text(6_000, seed=1), encoding="utf-8")
    (folder / "test.txt").write_text(alphabet_text(600, seed=2), encoding="utf-8")
    settings = find_settings(create=True, start=folder, environment={})
    return train_recipe(language_recipe(request.param), folder, settings)


def test_it_costs_what_chance_costs(trained: TrainedVersion) -> None:
    """A line is 8 characters, its end included, of which the first is drawn among 8."""
    found = trained.metrics

    assert found["bits_per_character"] == pytest.approx(3 / 8, abs=0.03)
    assert found["perplexity"] == pytest.approx(2 ** (3 / 8), abs=0.03)  # a token is a character
    assert found["nats_per_character"] == pytest.approx(math.log(8) / 8, abs=0.02)
    assert found["characters"] == found["tokens"] == 600 * 8
    assert found["unknown_share"] == 0


def test_a_text_is_written_on_to_the_end_of_its_line(trained: TrainedVersion) -> None:
    model = load(trained.folder)

    one, other = model.predict(["cd", "abcdefg\nfg"])

    assert (one.text, one.finish_reason) == ("efghab"[:5], "stop")
    assert (other.text, other.finish_reason) == ("habcd", "stop")


def test_a_text_is_written_on_alone_as_beside_others(trained: TrainedVersion) -> None:
    model, texts = load(trained.folder), ["a", "bc", "cd", "", "hab", "de" * 40]
    model.write_by(WriteOptions(temperature=1.5, seed=3))

    together = model.predict(texts)

    assert [model.predict([each])[0].text for each in texts] == [each.text for each in together]
    assert [each.truncated for each in together] == [False] * 5 + [True]


def test_scores_are_the_same_whatever_the_window(trained: TrainedVersion) -> None:
    session = load(trained.folder).session
    assert isinstance(session, LanguageSession)
    text = alphabet_text(40, seed=5).removesuffix("\n")
    whole = session.score([text])[0]

    tokens = session.tokenizer.encode_lines(text)
    state, told = session.networks.begin(1), 0.0
    before = np.concatenate([[2], tokens[:-1]])
    for place in range(20):  # within the first window
        logits, state = session.networks.advance(before[None, place : place + 1], state)
        row = logits[0, 0].astype(np.float64)
        told -= row[tokens[place]] - np.log(np.exp(row).sum())

    first = session.nats(tokens[:20])
    assert told == pytest.approx(first, abs=1e-3)
    assert whole[1:].tolist() == [320, 320, 0]


def test_each_text_is_scored_by_itself(trained: TrainedVersion) -> None:
    session = load(trained.folder).session
    assert isinstance(session, LanguageSession)
    texts = ["abc", "", "abcdefg\nbcdefgh", "zzz", "ab\0c"]

    together = session.score(texts)

    np.testing.assert_allclose(np.concatenate([session.score([each]) for each in texts]), together)
    assert together[:, 2].tolist() == [4, 1, 16, 4, 4]  # NUL is neither read nor foretold
    assert together[3, 3] == 3  # letters that it does not know
    assert session.score([]).shape == (0, 4)


def test_versions_are_compared_on_the_same_texts(
    trained: TrainedVersion, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = trained.folder.parents[2]
    settings = find_settings(start=folder, environment={})
    worse = train_file(folder / "letters.toml", settings, "training.epochs=1")

    found = compare(trained.name, worse.name, settings=settings)

    told = {each.name: each for each in found.metrics}
    assert found.rows == trained.metrics["rows"]
    assert found.first_metric.name == "bits_per_character"
    for name in ("bits_per_character", "perplexity", "log_probability"):
        assert told[name].first == pytest.approx(trained.metrics[name])
        assert told[name].second == pytest.approx(worse.metrics[name])
        assert told[name].smaller == (name != "log_probability")
    print_comparison(found)
    assert f"{worse.name} is worse than {trained.name} on these rows." in capsys.readouterr().out


def test_a_piece_of_the_text_is_found_in_the_training_set(trained: TrainedVersion) -> None:
    folder = trained.folder.parents[2]
    settings = find_settings(start=folder, environment={})
    dev = [hash_share(row["text"]) < 0.1 for _, row in read_plain_text(folder / "train.txt")]

    def count(file: str, piece: int) -> int:
        row = f"{folder / file}:{piece}"
        return count_trained_row(trained.name, row, settings=settings)

    assert [count("train.txt", piece + 1) for piece in range(len(dev))] == [
        int(not each) for each in dev
    ]
    assert count("train.txt[50%:]", len(dev)) == count("train.txt", len(dev))
    assert count("test.txt", 1) == 0
    with pytest.raises(UsageError, match=f"has no row {len(dev) + 1}"):
        count("train.txt", len(dev) + 1)


def test_a_file_is_scored_again_with_the_same_figures(trained: TrainedVersion) -> None:
    folder = trained.folder.parents[2]

    found = evaluate(trained.folder, folder / "test.txt")

    assert found["bits_per_character"] == trained.metrics["bits_per_character"]


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"encoder": {"kind": "bilstm"}}, "'bilstm' reads nothing"),
        (
            {"decoder": {"max_tokens": 128, "context": 128}},
            "max_tokens is 128, decoder.context 128",
        ),
        ({"data": {"train": "a.txt", "target": "x"}}, "has no setting data.target"),
    ],
)
def test_recipes_that_make_no_language_model_are_refused(
    sections: dict[str, object], said: str
) -> None:
    table = {"name": "x", "task": "language", "data": {"train": "a.txt"}, **sections}

    with pytest.raises(RecipeError, match=said):
        check_recipe(table)


def test_texts_are_scored_on_the_command_line(
    trained: TrainedVersion, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "lines.txt").write_text("abcdefg\nxyz\n", encoding="utf-8")
    asked = ["score", str(trained.folder), "--file", str(tmp_path / "lines.txt")]

    done, whole = run(*asked, "--json"), run(*asked, "--whole", "--json")
    plain = run("score", str(trained.folder), "xyz")

    assert done.code == 0
    likely, strange = map(json.loads, done.out.splitlines())
    assert likely["bits_per_character"] < 0.6 < strange["bits_per_character"]
    assert (likely["characters"], strange["unknown"]) == (8, 3)
    assert whole.json["tokens"] == 12
    assert "3 of 4 tokens are unknown" in plain.out


def test_a_model_of_another_task_scores_nothing(run: Run, tmp_path: Path) -> None:
    make_artifact(tmp_path / "intents")

    done = run("score", str(tmp_path / "intents"), "text")

    assert done.code == 2
    assert "'classify' predicts no text" in done.err


def test_a_file_without_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("\n\n", encoding="utf-8")
    recipe = language_recipe("lstm", data={"train": "train.txt", "root": str(tmp_path)})

    with pytest.raises(DataError, match="no row to use"):
        train(recipe, settings=find_settings(create=True, start=tmp_path, environment={}))
