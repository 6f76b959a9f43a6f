"""Language models trained in seconds on text of our own making."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from textwright.errors import DataError, UsageError
from textwright.networks.elmo import TABLE, WEIGHTS, open_elmo
from textwright.networks.embeddings.characters import spell_words
from textwright.recipe.vectors import CorpusSettings, ElmoSettings
from textwright.training.language_model import Pieces, TrainedElmo, inclusion, train_elmo
from textwright.vectors.corpus import build_corpus

SETTINGS = ElmoSettings(
    hidden=12,
    layers=2,
    max_word_bytes=10,
    vocabulary=40,
    negatives=20,
    max_line_words=8,
    batch_words=64,
    epochs=2,
)
SUBJECTS = ("cat", "dog", "bird", "fish")
VERBS = ("eats", "sees", "likes")


def write_text(folder: Path, lines: int = 200) -> Path:
    """Write sentences in which the place of a word tells what kind of word comes next."""
    chance = np.random.default_rng(1)
    text = [
        f"the {chance.choice(SUBJECTS)} {chance.choice(VERBS)} the {chance.choice(SUBJECTS)} ."
        for _ in range(lines)
    ]
    path = folder / "text.txt"
    path.write_text("\n".join(text), encoding="utf-8")
    return path


def train_in(folder: Path, name: str = "elmo", *, epochs: int = 1) -> TrainedElmo:
    settings = replace(SETTINGS, epochs=epochs)
    return train_elmo([write_text(folder)], folder / name, settings)


def pieces_of(folder: Path, text: str, settings: ElmoSettings = SETTINGS) -> Pieces:
    (folder / "text.txt").write_text(text, encoding="utf-8")
    corpus = build_corpus([folder / "text.txt"], folder / "corpus", settings.corpus)
    return Pieces(corpus, settings)


def test_it_learns_what_follows_and_what_went_before(tmp_path: Path) -> None:
    found = train_in(tmp_path, epochs=4)

    assert found.words == 1200
    assert max(found.perplexity) < 5  # a word known by its frequency alone: 9
    assert (tmp_path / "elmo" / TABLE).is_file()
    measured = json.loads((tmp_path / "elmo" / TABLE).read_text())["measured"]
    assert measured["perplexity"] == list(found.perplexity)
    kept = open_elmo(tmp_path / "elmo")
    assert sum(each.numel() for each in kept.parameters()) == found.parameters


def test_the_same_text_gives_the_same_bytes_and_leaves_nothing_else(tmp_path: Path) -> None:
    train_in(tmp_path, "one")
    state = torch.random.get_rng_state()
    train_in(tmp_path, "two")

    assert torch.equal(state, torch.random.get_rng_state())
    for name in (TABLE, WEIGHTS):
        one, two = (tmp_path / each / name for each in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["one", "text.txt", "two"]


def test_progress_counts_every_word_of_every_epoch(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    def listen(done: int, total: int) -> None:
        told.append((done, total))

    train_elmo([write_text(tmp_path)], tmp_path / "elmo", SETTINGS, progress=listen)

    assert told[-1] == (1188 * 2, 1188 * 2)  # 2 of 200 lines are held out
    assert told == sorted(told)


def test_a_training_that_is_stopped_leaves_no_folder(tmp_path: Path) -> None:
    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_elmo([write_text(tmp_path)], tmp_path / "elmo", SETTINGS, progress=stop)

    assert [each.name for each in tmp_path.iterdir()] == ["text.txt"]


def test_a_folder_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "elmo").mkdir()

    with pytest.raises(UsageError, match="is there already"):
        train_in(tmp_path)


def test_one_line_is_too_little(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="fewer than two lines"):
        pieces_of(tmp_path, "one line of text , no more")


def test_long_lines_are_cut_and_no_word_is_lost(tmp_path: Path) -> None:
    pieces = pieces_of(tmp_path, "a b c d e f g h i j k l m n o p q\nr s\n" + "x " * 16)

    assert pieces.lengths.tolist() == [8, 8, 1, 2, 8, 8]
    assert pieces.starts.tolist() == [0, 8, 16, 17, 19, 27]
    assert sorted([*pieces.train, *pieces.held_out]) == list(range(6))


def test_a_batch_spells_each_word_once_and_the_unknown_one_last(tmp_path: Path) -> None:
    pieces = pieces_of(tmp_path, "the cat sees the dog\nthe dog\na bird")

    batch = pieces.batch(np.array([0, 1]))

    words = ["the", "dog", "cat", "sees"]
    found = {tuple(each) for each in batch.spelled[:-1].tolist()}
    assert found == {tuple(each) for each in spell_words(words, 10).tolist()}
    assert batch.spelled[-1].tolist() == spell_words(["[UNK]"], 10)[0].tolist()
    assert batch.mask.sum(dim=1).tolist() == [5, 2]
    rows = batch.spelled[batch.places[1, :2]]
    assert rows.tolist() == spell_words(["the", "dog"], 10).tolist()
    assert [len(each) for each in batch.told] == [7, 7]


def test_batches_hold_every_piece_once(tmp_path: Path) -> None:
    pieces = pieces_of(tmp_path, write_text(tmp_path).read_text())

    groups = pieces.batches(pieces.train, np.random.default_rng(3))

    assert sorted(np.concatenate(groups)) == pieces.train.tolist()
    assert max(pieces.lengths[each].sum() for each in groups) <= SETTINGS.batch_words + 8


@pytest.mark.parametrize("samples", [1, 5, 20, 39, 40, 100])
def test_the_chances_to_be_sampled_add_up_to_the_samples(samples: int) -> None:
    weights = torch.linspace(1, 100, 40) ** 2

    chances = inclusion(weights, samples)

    assert chances.min() > 0
    assert chances.max() <= 1
    assert chances.sum().item() == pytest.approx(min(samples, 40), rel=1e-4)
    assert torch.equal(chances, chances.sort().values)


def test_chinese_is_read_by_its_bytes(tmp_path: Path) -> None:
    settings = ElmoSettings(
        CorpusSettings(tokenizer="characters", min_count=1), hidden=8, vocabulary=20, epochs=1
    )
    path = tmp_path / "text.txt"
    path.write_text("我的卡丢了\n你好吗\n" * 20, encoding="utf-8")

    found = train_elmo([path], tmp_path / "elmo", settings)

    assert found.words == 160
    assert open_elmo(tmp_path / "elmo").settings.corpus.tokenizer == "characters"
