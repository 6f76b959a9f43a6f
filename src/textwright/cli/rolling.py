"""Commands that move versions: promote, rollback, rollout, status, watch."""

import os
import socket
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from textwright.cli.output import note, print_json, print_table, say

if TYPE_CHECKING:
    from textwright.serving.control.operations import Operation
    from textwright.serving.control.wire import Deployment, Moved, Prospect
    from textwright.workflow.opening import Keep

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Model = Annotated[str, typer.Argument(help="A model's name, such as intents.")]
Version = Annotated[str, typer.Argument(help="A version, such as intents@3.")]
Reason = Annotated[str, typer.Option(help="Why; stands in the journal.")]
Canary = Annotated[
    float | None, typer.Option(help="Begin with this share of callers, above 0 and below 1.")
]
Shadow = Annotated[
    bool, typer.Option("--shadow", help="Begin in the shadow of production, answering nobody.")
]
Override = Annotated[
    bool,
    typer.Option("--override", help="Let it through though a gate did not pass; needs --reason."),
]

rollout = typer.Typer(
    help="Steer the rollout under way.", no_args_is_help=True, rich_markup_mode=None
)


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the application."""
    for command in (promote, rollback, status, watch):
        app.command()(command)
    app.add_typer(rollout, name="rollout")


def promote(
    version: Version,
    canary: Canary = None,
    shadow: Shadow = False,
    override: Override = False,
    reason: Reason = "",
    json: Json = False,
) -> None:
    """Put a version into production, at once or step by step, if it passed every gate."""
    from textwright.cli.remote import perform, split_version, table_of
    from textwright.serving.control.operations import PROMOTE
    from textwright.serving.control.wire import Promote

    model, wanted = split_version(version)
    number = int(wanted) if wanted.isascii() and wanted.isdigit() else wanted
    given = Promote(number, canary, shadow, override, reason)
    foreseen = None if json else say_expected
    moved = perform(PROMOTE, model, given=given, foreseen=foreseen)
    if json:
        print_json(table_of(moved))
    elif moved.terms is not None:
        say_begun(moved, shadow=shadow)
    elif moved.moved:
        before = f", after {moved.model}@{moved.earlier}" if moved.earlier else ""
        say(f"{moved.model}@{moved.production} is in production{before}.")
    else:
        say(f"{moved.model}@{moved.production} is in production already.")
    if moved.dropped is not None:
        note(f"The rollout of {moved.model}@{moved.dropped} ended by it.")


def say_expected(prospect: "Prospect") -> None:
    """Print what the guards of a rollout are good for."""
    from textwright.cli.remote import table_of

    say("Before a guard rolls it back, a defect would touch (simulated medians):")
    columns = ("guard", "stable", "candidate", "caught", "requests it answers", "touched")
    print_table(columns, [list(row.values()) for row in table_of(prospect.detection)])
    terms = prospect.terms
    say(
        f"Counted are a caller's first {terms.per_caller} in {terms.caller_minutes} minutes. "
        f"An equal candidate is rolled back with a chance of at most {terms.alpha:g}."
    )


def say_begun(moved: "Moved", *, shadow: bool) -> None:
    """Print that a rollout began, and what is next."""
    assert moved.terms is not None, "a rollout that begins has them"
    share = f"answers {moved.terms.steps[0]:g} of the callers of"
    how = "runs in the shadow of" if shadow else share
    say(f"{moved.candidate} {how} {moved.model}@{moved.production}.")
    say("A running `textwright serve` takes part within a second: it answers, counts and judges.")
    say("Watch it with `textwright status`; without traffic it holds.")


def rollback(model: Model, reason: Reason = "", json: Json = False) -> None:
    """Drop the candidate under way; without one, go back to the version before."""
    from textwright.cli.remote import table_of
    from textwright.serving.control.operations import ROLLBACK

    moved = move(ROLLBACK, model, reason)
    if json:
        print_json(table_of(moved))
    elif moved.dropped is not None:
        say(f"The candidate {model}@{moved.dropped} is dropped; {model}@{moved.production} stays.")
    else:
        say(f"{model}@{moved.production} is in production again, {model}@{moved.earlier} is out.")


def move(operation: "Operation", model: str, reason: str) -> Any:
    """Do a move that takes nothing but a reason."""
    from textwright.cli.remote import perform
    from textwright.serving.control.wire import Why

    return perform(operation, model, given=Why(reason))


@rollout.command("advance")
def advance_rollout(model: Model, reason: Reason = "", json: Json = False) -> None:
    """Take the candidate to its next step now, if its gates hold."""
    from textwright.cli.remote import table_of
    from textwright.serving.control.operations import ADVANCE

    moved = move(ADVANCE, model, reason)
    if json:
        print_json(table_of(moved))
    elif moved.share:
        say(f"{moved.candidate} answers {moved.share:g} of the callers.")
    else:
        say(f"{moved.candidate} is in production, after {model}@{moved.earlier}.")


@rollout.command("hold")
def hold_rollout(model: Model, reason: Reason = "") -> None:
    """Keep the rollout at its step until it is resumed; its guards watch on."""
    from textwright.serving.control.operations import HOLD

    move(HOLD, model, reason)
    say(f"The rollout of {model} stays at its step; `textwright rollout resume {model}` ends that.")


@rollout.command("resume")
def resume_rollout(model: Model, reason: Reason = "") -> None:
    """Let a rollout that was held go on."""
    from textwright.serving.control.operations import RESUME

    move(RESUME, model, reason)
    say(f"The rollout of {model} goes on.")


@rollout.command("abort")
def abort_rollout(model: Model, reason: Reason = "") -> None:
    """Drop the candidate; refused where no rollout is under way."""
    from textwright.serving.control.operations import ABORT

    moved = move(ABORT, model, reason)
    say(f"The candidate {model}@{moved.dropped} is dropped; {model}@{moved.production} stays.")


def status(json: Json = False) -> None:
    """Show every deployment: versions, share, guards, time left."""
    from textwright.cli.remote import perform, table_of
    from textwright.serving.control.operations import DEPLOYMENTS
    from textwright.serving.control.wire import NamePage

    standings = perform(DEPLOYMENTS, given=NamePage(limit=1_000)).deployments
    if json:
        print_json({"deployments": table_of(standings)})
        return
    columns = (
        "model",
        "state",
        "stable",
        "candidate",
        "share",
        "step",
        "minutes left",
        "last look",
    )
    print_table(columns, [summarise(each) for each in standings])
    for each in standings:
        if each.guards:
            say()
            say(f"Guards of {each.model}@{each.candidate} (proof 1: rolled back):")
            names = ("guard", "verdict", "stable", "bad", "candidate", "bad", "proof")
            print_table(names, [list(row.values()) for row in table_of(each.guards)])


def summarise(standing: "Deployment") -> list[object]:
    """Give the row of one deployment."""
    step = f"{standing.step} of {standing.steps}" if standing.steps else None
    held = "held; " if standing.held else ""
    return [
        standing.model,
        standing.state,
        standing.stable,
        standing.candidate,
        standing.share if standing.candidate is not None else None,
        step,
        standing.minutes_left,
        f"{held}{standing.looked}" or None,
    ]


def watch(
    once: Annotated[bool, typer.Option("--once", help="Look once and end.")] = False,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 30.0,
) -> None:
    """Judge the rollouts under way and tell webhooks, again and again, as a server does."""
    from textwright.errors import DatabaseError
    from textwright.workflow.opening import open_keep

    holder = f"{socket.gethostname()}:{os.getpid()}"
    with open_keep() as keep:
        while True:
            try:
                look(keep, holder)
            except DatabaseError as error:
                if once:
                    raise
                note(f"{error}; trying again")
            if once:
                return
            time.sleep(every)


def look(keep: "Keep", holder: str) -> None:
    """Judge once, unless another process does, and send what webhooks wait for."""
    from textwright.lifecycle.judge import judge
    from textwright.lifecycle.webhooks import deliver

    for each in judge(keep.sessions, holder):
        say(f"{each.model}@{each.candidate}: {each.action}, {each.because}")
    sent = deliver(keep.sessions, listed=keep.settings.webhook_targets)
    if sent.delivered or sent.failed or sent.given_up:
        say(f"webhooks: {sent.delivered} told, {sent.failed} failed, {sent.given_up} given up")
