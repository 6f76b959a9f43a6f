"""Ask a server's control API, by the standard library alone."""

import http.client
from secrets import token_hex
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from textwright.errors import (
    ArtifactError,
    DatabaseError,
    LostRaceError,
    RefusedError,
    RemoteError,
    TextwrightError,
    UnknownNameError,
    UsageError,
)
from textwright.serving.control.operations import Operation
from textwright.serving.openapi import PARAMETER
from textwright.settings import ServerSettings

TIMEOUT_S = 60.0
CLASSES: dict[str, type[TextwrightError]] = {  # by the code of an error; others are RemoteErrors
    "unknown_name": UnknownNameError,
    "invalid": UsageError,
    "usage": UsageError,
    "refused": RefusedError,
    "lost_race": LostRaceError,
    "damaged": ArtifactError,
    "database_away": DatabaseError,
}


def ask_server(
    server: ServerSettings, operation: Operation, names: tuple[str, ...], given: Any
) -> Any:
    """Do an operation through a server; raises what it says, and RemoteError."""
    path = operation.path
    for parameter, name in zip(PARAMETER.findall(path), names, strict=True):
        path = path.replace(f"{{{parameter}}}", quote(name, safe="@"))
    if operation.query is not None and given is not None:
        stated = {
            key: value for key, value in msgspec.to_builtins(given).items() if value is not None
        }
        path = f"{path}?{urlencode(stated)}"
    body = b"" if operation.takes is None else msgspec.json.encode(given)
    status, answer = send(server, operation.method, path, body)
    if status != 200:
        raise read_error(server, status, answer)
    try:
        return msgspec.json.decode(answer, type=operation.gives)
    except msgspec.MsgspecError as error:
        raise RemoteError(
            f"{server.address} answers otherwise than this program expects: {error}.",
            "Check that TEXTWRIGHT_SERVER names a textwright server of the same release.",
        ) from error


def send(server: ServerSettings, method: str, path: str, body: bytes) -> tuple[int, bytes]:
    """Send a request; once more if the connection broke, where a repeat is done only once.

    No redirection is followed: the key goes to nobody else.
    """
    headers = {"Content-Type": "application/json"} if body else {}
    if server.key:
        headers["Authorization"] = f"Bearer {server.key}"
    if method == "POST":
        headers["Idempotency-Key"] = token_hex(16)
    tries = 1 if method == "DELETE" else 2
    while True:
        tries -= 1
        try:
            return send_once(server, method, path, (body, headers))
        except (ConnectionResetError, http.client.RemoteDisconnected) as error:
            if not tries:
                raise unreachable(server, error) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise unreachable(server, error) from error


def send_once(
    server: ServerSettings, method: str, path: str, content: tuple[bytes, dict[str, str]]
) -> tuple[int, bytes]:
    """Send a request over a connection of its own; gives the answer's status and body."""
    address = urlsplit(server.address)
    secure = address.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=TIMEOUT_S)
    try:
        connection.request(method, address.path.rstrip("/") + path, *content)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def unreachable(server: ServerSettings, error: Exception) -> RemoteError:
    """Build the error for a server that does not answer."""
    return RemoteError(
        f"{server.address} cannot be reached: {error or type(error).__name__}.",
        "Check TEXTWRIGHT_SERVER, and that the server runs; SSL_CERT_FILE names the certificates "
        "of your own authority.",
    )


def read_error(server: ServerSettings, status: int, answer: bytes) -> TextwrightError:
    """Build the error that a server told, of the class it would have here."""
    try:
        told = msgspec.json.decode(answer)["error"]
        code, what, hint = str(told["code"]), str(told["message"]), str(told["hint"])
    except (msgspec.MsgspecError, TypeError, KeyError, UnicodeDecodeError):
        return RemoteError(
            f"{server.address} answered {status}, and not as a textwright server does.",
            "Check TEXTWRIGHT_SERVER, and what stands between you and the server.",
        )
    if status == 401:
        hint = "Set TEXTWRIGHT_KEY to a key that `textwright keys create` printed on that server."
    return CLASSES.get(code, RemoteError)(what, hint)
