"""Every error a user of textwright can act on."""

from collections.abc import Iterable
from difflib import get_close_matches


class TextwrightError(Exception):
    """Says what went wrong and what to do about it.

    All errors here share this constructor. Both strings stay in ``args``,
    so an error raised in a worker process arrives whole in its parent.
    """

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what, hint)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what}\n  {self.hint}"


class UnknownNameError(TextwrightError):
    """A name was given that its table does not hold."""


class UsageError(TextwrightError):
    """A command or function was called in a way that cannot work."""


class RecipeError(TextwrightError):
    """A recipe asks for something that cannot be."""


class SettingsError(TextwrightError):
    """Something this machine needs is missing: a home folder, an address, a free port."""


class MissingExtraError(TextwrightError):
    """A part was asked for whose packages are not installed."""


class DataError(TextwrightError):
    """A data file is missing, malformed, or not fit to train or evaluate on."""


class ArtifactError(TextwrightError):
    """An artifact is incomplete, changed, or of a newer format."""


class ExportError(TextwrightError):
    """An exported network does not answer as the trained one does."""


class DatabaseError(TextwrightError):
    """The database is locked, unreachable, or newer than this program."""


class RefusedError(TextwrightError):
    """A change was refused: a gate, a lost race, or nothing to go back to."""


class LostRaceError(RefusedError):
    """A change was decided on a deployment that somebody else changed first."""


class RemoteError(TextwrightError):
    """The server that TEXTWRIGHT_SERVER names cannot be reached, or does not do what was asked."""


class RequestError(TextwrightError):
    """A request to the server cannot be answered as it was made."""


class MalformedError(RequestError):
    """A request that cannot be read: no HTTP, no JSON, or a field of another type."""


class InvalidInputError(RequestError):
    """A request that can be read, but asks for what cannot be answered."""


class ParameterError(InvalidInputError):
    """A request that can be read, but one field of which cannot be answered.

    param: the field's name.
    """

    param: str = ""


class ContextLengthError(ParameterError):
    """A prompt, or a wish for tokens after it, that a model has no room for."""


class TooLargeError(RequestError):
    """A request with a body, header or list of inputs beyond the server's limit."""


class MediaTypeError(RequestError):
    """A body that is not declared as JSON."""


class SlowRequestError(RequestError):
    """A request that did not arrive whole in the time the server gives it."""


class MethodError(RequestError):
    """An address that exists, asked by a method it does not have.

    allowed: the method it has.
    """

    allowed: str = "GET"


class UnauthorizedError(RequestError):
    """A request without a key where one is needed, or with one that is not good.

    challenge: what the server tells of how to come back with one.
    """

    challenge: str = 'Bearer realm="textwright"'


class StaleError(RequestError):
    """A request for a change of what the resource was, and is no more."""


class ForbiddenError(RequestError):
    """A request that this server does not take from this caller."""


class NotReadyError(TextwrightError):
    """The server is starting, or on its way out."""


class DeadlineError(TextwrightError):
    """An answer was not there in the time the request gave."""


class OverloadedError(TextwrightError):
    """The server has more work waiting than it can answer in time.

    retry_s: seconds after which what waits now should be answered.
    """

    retry_s: int = 1


class RateError(OverloadedError):
    """A key asks for more than it may."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """Build the error for a name missing from ``known``, nearest name first."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    if near:
        hint = f"Did you mean {near[0]!r}?"
    elif names:
        hint = f"Known names: {', '.join(names)}."
    else:
        hint = f"There is no {kind} yet: create one first."
    return UnknownNameError(f"No {kind} is called {name!r}.", hint)
