"""What is recorded of a run when it begins."""

from collections.abc import Mapping

from textwright.lifecycle.registry import NewRun
from textwright.machine import code_version, describe_machine, library_versions, lock_digest


def describe_run(recipe: str, datasets: Mapping[str, str], seed: int) -> NewRun:
    """Describe a run on this machine, by its recipe's text and the digest of each data set."""
    return NewRun(
        recipe=recipe,
        datasets=datasets,
        seed=seed,
        machine=describe_machine(),
        libraries=library_versions(),
        code=code_version(),
        lock=lock_digest(),
    )
