"""Commands that act through a server, as they are typed: the same output and exit codes."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.commands import Done, Run
from tests.serving.household import Household
from tests.serving.keyed import Keyed, running_house
from textwright.cli.client import send
from textwright.errors import RemoteError, SettingsError
from textwright.lifecycle.database import open_database
from textwright.settings import ServerSettings, Settings, find_server, find_settings

READING = (
    ("models",),
    ("models", "--json"),
    ("versions", "intents"),
    ("versions", "intents", "--json"),
    ("history", "intents"),
    ("history", "intents", "--json"),
    ("status",),
    ("status", "--json"),
    ("keys", "list", "--json"),
    ("versions", "intent"),
    ("history", "nobody"),
    ("show", "intents@9"),
    ("show", "intents"),
    ("promote", "intents@9"),
    ("promote", "intents@2", "--canary", "7"),
    ("rollout", "abort", "intents"),
    ("keys", "revoke", "99"),
    ("keys", "create", "nobody"),
)
As = Callable[[str], None]


@pytest.fixture
def keyed(home: Settings) -> Iterator[Keyed]:
    """Serve the trained home, with intents@1 in production."""
    house = Household(home, open_database(home.database))
    house.promote("intents@1")
    with running_house(house) as found:
        yield found
    house.sessions.close()


@pytest.fixture
def acting(keyed: Keyed, monkeypatch: pytest.MonkeyPatch) -> As:
    """Let the commands act through the server, in a role; an empty one: without a key."""

    def act(role: str) -> None:
        monkeypatch.setenv("TEXTWRIGHT_SERVER", f"http://127.0.0.1:{keyed.running.port}")
        monkeypatch.setenv("TEXTWRIGHT_KEY", keyed.secrets.get(role, ""))

    return act


def told(done: Done) -> tuple[int, str, str]:
    """Give what a command left, without what time and use change."""
    out = re.sub(r'"last_used": ("[^"]*"|null)', "", done.out)
    return done.code, out, done.err


def test_reading_and_refusals_are_told_the_same_through_a_server(run: Run, acting: As) -> None:
    here = [told(run(*command)) for command in READING]

    acting("admin")

    for command, expected in zip(READING, here, strict=True):
        assert told(run(*command)) == expected, command


def test_a_version_is_shown_without_folders_of_this_machine(run: Run, acting: As) -> None:
    here = run("show", "intents@1", "--json").json
    acting("viewer")

    there = run("show", "intents@1", "--json").json

    assert (there.pop("folder"), there.pop("records")) == (None, None)
    assert {name: here[name] for name in there} == there
    assert "# intents" in run("show", "intents@1").out


def test_the_way_of_a_version_through_a_server(run: Run, acting: As, keyed: Keyed) -> None:
    acting("approver")

    begun = run("promote", "intents@2", "--canary", "0.4", "--reason", "try it")
    assert "chance of at most 0.01" in begun.out
    assert "intents@2 answers 0.4 of the callers of intents@1." in begun.out
    assert "stays at its step" in run("rollout", "hold", "intents").out
    assert run("status", "--json").json["deployments"][0]["held"] is True
    assert "goes on" in run("rollout", "resume", "intents").out
    assert "0.5 of the callers" in run("rollout", "advance", "intents").out
    assert "is in production, after intents@1" in run("rollout", "advance", "intents").out
    assert "already" in run("promote", "intents@2").out
    assert run("rollback", "intents", "--json").json["production"] == 1
    assert run("promote", "intents@latest", "--shadow", "--json").json["candidate"] == "intents@2"
    assert "is dropped" in run("rollout", "abort", "intents").out

    events = run("history", "intents", "--json").json["events"]
    assert {each["actor"] for each in events[-8:]} == {"approver"}
    assert keyed.ask("GET", "/deployments/intents").json["stable"] == 1


def test_keys_are_made_and_revoked_through_a_server(run: Run, acting: As) -> None:
    acting("admin")

    made = run("keys", "create", "eve", "--role", "viewer", "--days", "2", "--json").json

    assert made["secret"].startswith("tw_")
    listed = run("keys", "list")
    assert "eve" in listed.out
    assert made["secret"] not in listed.out
    assert run("keys", "revoke", str(made["id"])).code == 0
    assert run("keys", "revoke", str(made["id"])).code == 1


def test_a_role_that_may_not_is_refused_and_told_which_may(run: Run, acting: As) -> None:
    acting("viewer")

    done = run("promote", "intents@2")

    assert done.code == 1
    assert "needs the role approver" in done.err
    assert run("models").code == 0


def test_without_a_key_the_command_says_where_to_put_one(run: Run, acting: As) -> None:
    acting("")

    done = run("models")

    assert (done.code, done.out) == (1, "")
    assert "TEXTWRIGHT_KEY" in done.err


@pytest.mark.parametrize(
    "command",
    ["train intents.toml", "gc", "backup copy", "verify", "gate intents@1", "watch --once",
     "db upgrade", "predict intents@production rain", "serve"],
)  # fmt: skip
def test_a_command_that_needs_the_home_itself_says_so(run: Run, acting: As, command: str) -> None:
    acting("admin")

    done = run(*command.split())

    assert done.code == 2
    assert "not through a server" in done.err
    assert "Unset TEXTWRIGHT_SERVER" in done.err


def test_a_server_that_is_not_there_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    monkeypatch.setenv("TEXTWRIGHT_SERVER", address)

    done = run("models", "--json")

    assert (done.code, done.out) == (1, "")
    assert f"{address} cannot be reached" in done.err


class Wrong(BaseHTTPRequestHandler):
    """A server that is none of ours: it sends elsewhere, or answers with a page."""

    asked: list[str]
    status, body = 200, b""

    def do_GET(self) -> None:
        """Keep the token that was sent, and answer as set."""
        self.asked.append(self.headers.get("Authorization", ""))
        self.send_response(self.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.mark.parametrize(
    ("status", "body", "part"),
    [
        (302, b"", "answered 302"),
        (502, b"<html>", "answered 502"),
        (200, b"<html>", "answers otherwise"),
        (200, b'{"models": 7}', "answers otherwise"),
        (404, b'{"error": "not ours"}', "answered 404"),
        (500, b"\xff\xfe", "answered 500"),
    ],
)
def test_what_is_no_textwright_server_is_said_and_not_followed(
    run: Run, monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, part: str
) -> None:
    handler = type("Handler", (Wrong,), {"status": status, "body": body, "asked": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("TEXTWRIGHT_SERVER", f"http://127.0.0.1:{server.server_port}/prefix")
        monkeypatch.setenv("TEXTWRIGHT_KEY", "tw_secret")
        done = run("models")
        server.shutdown()
        thread.join(10)

    assert (done.code, part in done.err) == (1, True)
    assert "tw_secret" not in done.out + done.err
    assert handler.asked == ["Bearer tw_secret"]  # type: ignore[attr-defined]


def test_a_connection_that_breaks_is_tried_once_more() -> None:
    accepted: list[bytes] = []

    def hang_up() -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            accepted.append(connection.recv(10_000))
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=hang_up)
        thread.start()
        server = ServerSettings(f"http://127.0.0.1:{listener.getsockname()[1]}", "tw_a")
        with pytest.raises(RemoteError, match="cannot be reached"):
            send(server, "POST", "/api/v1/keys", b"{}")
        thread.join(10)

    tokens = {re.findall(rb"Idempotency-Key: (\w+)", each)[0] for each in accepted}
    assert (len(accepted), len(tokens)) == (2, 1)


@pytest.mark.parametrize(
    "address", ["localhost:8000", "ftp://host", "https://", "https://a:b@host", "http://h:x"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="TEXTWRIGHT_SERVER"):
        find_server({"TEXTWRIGHT_SERVER": address})


def test_the_servers_settings_hide_the_key_and_know_who_can_read_it() -> None:
    given = {"TEXTWRIGHT_SERVER": "http://example.com:8000", "TEXTWRIGHT_KEY": " tw_a\n"}
    found = find_server(given)

    assert found is not None
    assert (found.key, "tw_a" in repr(found), found.is_readable_on_the_way) == ("tw_a", False, True)
    assert find_server({}) is None
    assert not ServerSettings("https://example.com", "tw_a").is_readable_on_the_way
    assert not ServerSettings("http://localhost:8000", "tw_a").is_readable_on_the_way
    with pytest.raises(SettingsError, match="not through a server"):
        find_settings(start=Path("/"), environment={"TEXTWRIGHT_SERVER": "https://host"})


def test_what_a_server_tells_as_json_is_one_object(run: Run, acting: As) -> None:
    acting("approver")

    assert set(json.loads(run("promote", "intents@2", "--json").out)) == {
        "moved", "model", "production", "earlier", "generation", "dropped",
    }  # fmt: skip
