"""What the events of the journal say, in sentences."""

from collections.abc import Callable, Mapping
from typing import Any

from textwright.lifecycle.journal import Entry


def describe(entry: Entry) -> str:
    """Say an event in one sentence; a kind that a newer program wrote is named as it is."""
    tell = SENTENCES.get(entry.kind)
    if tell:
        sentence = tell(entry.subject, entry.details)
    else:
        sentence = f"{entry.subject}: {entry.kind}" if entry.subject else entry.kind
    reason = entry.details.get("reason")
    return f"{sentence}: {reason}" if reason else sentence


def registered(subject: str, details: Mapping[str, Any]) -> str:
    """Say that a version was registered."""
    tail = "" if details["evaluated"] else ", unevaluated"
    return f"{subject} was registered{tail}, artifact {details['artifact'][:12]}"


def gated(subject: str, details: Mapping[str, Any]) -> str:
    """Say what the gates said of a version."""
    verdicts = details["verdicts"]
    if not verdicts:
        return f"{subject} has no gates to pass"
    told = ", ".join(f"{each['gate']} {each['outcome']}" for each in verdicts)
    return f"{subject} was gated: {told}"


def promoted(subject: str, details: Mapping[str, Any]) -> str:
    """Say that a version went to production."""
    earlier = details["from"]
    model = subject.partition("@")[0]
    return f"{subject} went to production" + (f", after {model}@{earlier}" if earlier else "")


def rolled_back(subject: str, details: Mapping[str, Any]) -> str:
    """Say that production went back to a version."""
    model = subject.partition("@")[0]
    return f"production went back from {model}@{details['from']} to {subject}"


def share_of(details: Mapping[str, Any]) -> str:
    """Say how far a rollout has come."""
    deployment = details["deployment"]
    if deployment["state"] == "shadow":
        return "in the shadow of production"
    return f"with {deployment['share']:g} of the callers"


def on_the_way(verb: str) -> Callable[[str, Mapping[str, Any]], str]:
    """Make the sentence of a rollout that begins or goes on."""
    return lambda subject, details: f"the rollout of {subject} {verb} {share_of(details)}"


SENTENCES: dict[str, Callable[[str, Mapping[str, Any]], str]] = {
    "model_added": lambda subject, _: f"the model {subject} was added",
    "run_started": lambda _, details: f"run {details['run']} began",
    "run_finished": lambda _, details: f"run {details['run']} ended in {details['seconds']:.1f} s",
    "run_failed": lambda _, details: f"run {details['run']} failed",
    "registered": registered,
    "erased": lambda subject, details: f"{details['path']} of {subject} was erased",
    "records_erased": lambda _, details: f"{details['answers']:,} records of answers were erased",
    "measured": lambda subject, details: f"{details['kind']} of {subject} was measured",
    "gated": gated,
    "promoted": promoted,
    "rolled_back": rolled_back,
    "rollout_started": on_the_way("began"),
    "rollout_advanced": on_the_way("went on"),
    "rollout_held": on_the_way("is held"),
    "rollout_resumed": on_the_way("goes on again"),
    "rollout_dropped": lambda subject, _: f"the candidate {subject} was dropped",
    "load_failed": lambda subject, _: f"{subject} could not be loaded by a server",
    "collected": lambda _, details: f"artifact {details['artifact'][:12]} was taken away",
    "role_set": lambda _, details: f"{details['principal']} was made {details['role']}",
    "key_created": lambda _, details: f"key {details['key']} of {details['principal']} was made",
    "key_revoked": lambda _, details: f"key {details['key']} of {details['principal']} was revoked",
    "webhook_added": lambda _, details: f"{details['url']} is told of events",
    "webhook_removed": lambda _, details: f"{details['url']} is told of events no more",
}
