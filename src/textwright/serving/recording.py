"""Records of answers: noted on the event loop in microseconds, written by a housekeeper.

What waits is held in memory, within a bound: a database that is away for a while loses nothing,
a killed process loses what it noted in the last second.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING
from zlib import crc32

import msgspec

from textwright.errors import TextwrightError
from textwright.lifecycle.driver import Driver
from textwright.serving.housekeeping import Chore
from textwright.serving.keep import Keep
from textwright.serving.limits import RecordLimits
from textwright.serving.metrics import ServerMetrics
from textwright.serving.predict import Done
from textwright.serving.queues import Outcome
from textwright.serving.statuses import status_of
from textwright.tasks.classify import ClassifyAnswer
from textwright.tasks.generate import GenerateAnswer
from textwright.tasks.match import MatchAnswer
from textwright.text.examples import Input

if TYPE_CHECKING:
    from textwright.monitoring.records import Record

ACTOR = "textwright"  # of what nobody's hand did
AT_ONCE = 2000  # records in one transaction
CRC_VALUES = 2**32
TIMEOUT_S = 30.0  # for another writer's lock
AWAY = {"OperationalError", "InterfaceError"}  # of drivers (PEP 249), where we know no better
EXPIRED = "SELECT 1 FROM prediction WHERE expires_at <= ? LIMIT 1"
LOG = logging.getLogger(__name__)

Places = Sequence[int]  # of the texts of a request
ALL: Places = ()


class Recorder:
    """Keeps of each answer what the recipe of its version says.

    noted, settled: records taken in, by the event loop, and written or given up, by the
        housekeeper: each is changed by one thread alone, and their difference waits.
    """

    def __init__(self, metrics: ServerMetrics, limits: RecordLimits) -> None:
        self.limits = limits
        self.written = metrics.records.labels("written")
        self.dropped = metrics.records.labels("dropped")
        self.arrived: deque[tuple[Done, Places]] = deque()
        self.spool: deque[Record] = deque()
        self.noted = self.settled = 0
        self.noted_characters = self.settled_characters = 0

    def note(self, done: Done) -> None:
        """Note an answered request, on the event loop; what finds no room is counted as dropped."""
        share, ids = done.live.answerer.artifact.recipe.records.share, done.given.ids
        texts, places = done.asked.texts, ALL
        count = len(ids)
        if share < 1.0:
            places = [place for place in range(count) if is_chosen(ids[place], share)]
            if not places:
                return
            texts, count = [texts[place] for place in places], len(places)
        characters = sum(map(len, texts))
        waiting = self.noted - self.settled + count
        held = self.noted_characters - self.settled_characters + characters
        if waiting > self.limits.spool_items or held > self.limits.spool_characters:
            self.dropped.inc(count)
            return
        self.noted += count
        self.noted_characters += characters
        self.arrived.append((done, places))

    def writing(self, database: str) -> Chore:
        """Give the work of writing what was noted."""
        driver = Driver(database, timeout_s=TIMEOUT_S, writes=True)

        def write(last: bool) -> None:
            self.write(driver)
            if last:
                driver.close()

        return Chore("writing records", write, self.limits.write_s)

    def erasing(self, keep: Keep, clock: Callable[[], float]) -> Chore:
        """Give the work of erasing what was kept for its time."""

        def erase(last: bool) -> None:
            if not last and keep.is_due(EXPIRED, clock()):
                erase_expired(keep, datetime.fromtimestamp(clock(), UTC))

        return Chore("erasing records kept for their time", erase, self.limits.erase_s)

    def write(self, driver: Driver) -> None:
        """Write what was noted, in the housekeeper's thread.

        Raises DatabaseError when the database is away: then everything waits for the next time.
        """
        from textwright.monitoring.records import add_records

        while self.arrived:
            self.spool.extend(make_records(*self.arrived[0]))
            self.arrived.popleft()
        while self.spool:
            batch = list(islice(self.spool, AT_ONCE))
            try:
                found = add_records(driver, batch)
            except Exception as error:
                if not is_away(error):  # it would fail again: the others must not wait for it
                    self.settle(batch, 0)
                raise
            self.settle(batch, found)

    def settle(self, batch: Sequence[Record], written: int) -> None:
        """Take a batch out of the spool; what was not written of it is counted as dropped."""
        for each in batch:
            self.spool.popleft()
            self.settled_characters += len(each.text)
        self.settled += len(batch)
        self.written.inc(written)
        self.dropped.inc(len(batch) - written)


def is_chosen(answer: str, share: float) -> bool:
    """Whether an answer is among a share of all: by its id, so that anybody can tell again."""
    return crc32(answer.encode("ascii")) < share * CRC_VALUES


def make_records(done: Done, places: Places) -> Iterator[Record]:
    """Give the records of a request's answers, in the housekeeper's thread."""
    from textwright.monitoring.records import Record

    policy, asked, given = done.live.answerer.artifact.recipe.records, done.asked, done.given
    for place in places or range(len(given.ids)):
        label, score, abstained, error = read_outcome(given.outcomes[place], policy.keep)
        yield Record(
            id=given.ids[place],
            model=given.model,
            version=given.version,
            at=done.at,
            seconds=done.seconds,
            request=asked.request,
            caller=asked.caller,
            text=write_input(asked.texts[place]),
            label=label,
            score=score,
            abstained=abstained,
            error=error,
            keep=policy.keep,
            days=policy.days,
        )


def read_outcome(
    outcome: Outcome, keep: str = "text"
) -> tuple[str | None, float | None, bool | None, str | None]:
    """Give label, score, abstention and error of an outcome; an answer may have no label.

    keep: text, hash or nothing. A text that was written tells of the one it was written from:
          it is a label only where texts are kept.
    """
    from textwright.monitoring.records import join_labels, storable

    if isinstance(outcome, Exception):
        return None, None, None, status_of(outcome)[1]
    if isinstance(outcome, GenerateAnswer):
        return storable(outcome.text) if keep == "text" else None, outcome.score, None, None
    if isinstance(outcome, MatchAnswer):
        said = f"{outcome.score:.6g}" if outcome.label is None else outcome.label
        return said, outcome.score, False, None
    if not isinstance(outcome, ClassifyAnswer):
        return None, None, None, None
    label = outcome.label if outcome.labels is None else join_labels(outcome.labels)
    return label, outcome.score, outcome.abstained, None


def write_input(given: Input) -> str:
    """Give an input as one text to record: a pair as the JSON that asks for it."""
    return given if isinstance(given, str) else msgspec.json.encode(given).decode()


def is_away(error: Exception) -> bool:
    """Whether an error says that the database is away, rather than that it refuses the rows."""
    kinds = {each.__name__ for each in type(error).__mro__}
    return isinstance(error, TextwrightError) or not kinds.isdisjoint(AWAY)


def erase_expired(keep: Keep, now: datetime) -> None:
    """Erase the records that were kept for their time."""
    from textwright.monitoring import erasing

    erase = partial(erasing.erase_expired, now=now, actor=ACTOR, reason="kept for their time")
    total = 0
    while erased := keep.in_transaction(erase).answers:
        total += erased
    if total:
        erasing.empty_log(keep.sessions())
        LOG.info("%d records were erased: they were kept for their time", total)
