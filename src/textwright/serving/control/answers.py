"""What is asked of recorded answers: where one comes from, and what was right."""

from dataclasses import asdict

from sqlalchemy.orm import Session

from textwright.lifecycle.tables import utc_now
from textwright.monitoring.feedback import Given, add_feedback
from textwright.monitoring.trace import trace
from textwright.serving.control.operations import Order
from textwright.serving.control.wire_records import (
    FeedbackAnswer,
    FeedbackRequest,
    TakenFeedback,
    Traced,
)


def show_trace(session: Session, order: Order) -> Traced:
    """Trace an answer back; raises UnknownNameError when there is no record of it."""
    return Traced(**asdict(trace(session, order.names[0])))


def take_feedback(session: Session, order: Order) -> FeedbackAnswer:
    """Store feedback."""
    return store_feedback(session, order.given, order.actor)


def store_feedback(session: Session, request: FeedbackRequest, actor: str) -> FeedbackAnswer:
    """Store feedback in the caller's transaction; actor: who gives it, empty: nobody known."""
    given = [Given(each.id, each.label) for each in request.feedback]
    taken = add_feedback(session, given, actor=actor, now=utc_now())
    matched = sum(each.status != "unknown" for each in taken)
    rows = [TakenFeedback(each.id, each.status, each.correct) for each in taken]
    return FeedbackAnswer(matched, rows)
