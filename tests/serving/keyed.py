"""A server over a real home, and keys of every role."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.serving.household import Household
from tests.serving.running import QUICK, Answer, Running, running_one, wait_until
from textwright.lifecycle.access import create_key, revoke_key, set_role
from textwright.lifecycle.remote import open_store
from textwright.lifecycle.roles import ROLES
from textwright.serving.deployments import database_source
from textwright.serving.keep import Keep
from textwright.serving.options import Options
from textwright.serving.server import Server

QUICKLY = Options(port=0, limits=QUICK)


@dataclass
class Keyed:
    """A running server, its home, and the secret of a key of each role by the role's name."""

    running: Running
    house: Household
    secrets: dict[str, str]

    def ask(
        self, method: str, path: str, body: Any = None, *, role: str = "admin", **headers: str
    ) -> Answer:
        """Ask the control API with a role's key; ``if_match="..."`` sends If-Match."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if role:
            given["Authorization"] = f"Bearer {self.secrets[role]}"
        return self.running.ask(method, f"/api/v1{path}", body, headers=given)

    def revoke(self, key: int) -> None:
        """End a key in the database."""
        with self.house.sessions.begin() as session:
            revoke_key(session, key, actor="ann")


def make_keys(house: Household) -> dict[str, str]:
    """Make a key of each role; its principal is called as the role is."""
    with house.sessions.begin() as session:
        for role in ROLES:
            set_role(session, role, role, actor="ann")
        return {role: create_key(session, role, actor="ann").secret for role in ROLES}


@contextmanager
def running_house(
    house: Household, options: Options = QUICKLY, *, wait: bool = True
) -> Iterator[Keyed]:
    """Run a server on a home with keys until the block ends."""
    secrets = make_keys(house)
    store = open_store(house.settings.artifacts, house.settings.cache)

    def make() -> Server:
        source = database_source(house.settings.database, store)
        return Server(source, options, Keep(house.settings))

    with running_one(make, wait=wait) as running:
        wait_until(lambda: running.server.doorkeeper.keys)
        yield Keyed(running, house, secrets)
