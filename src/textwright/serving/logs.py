"""The server's log: one JSON object a line on standard error.

Nothing secret or personal stands in it: no texts, no callers, no keys. Of an error that is not
ours the class and the places are told, but not its message, which may quote what was sent.
"""

import asyncio
import json
import logging
import sys
from datetime import UTC, datetime
from traceback import extract_tb
from typing import Any, TextIO

from textwright.errors import TextwrightError
from textwright.serving.messages import Request
from textwright.serving.statuses import request_id

FIELDS = ("request_id", "method", "route", "status", "seconds", "model", "version")
LOG = logging.getLogger(__name__)


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line of a record."""
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        line |= {name: vars(record)[name] for name in FIELDS if name in vars(record)}
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line["error"] = describe_error(error)
        return json.dumps(line, ensure_ascii=False)


def describe_error(error: BaseException) -> dict[str, Any]:
    """Tell an error's class and where it arose; its message only if we wrote it."""
    frames = extract_tb(error.__traceback__)
    places = [f"{each.filename}:{each.lineno} {each.name}" for each in frames]
    told: dict[str, Any] = {"class": type(error).__name__, "at": places}
    if isinstance(error, TextwrightError):
        told["message"] = error.what
    if error.__cause__ is not None:
        told["cause"] = describe_error(error.__cause__)
    return told


class LineHandler(logging.Handler):
    """Writes records to a stream, or to what is standard error at the time."""

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        self.stream = stream
        self.setFormatter(JsonFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; a log that cannot be written stops nobody."""
        try:
            print(self.format(record), file=self.stream or sys.stderr, flush=True)
        except Exception:  # as the handlers of the standard library do
            self.handleError(record)


def start_logging(stream: TextIO | None = None) -> None:
    """Write what the server logs as JSON, to standard error unless another stream is given."""
    ours = logging.getLogger("textwright")
    ours.handlers = [LineHandler(stream)]
    ours.setLevel(logging.INFO)


def log_access(request: Request, route: str, status: int, seconds: float) -> None:
    """Write the line of one request; the route as declared, since an address may hold anything."""
    told: dict[str, Any] = {
        "request_id": request_id(request),
        "method": request.method,
        "route": route,
        "status": status,
        "seconds": round(seconds, 6),
    }
    if request.answered is not None:
        told["model"], told["version"] = request.answered
    LOG.info("answered", extra=told)


def report_to_log(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what went wrong outside of every task; asyncio's own line would quote values."""
    LOG.error(context["message"], exc_info=context.get("exception"))
