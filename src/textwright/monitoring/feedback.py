"""Feedback: what later turned out to be right, joined to the answer by its id.

While a rollout is under way it feeds the guard ``wrong``, in the minute of its arrival.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from textwright.errors import InvalidInputError
from textwright.lifecycle.tables import Model, Run, Version
from textwright.lifecycle.tables_served import Feedback, Prediction
from textwright.monitoring.records import ID, join_labels, storable
from textwright.monitoring.wrong import WrongCounts

TOLERANCE = "tolerance"  # among a version's scores: half a grade of what it scores


@dataclass(frozen=True)
class Given:
    """What somebody says is right for an answer: a label, or all that hold."""

    id: str
    label: str | Sequence[str]


@dataclass(frozen=True)
class Taken:
    """What became of it.

    status:  stored, unchanged (said before), changed (something else was said before), or
             unknown: no answer with a label is recorded under this id.
    correct: whether the answer was; None for an unknown one.
    """

    id: str
    status: str
    correct: bool | None = None


def add_feedback(
    session: Session, given: Sequence[Given], *, actor: str, now: datetime
) -> list[Taken]:
    """Store feedback in the caller's transaction; gives what became of each, in order.

    Said again, it changes nothing; something else replaces what was said. Only the first word on
    an answer counts for the guard, which may have judged by it since.
    actor: who says so; empty: nobody known.
    """
    answers = lock_answers(session, {each.id for each in given if ID.fullmatch(each.id)})
    rows = session.scalars(select(Feedback).where(Feedback.prediction_id.in_(answers)))
    known = {each.prediction_id: each for each in rows}
    counts = WrongCounts(session, {each.model_id for each in answers.values()}, now)
    taken = []
    for each in given:
        answer = answers.get(each.id)
        if answer is None:
            taken.append(Taken(each.id, "unknown"))
            continue
        label = storable(join_labels(each.label))
        word = Feedback(prediction_id=answer.id, label=label, actor=actor, given_at=now)
        word.correct = is_correct(session, answer, label)
        status = say(session, known, word)
        if status == "stored":
            counts.add(answer, correct=word.correct)
        taken.append(Taken(each.id, status, word.correct))
    session.flush()
    counts.write()
    return taken


def lock_answers(session: Session, ids: set[str]) -> dict[str, Prediction]:
    """Give the answers of these ids that have a label, by id.

    PostgreSQL: feedback on one model follows one another, so that a caller is counted as often as
    the policy says; and nobody erases the answers meanwhile. SQLite has one writer anyway.
    """
    named = Prediction.id.in_(ids)
    models = select(Model.id).where(Model.id.in_(select(Prediction.model_id).where(named)))
    session.execute(models.order_by(Model.id).with_for_update(key_share=True)).all()
    query = select(Prediction).where(named, Prediction.label.is_not(None)).order_by(Prediction.id)
    found = session.scalars(query.with_for_update(read=True, key_share=True))
    return {each.id: each for each in found}


def is_correct(session: Session, answer: Prediction, label: str) -> bool:
    """Tell whether an answer was right: its label is, or it abstained on what has no label.

    A score of two texts is right within half a grade, which its version's evidence states; raises
    InvalidInputError for a label that is then no number.
    """
    if label == answer.label:
        return True
    found = session.execute(
        select(Version.scores, Run.recipe)
        .outerjoin(Run, Version.run_id == Run.id)
        .where(Version.model_id == answer.model_id, Version.number == answer.version)
    ).one_or_none()
    scores, recipe = found if found is not None else ({}, None)
    tolerance = scores.get(TOLERANCE)
    if tolerance is not None and answer.score is not None:
        return bool(abs(read_number(label) - answer.score) <= tolerance)
    data = tomllib.loads(recipe or "").get("data", {}) if answer.abstained else {}
    return bool(data.get("out_of_scope") == label)


def read_number(label: str) -> float:
    """Read the label of a score; raises InvalidInputError for one that is no number."""
    try:
        return float(label)
    except ValueError as error:
        what = f"The label {label[:80]!r} is no number; the answer is a score."
        raise InvalidInputError(what, "Send the number that would have been right.") from error


def say(session: Session, known: dict[str, Feedback], word: Feedback) -> str:
    """Put a word in the place of what was said of its answer before; gives what that came to."""
    before = known.get(word.prediction_id)
    if before is not None and before.label == word.label:
        return "unchanged"
    known[word.prediction_id] = session.merge(word)
    return "stored" if before is None else "changed"
