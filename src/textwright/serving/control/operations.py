"""What the control API does, in one table: the server's routes and the command line go by it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from textwright.serving.control import wire, wire_records


@dataclass(frozen=True)
class Order:
    """What is asked of an operation, and by whom.

    names:    values of the path's parameters, in their order.
    given:    body, or what stood after the ``?``, as the type that the operation declares.
    match:    generations the deployment may have, as ``If-Match`` names them; empty: any.
    folder:   gives the checked folder of an artifact; raises ArtifactError.
    prepared: what the operation's ``prepare`` gave.
    """

    actor: str
    role: str
    names: Sequence[str]
    given: Any
    folder: Callable[[str], Path]
    match: str = ""
    prepared: Any = None


@dataclass(frozen=True)
class Operation:
    """Something to ask of what is kept.

    right: least role of who may.
    work:  the function that does it in the caller's transaction; its module needs SQLAlchemy and
           is imported when first asked for.
    prepare: likewise, what is done before the transaction because it takes long.
    """

    method: str
    path: str
    summary: str
    right: str
    work: str
    gives: type
    takes: type | None = None
    query: type | None = None
    prepare: str = ""
    by_generation: bool = False

    @property
    def writes(self) -> bool:
        """Whether it may change what is kept."""
        return self.method != "GET"


def find_function(name: str) -> Callable[..., Any]:
    """Give a function of this package by ``module.function``."""
    module, _, function = name.partition(".")
    found: Callable[..., Any] = getattr(import_module(f"{__package__}.{module}"), function)
    return found


V1 = "/api/v1"
DEPLOYMENT = f"{V1}/deployments/{{name}}"


def reading(
    path: str, summary: str, work: str, gives: type, query: type | None = None
) -> Operation:
    """Declare what any key may read."""
    return Operation("GET", V1 + path, summary, "viewer", work, gives, query=query)


def moving(move: str, right: str, summary: str, gives: type = wire.Moved) -> Operation:
    """Declare a move of a deployment that takes nothing but a reason."""
    return Operation(
        "POST", f"{DEPLOYMENT}/{move}", summary, right, f"moves.{move}", gives, wire.Why,
        by_generation=True,
    )  # fmt: skip


def administering(
    method: str, path: str, summary: str, work: str, types: tuple[type, type | None, type | None]
) -> Operation:
    """Declare what is done with keys and roles; types: given, taken, and of the query."""
    return Operation(method, V1 + path, summary, "admin", f"callers.{work}", *types)


MODELS = reading("/models", "List the models.", "reads.list_models", wire.Models, wire.NamePage)
VERSIONS = reading(
    "/models/{name}/versions", "List a model's versions, newest first.", "reads.list_versions",
    wire.Versions, wire.NumberPage,
)  # fmt: skip
VERSION = reading(
    "/models/{name}/versions/{version}",
    "Show a version: scores, verdicts, run.",
    "reads.show_version",
    wire.VersionAnswer,
)
DEPLOYMENTS = reading(
    "/deployments", "List the deployments.", "reads.list_deployments", wire.Deployments,
    wire.NamePage,
)  # fmt: skip
SHOW_DEPLOYMENT = reading(
    "/deployments/{name}", "Show a deployment.", "reads.show_deployment", wire.Deployment
)
EVENTS = reading("/events", "List what happened.", "reads.list_events", wire.Events, wire.EventPage)
TRACE = reading(
    "/predictions/{prediction}", "Trace an answer back to who let its version through.",
    "answers.show_trace", wire_records.Traced,
)  # fmt: skip
FEEDBACK = Operation(  # of the command line; the server's route is in ``feedback_api``
    "POST", f"{V1}/feedback", "Store what later turned out to be right.", "ask",
    "answers.take_feedback", wire_records.FeedbackAnswer, wire_records.FeedbackRequest,
)  # fmt: skip
PROMOTE = Operation(
    "POST", f"{DEPLOYMENT}/promote", "Put a version into production, at once or step by step.",
    "approver", "moves.promote", wire.Moved, wire.Promote, prepare="moves.foresee",
    by_generation=True,
)  # fmt: skip
ROLLBACK = moving(
    "rollback", "operator", "Drop the candidate under way, or go back to the version before."
)
ADVANCE = moving("advance", "operator", "Take the candidate to its next step now.")
HOLD = moving("hold", "operator", "Keep the rollout at its step.", wire.Deployment)
RESUME = moving("resume", "operator", "Let a rollout that was held go on.", wire.Deployment)
ABORT = moving("abort", "operator", "Drop the candidate of the rollout under way.")
LIST_KEYS = administering(
    "GET", "/keys", "List the keys.", "list_keys", (wire.Keys, None, wire.NumberPage)
)
CREATE_KEY = administering(
    "POST", "/keys", "Make a key.", "create_key", (wire.CreatedKey, wire.CreateKey, None)
)
REVOKE_KEY = administering(
    "DELETE", "/keys/{key}", "End a key.", "revoke_key", (wire.RevokedKey, None, None)
)
LIST_PRINCIPALS = administering(
    "GET", "/principals", "List who has a role.", "list_principals",
    (wire.Principals, None, wire.NamePage),
)  # fmt: skip
SET_ROLE = administering(
    "PUT", "/principals/{name}", "Give somebody a role.", "set_role",
    (wire.PrincipalRow, wire.SetRole, None),
)  # fmt: skip

OPERATIONS = (
    MODELS, VERSIONS, VERSION, DEPLOYMENTS, SHOW_DEPLOYMENT, EVENTS, TRACE,
    PROMOTE, ROLLBACK, ADVANCE, HOLD, RESUME, ABORT,
    LIST_KEYS, CREATE_KEY, REVOKE_KEY, LIST_PRINCIPALS, SET_ROLE,
)  # fmt: skip
