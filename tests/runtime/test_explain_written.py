"""Where a network looked while it wrote, held against going on token by token."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.runtime.tiny import make_artifact, make_embedder, make_writer
from textwright.errors import UsageError
from textwright.runtime.answer import Answerer
from textwright.runtime.artifact import open_artifact
from textwright.runtime.explain import explain
from textwright.runtime.explain_written import Attended, gather, written_words
from textwright.runtime.writing import WritingSession
from textwright.structures.writing import State
from textwright.text.batch import make_batch
from textwright.text.tokenizer import END

TEXT = "Play the next song, please!"


@pytest.fixture(scope="module", params=["lstm", "transformer"])
def writer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    folder = tmp_path_factory.mktemp("writer") / "artifact"
    make_writer(folder, form=request.param)
    return Answerer(open_artifact(folder))


def look(answerer: Answerer, text: str) -> Attended:
    found = explain(answerer, text)
    assert isinstance(found, Attended)
    return found


def test_each_word_written_shares_its_attention_out_among_the_words_read(writer: Answerer) -> None:
    found = look(writer, TEXT)

    assert found.source == ("Play", "the", "next", "song", ",", "please", "!")
    assert "".join(found.written) == found.answer.text.replace(" ", "")
    assert found.attention.shape == (len(found.written), 7)
    assert found.attention.sum(axis=1) == pytest.approx(np.ones(len(found.written)), abs=1e-5)
    assert found.answer == writer.predict([TEXT])[0]


def test_the_shares_are_those_of_the_steps_the_text_was_written_by(writer: Answerer) -> None:
    session = writer.session
    assert isinstance(session, WritingSession)
    found = look(writer, TEXT)
    encodings = session.tokenizer.encode([TEXT], offsets=True)
    inputs = make_batch(encodings).inputs
    tokens = session.write(inputs)[0][0].tokens

    state, rows = session.networks.begin(1, inputs), []
    for each in [END, *tokens[:-1]]:
        told = np.array([[each]])
        rows.append(session.networks.attend(told[:, :, None], state)[0, 0, 0])
        _, state = session.networks.advance(told, state)

    words, belongs = written_words(tokens, session.tokenizer)
    first = np.mean([row for row, word in zip(rows, belongs, strict=True) if word == 0], axis=0)
    places = np.array(encodings[0].offsets)
    please = (places[:, 0] >= TEXT.index("please") - 1) & (places[:, 1] <= TEXT.index("!"))
    assert words == found.written
    assert found.attention[0, 5] == pytest.approx(first[please].sum(), abs=1e-5)


def test_a_text_beside_others_is_none_of_its_business(writer: Answerer) -> None:
    table = look(writer, TEXT).table()

    assert table["source"][0] == "Play"
    assert np.array(table["attention"]).shape == (len(table["written"]), len(table["source"]))
    assert table["answer"]["text"] == look(writer, TEXT).answer.text


@pytest.mark.parametrize("text", ["", "   "])
def test_a_text_of_nothing_has_no_words_to_look_at(writer: Answerer, text: str) -> None:
    found = look(writer, text)

    assert found.source == ()
    assert found.attention.size == 0
    assert found.answer.warning


def test_where_nothing_was_written_nothing_was_looked_at(
    writer: Answerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = set(range(writer.session.tokenizer.size))
    monkeypatch.setattr(writer.session, "banned", tuple(every - {END}))

    found = look(writer, TEXT)

    assert (found.answer.text, found.written) == ("", ())
    assert found.attention.shape == (0, len(found.source)) == (0, 7)


def test_a_long_text_is_looked_at_as_far_as_it_is_read(writer: Answerer) -> None:
    found = look(writer, f"{TEXT} " * 20)

    assert found.answer.truncated
    assert 0 < len(found.source) <= 32
    assert found.attention.shape[1] == len(found.source)


def test_what_is_no_word_counts_for_none() -> None:
    assert gather([0, None, 1, 1], 2).tolist() == [[1, 0], [0, 0], [0, 1], [0, 1]]
    assert gather([], 0).shape == (0, 0)


def test_models_that_show_nothing_are_refused(
    writer: Answerer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_embedder(tmp_path / "vectors")
    make_artifact(tmp_path / "labels")

    with pytest.raises(UsageError, match="no label such as 'card'"):
        explain(writer, TEXT, label="card")
    with pytest.raises(UsageError, match="'embed' has no label or score"):
        explain(Answerer(open_artifact(tmp_path / "vectors")), TEXT)
    assert not isinstance(explain(Answerer(open_artifact(tmp_path / "labels")), TEXT), Attended)
    networks = writer.session.networks
    monkeypatch.setattr(networks, "step", SimpleNamespace(outputs=("logits",)))
    with pytest.raises(UsageError, match="shows no attention"):
        networks.attend(np.zeros((1, 1, 1), np.int64), State())
