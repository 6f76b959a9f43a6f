"""A request that is sent twice is done once: what ``Idempotency-Key`` is for.

The answer is kept in the transaction of the change itself, so there is never one without the other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from textwright.errors import InvalidInputError
from textwright.lifecycle.journal import lock_head
from textwright.lifecycle.tables import utc_now
from textwright.lifecycle.tables_served import Replay

KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Claim:
    """A request's word for itself; another principal's same word is another.

    digest: SHA-256 of its method, path and body, in hex.
    """

    principal: str
    token: str
    digest: str


def answer_once(
    session: Session, claim: Claim, work: Callable[[], tuple[bytes, bytes]]
) -> tuple[bytes, bool]:
    """Do a piece of work unless it was done before; gives its answer, and whether it is a repeat.

    work: gives the answer, and the answer as it may be kept.
    Only what succeeded is kept, for a day; after a refusal nothing was done, and the same word may
    be used again. Raises InvalidInputError when it stands for another request.
    """
    lock_head(session)
    session.execute(delete(Replay).where(Replay.created_at < utc_now() - KEPT))
    found = session.get(Replay, (claim.principal, claim.token))
    if found is not None:
        if found.digest != claim.digest:
            raise InvalidInputError(
                "This Idempotency-Key was used for another request.", "Send a new one."
            )
        return found.body.encode(), True
    answer, kept = work()
    session.add(Replay(**vars(claim), status=200, body=kept.decode()))
    return answer, False
