"""What the journal says in sentences."""

import re
from pathlib import Path

import textwright
from textwright.lifecycle.access import create_key, revoke_key, set_role
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.history import SENTENCES, describe
from textwright.lifecycle.journal import append_event, read_events
from textwright.lifecycle.rollout import MOVES
from textwright.lifecycle.webhooks import add_webhook, remove_webhook

WRITTEN = re.compile(r'append_event\(\s*session,\s*"(\w+)"')
HOOK = "https://hooks.example.com/x"


def test_every_kind_of_event_that_is_written_has_a_sentence() -> None:
    sources = Path(textwright.__file__).parent.rglob("*.py")
    written = {kind for path in sources for kind in WRITTEN.findall(path.read_text("utf-8"))}

    assert {"registered", "load_failed", "collected"} <= written
    assert {*written, *MOVES} == set(SENTENCES)


def test_keys_webhooks_and_artifacts_are_told_of_by_name(sessions: Sessions) -> None:
    with sessions.begin() as session:
        set_role(session, "ben", "operator", actor="ann")
        key = create_key(session, "ben", actor="ann").id
        revoke_key(session, key, actor="ann")
        add_webhook(session, HOOK, actor="ann")
        remove_webhook(session, HOOK, actor="ann")
        append_event(session, "collected", actor="ann", details={"artifact": "a" * 64})
        append_event(session, "unheard_of", actor="ann")
        append_event(session, "unheard_of", actor="ann", subject="intents@3")
        told = [describe(each) for each in read_events(session, after=0)]

    assert told == [
        "ben was made operator",
        f"key {key} of ben was made",
        f"key {key} of ben was revoked",
        f"{HOOK} is told of events",
        f"{HOOK} is told of events no more",
        f"artifact {'a' * 12} was taken away",
        "unheard_of",
        "intents@3: unheard_of",
    ]
