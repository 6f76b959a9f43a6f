"""The settings of ``[records]``: what is kept of each answer that a version gives."""

from dataclasses import dataclass

from textwright.recipe.settings import setting

KEPT = ("text", "hash", "nothing")


@dataclass(frozen=True)
class RecordSettings:
    """What is kept of each answer, and for how long; of a caller never more than a keyed hash."""

    share: float = setting(
        1.0, "share of the answers recorded, chosen by their ids", at_least=0, at_most=1
    )
    keep: str = setting(
        "hash", "of text and caller: text, hash (both keyed), or nothing", choices=KEPT
    )
    days: int = setting(90, "after which a record is erased; 0: never", at_least=0, at_most=36_500)
