"""Judge a version's gates again, by its own recipe and what was measured of it."""

from textwright.lifecycle.evidence import read_evidence, record_verdicts
from textwright.lifecycle.gates import Verdict, judge
from textwright.lifecycle.registry import find_version
from textwright.machine import current_user
from textwright.settings import Settings
from textwright.workflow.opening import find_artifact, open_keep


def gate(
    reference: str, *, settings: Settings | None = None, actor: str | None = None
) -> list[Verdict]:
    """Judge the gates of ``intents@3`` and record the verdicts as its newest round.

    Raises UnknownNameError when there is no such version.
    """
    with open_keep(settings) as keep:
        found = find_artifact(keep, reference)
        with keep.sessions.begin() as session:
            version = find_version(session, found.name)
            verdicts = judge(found.artifact.recipe.gates, read_evidence(session, version))
            record_verdicts(session, version, verdicts, actor=actor or current_user())
    return verdicts
