"""The tokens that begin and end what a network writes: our own, or those of a checkpoint."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from textwright.errors import ArtifactError

EDGES = "edges.json"  # of a checkpoint, beside its tokenizer
NOTHING = -1  # stands where a text to be learned from has no token any more
RESTORE = "Restore it from a backup, or train the model again."


@dataclass(frozen=True)
class Edges:
    """Which tokens begin and end a text.

    start:  the id that a text is written from; ``before``: those that are read first.
    stops:  the ids that end one; none: it ends at the longest length.
    banned: the ids that are never written.
    """

    start: int
    stops: tuple[int, ...]
    banned: tuple[int, ...] = ()
    before: tuple[int, ...] = ()

    @property
    def first(self) -> int:
        """The id that comes before all others."""
        return (*self.before, self.start)[0]


def write_edges(edges: Edges, path: Path) -> None:
    """Write them as JSON; equal ones give equal bytes."""
    path.write_text(json.dumps(asdict(edges), sort_keys=True), encoding="utf-8")


def read_edges(path: Path) -> Edges:
    """Read them back; raises ArtifactError for a file that holds none."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        listed = ("stops", "banned", "before")
        stops, banned, before = (tuple(int(each) for each in table[name]) for name in listed)
        return Edges(int(table["start"]), stops, banned, before)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} cannot be read: {error!r}.", RESTORE) from error
