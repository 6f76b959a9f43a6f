"""Who goes to the candidate."""

from itertools import pairwise
from string import ascii_letters

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textwright.lifecycle.traffic import goes_to_candidate, new_salt, place_of

CALLERS = [f"caller-{number}" for number in range(20_000)]
names = st.text(min_size=1, max_size=20)
shares = st.floats(0, 1)


@given(names, names, shares)
def test_a_caller_is_answered_by_the_same_version_every_time(
    salt: str, caller: str, share: float
) -> None:
    first = goes_to_candidate("intents", salt, share, caller)

    assert all(goes_to_candidate("intents", salt, share, caller) == first for _ in range(3))


@given(names, names, shares, shares)
def test_who_has_the_candidate_keeps_it_when_the_share_grows(
    salt: str, caller: str, one: float, other: float
) -> None:
    small, large = sorted((one, other))

    assert goes_to_candidate("intents", salt, small, caller) <= goes_to_candidate(
        "intents", salt, large, caller
    )


@given(names, st.one_of(st.none(), st.just(""), names))
def test_nobody_has_it_at_0_and_everybody_at_1(salt: str, caller: str | None) -> None:
    assert not goes_to_candidate("intents", salt, 0.0, caller)
    assert goes_to_candidate("intents", salt, 1.0, caller)
    assert 0.0 <= place_of("intents", salt, caller) < 1.0


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_the_candidate_has_its_share_of_callers(share: float) -> None:
    taken = sum(goes_to_candidate("intents", "salt", share, caller) for caller in CALLERS)

    expected = share * len(CALLERS)
    assert abs(taken - expected) < 4 * (expected * (1 - share)) ** 0.5


@pytest.mark.parametrize(("model", "salt"), [("topics", "salt"), ("intents", "other salt")])
def test_another_model_or_another_rollout_chooses_its_callers_independently(
    model: str, salt: str
) -> None:
    both = sum(
        goes_to_candidate("intents", "salt", 0.5, caller)
        and goes_to_candidate(model, salt, 0.5, caller)
        for caller in CALLERS
    )

    assert abs(both - 5000) < 4 * (20_000 * 0.25 * 0.75) ** 0.5


def test_places_are_even_over_the_whole_range() -> None:
    places = sorted(place_of("intents", "salt", caller) for caller in CALLERS)

    assert max(after - before for before, after in pairwise([0.0, *places, 1.0])) < 0.001


def test_a_request_without_a_caller_is_placed_anew_each_time() -> None:
    places = {place_of("intents", "salt", None) for _ in range(100)}

    assert len(places) == 100


def test_a_model_and_a_caller_cannot_be_mistaken_for_another_pair() -> None:
    assert place_of("a", "salt", "b\0c") != place_of("a\0b", "salt", "c\0")
    assert place_of("ab", "salt", "c") != place_of("a", "salt", "bc")


def test_a_place_is_the_same_on_every_machine() -> None:
    assert place_of("intents", "salt", "ann") == pytest.approx(PLACE_OF_ANN, abs=1e-15)
    assert place_of("intents", "salt", "\ud800") >= 0.0  # half a surrogate, as JSON may hold it


def test_every_rollout_has_a_salt_of_its_own() -> None:
    salts = {new_salt() for _ in range(100)}

    assert len(salts) == 100
    assert all(len(salt) == 32 and not set(salt) & set(ascii_letters[6:]) for salt in salts)


PLACE_OF_ANN = 0.9671484220044744


def test_a_caller_whose_place_is_the_share_is_not_below_it() -> None:
    place = place_of("intents", "salt", "ann")

    assert not goes_to_candidate("intents", "salt", place, "ann")
    assert goes_to_candidate("intents", "salt", place + 2**-50, "ann")
