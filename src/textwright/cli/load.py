"""The command that measures a running server: bench."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, urlsplit

import typer

from textwright.cli.learn import read_lines
from textwright.cli.output import note, print_json, print_table, say
from textwright.errors import UsageError

if TYPE_CHECKING:
    from ssl import SSLContext

    from textwright.serving.load_report import Report

LATE_MS = 10.0  # of the latest hundredth: beyond it the generator is what is measured
TEXTS = ("where is my parcel", "I want my money back", "我要退货", "the app crashes when I log in")
Url = Annotated[str, typer.Argument(help="The server, such as http://127.0.0.1:8000.")]
Rate = Annotated[float, typer.Option(min=0.01, help="Requests a second, evenly spaced.")]
Seconds = Annotated[float, typer.Option(min=0.01, help="How long to send.")]
Model = Annotated[str, typer.Option(help="The model to ask; one text a request.")]
TextFile = Annotated[Path | None, typer.Option(help="Texts to send in turn, one a line.")]
Timeout = Annotated[float, typer.Option(min=0.01, help="Seconds until a request has failed.")]
Key = Annotated[str, typer.Option(envvar="TEXTWRIGHT_KEY", help="Key, where the server wants one.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the application."""
    app.command()(bench)


def bench(
    url: Url,
    model: Model,
    rate: Rate = 100.0,
    seconds: Seconds = 10.0,
    file: TextFile = None,
    timeout: Timeout = 30.0,
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Measure a server at a constant rate; exit code 1 when a request failed."""
    from textwright.serving.load import Load, run_load
    from textwright.serving.load_report import Account

    host, port, tls = read_url(url)
    load = Load(
        host,
        port,
        f"/api/v1/models/{quote(model)}/predict",
        make_bodies(file),
        rate,
        seconds,
        timeout_s=timeout,
        headers={"Authorization": f"Bearer {key}"} if key else {},
        tls=tls,
    )
    note(f"Sending {load.count} requests in {seconds:g} s ...")
    account = Account()
    report = account.report(asyncio.run(run_load(load, account.add)))
    if as_json:
        print_json(asdict(report))
    else:
        print_report(report)
    if report.failed:
        note(explain(report.statuses))
        raise typer.Exit(1)


def explain(statuses: Mapping[str, int]) -> str:
    """Say where to look for the cause of failed requests."""
    if "404" in statuses:
        return "404: no such model answers there: check --model."
    if "401" in statuses or "403" in statuses:
        return "401, 403: set TEXTWRIGHT_KEY to a key of that server."
    return "The server's log says why; without a status no whole answer came."


def read_url(url: str) -> tuple[str, int, "SSLContext | None"]:
    """Give host, port and encryption of an address; raises UsageError when it is none."""
    usage = UsageError(
        f"{url!r} is no address of a server.", "Give one such as http://127.0.0.1:8000."
    )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise usage from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise usage
    if parts.scheme == "http":
        return parts.hostname, port or 80, None
    from ssl import create_default_context

    return parts.hostname, port or 443, create_default_context()


def make_bodies(file: Path | None) -> list[bytes]:
    """Give a request's body for each text; raises DataError, UsageError for a file of none."""
    texts = list(TEXTS) if file is None else [each for each in read_lines(file) if each]
    if not texts:
        raise UsageError(f"{file} holds no text.", "Give a file with one text a line.")
    return [json.dumps({"inputs": [text]}).encode() for text in texts]


def print_report(report: "Report") -> None:
    """Print the account of a load."""
    counts = {"sent": report.sent, "answered": report.answered}
    counts |= {"refused": report.refused, "failed": report.failed}
    say(", ".join(f"{value:,} {name}" for name, value in counts.items()))
    say(f"{report.rate:,.1f} answered a second, in {report.seconds:.1f} s")
    versions = ", ".join(f"{name}: {count:,}" for name, count in report.versions.items())
    say(f"answers by version: {versions or '-'}; by status: {report.statuses}")
    rows = [("answered", report.latency), ("refused", report.refusal), ("sent late", report.late)]
    columns = list(report.late)
    print_table(
        ("ms from when due", *columns),
        [(name, *(each.get(column) for column in columns)) for name, each in rows],
    )
    if report.late["p99"] > LATE_MS:
        note("Requests left late: this machine is too busy to send that rate.")
