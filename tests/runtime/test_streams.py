"""Texts token by token from sealed artifacts: the same together as alone, and as all at once."""

from pathlib import Path

import pytest

from tests.runtime.tiny import make_artifact, make_language, make_writer
from tests.training.phrases import FORMS
from textwright.runtime.answer import Answerer
from textwright.runtime.artifact import open_artifact
from textwright.runtime.streams import TextOptions, TextPool, TextStream, Writer
from textwright.runtime.writing import WriteOptions
from textwright.structures.sampling import GREEDY, Sampling

PROMPTS = ["春眠不觉晓", "", "rain, rain go away\n夜来", "😀", "花落知多少。处处闻啼鸟"]
SOURCES = ["play the next song", "", "will it rain or snow tomorrow 雨", "卡"]
DRAWN = Sampling(1.0, top_p=0.9, seed=3)
MOST_STEPS = 20  # more than any text here takes


@pytest.fixture(scope="module", params=[(task, form) for task in ("on", "from") for form in FORMS])
def answerer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    task, form = request.param
    folder: Path = tmp_path_factory.mktemp("streams") / "artifact"
    (make_language if task == "on" else make_writer)(folder, form=form)
    return Answerer(open_artifact(folder))


def writer_of(answerer: Answerer) -> Writer:
    assert answerer.writer is not None
    return answerer.writer


def prompts_of(answerer: Answerer) -> list[str]:
    return PROMPTS if answerer.artifact.recipe.task == "language" else SOURCES


def finish(pool: TextPool) -> dict[TextStream, str]:
    """Write until every text is at its end; gives what came of each."""
    told: dict[TextStream, str] = {}
    for _ in range(MOST_STEPS):
        for each in pool.advance():
            told[each] = told.get(each, "") + each.fresh
    assert not pool.streams
    return told


def write(answerer: Answerer, text: str, options: TextOptions) -> list[str]:
    """Write the texts of one prompt, alone."""
    writer = writer_of(answerer)
    pool = TextPool(writer)
    begun = pool.begin(writer.encode_prompt(text), options)
    told = finish(pool)
    return [told.get(each, "") for each in begun]


@pytest.mark.parametrize("sampling", [GREEDY, DRAWN])
def test_texts_come_together_as_alone_whenever_they_join(
    answerer: Answerer, sampling: Sampling
) -> None:
    writer, prompts = writer_of(answerer), prompts_of(answerer)
    pool, begun, told = TextPool(writer), {}, dict[TextStream, str]()
    options = TextOptions(sampling, longest=9, count=2)
    for each in prompts:
        begun[each] = pool.begin(writer.encode_prompt(each), options)
        for text in pool.advance():
            told[text] = told.get(text, "") + text.fresh
    for text, rest in finish(pool).items():
        told[text] = told.get(text, "") + rest

    for each in prompts:
        assert [told[text] for text in begun[each]] == write(answerer, each, options)
    assert len(set(told.values())) > (1 if sampling is GREEDY else len(prompts))


def test_greedy_texts_are_those_that_are_written_all_at_once(answerer: Answerer) -> None:
    answerer.write_by(WriteOptions(temperature=0.0))
    writer, prompts = writer_of(answerer), prompts_of(answerer)
    for text, whole in zip(prompts, answerer.predict(prompts), strict=True):
        usual = writer.encode_prompt(text).usual
        (streamed,) = write(answerer, text, TextOptions(GREEDY, usual))
        assert streamed.strip() == whole.text.strip()


def test_a_stop_string_ends_a_text_before_it(answerer: Answerer) -> None:
    for text in prompts_of(answerer):
        (whole,) = write(answerer, text, TextOptions(GREEDY, 10))
        for first in range(len(whole) - 1):
            stop = whole[first : first + 2]
            (found,) = write(answerer, text, TextOptions(GREEDY, 10, stops=(stop, "never met")))
            assert found == whole[: whole.index(stop)]


def test_a_text_that_is_let_go_takes_no_more_steps(answerer: Answerer) -> None:
    writer = writer_of(answerer)
    pool = TextPool(writer)
    options = TextOptions(DRAWN, longest=50)
    gone, left = (
        pool.begin(writer.encode_prompt(each), options)[0] for each in prompts_of(answerer)[:2]
    )
    pool.advance()
    pool.leave([gone])
    tokens = gone.tokens
    pool.advance()

    assert gone.tokens == tokens
    assert list(pool.streams.values()) in ([left], [])


def test_whoever_asks_is_told_of_each_step_and_the_texts_are_the_same(answerer: Answerer) -> None:
    told: list[None] = []

    found = answerer.telling(lambda: told.append(None)).predict(prompts_of(answerer))

    steps = len(told)
    assert steps > 5
    assert found == answerer.predict(prompts_of(answerer))
    assert len(told) == steps


def test_how_much_room_there_is_after_a_prompt(tmp_path: Path) -> None:
    make_language(tmp_path / "artifact", context=20, max_tokens=12)
    writer = writer_of(Answerer(open_artifact(tmp_path / "artifact")))

    short, long, longer = (writer.encode_prompt("a" * each) for each in (3, 15, 25))
    hopeless = writer.encode_prompt("a" * 3000)

    assert (short.room, short.usual) == (16, 12)
    assert (long.room, long.usual) == (4, 4)
    assert longer.room < 1
    assert hopeless.truncated


def test_a_source_beyond_what_is_read_says_so(tmp_path: Path) -> None:
    make_writer(tmp_path / "artifact")
    writer = writer_of(Answerer(open_artifact(tmp_path / "artifact")))

    assert writer.encode_prompt("rain " * 40).truncated
    prompt = writer.encode_prompt("rain")
    assert (prompt.room, prompt.usual, prompt.truncated) == (12, 12, False)


def test_a_network_without_pads_writes_one_length_at_a_time(tmp_path: Path) -> None:
    make_language(tmp_path / "artifact")
    writer = writer_of(Answerer(open_artifact(tmp_path / "artifact")))
    assert TextPool(writer).ragged
    kept = [each for each in writer.networks.step.inputs if each != "source.pads"]

    writer.networks.step.inputs = tuple(kept)  # as networks were before there were pads

    assert not TextPool(writer).ragged


def test_a_model_that_sorts_texts_writes_none(tmp_path: Path) -> None:
    make_artifact(tmp_path / "intents")

    assert Answerer(open_artifact(tmp_path / "intents")).writer is None
