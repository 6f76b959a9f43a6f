"""Commands that move versions: promote, rollback, rollout, status, watch."""

import os
import socket
import time
from typing import TYPE_CHECKING, Annotated

import typer

from textwright.cli.output import note, print_json, print_table, say

if TYPE_CHECKING:
    from textwright.lifecycle.rollout import Cause, Move
    from textwright.lifecycle.standing import Standing
    from textwright.recipe.rollout import RolloutSettings
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
DEFECTS = (("errors", 0.01, 0.02), ("errors", 0.01, 0.05), ("slow", 0.01, 0.03))

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
    from textwright.lifecycle.admission import DIRECT
    from textwright.lifecycle.registry import find_version
    from textwright.lifecycle.rollout import promote as move
    from textwright.workflow.opening import open_keep

    role = DIRECT if override else None
    with open_keep() as keep:
        with keep.sessions() as session:
            keep.store.folder(find_version(session, version).artifact)  # damaged ones stay out
        if canary is not None or shadow:
            begin(keep, version, (canary, shadow), make_cause(reason, role), json=json)
            return
        with keep.sessions.begin() as session:
            found = find_version(session, version)
            moved = move(session, found, actor=make_cause("").actor, reason=reason, override=role)
    if json:
        print_json(tell(moved))
    elif moved.moved:
        before = f", after {moved.model}@{moved.earlier}" if moved.earlier else ""
        say(f"{moved.model}@{moved.stable} is in production{before}.")
    else:
        say(f"{moved.model}@{moved.stable} is in production already.")
    note_dropped(moved)


def begin(
    keep: "Keep", version: str, way: tuple[float | None, bool], cause: "Cause", *, json: bool
) -> None:
    """Start a rollout, and say what its guards are good for."""
    from textwright.lifecycle.policy import begin_at, recipe_policy
    from textwright.lifecycle.registry import find_version
    from textwright.lifecycle.rollout import start

    share, shadow = way
    with keep.sessions() as session:
        settings = recipe_policy(session, find_version(session, version))
    if share is not None:
        settings = begin_at(settings, share)
    expected = expect(settings, shadow=shadow)
    if not json:
        say_expected(settings, expected)
    with keep.sessions.begin() as session:
        moved = start(session, find_version(session, version), settings, cause, shadow=shadow)
    if json:
        print_json({**tell(moved), "candidate": version, "detection": expected})
        return
    how = "runs in the shadow of" if shadow else f"answers {settings.steps[0]:g} of the callers of"
    say(f"{version} {how} {moved.model}@{moved.stable}.")
    say("Next: textwright status; `textwright watch` or a server judges it every minute.")


def expect(settings: "RolloutSettings", *, shadow: bool) -> list[dict[str, object]]:
    """Simulate what some defects would touch before they are caught in the first step."""
    from textwright.lifecycle.detection import Defect, requests_to_detection

    defects = [Defect(*each) for each in DEFECTS if each[0] in settings.guards]
    if shadow and "disagreement" in settings.guards:
        budget = settings.disagreement
        defects = [Defect("disagreement", budget, min(0.99, 2 * budget))]
    rows = []
    for defect in defects:
        found = requests_to_detection(settings, defect, share=0.5 if shadow else settings.steps[0])
        rows.append(
            {
                "guard": defect.guard,
                "stable": defect.before,
                "candidate": defect.after,
                "caught": found.caught,
                "requests": found.requests,
                "touched": found.touched,
            }
        )
    return rows


def say_expected(settings: "RolloutSettings", expected: list[dict[str, object]]) -> None:
    """Print what the guards are good for, before anything begins."""
    say("Before a guard rolls it back, a defect would touch (simulated medians):")
    columns = ("guard", "stable", "candidate", "caught", "requests it answers", "touched")
    print_table(columns, [list(each.values()) for each in expected])
    say(
        f"Counted are a caller's first {settings.per_caller} in {settings.caller_minutes} minutes. "
        f"An equal candidate is rolled back with a chance of at most {settings.alpha:g}."
    )


def rollback(model: Model, reason: Reason = "", json: Json = False) -> None:
    """Drop the candidate under way; without one, go back to the version before."""
    from textwright.lifecycle.rollout import rollback as move
    from textwright.workflow.opening import open_keep

    with open_keep() as keep, keep.sessions.begin() as session:
        moved = move(session, model, actor=make_cause("").actor, reason=reason)
    if json:
        print_json(tell(moved))
    elif moved.dropped is not None:
        say(f"The candidate {model}@{moved.dropped} is dropped; {model}@{moved.stable} stays.")
    else:
        say(f"{model}@{moved.stable} is in production again, {model}@{moved.earlier} is out.")


@rollout.command("advance")
def advance_rollout(model: Model, reason: Reason = "", json: Json = False) -> None:
    """Take the candidate to its next step now, if its gates hold."""
    from textwright.lifecycle.registry import find_version
    from textwright.lifecycle.rollout import advance, read_deployment
    from textwright.workflow.opening import open_keep

    with open_keep() as keep, keep.sessions.begin() as session:
        version = find_version(session, f"{model}@candidate")
        moved = advance(session, version, make_cause(reason))
        share = read_deployment(session, model).share
        name = version.name
    if json:
        print_json({**tell(moved), "share": share})
    elif share:
        say(f"{name} answers {share:g} of the callers.")
    else:
        say(f"{name} is in production, after {model}@{moved.earlier}.")


@rollout.command("hold")
def hold_rollout(model: Model, reason: Reason = "") -> None:
    """Keep the rollout at its step until it is resumed; its guards watch on."""
    change_hold(model, reason, paused=True)
    say(f"The rollout of {model} stays at its step; `textwright rollout resume {model}` ends that.")


@rollout.command("resume")
def resume_rollout(model: Model, reason: Reason = "") -> None:
    """Let a rollout that was held go on."""
    change_hold(model, reason, paused=False)
    say(f"The rollout of {model} goes on.")


@rollout.command("abort")
def abort_rollout(model: Model, reason: Reason = "") -> None:
    """Drop the candidate; refused where no rollout is under way."""
    from textwright.lifecycle.rollout import drop
    from textwright.workflow.opening import open_keep

    with open_keep() as keep, keep.sessions.begin() as session:
        moved = drop(session, model, make_cause(reason))
    say(f"The candidate {model}@{moved.dropped} is dropped; {model}@{moved.stable} stays.")


def change_hold(model: str, reason: str, *, paused: bool) -> None:
    """Hold a rollout or let it go on."""
    from textwright.lifecycle.rollout import pause
    from textwright.workflow.opening import open_keep

    with open_keep() as keep, keep.sessions.begin() as session:
        pause(session, model, make_cause(reason), paused=paused)


def status(json: Json = False) -> None:
    """Show every deployment: versions, share, guards, time left."""
    from textwright.lifecycle.standing import list_standings
    from textwright.lifecycle.tables import utc_now
    from textwright.workflow.opening import open_keep

    with open_keep() as keep, keep.sessions() as session:
        standings = list_standings(session, now=utc_now())
    if json:
        print_json({"deployments": standings})
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
            print_table(names, [list(vars(guard).values()) for guard in each.guards])


def summarise(standing: "Standing") -> list[object]:
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
    """Judge the rollouts under way again and again, unless another process does."""
    from textwright.errors import DatabaseError
    from textwright.lifecycle.judge import judge
    from textwright.workflow.opening import open_keep

    holder = f"{socket.gethostname()}:{os.getpid()}"
    with open_keep() as keep:
        while True:
            try:
                for each in judge(keep.sessions, holder):
                    say(f"{each.model}@{each.candidate}: {each.action}, {each.because}")
            except DatabaseError as error:
                if once:
                    raise
                note(f"{error}; trying again")
            if once:
                return
            time.sleep(every)


def make_cause(reason: str, override: str | None = None) -> "Cause":
    """Say who acts: with the database in hand, whoever runs this process."""
    from textwright.lifecycle.rollout import Cause
    from textwright.machine import current_user

    return Cause(current_user(), reason, override=override)


def tell(moved: "Move") -> dict[str, object]:
    """Give a move as JSON tells it."""
    return {
        "moved": moved.moved,
        "model": moved.model,
        "production": moved.stable,
        "earlier": moved.earlier,
        "generation": moved.generation,
        "dropped": moved.dropped,
    }


def note_dropped(moved: "Move") -> None:
    """Say that a rollout ended by a promotion."""
    if moved.dropped is not None:
        note(f"The rollout of {moved.model}@{moved.dropped} ended by it.")
