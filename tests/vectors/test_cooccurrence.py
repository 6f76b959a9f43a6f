"""Pairs of words, counted by compiled code as plain Python counts them."""

from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from textwright.recipe.vectors import CorpusSettings
from textwright.vectors.cooccurrence import Counting, count_pairs, read_pairs, sums_of
from textwright.vectors.corpus import Corpus, build_corpus

ROOMY = 1 << 24


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Give a corpus of random words, some much commoner, in sentences of 1 to 40."""
    folder, rng = tmp_path_factory.mktemp("corpus"), np.random.default_rng(5)
    words = (60 * rng.random(6000) ** 3).astype(int)
    sentences = np.split(words, np.cumsum(rng.integers(1, 40, 200)))
    text = "\n".join(" ".join(map(str, sentence)) for sentence in sentences)
    (folder / "text.txt").write_text(text)
    settings = CorpusSettings(tokenizer="spaces", min_count=1)
    return build_corpus([folder / "text.txt"], folder / "corpus", settings)


def count_plainly(corpus: Corpus, window: int) -> dict[tuple[int, int], float]:
    """Count as the paper says: each word looks back, and counts for both directions."""
    found: dict[tuple[int, int], float] = defaultdict(float)
    for start, end in pairwise(corpus.starts.tolist()):
        ids = corpus.ids[start:end].tolist()
        for at, word in enumerate(ids):
            for other_at in range(max(0, at - window), at):
                found[ids[other_at], word] += 1 / (at - other_at)
                found[word, ids[other_at]] += 1 / (at - other_at)
    return found


def count_all(corpus: Corpus, counting: Counting, folder: Path) -> dict[tuple[int, int], float]:
    """Count into a folder and read all files back."""
    folder.mkdir()
    blocks = [read_pairs(path, 0, -1) for path in count_pairs(corpus, counting, folder)]
    return {
        (word, other): total
        for block in blocks
        for (word, other, _), total in zip(block.tolist(), sums_of(block).tolist(), strict=True)
    }


@pytest.mark.parametrize("window", [1, 4, 50])
def test_pairs_count_one_over_their_distance(corpus: Corpus, tmp_path: Path, window: int) -> None:
    expected = count_plainly(corpus, window)

    found = count_all(corpus, Counting(window, 1, ROOMY), tmp_path / "pairs")

    assert set(found) == {(word, other) for word, other in expected if word <= other}
    for pair, total in found.items():
        assert total == pytest.approx(expected[pair], rel=1e-6)


@pytest.mark.parametrize(("threads", "memory_bytes"), [(1, 4000), (2, ROOMY), (3, 20_000)])
def test_neither_threads_nor_little_memory_change_a_count(
    corpus: Corpus, tmp_path: Path, threads: int, memory_bytes: int
) -> None:
    plain = count_all(corpus, Counting(5, 1, ROOMY), tmp_path / "plain")

    found = count_all(corpus, Counting(5, threads, memory_bytes), tmp_path / "pairs")

    assert found == plain  # to the last bit


def test_words_of_one_share_stand_in_their_order(corpus: Corpus, tmp_path: Path) -> None:
    files = count_pairs(corpus, Counting(5, 2, 4000), tmp_path)

    firsts = np.concatenate([read_pairs(path, 0, -1)[:, 0] for path in files])

    assert len(files) > 8  # more shares than threads ask for: memory does
    assert (np.diff(firsts) >= 0).all()


def test_a_word_beside_itself_counts_from_both_sides(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("so so it goes")
    settings = CorpusSettings(tokenizer="spaces", min_count=1)
    corpus = build_corpus([tmp_path / "text.txt"], tmp_path / "corpus", settings)

    found = count_all(corpus, Counting(2, 1, ROOMY), tmp_path / "pairs")

    named = {(corpus.words[a], corpus.words[b]): total for (a, b), total in found.items()}
    assert named == {
        ("so", "so"): 2.0,
        ("so", "it"): 1.5,
        ("so", "goes"): 0.5,
        ("goes", "it"): 1.0,
    }
