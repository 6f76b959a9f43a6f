"""The command that serves, as it is typed."""

import http.client
import json
import subprocess
import sys
from typing import Any

import pytest

from tests.commands import Run
from tests.serving.running import wait_until
from textwright.cli.serving import make_limits
from textwright.serving.limits import BatchLimits, KeyLimits, Limits
from textwright.settings import Settings


def ask(port: int, path: str, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
    response = connection.getresponse()
    found = response.status, json.loads(response.read() or b"null")
    connection.close()
    return found


def test_a_server_is_keyed_named_and_logs_lines_of_json(run: Run, home: Settings) -> None:
    run("promote", "intents@1")
    secret = run("keys", "create", "ann", "--role", "viewer", "--json").json["secret"]
    flags = ["--port", "0", "--keyed", "--access-log", "--allow-host", "models.example.com"]
    command = [sys.executable, "-m", "textwright.cli.main", "serve", *flags]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=home.home) as server:
        try:
            assert server.stderr is not None
            port = int(server.stderr.readline().rpartition(":")[2])
            named = {"Host": "models.example.com", "X_Api_Key": secret}
            wait_until(lambda: ask(port, "/health/ready")[0] == 200)
            wait_until(lambda: ask(port, "/api/v1/models", **named)[0] == 200)
            assert ask(port, "/v2/models/intents")[0] == 401
            assert ask(port, "/health/live", Host="evil.example")[0] == 403
        finally:
            server.terminate()
        written = server.stderr.read()
    lines = [json.loads(each) for each in written.splitlines()]

    assert server.returncode == 0
    assert {each.get("status") for each in lines} >= {200, 401, 403}
    assert secret not in written
    assert lines[-1]["message"] == "answering what was accepted, then stopping"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    "flags",
    [
        ["--certificate", "missing.pem"],
        ["--private-key", "missing.pem"],
        ["--certificate", "missing.pem", "--private-key", "missing.pem"],
        ["--objective-ms", "0"],
        ["--key-requests", "0"],
        ["--key-concurrency", "0"],
        ["--key-texts", "-1"],
    ],
)
def test_flags_that_cannot_be_are_wrong_usage(run: Run, flags: list[str]) -> None:
    done = run("serve", "--port", "0", *flags)

    assert done.code == 2
    assert done.out == ""


def test_limits_that_are_not_stated_stay_as_they_are() -> None:
    assert make_limits(None, None, None, None) == Limits()
    stated = make_limits(250.0, 5.0, 6.0, 7)
    assert stated == Limits(BatchLimits(objective_s=0.25), key=KeyLimits(5.0, 6.0, 7))
