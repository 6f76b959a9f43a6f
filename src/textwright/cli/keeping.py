"""Commands that look after what is kept: gc, backup, restore, keys, webhooks, journal."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from textwright.cli.output import note, print_json, print_table, say

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Folder = Annotated[Path, typer.Argument(help="Folder of the backup.")]
Url = Annotated[str, typer.Argument(help="Address, such as https://example.com/hook.")]
Id = Annotated[int, typer.Argument(help="Number of a key, as `keys list` shows it.")]

keys = typer.Typer(help="Keys and roles of callers.", no_args_is_help=True, rich_markup_mode=None)
webhooks = typer.Typer(
    help="Addresses told of events.", no_args_is_help=True, rich_markup_mode=None
)
journal = typer.Typer(help="The journal of events.", no_args_is_help=True, rich_markup_mode=None)


def add_commands(app: typer.Typer) -> None:
    """Add this file's commands to the application."""
    for command in (gc, backup, restore):
        app.command()(command)
    app.add_typer(keys, name="keys")
    app.add_typer(webhooks, name="webhooks")
    app.add_typer(journal, name="journal")


def gc(
    grace_hours: Annotated[
        float, typer.Option(min=0, help="Hours between finding an artifact and taking it away.")
    ] = 168.0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
    json: Json = False,
) -> None:
    """Mark artifacts that nothing refers to; take away those marked long enough ago."""
    from textwright.lifecycle.gc import collect
    from textwright.machine import current_user
    from textwright.workflow.opening import open_keep

    with open_keep() as keep:
        found = collect(
            keep.sessions,
            keep.store,
            actor=current_user(),
            grace=timedelta(hours=grace_hours),
            pretend=dry_run,
        )
    if json:
        print_json(vars(found))
        return
    told = {
        "would be marked" if dry_run else "marked": found.marked,
        "waits for its time": found.waiting,
        "would be taken away" if dry_run else "taken away": (*found.removed, *found.cleared),
    }
    for what, names in told.items():
        for name in names:
            say(f"{what}: {name}")
    if not any(told.values()):
        say("Everything in the store is in use.")


def backup(folder: Folder, json: Json = False) -> None:
    """Copy database, artifacts and journal into a new folder, and check the copy."""
    from textwright.lifecycle.backup import back_up
    from textwright.workflow.opening import open_keep

    with open_keep() as keep:
        found = back_up(keep.sessions, keep.store, folder)
    if json:
        print_json(vars(found))
    else:
        say(
            f"{folder} holds {found.rows['version']} versions, {len(found.artifacts)} artifacts "
            f"and the journal to event {found.sequence}; it was checked."
        )


def restore(folder: Folder, json: Json = False) -> None:
    """Bring a backup back into an empty home, and check everything."""
    from textwright.lifecycle.backup import read_backup
    from textwright.lifecycle.backup import restore as bring_back
    from textwright.lifecycle.database import open_database
    from textwright.lifecycle.remote import open_store
    from textwright.settings import find_settings

    read_backup(folder)
    settings = find_settings(create=True)
    sessions = open_database(settings.database, create=True)
    try:
        found = bring_back(folder, sessions, open_store(settings.artifacts, settings.cache))
    finally:
        sessions.close()
    if json:
        print_json(vars(found))
    else:
        say(f"{settings.home} holds what was kept on {found.created}; it was checked.")


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Who will use the key.")],
    role: Annotated[
        str, typer.Option(help="viewer, operator, approver or admin; each includes those before.")
    ] = "",
    label: Annotated[str, typer.Option(help="What the key is for.")] = "",
    days: Annotated[
        float | None, typer.Option(min=0, help="Days until it expires; never when left out.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a key, and print it this once; --role sets the role of its owner."""
    from textwright.cli.remote import perform, table_of
    from textwright.serving.control.operations import CREATE_KEY
    from textwright.serving.control.wire import CreateKey

    made = perform(CREATE_KEY, given=CreateKey(name, role, label, days))
    if json:
        print_json(table_of(made))
    else:
        note(f"Key {made.id} of {made.principal} ({made.role}). It is not shown again:")
        say(made.secret)


@keys.command("list")
def list_keys(json: Json = False) -> None:
    """List the keys, without their secrets."""
    from textwright.cli.remote import perform, table_of
    from textwright.serving.control.operations import LIST_KEYS
    from textwright.serving.control.wire import NumberPage

    rows = table_of(perform(LIST_KEYS, given=NumberPage(limit=1_000)).keys)
    if json:
        print_json({"keys": rows})
    else:
        columns = ("key", "name", "role", "label", "created", "expires", "revoked", "last used")
        print_table(columns, [list(row.values()) for row in rows])


@keys.command("revoke")
def revoke_key(key: Id, json: Json = False) -> None:
    """End a key at once."""
    from textwright.cli.remote import perform
    from textwright.serving.control.operations import REVOKE_KEY

    perform(REVOKE_KEY, str(key))
    if json:
        print_json({"revoked": key})
    else:
        say(f"Key {key} is no key any more.")


@webhooks.command("add")
def add_webhook(
    url: Url,
    kind: Annotated[
        list[str] | None, typer.Option(help="Kind of event, such as promoted; all if left out.")
    ] = None,
    json: Json = False,
) -> None:
    """Tell an address of events from now on; prints the secret that signs them."""
    from textwright.lifecycle import webhooks as hooks
    from textwright.machine import current_user
    from textwright.workflow.opening import open_keep

    with open_keep() as keep, keep.sessions.begin() as session:
        listed = keep.settings.webhook_targets
        made = hooks.add_webhook(
            session, url, kinds=kind or (), listed=listed, actor=current_user()
        )
        secret = made.secret
    if json:
        print_json({"url": url, "kinds": kind or [], "secret": secret})
    else:
        note("The receiver checks signatures with this secret:")
        say(secret)


@webhooks.command("list")
def list_webhooks(json: Json = False) -> None:
    """List the addresses that are told of events."""
    from textwright.lifecycle import webhooks as hooks
    from textwright.workflow.opening import open_keep

    with open_keep() as keep, keep.sessions() as session:
        rows: list[dict[str, Any]] = [
            {"url": each.url, "kinds": list(each.kinds), "added": each.created_at}
            for each in hooks.list_webhooks(session)
        ]
    if json:
        print_json({"webhooks": rows})
    else:
        shown = [(row["url"], ", ".join(row["kinds"]) or "all", row["added"]) for row in rows]
        print_table(("url", "kinds", "added"), shown)


@webhooks.command("remove")
def remove_webhook(url: Url, json: Json = False) -> None:
    """Tell an address nothing more."""
    from textwright.lifecycle import webhooks as hooks
    from textwright.machine import current_user
    from textwright.workflow.opening import open_keep

    with open_keep() as keep, keep.sessions.begin() as session:
        hooks.remove_webhook(session, url, actor=current_user())
    if json:
        print_json({"removed": url})
    else:
        say(f"{url} is told nothing more.")


@webhooks.command("deliver")
def deliver_events(json: Json = False) -> None:
    """Send what is due, once; repeat it, such as every minute."""
    from textwright.lifecycle import webhooks as hooks
    from textwright.workflow.opening import open_keep

    with open_keep() as keep:
        found = hooks.deliver(keep.sessions, listed=keep.settings.webhook_targets)
    if json:
        print_json(vars(found))
    else:
        say(
            f"{found.delivered} delivered, {found.failed} to be tried again, "
            f"{found.given_up} given up."
        )


@journal.command("export")
def export_journal(
    file: Annotated[Path, typer.Argument(help="JSONL file to write; it must not be there.")],
    after: Annotated[int, typer.Option(min=0, help="Leave out events up to this one.")] = 0,
    json: Json = False,
) -> None:
    """Write the journal's events, oldest first, with the hashes that chain them."""
    from textwright.errors import UsageError
    from textwright.lifecycle.journal import export_events
    from textwright.workflow.opening import open_keep

    with open_keep() as keep, keep.sessions() as session:
        try:
            with file.open("x", encoding="utf-8") as opened:
                number = export_events(session, opened, after=after)
        except OSError as error:
            raise UsageError(
                f"{file} cannot be written: {error.strerror}.", "Name a new file."
            ) from error
    if json:
        print_json({"file": file, "events": number})
    else:
        say(f"{file} holds {number} events.")
