"""The settings of ``[[gates]]``: what must hold of a version before it may be promoted."""

from dataclasses import dataclass
from typing import ClassVar

from textwright.recipe.settings import setting


@dataclass(frozen=True)
class AtLeast:
    """A metric of the test set must reach a value."""

    rule: ClassVar[str] = "at_least"
    metric: str = setting("accuracy", "metric of metrics.json")
    value: float = setting(0.0, "smallest value that passes")


@dataclass(frozen=True)
class AtMost:
    """A metric of the test set must not exceed a value."""

    rule: ClassVar[str] = "at_most"
    metric: str = setting("calibration_error", "metric of metrics.json")
    value: float = setting(1.0, "largest value that passes")


GateSettings = AtLeast | AtMost

GATES: dict[str, type[AtLeast] | type[AtMost]] = {"at_least": AtLeast, "at_most": AtMost}
