"""The command that serves."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textwright.cli.output import note

if TYPE_CHECKING:
    from textwright.serving.limits import Limits

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on; 0: any free one.")]
AllowHost = Annotated[
    list[str] | None, typer.Option(help="Name the server may be called by, beside its own.")
]
Keyed = Annotated[
    bool,
    typer.Option("--keyed", help="Predicting needs a key; always so beyond this machine."),
]
Certificate = Annotated[Path | None, typer.Option(help="Certificate for TLS, in PEM.")]
PrivateKey = Annotated[Path | None, typer.Option(help="Its private key, in PEM.")]
Objective = Annotated[
    float | None,
    typer.Option(min=1, help="Milliseconds; what would be answered later is refused at once."),
]
KeyRequests = Annotated[
    float | None, typer.Option(min=0.001, help="Requests a second that one key may make.")
]
KeyTexts = Annotated[
    float | None, typer.Option(min=0.001, help="Texts a second that one key may send.")
]
KeyConcurrency = Annotated[
    int | None, typer.Option(min=1, help="Requests of one key answered at a time.")
]
AccessLog = Annotated[bool, typer.Option("--access-log", help="Log a line for each request.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes that answer on the one port.")]


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the application."""
    app.command()(serve)


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    allow_host: AllowHost = None,
    keyed: Keyed = False,
    certificate: Certificate = None,
    private_key: PrivateKey = None,
    objective_ms: Objective = None,
    key_requests: KeyRequests = None,
    key_texts: KeyTexts = None,
    key_concurrency: KeyConcurrency = None,
    access_log: AccessLog = False,
    workers: Workers = 1,
) -> None:
    """Answer over HTTP with what is in production, until interrupted."""
    from textwright.serving.logs import start_logging
    from textwright.serving.options import Options
    from textwright.serving.workers import run_workers
    from textwright.settings import find_settings

    options = Options(
        host,
        port,
        make_limits(objective_ms, key_requests, key_texts, key_concurrency),
        hosts=tuple(allow_host or ()),
        keyed=keyed,
        certificate=certificate,
        private_key=private_key,
        access_log=access_log,
        workers=workers,
    )
    settings = find_settings()
    start_logging()
    run_workers(
        settings,
        options,
        started=lambda address: note(f"Serving what is in production (Ctrl-C ends it): {address}"),
    )


def make_limits(
    objective_ms: float | None,
    requests: float | None,
    texts: float | None,
    concurrency: int | None,
) -> "Limits":
    """Give the server's limits with the objective and those of a key that were stated."""
    from textwright.serving.limits import BatchLimits, KeyLimits, Limits

    usual = KeyLimits()
    return Limits(
        batch=BatchLimits(objective_s=None if objective_ms is None else objective_ms / 1000),
        key=KeyLimits(
            usual.requests_per_s if requests is None else requests,
            usual.texts_per_s if texts is None else texts,
            usual.concurrency if concurrency is None else concurrency,
        ),
    )
