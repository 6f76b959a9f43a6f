"""A home folder with a database and a store, filled by the lifecycle's own functions."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.runtime.tiny import make_artifact, make_embedder, make_language, make_matcher
from textwright.lifecycle.artifacts import ArtifactStore
from textwright.lifecycle.database import Sessions, open_database
from textwright.lifecycle.evidence import record_verdicts
from textwright.lifecycle.registry import NewVersion, add_model, add_version, find_version
from textwright.lifecycle.rollout import Cause, promote, rollback, start
from textwright.lifecycle.tables import utc_now
from textwright.recipe.rollout import RolloutSettings
from textwright.settings import Settings


@dataclass
class Household:
    """A home folder and its open database."""

    settings: Settings
    sessions: Sessions

    def register(
        self,
        model: str = "intents",
        *,
        embeds: bool = False,
        matches: bool = False,
        writes: bool = False,
        **options: Any,
    ) -> str:
        """Make an artifact and register it; gives the version's name."""
        built = self.settings.home / f"built-{len(list(self.settings.home.iterdir()))}"
        make: Any = make_embedder if embeds else make_matcher if matches else make_artifact
        make = make_language if writes else make
        make(built, name=model, **options)
        address = ArtifactStore(self.settings.artifacts).put(built)
        with self.sessions.begin() as session:
            add_model(session, model, actor="ann")
            scores = {"spearman": 0.9, "tolerance": 0.5} if matches else {"accuracy": 0.9}
            new = NewVersion(address, None, scores, evaluated=True)
            version, _ = add_version(session, model, new, actor="ann")
            record_verdicts(session, version, [], actor="ann")
            return version.name

    def promote(self, reference: str) -> None:
        """Put a version into production."""
        with self.sessions.begin() as session:
            promote(session, find_version(session, reference), actor="ann", reason="better")

    def roll_out(
        self, reference: str, policy: RolloutSettings, *, shadow: bool = False, at: float = 0.0
    ) -> None:
        """Begin a rollout; at: seconds since 1970, now unless stated."""
        when = datetime.fromtimestamp(at, UTC) if at else utc_now()
        with self.sessions.begin() as session:
            cause = Cause("ann", "maybe better", at=when)
            start(session, find_version(session, reference), policy, cause, shadow=shadow)

    def rollback(self, model: str = "intents") -> None:
        """Go back to the version before."""
        with self.sessions.begin() as session:
            rollback(session, model, actor="ann", reason="worse")


def make_household(home: Path) -> Household:
    """Make a home folder with an empty database."""
    settings = Settings(home, f"sqlite:///{home / 'textwright.db'}", str(home / "artifacts"))
    home.mkdir(parents=True, exist_ok=True)
    return Household(settings, open_database(settings.database, create=True))
