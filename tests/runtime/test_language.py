"""A language model from its artifact alone: how it draws, and how it reads."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.runtime.tiny import make_language
from tests.training.phrases import FORMS
from textwright.errors import UsageError
from textwright.runtime import language as language_module
from textwright.runtime.artifact import open_artifact
from textwright.runtime.language import LanguageSession
from textwright.runtime.streams import TextOptions, TextPool
from textwright.runtime.writing import PART, WriteOptions
from textwright.structures.sampling import Sampling
from textwright.structures.search import Beam
from textwright.structures.writing import Arrays
from textwright.text.batch import make_batch


@pytest.mark.parametrize(
    ("options", "how"),
    [
        (WriteOptions(), Sampling(0.7, top_p=0.8)),
        (WriteOptions(seed=3), Sampling(0.7, top_p=0.8, seed=3)),
        (WriteOptions(top_k=5, best=3), Sampling(0.7, 5, 0.8)),
        (WriteOptions(temperature=2.0), Sampling(2.0, top_p=0.8)),
        (WriteOptions(top_p=1.0), Sampling(0.7, top_p=1.0)),
        (WriteOptions(beam=4, best=2), Beam(4, best=2)),
    ],
)
def test_what_is_not_said_is_as_the_recipe_says(
    tmp_path: Path, options: WriteOptions, how: Beam | Sampling
) -> None:
    make_language(tmp_path / "poems", temperature=0.7, top_p=0.8)
    session = LanguageSession(open_artifact(tmp_path / "poems"))

    session.set_options(options)

    assert (session.how, session.best) == (how, options.best)


def test_a_search_draws_nothing(tmp_path: Path) -> None:
    make_language(tmp_path / "poems")
    session = LanguageSession(open_artifact(tmp_path / "poems"))

    with pytest.raises(UsageError, match="Give a temperature, and no beam"):
        session.set_options(WriteOptions(beam=3, seed=4))


@pytest.fixture(scope="module", params=FORMS)
def session(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> LanguageSession:
    folder: Path = tmp_path_factory.mktemp("language") / "poems"
    make_language(folder, form=request.param, context=3 * PART)
    return LanguageSession(open_artifact(folder))


LONG = "rain, rain go away 夜来风雨声" * 26  # 624 tokens


@pytest.mark.parametrize("tokens", [1, 2, PART, PART + 1, PART + 2, 600])
def test_a_prompt_read_in_parts_is_written_on_as_one_read_whole(
    session: LanguageSession, tokens: int
) -> None:
    ids = session.encode_prompt(LONG).ids[None, :tokens]
    *_, state = session.read_on(ids)
    whole, _ = session.networks.read(ids[:, None], session.networks.begin(1))

    logits, _ = session.networks.advance(ids[:, -1:], state)

    assert ids.shape == (1, tokens)
    np.testing.assert_allclose(logits[0, 0], whole[0, 0, -1], atol=1e-4)


def test_no_call_reads_more_than_a_part(
    session: LanguageSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, run = [], session.networks.step.run

    def note(inputs: Arrays) -> dict[str, Any]:
        sizes.append(inputs["tokens"].shape[2])
        return run(inputs)

    monkeypatch.setattr(session.networks.step, "run", note)
    session.score([LONG])
    session.run(make_batch(session.tokenizer.encode([LONG[:PART]])).inputs)
    TextPool(session).begin(session.encode_prompt(LONG), TextOptions(session.usual, 1))

    assert max(sizes) == PART


def test_a_text_scored_in_parts_costs_what_it_costs_whole(
    session: LanguageSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [LONG, LONG * 3, "rain", ""]
    few = session.score(texts)
    monkeypatch.setattr(language_module, "PART", 10_000)
    whole = session.score(texts)
    monkeypatch.setattr(language_module, "MOST_NUMBERS", 20 * session.tokenizer.size)
    many = session.score(texts)

    np.testing.assert_allclose(few, whole, rtol=1e-4)
    np.testing.assert_allclose(many, whole, rtol=1e-4)


def test_a_prompt_that_nobody_waits_for_is_not_read_to_its_end(session: LanguageSession) -> None:
    pool, answers = TextPool(session), iter([True, True, False])
    prompt = session.encode_prompt(LONG)

    begun = pool.begin(prompt, TextOptions(session.usual, 1), wanted=lambda: next(answers))

    assert begun == []
    assert not pool.streams
    assert not list(answers)
