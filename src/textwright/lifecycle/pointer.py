"""What a server needs to know of the deployments, read without SQLAlchemy.

The import of SQLAlchemy's ORM takes longer than everything else a server imports; this file
reads the same two tables through the driver alone. It writes nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from textwright.lifecycle.driver import Driver

VIEWS = ("production", "candidate", "latest")  # what may stand after the @ besides a number
READ_POINTERS = """
SELECT model.name, deployment.generation, deployment.state, deployment.share,
       deployment.stable, stable.artifact,
       deployment.candidate, candidate.artifact,
       deployment.shadow, shadow.artifact,
       deployment.salt, deployment.policy
FROM deployment
JOIN model ON model.id = deployment.model_id
LEFT JOIN version AS stable
       ON stable.model_id = deployment.model_id AND stable.number = deployment.stable
LEFT JOIN version AS candidate
       ON candidate.model_id = deployment.model_id AND candidate.number = deployment.candidate
LEFT JOIN version AS shadow
       ON shadow.model_id = deployment.model_id AND shadow.number = deployment.shadow
ORDER BY model.name
"""
READ_VERSIONS = """
SELECT version.number, version.artifact FROM version JOIN model ON model.id = version.model_id
WHERE model.name = ? ORDER BY version.number
"""


@dataclass(frozen=True)
class Served:
    """A version's number and the address of its artifact."""

    number: int
    artifact: str


@dataclass(frozen=True)
class Pointer:
    """A model's deployment: which versions answer, and what share of callers the candidate has.

    salt:     what ``traffic`` places callers with; empty without a rollout.
    settings: of the rollout under way, by name: what the servers count and against what.
    """

    model: str
    generation: int
    state: str
    share: float
    stable: Served | None
    candidate: Served | None
    shadow: Served | None
    salt: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


class PointerReader(Driver):
    """Reads deployments and versions."""

    def read(self) -> dict[str, Pointer]:
        """Every model's pointer by name; raises DatabaseError."""
        return {row[0]: to_pointer(row) for row in self.ask(READ_POINTERS)}

    def list_versions(self, model: str) -> dict[int, str]:
        """Address of each version of a model, by number, oldest first; empty without the model."""
        return {row[0]: str(row[1]) for row in self.ask(READ_VERSIONS, (model,))}


def to_pointer(row: Sequence[Any]) -> Pointer:
    """Build a pointer from a row of ``READ_POINTERS``."""
    stable, candidate, shadow = (
        None if row[place] is None else Served(row[place], row[place + 1]) for place in (4, 6, 8)
    )
    policy = json.loads(row[11]) if isinstance(row[11], str) else row[11]  # SQLite keeps text
    settings = policy.get("settings", {})
    model, generation, state, share = row[:4]
    return Pointer(model, generation, state, share, stable, candidate, shadow, row[10], settings)
