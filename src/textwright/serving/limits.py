"""What the server takes on: sizes, counts and times, each with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BatchLimits:
    """How much one batch may hold, and how much may wait for one.

    batch_items, batch_tokens: of one call of the session, padding included; one text alone may
                               be longer.
    queue_items, queue_characters: accepted and not yet answered; what comes on top is refused.
    """

    batch_items: int = 32
    batch_tokens: int = 4096
    queue_items: int = 4096
    queue_characters: int = 32_000_000


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
class Limits:
    """All limits of a server.

    inputs:   texts in one request.
    answer_s: time a request has before it is given up.
    poll_s:   between two looks at the deployments.
    """

    batch: BatchLimits = BatchLimits()
    http: HttpLimits = HttpLimits()
    inputs: int = 2048
    answer_s: float = 30.0
    poll_s: float = 0.5
