"""Damage of every kind to every file of an artifact, and to the journal: all of it is found."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.lifecycle.conftest import make_artifact, on_sqlite
from tests.lifecycle.test_journal import TRIGGERS
from textwright.errors import ArtifactError
from textwright.lifecycle.artifacts import ArtifactStore
from textwright.lifecycle.database import Sessions
from textwright.lifecycle.heads import SignedHead, compare_head, sign_head
from textwright.lifecycle.journal import append_event, chain_hash, check_chain
from textwright.lifecycle.tables import Event
from textwright.manifest import FILES, write_manifest

Edit = Callable[[Session, Random], None]
EVENTS = 12


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """Make an artifact with every file that one may have."""
    folder = make_artifact(tmp_path / "full", "full")
    for number, name in enumerate(FILES):
        (folder / name).write_bytes(bytes(range(number, 200)) * 3)
    write_manifest(folder, "classify", {"encoder": "bag"})
    return folder


def flip(path: Path, chance: Random) -> None:
    """Flip one bit."""
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def truncate(path: Path, chance: Random) -> None:
    """Cut the file off anywhere."""
    path.write_bytes(path.read_bytes()[: chance.randrange(path.stat().st_size)])


def swap(path: Path, chance: Random) -> None:
    """Exchange two files."""
    other = chance.choice([each for each in path.parent.iterdir() if each != path])
    path.write_bytes(other.read_bytes()), other.write_bytes(path.read_bytes())


def prolong(path: Path, chance: Random) -> None:
    """Add bytes at the end."""
    path.write_bytes(path.read_bytes() + chance.randbytes(1 + chance.randrange(9)))


def damage_often(store: ArtifactStore, full: Path, other: str, times: int) -> Counter[str]:
    """Damage random files in turn; gives how often each kind was refused."""
    chance = Random(7)
    folder = store.folder(store.put(full))
    whole = {path: path.read_bytes() for path in sorted(folder.iterdir())}
    refused: Counter[str] = Counter()
    for path in whole:
        path.chmod(0o644)
    for number in range(times):
        kind = (flip, truncate, swap, prolong)[number % 4]
        path = list(whole)[number % len(whole)]
        kind(path, chance)
        with pytest.raises(ArtifactError):
            store.folder(folder.name)
        refused[kind.__name__] += 1
        for each, content in whole.items():
            each.write_bytes(content)
        if number % 100 == 0:
            store.folder(other)  # what is served meanwhile stays as it was
    assert store.folder(folder.name) == folder
    return refused


def test_every_damage_to_every_file_of_an_artifact_is_refused(
    store: ArtifactStore, full: Path, artifact: Path
) -> None:
    refused = damage_often(store, full, store.put(artifact), 80)

    assert refused == {"flip": 20, "truncate": 20, "swap": 20, "prolong": 20}


@pytest.mark.faults
def test_thousands_of_damages_are_refused(
    store: ArtifactStore, full: Path, artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = damage_often(store, full, store.put(artifact), 4_000)

    with capsys.disabled():
        print(f"\ncorruption, refused of 4000: {json.dumps(refused)}")
    assert refused.total() == 4_000


def change(session: Session, chance: Random) -> None:
    """Change a character of an event's text, hash, link, kind or model."""
    event = session.get_one(Event, chance.randint(1, EVENTS))
    column = chance.choice(["text", "hash", "previous", "kind", "model"])
    old = getattr(event, column)
    place = chance.randrange(len(old))
    other = chance.choice([each for each in "0a~" if each != old[place]])
    setattr(event, column, old[:place] + other + old[place + 1 :])


def rewrite(session: Session, chance: Random) -> None:
    """Change an event and hash everything after it anew, the head too."""
    first = chance.randint(1, EVENTS)
    event = session.get_one(Event, first)
    event.text = event.text.replace('"actor":"ann"', '"actor":"eve"')
    chain_anew(session, first)


def drop(session: Session, chance: Random) -> None:
    """Take an event out."""
    session.execute(text(f"DELETE FROM event WHERE sequence = {chance.randint(1, EVENTS)}"))


def reorder(session: Session, chance: Random) -> None:
    """Exchange the places of two events."""
    first, second = chance.sample(range(1, EVENTS + 1), 2)
    for old, new in ((first, 99), (second, first), (99, second)):
        session.execute(text(f"UPDATE event SET sequence = {new} WHERE sequence = {old}"))


def put_in(session: Session, chance: Random) -> None:
    """Put an event between two others, number and hash everything after it anew."""
    place = chance.randint(1, EVENTS)
    for sequence in range(EVENTS, place - 1, -1):
        event = session.get_one(Event, sequence)
        renumbered = event.text.replace(f'"sequence":{sequence}', f'"sequence":{sequence + 1}')
        session.execute(
            text("UPDATE event SET sequence = sequence + 1, text = :text WHERE sequence = :at"),
            {"text": renumbered, "at": sequence},
        )
        session.expunge(event)
    forged = f'{{"actor":"eve","at":"","details":{{}},"kind":"x","sequence":{place},"subject":""}}'
    session.add(Event(sequence=place, kind="x", previous="", hash="", text=forged))
    session.flush()
    chain_anew(session, place)


def cut_off(session: Session, chance: Random) -> None:
    """Take events off the end, and move the head back."""
    last = chance.randrange(1, EVENTS)
    session.execute(text(f"DELETE FROM event WHERE sequence > {last}"))
    chain_anew(session, last)


def chain_anew(session: Session, first: int) -> None:
    """Link and hash the events from one on, and the head, as one who knows the scheme would."""
    before = session.get(Event, first - 1)
    previous = before.hash if before else "0" * 64
    sequence = first
    while (event := session.get(Event, sequence)) is not None:
        event.previous, event.hash = previous, chain_hash(previous, event.text)
        previous, sequence = event.hash, sequence + 1
    session.flush()
    session.execute(
        text("UPDATE head SET sequence = :sequence, hash = :hash"),
        {"sequence": sequence - 1, "hash": previous},
    )


EDITS: tuple[Edit, ...] = (change, rewrite, drop, reorder, put_in, cut_off)


def edit_often(sessions: Sessions, head: SignedHead, times: int) -> Counter[str]:
    """Edit the journal at random, each time from its whole state; gives what was found."""
    chance = Random(7)
    found: Counter[str] = Counter()
    for number in range(times):
        edit = EDITS[number % len(EDITS)]
        with sessions.begin() as session:
            edit(session, chance)
            session.flush()
            found[edit.__name__] += bool([*check_chain(session), *compare_head(session, head)])
            session.rollback()
    with sessions() as session:
        assert [*check_chain(session), *compare_head(session, head)] == []
    return found


@pytest.fixture
def head(sessions: Sessions, tmp_path: Path) -> SignedHead:
    """Sign the head of a journal whose triggers a tamperer has dropped."""
    with sessions.begin() as session:
        for number in range(1, EVENTS + 1):
            append_event(session, "promoted", actor="ann", subject=f"intents@{number}")
        for trigger in TRIGGERS:
            session.execute(text(f"DROP TRIGGER {trigger}"))
    with sessions() as session:
        return sign_head(session, tmp_path / "head.key")


@on_sqlite
def test_every_edit_of_the_journal_is_found_with_a_kept_head(
    sessions: Sessions, head: SignedHead
) -> None:
    found = edit_often(sessions, head, 60)

    assert found == {edit.__name__: 10 for edit in EDITS}


@on_sqlite
@pytest.mark.faults
def test_thousands_of_edits_of_the_journal_are_found(
    sessions: Sessions, head: SignedHead, capsys: pytest.CaptureFixture[str]
) -> None:
    found = edit_often(sessions, head, 3_000)

    with capsys.disabled():
        print(f"\njournal edits, found of 3000: {json.dumps(found)}")
    assert found.total() == 3_000
