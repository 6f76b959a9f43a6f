"""From an answer back to who let its version through."""

import hashlib

import pytest

from tests.monitoring.answers import NOON, give, name
from tests.monitoring.conftest import RECIPE
from textwright.errors import UnknownNameError
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.registry import NewVersion, add_version
from textwright.monitoring.erasing import erase_answer
from textwright.monitoring.feedback import Given, add_feedback
from textwright.monitoring.trace import Trace, trace


def find(sessions: Sessions, answer: str) -> Trace:
    with sessions() as session:
        return trace(session, answer)


def test_an_answer_leads_to_its_version_its_run_its_data_and_who_promoted_it(
    intents: Sessions,
) -> None:
    answer = give(intents, 1)
    with intents.begin() as session:
        add_feedback(session, [Given(answer, "rain")], actor="eve", now=NOON)

    found = find(intents, answer)

    assert found.prediction["model"] == "intents"
    assert (found.prediction["label"], found.prediction["answered_at"]) == ("card", NOON)
    assert found.feedback == {"label": "rain", "correct": False, "actor": "eve", "given_at": NOON}
    assert (found.version["name"], found.version["artifact"]) == ("intents@1", "1" * 64)
    assert [each["outcome"] for each in found.verdicts] == ["pass"]
    assert found.run is not None
    assert found.run["recipe"] == hashlib.sha256(RECIPE.encode()).hexdigest()
    assert [(each["role"], each["rows"]) for each in found.datasets] == [("train", 100)]
    (move,) = found.moves
    assert (move["actor"], move["kind"]) == ("ben", "promoted")
    assert "the first one" in move["sentence"]


def test_a_version_from_elsewhere_has_no_run(intents: Sessions) -> None:
    with intents.begin() as session:
        add_version(session, "intents", NewVersion("e" * 64, None, {}, evaluated=True), actor="ann")

    found = find(intents, give(intents, 1, version=3))

    assert found.version["name"] == "intents@3"
    assert (found.run, found.datasets, found.verdicts, found.moves) == (None, [], [], [])
    assert found.feedback is None


def test_an_answer_without_a_record_is_said_to_have_none_and_why(intents: Sessions) -> None:
    answer = give(intents, 1)
    with intents.begin() as session:
        erase_answer(session, answer, actor="ann", reason="")

    with pytest.raises(UnknownNameError, match="it was erased"):
        find(intents, answer)
    with pytest.raises(UnknownNameError, match="does not keep every answer"):
        find(intents, name(2))


@pytest.mark.parametrize("wrong", ["", "intents@3", "0" * 23, "Z" * 24, "x\0", "0" * 5000])
def test_what_is_no_id_is_said_to_be_none(intents: Sessions, wrong: str) -> None:
    with pytest.raises(UnknownNameError, match="24 characters"):
        find(intents, wrong)
