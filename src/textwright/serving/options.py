"""How a server is started."""

from dataclasses import dataclass, field
from pathlib import Path

from textwright.serving.limits import Limits


@dataclass(frozen=True)
class Options:
    """Where a server listens, to whom, and within which limits.

    port:    0: any free one.
    hosts:   names it may be called by beside its own.
    keyed:   predicting wants a key too; always so where others than this machine can call.
    certificate, private_key: files in PEM for TLS; None: plain HTTP.
    access_log: a line for each request in the log.
    workers: processes that answer on the one port.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    limits: Limits = field(default_factory=Limits)
    hosts: tuple[str, ...] = ()
    keyed: bool = False
    certificate: Path | None = None
    private_key: Path | None = None
    access_log: bool = False
    workers: int = 1
