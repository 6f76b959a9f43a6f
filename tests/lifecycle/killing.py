"""A program that kills processes at work (SIGKILL), and checks what is left each time.

    python -m tests.lifecycle.killing ADDRESS STORE FOLDER KILLS SEED

The life of a model goes round: register a version, start its rollout, take a step, promote it,
roll back, collect what is loose. In every second round a fork of this process does the action and
is killed before its first point, then another before its second, until one comes through; a point
is a statement, a commit, or a call of fsync, mkdir, rename or rmtree. In the other rounds it is
killed at random times. Prints a line of counts; leaves with 1 on the first violation.
"""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import event

from tests.lifecycle.conftest import make_artifact
from textwright.lifecycle.artifacts import ArtifactStore
from textwright.lifecycle.database import Sessions, open_database
from textwright.lifecycle.evidence import add_evidence, record_verdicts
from textwright.lifecycle.gates import judge
from textwright.lifecycle.gc import collect, keep_artifact
from textwright.lifecycle.journal import lock_head
from textwright.lifecycle.registry import (
    NewRun,
    NewVersion,
    add_model,
    add_version,
    find_version,
    finish_run,
    start_run,
)
from textwright.lifecycle.rollout import (
    Cause,
    advance,
    promote,
    read_deployment,
    rollback,
    start,
)
from textwright.lifecycle.verify import verify
from textwright.recipe.gates import AtLeast
from textwright.recipe.rollout import RolloutSettings

SCORES = {"accuracy": 0.95}
CAUSE = Cause("ann", "")
TRIES = 12  # random kills of one action before it is let through


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

        def counted(*arguments: Any, **named: Any) -> Any:
            self()
            return function(*arguments, **named)

        return counted


def register(sessions: Sessions, store: ArtifactStore, folder: Path) -> None:
    """Keep an artifact and register it, gated, in transactions as training does."""
    with sessions.begin() as session:
        new = NewRun("", {}, 7, {}, {}, str(folder))
        run = start_run(session, "intents", new, actor="ann").id
    address = keep_artifact(sessions, store, folder)
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


def begin(sessions: Sessions, _: ArtifactStore, __: Path) -> None:
    """Start the rollout of the newest version."""
    with sessions.begin() as session:
        version = find_version(session, "intents@latest")
        start(session, version, RolloutSettings(), CAUSE, shadow=False)


def step(sessions: Sessions, _: ArtifactStore, __: Path) -> None:
    """Take the candidate a step further."""
    with sessions.begin() as session:
        advance(session, find_version(session, "intents@candidate"), CAUSE)


def back(sessions: Sessions, _: ArtifactStore, __: Path) -> None:
    """Roll back."""
    with sessions.begin() as session:
        rollback(session, "intents", actor="ann", reason="")


def clean(sessions: Sessions, store: ArtifactStore, folder: Path) -> None:
    """Leave a loose artifact behind; mark and sweep it."""
    store.put(folder.with_name(f"{folder.name}-loose"))
    for _ in range(2):
        collect(sessions, store, actor="ann", grace=timedelta(0))


ACTIONS = {
    "register": register,
    "start": begin,
    "step": step,
    "promote": go,
    "rollback": back,
    "gc": clean,
}
MOVES = ("start", "step", "promote", "rollback")  # each takes the deployment one generation on


@dataclass
class World:
    """The registry under attack, and what was done to it."""

    address: str
    store: ArtifactStore
    folder: Path
    chance: Random
    kills: dict[str, int] = field(default_factory=dict)

    def attempt(self, action: str, *, point: int | None, delay_s: float | None) -> bool:
        """Do an action in a fork, killed at a point or after a time; whether it came through."""
        child = os.fork()
        if child == 0:
            self.act(action, Countdown(-1 if point is None else point))
        if delay_s is not None:
            time.sleep(delay_s)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status) and os.waitstatus_to_exitcode(status) != 0:
            sys.exit(f"{action} failed, at point {point} or after {delay_s} s")
        if os.WIFSIGNALED(status):
            name = f"{action} at {'random' if point is None else 'points'}"
            self.kills[name] = self.kills.get(name, 0) + 1
        return not os.WIFSIGNALED(status)

    def act(self, action: str, reached: Countdown) -> None:
        """Do an action as a process of its own, and end it."""
        sessions = open_database(self.address)
        for kind in ("before_cursor_execute", "commit"):
            event.listen(sessions.engine, kind, reached, named=True)
        for name in ("fsync", "mkdir", "rename"):
            setattr(os, name, reached.before(getattr(os, name)))
        shutil.rmtree = reached.before(shutil.rmtree)  # type: ignore[assignment]
        try:
            ACTIONS[action](sessions, self.store, self.folder)
        except Exception as error:
            print(f"{action}: {error!r}", file=sys.stderr)
            os._exit(1)
        os._exit(0)

    def look(self) -> tuple[int, int | None]:
        """Give generation and stable version, after seeing that nothing is broken.

        The head is locked first: what a killed client had sent to a server ends before that.
        """
        sessions = open_database(self.address)
        with sessions.begin() as session:
            lock_head(session)
        broken = [problem for problem in verify(sessions, self.store) if problem.broken]
        if broken:
            sys.exit(f"broken: {broken}")
        with sessions() as session:
            row = read_deployment(session, "intents")
        sessions.close()
        return row.generation, row.stable

    def play(self, action: str, *, at_random: bool) -> None:
        """Kill an action again and again until it comes through, looking each time."""
        before = self.look()
        for number in count():
            delay_s = self.chance.uniform(0, 0.12) if at_random and number < TRIES else None
            point = None if at_random else number
            through = self.attempt(action, point=point, delay_s=delay_s)
            after = self.look()
            moved = after[0] - before[0]
            if moved not in ((0, 1) if action in MOVES else (0,)) or (
                not moved and after != before
            ):
                sys.exit(f"{action} led from {before} to {after}")
            if through and action in MOVES and not moved:
                sys.exit(f"{action} came through and moved nothing")
            if through or moved:
                return

    def prepare(self, number: int) -> None:
        """Make the artifacts of a round."""
        self.folder = self.folder.parent / f"round-{number}"
        make_artifact(self.folder, f"version {number}")
        make_artifact(self.folder.with_name(f"{self.folder.name}-loose"), f"loose {number}")


def main(address: str, root: str, folder: str, kills: str, seed: str) -> None:
    """Go round until there were as many kills as asked for; the last round is played whole."""
    world = World(address, ArtifactStore(root), Path(folder) / "rounds", Random(int(seed)))
    sessions = open_database(address)
    with sessions.begin() as session:
        add_model(session, "intents", actor="ann")
    for number in (0, 1):  # a stable version, and one to go back to
        world.prepare(-number - 1)
        register(sessions, world.store, world.folder)
        go(sessions, world.store, world.folder)
    sessions.close()
    for number in count():
        world.prepare(number)
        for action in ACTIONS:
            world.play(action, at_random=bool(number % 2))
        if sum(world.kills.values()) >= int(kills):
            break
    counts = {
        "kills": sum(world.kills.values()),
        "violations": 0,
        **dict(sorted(world.kills.items())),
    }
    print(json.dumps(counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
