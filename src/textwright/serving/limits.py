"""What the server takes on: sizes, counts and times, each with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BatchLimits:
    """How much one batch may hold, and how much may wait for one.

    batch_items, batch_tokens: of one call of the session, padding included; one text alone may
                               be longer.
    queue_items, queue_characters: accepted and not yet answered; what comes on top is refused.
    objective_s: a request that would be answered later is refused at once; None: only one that
                 would come after its own deadline is.
    hang_s:      a thread that takes longer for one batch, or for one step of what it writes, is
                 given up and replaced.
    """

    batch_items: int = 32
    batch_tokens: int = 4096
    queue_items: int = 4096
    queue_characters: int = 32_000_000
    objective_s: float | None = None
    hang_s: float = 20.0


@dataclass(frozen=True)
class StreamLimits:
    """How many texts are written token by token at a time, and how much may wait for that.

    rows:         texts that one thread writes at a time; one request has no more.
    queue_rows, queue_tokens: accepted and not yet ended, tokens to be read and most of those to
                  be written together; what comes on top is refused.
    prompt_tokens: read between two steps, so that what is under way goes on; one prompt alone may
                  be longer.
    stop_strings, stop_characters: of a request, and of each.
    first_s:      the first text of a request must be begun within this time.
    whole_s:      all of them must be at their end.
    hang_s:       a thread that takes longer for one prompt or step is given up and replaced.
    """

    rows: int = 8
    queue_rows: int = 256
    queue_tokens: int = 1_000_000
    prompt_tokens: int = 256
    stop_strings: int = 4
    stop_characters: int = 200
    first_s: float = 30.0
    whole_s: float = 600.0
    hang_s: float = 60.0


@dataclass(frozen=True)
class HttpLimits:
    """How much of a request is read, and how long for.

    connections: open at once; one more is closed unanswered.
    head_bytes:  request line and headers.
    head_s, body_s, idle_s: for the head, for the body, and between two requests.
    write_s:     for a reader that takes nothing of its answer.
    drain_s:     for what was accepted when the server is told to stop.
    tick_s:      between two looks at these times, which are kept that exactly.
    """

    connections: int = 4096
    head_bytes: int = 16_384
    body_bytes: int = 4_194_304
    head_s: float = 10.0
    body_s: float = 30.0
    idle_s: float = 75.0
    write_s: float = 30.0
    drain_s: float = 30.0
    tick_s: float = 1.0


@dataclass(frozen=True)
class KeyLimits:
    """How much one key may ask of one process, so that a client gone wild leaves room for others.

    requests_per_s, texts_per_s: on the long run; a second's worth may come at once.
    concurrency: requests not yet answered.
    """

    requests_per_s: float = 10_000.0
    texts_per_s: float = 50_000.0
    concurrency: int = 1024


@dataclass(frozen=True)
class RolloutLimits:
    """How much is done for rollouts beside answering.

    shadow_items:    texts that wait for a shadow version; one more is not compared.
    named, named_s:  versions kept that were asked for by number, and how long after their last use.
    settle_s:        from the start until chores may import the database's library: the first
                     answers do not wait for it.
    judge_s:         between two looks at the rollouts, and at what webhooks are to be told.
    count_s:         between two writings of counts.
    """

    shadow_items: int = 256
    named: int = 4
    named_s: float = 600.0
    settle_s: float = 5.0
    judge_s: float = 15.0
    count_s: float = 5.0


@dataclass(frozen=True)
class RecordLimits:
    """How many records of answers may wait for the database, and how often they are written.

    spool_items, spool_characters: not yet written; one more is dropped and counted.
    write_s:  between two writings: what a killed process loses.
    erase_s:  between two looks for records that were kept for their time.
    """

    spool_items: int = 100_000
    spool_characters: int = 64_000_000
    write_s: float = 1.0
    erase_s: float = 3600.0


@dataclass(frozen=True)
class Limits:
    """All limits of a server.

    inputs:   texts in one request.
    answer_s: time a request has before it is given up.
    poll_s:   between two looks at the deployments.
    """

    batch: BatchLimits = BatchLimits()
    streams: StreamLimits = StreamLimits()
    http: HttpLimits = HttpLimits()
    rollout: RolloutLimits = RolloutLimits()
    records: RecordLimits = RecordLimits()
    key: KeyLimits = KeyLimits()
    inputs: int = 2048
    answer_s: float = 30.0
    poll_s: float = 0.5
