"""What the control API takes and gives, as it goes over the wire.

The command line prints the same, whether it acts through a server or on the database itself.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec

NO_NUL = r"^[^\x00]*$"  # PostgreSQL keeps no NUL in a text
LARGEST = 2**53  # whole numbers that every JSON reader takes as they are

Text = Annotated[str, msgspec.Meta(max_length=2000, pattern=NO_NUL)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=NO_NUL)]
Label = Annotated[str, msgspec.Meta(max_length=64, pattern=NO_NUL)]
Place = Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=1000)]


class NamePage(msgspec.Struct, forbid_unknown_fields=True):
    """Rows of a list by name, after the last name of the page before."""

    after: Label = ""
    limit: Limit = 100


class NumberPage(msgspec.Struct, forbid_unknown_fields=True):
    """Rows of a list by number, after the last number of the page before."""

    after: Place | None = None
    limit: Limit = 100


class EventPage(msgspec.Struct, forbid_unknown_fields=True):
    """Events: oldest first after one, or newest first before one; of one model if named."""

    model: Label | None = None
    after: Place = 0
    before: Place | None = None
    limit: Limit = 100


class ModelRow(msgspec.Struct):
    """A model; the number of its newest version, and of the one in production."""

    model: str
    newest: int
    production: int | None


class Models(msgspec.Struct):
    """Models by name; ``next`` is the ``after`` of the next page."""

    models: list[ModelRow]
    next: str | None = None


class VersionRow(msgspec.Struct):
    """A version; what its gates said, in a word."""

    version: str
    accuracy: float | None
    gates: str
    production: bool
    created: datetime
    artifact: str


class Versions(msgspec.Struct):
    """A model's versions, newest first; ``next`` is the ``after`` of the next page."""

    model: str
    versions: list[VersionRow]
    next: int | None = None


class VerdictRow(msgspec.Struct):
    """What a gate said, and why."""

    gate: str
    outcome: str
    numbers: dict[str, Any]
    reason: str


class VersionAnswer(msgspec.Struct):
    """What is known of a version; of its run nothing where it came from elsewhere.

    card: what its artifact says of itself; none when that is damaged or gone.
    """

    version: str
    created: datetime
    artifact: str
    evaluated: bool
    run: int | None
    seconds: float | None
    seed: int | None
    machine: dict[str, Any] | None
    libraries: dict[str, Any] | None
    datasets: dict[str, Any] | None
    scores: dict[str, Any]
    verdicts: list[VerdictRow]
    card: str | None


class GuardRow(msgspec.Struct):
    """A guard of a rollout: units seen, the share of them that were bad, and how near its proof."""

    guard: str
    verdict: str
    stable: int
    stable_share: float | None
    candidate: int
    candidate_share: float | None
    proof: float


class Deployment(msgspec.Struct):
    """How a model is deployed, and its rollout if one is under way."""

    model: str
    state: str
    stable: int | None
    candidate: int | None
    share: float
    step: int
    steps: int
    held: bool
    looked: str
    minutes_left: int | None
    guards: list[GuardRow]
    generation: int


class Deployments(msgspec.Struct):
    """Deployments by model; ``next`` is the ``after`` of the next page."""

    deployments: list[Deployment]
    next: str | None = None


class Promote(msgspec.Struct, forbid_unknown_fields=True):
    """Which version goes to production, and how.

    version:  its number, or ``latest`` or ``candidate``.
    canary:   begin with this share of callers. shadow: begin in the shadow of production.
    override: let it through though a gate did not pass; that needs a reason.
    """

    version: Annotated[int, msgspec.Meta(ge=1, le=LARGEST)] | Name
    canary: float | None = None
    shadow: bool = False
    override: bool = False
    reason: Text = ""


class Why(msgspec.Struct, forbid_unknown_fields=True):
    """Why a deployment is moved; stands in the journal."""

    reason: Text = ""


class Detection(msgspec.Struct):
    """A defect, and what it would touch before a guard caught it (simulated medians)."""

    guard: str
    stable: float
    candidate: float
    caught: float
    requests: int | None
    touched: int | None


class Terms(msgspec.Struct):
    """What a rollout goes by."""

    steps: list[float]
    per_caller: int
    caller_minutes: int
    alpha: float


class Prospect(msgspec.Struct):
    """What the guards of a rollout are good for."""

    detection: list[Detection]
    terms: Terms


class Moved(msgspec.Struct, omit_defaults=True):
    """What became of a move.

    moved: false when nothing was to be done. dropped: the candidate whose rollout ended by it.
    detection, terms: of a rollout that begins.
    """

    moved: bool
    model: str
    production: int
    earlier: int | None
    generation: int
    dropped: int | None
    candidate: str | None = None
    share: float | None = None
    detection: list[Detection] | None = None
    terms: Terms | None = None


class EventRow(msgspec.Struct):
    """One event of the journal, and what it says in a sentence."""

    sequence: int
    at: str
    kind: str
    actor: str
    subject: str
    details: dict[str, Any]
    sentence: str


class Events(msgspec.Struct):
    """Events; ``next`` is the ``after`` (or ``before``, if that was given) of the next page."""

    events: list[EventRow]
    next: int | None = None


class KeyRow(msgspec.Struct):
    """A key, without its secret."""

    key: int
    name: str
    role: str
    label: str
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    last_used: datetime | None


class Keys(msgspec.Struct):
    """Keys, oldest first; ``next`` is the ``after`` of the next page."""

    keys: list[KeyRow]
    next: int | None = None


class CreateKey(msgspec.Struct, forbid_unknown_fields=True):
    """Whose key it is and for how many days; ``role`` sets the role of its owner."""

    name: Name
    role: Label = ""
    label: Label = ""
    days: Annotated[float, msgspec.Meta(ge=0, le=36_500)] | None = None


class CreatedKey(msgspec.Struct):
    """A new key. Its secret is told this once; a repeat of the request gives an empty one."""

    id: int
    principal: str
    role: str
    secret: str


class RevokedKey(msgspec.Struct):
    """The key that ended."""

    revoked: int


class SetRole(msgspec.Struct, forbid_unknown_fields=True):
    """The role of a principal."""

    role: Name


class PrincipalRow(msgspec.Struct):
    """Who acts, and in which role."""

    name: str
    role: str
    created: datetime


class Principals(msgspec.Struct):
    """Principals by name; ``next`` is the ``after`` of the next page."""

    principals: list[PrincipalRow]
    next: str | None = None
