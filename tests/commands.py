"""A command as it is typed in a test, and what it left."""

import json
from collections.abc import Callable
from typing import Any


class Done:
    """What a command left: exit code, standard output, standard error."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> dict[str, Any]:
        """Read standard output as one object."""
        found: dict[str, Any] = json.loads(self.out)
        return found


Run = Callable[..., Done]
