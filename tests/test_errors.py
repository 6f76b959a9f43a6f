"""Errors that say what to do."""

import pickle

import pytest

from textwright import errors
from textwright.errors import DataError, TextwrightError, UnknownNameError, unknown_name


def test_an_error_says_what_happened_and_then_what_to_do() -> None:
    assert str(DataError("No file.", "Check the path.")) == "No file.\n  Check the path."


def test_the_nearest_name_is_offered() -> None:
    assert "Did you mean 'bilstm'?" in str(unknown_name("encoder", "bilstn", ["bag", "bilstm"]))


def test_without_a_near_name_all_are_listed() -> None:
    assert "Known names: bag, bilstm." in str(unknown_name("encoder", "q", ["bilstm", "bag"]))


def test_without_any_name_the_hint_is_to_create_one() -> None:
    assert "create one first" in str(unknown_name("model", "intents", []))


@pytest.mark.parametrize(
    "kind",
    [each for each in vars(errors).values() if str(each).endswith("Error'>")],
    ids=lambda kind: kind.__name__,
)
def test_an_error_arrives_whole_from_another_process(kind: type[TextwrightError]) -> None:
    error = kind("What.", "Hint.")

    arrived = pickle.loads(pickle.dumps(error))

    assert (type(arrived), arrived.what, arrived.hint) == (kind, "What.", "Hint.")


def test_an_unknown_name_is_an_error_a_user_can_act_on() -> None:
    assert issubclass(UnknownNameError, TextwrightError)
