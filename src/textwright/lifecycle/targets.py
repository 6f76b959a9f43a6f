"""Where a webhook may lead: public addresses, and private ones only if they are listed.

A name is resolved once, every address it has is checked, and the connection goes to a checked
address: a name that changes its mind in between (DNS rebinding) leads nowhere else.
"""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from textwright.errors import UsageError

PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Target:
    """The parts of a webhook's address."""

    secure: bool
    host: str
    port: int
    path: str


def read_target(url: str, listed: Sequence[str]) -> Target:
    """Read a webhook's address; plain http is only for listed hosts.

    Raises UsageError when it is none, or holds a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise refused(url, str(error)) from error
    if parts.scheme not in PORTS or not parts.hostname:
        raise refused(url, "it is no address of a web server")
    if parts.username or parts.password or not url.isascii() or not url.isprintable():
        raise refused(url, "it holds a name, a password, or characters that no address has")
    if parts.scheme == "http" and parts.hostname not in listed:
        raise refused(url, "it is not encrypted")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme == "https", parts.hostname, port or PORTS[parts.scheme], path)


def resolve(target: Target, listed: Sequence[str]) -> str:
    """Give an IP address of a target that may be connected to.

    Raises UsageError when one of its addresses is private and not listed, OSError when the name
    cannot be resolved.
    """
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    for address in addresses:
        if target.host not in listed and not is_allowed(address, listed):
            raise refused(target.host, f"{address} is private, and not listed")
    return addresses[0]


def is_allowed(address: str, listed: Sequence[str]) -> bool:
    """Tell whether an IP address is public, or in a listed network."""
    ip = ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if ip.is_global and not ip.is_multicast:
        return True
    return any(ip in ip_network(each, strict=False) for each in listed if is_network(each))


def is_network(text: str) -> bool:
    """Tell whether a listed entry is a network such as 10.0.0.0/8, not a host's name."""
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def refused(url: str, why: str) -> UsageError:
    """Build the error for an address that is not told of events."""
    return UsageError(
        f"{url} cannot be a webhook: {why}.",
        "Use https://; list private hosts and networks in TEXTWRIGHT_WEBHOOK_TARGETS.",
    )
