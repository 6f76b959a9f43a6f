"""A program that kills itself at every point of an action, and checks what is left each time.

    python -m tests.lifecycle.killing ADDRESS STORE FOLDER ACTION

A fork of this process does the action and is killed (SIGKILL) before its first statement, then
another before its second, until one comes through. A point is a statement, a commit, or a call of
fsync, mkdir or rename. Prints the number of kills; leaves with 1 on the first violation.
"""

import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import event

from textwright.lifecycle.artifacts import ArtifactStore
from textwright.lifecycle.database import Sessions, open_database
from textwright.lifecycle.evidence import add_evidence, record_verdicts
from textwright.lifecycle.gates import judge
from textwright.lifecycle.registry import (
    NewRun,
    NewVersion,
    add_version,
    find_version,
    finish_run,
    start_run,
)
from textwright.lifecycle.rollout import promote, read_deployment, rollback
from textwright.lifecycle.verify import verify
from textwright.recipe.gates import AtLeast

SCORES = {"accuracy": 0.95}


class Countdown:
    """Kills this process when it is asked for the n-th time."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __call__(self, *_: Any, **__: Any) -> None:
        """Pass a point."""
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1

    def before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Make a call of the function a point."""

        def counted(*arguments: Any) -> Any:
            self()
            return function(*arguments)

        return counted


def register(sessions: Sessions, store: ArtifactStore, folder: Path) -> None:
    """Keep an artifact and register it, gated, in three transactions as training does."""
    with sessions.begin() as session:
        new = NewRun("", {}, 7, {}, {}, str(folder))
        run = start_run(session, "intents", new, actor="ann").id
    address = store.put(folder)
    with sessions.begin() as session:
        finish_run(session, run, actor="ann", seconds=1.0, artifact=address)
        version, _ = add_version(
            session, "intents", NewVersion(address, run, SCORES, True), actor="ann"
        )
        add_evidence(session, version, "latency", {"p99_ms": 3.0}, actor="ann")
    with sessions.begin() as session:
        verdicts = judge([AtLeast(value=0.9)], {"scores": SCORES})
        record_verdicts(session, find_version(session, "intents@latest"), verdicts, actor="ann")


def go(sessions: Sessions, _: ArtifactStore, __: Path) -> None:
    """Promote the newest version."""
    with sessions.begin() as session:
        promote(session, find_version(session, "intents@latest"), actor="ann", reason="")


def back(sessions: Sessions, _: ArtifactStore, __: Path) -> None:
    """Roll back."""
    with sessions.begin() as session:
        rollback(session, "intents", actor="ann", reason="")


ACTIONS = {"register": register, "promote": go, "rollback": back}


def attempt(address: str, store: ArtifactStore, folder: Path, action: str, point: int) -> bool:
    """Do the action in a fork that is killed at a point; whether it came through."""
    child = os.fork()
    if child == 0:
        reached = Countdown(point)
        sessions = open_database(address)
        for kind in ("before_cursor_execute", "commit"):
            event.listen(sessions.engine, kind, reached, named=True)
        for name in ("fsync", "mkdir", "rename"):
            setattr(os, name, reached.before(getattr(os, name)))
        ACTIONS[action](sessions, store, folder)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{action} failed at point {point}")
    return not os.WIFSIGNALED(status)


def look(address: str, store: ArtifactStore) -> int | None:
    """Give the version in production, after seeing that nothing is broken."""
    sessions = open_database(address)
    broken = [problem for problem in verify(sessions, store) if problem.broken]
    if broken:
        sys.exit(f"broken: {broken}")
    with sessions() as session:
        stable = read_deployment(session, "intents").stable
    sessions.close()
    return stable


def main(address: str, root: str, folder: str, action: str) -> None:
    """Kill until the action comes through; the pointer moves only then."""
    store = ArtifactStore(root)
    before = look(address, store)
    for point in count():
        if attempt(address, store, Path(folder), action, point):
            after = look(address, store)
            if (after != before) != (action != "register"):
                sys.exit(f"{action} led from {before} to {after}")
            print(point)
            return
        if look(address, store) != before:
            sys.exit(f"{action}, killed at point {point}, moved the pointer")


if __name__ == "__main__":
    main(*sys.argv[1:])
