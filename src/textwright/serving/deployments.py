"""What should answer, as the database says: each model's versions, and who is answered by which."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from textwright.lifecycle.artifacts import Store
from textwright.lifecycle.pointer import Pointer, PointerReader, Served

TIMEOUT_S = 2.0  # a database that takes longer is treated as away


@dataclass(frozen=True)
class Target:
    """The version a deployment row names, and its artifact's address."""

    version: int
    address: str


@dataclass(frozen=True)
class Guarded:
    """What is counted of a rollout under way.

    per_caller, caller_minutes: the first so many requests of a caller in a window count.
    latency_s:                  a slower answer counts as slow.
    """

    guards: tuple[str, ...]
    per_caller: int
    caller_minutes: int
    latency_s: float


@dataclass(frozen=True)
class Deployment:
    """A model's row, as far as a server needs it.

    share: of callers that the candidate answers, 0 to 1.
    salt:  what callers are placed with; each rollout has its own.
    guarded: None without a rollout.
    """

    stable: Target
    candidate: Target | None = None
    shadow: Target | None = None
    share: float = 0.0
    salt: str = ""
    guarded: Guarded | None = None

    @property
    def targets(self) -> tuple[Target, ...]:
        """Every version the row names, once, stable first."""
        named = (self.stable, self.candidate, self.shadow)
        return tuple(dict.fromkeys(each for each in named if each is not None))


@dataclass(frozen=True)
class Source:
    """Where deployments, versions and artifacts come from.

    deployments: by model, of each with a stable version; raises DatabaseError when it is away.
    folder:      the checked folder of an artifact; raises ArtifactError.
    versions:    the address of each version of a model, by number; raises DatabaseError.
    close:       called by the thread that asked for deployments, when it asks no more.
    """

    deployments: Callable[[], Mapping[str, Deployment]]
    folder: Callable[[str], Path]
    versions: Callable[[str], Mapping[int, str]]
    close: Callable[[], None] = lambda: None


def database_source(database: str, artifacts: Store) -> Source:
    """Take deployments from the database and artifacts from their store.

    The database is opened when it is first read, and again after it was away.
    """
    reader = PointerReader(database, timeout_s=TIMEOUT_S)

    def versions(model: str) -> dict[int, str]:
        with PointerReader(database, timeout_s=TIMEOUT_S) as own:  # rare, and of another thread
            return own.list_versions(model)

    return Source(lambda: read_deployments(reader), artifacts.folder, versions, reader.close)


def read_deployments(reader: PointerReader) -> dict[str, Deployment]:
    """Read the deployment of each model with a stable version; raises DatabaseError."""
    return {
        name: to_deployment(pointer, pointer.stable)
        for name, pointer in reader.read().items()
        if pointer.stable is not None
    }


def to_deployment(pointer: Pointer, stable: Served) -> Deployment:
    """Take what a server needs from a pointer."""
    candidate, shadow = (
        None if each is None else Target(each.number, each.artifact)
        for each in (pointer.candidate, pointer.shadow)
    )
    guarded = None
    if candidate is not None and pointer.settings:
        told = pointer.settings
        guarded = Guarded(
            guards=tuple(told["guards"]),
            per_caller=int(told["per_caller"]),
            caller_minutes=int(told["caller_minutes"]),
            latency_s=float(told["latency_ms"]) / 1000,
        )
    found = Target(stable.number, stable.artifact)
    return Deployment(found, candidate, shadow, pointer.share, pointer.salt, guarded)
