"""What long work that counts something tells of itself."""

from typing import Protocol


class StageProgress(Protocol):
    """Who is told how far a piece of work is."""

    def stage(self, name: str, unit: str) -> None:
        """Begin a stage, in which ``unit`` is counted."""

    def count(self, done: int, total: int) -> None:
        """Say what is done, and how much there is to do."""


class Silent:
    """Nobody is told."""

    def stage(self, name: str, unit: str) -> None:
        """Begin a stage."""

    def count(self, done: int, total: int) -> None:
        """Count on."""
