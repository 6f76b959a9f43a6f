"""GloVe: one step against plain numpy, a falling objective, and what is refused."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from textwright.errors import DataError, RecipeError
from textwright.recipe.vectors import CorpusSettings, GloveSettings
from textwright.vectors.cooccurrence import PAIR_BYTES, Numbers, read_pairs, sums_of
from textwright.vectors.corpus import Corpus, build_corpus
from textwright.vectors.glove import (
    descend_block,
    fit_blocks,
    fit_glove,
    shuffle_pairs,
    start_table,
    train_glove,
    weigh,
)

SETTINGS = GloveSettings(dimensions=10, window=4, epochs=15, threads=1, seed=3, x_max=10)
FRUIT, TOOLS = "apple pear plum cherry", "hammer saw drill wrench"


def build(folder: Path, text: str) -> Corpus:
    """Build a corpus of a text of words split by blanks."""
    (folder / "text.txt").write_text(text)
    settings = CorpusSettings(tokenizer="spaces", min_count=1)
    return build_corpus([folder / "text.txt"], folder / "corpus", settings)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Give sentences that are either about fruit or about tools, or about neither."""
    rng = np.random.default_rng(1)
    lines = []
    for each in range(600):
        about = (FRUIT if each % 2 else TOOLS).split()
        lines.append(" ".join(rng.choice([*about, "the", "a", *about], 8)))
    return build(tmp_path_factory.mktemp("glove"), "\n".join(lines))


def make_pairs(rows: Sequence[tuple[int, int, float]]) -> Numbers:
    """Lay pairs out as the files have them."""
    pairs = np.array([(word, other, 0) for word, other, _ in rows], dtype=np.int32)
    sums_of(pairs)[:] = [total for _, _, total in rows]
    return pairs


def test_a_step_is_the_one_of_the_equations() -> None:
    rows = [(0, 2, 3.0), (2, 0, 3.0), (1, 1, 40.0), (0, 2, 3.0)]
    settings = replace(SETTINGS, dimensions=5)
    table = start_table(3, settings)
    w, b = table[:3, 0, 2:7].astype(float), table[:3, 0, 0].astype(float)
    u, c = table[3:, 0, 2:7].astype(float), table[3:, 0, 1].astype(float)
    w_squares, u_squares = np.ones((2, 3, 5))
    b_squares, c_squares = np.ones((2, 3))
    objective = 0.0
    for i, j, x in rows:
        weight = min(1, (x / settings.x_max) ** settings.alpha)
        error = w[i] @ u[j] + b[i] + c[j] - np.log(x)
        objective += weight * error**2 / 2
        slope = settings.learning_rate * weight * error
        for_w, for_u = slope * u[j], slope * w[i]
        w[i] -= for_w / np.sqrt(w_squares[i])
        u[j] -= for_u / np.sqrt(u_squares[j])
        b[i] -= slope / np.sqrt(b_squares[i])
        c[j] -= slope / np.sqrt(c_squares[j])
        w_squares[i] += for_w**2
        u_squares[j] += for_u**2
        b_squares[i] += slope**2
        c_squares[j] += slope**2

    pairs = make_pairs(rows)
    found = descend_block(table, pairs, *weigh(pairs, settings), settings.learning_rate)

    assert found == pytest.approx(objective, rel=1e-5)
    assert np.allclose(table[:3, 0, 2:7], w, atol=1e-6)
    assert np.allclose(table[3:, 0, 2:7], u, atol=1e-6)
    assert np.allclose(table[:3, 0, 0], b, atol=1e-6)
    assert np.allclose(table[3:, 0, 1], c, atol=1e-6)
    assert np.allclose(table[:3, 1, 2:7], w_squares, atol=1e-6)
    assert np.allclose(table[3:, 1, 2:7], u_squares, atol=1e-6)
    assert (table[:3, 0, 1] == 1).all()
    assert (table[3:, 0, 0] == 1).all()
    assert (table[:, 0, 7:] == 0).all()


def test_the_objective_falls_and_like_words_come_together(corpus: Corpus, tmp_path: Path) -> None:
    fit = fit_glove(corpus, SETTINGS, tmp_path)

    assert fit.losses == sorted(fit.losses, reverse=True)
    assert fit.losses[-1] < fit.losses[0] / 3
    unit = fit.matrix / np.linalg.norm(fit.matrix, axis=1, keepdims=True)
    places = [corpus.words.index(word) for word in (FRUIT + " " + TOOLS).split()]
    near = (unit @ unit.T)[np.ix_(places, places)]
    assert near[:4, :4].min() > near[:4, 4:].max()
    assert near[4:, 4:].min() > near[:4, 4:].max()


def test_one_thread_gives_the_same_vectors_again_and_leaves_nothing(
    corpus: Corpus, tmp_path: Path
) -> None:
    first = train_glove(corpus, SETTINGS, tmp_path)
    (tmp_path / "glove.partial").mkdir()
    (tmp_path / "glove.partial" / "block-000000").write_bytes(b"of a killed run")

    again = train_glove(corpus, SETTINGS, tmp_path)
    other = train_glove(corpus, replace(SETTINGS, seed=4), tmp_path)

    assert first.shape == (len(corpus.words), 10)
    assert first.dtype == np.float32
    assert first.tobytes() == again.tobytes() != other.tobytes()
    assert list(tmp_path.iterdir()) == []


def test_threads_reach_the_same_objective(corpus: Corpus, tmp_path: Path) -> None:
    alone = fit_glove(corpus, SETTINGS, tmp_path)
    together = fit_glove(corpus, replace(SETTINGS, threads=2), tmp_path)

    assert together.losses[-1] == pytest.approx(alone.losses[-1], rel=0.1)
    assert together.pairs == alone.pairs


def test_progress_tells_of_every_pair(corpus: Corpus, tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []

    fit = fit_glove(
        corpus, SETTINGS, tmp_path, progress=lambda done, total: calls.append((done, total))
    )

    assert calls[-1] == (15 * fit.pairs, 15 * fit.pairs)
    assert calls == sorted(calls)


def test_shuffling_keeps_every_pair_in_both_directions(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    keys = rng.integers(3000 * 3000, size=300_000)
    words = np.sort(np.stack([keys // 3000, keys % 3000], axis=1), axis=1)
    words = np.unique(words, axis=0)
    rows = [(int(a), int(b), 1 + each) for each, (a, b) in enumerate(words)]
    make_pairs(rows[:9]).tofile(tmp_path / "pairs-0")
    make_pairs(rows[9:]).tofile(tmp_path / "pairs-1")

    blocks = shuffle_pairs([tmp_path / "pairs-0", tmp_path / "pairs-1"], tmp_path, seed=1)

    found = np.concatenate([read_pairs(path, 0, -1) for path in blocks])
    expected = {(a, b) for a, b, _ in rows} | {(b, a) for a, b, _ in rows}
    assert len(blocks) == 2
    assert abs(blocks[0].stat().st_size - blocks[1].stat().st_size) < 0.01 * len(found) * PAIR_BYTES
    assert len(found) == len(expected)
    assert set(map(tuple, found[:, :2].tolist())) == expected
    totals = {(a, b): total for a, b, total in rows}
    for (a, b, _), total in zip(found[:500].tolist(), sums_of(found).tolist(), strict=False):
        assert totals[min(a, b), max(a, b)] == total
    assert 0.4 < (np.diff(found[:, 0]) > 0).mean() < 0.6
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in blocks}


def test_a_text_without_two_words_in_a_sentence_is_refused(tmp_path: Path) -> None:
    corpus = build(tmp_path, "one\ntwo\none")

    with pytest.raises(DataError, match="nothing to count"):
        train_glove(corpus, SETTINGS, tmp_path / "out")


def test_a_step_too_large_is_told_with_a_smaller_one(tmp_path: Path) -> None:
    rows = [(0, 1, 1e30), (1, 0, 1e-30)] * 50
    make_pairs(rows).tofile(tmp_path / "block")

    with pytest.raises(
        RecipeError, match=r"in epoch 1[^T]*Take a lower learning_rate, such as 1e\+29\."
    ):
        fit_blocks([tmp_path / "block"], 2, replace(SETTINGS, learning_rate=1e30, epochs=5))


TRAIN_IN_LITTLE_ROOM = """
import resource, sys
from pathlib import Path
from textwright.errors import SettingsError
from textwright.recipe.vectors import GloveSettings
from textwright.vectors.corpus import open_corpus
from textwright.vectors.glove import train_glove

resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
try:
    train_glove(open_corpus(Path(sys.argv[1])), GloveSettings(threads=2), Path(sys.argv[2]))
except SettingsError as error:
    print(error)
"""


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    build(tmp_path, "\n".join(f"{each % 7} {each % 11} {each % 5}" for each in range(100)))
    command = [sys.executable, "-c", TRAIN_IN_LITTLE_ROOM]

    done = subprocess.run(
        [*command, str(tmp_path / "corpus"), str(tmp_path / "out")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert "cannot be written: [Errno 27] File too large" in done.stdout
    assert "Make room" in done.stdout
    assert list((tmp_path / "out").iterdir()) == []
