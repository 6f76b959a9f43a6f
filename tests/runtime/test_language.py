"""A language model from its artifact alone: how it draws, and how it reads."""

from pathlib import Path

import pytest

from tests.runtime.tiny import make_language
from textwright.errors import UsageError
from textwright.runtime.artifact import open_artifact
from textwright.runtime.language import LanguageSession
from textwright.runtime.writing import WriteOptions
from textwright.structures.sampling import Sampling
from textwright.structures.search import Beam


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
