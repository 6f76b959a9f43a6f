"""Tables of what servers gave: answers, feedback on them, whole responses to repeat.

Rows here name people or hold their words. They go by age, by id or by caller, no event of the
journal repeats them, and a backup leaves them out, so that what is erased stays erased.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from textwright.lifecycle.tables import DIGEST_LENGTH, NAME_LENGTH, Model, Table, Version, utc_now

ID_LENGTH = 32  # of an answer's id: 24 are used
HASH_LENGTH = 32  # 128 bits in hex


class Prediction(Table):
    """One text that a version was asked, and what became of it, as far as its recipe keeps that.

    Either a label with its score, or the code of an error. Callers and texts stand as hashes
    under the household's secret, texts in full only where the recipe says so. Nothing is indexed
    that comes in no order: on SQLite an index over callers would cost as much as all the rest.
    """

    __tablename__ = "prediction"
    __table_args__ = (
        ForeignKeyConstraint(("model_id", "version"), (Version.model_id, Version.number)),
        Index(None, "model_id", "answered_at"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey(Model.id))
    version: Mapped[int]  # its number
    answered_at: Mapped[datetime]
    expires_at: Mapped[datetime | None] = mapped_column(index=True)  # None: kept until erased
    seconds: Mapped[float]  # from the request to its answers
    request: Mapped[str] = mapped_column(String(NAME_LENGTH))  # its id, as in the server's log
    caller: Mapped[str | None] = mapped_column(String(HASH_LENGTH))
    digest: Mapped[str | None] = mapped_column(String(HASH_LENGTH))  # of the text
    text: Mapped[str | None] = mapped_column(Text)
    label: Mapped[str | None] = mapped_column(Text)
    score: Mapped[float | None]
    abstained: Mapped[bool | None]
    error: Mapped[str | None] = mapped_column(String(NAME_LENGTH))


class Feedback(Table):
    """What later turned out to be right; the newest word on an answer. It goes with the answer."""

    __tablename__ = "feedback"

    prediction_id: Mapped[str] = mapped_column(
        ForeignKey(Prediction.id, ondelete="CASCADE"), primary_key=True
    )
    label: Mapped[str] = mapped_column(Text)
    correct: Mapped[bool]  # the answer was
    actor: Mapped[str] = mapped_column(String(NAME_LENGTH))  # who said so; empty: nobody known
    given_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)


class Replay(Table):
    """The answer to a request with an Idempotency-Key, for who sends it again."""

    __tablename__ = "replay"

    principal: Mapped[str] = mapped_column(String(NAME_LENGTH), primary_key=True)
    token: Mapped[str] = mapped_column(String(128), primary_key=True)
    digest: Mapped[str] = mapped_column(String(DIGEST_LENGTH))  # of method, path and body
    status: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)


class Secret(Table):
    """A random value that all servers of a household share."""

    __tablename__ = "secret"

    name: Mapped[str] = mapped_column(String(NAME_LENGTH), primary_key=True)
    value: Mapped[str] = mapped_column(String(DIGEST_LENGTH))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


SERVED = frozenset({"prediction", "feedback", "replay", "secret"})
