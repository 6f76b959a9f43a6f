"""What a whole run tells of itself while it works."""

from typing import Protocol

from textwright.training.history import Progress, Silence


class RunProgress(Progress, Protocol):
    """Told of each stage of a run, and of each epoch of its training."""

    def stage(self, name: str) -> None:
        """Begin a stage, such as ``reading``; the one before has ended."""


class Quiet(Silence):
    """Tells nobody."""

    def stage(self, name: str) -> None:
        """Do nothing."""
