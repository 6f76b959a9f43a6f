"""Records of answers in the database, as SQLAlchemy's models read them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from tests.lifecycle.conftest import on_sqlite
from tests.monitoring.answers import ANSWER, NOON, all_bytes, count, give, name, write
from textwright.lifecycle.backup import TABLES
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.tables_served import HASH_LENGTH, SERVED, Prediction, Secret
from textwright.monitoring.records import join_labels


def read(sessions: Sessions, number: int = 1) -> Prediction:
    with sessions() as session:
        return session.scalars(select(Prediction).where(Prediction.id == name(number))).one()


def test_an_answer_is_kept_with_hashes_in_the_place_of_text_and_caller(intents: Sessions) -> None:
    give(intents, 1)

    row = read(intents)
    assert (row.label, row.score, row.abstained, row.error) == ("card", 0.9, False, None)
    assert (row.version, row.answered_at, row.seconds) == (1, NOON, 0.004)
    assert row.expires_at == NOON + timedelta(days=90)
    assert row.text is None
    assert row.caller is not None
    assert row.digest is not None
    assert len(row.caller) == len(row.digest) == HASH_LENGTH


def test_the_text_is_kept_only_where_the_recipe_says_so(intents: Sessions) -> None:
    give(intents, 1, keep="text", days=0)
    give(intents, 2, keep="nothing")

    kept, nothing = read(intents), read(intents, 2)
    assert (kept.text, kept.expires_at) == ("where is my card", None)
    assert (nothing.text, nothing.digest, nothing.caller) == (None, None, None)
    assert nothing.label == "card"


def test_equal_texts_and_callers_are_found_again_within_a_household_alone(
    intents: Sessions,
) -> None:
    give(intents, 1)
    give(intents, 2)
    give(intents, 3, text="ann@example.com", caller="")

    first, again, other = read(intents), read(intents, 2), read(intents, 3)
    assert (first.caller, first.digest) == (again.caller, again.digest)
    assert other.digest != first.caller
    assert other.caller is None
    with intents.begin() as session:
        session.execute(text("UPDATE secret SET value = :other"), {"other": "ab" * 32})
    give(intents, 4)
    assert read(intents, 4).digest != first.digest


def test_the_same_batch_again_changes_nothing(intents: Sessions) -> None:
    batch = [ANSWER._replace(id=name(number)) for number in range(5)]
    write(intents, batch)

    assert write(intents, [*batch, ANSWER._replace(id=name(9))]) == 6
    assert count(intents) == 6


def test_many_writers_at_once_lose_nothing_and_share_one_secret(intents: Sessions) -> None:
    def batch(place: int) -> int:
        return write(intents, [ANSWER._replace(id=name(place * 50 + each)) for each in range(50)])

    with ThreadPoolExecutor(max_workers=4) as pool:
        assert sum(pool.map(batch, range(8))) == 400

    assert count(intents) == 400
    with intents() as session:
        assert session.scalar(select(func.count(Secret.name))) == 1
        assert session.scalar(select(func.count(Prediction.caller.distinct()))) == 1


def test_what_names_no_known_version_is_left_out(intents: Sessions) -> None:
    unknown = [ANSWER._replace(version=7), ANSWER._replace(model="other"), ANSWER]

    assert write(intents, unknown) == 1
    assert write(intents, []) == 0


@pytest.mark.parametrize("odd", ["\0 in it", "a lone \ud800", "", "你好 🂡", "x" * 100_000])
def test_any_text_and_caller_can_be_recorded(intents: Sessions, odd: str) -> None:
    give(intents, 1, text=odd, caller=odd, keep="text")

    kept = read(intents).text
    assert kept is not None
    assert len(kept) == len(odd)


def test_a_text_that_was_not_answered_is_kept_with_its_error(intents: Sessions) -> None:
    give(intents, 1, label=None, score=None, abstained=None, error="deadline")

    row = read(intents)
    assert (row.label, row.score, row.abstained, row.error) == (None, None, None, "deadline")


@on_sqlite
def test_without_the_recipes_word_no_text_and_no_caller_is_in_the_files(
    intents: Sessions, address: str
) -> None:
    give(intents, 1, text="three strawberries", caller="ann@example.com")
    give(intents, 2, text="three strawberries", caller="ann@example.com", keep="nothing")

    assert b"card" in all_bytes(address)
    assert b"strawberries" not in all_bytes(address)
    assert b"example.com" not in all_bytes(address)


def test_labels_that_hold_together_are_written_in_one_order() -> None:
    assert join_labels("card") == "card"
    assert join_labels(["rain", "card"]) == join_labels(("card", "rain")) == "card, rain"


def test_a_backup_brings_no_answer_back() -> None:
    assert {each.name for each in TABLES}.isdisjoint(SERVED)
    assert "version" in {each.name for each in TABLES}
